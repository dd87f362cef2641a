"""Searching a written archive: every value of every column of every table, and the table of contents.

Belongs here: walking the archive and saying where something stands. Does not belong here: recognising it (search.py),
deciding what the finds mean (verdict.py).
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path

from bc_pipelines.pgarchive import copytext
from bc_pipelines.pgarchive.reader import ArchiveReader, Block
from bc_pipelines.pgarchive.support import TableData
from bc_pipelines.pgarchive.toc import Entry
from bc_pipelines.proof.extract import half_name
from bc_pipelines.proof.kinds import Kind, Shape
from bc_pipelines.proof.published import PublishedRows, readable
from bc_pipelines.proof.register import Register
from bc_pipelines.proof.rows import LONGEST_ROW, key_of, own_cell
from bc_pipelines.proof.search import Searcher
from bc_pipelines.proof.sources import Published
from bc_pipelines.proof.text import SEPARATOR

CONTENTS = "(table of contents)"
KEYS_KEPT = 20
MOST_FINDS = 200_000
# Cutting up a long row twice would cost more than looking into each of its values.
_LONG_ROW = 4096
_FIRST_AND_LAST_NAME = ("first_name", "last_name")

Key = int | str


@dataclass
class Sighting:
    """Where in one column one identifier stands: in how many rows, and the keys of the first of them."""

    rows: int = 0
    keys: list[Key] = field(default_factory=list)


@dataclass
class Finds:
    """What a search found.

    Attributes:
        sightings: by table and column, then by digest.
        public: digests that stand in published content.
        values: how many values were looked into.
        tables: how many tables' data.
        complete: false if the search stopped early because there was so much.
        different: how many sightings there are in all.
    """

    sightings: dict[tuple[str, str], dict[int, Sighting]] = field(default_factory=lambda: defaultdict(dict))
    public: set[int] = field(default_factory=set)
    values: int = 0
    tables: int = 0
    complete: bool = True
    different: int = 0

    def add(self, table: str, column: str, key: Key, digest: int) -> None:
        """Note that an identifier stands in a value."""
        column_sightings = self.sightings[table, column]
        if digest not in column_sightings:
            column_sightings[digest] = Sighting()
            self.different += 1
        sighting = column_sightings[digest]
        sighting.rows += 1
        if len(sighting.keys) < KEYS_KEPT:
            sighting.keys.append(key)


@dataclass(frozen=True)
class Share:
    """One of several equal parts of an archive, by its bytes. A batch of rows is in the part in which its bytes end.

    Attributes:
        number: which part, from 0.
        of: how many there are.
    """

    number: int = 0
    of: int = 1

    def range(self, size: int) -> range:
        """The places in an archive of a size that belong to this part; the last one has whatever comes behind."""
        end = size * (self.number + 1) // self.of if self.number + 1 < self.of else sys.maxsize
        return range(size * self.number // self.of, end)


EVERYTHING = Share()


def scan(
    target: Path, register: Register, searcher: Searcher, published: Published, share: Share = EVERYTHING
) -> Finds:
    """Search a written archive, or a share of it.

    Args:
        target: the archive.
        register: the sealed register, to tell kinds.
        searcher: what finds its identifiers.
        published: what everybody can read anyway.
        share: which part of it; the first one has the table of contents too.

    Raises:
        ArchiveError, OSError: the archive cannot be read.
    """
    with target.open("rb") as archive:
        everybody = readable(archive, published)
    places = _places(target)
    wanted = share.range(target.stat().st_size)
    finds = Finds()
    with target.open("rb") as archive:
        reader = ArchiveReader(archive, max_row=LONGEST_ROW)
        if not share.number:
            _search_contents(reader, register, searcher, finds)
        for block in reader.blocks():
            begins, ends = places[block.dump_id]
            if ends < wanted.start or begins >= wanted.stop:
                continue
            finds.tables += begins in wanted
            rows = PublishedRows(published, everybody, block.table)
            search = _TableSearch(block.table, register, searcher, rows, finds)
            search.search(block, lambda: reader.position in wanted)
            if finds.different > MOST_FINDS:
                finds.complete = False
                break
    return finds


def _places(target: Path) -> dict[int, tuple[int, int]]:
    """Where each block begins and ends, by dump id; nothing is decompressed for it."""
    places = {}
    with target.open("rb") as archive:
        reader = ArchiveReader(archive, max_row=LONGEST_ROW)
        for block in reader.blocks():
            begins = reader.position
            block.pass_over()
            places[block.dump_id] = (begins, reader.position)
    return places


def _search_contents(reader: ArchiveReader, register: Register, searcher: Searcher, finds: Finds) -> None:
    """Search names and definitions. A user name made of letters only is likely a word of SQL here, and passed over."""
    header = reader.header
    texts = [("header", 0, text) for text in (header.dbname, header.server_version, header.dump_version) if text]
    for entry in reader.entries:
        texts.extend((f"{entry.desc}.{name}", entry.dump_id, value) for name, value in _texts(entry))
    finds.values += len(texts)
    encoded = [text.encode("utf-8", "surrogateescape") for _, _, text in texts]
    if not searcher.in_value(SEPARATOR.join(encoded)):
        return
    for (place, key, _), text in zip(texts, encoded, strict=True):
        for digest in searcher.in_value(text):
            if tuple(register.kinds(digest)) != (Kind.WORD_USERNAME,):
                finds.add(CONTENTS, place, key, digest)


def _texts(entry: Entry) -> list[tuple[str, str]]:
    values = [(each.name, getattr(entry, each.name)) for each in fields(entry)]
    return [(name, value) for name, value in values if isinstance(value, str) and value]


class _TableSearch:
    """Searches the rows of one table, first in bulk and, where something is found, value by value."""

    def __init__(
        self, table: TableData, register: Register, searcher: Searcher, published: PublishedRows, finds: Finds
    ) -> None:
        self._table = table
        self._register = register
        self._searcher = searcher
        self._published = published
        self._finds = finds
        self._key = key_of(table)
        self._name = (
            [table.columns.index(name) for name in _FIRST_AND_LAST_NAME]
            if set(_FIRST_AND_LAST_NAME) <= set(table.columns)
            else []
        )

    def search(self, block: Block, is_wanted: Callable[[], bool]) -> None:
        """Search the batches of rows behind which the archive stands at a wanted place."""
        number = 0
        for part in block.row_texts():
            count = part.count(b"\n") if isinstance(part, bytes) else len(part)
            if is_wanted():
                self._finds.values += count * len(self._table.columns)
                self._search_part(part, number)
                if self._finds.different > MOST_FINDS:
                    return
            number += count

    def _search_part(self, part: bytes | list[bytes], number: int) -> None:
        """Search some rows, before which there are a number of others."""
        text = part if isinstance(part, bytes) else b"\n".join(part)
        if self._searcher.in_rows(text) or (self._name and self._may_hold_names(text)):
            rows = part.split(b"\n")[:-1] if isinstance(part, bytes) else part
            for offset, row in enumerate(rows, number + 1):
                self._search_row(row, offset)

    def _may_hold_names(self, text: bytes) -> bool:
        """Whether names that two columns make, or halves of them, stand in any of some rows."""
        rows = [copytext.raw_fields(row) for row in text.removesuffix(b"\n").split(b"\n")]
        halves = (half for row in rows for _, half in self._half_names(row))
        return bool(self._searcher.in_rows(b"\n".join(map(self._full_name, rows)))) or any(
            self._register.known(Shape.CELL, halves)
        )

    def _search_row(self, row: bytes, number: int) -> None:
        fields_ = copytext.raw_fields(row)
        if self._name:
            self._search_full_name(fields_, number)
            self._search_half_names(fields_, number)
        if len(row) < _LONG_ROW and not self._searcher.in_rows(row):
            return
        for column, value in zip(self._table.columns, fields_, strict=True):
            for digest in self._searcher.in_rows(value):
                self._note(fields_, column, number, digest)

    def _full_name(self, row: list[bytes]) -> bytes:
        return b" ".join([row[index] for index in self._name])

    def _search_full_name(self, row: list[bytes], number: int) -> None:
        """Look for a name that two columns make together."""
        alone = [self._searcher.in_rows(row[index]) for index in self._name]
        for digest in self._searcher.in_rows(self._full_name(row)).difference(*alone):
            self._note(row, ", ".join(_FIRST_AND_LAST_NAME), number, digest)

    def _half_names(self, row: list[bytes]) -> Iterator[tuple[str, bytes]]:
        """Each half of a name with its column, as it is compared where it stands."""
        for column, index in zip(_FIRST_AND_LAST_NAME, self._name, strict=True):
            if place := own_cell(self._table, column, row):
                half = half_name(copytext.unescape(row[index]) or b"", place)
                if half:
                    yield column, half.text

    def _search_half_names(self, row: list[bytes], number: int) -> None:
        """Look whether a name still stands in the very cell where it stood in the raw archive."""
        for column, half in self._half_names(row):
            for digest in self._register.known(Shape.CELL, [half]):
                self._note(row, column, number, digest)

    def _note(self, row: list[bytes], column: str, number: int, digest: int) -> None:
        if self._published.is_published(row, column):
            self._finds.public.add(digest)
        key = row[self._key] if self._key is not None else b""
        self._finds.add(self._table.name, column, int(key) if key.isdigit() else f"row {number}", digest)
