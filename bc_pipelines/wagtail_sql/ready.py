"""The last SQL before a site starts on a restored database. What the site's own commands do (migrate) is not here."""

from __future__ import annotations

from psycopg import sql

from bc_pipelines.wagtail_sql.tables import Connection, has_table

BIRDBATH_TABLE = "birdbath_execution"
CACHE_TABLE = "database_cache"
INDEX_TABLE = "wagtailsearch_indexentry"
MIGRATIONS_TABLE = "django_migrations"


def mark_cleaned(connection: Connection) -> bool:
    """Leave the one row that django-birdbath's system check looks for, in place of any that were there.

    Without a row the site's commands stop at birdbath.E001; a row from production would say nothing.

    Args:
        connection: an open connection to a database that may be written to.

    Returns:
        False if this site has no such table.
    """
    with connection.transaction():
        if not has_table(connection, BIRDBATH_TABLE):
            return False
        connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(BIRDBATH_TABLE)))
        connection.execute(
            sql.SQL("INSERT INTO {} (date_executed) VALUES (now())").format(sql.Identifier(BIRDBATH_TABLE))
        )
    return True


def empty_cache_table(connection: Connection) -> int | None:
    """Empty the table that Django caches in where a site has no Redis.

    Args:
        connection: an open connection to a database that may be written to.

    Returns:
        How many rows it had, or None if this site has no such table.
    """
    with connection.transaction():
        if not has_table(connection, CACHE_TABLE):
            return None
        return connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(CACHE_TABLE))).rowcount


def has_index(connection: Connection) -> bool:
    """Whether Wagtail's search index is kept in this database, as it is where a site has no search server.

    Args:
        connection: an open connection.
    """
    with connection.transaction():
        if not has_table(connection, INDEX_TABLE):
            return False
        row = connection.execute(
            sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(INDEX_TABLE))
        ).fetchone()
    return bool(row and row[0])


def applied_migrations(connection: Connection) -> frozenset[tuple[str, str]]:
    """App label and name of every migration that Django has on record here; empty where it keeps none.

    Args:
        connection: an open connection.
    """
    with connection.transaction():
        if not has_table(connection, MIGRATIONS_TABLE):
            return frozenset()
        rows = connection.execute(sql.SQL("SELECT app, name FROM {}").format(sql.Identifier(MIGRATIONS_TABLE)))
        return frozenset((str(app), str(name)) for app, name in rows)
