"""Child processes that never outlive the simulator."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

# prctl(2): the signal that a process gets when its parent dies.
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

Stream = int | IO[bytes] | None


async def start(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    *,
    folder: Path | None = None,
    stdin: Stream = asyncio.subprocess.DEVNULL,
    stdout: Stream = asyncio.subprocess.PIPE,
    stderr: Stream = asyncio.subprocess.PIPE,
) -> Process:
    """Start a program in a process group of its own, so that `end` reaches its children too.

    Args:
        command: Program and arguments; no shell, and no secret, which every user could read.
        environment: The whole environment of the program.
        folder: Working directory.
        stdin: Where it reads from.
        stdout: Where it writes to.
        stderr: Where its errors go.

    Returns:
        The running process.

    Raises:
        OSError: The program cannot be started.
    """
    return await asyncio.create_subprocess_exec(
        *command,
        env=dict(environment),
        cwd=folder,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )


async def end(process: Process, first: signal.Signals = signal.SIGTERM, patience: float = 10) -> int:
    """End a process and its group: `first` asks, SIGKILL follows after `patience` seconds. Returns its exit status."""
    if process.returncode is None:
        _signal_group(process.pid, first)
        try:
            await asyncio.wait_for(process.wait(), patience)
        except TimeoutError:
            _signal_group(process.pid, signal.SIGKILL)
    return await process.wait()


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return


def _die_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
