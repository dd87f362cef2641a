"""Rows, alike of the raw archive and of the written one: how long one may be, and which one something stands in."""

from bc_pipelines.pgarchive.support import TableData

# PostgreSQL's own limit; a row that the sanitiser only passes on may be longer than one that it rewrites.
LONGEST_ROW = 1 << 30
_KEY_COLUMNS = ("id", "page_ptr_id", "task_ptr_id")


def key_of(table: TableData) -> int | None:
    """Where in a row of a table its key stands; None where the table has none that is known."""
    return next((table.columns.index(name) for name in _KEY_COLUMNS if name in table.columns), None)


def own_cell(table: TableData, column: str, fields: list[bytes]) -> bytes:
    """A name for one cell, the same in both archives; nothing where the table has no key.

    Args:
        table: the table.
        column: one of its columns.
        fields: the row's values as COPY writes them, none of them containing a NUL.
    """
    key = key_of(table)
    return b"" if key is None else b"\0".join((table.name.encode(), column.encode(), fields[key]))
