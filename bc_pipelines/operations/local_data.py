"""A developer's database is replaced by a sanitised copy: made beside it, checked there, swapped by name.

Belongs here: the order of a pull, and that the old database is as it was until the new one has passed its checks.
Does not belong here: what is personal (see `privacy`), which address is local (see `local_target`), the way back
(see `local_back`), printing.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from bc_pipelines.database import beside
from bc_pipelines.database.identity import Connection
from bc_pipelines.laptop import Laptop
from bc_pipelines.operations import local_make
from bc_pipelines.operations.archives import Watch
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.local_copy import Copy, Origin
from bc_pipelines.operations.local_server import connected, is_empty, kept_too_long, made_by_pull, require_nobody
from bc_pipelines.operations.local_target import LocalTarget
from bc_pipelines.operations.local_wishes import Wishes

KEPT_DAYS = 7


@dataclass(frozen=True)
class Pulled:
    """What a pull did.

    Attributes:
        database: name and place of the database.
        environment: whose data it holds.
        backup: from which backup.
        made: when that was made.
        rows: how many rows it has.
        rows_left_out: how many the copy left out.
        accounts_replaced: how many people's accounts.
        private_pages: the password that private pages of the copy ask for; it opens nothing else.
        sites: each local address and the host that it stands for.
        missing_extensions: what this server does not have.
        migrations: those that the developer's checkout has and the database has not, as `app.name`.
        before: name of the database before, or empty where there is none.
        before_until: the day up to which a database that no pull made is kept; empty otherwise.
        seconds: how long it took.
    """

    database: str
    environment: str
    backup: str
    made: str
    rows: int
    rows_left_out: int
    accounts_replaced: int
    private_pages: str
    sites: dict[str, str]
    missing_extensions: tuple[str, ...]
    migrations: tuple[str, ...]
    before: str
    before_until: str
    seconds: float


def pull(origin: Origin, target: LocalTarget, laptop: Laptop, wishes: Wishes, watch: Watch) -> Pulled:
    """Replace the local database.

    Args:
        origin: where the data comes from.
        target: the local database, which `local_target` accepted.
        laptop: ports of the local sites.
        wishes: what the developer chose.
        watch: is told how far the work is.

    Raises:
        Refused: something is in the way, and the message says what; the old database is as it was.
        GateClosed: the new database did not pass its checks and was dropped; the old one is as it was.
        RestoreFailed, and everything that fetching the copy raises: the same.
        DatabaseError: the server cannot be reached.
    """
    begun = time.monotonic()
    with connected(target, "postgres") as server:
        _require_free(server, target, wishes)
        for leftover in beside.leftovers(server, target.name):
            beside.drop(server, leftover)
        if kept_too_long(server, target.name + beside.BEFORE):
            beside.drop(server, target.name + beside.BEFORE)
        with _scratch(wishes.scratch, target) as folder:
            copy = origin.fetch(folder, watch)
            new = beside.new_name(target.name)
            try:
                beside.create(server, new)
                made = local_make.fill(target, new, copy, laptop, wishes, watch)
                watch.wait("Swapping the databases")
                before, until = _swap(server, target, new, _facts(origin, copy), wishes)
            except BaseException:
                with suppress(psycopg.Error):
                    beside.drop(server, new)
                raise
        with suppress(psycopg.Error):
            beside.drop(server, target.name + beside.LEAVING)
    return Pulled(
        database=str(target),
        environment=origin.environment,
        backup=origin.backup,
        made=_made(origin, copy),
        rows=made.rows,
        rows_left_out=sum(table["rows_purged"] for table in copy.manifest["tables"]),
        accounts_replaced=copy.manifest["accounts"]["replaced"],
        private_pages=copy.view_restriction_password,
        sites=made.sites,
        missing_extensions=made.missing_extensions,
        migrations=made.migrations,
        before=before,
        before_until=until,
        seconds=round(time.monotonic() - begun, 1),
    )


def _require_free(server: Connection, target: LocalTarget, wishes: Wishes) -> None:
    """Say at once what would stop the swap at the end."""
    name = target.name
    if not beside.lock(server, name):
        raise Refused(f"Another pull into {target} is under way. Nothing was changed.")
    if not beside.may_create(server):
        raise Refused(
            f"The role of {target} may not create databases. Nothing was changed. As a superuser of that server: "
            "ALTER ROLE … CREATEDB"
        )
    if not beside.exists(server, name):
        return
    if not beside.owns(server, name):
        raise Refused(f"{target} belongs to another role, so it cannot be renamed. Nothing was changed.")
    # Before anything here connects to it: one's own connection lasts a moment longer on the server.
    for each in (name, name + beside.BEFORE):
        require_nobody(server, target, each, end=wishes.end_connections)
    if not made_by_pull(server, name) and wishes.old is None and not is_empty(target):
        raise Refused(
            f"{target} was not made by a sanitised pull: it may hold personal data, or your own work. Nothing was "
            f"changed. --old keep keeps it for {KEPT_DAYS} days as {name}{beside.BEFORE}, --old drop drops it."
        )


def _swap(
    server: Connection, target: LocalTarget, new: str, facts: Mapping[str, Any], wishes: Wishes
) -> tuple[str, str]:
    """Put the new database in the old one's place, in one transaction; gives the old one's name and last day."""
    name, before, leaving = target.name, target.name + beside.BEFORE, target.name + beside.LEAVING
    marks: dict[str, Mapping[str, Any]] = {new: facts}
    moves: list[tuple[str, str]] = []
    until, kept = "", ""
    if beside.exists(server, name):
        clean = made_by_pull(server, name)
        if not clean and (wishes.old != "keep" or is_empty(target)):
            moves.append((name, leaving))
        else:
            if beside.exists(server, before):
                moves.append((before, leaving))
            if not clean:
                until = (datetime.now(UTC) + timedelta(days=KEPT_DAYS)).date().isoformat()
                marks[name] = {"kept_until": until}
            moves.append((name, before))
            kept = before
    moves.append((new, name))
    try:
        beside.rename(server, moves, end=[old for old, _ in moves] if wishes.end_connections else [], marks=marks)
    except psycopg.errors.ObjectInUse:
        for each in (name, before):
            require_nobody(server, target, each, end=False)
        raise Refused(f"Somebody is connected to {name}. It is as it was. Run the same command again.") from None
    return kept, until


def _facts(origin: Origin, copy: Copy) -> dict[str, Any]:
    return {
        "environment": origin.environment,
        "backup": origin.backup,
        "made": _made(origin, copy),
        "pulled": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": copy.sha256,
        "private_pages": copy.view_restriction_password,
    }


def _made(origin: Origin, copy: Copy) -> str:
    return origin.made or copy.manifest["archive"]["created_at"] or ""


@contextmanager
def _scratch(parent: Path, target: LocalTarget) -> Iterator[Path]:
    """A private folder; what killed pulls into the same database left is removed, as the lock is held."""
    parent.mkdir(parents=True, exist_ok=True)
    prefix = f"bc-pull-{hashlib.sha256(str(target).encode()).hexdigest()[:12]}-"
    for leftover in parent.glob(f"{prefix}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as folder:
        yield Path(folder)
