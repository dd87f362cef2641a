"""`python -m benchmarks.media_work WAY ADDRESS SOURCE TARGET LEDGER`: one run of this product's, in a process.

Its time has the interpreter's start and every import in it, as its rivals' time has theirs.
"""

import sys
from pathlib import Path

from bc_pipelines.media.bucket import Bucket, client
from bc_pipelines.media.plan import Rule
from bc_pipelines.media.ranges import plan_in_ranges
from bc_pipelines_tests.media import servers
from bc_pipelines_tests.media.runs import whole_run


def main(way: str, address: str, source: str, target: str, ledger: str) -> None:
    """Plan only, or plan and move."""
    s3 = client(servers.ACCESS_KEY, servers.SECRET_KEY, region="eu-west-2", endpoint=address)
    if way == "plan":
        sys.stdout.write(str(plan_in_ranges(Bucket(source, s3), Bucket(target, s3), Rule()).kept))
    else:
        whole_run(way, s3, source, target, Path(ledger))


if __name__ == "__main__":
    main(*sys.argv[1:])
