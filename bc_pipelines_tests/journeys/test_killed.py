"""Resets that are cut off in the middle: killed without a word, or stopped between closing the site and the wipe."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest

from bc_pipelines.defs.launch import Outcome
from bc_pipelines.defs.reaper import report_dead_runs
from bc_pipelines.operations.lock import holder_of
from bc_pipelines.operations.record import Records, ResetRecord, State
from bc_pipelines_tests.journeys.world import PRODUCTION, STAGING, Outside

# What is there to lose: a staging that was reset before. Several resets are part of each test.
pytestmark = [pytest.mark.usefixtures("first"), pytest.mark.timeout(900)]

PATIENCE = 300


@dataclass(frozen=True)
class Killed:
    """A reset that was killed while Heroku restored, and one that was started beside it before that.

    Attributes:
        record: of the killed reset, as it was when it was killed.
        second: what came of the one beside it.
        changed: whether that one changed anything.
        formation: staging's dynos before all this.
    """

    record: ResetRecord
    second: Outcome
    changed: bool
    formation: dict[str, int]


@pytest.fixture(scope="module")
def killed(outside: Outside, first: Outcome) -> Iterator[Killed]:
    """Kills `bucks reset` with signal 9 while its restore is under way at Heroku, where it stays under way."""
    formation, earlier = outside.running(), newest(outside)
    with dg.DagsterInstance.get() as instance:
        report_dead_runs(instance, records(outside))

    def is_restoring() -> bool:
        record = newest(outside)
        return record.id != earlier.id and "restore_transfer" in record.facts

    with outside.fault(on="transfer", kind="stay_pending", transfer="restore", app=STAGING, times=None):
        with reset_in_another_process() as process:
            until(lambda: process.poll() is not None or is_restoring())
            assert process.poll() is None, "the reset ended by itself"
            before = everything(outside)
            second = outside.reset()
            changed = everything(outside) != before
            process.kill()
        yield Killed(newest(outside), second, changed, formation)


@contextmanager
def reset_in_another_process(stdout: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    """A reset as it is typed in a terminal; what it prints goes nowhere, or where the test says."""
    program = "from bc_pipelines.cli import main; main()"
    command = [sys.executable, "-c", program, "reset", "--confirm", STAGING, "--requested-by", "a journey"]
    with subprocess.Popen(command, stdout=stdout, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, up to a bound that fails the test."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.2)


def records(outside: Outside) -> Records:
    """All reset records."""
    return Records(outside.world.database_url("dagster"))


def newest(outside: Outside) -> ResetRecord:
    """The record of the reset that was begun last."""
    run_id = outside.sql("dagster", "select run_id from bc_pipelines.reset order by started_at desc limit 1")[0][0]
    record = records(outside).of_run(run_id)
    assert record is not None
    return record


def restore_of(outside: Outside, record: ResetRecord) -> dict[str, Any]:
    """What Heroku lists of a reset's restore."""
    return next(t for t in outside.transfers(STAGING, "pg_restore") if t["uuid"] == record.facts["restore_uuid"])


def everything(outside: Outside) -> tuple[object, ...]:
    """What a second reset could change: records, backups, restores, dynos and maintenance."""
    transfers = [t["uuid"] for app in (PRODUCTION, STAGING) for t in outside.get(f"/client/v11/apps/{app}/transfers")]
    opened = outside.sql("dagster", "select id, state, facts from bc_pipelines.reset order by id")
    return transfers, opened, outside.running(), outside.maintenance()


def test_a_second_reset_is_refused_while_one_is_running(killed: Killed) -> None:
    """It is refused in its plan, names the run that holds the lock, and changes nothing."""
    assert not killed.second.succeeded
    assert f"A reset is under way (run {killed.record.run_id} by a journey, since " in killed.second.failure
    assert killed.second.steps[-1].name == "staging/reset_plan"
    assert not killed.changed


def test_staging_stays_closed(killed: Killed, outside: Outside) -> None:
    """Nobody lifts maintenance and no dyno runs while what is in the database is not known."""
    assert killed.record.state is State.WIPING
    assert outside.maintenance()
    assert set(outside.running().values()) == {0}


def test_the_lock_is_free_again(killed: Killed, outside: Outside) -> None:
    """PostgreSQL gives the lock back by itself once the process is gone."""
    until(lambda: holder_of(outside.world.database_url("dagster")) is None)


def test_the_run_is_reported_with_the_way_back(killed: Killed, outside: Outside) -> None:
    """The next start of the UI reports the run as failed and says where staging stands and which backup leads back."""
    with dg.DagsterInstance.get() as instance:
        assert report_dead_runs(instance, records(outside)) == [killed.record.run_id]
        run = instance.get_run_by_id(killed.record.run_id)
        events = instance.get_records_for_run(killed.record.run_id, of_type=dg.DagsterEventType.RUN_FAILURE).records
    assert run is not None
    assert run.status is dg.DagsterRunStatus.FAILURE
    message = str(events[0].event_log_entry.get_dagster_event().message)
    assert f"{STAGING} is in maintenance and must stay there" in message
    assert f"Rollback point: backup {killed.record.facts['rollback_point']} of {STAGING}" in message
    assert f"Heroku's restore {killed.record.facts['restore_transfer']} may still be running" in message


def test_the_next_reset_waits_for_heroku_and_goes_through(killed: Killed, outside: Outside) -> None:
    """It looks at nothing before the old restore has ended, keeps the way back, and brings staging back as it was."""
    with reset_in_another_process() as process:
        until(lambda: process.poll() is not None or holder_of(outside.world.database_url("dagster")) is not None)
        assert newest(outside) == killed.record
        with outside.heroku() as client:
            client.delete("/sandbox/faults").raise_for_status()
        assert process.wait(PATIENCE) == 0
    record, left = newest(outside), restore_of(outside, killed.record)
    assert left["succeeded"], "reading staging meanwhile would have disturbed it"
    assert left["finished_at"] <= planned_at(record.run_id)
    assert record.facts["broken_off"] == killed.record.id
    assert record.facts["rollback_point"] == killed.record.facts["rollback_point"]
    assert record.facts["rollback_point"] == outside.backups(STAGING)[0]
    assert outside.running() == killed.formation
    assert not outside.maintenance()


def planned_at(run_id: str) -> str:
    """When a run had made its plan, as Heroku writes a time."""
    with dg.DagsterInstance.get() as instance:
        found = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    times = [
        entry.event_log_entry.timestamp
        for entry in found
        if entry.event_log_entry.get_dagster_event().asset_check_evaluation_data.check_name == "plan_is_acceptable"
    ]
    return time.strftime("%Y-%m-%d %H:%M:%S +0000", time.gmtime(times[0]))


def test_a_stop_between_closing_the_site_and_the_wipe(outside: Outside) -> None:
    """Nothing was wiped yet, but the site is closed: the message says so, and the next reset opens it as it was."""
    formation = outside.running()
    with outside.fault(kind="status", status=422, method="POST", path="*/connection_reset"):
        stopped = outside.reset()
    assert stopped.steps[-1].name == "staging/database"
    assert f"{STAGING} is in maintenance and must stay there" in stopped.failure
    assert f"Rollback point: backup {newest(outside).facts['rollback_point']} of {STAGING}" in stopped.failure
    assert outside.maintenance()
    assert set(outside.running().values()) == {0}

    healed = outside.reset()
    assert healed.failure == ""
    assert healed.failed_checks == ()
    assert outside.running() == formation
    assert not outside.maintenance()
