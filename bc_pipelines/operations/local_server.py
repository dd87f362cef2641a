"""The developer's PostgreSQL server: connecting to it, who else is connected, and what made a database.

Belongs here: what a pull and the way back both ask of it. Does not belong here: which address is local (see
`local_target`), and any change.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg

from bc_pipelines.database import beside, counts
from bc_pipelines.database.identity import Connection, DatabaseError
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.local_target import LocalTarget

# The first that drops a database whoever is connected (DROP DATABASE … FORCE).
_OLDEST = 130000


@contextmanager
def connected(target: LocalTarget, database: str) -> Iterator[Connection]:
    """A connection to a database on the local server; `identity.connect` wants a host, a socket need not have one.

    Raises:
        DatabaseError: the server refuses or does not answer.
        Refused: it is too old.
    """
    url = target.url(database)
    try:
        connection = psycopg.connect(url, application_name="bc_pipelines pull", autocommit=True, connect_timeout=15)
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        if target.parameters.get("password"):
            reason = reason.replace(target.parameters["password"], "***")
        raise DatabaseError(f"The database {database} on {target.where} could not be opened: {reason}") from None
    with connection:
        if connection.info.server_version < _OLDEST:
            raise Refused(
                f"The server {target.where} is older than PostgreSQL 13. Nothing was changed. Use a newer one."
            )
        yield connection


def require_nobody(server: Connection, target: LocalTarget, name: str, *, end: bool) -> None:
    """Refuse while somebody is connected, and name who it is.

    Raises:
        Refused: there is a connection, and it is not to be ended.
    """
    found = beside.sessions(server, name)
    if found and not end:
        raise Refused(
            f"Connected to {name} on {target.where}: {', '.join(map(str, found))}. Nothing was changed. Stop the "
            "site and close your SQL programs, or let this end their connections: --end-connections"
        )


def made_by_pull(server: Connection, name: str) -> bool:
    """Whether a sanitised pull made a database."""
    return "pulled" in (beside.read_mark(server, name) or {})


def kept_too_long(server: Connection, name: str) -> bool:
    """Whether a database that no pull made has been kept longer than its owner confirmed."""
    until = str((beside.read_mark(server, name) or {}).get("kept_until", ""))
    return bool(until) and until < datetime.now(UTC).date().isoformat()


def is_empty(target: LocalTarget) -> bool:
    """Whether a database holds no table at all, so that nothing is lost with it."""
    with connected(target, target.name) as connection:
        return not counts.row_counts(connection)
