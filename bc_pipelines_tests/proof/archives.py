"""Helpers for tests of the proof: archives with given rows, and a proof of two files, in this process or another."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Literal

from bc_pipelines.pgarchive import copytext
from bc_pipelines.pgarchive.reader import ArchiveReader
from bc_pipelines.pgarchive.writer import ArchiveWriter
from bc_pipelines.proof.collector import Collector
from bc_pipelines.proof.gather import gather
from bc_pipelines.proof.hidden import DECODERS, Decoder
from bc_pipelines.proof.plain import Choices
from bc_pipelines.proof.result import Match, Proof
from bc_pipelines.proof.scan import scan
from bc_pipelines.proof.search import Searcher
from bc_pipelines.proof.sources import Sources
from bc_pipelines.proof.verdict import verdict
from bc_pipelines_tests.planted import STAFF_DOMAINS

Rows = Mapping[str, Sequence[Mapping[str, str]]]


class Maker:
    """Makes archives with the tables of another one.

    Args:
        template: an archive.
    """

    def __init__(self, template: bytes) -> None:
        self._template = template

    def archive(self, rows: Rows) -> bytes:
        """An archive with these rows by table, and no others; columns that are not given are NULL."""
        template = ArchiveReader(io.BytesIO(self._template))
        assert rows.keys() <= {table.name for table in template.tables}
        target = io.BytesIO()
        writer = ArchiveWriter(target, template.header, template.entries)
        for block in template.blocks():
            assert block.table
            with writer.block(block.dump_id) as written:
                for row in rows.get(block.table.name, ()):
                    assert row.keys() <= set(block.table.columns)
                    values = [row[name].encode() if name in row else None for name in block.table.columns]
                    written.write_row(copytext.join(values))
        writer.finish()
        return target.getvalue()


def proof_of(
    raw: bytes,
    written: bytes,
    folder: Path,
    staff_domains: frozenset[str] = STAFF_DOMAINS,
    decoders: Sequence[Decoder] = DECODERS,
    public: tuple[str, ...] = (),
) -> Proof:
    """Carry out a proof without the child process."""
    target = folder / "written.dump"
    target.write_bytes(written)
    sources = Sources.load()
    gathered = gather(io.BytesIO(raw), sources, Choices(staff_domains, public=public), decoders)
    return verdict(
        gathered, scan(target, gathered.register, Searcher(gathered.register, decoders), sources.published), 0
    )


def prove(
    target: Path,
    against: Path,
    staff_domains: Iterable[str] = (),
    staff_passwords: Literal["keep", "replace"] = "keep",
    *,
    public: Sequence[str] = (),
    show: Callable[[Match], None] | None = None,
) -> Proof:
    """Carry out a proof with the child process, which ends with it.

    Args:
        target: the written archive.
        against: the raw archive.
        staff_domains: as for Collector.
        staff_passwords: as for Collector.
        public: as for Collector.
        show: as for Collector.
    """
    with (
        against.open("rb") as source,
        Collector(staff_domains=staff_domains, staff_passwords=staff_passwords, public=public, show=show) as collector,
    ):
        read_to_the_end(collector.tee(source))
        return collector.search(target)


def read_to_the_end(stream: BinaryIO) -> None:
    """Read whatever there is."""
    while stream.read(10_000):
        pass


def places(proof: Proof) -> set[tuple[str, str, str]]:
    """Table, column and kind of everything that failed a proof."""
    return {(hit.table, hit.column, hit.kind) for hit in proof.hits}
