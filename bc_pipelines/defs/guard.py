"""Ends processes whose parent is gone, however it went: `python -m bc_pipelines.defs.guard`.

Each line of its input is the number of a process group. When the input ends, because the parent ended it or was
killed, the groups are interrupted as by Ctrl-C, and after a grace killed. The system's own death signal (prctl(2),
PR_SET_PDEATHSIG) would not do: it does not reach grandchildren, as runs are, and the code server waits for its runs.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 20.0
_LOOK_EVERY_SECONDS = 0.1


def end_groups(groups: Iterable[int], grace: float) -> None:
    """Interrupt process groups, and kill what is left of them.

    Args:
        groups: their numbers; those that have ended are skipped.
        grace: seconds between the two, at most.
    """
    left = [group for group in groups if signal_group(group, signal.SIGINT)]
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(signal_group(group, 0) for group in left):
        time.sleep(_LOOK_EVERY_SECONDS)
    for group in left:
        signal_group(group, signal.SIGKILL)


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group, 0 for none; says whether there was anybody to send it to."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
        return True
    return False


if __name__ == "__main__":
    end_groups([int(line) for line in sys.stdin], GRACE_SECONDS)
