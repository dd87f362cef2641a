"""Reading the raw archive: take the identifiers that the list names, remember their digests, forget the rest.

Belongs here: walking tables and rows. Does not belong here: what identifies somebody within a value (extract.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO, Literal

from bc_pipelines.pgarchive import copytext
from bc_pipelines.pgarchive.reader import ArchiveReader, Block
from bc_pipelines.pgarchive.support import TableData
from bc_pipelines.proof import documents, text
from bc_pipelines.proof.control import Control
from bc_pipelines.proof.declared import declare
from bc_pipelines.proof.extract import Extractor, Identifier, half_name
from bc_pipelines.proof.hidden import DECODERS, Decoder
from bc_pipelines.proof.kinds import Shape
from bc_pipelines.proof.register import Register
from bc_pipelines.proof.rows import LONGEST_ROW, own_cell
from bc_pipelines.proof.seams import ENDS_OF_FIELDS, windows
from bc_pipelines.proof.sources import Collect, Column, Sources

_ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class Choices:
    """Who is kept by choice, and what was declared public.

    Attributes:
        staff_domains: e-mail domains, matched exactly; their addresses and accounts are not searched for.
        staff_passwords: whether the accounts' password hashes stay as well.
        public: e-mail addresses, telephone numbers, names and words that somebody looked at and declared public.
    """

    staff_domains: frozenset[str] = frozenset()
    staff_passwords: Literal["keep", "replace"] = "keep"
    public: tuple[str, ...] = field(default=(), repr=False)


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
        for rows in block.row_batches():
            self._gathered.rows += len(rows)
            if collect.everything:
                self._take_everything(rows, table)
            # Taken out one by one, since each may have 32 MB or more.
            rows.reverse()
            while rows:
                self._read_row(copytext.raw_fields(rows.pop()), table, collect, places)

    def _read_row(
        self, fields: list[bytes], table: TableData, collect: Collect, places: list[tuple[Column, int]]
    ) -> None:
        kept = collect.account_of in table.columns and self._extractor.is_staff(
            copytext.unescape(fields[table.columns.index(collect.account_of)]) or b""
        )
        taken: set[Identifier] = set()
        for column, index in places:
            if _holds_nothing_at(fields[index], column.path):
                continue
            stays = kept and not (column.kind == "password_hash" and self._choices.staff_passwords == "replace")
            for identifier in self._in_column(column, fields[index], is_account=column.name == collect.account_of):
                # A text that one row repeats is not a common one.
                if identifier not in taken:
                    taken.add(identifier)
                    raw = None if identifier.shape is Shape.PHRASE else fields[index]
                    self._remember(identifier, raw, f"{table.name}.{column.name}", stays)
        for identifier in self._full_names(fields, table, collect):
            self._remember(identifier, None, table.name, kept)
        if not kept:
            self._remember_half_names(fields, table, collect)

    def _in_column(self, column: Column, field: bytes, *, is_account: bool) -> Iterator[Identifier]:
        for value in documents.in_field(field, column.path):
            if is_account:
                yield from self._extractor.of_account(value)
            else:
                yield from self._extractor.of_column(column.kind, column.path, value)

    def _full_names(self, fields: list[bytes], table: TableData, collect: Collect) -> Iterator[Identifier]:
        for pair in collect.full_names:
            if set(pair) <= set(table.columns):
                first, last = (copytext.unescape(fields[table.columns.index(column)]) or b"" for column in pair)
                yield from self._extractor.full_name(first, last)

    def _remember_half_names(self, fields: list[bytes], table: TableData, collect: Collect) -> None:
        """Half a name cannot be hidden anywhere else than in its own row, so the control takes no sample of it."""
        register = self._gathered.register
        for column in chain.from_iterable(collect.full_names):
            if column in table.columns and (place := own_cell(table, column, fields)):
                value = copytext.unescape(fields[table.columns.index(column)]) or b""
                if half := half_name(value, place):
                    register.add(half.kind, half.shape, half.text)

    def _take_everything(self, rows: list[bytes], table: TableData) -> None:
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            raw = b"\n".join(rows[start : start + _ROWS_AT_ONCE])
            for window in windows(raw, ENDS_OF_FIELDS):
                for identifier in self._extractor.everything(text.of_rows(window)):
                    self._remember(identifier, window, table.name, stays=False)

    def _remember(self, identifier: Identifier, raw: bytes | None, place: str, stays: bool) -> None:
        register = self._gathered.register
        if stays:
            register.keep(identifier.shape, identifier.text)
        else:
            digest = register.add(identifier.kind, identifier.shape, identifier.text)
            self._gathered.control.sample(identifier, digest, raw, place)


def _holds_nothing_at(field: bytes, path: tuple[str, ...]) -> bool:
    """Whether a JSON field, still escaped, surely has nothing at a path; unescaping every draft is slow."""
    if not path:
        return False
    key = path[0].encode()
    return key not in field or b'"%s": []' % key in field
