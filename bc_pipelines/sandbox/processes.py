"""Starting, recognising and ending processes that the sandbox owns.

A record of a process holds when it was born, because the system gives a process id to somebody else once it is free.
Does not belong here: which servers there are (`servers.py`).
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bc_pipelines.sandbox.account import Account
from bc_pipelines.sandbox.folder import CHECKOUT, open_private, write_private

GRACE = 10.0
"""Seconds that a process has to end by itself before it is killed."""

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV")
"""What servers get of the caller's environment; nothing with which they could reach the real outside world."""

PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True)
class Server:
    """How to start and end one server.

    Attributes:
        name: what records and logs are named after.
        command: the program and its arguments; no secrets.
        environment: variables of its own; secrets go here.
        stop_signal: what makes it end in good order.
        account: the user that it runs as.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    stop_signal: signal.Signals = signal.SIGTERM
    account: Account = field(default_factory=Account)


@dataclass(frozen=True)
class Process:
    """A process as it was recorded when it was started.

    Attributes:
        name: the server's.
        pid: its process id, which is also its process group.
        birth: when it was born, in a form that is only compared.
    """

    name: str
    pid: int
    birth: str

    def alive(self) -> bool:
        """Say whether this very process still runs."""
        return birth(self.pid) == self.birth

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this process, if it still runs."""
        if self.alive():
            os.kill(self.pid, number)

    def end(self, number: signal.Signals = signal.SIGTERM, grace: float = GRACE) -> None:
        """Ask this process to end, and after the grace kill it with its whole group.

        Args:
            number: the signal that asks.
            grace: seconds between asking and killing.
        """
        self.send(number)
        if not wait_until(lambda: not self.alive(), grace) and self.alive():
            os.killpg(self.pid, signal.SIGKILL)
            wait_until(lambda: not self.alive(), GRACE)


def base_environment() -> dict[str, str]:
    """Give what every process of the sandbox gets: a few of the caller's variables and the way to this package."""
    variables = {name: os.environ[name] for name in INHERITED if name in os.environ}
    paths = [str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**variables, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


def launch(server: Server, logs: Path) -> subprocess.Popen[bytes]:
    """Start a server in a process group of its own; where the system can, it ends with the calling process.

    Args:
        server: what to start.
        logs: the folder of logs.

    Returns:
        The child process.
    """
    log = open_private(logs / f"{server.name}.log")
    try:
        return subprocess.Popen(
            server.command,
            env={**base_environment(), **server.environment},
            user=server.account.uid,
            group=server.account.gid,
            extra_groups=server.account.groups(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            # Runs after the change of user, which would clear it.
            preexec_fn=_ends_with_parent(server.stop_signal) if sys.platform == "linux" else None,
        )
    finally:
        os.close(log)


def _ends_with_parent(number: signal.Signals) -> Callable[[], None]:
    library = ctypes.CDLL(None)
    parent = os.getpid()

    def prepare() -> None:
        library.prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def birth(pid: int) -> str | None:
    """Say when a process was born.

    Args:
        pid: its process id.

    Returns:
        Something that no later process of the same id has; None if there is none or only its exit code is left.
    """
    if sys.platform != "linux":
        return _birth_by_ps(pid)
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # proc(5): the name in brackets may hold anything; after it the state, and 19 fields later the time of start.
    fields = status.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else f"{boot}:{fields[19]}"


def _birth_by_ps(pid: int) -> str | None:
    shown = subprocess.run(
        ["ps", "-o", "state=,lstart=", "-p", str(pid)],  # noqa: S607 - its place differs between systems
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return None if not shown or shown.startswith("Z") else shown.partition(" ")[2].strip()


def record(folder: Path, name: str, pid: int) -> None:
    """Remember a process that was just started.

    Args:
        folder: where records are kept.
        name: the server's.
        pid: its process id.
    """
    born = birth(pid)
    if born is not None:
        write_private(folder / f"{name}.json", json.dumps(asdict(Process(name, pid, born))))


def recorded(folder: Path, name: str) -> Process | None:
    """Find a recorded process that still runs.

    Args:
        folder: where records are kept.
        name: the server's.

    Returns:
        The process, or None if it was never started, has ended, or its id is somebody else's by now.
    """
    try:
        process = Process(**json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return process if process.alive() else None


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look again and again until something is so.

    Args:
        condition: what to wait for.
        seconds: how long at most.

    Returns:
        Whether it became so.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
