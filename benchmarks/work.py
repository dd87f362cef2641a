"""`python -m benchmarks.work ARCHIVE JOBS TARGET`: sanitise and prove one archive, and print what that took.

A process of its own, so that its memory is the product's alone. It does what `operations.sanitise` does between the
download and the upload.
"""

import json
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.policy import Policy
from bc_pipelines.privacy.sanitiser import sanitise
from bc_pipelines.proof import Collector
from benchmarks import resources

STAFF_DOMAINS = frozenset(("buckinghamshire.example", "torchbox.example"))
POLICY = Policy("staging", STAFF_DOMAINS, "keep", "sink@mail.example", "a shared password")


@dataclass(frozen=True)
class Work:
    """What sanitising and proving one archive took.

    Attributes:
        bytes_read: size of the raw archive.
        identifiers: how many were searched for.
        sanitiser_cpu: processor seconds of the sanitising process, from its start.
        proof_cpu: processor seconds of the proof's process.
        sanitiser_peak: most memory of the sanitising process, in bytes.
        proof_peak: most memory of the proof's process, in bytes.
        wall: seconds from the first byte to the proof's result.
    """

    bytes_read: int
    identifiers: int
    sanitiser_cpu: float
    proof_cpu: float
    sanitiser_peak: int
    proof_peak: int
    wall: float

    @property
    def cpu(self) -> float:
        """Processor seconds of both processes."""
        return self.sanitiser_cpu + self.proof_cpu


def work(archive: Path, jobs: int, written: Path) -> Work:
    """Sanitise and prove an archive.

    Args:
        archive: the raw archive.
        jobs: how many processes search.
        written: where the sanitised archive goes.

    Raises:
        RuntimeError: the proof failed, so that there is nothing to measure.
    """
    started = time.monotonic()
    with (
        written.open("w+b") as target,
        archive.open("rb") as source,
        Collector(staff_domains=STAFF_DOMAINS) as collector,
    ):
        raw = collector.tee(source)
        manifest = sanitise(raw, target, Catalogue.load(), POLICY)
        proof = collector.search(written, jobs)
    if not proof.passed:
        raise RuntimeError(f"the archive is not proven: {proof.reason}")
    own = resource.getrusage(resource.RUSAGE_SELF)
    return Work(
        bytes_read=manifest.bytes_read,
        identifiers=sum(proof.identifiers.values()),
        sanitiser_cpu=own.ru_utime + own.ru_stime,
        proof_cpu=resources.of_children(),
        sanitiser_peak=resources.own_peak(),
        proof_peak=resources.childs_peak(),
        wall=time.monotonic() - started,
    )


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(work(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))))
