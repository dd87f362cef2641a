"""The plain way through a raw archive's rows: one row, one value after the other.

Rows of accounts, very long rows and a sample of all others go this way; the others go in bulk, which must come to the
same (bulk.py). Does not belong here: what identifies somebody within a value (extract.py).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal, NamedTuple

from bc_pipelines.pgarchive import copytext
from bc_pipelines.pgarchive.support import TableData
from bc_pipelines.proof import documents, text
from bc_pipelines.proof.extract import Extractor, Identifier, half_name
from bc_pipelines.proof.kinds import Shape
from bc_pipelines.proof.rows import own_cell
from bc_pipelines.proof.seams import ENDS_OF_FIELDS, windows
from bc_pipelines.proof.sources import Collect, Column


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


class Found(NamedTuple):
    """One identifier in a row.

    Attributes:
        identifier: the identifier.
        raw: the part of the row, still escaped, in which it stood; None if it was put together from several.
        place: its table and column.
        stays: whether it belongs to somebody who is kept by choice.
    """

    identifier: Identifier
    raw: bytes | None
    place: str
    stays: bool


class PlainReader:
    """Takes identifiers from the rows of one table.

    Args:
        choices: who is kept.
        extractor: what identifies somebody within a value.
        table: the table.
        collect: what is taken from it.
        places: its columns of the list, and where each stands in a row.
    """

    def __init__(
        self,
        choices: Choices,
        extractor: Extractor,
        table: TableData,
        collect: Collect,
        places: Sequence[tuple[Column, int]],
    ) -> None:
        self._choices = choices
        self._extractor = extractor
        self._table = table
        self._collect = collect
        self._places = places

    def read(self, row: bytes) -> Iterator[Found]:
        """The identifiers of one row; an address or a number that counts anywhere may come twice."""
        if self._collect.everything:
            for window in windows(row, ENDS_OF_FIELDS):
                for identifier in self._extractor.everything(text.of_rows(window)):
                    yield Found(identifier, window, self._table.name, stays=False)
        fields = copytext.raw_fields(row)
        # It may have 32 MB or more.
        del row
        account_of = self._collect.account_of
        kept = account_of in self._table.columns and self._extractor.is_staff(self._value(fields, account_of))
        yield from self._in_columns(fields, kept=kept)
        for identifier in self._full_names(fields):
            yield Found(identifier, None, self._table.name, kept)
        if not kept:
            yield from self._half_names(fields)

    def _in_columns(self, fields: list[bytes], *, kept: bool) -> Iterator[Found]:
        taken: set[Identifier] = set()
        for column, index in self._places:
            if column.path and not may_hold(fields[index], column.path[:1]):
                continue
            stays = kept and not (column.kind == "password_hash" and self._choices.staff_passwords == "replace")
            for identifier in self._in_column(column, fields[index]):
                # A text that one row repeats is not a common one.
                if identifier not in taken:
                    taken.add(identifier)
                    raw = None if identifier.shape is Shape.PHRASE else fields[index]
                    yield Found(identifier, raw, f"{self._table.name}.{column.name}", stays)

    def _in_column(self, column: Column, field: bytes) -> Iterator[Identifier]:
        for value in documents.in_field(field, column.path):
            if column.name == self._collect.account_of:
                yield from self._extractor.of_account(value)
            else:
                yield from self._extractor.of_column(column.kind, column.path, value)

    def _full_names(self, fields: list[bytes]) -> Iterator[Identifier]:
        for pair in self._collect.full_names:
            if set(pair) <= set(self._table.columns):
                first, last = (self._value(fields, column) for column in pair)
                yield from self._extractor.full_name(first, last)

    def _half_names(self, fields: list[bytes]) -> Iterator[Found]:
        """Half a name cannot be hidden anywhere else than in its own row."""
        for column in chain.from_iterable(self._collect.full_names):
            place = own_cell(self._table, column, fields) if column in self._table.columns else b""
            if place and (half := half_name(self._value(fields, column), place)):
                yield Found(half, None, f"{self._table.name}.{column}", stays=False)

    def _value(self, fields: list[bytes], column: str) -> bytes:
        return copytext.unescape(fields[self._table.columns.index(column)]) or b""


def may_hold(text: bytes, keys: Collection[str]) -> bool:
    """Whether JSON, still escaped, may have more than empty lists behind some keys; reading every draft is slow."""
    return next(_places(text, keys), None) is not None


def rows_that_may_hold(text: bytes, keys: Collection[str]) -> list[bytes]:
    """Those of whole rows, each with its newline, of which ``may_hold`` is true; without their newlines."""
    starts = {text.rfind(b"\n", 0, place) + 1 for place in _places(text, keys)}
    return [text[start : text.index(b"\n", start)] for start in sorted(starts)]


def _places(text: bytes, keys: Collection[str]) -> Iterator[int]:
    """Where a key stands with anything but an empty list behind it."""
    for key in keys:
        name = key.encode()
        empty = b'"%s": []' % name
        if (count := text.count(name)) and count != text.count(empty):
            place = text.find(name)
            while place >= 0:
                if not text.startswith(empty, max(0, place - 1)):
                    yield place
                place = text.find(name, place + 1)
