"""The way into Dagster's own PostgreSQL, which holds the lock and the reset records beside Dagster's runs and events.

Belongs here: connecting, and words for why that fails. Does not belong here: what is asked there (see `lock` and
`record`).
"""

from __future__ import annotations

import re
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bc_pipelines.operations.errors import OutOfReach

# A database that takes longer to let somebody in is of no use to a lock; libpq's own limit is none.
CONNECT_SECONDS = 10
# In a URL whose password was not escaped, parts of the password stand where host, port and name should be.
_PLAIN = re.compile(r"[\w.,:/-]*")
_NOT_A_URL = (
    "DAGSTER_DATABASE_URL is not the URL of a PostgreSQL database. Write it as "
    "postgres://user:password@host:5432/name, with %40, %3A and %2F for @, : and / in the password."
)


def connect(url: str, name: str, *, autocommit: bool = False) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect to Dagster's own database.

    Args:
        url: DAGSTER_DATABASE_URL; `postgres://` and `postgresql://` are both accepted.
        name: who asks, as the server lists it.
        autocommit: whether every statement stands for itself.

    Returns:
        The connection.

    Raises:
        OutOfReach: it is not a URL, or the database does not let us in; the message names host and database, the
            server's reason, and never the password.
    """
    try:
        where = _where(url)
        return psycopg.connect(url, autocommit=autocommit, application_name=name, connect_timeout=CONNECT_SECONDS)
    except psycopg.ProgrammingError:
        raise OutOfReach(_NOT_A_URL) from None
    except psycopg.OperationalError as error:
        raise OutOfReach(
            f"Dagster's own database, {where}, does not answer: {_why(error)}. "
            "Check DAGSTER_DATABASE_URL and that PostgreSQL runs there."
        ) from None


def require_answer(url: str) -> None:
    """Make sure that Dagster's own database lets us in, before Dagster tries and prints why it could not at length.

    Raises:
        OutOfReach: as `connect`.
    """
    connect(url, "bc_pipelines").close()


def _where(url: str) -> str:
    parts = conninfo_to_dict(url)
    host, port, database = (str(parts.get(name) or "") for name in ("host", "port", "dbname"))
    if not (all(_PLAIN.fullmatch(part) for part in (host, database)) and re.fullmatch(r"[\d,]*", port)):
        raise OutOfReach(_NOT_A_URL)
    return f"{database or 'without a name'} on {host or 'this machine'}, port {port or 5432}"


def _why(error: psycopg.OperationalError) -> str:
    """The server's reason in its own words; libpq puts it behind the address, and a hint on the next line."""
    _, told, reason = str(error).partition("\n")[0].rpartition(" failed: ")
    if not told:
        return "its host is not known, or nothing there answers in time"
    return reason.removeprefix("FATAL:").strip().rstrip(".")
