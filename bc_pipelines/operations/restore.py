"""The one step that destroys: staging goes into maintenance, is emptied and gets the sanitised archive.

Belongs here: the order in which that happens and what is written down before each part. Does not belong here:
anything before the archive is proven or after its rows are counted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bc_pipelines.checks import rows
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.database import counts
from bc_pipelines.heroku.errors import RefusedByGuard, TransferFailed, TransferUnfinished
from bc_pipelines.heroku.models import Database, Transfer
from bc_pipelines.operations.backups import require_rollback_point
from bc_pipelines.operations.errors import GateClosed, Refused
from bc_pipelines.operations.record import ResetRecord, State
from bc_pipelines.operations.target import own_database, target_database
from bc_pipelines.operations.tools import Tools

RESTORE_DEADLINE = timedelta(hours=3)
# Heroku fetches the archive once, when its worker takes the restore from the queue.
URL_VALID_FOR = timedelta(hours=1)


def wipe_and_restore(tools: Tools, record: ResetRecord, on_progress: Callable[[Transfer], None]) -> Transfer:
    """Replace the target's database by the reset's sanitised archive.

    Args:
        tools: the run's tools.
        record: of the reset; must have come to `sanitised`.
        on_progress: called with every look at the running restore.

    Returns:
        Heroku's finished restore.

    Raises:
        GateClosed: the stored archive is not the one that was proven; nothing was touched.
        Refused: the target's database is not its own, or the rollback point is gone: nothing was touched. Or the lock
            was lost: the target is in maintenance, its database untouched.
        HerokuError: the restore was refused or failed. The target stays in maintenance.
    """
    _require_the_proven_archive(tools, record)
    target = own_database(tools, record.environment, record)
    record = _remember_formation(tools, record)
    require_rollback_point(tools, record)
    record = _close(tools, record, target)
    # Closing takes a while, in which the lock's connection may have ended and somebody else begun.
    tools.lock.assert_held()
    restore = _ask_for_restore(tools, record, target)
    record = tools.records.note(record, restore_transfer=restore.name, restore_uuid=restore.uuid)
    return _follow(tools, record, target.owner_app, restore, on_progress)


def count_what_arrived(tools: Tools, record: ResetRecord) -> Verdict:
    """Count every table of the restored database and hold it against the manifest; only a match opens the next gate.

    Args:
        tools: the run's tools.
        record: of the reset.

    Returns:
        The verdict; where it passed, the record moves to `restored` and the archive is deleted from the store.
    """
    with target_database(tools, record.environment, record) as connection:
        verdict = rows.rows_match(manifest_of(tools, record), counts.row_counts(connection))
    if verdict.passed:
        tools.records.note(record, State.RESTORED)
        tools.archives.delete(record.facts["archive_key"])
    return verdict


def manifest_of(tools: Tools, record: ResetRecord) -> Mapping[str, Any]:
    """The manifest that was written together with the reset's archive, as plain JSON."""
    manifest: Mapping[str, Any] = json.loads(tools.archives.get_text(f"archives/{record.id}.manifest.json"))
    return manifest


def rows_written(manifest: Mapping[str, Any]) -> Mapping[str, int]:
    """How many rows the archive was written with, by `schema.table`."""
    return {f"{table['schema']}.{table['table']}": table["rows_written"] for table in manifest["tables"]}


def last_manifest(tools: Tools, environment: str) -> Mapping[str, Any]:
    """The manifest of what an environment holds now.

    Raises:
        Refused: no reset of it is on record.
    """
    record = tools.records.last_restored(environment)
    if record is None:
        raise Refused(f"No reset of {environment} is on record yet. Start the job reset_staging first.")
    return manifest_of(tools, record)


def settle_unfinished(tools: Tools, app: str) -> None:
    """Wait for whatever an earlier, broken-off reset left running at Heroku, so that two restores never meet.

    Args:
        tools: the run's tools.
        app: the target's Heroku app.

    Raises:
        TransferUnfinished: a restore is still running after the deadline.
    """
    owner = tools.heroku.database(app).owner_app
    for transfer in tools.heroku.transfers(owner):
        if transfer.finished or transfer.kind != "restore":
            continue
        try:
            tools.heroku.wait(owner, transfer, deadline=RESTORE_DEADLINE)
        except TransferUnfinished:
            raise
        except TransferFailed:
            # That it failed is no news: the next reset restores anew.
            continue


def _close(tools: Tools, record: ResetRecord, target: Database) -> ResetRecord:
    """Put the target into maintenance, stop its dynos and end what is connected to its database."""
    # Before the first change: whoever finds this reset broken off must not read that nothing was touched.
    now = datetime.now(UTC).isoformat()
    record = tools.records.note(record, State.WIPING, wiping_since=now, maintenance_on=False)
    tools.heroku.set_maintenance(record.app, on=True)
    record = tools.records.note(record, maintenance_on=True)
    tools.heroku.scale(record.app, dict.fromkeys(record.facts["formation"], 0))
    tools.heroku.reset_connections(target.addon_id)
    return record


def _ask_for_restore(tools: Tools, record: ResetRecord, target: Database) -> Transfer:
    """Ask Heroku to wipe and restore, and write that down first: a run that is killed here never learns the name."""
    source = tools.heroku.database(tools.settings.production.heroku_app)
    url = tools.archives.signed_url(record.facts["archive_key"], URL_VALID_FOR)
    record = tools.records.note(record, restore_requested=True)
    try:
        return tools.heroku.restore(target, url, source=source, allowed_apps=tools.settings.writable_apps)
    except RefusedByGuard:
        # Nothing was sent.
        tools.records.note(record, restore_requested=False)
        raise


def _follow(
    tools: Tools, record: ResetRecord, owner: str, restore: Transfer, on_progress: Callable[[Transfer], None]
) -> Transfer:
    """Wait for the restore, and write down how it ended where that is known, for whoever finds this reset stopped."""
    try:
        done = tools.heroku.wait(owner, restore, on_progress=on_progress, deadline=RESTORE_DEADLINE)
    except TransferUnfinished:
        raise
    except TransferFailed as failed:
        tools.records.note(record, restore_ended=failed.transfer.state)
        raise
    tools.records.note(record, restore_ended=done.state)
    return done


def _require_the_proven_archive(tools: Tools, record: ResetRecord) -> None:
    key = record.facts["archive_key"]
    if tools.archives.size(key) is None or tools.archives.sha256(key) != record.facts["archive_sha256"]:
        raise GateClosed(f"The stored archive {key} is not the one that was proven. Nothing was wiped.")


def _remember_formation(tools: Tools, record: ResetRecord) -> ResetRecord:
    """Write down how many dynos of each type run, unless a broken-off reset already scaled them to nothing."""
    running = {process.type: process.quantity for process in tools.heroku.formation(record.app)}
    if record.facts.get("formation") and not any(running.values()):
        return record
    return tools.records.note(record, formation=running)
