"""How many rows every table has. Judging the numbers belongs in `checks`."""

from __future__ import annotations

from psycopg import sql
from psycopg.pq import TransactionStatus

from bc_pipelines.database.identity import Connection

# Ordinary tables and partitions (both relkind r) of everybody but PostgreSQL itself. Tables that an extension made are
# left out unless it declared them configuration: pg_dump leaves out exactly the same ones.
# Source: PostgreSQL 15 manual, 38.17.3 "Extension Configuration Tables".
_TABLES = """
    SELECT n.nspname, c.relname
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r'
      AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema'
      AND n.nspname NOT LIKE 'pg\\_%'
      AND NOT EXISTS (
          SELECT FROM pg_depend d
          JOIN pg_extension e ON e.oid = d.refobjid
          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
            AND d.refclassid = 'pg_extension'::regclass
            AND NOT c.oid = ANY (coalesce(e.extconfig, '{}'))
      )
    ORDER BY 1, 2
"""


def row_counts(connection: Connection) -> dict[str, int]:
    """Count the rows of every table, all in one snapshot.

    Args:
        connection: an open connection that is not inside a transaction.

    Returns:
        `schema.table` to `count(*)`, exact, of every ordinary table and every partition, each without its children.

    Raises:
        ValueError: the connection is inside a transaction, whose snapshot would be older than the call.
    """
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        raise ValueError("row_counts needs a connection that is not inside a transaction.")
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        tables = connection.execute(_TABLES).fetchall()
        return {f"{schema}.{table}": _count(connection, schema, table) for schema, table in tables}


def _count(connection: Connection, schema: str, table: str) -> int:
    query = sql.SQL("SELECT count(*) FROM ONLY {}").format(sql.Identifier(schema, table))
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
