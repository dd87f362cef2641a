"""Runs whose process is gone, on a Dagster instance in PostgreSQL: who is reported as failed, and in which words."""

import os
import platform
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from bc_pipelines.defs.reaper import HOST, PROCESS, mark, report_dead_runs
from bc_pipelines.operations.record import Records, State
from bc_pipelines_tests.defs.sleeper import sleeper
from bc_pipelines_tests.waiting import PATIENCE, until

CHECKOUT = Path(__file__).parents[2]
STARTED = dg.DagsterRunStatus.STARTED
NOT_UNDER_WAY = (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED)
# No system gives out so high a process number.
GONE = {HOST: platform.node(), PROCESS: "99999999-5"}


@contextmanager
def running_process(instance: dg.DagsterInstance) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A run in a process of its own, well under way; gives its id and the process."""
    run_id = str(uuid.uuid4())
    command = [sys.executable, "-m", "bc_pipelines_tests.defs.sleeper", run_id]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: process.poll() is not None or PROCESS in tags_of(instance, run_id))
            assert process.poll() is None, "the run ended by itself"
            yield run_id, process
        finally:
            process.kill()


def tags_of(instance: dg.DagsterInstance, run_id: str) -> dict[str, str]:
    """The tags of a run; none while there is no such run."""
    run = instance.get_run_by_id(run_id)
    return dict(run.tags) if run else {}


def begun(
    instance: dg.DagsterInstance, tags: dict[str, str] | None = None, state: dg.DagsterRunStatus = STARTED
) -> str:
    """A run that Dagster believes to be in a state, without any process; returns its id."""
    return instance.create_run_for_job(sleeper, status=state, tags=tags).run_id


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    """What Dagster believes of a run."""
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def failure(instance: dg.DagsterInstance, run_id: str) -> str:
    """The message of the event that ended a run."""
    events = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.RUN_FAILURE).records
    assert len(events) == 1
    return str(events[0].event_log_entry.get_dagster_event().message)


def test_a_killed_run_is_reported_as_failed(instance: dg.DagsterInstance, records: Records) -> None:
    """While its process lives, a run is left alone; killed with -9, it is reported once, as safe to start again."""
    with running_process(instance) as (run_id, process):
        assert report_dead_runs(instance, records) == []
        assert status(instance, run_id) is STARTED
        process.kill()
        process.wait(PATIENCE)
        assert report_dead_runs(instance, records) == [run_id]
    assert status(instance, run_id) is dg.DagsterRunStatus.FAILURE
    assert "Nothing was under way that could not be started again" in failure(instance, run_id)
    assert report_dead_runs(instance, records) == []


def test_a_killed_reset_is_reported_with_where_things_stand(instance: dg.DagsterInstance, records: Records) -> None:
    """Killed while it wiped: the message says that staging is in maintenance, and names the way back and the restore.

    Nobody has collected the dead process, as in a container whose first process does not look after orphans.
    """
    with running_process(instance) as (run_id, process):
        record = records.open_reset(run_id, "staging", "council-staging", "a tester", "typed")
        records.note(record, State.WIPING, rollback_point="b007", restore_transfer="r008")
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert report_dead_runs(instance, records) == [run_id]
    message = failure(instance, run_id)
    assert "council-staging is in maintenance and must stay there" in message
    assert "Rollback point: backup b007 of council-staging" in message
    assert "Heroku's restore r008 may still be running" in message


def test_a_reset_killed_before_the_wipe_is_reported_as_harmless(instance: dg.DagsterInstance, records: Records) -> None:
    """With a record that never came to the wipe, the message says that staging is as it was."""
    run_id = begun(instance, GONE)
    records.note(records.open_reset(run_id, "staging", "council-staging", "a tester", "typed"), State.SANITISED)
    assert report_dead_runs(instance, records) == [run_id]
    assert "council-staging was not touched and is as it was" in failure(instance, run_id)


def test_a_process_number_that_is_used_again_is_another_process(instance: dg.DagsterInstance, records: Records) -> None:
    """A process of the run's number lives, but it was born at another time: the run counts as dead."""
    ours, reused = begun(instance), begun(instance)
    mark(instance, ours)
    number, _, birth = tags_of(instance, ours)[PROCESS].partition("-")
    assert number == str(os.getpid())
    instance.add_run_tags(reused, {HOST: platform.node(), PROCESS: f"{number}-{int(birth) - 1}"})
    assert report_dead_runs(instance, records) == [reused]
    assert status(instance, ours) is STARTED


@pytest.mark.parametrize("process", ["", "-", "none", "1", "99999999-5"])
def test_a_mark_that_names_no_living_process_counts_as_dead(
    instance: dg.DagsterInstance, records: Records, process: str
) -> None:
    """A mark that is empty, unreadable, without a birth, or of a number that no process has."""
    run_id = begun(instance, {HOST: platform.node(), PROCESS: process})
    assert report_dead_runs(instance, records) == [run_id]


@pytest.mark.parametrize("state", [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING])
def test_a_run_that_was_starting_or_stopping_is_reported_too(
    instance: dg.DagsterInstance, records: Records, state: dg.DagsterRunStatus
) -> None:
    """A run that was just beginning, or was being terminated, does not hang for ever either."""
    run_id = begun(instance, GONE, state)
    assert report_dead_runs(instance, records) == [run_id]
    assert status(instance, run_id) is dg.DagsterRunStatus.FAILURE


def test_runs_of_others_are_left_alone(instance: dg.DagsterInstance, records: Records) -> None:
    """A run of another host, one without a mark, and those that wait or have ended are none of this host's dead."""
    others = {
        begun(instance, {**GONE, HOST: "another.host.example"}): STARTED,
        begun(instance): STARTED,
        **{begun(instance, GONE, state): state for state in NOT_UNDER_WAY},
    }
    assert report_dead_runs(instance, records) == []
    assert {run_id: status(instance, run_id) for run_id in others} == others
