"""A search by several processes: it finds what one finds, to the last key, and ends with whoever asked for it."""

import io
import os
import signal
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from bc_pipelines.proof import spread
from bc_pipelines.proof.collector import Collector
from bc_pipelines.proof.errors import ProofFailed
from bc_pipelines.proof.gather import Gathered, gather
from bc_pipelines.proof.plain import Choices
from bc_pipelines.proof.result import Proof
from bc_pipelines.proof.scan import Share
from bc_pipelines.proof.sources import Sources
from bc_pipelines.proof.verdict import matches, verdict
from bc_pipelines_tests.proof.archives import Maker, read_to_the_end
from bc_pipelines_tests.waiting import until

SOURCES = Sources.load()
REMARKS = 3_000


@pytest.fixture(scope="module")
def leaky(maker: Maker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive in which nothing was replaced: many remarks, so that its table is cut, and some of them repeated."""
    people = [
        {"id": str(number), "email": f"resident{number}@home.example", "username": f"resident.{number:05}"}
        for number in range(1, REMARKS)
    ]
    remarks = [
        {"id": str(number), "issue": f"Ask resident{number % 50}@home.example about lamp {number * 7919}"}
        for number in range(1, REMARKS)
    ]
    # A table without a key of its own: rows are told by their numbers.
    renditions = [{"filter_spec": f"resident{number}@home.example"} for number in range(1, 40)]
    path = tmp_path_factory.mktemp("leaky") / "leaky.dump"
    path.write_bytes(
        maker.archive({"users_user": people, "feedback_feedbackcomment": remarks, "images_rendition": renditions})
    )
    return path


@pytest.fixture(scope="module")
def gathered(leaky: Path) -> Gathered:
    """What is known of it."""
    return gather(io.BytesIO(leaky.read_bytes()), SOURCES, Choices(), shows=True)


def proof_by(jobs: int, leaky: Path, gathered: Gathered) -> tuple[Proof, object]:
    """The proof of some processes, and the texts that a terminal would be shown."""
    finds = spread.search(leaky, gathered.register, SOURCES.published, jobs)
    return replace(verdict(gathered, finds, 0), seconds=0), matches(gathered, finds)


@pytest.mark.parametrize("jobs", [2, 3, 7])
def test_any_number_of_processes_finds_the_same(leaky: Path, gathered: Gathered, jobs: int) -> None:
    """Tables, columns, keys, row numbers, kinds, counts and shown texts do not depend on how many processes search."""
    alone = proof_by(1, leaky, gathered)
    assert len(alone[0].hits) > 40
    assert proof_by(jobs, leaky, gathered) == alone


@pytest.mark.parametrize("size", [0, 1, 5, 1 << 30])
@pytest.mark.parametrize("of", [1, 2, 3, 64])
def test_shares_are_the_whole_and_do_not_overlap(size: int, of: int) -> None:
    """Each share begins where the one before ends, the first at 0, and the last has no end."""
    ranges = [Share(number, of).range(size) for number in range(of)]
    assert ranges[0].start == 0
    assert ranges[-1].stop == sys.maxsize
    assert all(one.stop == following.start for one, following in pairwise(ranges))


def test_an_archive_that_breaks_off_is_said_by_all(leaky: Path, gathered: Gathered, tmp_path: Path) -> None:
    """Where another process cannot read its share, there is no result."""
    broken = tmp_path / "broken.dump"
    broken.write_bytes(leaky.read_bytes())
    other = spread._Other(broken, gathered.register, SOURCES.published, Share(1, 2))
    os.kill(other._process.pid or 0, signal.SIGKILL)
    with pytest.raises(ProofFailed, match="ended early"):
        other.finds()
    other.end()


@pytest.mark.skipif(sys.platform != "linux", reason="who began a process is read in /proc")
def test_the_others_end_with_the_proof(leaky: Path) -> None:
    """When the proof's process is killed, the processes that search for it end as well."""
    with leaky.open("rb") as source, Collector(staff_domains=()) as collector:
        read_to_the_end(collector.tee(source))
        os.close(collector._archive)
        collector._archive = -1
        fifo = leaky.with_name("fifo")
        os.mkfifo(fifo)
        pid = collector.pid
        collector._command({"target": str(fifo), "jobs": 3})
        until(lambda: len(_children(pid)) == 2)
        others = _children(pid)
        os.kill(pid, signal.SIGKILL)
        until(lambda: not any(map(_runs, others)))


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


def _runs(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
