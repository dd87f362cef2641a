"""Sanitising files: a target exists only when it is whole and proven, whatever goes wrong on the way."""

import io
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from bc_pipelines.operations.archive_places import Places
from bc_pipelines.operations.archive_source import BadSource, Source, open_source
from bc_pipelines.operations.archives import NotProven, Sanitised, prove_archive, sanitise_archive
from bc_pipelines.operations.errors import Refused
from bc_pipelines.pgarchive import ArchiveError
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.policy import Policy
from bc_pipelines.proof import Match, ProofFailed
from bc_pipelines_tests.archive_samples import STAFF_DOMAIN, dump_site, leaky_catalogue
from bc_pipelines_tests.postgres import Cluster, oldest_bindir

RULES = Policy("staging", frozenset((STAFF_DOMAIN,)), "keep", "sink@staging.example", "open-staging")


@dataclass
class Diary:
    """Notes what it is told."""

    titles: list[str] = field(default_factory=list)
    done: int = 0

    def stage(self, title: str, total: int | None) -> None:
        """Note a part of the work."""
        self.titles.append(f"{title} {total}")

    def wait(self, title: str) -> None:
        """Note a part of the work."""
        self.titles.append(title)

    def at(self, done: int) -> None:
        """Note how far it is."""
        self.done = done


@dataclass
class Interfering:
    """A source during whose reading something happens, once the first bytes are read."""

    stream: BinaryIO
    happens: Callable[[], object]
    reads: int = 0

    def read(self, size: int) -> bytes:
        """Read in small pieces."""
        self.reads += 1
        if self.reads == 2:
            self.happens()
        return self.stream.read(min(size, 4096))


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The small site's archive."""
    with Cluster(oldest_bindir()) as cluster:
        yield dump_site(cluster, tmp_path_factory.mktemp("raw") / "raw.dump")


def sanitised(source: BinaryIO, places: Places, catalogue: Catalogue | None = None) -> Sanitised:
    """A staging copy."""
    opened = Source("the test's archive", source, None)
    return sanitise_archive(opened, places, catalogue or Catalogue.load(), RULES, Diary())


def children() -> set[int]:
    """The processes that this one has started."""
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()}


def test_progress_is_told(raw: Path, tmp_path: Path) -> None:
    """Whoever watches is told the size, every byte up to it, and that the search has begun."""
    diary = Diary()
    with open_source(str(raw)) as source:
        sanitise_archive(source, Places(tmp_path / "clean.dump"), Catalogue.load(), RULES, diary)
    assert diary.titles == [f"Sanitising {raw.stat().st_size}", "Searching the copy"]
    assert diary.done == raw.stat().st_size


def test_a_target_that_appears_meanwhile_stays(raw: Path, tmp_path: Path) -> None:
    """What somebody else wrote while the copy was made is not replaced."""
    target = tmp_path / "clean.dump"
    with raw.open("rb") as file, pytest.raises(Refused, match="is there already"):
        sanitised(cast(BinaryIO, Interfering(file, lambda: target.write_bytes(b"precious"))), Places(target))
    assert [path.name for path in tmp_path.iterdir()] == ["clean.dump"]
    assert target.read_bytes() == b"precious"


def killing_the_proof(content: bytes) -> BinaryIO:
    """A source during whose reading the proof's process dies."""
    before = children()

    def kill() -> None:
        (proof,) = children() - before
        os.kill(proof, signal.SIGKILL)
        os.waitid(os.P_PID, proof, os.WEXITED | os.WNOWAIT)

    return cast(BinaryIO, Interfering(io.BytesIO(content), kill))


def test_without_a_proof_there_is_no_target(raw: Path, tmp_path: Path) -> None:
    """If the proof's process dies, the copy is removed, however good it may be."""
    with pytest.raises(ProofFailed):
        sanitised(killing_the_proof(raw.read_bytes()), Places(tmp_path / "clean.dump"))
    assert list(tmp_path.iterdir()) == []


def test_the_archive_is_complained_about_first(raw: Path, tmp_path: Path) -> None:
    """If the raw archive is broken, that is the complaint, even where the proof's process gave up earlier."""
    with pytest.raises(ArchiveError):
        sanitised(killing_the_proof(raw.read_bytes()[:-100]), Places(tmp_path / "clean.dump"))
    assert list(tmp_path.iterdir()) == []


def test_a_broken_archive_is_an_archive_error(raw: Path, tmp_path: Path) -> None:
    """Wherever the raw archive ends early, the complaint is about the archive, not about the proof."""
    content = raw.read_bytes()
    for end in range(0, len(content), len(content) // 7):
        with pytest.raises(ArchiveError):
            sanitised(io.BytesIO(content[:end]), Places(tmp_path / "clean.dump"))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_proof_says_where(raw: Path, tmp_path: Path) -> None:
    """The error carries places, and the texts go only to whoever asked to be shown them."""
    leaky = Catalogue.load(leaky_catalogue(tmp_path / "leaky.toml"))
    shown: list[Match] = []
    with open_source(str(raw)) as source, pytest.raises(NotProven) as caught:
        sanitise_archive(source, Places(tmp_path / "clean.dump"), leaky, RULES, Diary(), show=shown.append)
    assert {(hit.table, hit.column) for hit in caught.value.proof.hits} == {("users_user", "username")}
    assert [match.text for match in shown] == ["visitor-bo"]
    assert "visitor-bo" not in f"{caught.value} {caught.value.proof!r} {shown!r}"
    assert not (tmp_path / "clean.dump").exists()


def test_what_is_declared_public_may_be_found(raw: Path, tmp_path: Path) -> None:
    """A text that somebody declared public fails no proof, neither with the copy nor alone."""
    leaky = Catalogue.load(leaky_catalogue(tmp_path / "leaky.toml"))
    target = tmp_path / "clean.dump"
    with open_source(str(raw)) as source:
        sanitise_archive(source, Places(target), leaky, RULES, Diary(), public=("visitor-bo",))
    with open_source(str(raw)) as source:
        assert prove_archive(target, source, RULES, Diary(), public=("visitor-bo",)).passed
    with open_source(str(raw)) as source:
        assert not prove_archive(target, source, RULES, Diary()).passed


def test_a_folder_is_no_source(tmp_path: Path) -> None:
    """What cannot be opened is named."""
    with pytest.raises(BadSource, match="Is a directory"), open_source(str(tmp_path)):
        pass
