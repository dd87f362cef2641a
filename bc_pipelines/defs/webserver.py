"""Dagster's code server, webserver and daemon as one thing that starts and stops together.

Belongs here: starting the three, saying when the UI can be opened, noticing when one ends, stopping all. Does not
belong here: what they show.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import httpx
from rich.console import Console
from rich.markup import escape

from bc_pipelines import settings
from bc_pipelines.defs import guard
from bc_pipelines.defs.instance import open_instance
from bc_pipelines.defs.reaper import report_dead_runs
from bc_pipelines.operations.record import Records

HOST = "127.0.0.1"
LOG_FILE = "ui.log"
_READY_SECONDS = 180.0
_LOOK_EVERY_SECONDS = 0.1

# One code server for both: left to themselves, the webserver and the daemon start one each, and the daemon a new one
# every minute. The location's name is part of every schedule's identity; workspace.yaml has the same.
_LOCATION = "bc_pipelines"
# Lazily: it listens at once, so that the webserver starts while the definitions load.
_CODE_SERVER = ("dagster", "api", "grpc", "--lazy-load-user-code", "--use-python-environment-entry-point")
_CODE = ("--module-name", "bc_pipelines.definitions", "--location-name", _LOCATION)
_WORKSPACE = """\
load_from:
  - grpc_server:
      socket: {socket}
      location_name: {location}
"""


class _Ended(Exception):
    """One of the processes ended by itself or did not answer in time; the message says which."""


def serve(port: int, console: Console) -> int:
    """Run the UI and the daemon until this process is told to stop or one of them ends.

    Args:
        port: of the webserver, on 127.0.0.1. Dagster has no login of its own: put an authenticating proxy before it.
        console: where to say what happens. What Dagster itself prints goes to `ui.log` in `DAGSTER_HOME`.

    Returns:
        0 when it was told to stop, 1 when it could not start or one of its processes ended by itself.

    Raises:
        SettingsError: a setting is missing or wrong.
        OutOfReach: Dagster's database does not answer, or cannot be asked as it is set up.
    """
    _stop_on_signals(console)
    address = f"http://{HOST}:{port}"
    try:
        if not _is_free(port):
            raise _Ended(_occupied(address))
        log = _look_after_dead_runs(console)
        with _Processes(log) as processes, tempfile.TemporaryDirectory(prefix="bucks-ui-") as folder:
            _start(processes, Path(folder), port, address)
            console.print(f"[bold]The UI is ready: {address}[/]", highlight=False, soft_wrap=True)
            console.print(f"Ctrl-C stops it. What Dagster prints is in {log}", highlight=False, soft_wrap=True)
            processes.wait_until(lambda: False, "")
    except KeyboardInterrupt:
        console.print("The UI is stopped.")
        return 0
    except _Ended as reason:
        console.print(f"[red]Not done.[/] {escape(str(reason))}", highlight=False, soft_wrap=True)
    return 1


class _Processes:
    """Child processes that write to one log and end together, at the latest with this process.

    Args:
        log: the file to write to, begun anew and for its owner's eyes only.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        log.unlink(missing_ok=True)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        groups, self._groups = os.pipe()
        self._guard = subprocess.Popen([sys.executable, "-m", guard.__name__], stdin=groups, start_new_session=True)
        os.close(groups)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _be_patient()
        for process in reversed(self._running.values()):
            guard.signal_group(process.pid, signal.SIGINT)
        deadline = time.monotonic() + guard.GRACE_SECONDS
        for process in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            guard.signal_group(process.pid, signal.SIGKILL)
            process.wait()
        self._guard.kill()
        self._guard.wait()
        os.close(self._groups)

    def start(self, name: str, *arguments: str) -> None:
        """Start `python -m` with these arguments, in a process group of its own."""
        log = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            process = self._running[name] = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)
        os.write(self._groups, b"%d\n" % process.pid)

    def wait_until(self, ready: Callable[[], bool], what: str, limit: float = float("inf")) -> None:
        """Wait, but no longer than all processes run.

        Raises:
            _Ended: one of them ended, or the limit in seconds is over.
        """
        deadline = time.monotonic() + limit
        while not ready():
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise _Ended(f"The {name} ended by itself (code {process.returncode}); {self._log} may say why.")
            if time.monotonic() > deadline:
                raise _Ended(f"{what} after {limit:.0f} s; {self._log} may say why.")
            time.sleep(_LOOK_EVERY_SECONDS)


def _start(processes: _Processes, folder: Path, port: int, address: str) -> None:
    # A socket in a temporary folder: the path of one may have 107 bytes at most (unix(7)).
    code, workspace = folder / "code", folder / "workspace.yaml"
    workspace.write_text(_WORKSPACE.format(socket=code, location=_LOCATION), encoding="utf-8")
    processes.start("code server", *_CODE_SERVER, *_CODE, "--socket", str(code))
    processes.wait_until(code.is_socket, "The code server does not listen", _READY_SECONDS)
    processes.start("webserver", "dagster_webserver", "-h", HOST, "-p", str(port), "-w", str(workspace))
    processes.start("daemon", "dagster._daemon", "run", "-w", str(workspace))
    # Asked at 127.0.0.1, so past any proxy that is set for the way out.
    with httpx.Client(trust_env=False, timeout=5) as client:
        processes.wait_until(lambda: _answers(client, address), "The webserver does not answer", _READY_SECONDS)


def _look_after_dead_runs(console: Console) -> Path:
    """Report this machine's dead runs as failed, and say where Dagster's log belongs."""
    _, url = settings.own_dagster()
    if url is not None or not settings.names_local_database():
        # Only a laptop's pulls do without the rest; a team's server says at once what it lacks.
        url = settings.load().dagster_database_url
    with open_instance(url) as instance:
        for run_id in report_dead_runs(instance, Records(url) if url else None):
            console.print(f"Run {run_id} was reported as failed: its process is gone.", soft_wrap=True)
        return Path(instance.root_directory) / LOG_FILE


def _answers(client: httpx.Client, address: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return client.get(f"{address}/server_info").is_success
    return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a connection that lingers after its end does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _occupied(address: str) -> str:
    with httpx.Client(trust_env=False, timeout=5) as client:
        if _answers(client, address):
            return f"A Dagster UI runs at {address} already. Use that one, or end it first."
    return f"{address} is taken by another program. End it, or choose another port: --port, or BC_UI_PORT."


_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _stop_on_signals(console: Console) -> None:
    """Ctrl-C, `kill` and a closed terminal all mean: stop in good order."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        _be_patient()
        console.print("Stopping. A run that is under way is broken off.")
        raise KeyboardInterrupt

    for number in _STOPPING:
        signal.signal(number, interrupt)


def _be_patient() -> None:
    """From here on, signals change nothing: impatience must not leave a process behind."""
    for number in _STOPPING:
        signal.signal(number, signal.SIG_IGN)
