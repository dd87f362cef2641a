"""What `bucks archive` does to an archive: sanitise it and prove the copy, or prove a copy that is there.

Belongs here: order, and that a target exists only when it is whole and proven. Does not belong here: looking at an
archive (see `inspection`), places on the disk (see `archive_places`), what is personal (see `privacy`), what is
searched for (see `proof`), reading a command line and printing. Needs no server, no token and no Dagster.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from bc_pipelines.operations.archive_places import Places
from bc_pipelines.operations.archive_source import Source, open_file
from bc_pipelines.operations.copying import Shared, collector_for, digest, jobs_for, write_copy
from bc_pipelines.pgarchive import ArchiveReader
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.manifest import Manifest
from bc_pipelines.privacy.policy import Policy
from bc_pipelines.proof import Match, Proof


class Watch(Protocol):
    """Is told how far the work is."""

    def stage(self, title: str, total: int | None) -> None:
        """A part of the work begins; `total` is its size in bytes, where that is known."""

    def wait(self, title: str) -> None:
        """A part begins that cannot say how far it is."""

    def at(self, done: int) -> None:
        """So many bytes of the last stage are done."""


class NotProven(Exception):
    """The search found identifiers in the written archive, or cannot be believed.

    Attributes:
        proof: what it found: tables, columns, keys and kinds, no values.
    """

    def __init__(self, proof: Proof) -> None:
        self.proof = proof
        super().__init__(proof.summary())


@dataclass(frozen=True)
class Sanitised:
    """A proven archive that is in its place.

    Attributes:
        target: where it is.
        size_bytes: its size.
        sha256: its digest, in hexadecimal.
        manifest: what was done, table by table.
        proof: what was searched for, and not found.
    """

    target: Path
    size_bytes: int
    sha256: str
    manifest: Manifest
    proof: Proof


def sanitise_archive(
    source: Source,
    places: Places,
    catalogue: Catalogue,
    rules: Policy,
    watch: Watch,
    *,
    public: Sequence[str] = (),
    jobs: int | None = None,
    show: Callable[[Match], None] | None = None,
) -> Sanitised:
    """Write a sanitised copy of an archive, and put it in its place once the proof has passed.

    Until then it is in a private folder beside its place, which is gone afterwards. Whoever kills this process may
    leave such a folder behind, but never a target.

    Args:
        source: the raw archive.
        places: where the results go.
        catalogue: what is decided about each table and column.
        rules: profile and council's choices.
        watch: is told how far the work is.
        public: texts that somebody looked at and declared public, for the proof.
        jobs: how many processes search the copy, or None to leave that to its size and this machine.
        show: is given texts that the proof found where they should not be; for a terminal only.

    Returns:
        The archive and the evidence about it.

    Raises:
        Refused: a place that must not be written to.
        CatalogueRefusal: something in the archive is unknown; no row was read.
        ArchiveError: the raw archive is truncated, corrupt or of an unsupported kind.
        SanitiseError: a row could not be made safe.
        NotProven: the proof did not pass.
        ProofFailed: the proof could not be carried out.
        BadSource: the raw archive cannot be read to its end.
        OSError: a file could not be written; every place is as it was.
    """
    places.check()
    places.spare(source)
    watch.stage("Sanitising", source.total)
    with ExitStack() as stack:
        drafts = places.drafts(stack)
        with collector_for(rules, public, show) as collector:
            manifest = write_copy(source.watched(watch.at), drafts[0], catalogue, rules, collector)
            watch.wait("Searching the copy")
            proof = collector.search(drafts[0], jobs_for(drafts[0], jobs))
        if not proof.passed:
            raise NotProven(proof)
        if places.manifest is not None:
            _write_text(drafts[1], manifest.to_json())
        sanitised = Sanitised(places.target, drafts[0].stat().st_size, digest(drafts[0]), manifest, proof)
        places.check()
        places.spare(source)
        places.fill(drafts)
        return sanitised


def prove_archive(
    target: Path,
    against: Source,
    rules: Policy,
    watch: Watch,
    *,
    public: Sequence[str] = (),
    jobs: int | None = None,
    show: Callable[[Match], None] | None = None,
) -> Proof:
    """Search an archive for the identifiers of the raw one that it was made from.

    Args:
        target: the sanitised archive.
        against: the raw archive.
        rules: profile and council's choices, which say whose accounts are kept.
        watch: is told how far the work is.
        public: texts that somebody looked at and declared public.
        jobs: how many processes search, or None to leave that to the archive's size and this machine.
        show: is given texts that were found where they should not be; for a terminal only.

    Raises:
        ArchiveError: either archive is truncated, corrupt or of an unsupported kind.
        ProofFailed: the search could not be carried out.
        BadSource: an archive cannot be read.
    """
    with open_file(target) as written:
        watch.stage("Reading the copy", written.total)
        _walk(written.watched(watch.at))
    with collector_for(rules, public, show) as collector:
        raw = Shared(against.watched(watch.at), collector)
        watch.stage("Reading the raw archive", against.total)
        _walk(cast(BinaryIO, raw))
        raw.finish()
        watch.wait("Searching the copy")
        return collector.search(target, jobs_for(target, jobs))


def _walk(stream: BinaryIO) -> None:
    """Insist that an archive is whole, down to the last row."""
    for block in ArchiveReader(stream).blocks():
        block.count_rows()


def _write_text(path: Path, text: str) -> None:
    path.touch(mode=0o600, exist_ok=False)
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
