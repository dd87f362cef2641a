"""The product's own way, whole: from a backup's address to a database that has passed its checks.

It is what `bucks pull data` does, function for function: downloaded by Range over TLS, sanitised and proven on the way,
restored beside the old database, every table counted against the manifest, searched for what the public sent in,
swapped in by name. As `python -m benchmarks.refresh DATABASE SCRATCH` it is one such refresh, in a process of its own;
the address, which is signed, comes through standard input.
"""

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.laptop import Laptop
from bc_pipelines.operations import local_data, local_make, local_source, local_target
from bc_pipelines.operations.local_wishes import Wishes
from bc_pipelines.settings import Environment, Privacy
from bc_pipelines_tests.postgres import Cluster
from benchmarks import resources
from benchmarks.production import CHECKOUT
from benchmarks.served import served
from benchmarks.work import STAFF_DOMAINS

_DATABASE = "refreshed"
_SECONDS = 3600
RESTORING = "Restoring"
"""The stage that begins when the archive is proven."""
_COUNCIL = Privacy(STAFF_DOMAINS, "keep", "sink@mail.example", "a shared password")
_PRODUCTION = Environment("production", "production", writable=False, hosts=(), sites={}, standing_approval=None)


@dataclass(frozen=True)
class Refresh:
    """What one refresh took.

    Attributes:
        sanitiser: processor seconds of the process that downloads, sanitises and checks.
        proof: of the proof's process.
        client: of `pg_restore`.
        server: of all processes of the database server.
        wall: seconds by the clock, from the process's start to its end.
        stages: seconds by the clock of each stage, as the product tells its users.
        peak: the most memory that one of its processes had resident, in bytes.
        rows: how many rows were counted.
    """

    sanitiser: float
    proof: float
    client: float
    server: float
    wall: float
    stages: dict[str, float]
    peak: int
    rows: int

    @property
    def cpu(self) -> float:
        """Processor seconds of all together."""
        return self.sanitiser + self.proof + self.client + self.server

    @property
    def restoring(self) -> float:
        """Seconds by the clock of restoring, checking and swapping: all there is to do with a proven archive."""
        stages = list(self.stages)
        return sum(self.stages[each] for each in stages[stages.index(RESTORING) :])


@dataclass(frozen=True)
class _Told:
    """What the process tells of itself."""

    sanitiser: float
    proof: float
    client: float
    stages: dict[str, float]
    peak: int
    rows: int


def refresh(cluster: Cluster, raw: Path, folder: Path) -> Refresh:
    """Measure one refresh.

    Args:
        cluster: where the database is made.
        raw: the raw archive.
        folder: for everything else.

    Raises:
        RuntimeError: it failed, or a check did not pass.
    """
    cluster.execute(f'DROP DATABASE IF EXISTS "{_DATABASE}" WITH (FORCE)')
    with served(raw, folder / "tls") as (address, authority):
        variables = {"PATH": f"{cluster.bin_dir}:{os.defpath}", "SSL_CERT_FILE": str(authority), "HOME": str(folder)}
        command = (sys.executable, "-m", "benchmarks.refresh", cluster.url(_DATABASE), str(folder / "scratch"))
        postmaster = resources.postmaster_of(cluster)
        server, started = resources.of_server(postmaster), time.monotonic()
        done = subprocess.run(
            command, env=variables, cwd=CHECKOUT, input=address, capture_output=True, text=True, timeout=_SECONDS,
            check=False,
        )  # fmt: skip
        wall = time.monotonic() - started
    if done.returncode:
        raise RuntimeError(f"a refresh failed:\n{done.stderr[-2000:]}")
    return Refresh(**json.loads(done.stdout), server=resources.of_server(postmaster) - server, wall=wall)


@dataclass
class _Clock:
    """Is told by the product which stage begins, and notes when, and what the processor had done by then."""

    begun: list[tuple[str, float]] = field(default_factory=list)
    proof: float = 0.0

    def stage(self, title: str, _total: int | None) -> None:
        self.wait(title)

    def wait(self, title: str) -> None:
        self.begun.append((title, time.monotonic()))
        if title == RESTORING:
            # Of the children, only the proof's process has been waited for by now.
            self.proof = resources.of_children()

    def at(self, done: int) -> None:
        """How far it is within a stage is not measured."""

    def stages(self) -> dict[str, float]:
        """Seconds of each stage."""
        ends = [moment for _, moment in self.begun[1:]] + [time.monotonic()]
        return {title: end - start for (title, start), end in zip(self.begun, ends, strict=True)}


def main(database_url: str, scratch: Path, address: str) -> None:
    """One refresh in this process; prints what it took."""
    clock, judged = _Clock(), list[tuple[str, Verdict]]()
    laptop = Laptop(database_url, "BC_LOCAL_DATABASE_URL", frozenset(), {})
    choices = local_source.sanitising(_COUNCIL, ())
    wishes = Wishes("drop", end_connections=True, scratch=scratch, judged=lambda *each: judged.append(each))
    pulled = local_data.pull(
        local_source.from_file(address, _PRODUCTION, choices),
        local_target.local_target(laptop, {}),
        laptop,
        wishes,
        clock,
    )
    if [name for name, verdict in judged if verdict.passed] != list(local_make.CHECKS):
        raise RuntimeError("the product did not judge the new database, so there is nothing to measure")
    own = resource.getrusage(resource.RUSAGE_SELF)
    told = _Told(
        sanitiser=own.ru_utime + own.ru_stime,
        proof=clock.proof,
        client=resources.of_children() - clock.proof,
        stages=clock.stages(),
        peak=max(resources.own_peak(), resources.childs_peak()),
        rows=pulled.rows,
    )
    sys.stdout.write(json.dumps(asdict(told)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.stdin.read())
