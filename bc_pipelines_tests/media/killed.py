"""`python -m bc_pipelines_tests.media.killed WAY ADDRESS SOURCE TARGET LEDGER`: runs that are killed at a step each.

A step is whatever reaches beyond the process: a request, a folder that is read, a file that is moved or removed, a
program started. Numbers of steps come on standard input, a line each; each is answered by the signal that ended the
run, or 0 if it had fewer steps and came to its end. All runs are children of one process that has imported everything.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from bc_pipelines.media.bucket import client
from bc_pipelines_tests.media import servers
from bc_pipelines_tests.media.runs import whole_run

STEPS = frozenset(
    ("http.client.send", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "subprocess.Popen", "os.scandir")
)


def killed(step: int, run: Callable[[], object]) -> None:
    """Run, and be killed at a step.

    Args:
        step: its number; from 1.
        run: what.
    """
    passed, here = 0, os.getpid()

    def count(event: str, _: object) -> None:
        nonlocal passed
        if event in STEPS and os.getpid() == here:
            passed += 1
            if passed == step:
                os.kill(here, signal.SIGKILL)

    sys.addaudithook(count)
    run()


def main(way: str, address: str, source: str, target: str, ledger: str) -> None:
    """Answer each line."""
    # Made once and not used here, so that no connection is shared.
    s3 = client(servers.ACCESS_KEY, servers.SECRET_KEY, region="eu-west-2", endpoint=address)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            killed(int(line), lambda: whole_run(way, s3, source, target, Path(ledger)))
            os._exit(0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
