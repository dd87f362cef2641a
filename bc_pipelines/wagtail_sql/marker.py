"""Which reset made a database: a comment on one table, which dumps and restores carry and no site code sees.

`django_migrations` is in every Django site, is never dropped by a migration, and belongs to the role that restored it,
as it must for COMMENT (PostgreSQL manual, COMMENT). What a marker allows is not decided here.
"""

from __future__ import annotations

import re

from psycopg import sql

from bc_pipelines.wagtail_sql.tables import Connection, has_table

TABLE = "django_migrations"
_PREFIX = "bc_pipelines reset "
_WRITTEN = re.compile(rf"COMMENT ON TABLE \w+\.{TABLE} IS '{_PREFIX}(?P<id>[\w-]+)';")


def write_marker(connection: Connection, reset_id: str) -> bool:
    """Mark a database as made by a reset, in place of any earlier mark.

    Args:
        connection: an open connection to a database that may be written to.
        reset_id: of the reset's record.

    Returns:
        False if this database has no table to carry it.
    """
    with connection.transaction():
        if not has_table(connection, TABLE):
            return False
        text = sql.Literal(_PREFIX + reset_id)
        connection.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(sql.Identifier(TABLE), text))
    return True


def marker_in(statement: str) -> str | None:
    """The id in the statement with which pg_dump writes the mark, or None if the statement is another one.

    Args:
        statement: a COMMENT statement out of an archive's table of contents.
    """
    found = _WRITTEN.fullmatch(statement.strip())
    return found["id"] if found else None


def read_marker(connection: Connection) -> str | None:
    """The id of the reset that made a database.

    Args:
        connection: an open connection.

    Returns:
        The id, or None where no reset of this product made it.
    """
    with connection.transaction():
        row = connection.execute("SELECT obj_description(to_regclass(quote_ident(%s)), 'pg_class')", [TABLE]).fetchone()
    comment = str(row[0]) if row and row[0] else ""
    return comment.removeprefix(_PREFIX) if comment.startswith(_PREFIX) else None
