"""The way back after a pull: the database before, brought back or dropped.

Belongs here: `undo`, `forget`, `status`. Does not belong here: pulling (see `local_data`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from bc_pipelines.database import beside
from bc_pipelines.database.identity import Connection
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.local_server import connected, kept_too_long, made_by_pull, require_nobody
from bc_pipelines.operations.local_target import LocalTarget


@dataclass(frozen=True)
class Standing:
    """What there is on the developer's machine.

    Attributes:
        database: name and place.
        there: whether it exists.
        made_by: what made it, as its pull wrote; None where no pull did.
        before: what made the one before, or None where there is none.
        sessions: who is connected.
        leftovers: databases that broken-off pulls left; the next pull drops them.
    """

    database: str
    there: bool
    made_by: dict[str, Any] | None
    before: dict[str, Any] | None
    sessions: tuple[str, ...]
    leftovers: tuple[str, ...]


def status(target: LocalTarget) -> Standing:
    """Look, and change nothing."""
    before = target.name + beside.BEFORE
    with connected(target, "postgres") as server:
        return Standing(
            database=str(target),
            there=beside.exists(server, target.name),
            made_by=beside.read_mark(server, target.name),
            before=(beside.read_mark(server, before) or {}) if beside.exists(server, before) else None,
            sessions=tuple(map(str, beside.sessions(server, target.name))),
            leftovers=beside.leftovers(server, target.name),
        )


def undo(target: LocalTarget, *, confirmed: bool, end_connections: bool) -> dict[str, Any]:
    """Exchange the database and the one before, so that a second undo brings the pulled one back.

    Args:
        target: the local database.
        confirmed: whether a database that no pull made may come back.
        end_connections: whether connections are ended.

    Returns:
        What made the database that is in use now.

    Raises:
        Refused: there is none, it was not made by a pull and nobody confirmed, or somebody is connected.
    """
    name, before, aside = target.name, target.name + beside.BEFORE, target.name + "__aside"
    with connected(target, "postgres") as server:
        _require_lock(server, target)
        if not beside.exists(server, before):
            raise Refused(f"There is no database before {target}. Nothing was changed.")
        made_by = beside.read_mark(server, before) or {}
        _require_confirmed(server, before, confirmed=confirmed)
        require_nobody(server, target, name, end=end_connections)
        moves = [(before, name)]
        if beside.exists(server, name):
            moves = [(name, aside), (before, name), (aside, before)]
        try:
            beside.rename(server, moves, end=[name, before] if end_connections else [])
        except psycopg.errors.ObjectInUse:
            raise Refused(f"Somebody is connected to {name} or {before}. Both are as they were.") from None
    return made_by


def forget(target: LocalTarget) -> bool:
    """Drop the database before, and what broken-off pulls left; gives whether there was one before.

    Raises:
        Refused: a pull is under way.
    """
    before = target.name + beside.BEFORE
    with connected(target, "postgres") as server:
        _require_lock(server, target)
        found = beside.exists(server, before)
        for name in (before, *beside.leftovers(server, target.name)):
            beside.drop(server, name)
    return found


def _require_lock(server: Connection, target: LocalTarget) -> None:
    if not beside.lock(server, target.name):
        raise Refused(f"A pull into {target} is under way. Nothing was changed.")


def _require_confirmed(server: Connection, before: str, *, confirmed: bool) -> None:
    if made_by_pull(server, before):
        return
    if kept_too_long(server, before):
        raise Refused(
            f"{before} was not made by a sanitised pull and has been kept as long as was confirmed. It is not brought "
            "back. Drop it with: bucks local forget"
        )
    if not confirmed:
        raise Refused(
            f"{before} was not made by a sanitised pull and may hold personal data. Nothing was changed. "
            "--yes brings it back all the same."
        )
