"""The record of every reset and rollback: who, what was planned, the way back, what is running, how far it came.

Belongs here: the table `bc_pipelines.reset` in Dagster's own PostgreSQL and the only code that reads or writes it.
Does not belong here: decisions about what a state allows (see `gates`), and anything secret: a record holds names,
numbers and identifiers, never a URL with a signature, a password or a value of a row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import psycopg
from psycopg.rows import dict_row

from bc_pipelines.operations.dagster_database import connect
from bc_pipelines.operations.errors import OutOfReach

# Two processes that meet a new database at once would both create, and one of them fail.
_TABLE = """
select pg_advisory_xact_lock(19651060, 2);
create schema if not exists bc_pipelines;
create table if not exists bc_pipelines.reset (
    id text primary key,
    run_id text not null unique,
    environment text not null,
    app text not null,
    requested_by text not null,
    approval text not null,
    state text not null,
    facts jsonb not null default '{}',
    started_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    finished_at timestamptz
);
alter table bc_pipelines.reset add column if not exists kind text not null default 'reset';
"""


class Kind(StrEnum):
    """What a record is of: a reset, or the way back from one."""

    RESET = "reset"
    ROLLBACK = "rollback"


class State(StrEnum):
    """How far a reset came; the order is the order of the flow."""

    PLANNED = "planned"
    BACKED_UP = "backed up"
    SANITISED = "sanitised"
    WIPING = "wiping"
    RESTORED = "restored"
    MENDED = "mended"
    READY = "ready"
    DONE = "done"

    @property
    def rank(self) -> int:
        """Position in the flow, from 0."""
        return list(State).index(self)


@dataclass(frozen=True)
class ResetRecord:
    """One reset.

    Attributes:
        id: for people, as `2026-11-22-0930-4f2a81c0`.
        run_id: of the Dagster run that it belongs to.
        environment: what is reset, as `staging`.
        app: the Heroku app's name as it was typed to confirm.
        requested_by: who started it.
        approval: what allows it: `typed` or a standing approval's words.
        state: how far it came.
        facts: what steps leave for each other and for people (JSON values).
        started_at: when the plan was accepted.
        updated_at: of the last change.
        finished_at: when it was done, or None.
        kind: whether it is a reset or the way back from one.
    """

    id: str
    run_id: str
    environment: str
    app: str
    requested_by: str
    approval: str
    state: State
    facts: Mapping[str, Any]
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    kind: Kind = Kind.RESET

    @property
    def wiped(self) -> bool:
        """Whether the environment may have lost what it held before."""
        return self.state.rank >= State.WIPING.rank


class Records:
    """All reset records, in one PostgreSQL database.

    Args:
        url: of Dagster's own database; `postgres://` and `postgresql://` are both accepted.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._table_is_there = False

    def exist(self) -> bool:
        """Whether this database has ever kept a record; a developer's own Dagster has none. Makes no table."""
        with connect(self._url, "bc_pipelines records") as connection:
            found = connection.execute("select to_regclass('bc_pipelines.reset')").fetchone()
        return bool(found and found[0])

    def open_reset(
        self,
        run_id: str,
        environment: str,
        app: str,
        requested_by: str,
        approval: str,
        **facts: Any,  # noqa: ANN401 - JSON
    ) -> ResetRecord:
        """Begin a record for a run whose plan was accepted, with its first facts, in one statement.

        Raises:
            OutOfReach: Dagster's database does not answer.
            psycopg.errors.UniqueViolation: the run has a record already.
        """
        return self._open(Kind.RESET, run_id, (environment, app, requested_by, approval), facts)

    def open_rollback(
        self,
        run_id: str,
        environment: str,
        app: str,
        requested_by: str,
        approval: str,
        **facts: Any,  # noqa: ANN401 - JSON
    ) -> ResetRecord:
        """Begin a record of the way back, as `open_reset`."""
        return self._open(Kind.ROLLBACK, run_id, (environment, app, requested_by, approval), facts)

    def of_run(self, run_id: str) -> ResetRecord | None:
        """The record that one Dagster run began or went on with, or None."""
        return self._first(
            "select * from bc_pipelines.reset where run_id = %s or facts->'continued_by' @> %s::jsonb",
            (run_id, json.dumps([run_id])),
        )

    def get(self, record_id: str) -> ResetRecord | None:
        """The record with an id, or None."""
        return self._first("select * from bc_pipelines.reset where id = %s", (record_id,))

    def history(self, environment: str, limit: int) -> tuple[ResetRecord, ...]:
        """The newest records of an environment, newest first."""
        return self._all(
            "select * from bc_pipelines.reset where environment = %s order by started_at desc limit %s",
            (environment, limit),
        )

    def last_done(self, environment: str) -> ResetRecord | None:
        """The newest reset of an environment that came to its end and was not rolled back, or None."""
        return self._first(
            "select * from bc_pipelines.reset where environment = %s and kind = %s and state = %s"
            " and not facts ? 'rolled_back' order by finished_at desc limit 1",
            (environment, Kind.RESET, State.DONE),
        )

    def last_wiped(self, environment: str) -> ResetRecord | None:
        """The newest record of an environment, of either kind, that came to the wipe, or None."""
        return self._first(
            "select * from bc_pipelines.reset where environment = %s and state = any(%s)"
            " order by started_at desc limit 1",
            (environment, [state for state in State if state.rank >= State.WIPING.rank]),
        )

    def broken_off(self, environment: str) -> ResetRecord | None:
        """The newest record of an environment that wiped anything, if none opened the site since, or None.

        Whoever went back by hand and opened it is not recorded; Heroku has to be asked for that.
        """
        newest = self.last_wiped(environment)
        return newest if newest and newest.state.rank < State.READY.rank else None

    def note_rolled_back(self, rollback: ResetRecord) -> None:
        """Write on every reset that had the same rollback point that it was undone, and by what."""
        with self._connection() as connection:
            connection.execute(
                "update bc_pipelines.reset set facts = facts || %s::jsonb, updated_at = now()"
                " where environment = %s and kind = %s and facts->>'rollback_uuid' = %s",
                (
                    *(json.dumps({"rolled_back": rollback.id}), rollback.environment, Kind.RESET),
                    rollback.facts["rollback_uuid"],
                ),
            )

    def note(self, record: ResetRecord, state: State | None = None, **facts: Any) -> ResetRecord:  # noqa: ANN401 - JSON
        """Add facts to a record and, where given, move it to a state.

        Args:
            record: the record as it was read.
            state: the new state, or None to leave it.
            facts: JSON values by name; an old fact of the same name is replaced.

        Returns:
            The record as it stands now.
        """
        state = state or record.state
        return self._one(
            "update bc_pipelines.reset set state = %s, facts = facts || %s::jsonb, updated_at = now(),"
            " finished_at = case when %s then now() else finished_at end where id = %s returning *",
            (state, json.dumps(facts, default=str), state is State.DONE, record.id),
        )

    def swap(self, record: ResetRecord, name: str, old: object, new: object) -> ResetRecord | None:
        """Replace a fact, unless somebody else has changed it meanwhile.

        Args:
            record: whose fact it is.
            name: of the fact.
            old: what it must be now; None where it must not be there.
            new: what it becomes; None where it goes.

        Returns:
            The record as it stands now, or None where the fact was not `old` and nothing was changed.
        """
        was, becomes = (None if value is None else json.dumps(value, default=str) for value in (old, new))
        return self._first(
            "update bc_pipelines.reset set updated_at = now(), facts = case when %s::jsonb is null then facts - %s"
            " else facts || jsonb_build_object(%s::text, %s::jsonb) end"
            " where id = %s and facts->%s is not distinct from %s::jsonb returning *",
            (becomes, name, name, becomes, record.id, name, was),
        )

    def _open(
        self,
        kind: Kind,
        run_id: str,
        words: tuple[str, str, str, str],
        facts: Mapping[str, Any],
    ) -> ResetRecord:
        record_id = f"{datetime.now(UTC):%Y-%m-%d-%H%M}-{run_id[:8]}"
        return self._one(
            "insert into bc_pipelines.reset (id, kind, run_id, environment, app, requested_by, approval, state, facts)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb) returning *",
            (record_id, kind, run_id, *words, State.PLANNED, json.dumps(facts, default=str)),
        )

    def _one(self, statement: str, parameters: tuple[object, ...]) -> ResetRecord:
        record = self._first(statement, parameters)
        if record is None:
            raise LookupError("The reset record is gone from Dagster's database.")
        return record

    def _first(self, statement: str, parameters: tuple[object, ...]) -> ResetRecord | None:
        return next(iter(self._all(statement, parameters)), None)

    def _all(self, statement: str, parameters: tuple[object, ...]) -> tuple[ResetRecord, ...]:
        with self._connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(statement.encode(), parameters).fetchall()
        return tuple(ResetRecord(**{**row, "state": State(row["state"]), "kind": Kind(row["kind"])}) for row in rows)

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        try:
            with connect(self._url, "bc_pipelines records") as connection:
                if not self._table_is_there:
                    connection.execute(_TABLE)
                    connection.commit()
                    self._table_is_there = True
                yield connection
        except psycopg.OperationalError:
            raise OutOfReach(
                "Dagster's own database, which holds the reset records, stopped answering. "
                "Check that PostgreSQL runs, then look at the run in the UI for where things stand."
            ) from None
