"""What old resets left behind, outside Dagster: in the archive store and in the scratch folder.

Belongs here: which of it goes, and after how long. Does not belong here: Dagster's own runs and events (see
`defs.tidy`).
"""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bc_pipelines.checks.verdict import Row, Verdict, listed
from bc_pipelines.operations.pages import Page
from bc_pipelines.operations.record import ResetRecord
from bc_pipelines.operations.tools import Tools

# Nobody else's: what is left of such folders for a week is deleted.
SCRATCH_PREFIX = "bc-pipelines-scratch-"
LEFTOVER_AGE = timedelta(days=7)
LAST_RESETS = 10


def delete_leftovers(tools: Tools, record: ResetRecord | None) -> int:
    """Empty the archive store of what broken-off resets left a week ago.

    Args:
        tools: the run's tools; the lock must be held.
        record: what it or the newest wipe took over is spared.

    Returns:
        How many objects were deleted.
    """
    facts = record.facts if record else {}
    spare = [facts[name] for name in ("accounts_key", "archive_key") if name in facts]
    return tools.archives.delete_leftovers(LEFTOVER_AGE, spare)


def delete_attachments(tools: Tools, older_than: timedelta) -> int:
    """Delete manifests and reports of old resets, but not of the last few: checks of the database read their manifests.

    Args:
        tools: the run's tools; the lock must be held.
        older_than: what is younger stays.

    Returns:
        How many were deleted.
    """
    limit = datetime.now(UTC) - older_than
    # A rollback may have brought back what a reset before the last one made.
    last = [record.id for record in tools.records.history(tools.settings.staging.name, LAST_RESETS)]
    old = [key for key, since in tools.archives.attachments() if since < limit]
    gone = [key for key in old if not any(record_id in key for record_id in last)]
    for key in gone:
        tools.archives.delete(key)
    return len(gone)


def delete_scratch(parent: Path) -> int:
    """Remove scratch folders that killed runs left a week ago; gives how many."""
    old = time.time() - LEFTOVER_AGE.total_seconds()
    leftovers = [path for path in parent.glob(f"{SCRATCH_PREFIX}*") if path.is_dir() and path.stat().st_mtime < old]
    for leftover in leftovers:
        shutil.rmtree(leftover, ignore_errors=True)
    return len(leftovers)


def oldest_archive(tools: Tools) -> Verdict:
    """Whether anything lies in the archive store that a verified restore would have deleted; only ever a warning."""
    now = datetime.now(UTC)
    kept = [(key, (now - since).total_seconds() / 86400) for key, since in tools.archives.kept_archives()]
    rows: tuple[Row, ...] = tuple({"object": key, "days": round(days, 2)} for key, days in kept)
    old = [key for key, days in kept if days > LEFTOVER_AGE.days]
    facts = {"objects": len(kept), "oldest_days": round(max((days for _, days in kept), default=0.0), 2)}
    if old:
        return Verdict(
            False,
            f"Older than {LEFTOVER_AGE.days} days: {listed(old)}. They hold staff's password hashes. "
            f"Run the job tidy_history. {Page.ARCHIVE_STORE}",
            facts,
            rows,
            severity="warn",
        )
    return Verdict(True, f"{len(kept)} archives or lists of accounts are kept, none for long.", facts, rows, "warn")


def store_is_private(tools: Tools, key: str) -> Verdict:
    """Whether a stranger gets nothing from the archive store, and what it says of encryption and region.

    Args:
        tools: the run's tools.
        key: an object that is in it.

    Returns:
        The verdict. What a store does not tell is said and no failure; what it tells and is wrong is one.
    """
    seen = tools.archives.as_a_stranger(key)
    told = tools.archives.what_it_tells(key)
    wanted = tools.settings.archive_region
    rows: list[Row] = [
        {"what": "an archive, without a key", "found": seen.object_status, "wrong": seen.object_status == 200},
        {"what": "the list, without a key", "found": seen.list_status, "wrong": seen.list_status == 200},
        {"what": "public access is blocked", "found": _said(told.blocked), "wrong": told.blocked is False},
        {"what": "encrypted", "found": told.encryption or "not told", "wrong": told.encryption == "none"},
        {
            "what": "region",
            "found": told.region or "not told",
            "wrong": bool(told.region and wanted and told.region != wanted),
        },
    ]
    wrong = [f"{row['what']}: {row['found']}" for row in rows if row["wrong"]]
    silent = [str(row["what"]) for row in rows if row["found"] == "not told"]
    facts = {"wrong": len(wrong), "not told": len(silent)}
    if wrong:
        return Verdict(
            False,
            f"The archive store {tools.archives.bucket} is not as it must be: {listed(wrong)}. It holds staff's "
            f"password hashes. Staging was not touched. {Page.ARCHIVE_STORE}",
            facts,
            tuple(rows),
        )
    more = f" It does not tell: {listed(silent)}." if silent else ""
    return Verdict(True, f"Without a key, nobody reads or lists {tools.archives.bucket}.{more}", facts, tuple(rows))


def _said(answer: bool | None) -> str:
    return {True: "yes", False: "no", None: "not told"}[answer]
