"""One run at a time changes staging: an advisory lock in Dagster's own PostgreSQL, held for as long as the run lives.

Belongs here: taking, asserting and releasing the lock, and who holds it. PostgreSQL releases it by itself when the
run's process dies, whatever killed it. Does not belong here: what is allowed under the lock (see `gates`).
"""

from __future__ import annotations

import contextlib
import getpass
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import psycopg

from bc_pipelines.operations.dagster_database import connect
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.pages import Page

# Any two numbers that nothing else uses in this database; the first names the product ("bucks" in base 36 mod 2^31).
_PRODUCT = 19_651_060
_STAGING_RESET = 1
# The server lists a session under a name of at most 63 bytes of ASCII (PostgreSQL manual, application_name).
_LONGEST_NAME = 63
_TRIES = 5
_NAME = re.compile(r"(?P<kind>reset|roll back|push|clean-up|notice) (?P<run>\S+)(?: by (?P<by>.*))?")

Kind = Literal["reset", "roll back", "push", "clean-up", "notice"]


@dataclass(frozen=True)
class Holder:
    """Who holds the lock.

    Attributes:
        kind: what is done: `reset`, `roll back`, `push`, `clean-up` or `notice`.
        run_id: Dagster's id of the run.
        by: who asked for it, perhaps shortened; empty where that is not known.
        since: when the lock was taken.
    """

    kind: str
    run_id: str
    by: str
    since: datetime

    def __str__(self) -> str:
        by = f" by {self.by}" if self.by else ""
        return f"A {self.kind} is under way (run {self.run_id}{by}, since {self.since:%d %B %Y %H:%M} UTC)"


def who_asks() -> str:
    """The name of whoever runs this program, as the system has it; a container may know no more than a number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


class ResetLock:
    """The lock of one run. Created free; costs nothing until it is taken.

    Args:
        url: of Dagster's own database.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def acquire(self, run_id: str, kind: Kind = "reset", by: str = "") -> None:
        """Take the lock for a run; taking it twice for the same run is harmless.

        Args:
            run_id: Dagster's id of the run.
            kind: what the run does.
            by: who asked for it, for whoever is refused meanwhile.

        Raises:
            Refused: another run holds it; the message says which, whose and since when.
            OutOfReach: Dagster's database does not answer.
        """
        if self._connection is not None:
            return
        connection = connect(self._url, _name(run_id, kind, by), autocommit=True)
        for _ in range(_TRIES):
            if _locked(connection):
                self._connection = connection
                return
            # Whoever had it and is not listed any more has given it back since.
            if holder := _holder(connection):
                break
        connection.close()
        raise Refused(
            f"{holder or 'Other runs take turns'}. Nothing was changed by this one. "
            f"Wait for it to end, or terminate its run, and start again. {Page.ANOTHER_RUN}"
        )

    def assert_held(self) -> None:
        """Check that the lock is still held, on the very connection that took it.

        Raises:
            Refused: it was never taken, or the connection that held it is gone.
        """
        if self._connection is None:
            raise Refused("This step only runs inside a reset. Start the job reset_staging.")
        try:
            row = self._connection.execute(
                "select 1 from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"
                " and classid = %s and objid = %s and granted",
                (_PRODUCT, _STAGING_RESET),
            ).fetchone()
        except psycopg.Error:
            row = None
        if row is None:
            raise Refused(
                "The lock of this reset was lost (Dagster's database restarted or the connection broke). "
                f"Another reset may have begun, so this one stops here. {Page.LOST_LOCK}"
            )

    def release(self) -> None:
        """Give the lock back; harmless where it is not held."""
        if self._connection is not None:
            # The server takes note of a closed connection a moment later, and would refuse the next run meanwhile.
            with contextlib.suppress(psycopg.Error):
                self._connection.execute("select pg_advisory_unlock(%s, %s)", (_PRODUCT, _STAGING_RESET))
            self._connection.close()
            self._connection = None


def holder_of(url: str) -> Holder | None:
    """Which run holds the lock now, or None when it is free."""
    with connect(url, "bc_pipelines lock", autocommit=True) as connection:
        return _holder(connection)


def _name(run_id: str, kind: Kind, by: str) -> str:
    by = "".join(character for character in by if character.isascii() and character.isprintable())
    return f"{kind} {run_id}{f' by {by}' if by else ''}"[:_LONGEST_NAME].rstrip()


def _locked(connection: psycopg.Connection[tuple[Any, ...]]) -> bool:
    row = connection.execute("select pg_try_advisory_lock(%s, %s)", (_PRODUCT, _STAGING_RESET)).fetchone()
    return bool(row and row[0])


def _holder(connection: psycopg.Connection[tuple[Any, ...]]) -> Holder | None:
    row = connection.execute(
        "select a.application_name, a.backend_start from pg_locks l join pg_stat_activity a using (pid)"
        " where l.locktype = 'advisory' and l.classid = %s and l.objid = %s and l.granted"
        # Every database of the server has advisory locks of its own, and all of them are listed.
        " and l.database = (select oid from pg_database where datname = current_database())",
        (_PRODUCT, _STAGING_RESET),
    ).fetchone()
    if row is None:
        return None
    name, since = _NAME.fullmatch(row[0]), row[1].astimezone(UTC)
    if name is None:
        return Holder("run", "unknown", "", since)
    return Holder(name["kind"], name["run"], name["by"] or "", since)
