"""What the Data API does inside a PostgreSQL database: look at it, empty it, end its connections.

The programs `pg_dump` and `pg_restore` belong in `pgtools.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

# A session that still holds a lock makes a reset fail, as it does on Heroku, rather than wait for ever.
LOCK_TIMEOUT = "3s"

# What a new database's schema carries in PostgreSQL 15 and later; anything else would show up in the next dump.
_NEW_PUBLIC_SCHEMA = """
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
COMMENT ON SCHEMA public IS 'standard public schema';
"""
_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
_PUBLICATIONS = "SELECT pubname FROM pg_publication"
_LARGE_OBJECTS = "SELECT count(lo_unlink(oid)) FROM pg_largeobject_metadata"
_OTHERS = (
    "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)
_TABLES = (
    "SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
    " WHERE relkind IN ('r', 'p') AND nspname !~ '^pg_' AND nspname <> 'information_schema'"
)


@dataclass(frozen=True)
class Facts:
    """Size in bytes, PostgreSQL's version, number of tables, other connections, and the server's limit of these."""

    num_bytes: int
    version: str
    tables: int
    connections: int
    connection_limit: int


def environment(url: str) -> dict[str, str]:
    """The variables by which libpq's programs reach a database, so that no password is among their arguments."""
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    parts = conninfo_to_dict(url)
    return {variable: str(parts[name]) for name, variable in names.items() if parts.get(name)}


def without_credentials(url: str) -> str:
    """A connection string as transfers show it (types: "credentials stripped")."""
    parts = urlsplit(url)
    return f"postgres://{parts.hostname}:{parts.port or 5432}{parts.path}"


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[psycopg.AsyncConnection[tuple[object, ...]]]:
    """A connection in autocommit mode, closed at the end; gives up after 5 seconds."""
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=5)
    async with connection:
        yield connection


async def facts(url: str) -> Facts:
    """Read what `heroku pg:info` shows of a database."""
    async with connected(url) as connection:
        version = str(await _value(connection, "SHOW server_version")).split()[0]
        numbers = [
            int(str(await _value(connection, query)))
            for query in (
                "SELECT pg_database_size(current_database())",
                _TABLES,
                f"SELECT count(*) {_OTHERS}",
                "SHOW max_connections",
            )
        ]
    return Facts(numbers[0], version, *numbers[1:])


async def end_connections(url: str) -> int:
    """Terminate every other connection that the database's own user may terminate; returns how many."""
    query = f"SELECT count(pg_terminate_backend(pid)) {_OTHERS} AND pg_has_role(usesysid, 'USAGE')"
    async with connected(url) as connection:
        return int(str(await _value(connection, query)))


async def wipe(url: str) -> None:
    """Remove every schema with all that is in it, publications and large objects, and make an empty `public` schema."""
    async with connected(url) as connection, connection.transaction():
        await connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(LOCK_TIMEOUT))
        await connection.execute("SET LOCAL client_min_messages = warning")
        for kind, query in (("PUBLICATION", _PUBLICATIONS), ("SCHEMA", _SCHEMAS)):
            for (name,) in await (await connection.execute(query)).fetchall():
                drop = sql.SQL("DROP {} {} CASCADE").format(sql.SQL(kind), sql.Identifier(str(name)))
                await connection.execute(drop)
        await connection.execute(_LARGE_OBJECTS)
        await connection.execute(_NEW_PUBLIC_SCHEMA)


async def _value(connection: psycopg.AsyncConnection[tuple[object, ...]], query: str) -> object:
    row = await (await connection.execute(query)).fetchone()
    return row[0] if row else None
