"""Runs whose process is gone: how a run says which process it is, and how dead ones are found at start-up.

Dagster's default launcher does not notice that a host crashed: such runs stay "started" for ever. Belongs here: the
mark on a run and the look for dead ones. Does not belong here: starting anything again; that is a person's decision.
"""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from bc_pipelines.operations.record import Records
from bc_pipelines.operations.standing import standing

HOST = "bc_pipelines/host"
PROCESS = "bc_pipelines/process"
_ALIVE = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING]


def mark(instance: dg.DagsterInstance, run_id: str) -> None:
    """Write host and process on a run, as tags, so that a later start can tell whether it is still alive."""
    instance.add_run_tags(run_id, {HOST: platform.node(), PROCESS: _identity(os.getpid()) or ""})


def report_dead_runs(instance: dg.DagsterInstance, records: Records | None) -> list[str]:
    """Report as failed every run of this host whose process is gone.

    Args:
        instance: Dagster's instance.
        records: reset records, so that the message of a broken-off reset says where things stand; None on a laptop.

    Returns:
        Ids of the runs that were reported.
    """
    dead = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_ALIVE, tags={HOST: platform.node()})):
        if _is_alive(run.tags):
            continue
        record = records.of_run(run.run_id) if records else None
        where = standing(record) if record else "Nothing was under way that could not be started again."
        instance.report_run_failed(run, f"The process of this run is gone (crash or restart of the machine). {where}")
        dead.append(run.run_id)
    return dead


def _is_alive(tags: Mapping[str, str]) -> bool:
    pid, _, _ = tags.get(PROCESS, "").partition("-")
    return pid.isdigit() and _identity(int(pid)) == tags[PROCESS]


def _identity(pid: int) -> str | None:
    """A process's number and start time, because numbers are used again; None where there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return _identity_without_proc(pid)
    # The name in field 2 may hold spaces. Behind it: the state first, and as field 22 the start time in clock ticks
    # since boot (man 5 proc). A process that is dead but not yet collected by its parent is still listed.
    state, *others = stat.rpartition(")")[2].split()
    return None if state in ("Z", "X") else f"{pid}-{others[18]}"


def _identity_without_proc(pid: int) -> str | None:
    if Path("/proc/self/stat").exists():
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return f"{pid}-0"
