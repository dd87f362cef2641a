"""Staging's database gets the sanitised archive, and what came of that is counted.

Belongs here: which archive, and the evidence that it arrived. Does not belong here: the wipe itself (see `wipe`),
anything before the archive is proven or after its rows are counted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from bc_pipelines.checks import rows
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.database import counts
from bc_pipelines.heroku.models import Transfer
from bc_pipelines.operations.errors import GateClosed, Refused
from bc_pipelines.operations.record import ResetRecord, State
from bc_pipelines.operations.target import own_database, target_database
from bc_pipelines.operations.tools import Tools
from bc_pipelines.operations.wipe import wipe
from bc_pipelines.wagtail_sql import marker
from bc_pipelines.wagtail_sql.tables import Connection

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

    def ask() -> Transfer:
        source = tools.heroku.database(tools.settings.production.heroku_app)
        url = tools.archives.signed_url(record.facts["archive_key"], URL_VALID_FOR)
        return tools.heroku.restore(target, url, source=source, allowed_apps=tools.settings.writable_apps)

    return wipe(tools, record, target, ask, on_progress)


def count_what_arrived(tools: Tools, record: ResetRecord) -> Verdict:
    """Count every table of the restored database and hold it against the manifest; only a match opens the next gate.

    Args:
        tools: the run's tools.
        record: of the reset.

    Returns:
        The verdict; where it passed, the database carries the reset's id, the record moves to `restored` and the
        archive is deleted from the store.
    """
    with target_database(tools, record.environment, record) as connection:
        verdict = rows.rows_match(manifest_of(tools, record.id), counts.row_counts(connection))
        if verdict.passed:
            marker.write_marker(connection, record.id)
    if verdict.passed:
        tools.records.note(record, State.RESTORED)
        tools.archives.delete(record.facts["archive_key"])
    return verdict


def manifest_of(tools: Tools, record_id: str) -> Mapping[str, Any]:
    """The manifest that was written together with a reset's archive, as plain JSON."""
    manifest: Mapping[str, Any] = json.loads(tools.archives.get_text(f"archives/{record_id}.manifest.json"))
    return manifest


def rows_written(manifest: Mapping[str, Any]) -> Mapping[str, int]:
    """How many rows the archive was written with, by `schema.table`."""
    return {f"{table['schema']}.{table['table']}": table["rows_written"] for table in manifest["tables"]}


def manifest_of_database(tools: Tools, connection: Connection) -> Mapping[str, Any]:
    """The manifest of what a database holds, by the id that it carries.

    Raises:
        Refused: it carries none.
    """
    made_by = marker.read_marker(connection)
    if made_by is None:
        raise Refused("No reset of this product made this database. Start the job reset_staging first.")
    return manifest_of(tools, made_by)


def _require_the_proven_archive(tools: Tools, record: ResetRecord) -> None:
    key = record.facts["archive_key"]
    if tools.archives.size(key) is None or tools.archives.sha256(key) != record.facts["archive_sha256"]:
        raise GateClosed(f"The stored archive {key} is not the one that was proven. Nothing was wiped.")
