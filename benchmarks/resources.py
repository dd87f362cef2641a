"""Processor time and memory of processes, from the kernel's own books: getrusage(2) and proc(5)."""

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bc_pipelines_tests.postgres import Cluster

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


def of_children() -> float:
    """Processor seconds of every process that this one started and has waited for, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def of(process: int) -> float:
    """Processor seconds of a running process so far, and of its children that have ended."""
    return sum(_times(process)) / _TICKS


def of_server(postmaster: int) -> float:
    """Processor seconds of a PostgreSQL server since its start: all its processes, those that have ended too.

    Args:
        postmaster: the server's first process, which starts all others and waits for them.
    """
    while True:
        # utime and stime; the next two fields are those of children that have ended.
        own = _times(postmaster)
        ticks = sum(own)
        for child in _children(postmaster):
            # One that has ended since is counted by its parent, in the next look.
            with suppress(FileNotFoundError):
                ticks += sum(_times(child)[:2])
        # Or else one ended between the looks at its parent and at itself, and neither has shown its time.
        if _times(postmaster)[2:] == own[2:]:
            break
    return ticks / _TICKS


def postmaster_of(cluster: "Cluster") -> int:
    """The first process of a server."""
    return int(cluster.execute("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")[0][0])


def own_peak() -> int:
    """The most memory that this process has had resident, in bytes."""
    # Not ru_maxrss, which begins at what the parent had.
    return _peak("self")


def peak_of(process: int) -> int:
    """The most memory that a running process and what it started have had resident so far, in bytes; 0 if gone."""
    try:
        # Only of its first thread, but without a look at every process of the machine.
        children = (_PROC / f"{process}/task/{process}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        children = []
    return sum(map(_peak, (str(process), *children)))


def childs_peak() -> int:
    """The most memory that one of this process's ended children has had resident, in bytes.

    It is at least what this process had when it started the child.
    """
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10


def _peak(process: str) -> int:
    try:
        status = (_PROC / str(process) / "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    # One that has ended, and that nobody has waited for, has no memory any more.
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(line.split()[1]) << 10


def _times(process: int) -> list[int]:
    return [int(ticks) for ticks in _stat(process)[11:15]]


def _children(parent: int) -> Iterator[int]:
    for folder in _PROC.glob("[0-9]*"):
        try:
            if int(_stat(int(folder.name))[1]) == parent:
                yield int(folder.name)
        except (FileNotFoundError, ProcessLookupError):
            continue


def _stat(process: int) -> list[str]:
    """The fields of a process from the third on: state, parent, … The second is a name that may hold spaces."""
    return (_PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
