"""Colleagues are told once that a reset stopped with the site closed, and it is answered when one goes through."""

from dataclasses import replace

import pytest

from bc_pipelines.contacts import Contacts
from bc_pipelines.operations import stopped
from bc_pipelines.operations.lock import ResetLock
from bc_pipelines.operations.record import State
from bc_pipelines.operations.tools import Tools
from bc_pipelines.sandbox.world import World
from bc_pipelines_tests.notices.servers import fault
from bc_pipelines_tests.operations.told import (
    channel,
    finished,
    messages,
    stopped_at,
    tell_colleagues,
    without_servers,
)
from bc_pipelines_tests.operations.told import tools as tools
from bc_pipelines_tests.sandbox.heroku.simulated import STAGING


@pytest.mark.parametrize("state", [State.WIPING, State.RESTORED, State.MENDED])
def test_colleagues_learn_once_that_a_reset_stopped(tools: Tools, world: World, state: State) -> None:
    """Where staging stands and the two ways forward; however often the run's end is looked at."""
    record = stopped_at(tools, state)
    assert stopped.tell(tools.settings, record.run_id) == "Colleagues were told of it on Slack."
    assert stopped.tell(tools.settings, record.run_id) == ""
    [message] = messages(world, record)
    for words in (
        "stopped after its wipe",
        f"{STAGING} is in maintenance and must stay there",
        "To go on:",
        "To go back:",
    ):
        assert words in message["text"], words


@pytest.mark.parametrize("state", [State.PLANNED, State.SANITISED, State.READY, State.DONE])
def test_a_stop_that_leaves_the_site_open_is_not_told(tools: Tools, world: World, state: State) -> None:
    """Nobody is alarmed where nothing is closed; nor without a record, nor without a channel."""
    record = stopped_at(tools, state)
    assert stopped.tell(tools.settings, record.run_id) == ""
    assert stopped.tell(tools.settings, "no such run") == ""
    wreck = stopped_at(tools, State.WIPING)
    assert stopped.tell(replace(tools.settings, contacts=Contacts()), wreck.run_id) == ""
    assert messages(world, record) == messages(world, wreck) == []


def test_while_another_run_mends_it_nobody_is_alarmed(tools: Tools, world: World) -> None:
    """Whoever has the lock is at it."""
    record = stopped_at(tools, State.WIPING)
    lock = ResetLock(tools.settings.dagster_database_url)
    lock.acquire("another")
    try:
        assert stopped.tell(tools.settings, record.run_id) == ""
    finally:
        lock.release()
    assert stopped.tell(tools.settings, record.run_id) == "Colleagues were told of it on Slack."


def test_a_stop_that_could_not_be_told_is_told_later(tools: Tools, world: World) -> None:
    """The run's last message says so."""
    record = stopped_at(tools, State.WIPING)
    words = stopped.tell(without_servers(tools).settings, record.run_id)
    assert words.startswith("Colleagues were not told of it on Slack. 127.0.0.1 cannot be reached")
    assert stopped.tell(tools.settings, record.run_id) == "Colleagues were told of it on Slack."
    assert len(messages(world, record)) == 1


def test_a_doubtful_message_about_a_stop_is_not_repeated(tools: Tools, world: World) -> None:
    """Slack failed half-way: the words say that nobody knows."""
    record = stopped_at(tools, State.WIPING)
    with fault(channel(tools), half_way=True):
        assert "or not" in stopped.tell(tools.settings, record.run_id)
    assert stopped.tell(tools.settings, record.run_id) == ""
    assert len(messages(world, record)) == 1


def test_what_went_well_at_last_answers_what_stopped(tools: Tools, world: World) -> None:
    """The next reset stops too, and the one after goes through: one thread, shown to the channel."""
    first = stopped_at(tools, State.WIPING)
    stopped.tell(tools.settings, first.run_id)
    second = stopped_at(tools, State.RESTORED, broken_off=first.id)
    stopped.tell(tools.settings, second.run_id)
    third = finished(tools, broken_off=second.id)
    tell_colleagues(tools, third)
    [began], [stopped_again], [done] = (messages(world, each) for each in (first, second, third))
    assert "thread_ts" not in began
    assert stopped_again["thread_ts"] == began["ts"]
    assert done["thread_ts"] == began["ts"]
    assert done["subtype"] == "thread_broadcast"
