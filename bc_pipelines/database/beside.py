"""Databases beside each other on one server: made, marked, and swapped by name.

Belongs here: SQL about databases as wholes, sent to the server's database `postgres`. Does not belong here: when a
database may be replaced (see `operations.local_data`), and SQL over anybody's tables.

Every state that a killed process can leave is one of these names: ``NAME`` (in use), ``NAME__pulling_…`` (being made),
``NAME__before`` (the one before), ``NAME__leaving`` (to be dropped). ALTER DATABASE RENAME may stand in a transaction
(PostgreSQL manual, ALTER DATABASE), so that a swap of several names happens as a whole or not at all.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from bc_pipelines.database.identity import Connection

BEFORE, LEAVING = "__before", "__leaving"
# NAMEDATALEN - 1 (PostgreSQL manual, 4.1.1), less the longest of the suffixes.
LONGEST_NAME = 63 - len("__pulling_123456")
_MARK = "bc_pipelines pull "
_TRIES = 5


@dataclass(frozen=True)
class Session:
    """Somebody's connection to a database."""

    pid: int
    user: str
    program: str

    def __str__(self) -> str:
        return f"{self.program or 'a program without a name'} (process {self.pid} as {self.user})"


def exists(server: Connection, name: str) -> bool:
    """Whether the server has a database of this name."""
    return server.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def may_create(server: Connection) -> bool:
    """Whether the role may create and rename databases."""
    row = server.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    return bool(row and row[0])


def owns(server: Connection, name: str) -> bool:
    """Whether the role is the owner of a database, or of its role, as renaming needs."""
    row = server.execute(
        "SELECT pg_has_role(current_user, datdba, 'USAGE') FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    return bool(row and row[0])


def lock(server: Connection, name: str) -> bool:
    """Hold a database's name against other pulls until the connection ends; false where another one holds it."""
    row = server.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [_MARK + name]).fetchone()
    return bool(row and row[0])


def sessions(server: Connection, name: str) -> tuple[Session, ...]:
    """Who is connected to a database."""
    rows = server.execute(
        "SELECT pid, coalesce(usename, ''), coalesce(application_name, '') FROM pg_stat_activity"
        " WHERE datname = %s AND backend_type = 'client backend' ORDER BY pid",
        [name],
    )
    return tuple(Session(*row) for row in rows)


def end_sessions(server: Connection, name: str) -> None:
    """End every connection to a database."""
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


def new_name(name: str) -> str:
    """A name for the database being made, never used before: a killed pull's pg_restore may still be at work."""
    return f"{name}__pulling_{secrets.token_hex(3)}"


def leftovers(server: Connection, name: str) -> tuple[str, ...]:
    """Databases that broken-off pulls left: half made, or replaced and not dropped yet."""
    pattern = f"^{re.escape(name)}(__pulling_[0-9a-f]{{6}}|{LEAVING})$"
    rows = server.execute("SELECT datname FROM pg_database")
    return tuple(str(row[0]) for row in rows if re.match(pattern, row[0]))


def create(server: Connection, name: str) -> None:
    """Make an empty UTF-8 database."""
    server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name)))


def drop(server: Connection, name: str) -> None:
    """Drop a database if it is there, whoever is connected to it."""
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def rename(
    server: Connection,
    moves: Sequence[tuple[str, str]],
    *,
    end: Sequence[str] = (),
    marks: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Rename several databases, in order, and mark some, all or none.

    Args:
        server: a connection to another database of the server, in autocommit mode.
        moves: old name and new name each.
        end: databases whose connections are ended first, again and again for programs that come back at once.
        marks: what is written into comments, by the names before.

    Raises:
        psycopg.errors.ObjectInUse: somebody is connected to one of them; every name is as it was.
    """
    for _ in range(_TRIES):
        with suppress(psycopg.errors.ObjectInUse):
            _rename_once(server, moves, end, marks or {})
            return
        if not end:
            break
    _rename_once(server, moves, end, marks or {})


def _rename_once(
    server: Connection,
    moves: Sequence[tuple[str, str]],
    end: Sequence[str],
    marks: Mapping[str, Mapping[str, Any]],
) -> None:
    for name in end:
        end_sessions(server, name)
    with server.transaction():
        for name, facts in marks.items():
            write_mark(server, name, facts)
        for old, new in moves:
            server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))


def write_mark(server: Connection, name: str, facts: Mapping[str, Any]) -> None:
    """Write into a database's comment what made it, in place of any comment."""
    text = sql.Literal(_MARK + json.dumps(dict(facts)))
    server.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), text))


def read_mark(server: Connection, name: str) -> dict[str, Any] | None:
    """What made a database, or None where no pull wrote it down. A comment is not carried by a restored dump."""
    row = server.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    comment = str(row[0]) if row and row[0] else ""
    if not comment.startswith(_MARK):
        return None
    with suppress(ValueError):
        facts = json.loads(comment.removeprefix(_MARK))
        if isinstance(facts, dict):
            return facts
    return None
