"""The one thing that destroys, for resets and for the way back alike: an environment is closed, emptied and refilled.

Belongs here: the order in which that happens, what is written down before each part, and what is still running of it
at Heroku. Does not belong here: what is put in the place of what was there (see `restore` and `rollback`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bc_pipelines.heroku.errors import RefusedByGuard, TransferFailed, TransferUnfinished
from bc_pipelines.heroku.models import Database, Transfer
from bc_pipelines.operations.backups import require_rollback_point
from bc_pipelines.operations.ready import switch_maintenance
from bc_pipelines.operations.record import Kind, ResetRecord, State
from bc_pipelines.operations.tools import Tools

OnProgress = Callable[[Transfer], None]


def wipe(
    tools: Tools,
    record: ResetRecord,
    target: Database,
    ask: Callable[[], Transfer],
    on_progress: OnProgress,
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


def settle_unfinished(
    tools: Tools, app: str, ours: str | None, on_progress: OnProgress, *, cancel: bool = False
) -> tuple[str, ...]:
    """Wait for whatever is still running at Heroku on an environment's database, so that two restores never meet.

    Args:
        tools: the run's tools; the lock must be held.
        app: the target's Heroku app.
        ours: Heroku's identity of the restore of a broken-off run; only that one is ever cancelled.
        on_progress: called with every look.
        cancel: whether our own is cancelled at once, because nobody wants its result; else only after its deadline.

    Returns:
        What was found and became of it, a sentence for each.

    Raises:
        TransferUnfinished: something is still running after its deadline.
    """
    owner = tools.heroku.database(app).owner_app
    unfinished = [transfer for transfer in tools.heroku.transfers(owner) if not transfer.finished]
    return tuple(_settle(tools, owner, each, on_progress, ours=each.uuid == ours, cancel=cancel) for each in unfinished)


def _settle(tools: Tools, owner: str, transfer: Transfer, on_progress: OnProgress, *, ours: bool, cancel: bool) -> str:
    deadlines = tools.settings.deadlines
    if not (ours and cancel):
        with contextlib.suppress(TransferUnfinished):
            return _wait(tools, owner, transfer, on_progress, deadlines.restore)
    if ours:
        tools.heroku.cancel(owner, transfer)
    # What is somebody else's is looked at once more, for its own words of what to do.
    ended = _wait(tools, owner, transfer, on_progress, deadlines.cancel if ours else timedelta())
    return f"It was cancelled. {ended}" if ours else ended


def _wait(tools: Tools, owner: str, transfer: Transfer, on_progress: OnProgress, deadline: timedelta) -> str:
    """Wait for an end, whatever it is: that it failed is no news, because everything is restored anew."""
    try:
        done = tools.heroku.wait(owner, transfer, on_progress=on_progress, deadline=deadline)
    except TransferUnfinished:
        raise
    except TransferFailed as failed:
        done = failed.transfer
    return f"Heroku's {transfer.kind} {transfer.name} of {owner} was still running; it has ended now: {done.state}."


def _close(tools: Tools, record: ResetRecord, target: Database) -> ResetRecord:
    """Put the target into maintenance, stop its dynos and end what is connected to its database."""
    # Before the first change: whoever finds this reset broken off must not read that nothing was touched.
    now = datetime.now(UTC).isoformat()
    record = tools.records.note(record, State.WIPING, wiping_since=now, maintenance_on=False)
    switch_maintenance(tools, record, on=True)
    record = tools.records.note(record, maintenance_on=True)
    tools.heroku.scale(record.app, {process.type: 0 for process in tools.heroku.formation(record.app)})
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


def _follow(tools: Tools, record: ResetRecord, owner: str, restore: Transfer, on_progress: OnProgress) -> Transfer:
    """Wait for the restore, and write down how it ended where that is known, for whoever finds this reset stopped."""
    try:
        done = tools.heroku.wait(owner, restore, on_progress=on_progress, deadline=tools.settings.deadlines.restore)
    except TransferUnfinished:
        raise
    except TransferFailed as failed:
        tools.records.note(record, restore_ended=failed.transfer.state)
        raise
    tools.records.note(record, restore_ended=done.state)
    return done


def _remember_how_it_ran(tools: Tools, record: ResetRecord) -> ResetRecord:
    """Write down maintenance and dynos as they are, unless a broken-off reset has closed the site already.

    The way back takes over what the reset wrote down.
    """
    if record.kind is Kind.ROLLBACK:
        return record
    if "maintenance_before" not in record.facts:
        record = tools.records.note(record, maintenance_before=tools.heroku.app(record.app).maintenance)
    running = {process.type: process.quantity for process in tools.heroku.formation(record.app)}
    if record.facts.get("formation") and not any(running.values()):
        return record
    return tools.records.note(record, formation=running)
