"""What a restored database has, read by the checks for themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed

Connection = psycopg.Connection[tuple[Any, ...]]


def table_names(connection: Connection) -> frozenset[str]:
    """Read which tables a database has on its search path, without PostgreSQL's own.

    Args:
        connection: an open connection.

    Returns:
        Their names, without a schema.
    """
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid)"
        " AND relnamespace <> 'pg_catalog'::regnamespace"
    )
    return frozenset(name for (name,) in rows)


def number(
    connection: Connection, query: SQL | Composed, parameters: Sequence[object] | Mapping[str, object] = ()
) -> int:
    """Run a query that answers one whole number.

    Args:
        connection: an open connection.
        query: SQL that gives one row with one column, and no value of anybody's in its text.
        parameters: values for its placeholders.

    Returns:
        The number.
    """
    row = connection.execute(query, parameters or None).fetchone()
    return int(row[0]) if row else 0
