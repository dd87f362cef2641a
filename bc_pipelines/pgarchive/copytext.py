r"""Rows of COPY's text format: fields split at tabs, ``\N`` for NULL, backslash escapes.

Everything is bytes. COPY TO writes only the escapes known here (PostgreSQL's manual, "COPY", section "Text Format"),
so any other is refused instead of guessed at. Messages never carry a value.
"""

import re
from collections.abc import Iterable

from bc_pipelines.pgarchive.errors import CorruptArchive

NULL = rb"\N"
END = rb"\."
MAX_FIELDS = 1600
"""Most columns that a table can have (``MaxHeapAttributeNumber``); joining millions of fields takes a gigabyte."""

# The backslash comes first, so that escaping does not escape its own work.
_ESCAPES = (
    (b"\\", rb"\\"),
    (b"\n", rb"\n"),
    (b"\t", rb"\t"),
    (b"\r", rb"\r"),
    (b"\b", rb"\b"),
    (b"\f", rb"\f"),
    (b"\v", rb"\v"),
)
_SPECIAL = re.compile(rb"[\b\f\n\r\t\v\\]")
# Up to about this length one search is faster than looking for each special byte in turn.
_SHORT = 256
# Stands for a backslash during unescaping; PostgreSQL's text cannot hold it.
_ZERO = b"\0"


def raw_fields(line: bytes) -> list[bytes]:
    """Split a row into its fields as they stand, still escaped.

    Raises:
        CorruptArchive: more fields than a table can have columns.
    """
    fields = line.split(b"\t", MAX_FIELDS)
    if len(fields) > MAX_FIELDS:
        raise CorruptArchive(f"a row has more than {MAX_FIELDS:,} fields, which is more than a table can have columns")
    return fields


def raw_line(fields: Iterable[bytes]) -> bytes:
    """Put fields that are already escaped together to a row."""
    return b"\t".join(fields)


def unescape(field: bytes) -> bytes | None:
    r"""The value of one escaped field; None for ``\N``.

    Raises:
        CorruptArchive: an escape that COPY does not write.
    """
    if b"\\" not in field:
        return field
    if field == NULL:
        return None
    if _ZERO in field:
        raise CorruptArchive("a field holds a zero byte, which PostgreSQL's text cannot")
    value = field.replace(rb"\\", _ZERO)
    if b"\\" in value:
        for plain, escaped in _ESCAPES[1:]:
            value = value.replace(escaped, plain)
        if b"\\" in value:
            raise CorruptArchive("a field holds an escape that COPY does not write")
    return value.replace(_ZERO, b"\\")


def escape(value: bytes | None) -> bytes:
    r"""One value as a field; ``\N`` for None."""
    if value is None:
        return NULL
    if len(value) < _SHORT and not _SPECIAL.search(value):
        return value
    for plain, escaped in _ESCAPES:
        value = value.replace(plain, escaped)
    return value


def split(line: bytes) -> list[bytes | None]:
    """The values of a row, None for NULL.

    Args:
        line: one row without its newline. A table without columns has rows that look like one empty field.

    Raises:
        CorruptArchive: an escape that COPY does not write, or more fields than a table can have columns.
    """
    fields = raw_fields(line)
    return [unescape(field) for field in fields] if b"\\" in line else [*fields]


def join(values: Iterable[bytes | None]) -> bytes:
    """A row of these values, without a newline."""
    return b"\t".join([escape(value) for value in values])
