"""The way back where Heroku keeps two backups, against the simulator of Heroku over real databases."""

from datetime import UTC, datetime, timedelta

import pytest

from bc_pipelines.operations import backups
from bc_pipelines.operations.backups import Backup
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.lock import ResetLock
from bc_pipelines.operations.record import State
from bc_pipelines.operations.tools import Tools
from bc_pipelines_tests.operations.begun import begin, broken_off, kept
from bc_pipelines_tests.sandbox.heroku.simulated import STAGING

BROKEN_OFF = "2026-11-22-0930-run-1"


def test_a_first_reset_captures_its_way_back(tools: Tools) -> None:
    """The new backup is noted as the rollback point."""
    record = begin(tools, "run-1")
    backup = backups.set_rollback_point(tools, record, lambda _: None)
    assert backup.captured
    assert kept(tools) == [backup.name]
    now = tools.records.of_run("run-1")
    assert now is not None
    assert (now.state, now.facts["rollback_point"]) == (State.BACKED_UP, backup.name)


def test_however_often_a_reset_fails_the_way_back_stays(tools: Tools) -> None:
    """Three more attempts: each takes over the same backup, captures none, and none is refused."""
    point = broken_off(tools)
    tools.heroku.wait(STAGING, tools.heroku.capture(tools.heroku.database(STAGING)))
    before = kept(tools)
    for attempt in ("run-2", "run-3", "run-4"):
        record = begin(tools, attempt, rollback_point=point, broken_off=BROKEN_OFF)
        backup = backups.set_rollback_point(tools, record, lambda _: None)
        assert (backup.name, backup.captured, backup.way_back_of) == (point, False, BROKEN_OFF)
        assert backup.succeeded
        assert backup.magic == b"PGDMP"
        assert kept(tools) == before


def test_a_lost_way_back_is_refused_with_a_way_out(tools: Tools) -> None:
    """Somebody deleted the rollback point: nothing is wiped, and the message says how to begin anew."""
    record = begin(tools, "run-2", rollback_point="b001", broken_off=BROKEN_OFF)
    with pytest.raises(Refused, match=r"b001 of buckinghamshire-staging.* is not in Heroku's list any more") as caught:
        backups.set_rollback_point(tools, record, lambda _: None)
    assert f"heroku maintenance:off -a {STAGING}" in str(caught.value)
    assert kept(tools) == []


def test_a_backup_outside_a_reset_does_not_cost_the_way_back(tools: Tools) -> None:
    """Materialised alone, staging/backup is captured until one more would drop the rollback point; then it refuses."""
    point = broken_off(tools)
    backups.fresh(tools, tools.settings.staging, lambda _: None)
    with pytest.raises(Refused, match=f"would make Heroku drop {point}"):
        backups.fresh(tools, tools.settings.staging, lambda _: None)
    assert point in kept(tools)


def test_no_backup_is_captured_beside_a_reset(tools: Tools) -> None:
    """Another run holds the lock: its way back could be dropped, so nothing is captured, and the holder is named."""
    other = ResetLock(tools.settings.dagster_database_url)
    other.acquire("run-9")
    try:
        with pytest.raises(Refused, match=r"A reset is under way \(run run-9, since "):
            backups.fresh(tools, tools.settings.staging, lambda _: None)
    finally:
        other.release()
    assert kept(tools) == []


def test_without_a_broken_off_reset_old_backups_may_go(tools: Tools) -> None:
    """Outside a reset, the third backup takes the place of the first."""
    names = [backups.fresh(tools, tools.settings.staging, lambda _: None).name for _ in range(3)]
    assert kept(tools) == [names[2], names[1]]


@pytest.mark.parametrize(("way_back_of", "passed"), [("", False), (BROKEN_OFF, True)])
def test_age_does_not_count_for_the_way_back(way_back_of: str, passed: bool) -> None:
    """Two days old where one is allowed: that fails, but for the rollback point of a broken-off reset."""
    long_ago = datetime.now(UTC) - timedelta(days=2)
    backup = Backup(STAGING, "b007", "uuid", 1, 1, long_ago, True, b"PGDMP", 1, captured=False, way_back_of=way_back_of)
    verdict = backups.recent(backup, timedelta(days=1))
    assert verdict.passed is passed
    assert ("is the rollback point of the broken-off reset" in verdict.summary) is passed
    assert verdict.facts["age_hours"] == pytest.approx(48, abs=1)
