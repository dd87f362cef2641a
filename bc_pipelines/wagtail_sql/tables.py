"""Which of Wagtail's and Django's tables a database has, so that an empty or older one can be read too."""

from __future__ import annotations

from typing import Any

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]


def has_table(connection: Connection, table: str) -> bool:
    """Whether a table can be seen on the connection's search path.

    Args:
        connection: an open connection.
        table: its name, without a schema.

    Returns:
        True if it exists.
    """
    row = connection.execute("SELECT to_regclass(quote_ident(%s)) IS NOT NULL", [table]).fetchone()
    return bool(row and row[0])


def columns(connection: Connection, table: str) -> frozenset[str]:
    """The columns of a table.

    Args:
        connection: an open connection.
        table: its name, without a schema.

    Returns:
        Their names; none if there is no such table.
    """
    rows = connection.execute(
        "SELECT attname FROM pg_attribute"
        " WHERE attrelid = to_regclass(quote_ident(%s)) AND attnum > 0 AND NOT attisdropped",
        [table],
    ).fetchall()
    return frozenset(name for (name,) in rows)
