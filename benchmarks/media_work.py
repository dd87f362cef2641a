"""`python -m benchmarks.media_work WAY ADDRESS SOURCE TARGET LEDGER`: what one step of a run does, in a process.

It begins when told to, in a process that has used S3 before, as a reset's has by then, says when it is done, and ends
with its input.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bc_pipelines.media.bucket import Bucket, client
from bc_pipelines.media.listing import listing
from bc_pipelines.media.plan import Rule
from bc_pipelines.media.ranges import plan_in_ranges
from bc_pipelines_tests.media import servers
from bc_pipelines_tests.media.runs import whole_run

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def main(way: str, address: str, source: str, target: str, ledger: str) -> None:
    """Get ready, wait for a line, then plan only, or plan and move."""
    bucket = Bucket(target if way == "push" else source, _client(address))
    next(listing(bucket), None)
    _say("ready")
    s3 = _client(address)
    if way == "plan":
        plan_in_ranges(Bucket(source, s3), Bucket(target, s3), Rule())
    else:
        whole_run(way, s3, source, target, Path(ledger))
    _say("done")


def _say(where: str) -> None:
    """Say how far it is, and wait for a line or the end of the input."""
    sys.stdout.write(f"{where}\n")
    sys.stdout.flush()
    sys.stdin.readline()


def _client(address: str) -> "S3Client":
    return client(servers.ACCESS_KEY, servers.SECRET_KEY, region="eu-west-2", endpoint=address)


if __name__ == "__main__":
    main(*sys.argv[1:])
