"""The words for the person who finds a stopped reset, from records in a real PostgreSQL."""

import psycopg
import pytest

from bc_pipelines.operations.lock import ResetLock
from bc_pipelines.operations.record import Records, ResetRecord, State
from bc_pipelines.operations.standing import standing, standing_after
from bc_pipelines_tests.postgres import Cluster

APP = "council-staging"
GO_ON = "To go on: put right what the message names and start the job reset_staging again."
GO_BACK = f"To go back: start the job roll_back_staging, or bucks reset roll-back --confirm {APP}."
FORMATION = {"web": 2, "worker": 1}


@pytest.fixture
def url(cluster: Cluster) -> str:
    """The URL of a database without any records."""
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute("drop schema if exists bc_pipelines cascade")
    return cluster.url()


def stopped(url: str, run_id: str, state: State, **facts: object) -> ResetRecord:
    """The record of a reset that stopped in a state."""
    record = Records(url).open_reset(run_id, "staging", APP, "a tester", "typed")
    return Records(url).note(record, state, rollback_point="b007", formation=FORMATION, **facts)


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_words_for_what_to_do(url: str, state: State) -> None:
    """Wherever a reset stops, the message says how to go on, and how to go back once that is needed."""
    words = standing(stopped(url, "run-1", state, restore_transfer="r008"))
    assert APP in words
    # What is finished is not begun again: only a notice may be missing.
    assert (GO_ON in words) == (state is not State.DONE)
    assert ("send_notices" in words) == (state is State.DONE)
    assert (GO_BACK in words) == (state.rank >= State.WIPING.rank)
    assert ("r008" in words) == (state is State.WIPING)


@pytest.mark.parametrize("state", [State.READY, State.DONE])
@pytest.mark.parametrize(("maintenance", "words"), [(True, "is in maintenance"), (False, "is open")])
def test_after_the_way_back_nothing_sanitised_is_there(url: str, state: State, maintenance: bool, words: str) -> None:
    """Who went back to raw data is not told that a sanitised copy is there, nor that a closed site is open."""
    records = Records(url)
    record = records.open_rollback("run-1", "staging", APP, "a tester", "typed", undoes="x", rollback_point="b007")
    said = standing(records.note(record, state, rollback_raw=True, maintenance_before=maintenance))
    assert "sanitised" not in said
    assert f"{APP} holds what its own backup b007 held, raw data with it, and {words}" in said


CODE = {"branch": "staging", "old": "a" * 40, "before": "a" * 40, "new": "b" * 40, "tag": "staging-before-now"}
PERHAPS = "The branch staging may be the new one already; the next reset goes on from there."
RELEASED = "Where your CI deploys, the app may run it already."


@pytest.mark.parametrize(
    ("state", "facts"),
    [
        (State.SANITISED, {"code_begun": True}),
        # An earlier reset has pushed it.
        (State.PLANNED, {"code": {**CODE, "before": "c" * 40}}),
        (State.WIPING, {"code_begun": True, "maintenance_on": False}),
        (State.SANITISED, {"code_begun": True, "broken_off": "2026-11-02-0930-4f2a81c0"}),
    ],
    ids=str,
)
def test_a_branch_that_may_be_pushed_is_told(url: str, state: State, facts: dict[str, object]) -> None:
    """Wherever the reset stopped before its wipe; and nobody reads that nothing was touched."""
    words = standing(stopped(url, "run-1", state, **{"code": CODE, **facts}))
    assert PERHAPS in words
    assert RELEASED in words
    assert "touched nothing" not in words


def test_a_branch_that_was_not_pushed_is_not_told(url: str) -> None:
    """Nothing of it has changed."""
    assert "branch" not in standing(stopped(url, "run-1", State.SANITISED, code=CODE, code_begun=False))
    assert "The branch" not in standing(stopped(url, "run-2", State.WIPING, code={**CODE, "new": CODE["old"]}))


def test_after_the_wipe_the_branch_is_the_new_one(url: str) -> None:
    """Colleagues read this too, and the way back is for both."""
    words = standing(stopped(url, "run-1", State.WIPING, code=CODE, code_begun=True))
    assert "The branch staging is the new one; going back makes it what it was" in words


def test_a_restore_whose_end_is_not_known_may_still_run(url: str) -> None:
    """Nobody saw it end: whoever goes back is told to look first."""
    words = standing(stopped(url, "run-1", State.WIPING, restore_transfer="r008"))
    assert "r008 may still be running" in words
    assert f"heroku pg:backups:info r008 -a {APP}" in words


@pytest.mark.parametrize("ended", ["failed", "cancelled", "completed"])
def test_a_restore_that_was_seen_to_end_is_over(url: str, ended: str) -> None:
    """What Heroku said of its end is repeated, and nothing else."""
    words = standing(stopped(url, "run-1", State.WIPING, restore_transfer="r008", restore_ended=ended))
    assert f"Heroku's restore r008 is over: {ended}." in words
    assert "still be running" not in words


def test_before_the_restore_was_begun_none_is_named(url: str) -> None:
    """Stopped between closing the site and the restore."""
    assert "restore None" not in standing(stopped(url, "run-1", State.WIPING))


def test_before_maintenance_was_on_the_database_was_not_touched(url: str) -> None:
    """Closing the site failed or was cut off: nobody is told to go back, neither by this run nor by the next."""
    words = standing(stopped(url, "run-1", State.WIPING, maintenance_on=False))
    assert f"The database of {APP} was not touched" in words
    assert GO_ON in words
    assert GO_BACK not in words
    assert standing_after(url, "run-2", "staging") == words


def test_before_maintenance_was_on_a_wreck_is_still_a_wreck(url: str) -> None:
    """The reset took over a rollback point: what the earlier one left is told, and how to go back."""
    words = standing(stopped(url, "run-2", State.WIPING, maintenance_on=False, broken_off="2026-11-22-0930-run-1"))
    assert "the broken-off run 2026-11-22-0930-run-1 left it: in maintenance" in words
    assert GO_BACK in words


@pytest.mark.parametrize("requested", [True, False])
def test_a_restore_without_a_name_may_be_running_once_it_was_asked_for(url: str, requested: bool) -> None:
    """Killed between asking and hearing its name: whoever goes back is told to look first."""
    words = standing(stopped(url, "run-1", State.WIPING, maintenance_on=True, restore_requested=requested))
    assert (f"may be running at Heroku: look with heroku pg:backups -a {APP}" in words) is requested


def test_a_run_that_stopped_in_its_plan_tells_of_the_wreck_that_it_found(url: str) -> None:
    """Before its own record is open, staging is still as the broken-off run left it, with both ways forward."""
    wreck = stopped(url, "run-1", State.RESTORED)
    words = standing_after(url, "run-2", "staging")
    left = f"{APP} is still as the broken-off run {wreck.id} left it"
    assert f"This run touched nothing. Unless somebody has gone back and opened it since, {left}" in words
    assert GO_ON in words
    assert GO_BACK in words


def test_a_run_with_a_record_tells_of_the_wreck_too(url: str) -> None:
    """The next reset took the rollback point over and stopped before its own wipe."""
    stopped(url, "run-1", State.WIPING)
    stopped(url, "run-2", State.SANITISED, broken_off="2026-11-22-0930-run-1")
    words = standing_after(url, "run-2", "staging")
    assert "the broken-off run 2026-11-22-0930-run-1 left it: in maintenance" in words
    assert GO_BACK in words


def test_without_a_wreck_a_run_that_stopped_in_its_plan_touched_nothing(url: str) -> None:
    """No way back is named where none is needed."""
    stopped(url, "run-1", State.DONE)
    assert standing_after(url, "run-2", "staging") == f"Staging was not touched by this run and is as it was. {GO_ON}"


@pytest.mark.parametrize("under_way", ["run-1", "run-2"])
def test_while_another_reset_is_under_way_nobody_is_told_to_do_anything(url: str, under_way: str) -> None:
    """A half-done reset whose run still holds the lock is no wreck, and a wreck that another mends is its business."""
    stopped(url, "run-1", State.WIPING)
    lock = ResetLock(url)
    lock.acquire(under_way)
    try:
        assert standing_after(url, "run-3", "staging") == ""
    finally:
        lock.release()
