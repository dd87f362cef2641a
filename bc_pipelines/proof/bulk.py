"""Whole columns at once: what ``extract.py`` takes from single values, taken from a batch of rows in a few steps.

It takes exactly what the plain way takes, which a test holds it to, and hands over to that whatever is not simple.
Belongs here: speed. Does not belong here: what identifies somebody.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, compress

from bc_pipelines.pgarchive import copytext
from bc_pipelines.proof import documents, extract, text
from bc_pipelines.proof.answers import take_names, take_wholes
from bc_pipelines.proof.extract import SHORTEST_SECRET, Extractor
from bc_pipelines.proof.kinds import Kind, Shape
from bc_pipelines.proof.seams import ENDS_OF_FIELDS, windows
from bc_pipelines.proof.sources import Column
from bc_pipelines.proof.taken import Taken

LONGEST = 1 << 15
"""Longer rows, in bytes, go the plain way."""

_OPENINGS = (b"{", b"[")


class Bulk:
    """Takes identifiers from batches of rows, none of which is longer than ``LONGEST``.

    Args:
        extractor: the plain way, which also counts what is left out.
    """

    def __init__(self, extractor: Extractor) -> None:
        self._extractor = extractor

    def everything(self, rows: Sequence[bytes], taken: Taken) -> None:
        """Every address and telephone number in rows, hidden ones too."""
        for window in windows(b"\n".join(rows), ENDS_OF_FIELDS):
            addresses, phones = self._extractor.contacts(text.of_rows(window))
            taken.add_all(Kind.EMAIL, Shape.ADDRESS, addresses)
            taken.add_all(Kind.PHONE, Shape.PHONE, phones)

    def column(self, kind: str, fields: Sequence[bytes], taken: Taken) -> None:
        """The identifiers in a column.

        Args:
            kind: one of ``sources.KINDS_OF_COLUMNS``.
            fields: the column's value in each row, still escaped.
            taken: where they go, with the numbers of their rows.
        """
        rows, present = _present(fields)
        self._values(kind, rows, documents.values_of(present), taken)

    def in_documents(self, columns: Iterable[Column], fields: Sequence[bytes], taken: Taken) -> None:
        """The identifiers at paths in a column of JSON.

        Args:
            columns: the paths, and what stands there.
            fields: the column's value in each row, still escaped.
            taken: where they go, with the numbers of their rows.
        """
        rows, present = _present(fields)
        values = documents.values_of(present)
        parsed = documents.parse_all(values)
        for column in columns:
            if parsed is None:
                found = [documents.at(value, column.path) for value in values]
            else:
                found = [documents.in_document(document, column.path) for document in parsed]
            owners = [row for row, here in zip(rows, found, strict=True) for _ in here]
            self._values(column.kind, owners, list(chain.from_iterable(found)), taken)

    def _values(self, kind: str, rows: Sequence[int], values: Sequence[bytes], taken: Taken) -> None:
        if kind == "email":
            are_simple = self._others(kind, rows, values, taken, text.is_simple)
            joined = text.BETWEEN.join(compress(values, are_simple))
            taken.add_all(Kind.EMAIL, Shape.ADDRESS, list(self._extractor.addresses(joined.lower())))
        elif kind == "token":
            are_simple = self._others(kind, rows, values, taken, _is_one_word)
            taken.add_all(Kind.TOKEN, Shape.TOKEN, [value.lower() for value in compress(values, are_simple)])
        elif kind == "free_text":
            self._texts(rows, values, taken)
        elif kind == "form":
            self._forms(rows, values, taken)
        else:
            self._one_by_one(kind, rows, values, taken)

    def _others(
        self, kind: str, rows: Sequence[int], values: Sequence[bytes], taken: Taken, is_simple: Callable[[bytes], bool]
    ) -> Sequence[bool]:
        """Take what is not simple the plain way; which values are simple."""
        are_simple = list(map(is_simple, values))
        if not all(are_simple):
            are_others = [not each for each in are_simple]
            self._one_by_one(kind, compress(rows, are_others), compress(values, are_others), taken)
        return are_simple

    def _one_by_one(self, kind: str, rows: Iterable[int], values: Iterable[bytes], taken: Taken) -> None:
        for row, value in zip(rows, values, strict=True):
            taken.add_each(row, self._extractor.of_column(kind, (), value))

    def _texts(self, rows: Sequence[int], values: Sequence[bytes], taken: Taken) -> None:
        are_documents = [value.startswith(_OPENINGS) for value in values]
        owners, texts = list(compress(rows, are_documents)), list(compress(values, are_documents))
        if texts and (leaves := self._leaves("free_text", owners, texts, taken)):
            take_wholes(self._extractor, Kind.FREE_TEXT, [owners[n] for n in leaves.owners], leaves.values, taken)
        are_texts = [not each for each in are_documents]
        owners, texts = list(compress(rows, are_texts)), list(compress(values, are_texts))
        take_wholes(self._extractor, Kind.FREE_TEXT, owners, texts, taken)

    def _forms(self, rows: Sequence[int], values: Sequence[bytes], taken: Taken) -> None:
        if not (answers := self._leaves("form", rows, values, taken)):
            return
        owners = [rows[number] for number in answers.owners]
        take_wholes(self._extractor, Kind.FREE_TEXT, owners, answers.values, taken)
        whose = {key: extract.named(key) for key in set(answers.keys)}
        asked_for = [whose[key] for key in answers.keys]
        named, owners = list(compress(answers.values, asked_for)), list(compress(owners, asked_for))
        take_names(self._extractor, list(filter(None, asked_for)), owners, named, taken)

    def _leaves(self, kind: str, rows: Sequence[int], values: Sequence[bytes], taken: Taken) -> documents.Leaves | None:
        """The texts of all documents; where that takes a closer look, they are taken one by one instead."""
        leaves = documents.leaves_of_all(values)
        if leaves is None:
            self._one_by_one(kind, rows, values, taken)
        return leaves


def _present(fields: Sequence[bytes]) -> tuple[Sequence[int], Sequence[bytes]]:
    """The fields that hold something, and their rows."""
    rows = [row for row, field in enumerate(fields) if field and field != copytext.NULL]
    return rows, fields if len(rows) == len(fields) else [fields[row] for row in rows]


def _is_one_word(value: bytes) -> bool:
    """Whether a token is of ASCII letters and digits alone, so that it stays whole whatever is done to it."""
    return len(value) >= SHORTEST_SECRET and value.isalnum()
