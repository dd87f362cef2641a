"""Which database a connection string means, and opening it.

Belongs here: telling which database a string means, connecting without letting a password into a message, size. Does
not belong here: SQL over anybody's tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

Connection = psycopg.Connection[tuple[Any, ...]]

DEFAULT_PORT = 5432


class DatabaseError(Exception):
    """A database cannot be named or reached; the message names it without user or password."""


@dataclass(frozen=True)
class Identity:
    """The part of a connection string that says which database it is, and no secret.

    Attributes:
        host: lower case, as written.
        port: TCP port.
        database: its name.
    """

    host: str
    port: int
    database: str

    @classmethod
    def from_url(cls, url: str) -> Identity:
        """Take the identity out of a connection string.

        Args:
            url: `postgres://…` (Heroku's form), `postgresql://…` or libpq's `host=… dbname=…`.

        Returns:
            Its host, port and database.

        Raises:
            DatabaseError: it cannot be read, or it does not name exactly one host and a database. The string itself
                is not quoted.
        """
        try:
            parts = conninfo_to_dict(url)
            host, database = str(parts.get("host") or ""), str(parts.get("dbname") or "")
            port = int(parts.get("port") or DEFAULT_PORT)
        except (psycopg.Error, ValueError, UnicodeError):
            raise DatabaseError("A database URL cannot be read (it is not shown: it holds a password).") from None
        if not host or not database or "," in host:
            raise DatabaseError("A database URL must name exactly one host and a database.")
        return cls(host=host.lower().rstrip("."), port=port, database=database)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"


def connect(url: str, *, application_name: str = "bc_pipelines", autocommit: bool = True) -> Connection:
    """Open a database.

    Args:
        url: connection string as for `Identity.from_url`; `sslmode` and all else stay as it says.
        application_name: how the session shows in `pg_stat_activity`.
        autocommit: whether statements outside a `transaction()` block commit by themselves.

    Returns:
        An open connection; use it as a context manager.

    Raises:
        DatabaseError: the string cannot be read or the server refused; passwords are taken out of the server's words.
    """
    identity = Identity.from_url(url)
    password = str(conninfo_to_dict(url).get("password") or "")
    try:
        return psycopg.connect(
            url, application_name=application_name, autocommit=autocommit, connect_timeout=_timeout(url)
        )
    except psycopg.Error as error:
        reason = _redacted(" ".join(str(error).split()), url, password)
        raise DatabaseError(f"The database {identity} could not be opened: {reason}") from None


def size_bytes(connection: Connection) -> int:
    """The size on disk of the database that a connection is open to.

    Args:
        connection: an open connection.

    Returns:
        `pg_database_size` of it, in bytes.
    """
    with connection.transaction():
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


def _timeout(url: str) -> int:
    """Seconds to wait for a connection: what the string says, else libpq's own default would be for ever."""
    return int(conninfo_to_dict(url).get("connect_timeout") or 15)


def _redacted(text: str, url: str, password: str) -> str:
    for secret in (url, password, quote(password, safe="")):
        if secret:
            text = text.replace(secret, "***")
    return text
