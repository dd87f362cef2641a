"""What is left of a process group once whoever started it is gone: nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from bc_pipelines.defs import guard

CHECKOUT = Path(__file__).parents[2]
PATIENCE = 60
# A process with a child, as the code server has runs; both keep the pipe open that the test listens to.
FAMILY = """
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, {reaction})
subprocess.Popen([sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)"])
time.sleep(600)
"""


def family(reaction: str = "signal.default_int_handler") -> subprocess.Popen[bytes]:
    """A process with a child in a group of its own, both running."""
    command = [sys.executable, "-c", FAMILY.format(reaction=reaction)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def test_groups_end_when_the_input_does() -> None:
    """As long as the parent is there nothing happens; once it is gone, so are the process and its child."""
    process = family()
    with subprocess.Popen([sys.executable, "-m", guard.__name__], stdin=subprocess.PIPE, cwd=CHECKOUT) as watching:
        assert watching.stdin is not None
        watching.stdin.write(b"%d\n" % process.pid)
        watching.stdin.flush()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        watching.stdin.close()
        # The pipe ends with the last process that holds it.
        assert process.communicate(timeout=PATIENCE)[0] == b""
        assert watching.wait(PATIENCE) == 0


def test_who_does_not_listen_is_killed() -> None:
    """A group that takes no notice of the interrupt ends when the grace is over; one that has ended is no error."""
    process = family(reaction="signal.SIG_IGN")
    guard.end_groups([process.pid], grace=0.5)
    assert process.communicate(timeout=PATIENCE)[0] == b""
    guard.end_groups([process.pid], grace=0.5)
