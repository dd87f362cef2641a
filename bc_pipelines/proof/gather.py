"""Reading the raw archive: take the identifiers that the list names, remember their digests, forget the rest.

Belongs here: walking tables and rows. Does not belong here: what identifies somebody within a value (extract.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import BinaryIO

from bc_pipelines.pgarchive.reader import ArchiveReader, Block
from bc_pipelines.pgarchive.support import TableData
from bc_pipelines.proof.bulk import LONGEST, Bulk
from bc_pipelines.proof.control import Control
from bc_pipelines.proof.declared import declare
from bc_pipelines.proof.extract import Extractor
from bc_pipelines.proof.hidden import DECODERS, Decoder
from bc_pipelines.proof.kinds import Shape
from bc_pipelines.proof.plain import Choices, PlainReader, may_hold, rows_that_may_hold
from bc_pipelines.proof.register import Register
from bc_pipelines.proof.rows import LONGEST_ROW
from bc_pipelines.proof.sources import Collect, Column, Sources
from bc_pipelines.proof.taken import Taken

# Of each table; the first few together, then one of each batch of rows.
_SAMPLED_ROWS = 12
_SAMPLED_AT_FIRST = 6


@dataclass
class Gathered:
    """What is known of a raw archive.

    Attributes:
        register: its identifiers, sealed.
        control: the positive control.
        left_out: how many values are not searched for, by the reason in words.
        absent: tables and columns of the list that the archive does not have.
        rows: how many rows of tables with identifiers were read.
        accounts: tables and columns in which published content excuses nothing.
        half_names: tables and columns in which it excuses only what does not name a person by itself.
    """

    register: Register
    control: Control
    left_out: dict[str, int] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    rows: int = 0
    accounts: frozenset[tuple[str, str]] = frozenset()
    half_names: frozenset[tuple[str, str]] = frozenset()


def gather(
    archive: BinaryIO,
    sources: Sources,
    choices: Choices,
    decoders: Sequence[Decoder] = DECODERS,
    *,
    shows: bool = False,
) -> Gathered:
    """Read a raw archive to its end.

    Args:
        archive: a stream that need not be seekable.
        sources: the list of identifiers.
        choices: who is kept.
        decoders: given to the control, so that it judges the same searcher that will search.
        shows: whether a terminal will be shown the texts that are found, see Register.

    Raises:
        ArchiveError: the archive is truncated, corrupt or of an unknown kind.
    """
    gatherer = _Gatherer(choices, decoders, Register(shows=shows))
    reader = ArchiveReader(archive, max_row=LONGEST_ROW)
    for block in reader.blocks():
        if block.table and (collect := sources.for_table(block.table.name, block.table.columns)):
            gatherer.read(block, block.table, collect)
    gathered = gatherer.finish()
    gathered.absent = _absent(sources, reader.tables)
    gathered.accounts = sources.accounts
    gathered.half_names = sources.half_names
    return gathered


def _absent(sources: Sources, tables: Sequence[TableData]) -> tuple[str, ...]:
    present = {table.name: frozenset(table.columns) for table in tables}
    missing = sources.collect.keys() - present.keys()
    for name in sources.collect.keys() & present.keys():
        collect = sources.collect[name]
        named = {column.name for column in collect.columns}.union(*collect.full_names)
        missing |= {f"{name}.{column}" for column in named - present[name]}
    return tuple(sorted(missing))


class _Gatherer:
    def __init__(self, choices: Choices, decoders: Sequence[Decoder], register: Register) -> None:
        self._choices = choices
        self._extractor = Extractor(choices.staff_domains)
        self._bulk = Bulk(self._extractor)
        self._gathered = Gathered(register, Control(decoders))
        declare(register, choices.public)

    def finish(self) -> Gathered:
        gathered = self._gathered
        gathered.register.seal()
        gathered.control.recall(gathered.register)
        gathered.left_out = dict(self._extractor.left_out)
        return gathered

    def read(self, block: Block, table: TableData, collect: Collect) -> None:
        places = [
            (column, table.columns.index(column.name)) for column in collect.columns if column.name in table.columns
        ]
        plain = PlainReader(self._choices, self._extractor, table, collect, places)
        # A reader of its own, so that what it leaves out is not counted twice.
        sampler = PlainReader(self._choices, Extractor(self._choices.staff_domains), table, collect, places)
        samples = 0
        is_sparse = not collect.everything and all(column.path for column, _ in places)
        keys = {column.path[0] for column, _ in places if column.path} if is_sparse else None
        for part in block.row_texts():
            self._gathered.rows += part.count(b"\n") if isinstance(part, bytes) else len(part)
            rows = _rows(part, keys if samples >= _SAMPLED_ROWS else None)
            del part
            if samples < _SAMPLED_ROWS:
                samples += self._offer(sampler, rows, _SAMPLED_AT_FIRST if not samples else 1)
            if collect.account_of or collect.full_names:
                self._read_one_by_one(rows, plain)
            elif rows:
                self._read_at_once(rows, plain, collect, places)

    def _read_one_by_one(self, rows: list[bytes], plain: PlainReader) -> None:
        # Taken out one by one, since each may have 32 MB or more.
        rows.reverse()
        while rows:
            for found in plain.read(rows.pop()):
                if found.stays:
                    self._gathered.register.keep(found.identifier.shape, found.identifier.text)
                else:
                    self._gathered.register.add(*found.identifier)

    def _read_at_once(
        self, rows: list[bytes], plain: PlainReader, collect: Collect, places: list[tuple[Column, int]]
    ) -> None:
        if max(map(len, rows)) > LONGEST:
            long = [row for row in rows if len(row) > LONGEST]
            rows[:] = [row for row in rows if len(row) <= LONGEST]
            self._read_one_by_one(long, plain)
        taken = Taken()
        if collect.everything and rows:
            self._bulk.everything(rows, taken)
        by_index: dict[int, list[Column]] = {}
        for column, index in places:
            by_index.setdefault(index, []).append(column)
        if all(column.path for column, _ in places):
            keys = {column.path[0] for column, _ in places}
            rows = [row for row in rows if may_hold(row, keys)]
        fields = [row.split(b"\t") for row in rows]
        for index, columns in by_index.items():
            cells = [each[index] for each in fields]
            for column in columns:
                if not column.path:
                    self._bulk.column(column.kind, cells, taken)
            if with_path := [column for column in columns if column.path]:
                self._bulk.in_documents(with_path, cells, taken)
        taken.remember(self._gathered.register)

    def _offer(self, sampler: PlainReader, rows: list[bytes], at_most: int) -> int:
        """Offer what stands in some rows to the control, which finds out whether it was remembered.

        Returns:
            How many rows; a long one is none of them.
        """
        sampled = list(islice((row for row in rows if len(row) <= LONGEST), at_most))
        for found in chain.from_iterable(map(sampler.read, sampled)):
            identifier = found.identifier
            if not found.stays and identifier.shape is not Shape.CELL:
                digest = self._gathered.register.digest(identifier.shape, identifier.text)
                self._gathered.control.sample(identifier, digest, found.raw, found.place)
        return len(sampled)


def _rows(part: bytes | list[bytes], keys: Collection[str] | None) -> list[bytes]:
    """The rows of a part of a table; where keys are given, those that may hold something behind them are enough."""
    if not isinstance(part, bytes):
        return part
    return part.split(b"\n")[:-1] if keys is None else rows_that_may_hold(part, keys)
