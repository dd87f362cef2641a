"""Dagster's webserver and daemon as one thing that starts and stops together.

Belongs here: starting both, noticing when one ends, stopping both. Does not belong here: what they show.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import dagster as dg
from rich.console import Console

from bc_pipelines import settings
from bc_pipelines.defs.reaper import report_dead_runs
from bc_pipelines.operations.record import Records

HOST = "127.0.0.1"
_GRACE_SECONDS = 15.0
_LOOK_EVERY_SECONDS = 0.2


def serve(port: int, console: Console) -> int:
    """Run the webserver and the daemon until one of them ends or this process is told to stop.

    Args:
        port: of the webserver, on 127.0.0.1. Dagster has no login of its own: put an authenticating proxy before it.
        console: where to say what happens.

    Returns:
        0 when it was told to stop, 1 when one of the two ended by itself.
    """
    with dg.DagsterInstance.get() as instance:
        for run_id in report_dead_runs(instance, Records(settings.load().dagster_database_url)):
            console.print(f"Run {run_id} was reported as failed: its process is gone.")
    _stop_on_signals()
    workspace = ["-w", str(_workspace())]
    commands = [
        ["-m", "dagster_webserver", "-h", HOST, "-p", str(port), *workspace],
        ["-m", "dagster._daemon", "run", *workspace],
    ]
    processes = [subprocess.Popen([sys.executable, *command], start_new_session=True) for command in commands]
    console.print(f"The UI is at http://{HOST}:{port} (Ctrl-C stops it).")
    try:
        while all(process.poll() is None for process in processes):
            time.sleep(_LOOK_EVERY_SECONDS)
    except KeyboardInterrupt:
        return 0
    finally:
        _stop(processes)
    console.print("The webserver or the daemon ended by itself; both were stopped.")
    return 1


def _workspace() -> Path:
    """The checkout's workspace.yaml, or the one in the folder where the command was typed."""
    beside_package = Path(__file__).resolve().parents[2] / "workspace.yaml"
    return beside_package if beside_package.is_file() else Path("workspace.yaml").resolve()


def _stop_on_signals() -> None:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """End both with their code servers: first as Ctrl-C would, after a grace period for good."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for process in processes:
        _signal_group(process, signal.SIGINT)
    deadline = time.monotonic() + _GRACE_SECONDS
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, deadline - time.monotonic()))
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
