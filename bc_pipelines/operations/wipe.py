"""The one thing that destroys, for resets and for the way back alike: an environment is closed, emptied and refilled.

Belongs here: the order in which that happens, what is written down before each part, and what is still running of it
at Heroku. Does not belong here: what is put in the place of what was there (see `restore` and `rollback`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bc_pipelines.heroku.errors import RefusedByGuard, TransferFailed, TransferUnfinished
from bc_pipelines.heroku.models import Database, Transfer
from bc_pipelines.operations.backups import require_rollback_point
from bc_pipelines.operations.record import ResetRecord, State
from bc_pipelines.operations.tools import Tools

RESTORE_DEADLINE = timedelta(hours=3)


def wipe(
    tools: Tools,
    record: ResetRecord,
    target: Database,
    ask: Callable[[], Transfer],
    on_progress: Callable[[Transfer], None],
) -> Transfer:
    """Close an environment and have Heroku wipe its database and restore another content into it.

    Args:
        tools: the run's tools; the lock must be held.
        record: of the reset or of the way back.
        target: the environment's own database, as it was just resolved.
        ask: asks Heroku for the restore, once.
        on_progress: called with every look at the running restore.

    Returns:
        Heroku's finished restore.

    Raises:
        Refused: the rollback point is gone: nothing was touched. Or the lock was lost: the target is in maintenance,
            its database untouched.
        HerokuError: the restore was refused or failed. The target stays in maintenance.
    """
    record = _remember_how_it_ran(tools, record)
    require_rollback_point(tools, record)
    record = _close(tools, record, target)
    # Closing takes a while, in which the lock's connection may have ended and somebody else begun.
    tools.lock.assert_held()
    restore = _ask_once(tools, record, ask)
    record = tools.records.note(record, restore_transfer=restore.name, restore_uuid=restore.uuid)
    return _follow(tools, record, target.owner_app, restore, on_progress)


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


def _ask_once(tools: Tools, record: ResetRecord, ask: Callable[[], Transfer]) -> Transfer:
    """Ask Heroku to wipe and restore, and write that down first: a run that is killed here never learns the name."""
    record = tools.records.note(record, restore_requested=True)
    try:
        return ask()
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


def _remember_how_it_ran(tools: Tools, record: ResetRecord) -> ResetRecord:
    """Write down maintenance and dynos as they are, unless a broken-off reset has closed the site already."""
    if "maintenance_before" not in record.facts:
        record = tools.records.note(record, maintenance_before=tools.heroku.app(record.app).maintenance)
    running = {process.type: process.quantity for process in tools.heroku.formation(record.app)}
    if record.facts.get("formation") and not any(running.values()):
        return record
    return tools.records.note(record, formation=running)
