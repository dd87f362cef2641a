"""Colleagues are told once that a reset was undone, in the thread of its stop if there was one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.contacts import Contacts
from bc_pipelines.operations import stopped, undone
from bc_pipelines.operations.record import Kind, ResetRecord, State
from bc_pipelines.operations.tools import Tools
from bc_pipelines.sandbox.world import World
from bc_pipelines_tests.operations.told import RUNS, messages, stopped_at, without_servers
from bc_pipelines_tests.operations.told import tools as tools
from bc_pipelines_tests.sandbox.heroku.simulated import STAGING

TOLD = "Colleagues were told of it on Slack."
CODE = {"branch": "staging", "old": "a" * 40, "new": "b" * 40, "tag": "staging-before-now"}
BACK = Verdict(True, "staging is aaaaaaaaaaaa, and the tag staging-before-now keeps what it was.")
LEFT = Verdict(True, "not configured")


def went_back(tools: Tools, reset: ResetRecord, **facts: object) -> ResetRecord:
    """A way back from a reset that is done."""
    run_id = f"{next(RUNS):08}-of-these-tests"
    known = {
        "rollback_point": "b007",
        "maintenance_before": False,
        "wiping_since": datetime.now(UTC).isoformat(),
        "downtime_seconds": 30.0,
    }
    record = tools.records.open_rollback(
        run_id, "staging", STAGING, "A colleague", "typed", undoes=reset.id, **known, **facts
    )
    assert record.kind is Kind.ROLLBACK
    return tools.records.note(record, State.DONE)


def test_colleagues_learn_once_that_a_reset_was_undone(tools: Tools, world: World) -> None:
    """What is back and what is gone, and what becomes of their branch; however often it is told."""
    reset = stopped_at(tools, State.DONE)
    record = went_back(tools, reset, code=CODE)
    assert undone.tell(tools, record, BACK) == TOLD
    assert undone.tell(tools, tools.records.get(record.id) or record, BACK).startswith("Whether colleagues were told")
    [message] = messages(world, record)
    for words in (
        f"The reset of {STAGING} was undone, as A colleague asked.",
        "holds its own backup b007 again",
        f"before the reset {reset.id} is back",
        "It was closed for 30 seconds.",
        "staging is aaaaaaaaaaaa",
        "the site runs the reset's code until that is released",
        "git branch -D staging",
    ):
        assert words in message["text"], words
    assert "thread_ts" not in message


def test_a_stop_that_was_told_is_answered(tools: Tools, world: World) -> None:
    """In its thread; the site was closed since the reset that stopped began its wipe."""
    began = datetime.now(UTC) - timedelta(minutes=40)
    reset = stopped_at(tools, State.WIPING, wiping_since=began.isoformat())
    stopped.tell(tools.settings, reset.run_id)
    [stop] = messages(world, reset)
    record = went_back(tools, reset, broken_off=reset.id)
    assert undone.tell(tools, record, LEFT) == TOLD
    [message] = messages(world, record)
    assert message["thread_ts"] == stop["ts"]
    assert "It was closed for 40 minutes." in message["text"] or "It was closed for 41 minutes." in message["text"]


def test_a_way_back_that_took_two_is_told_as_one(tools: Tools, world: World) -> None:
    """In the thread of the first, which closed the site."""
    began = datetime.now(UTC) - timedelta(minutes=50)
    reset = stopped_at(tools, State.DONE)
    first = went_back(tools, reset)
    first = tools.records.note(first, State.WIPING, wiping_since=began.isoformat())
    stopped.tell(tools.settings, first.run_id)
    [stop] = messages(world, first)
    record = went_back(tools, reset, broken_off=first.id)
    assert undone.tell(tools, record, LEFT) == TOLD
    [message] = messages(world, record)
    assert message["thread_ts"] == stop["ts"]
    assert "It was closed for 50 minutes." in message["text"] or "It was closed for 51 minutes." in message["text"]


def test_nothing_is_said_of_a_branch_that_was_left_alone(tools: Tools, world: World) -> None:
    """And a site that was in maintenance before the reset is told as that."""
    record = went_back(tools, stopped_at(tools, State.DONE))
    record = tools.records.note(record, maintenance_before=True)
    assert undone.tell(tools, record, LEFT) == TOLD
    [message] = messages(world, record)
    assert "It is in maintenance, as it was before the reset." in message["text"]
    assert "branch" not in message["text"]


def test_a_branch_that_could_not_be_put_back_is_told_as_that(tools: Tools, world: World) -> None:
    """Nobody is asked to delete theirs."""
    record = went_back(tools, stopped_at(tools, State.DONE), code=CODE)
    undone.tell(tools, record, Verdict(False, "The branch staging was not put back."))
    [message] = messages(world, record)
    assert "The branch staging was not put back." in message["text"]
    assert "git branch -D" not in message["text"]


def test_where_slack_does_not_answer_the_way_back_is_done_all_the_same(tools: Tools, world: World) -> None:
    """The words say so, and the next attempt tells; without a channel a person is asked to."""
    record = went_back(tools, stopped_at(tools, State.DONE))
    assert undone.tell(without_servers(tools), record, LEFT).startswith("Colleagues were not told of it on Slack.")
    assert undone.tell(tools, record, LEFT) == TOLD
    nobody = replace(tools, settings=replace(tools.settings, contacts=Contacts()))
    assert undone.tell(nobody, record, LEFT) == "No channel on Slack is configured: tell colleagues yourself."
    assert len(messages(world, record)) == 1
