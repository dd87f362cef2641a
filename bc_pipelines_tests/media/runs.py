"""Whole runs between two places, as an operation would put them together of this package's parts."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bc_pipelines.media.bucket import Bucket
from bc_pipelines.media.fit import Fitting
from bc_pipelines.media.folder import Folder, Walk
from bc_pipelines.media.ledger import FileLedger, renewed
from bc_pipelines.media.listing import listing
from bc_pipelines.media.move import Moved, OnProgress, copy, delete
from bc_pipelines.media.plan import Plan, Rule, make_plan
from bc_pipelines.media.ranges import plan_in_ranges
from bc_pipelines.media.rclone import Keys, Mover
from bc_pipelines.media.stream import stream
from bc_pipelines.media.transfer import clear, pull, push
from bc_pipelines_tests.media import servers

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MOVER = Mover(Keys(servers.ACCESS_KEY, servers.SECRET_KEY))


def whole_run(
    way: str,
    s3: "S3Client",
    source: str,
    target: str,
    ledger: Path,
    on_progress: OnProgress | None = None,
    speed: str = "",
) -> tuple[Plan, Moved]:
    """Plan, move, delete and write the ledger, as an operation would.

    Args:
        way: `copy`, `stream`, `pull` or `push`.
        s3: the client of all buckets.
        source: name of the bucket, or path of the folder.
        target: the same.
        ledger: its file.
        on_progress: as the movers have it.
        speed: limit of rclone's.
    """
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
        plan = plan_in_ranges(ours, theirs, Rule(ledger=before))
        moved = delete(plan, theirs, by(plan, ours, theirs))
    moved.insist()
    kept.store(renewed(before, plan, moved))
    return plan, moved
