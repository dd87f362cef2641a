"""`python -m bc_pipelines_tests.media.killed WAY ADDRESS SOURCE TARGET LEDGER STEP`: a run that is killed at a step.

A step is whatever reaches beyond the process: a request, a file that is opened, moved or removed, a program started.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from bc_pipelines.media.bucket import Bucket, client
from bc_pipelines.media.fit import Fitting
from bc_pipelines.media.folder import Folder, Walk
from bc_pipelines.media.ledger import FileLedger, renewed
from bc_pipelines.media.listing import listing
from bc_pipelines.media.move import Moved, OnProgress, copy, delete
from bc_pipelines.media.plan import Plan, make_plan
from bc_pipelines.media.rclone import Keys, Mover
from bc_pipelines.media.stream import stream
from bc_pipelines.media.transfer import clear, pull, push
from bc_pipelines_tests.media import servers

STEPS = frozenset(
    ("http.client.send", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "subprocess.Popen", "os.scandir")
)
_MOVER = Mover(Keys(servers.ACCESS_KEY, servers.SECRET_KEY))


def whole_run(
    way: str,
    address: str,
    source: str,
    target: str,
    ledger: Path,
    on_progress: OnProgress | None = None,
    speed: str = "",
) -> tuple[Plan, Moved]:
    """Plan, move, delete and write the ledger, as an operation would.

    Args:
        way: `copy`, `stream`, `pull` or `push`.
        address: of the server.
        source: name of the bucket, or path of the folder.
        target: the same.
        ledger: its file.
        on_progress: as the movers have it.
        speed: limit of rclone's.
    """
    s3 = client(servers.ACCESS_KEY, servers.SECRET_KEY, region="eu-west-2", endpoint=address)
    kept = FileLedger(ledger, f"{source} {target}")
    before = kept.load()
    mover = Mover(_MOVER.keys, bandwidth=speed)
    if way == "pull":
        bucket, folder = Bucket(source, s3), Folder(Path(target))
        fitting = Fitting(listing(bucket))
        plan = make_plan(fitting, Walk(folder), ledger=before, has_bytes_of=folder.has_bytes_of)
        moved = clear(plan, folder, pull(plan, bucket, folder, mover, on_progress))
    elif way == "push":
        folder, bucket = Folder(Path(source)), Bucket(target, s3)
        plan = make_plan(Walk(folder), listing(bucket), ledger=before, has_bytes_of=folder.has_bytes_of)
        moved = delete(plan, bucket, push(plan, folder, bucket, mover, on_progress))
    else:
        by: Callable[[Plan, Bucket, Bucket], Moved] = {"copy": copy, "stream": stream}[way]
        ours, theirs = Bucket(source, s3), Bucket(target, s3)
        plan = make_plan(listing(ours), listing(theirs), ledger=before)
        moved = delete(plan, theirs, by(plan, ours, theirs))
    moved.insist()
    kept.store(renewed(before, plan, moved))
    return plan, moved


def main(way: str, address: str, source: str, target: str, ledger: str, step: str) -> None:
    """Run, and be killed at a step; if there are fewer, print how many there were."""
    passed, here = 0, os.getpid()

    def count(event: str, _: object) -> None:
        nonlocal passed
        if event in STEPS and os.getpid() == here:
            passed += 1
            if passed == int(step):
                os.kill(here, signal.SIGKILL)

    # Everything is imported before anything counts.
    client("a", "b", region="eu-west-2", endpoint=address)
    sys.addaudithook(count)
    whole_run(way, address, source, target, Path(ledger))
    sys.stdout.write(str(passed))


if __name__ == "__main__":
    main(*sys.argv[1:])
