"""Which backups of an environment were not made from a sanitised reset, and so hold what the public sent in.

Belongs here: telling them apart by the mark in their table of contents, and deleting those that somebody named. Does
not belong here: the mark itself (see `wagtail_sql.marker`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from bc_pipelines.checks.verdict import Row, Verdict, listed
from bc_pipelines.heroku.errors import HerokuError
from bc_pipelines.heroku.models import Transfer
from bc_pipelines.operations.backups import made_by, table_of_contents
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.pages import Page
from bc_pipelines.operations.tools import Tools
from bc_pipelines.pgarchive import ArchiveError
from bc_pipelines.settings import Environment


@dataclass(frozen=True)
class KeptBackup:
    """A backup that Heroku keeps of an environment.

    Attributes:
        transfer: as Heroku lists it.
        raw: whether it must be taken to hold what the public sent in.
        why: how that is known, in words.
        way_back: whether it is the way back from a broken-off reset, and so must stay.
    """

    transfer: Transfer
    raw: bool
    why: str
    way_back: bool

    @property
    def name(self) -> str:
        """Heroku's short name."""
        return self.transfer.name

    @property
    def size_bytes(self) -> int:
        """Size of the archive."""
        return self.transfer.processed_bytes

    @property
    def finished_at(self) -> datetime:
        """When it was finished."""
        return self.transfer.finished_at or self.transfer.created_at


def kept_backups(tools: Tools, target: Environment) -> tuple[KeptBackup, ...]:
    """Look at the table of contents of every finished backup of an environment. Changes nothing.

    Args:
        tools: the run's tools.
        target: a writable environment.

    Returns:
        The backups, newest first. One that cannot be read counts as raw: unknown means no.

    Raises:
        HerokuError: Heroku cannot be reached.
    """
    app = tools.heroku.database(target.heroku_app).owner_app
    broken_off = tools.records.broken_off(target.name)
    point = broken_off.facts.get("rollback_point") if broken_off else None
    good = [each for each in tools.heroku.transfers(app) if each.kind == "backup" and each.good]
    return tuple(KeptBackup(each, *_look_into(tools, app, each), way_back=each.name == point) for each in good)


def raw_copies(backups: Sequence[KeptBackup]) -> Verdict:
    """Whether any backup of an environment holds what the public sent in; only ever a warning.

    Args:
        backups: as `kept_backups` found them.
    """
    raw = [each for each in backups if each.raw]
    rows: tuple[Row, ...] = tuple(
        {
            "backup": each.name,
            "finished": f"{each.finished_at:%Y-%m-%d %H:%M} UTC",
            "megabytes": round(each.size_bytes / 1e6, 2),
            "raw": each.raw,
            "why": each.why,
        }
        for each in backups
    )
    facts = {"backups": len(backups), "raw": len(raw), "raw_megabytes": round(sum(r.size_bytes for r in raw) / 1e6, 2)}
    if raw:
        names = [each.name for each in raw]
        return Verdict(
            False,
            f"{len(raw)} of {len(backups)} backups were not made from a sanitised reset: {listed(names)}. They hold "
            "what the public sent in. Once nobody needs them: bucks reset raw-backups --delete "
            f"{names[-1]} --confirm APP. {Page.RAW_COPIES}",
            facts,
            rows,
            severity="warn",
        )
    return Verdict(True, f"None of {len(backups)} backups holds raw data.", facts, rows, severity="warn")


def delete_raw(tools: Tools, target: Environment, names: Sequence[str], confirm: str) -> tuple[KeptBackup, ...]:
    """Delete backups at Heroku, for good: all that were named, or none.

    Args:
        tools: tools of their own; the lock is taken, so that no reset loses its way back meanwhile.
        target: a writable environment.
        names: Heroku's short names of the backups.
        confirm: the app's name, as it was typed.

    Returns:
        What was deleted.

    Raises:
        Refused: the name is not the app's; a backup is not there, is not raw, or is the way back from a broken-off
            reset; or a reset is under way. Nothing was deleted.
        HerokuError: Heroku refused one; those before it are gone.
    """
    if confirm != target.heroku_app:
        raise Refused(
            f"To delete backups of {target.heroku_app} for good, its name must be typed as --confirm; {confirm!r} was "
            "given. Nothing was deleted."
        )
    tools.lock.acquire(str(uuid4()), "clean-up")
    kept = {each.name: each for each in kept_backups(tools, target)}
    for name in names:
        if name not in kept:
            raise Refused(f"{target.heroku_app} has no finished backup {name}. Nothing was deleted.")
        if not kept[name].raw:
            raise Refused(f"Backup {name} holds no raw data ({kept[name].why}). Nothing was deleted.")
        if kept[name].way_back:
            raise Refused(
                f"Backup {name} is the way back from a broken-off reset. Nothing was deleted. Go on or go back first: "
                "see bucks reset status."
            )
    chosen = tuple(kept[name] for name in dict.fromkeys(names))
    for each in chosen:
        tools.heroku.delete_backup(target.heroku_app, each.transfer)
    return chosen


def _look_into(tools: Tools, app: str, backup: Transfer) -> tuple[bool, str]:
    try:
        reader = table_of_contents(tools, app, backup)
    except (ArchiveError, HerokuError):
        return True, "it could not be read"
    reset_id = made_by(reader)
    if reset_id is not None:
        return False, f"made from reset {reset_id}"
    return (True, "it carries no reset's id") if reader.tables else (False, "the database was empty")
