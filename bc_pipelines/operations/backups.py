"""The two backups of a reset: production's, adopted or captured, and staging's: the way back.

Belongs here: which backup counts and what is asked of it. Does not belong here: how Heroku is spoken to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from bc_pipelines.checks import backup as backup_checks
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.heroku.models import Database, Transfer
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.lock import holder_of
from bc_pipelines.operations.pages import Page
from bc_pipelines.operations.record import ResetRecord, State
from bc_pipelines.operations.target import own_database, target_database
from bc_pipelines.operations.tools import Tools
from bc_pipelines.pgarchive import ArchiveReader, TruncatedArchive
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.coverage import Coverage, coverage
from bc_pipelines.settings import Environment
from bc_pipelines.wagtail_sql import marker, sites
from bc_pipelines.wagtail_sql.tables import has_table

MAGIC_LENGTH = 5
# The table of contents of the council's 142 tables takes about a third of this.
_FIRST_READ = 1 << 20


@dataclass(frozen=True)
class Backup:
    """A finished backup and what was seen of it.

    Attributes:
        app: the app that it belongs to.
        name: Heroku's short name, as `b101`.
        uuid: Heroku's identity of it.
        size_bytes: size of the archive as Heroku lists it; it can still be 0 just after the end.
        source_bytes: size of the database when it was made.
        finished_at: when it was finished.
        succeeded: whether Heroku says that it succeeded.
        magic: the first bytes of the file behind its public URL.
        downloadable_bytes: how many bytes that file has in all.
        captured: whether it was made now; otherwise it was there and was adopted.
        way_back_of: id of the broken-off reset whose rollback point it is; empty for any other backup.
    """

    app: str
    name: str
    uuid: str
    size_bytes: int
    source_bytes: int
    finished_at: datetime
    succeeded: bool
    magic: bytes
    downloadable_bytes: int
    captured: bool
    way_back_of: str = ""

    @property
    def age(self) -> timedelta:
        """How long ago it was finished."""
        return datetime.now(UTC) - self.finished_at


def recent_or_new(tools: Tools, environment: Environment, on_progress: Callable[[Transfer], None]) -> Backup:
    """A backup of an environment that is recent enough, or a new one.

    Args:
        tools: the run's tools.
        environment: production, or any other.
        on_progress: called with every look at a running capture.

    Returns:
        The backup.

    Raises:
        HerokuError: a capture failed, or Heroku cannot be reached.
    """
    database = tools.heroku.database(environment.heroku_app)
    found = tools.heroku.recent_backup(database, newer_than=tools.settings.backup_max_age)
    return _look_at(tools, database, found, captured=False) if found else _capture(tools, database, on_progress)


def recent_or_fresh(tools: Tools, environment: Environment, on_progress: Callable[[Transfer], None]) -> Backup:
    """As `recent_or_new`, for an environment that is reset: never what was there before, and no way back is lost.

    Raises:
        Refused: as `fresh`.
        HerokuError: a capture failed, or Heroku cannot be reached.
    """
    database, limit = tools.heroku.database(environment.heroku_app), tools.settings.backup_max_age
    wiped = tools.records.last_wiped(environment.name)
    if wiped is not None:
        # The newest backup is as a rule the rollback point: what the last reset took away.
        limit = min(limit, datetime.now(UTC) - (wiped.finished_at or wiped.updated_at))
    found = tools.heroku.recent_backup(database, newer_than=limit)
    return _look_at(tools, database, found, captured=False) if found else fresh(tools, environment, on_progress)


def fresh(tools: Tools, environment: Environment, on_progress: Callable[[Transfer], None]) -> Backup:
    """A backup of an environment made now, outside a reset.

    Raises:
        Refused: a reset is under way, or Heroku would drop the rollback point of a broken-off reset for it.
        HerokuError: the capture failed, or Heroku cannot be reached.
    """
    holder = holder_of(tools.settings.dagster_database_url)
    if holder is not None:
        raise Refused(
            f"{holder}, and Heroku could drop its way back for one more backup of "
            f"{environment.heroku_app}. Nothing was changed. Wait for it to end, then start this again."
        )
    database = tools.heroku.database(environment.heroku_app)
    broken_off = tools.records.broken_off(environment.name)
    point = broken_off.facts["rollback_point"] if broken_off else None
    if point in {backup.name for backup in tools.heroku.evicted_by_capture(database)}:
        raise Refused(
            f"One more backup of {environment.heroku_app} would make Heroku drop {point}, which is the way back from "
            "a broken-off reset. Nothing was changed. Start the job reset_staging, or delete another backup first: "
            f"heroku pg:backups:delete -a {environment.heroku_app}."
        )
    return _capture(tools, database, on_progress)


def set_rollback_point(tools: Tools, record: ResetRecord, on_progress: Callable[[Transfer], None]) -> Backup:
    """Make sure, before anything is wiped, that a backup leads back, and remember which.

    Where an earlier reset wiped the target and did not come to its end, that reset's rollback point is the way back
    of this one, too. Nothing is captured then: the target may be empty or partial, and Heroku, which keeps few
    backups, could drop the good one for a picture of the wreck.

    Args:
        tools: the run's tools.
        record: of the reset; its fact `rollback_point` is set.
        on_progress: called with every look at a running capture.

    Returns:
        The backup that leads back.

    Raises:
        Refused: the rollback point of the broken-off reset is not in Heroku's list any more.
        HerokuError: the capture failed.
    """
    database = own_database(tools, record.environment, record)
    if record.facts.get("rollback_point"):
        backup = _carried(tools, database, record)
        tools.records.note(record, State.BACKED_UP)
        return backup
    backup = _capture(tools, database, on_progress)
    held = _what_it_holds(tools, record, database, backup)
    tools.records.note(record, State.BACKED_UP, rollback_point=backup.name, rollback_uuid=backup.uuid, **held)
    return backup


def require_rollback_point(tools: Tools, record: ResetRecord) -> Transfer:
    """Let a wipe begin only while the backup that leads back is still kept; Heroku drops old ones for new ones.

    Returns:
        The backup, as Heroku lists it now.

    Raises:
        Refused: the rollback point is not in Heroku's list of good backups any more; nothing was wiped.
    """
    point = record.facts["rollback_point"]
    backup = _good_backup(tools, record.app, record.facts)
    if backup is None:
        raise Refused(
            f"Backup {point} of {record.app}, the way back from this reset, is not in Heroku's list of good backups "
            "any more. Nothing was wiped by this run. Somebody deleted it, or newer backups took its place: see "
            f"heroku pg:backups -a {record.app}. {Page.LOST_WAY_BACK}"
        )
    return backup


def recent(backup: Backup, limit: timedelta) -> Verdict:
    """Whether a backup is young enough to be worth using; the way back from a broken-off reset may have any age.

    Args:
        backup: the backup.
        limit: how old any other may be.
    """
    verdict = backup_checks.backup_recent(backup.name, backup.finished_at, datetime.now(UTC), limit)
    if not backup.way_back_of:
        return verdict
    return Verdict(
        passed=True,
        summary=f"Backup {backup.name} is the rollback point of the broken-off reset {backup.way_back_of}: what "
        f"{backup.app} held before that one wiped it, {backup.age.total_seconds() / 3600:.1f} hours ago. Nothing "
        "newer is worth going back to, so its age does not count.",
        facts=verdict.facts,
    )


def _capture(tools: Tools, database: Database, on_progress: Callable[[Transfer], None]) -> Backup:
    started = tools.heroku.capture(database)
    done = tools.heroku.wait(
        database.owner_app, started, on_progress=on_progress, deadline=tools.settings.deadlines.capture
    )
    return _look_at(tools, database, done, captured=True)


def _carried(tools: Tools, database: Database, record: ResetRecord) -> Backup:
    """The rollback point that a broken-off reset left to this one."""
    point, broken_off = record.facts["rollback_point"], record.facts["broken_off"]
    transfer = _good_backup(tools, database.owner_app, record.facts)
    if transfer is not None:
        return replace(_look_at(tools, database, transfer, captured=False), way_back_of=broken_off)
    raise Refused(
        f"Backup {point} of {record.app}, the rollback point of the broken-off reset {broken_off}, is not in Heroku's "
        "list any more. Nothing was changed by this run. Look at heroku pg:backups, bring the site into a state that "
        f"you want to be able to go back to, end its maintenance (heroku maintenance:off -a {record.app}) and start "
        f"the job reset_staging again. {Page.LOST_WAY_BACK}"
    )


def _good_backup(tools: Tools, app: str, facts: Mapping[str, Any]) -> Transfer | None:
    """The recorded rollback point, if Heroku still lists it and it succeeded. Numbers can be given out again."""
    good = (one for one in tools.heroku.transfers(app) if one.kind == "backup" and one.good)
    name, uuid = facts["rollback_point"], facts.get("rollback_uuid")
    return next((one for one in good if one.name == name and uuid in (None, one.uuid)), None)


def made_by(reader: ArchiveReader) -> str | None:
    """The id of the reset that made what a backup holds, or None; pg_dump writes comments into its contents."""
    written = (entry.defn or "" for entry in reader.entries if entry.desc == "COMMENT")
    return next((found for found in map(marker.marker_in, written) if found), None)


def _what_it_holds(tools: Tools, record: ResetRecord, database: Database, backup: Backup) -> dict[str, Any]:
    """What the rollback point holds: which reset made it, perhaps none, and the Site records of that moment."""
    transfer = tools.heroku.transfer(database.owner_app, backup.uuid)
    reader = table_of_contents(tools, database.owner_app, transfer)
    with target_database(tools, record.environment, record) as connection:
        records = sites.read_sites(connection) if has_table(connection, "wagtailcore_site") else ()
    holds = made_by(reader)
    return {
        "rollback_holds": holds,
        # Without a mark and with tables, somebody copied production here before this product did.
        "rollback_raw": holds is None and bool(reader.tables),
        "rollback_sites": {str(site.id): f"{site.hostname}:{site.port}" for site in records},
    }


def catalogue_covers(tools: Tools) -> Verdict:
    """Hold the table of contents of production's newest backup against the privacy catalogue.

    Only the first bytes are read, by Range, and more of them until the table of contents is whole.

    Args:
        tools: the run's tools.

    Returns:
        The verdict; it names everything unknown at once.

    Raises:
        Refused: production has no finished backup.
        ArchiveError: it is no archive, or of an unknown kind.
    """
    app = tools.settings.production.heroku_app
    done = [t for t in tools.heroku.transfers(app) if t.kind == "backup" and t.good]
    newest = max(done, key=lambda transfer: transfer.created_at, default=None)
    if newest is None:
        raise Refused("Production has no finished backup to look at. Materialise production/backup first.")
    reader = table_of_contents(tools, app, newest)
    covered = coverage(reader.entries, reader.tables, Catalogue.load(), "staging")
    return Verdict(
        passed=covered.ok,
        summary=_covered_in_words(newest, reader, covered),
        facts={
            "tables": len(reader.tables),
            "columns": sum(len(table.columns) for table in reader.tables),
            "entries that name nothing": len(covered.stale_entries),
        },
    )


def _covered_in_words(backup: Transfer, reader: ArchiveReader, covered: Coverage) -> str:
    if not covered.ok:
        return covered.message()
    stale = f" {len(covered.stale_entries)} entries name nothing in it." if covered.stale_entries else ""
    return f"All {len(reader.tables)} tables of backup {backup.name} are in the privacy catalogue.{stale}"


def table_of_contents(tools: Tools, app: str, backup: Transfer) -> ArchiveReader:
    """Read a backup's beginning, by Range, until its table of contents is whole."""
    count = _FIRST_READ
    while True:
        beginning = tools.heroku.beginning(app, backup, count)
        try:
            return ArchiveReader(BytesIO(beginning.data))
        except TruncatedArchive:
            if beginning.total <= count:
                raise
            count *= 4


def _look_at(tools: Tools, database: Database, transfer: Transfer, *, captured: bool) -> Backup:
    beginning = tools.heroku.beginning(database.owner_app, transfer, MAGIC_LENGTH)
    return Backup(
        app=database.owner_app,
        name=transfer.name,
        uuid=transfer.uuid,
        size_bytes=transfer.processed_bytes,
        source_bytes=transfer.source_bytes or 0,
        finished_at=transfer.finished_at or transfer.created_at,
        succeeded=transfer.good,
        magic=beginning.data,
        downloadable_bytes=beginning.total,
        captured=captured,
    )
