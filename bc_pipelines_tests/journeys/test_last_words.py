"""One staging that stays a wreck over several attempts: each, however it ends, says where it stands and what to do.

The tests stand in the order of the attempts; the last one goes through.
"""

import signal
import subprocess
from collections.abc import Callable

import pytest

from bc_pipelines.defs.launch import Outcome
from bc_pipelines_tests.journeys.test_killed import PATIENCE, newest, reset_in_another_process, until
from bc_pipelines_tests.journeys.world import STAGING, Outside

pytestmark = [pytest.mark.usefixtures("first"), pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def wreck(outside: Outside, first: Outcome) -> Outcome:
    """A reset that a blocking check stopped after the wipe: somebody sent a form in while staging was being mended."""

    def submit() -> None:
        outside.sql(
            "staging",
            "insert into django_session (session_key, session_data, expire_date) values ('a', 'b', now())",
        )

    return outside.reset(on_step=at("staging/database_nothing_submitted_is_left", submit))


def at(step: str, act: Callable[[], object]) -> Callable[[str], None]:
    """Do something at the moment when a step begins."""

    def on_step(name: str) -> None:
        if name == step:
            act()

    return on_step


def ways_forward(outside: Outside) -> list[str]:
    """What every message must hold: the state, the rollback point, how to go on, how to go back."""
    point = outside.backups(STAGING)[0]
    return [
        "in maintenance",
        f"Rollback point: backup {point} of {STAGING}",
        "start the job reset_staging again",
        "start the job roll_back_staging",
        f"bucks reset roll-back --confirm {STAGING}",
    ]


def is_told(outcome: Outcome, outside: Outside) -> None:
    """Assert that a failed run says where staging stands, once."""
    assert not outcome.succeeded
    for words in ways_forward(outside):
        assert outcome.failure.count(words) == 1, words
    assert outside.maintenance()


def test_a_failed_blocking_check(wreck: Outcome, outside: Outside) -> None:
    """The check's run stops with Dagster's words for it and ours for staging."""
    assert [check.name for check in wreck.failed_checks] == ["nothing_submitted_is_left"]
    is_told(wreck, outside)
    assert f"{STAGING} is in maintenance and must stay there" in wreck.failure


def test_a_lost_lock(wreck: Outcome, outside: Outside) -> None:
    """Dagster's database drops the connection that holds the lock: the next step says so, and what staging still is."""

    def drop() -> None:
        outside.sql(
            "dagster",
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'reset %'",
        )

    outcome = outside.reset(on_step=at("staging/sanitised_archive", drop))
    assert "The lock of this reset was lost" in outcome.failure
    is_told(outcome, outside)
    assert "is still as the broken-off run" in outcome.failure


def test_ctrl_c(wreck: Outcome, outside: Outside) -> None:
    """Typed while `bucks reset` is under way: it ends in good order, and the terminal shows where things stand."""
    begun = newest(outside).id
    with reset_in_another_process(subprocess.PIPE) as process:
        until(lambda: process.poll() is not None or newest(outside).id != begun)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=PATIENCE)[0].decode()
    assert process.returncode == 1
    assert "Traceback" not in said
    assert "The run stopped. This run was interrupted." in said
    for words in ways_forward(outside):
        assert said.count(words) == 1, words


def test_a_stop_before_there_is_a_record(wreck: Outcome, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that Heroku does not even let in knows of the wreck that an earlier one left."""
    with monkeypatch.context() as patch:
        patch.setenv("HEROKU_API_KEY", "11111111-2222-3333-4444-555555555555")
        outcome = outside.reset()
    assert "This run touched nothing. Unless somebody has gone back" in outcome.failure
    is_told(outcome, outside)


def test_the_next_one_goes_through(wreck: Outcome, outside: Outside) -> None:
    """Over all these attempts not one backup of the wreck was captured, so the rollback point is still the newest."""
    healed = outside.reset()
    assert healed.failure == ""
    assert healed.failed_checks == ()
    assert not outside.maintenance()
    point = newest(outside).facts["rollback_point"]
    assert point in wreck.failure
    assert point == outside.backups(STAGING)[0]


def test_colleagues_read_it_in_one_thread(wreck: Outcome, outside: Outside) -> None:
    """That it stopped, once over all these attempts, and that it went through at last."""
    assert wreck.failure.endswith("Colleagues were told of it on Slack.")
    stopped, done = outside.messages()[-2:]
    assert f"The reset of {STAGING} stopped after its wipe" in stopped["text"]
    assert f"Reset: {newest(outside).id}" in done["text"]
    assert done["thread_ts"] == stopped["ts"]
