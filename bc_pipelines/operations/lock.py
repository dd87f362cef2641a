"""One reset at a time: an advisory lock in Dagster's own PostgreSQL, held by the run for as long as it lives.

Belongs here: taking, asserting and releasing the lock, and who holds it. PostgreSQL releases it by itself when the
run's process dies, whatever killed it. Does not belong here: what is allowed under the lock (see `gates`).
"""

from __future__ import annotations

from typing import Any

import psycopg

from bc_pipelines.operations.dagster_database import connect
from bc_pipelines.operations.errors import Refused

# Any two numbers that nothing else uses in this database; the first names the product ("bucks" in base 36 mod 2^31).
_PRODUCT = 19_651_060
_STAGING_RESET = 1


class ResetLock:
    """The lock of one run. Created free; costs nothing until it is taken.

    Args:
        url: of Dagster's own database.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def acquire(self, run_id: str) -> None:
        """Take the lock for a run; taking it twice for the same run is harmless.

        Raises:
            Refused: another reset holds it; the message names that run.
            OutOfReach: Dagster's database does not answer.
        """
        if self._connection is not None:
            return
        connection = connect(self._url, f"reset {run_id}", autocommit=True)
        taken = connection.execute("select pg_try_advisory_lock(%s, %s)", (_PRODUCT, _STAGING_RESET)).fetchone()
        if not (taken and taken[0]):
            holder = _holder(connection)
            connection.close()
            raise Refused(
                f"Another reset is under way ({holder}). Nothing was changed by this one. "
                "Wait for it to end, or terminate its run, and start again."
            )
        self._connection = connection

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
                "Another reset may have begun, so this one stops here. Start the job reset_staging again."
            )

    def release(self) -> None:
        """Give the lock back; harmless where it is not held."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def holder_of(url: str) -> str | None:
    """Which run holds the lock now, as `reset <run id>`, or None when it is free."""
    with connect(url, "bc_pipelines lock", autocommit=True) as connection:
        holder = _holder(connection)
    return None if holder == "unknown run" else holder


def _holder(connection: psycopg.Connection[tuple[Any, ...]]) -> str:
    row = connection.execute(
        "select a.application_name from pg_locks l join pg_stat_activity a using (pid)"
        " where l.locktype = 'advisory' and l.classid = %s and l.objid = %s and l.granted"
        # Every database of the server has advisory locks of its own, and all of them are listed.
        " and l.database = (select oid from pg_database where datname = current_database())",
        (_PRODUCT, _STAGING_RESET),
    ).fetchone()
    return str(row[0]) if row else "unknown run"
