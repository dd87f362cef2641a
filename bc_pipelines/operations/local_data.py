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
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import psycopg

from bc_pipelines.checks import rows, submitted
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.database import beside, counts
from bc_pipelines.database.identity import Connection, DatabaseError
from bc_pipelines.laptop import Laptop
from bc_pipelines.operations.archive_places import Places
from bc_pipelines.operations.archive_source import Source
from bc_pipelines.operations.archives import Sanitised, Watch, sanitise_archive
from bc_pipelines.operations.errors import GateClosed, Refused
from bc_pipelines.operations.local_restore import restore
from bc_pipelines.operations.local_target import LocalTarget
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.policy import Policy
from bc_pipelines.wagtail_sql import ready, sites
from bc_pipelines.wagtail_sql.tables import has_table

Old = Literal["keep", "drop"]
KEPT_DAYS = 7
# The first that drops a database whoever is connected (DROP DATABASE … FORCE).
_OLDEST = 130000


@dataclass(frozen=True)
class RawArchive:
    """Where the raw data comes from; nothing is read before it is opened.

    Attributes:
        environment: whose data it is.
        backup: Heroku's name of the backup, or the file.
        made: when the backup was finished, in ISO 8601; empty for a file.
        open: opens it.
    """

    environment: str
    backup: str
    made: str
    open: Callable[[], AbstractContextManager[Source]]


@dataclass(frozen=True)
class Wishes:
    """What the developer chose.

    Attributes:
        rules: profile `local` and the council's choices.
        public: texts that the proof need not report.
        old: what becomes of a database that no pull made; None where nothing was said.
        end_connections: whether connections to the old database may be ended.
        scratch: folder for work files.
        catalogue: what is decided about each table and column; the site's own if None.
    """

    rules: Policy
    public: tuple[str, ...]
    old: Old | None
    end_connections: bool
    scratch: Path
    catalogue: Path | None = None


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
        sites: each local address and the host that it stands for.
        missing_extensions: what this server does not have.
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
    sites: dict[str, str]
    missing_extensions: tuple[str, ...]
    before: str
    before_until: str
    seconds: float


def pull(raw: RawArchive, target: LocalTarget, laptop: Laptop, wishes: Wishes, watch: Watch) -> Pulled:
    """Replace the local database.

    Args:
        raw: where the data comes from.
        target: the local database, which `local_target` accepted.
        laptop: ports of the local sites.
        wishes: what the developer chose.
        watch: is told how far the work is.

    Raises:
        Refused: something is in the way, and the message says what; the old database is as it was.
        GateClosed: the new database did not pass its checks and was dropped; the old one is as it was.
        RestoreFailed, and everything of `sanitise_archive`: the same.
        DatabaseError: the server cannot be reached.
    """
    begun = time.monotonic()
    with connected(target, "postgres") as server:
        _require_free(server, target, wishes)
        for leftover in beside.leftovers(server, target.name):
            beside.drop(server, leftover)
        if kept_too_long(server, target.name + beside.BEFORE):
            beside.drop(server, target.name + beside.BEFORE)
        with _scratch(wishes.scratch, target) as folder, raw.open() as source:
            places = Places(folder / "local.dump")
            catalogue = Catalogue.load(wishes.catalogue)
            copy = sanitise_archive(source, places, catalogue, wishes.rules, watch, public=wishes.public)
            new = beside.new_name(target.name)
            try:
                missing, moved, total = _make(server, target, new, copy, laptop, wishes, watch)
                watch.wait("Swapping the databases")
                before, until = _swap(server, target, new, _facts(raw, copy), wishes)
            except BaseException:
                with suppress(psycopg.Error):
                    beside.drop(server, new)
                raise
        with suppress(psycopg.Error):
            beside.drop(server, target.name + beside.LEAVING)
    tables = copy.manifest.tables
    return Pulled(
        database=str(target),
        environment=raw.environment,
        backup=raw.backup,
        made=raw.made or copy.manifest.archive.created_at or "",
        rows=total,
        rows_left_out=sum(table.rows_purged for table in tables),
        accounts_replaced=copy.manifest.accounts.replaced,
        sites=moved,
        missing_extensions=missing,
        before=before,
        before_until=until,
        seconds=round(time.monotonic() - begun, 1),
    )


def _make(
    server: Connection,
    target: LocalTarget,
    new: str,
    copy: Sanitised,
    laptop: Laptop,
    wishes: Wishes,
    watch: Watch,
) -> tuple[tuple[str, ...], dict[str, str], int]:
    """Fill the new database, check it, and make it a local one: missing extensions, sites and rows."""
    beside.create(server, new)
    with connected(target, new) as connection:
        watch.wait("Restoring")
        missing = restore(copy.target, target, new, connection)
        watch.wait("Checking the new database")
        counted = counts.row_counts(connection)
        _require(rows.rows_match(asdict(copy.manifest), counted))
        _require(
            submitted.nothing_left(
                connection,
                mail_sink=wishes.rules.mail_sink,
                view_restriction_password=wishes.rules.view_restriction_password,
            )
        )
        moved = _move_sites(connection, laptop)
        ready.mark_cleaned(connection)
        ready.empty_cache_table(connection)
        connection.execute("ANALYZE")
    return missing, moved, sum(counted.values())


def _require(verdict: Verdict) -> None:
    if not verdict.passed:
        raise GateClosed(f"The new database did not pass its check and was dropped: {verdict.summary}")


def _move_sites(connection: Connection, laptop: Laptop) -> dict[str, str]:
    """Put every Site record on localhost, each with a port of its own; the default site's comes first."""
    if not has_table(connection, "wagtailcore_site"):
        return {}
    moved: dict[str, str] = {}
    taken: set[int] = set()
    for site in sorted(sites.read_sites(connection), key=lambda each: (not each.is_default_site, each.id)):
        port = laptop.port_of(site.hostname, taken)
        taken.add(port)
        moved[f"http://localhost:{port}"] = site.hostname
        connection.execute(
            "UPDATE wagtailcore_site SET hostname = 'localhost', port = %s WHERE id = %s", [port, site.id]
        )
    return moved


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


def _facts(raw: RawArchive, copy: Sanitised) -> dict[str, Any]:
    return {
        "environment": raw.environment,
        "backup": raw.backup,
        "made": raw.made or copy.manifest.archive.created_at,
        "pulled": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": copy.sha256,
    }


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


@contextmanager
def _scratch(parent: Path, target: LocalTarget) -> Iterator[Path]:
    """A private folder; what killed pulls into the same database left is removed, as the lock is held."""
    parent.mkdir(parents=True, exist_ok=True)
    prefix = f"bc-pull-{hashlib.sha256(str(target).encode()).hexdigest()[:12]}-"
    for leftover in parent.glob(f"{prefix}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as folder:
        yield Path(folder)
