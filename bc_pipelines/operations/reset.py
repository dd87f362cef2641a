"""Beginning and ending a reset: the questions before it, its record, and its last word.

Belongs here: what makes a run a reset. Does not belong here: the steps between (see `backups`, `sanitise`, `restore`,
`mend`, `ready`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from bc_pipelines.heroku.models import Transfer
from bc_pipelines.operations import code_push
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.plan import Plan
from bc_pipelines.operations.record import ResetRecord, State
from bc_pipelines.operations.tools import Tools
from bc_pipelines.operations.wipe import settle_unfinished
from bc_pipelines.settings import Environment

TYPED = "typed"


def approve(
    target: Environment, confirm: str, *, scheduled: bool, repeated: bool = False, today: date | None = None
) -> str:
    """Decide whether a reset may begin, and by whose word.

    Args:
        target: the environment that would be wiped.
        confirm: the app's name as it was typed, as Heroku's own `--confirm`.
        scheduled: whether a schedule asks; it cannot type and needs a standing approval.
        repeated: whether the run repeats an earlier one, with what was typed for that one.
        today: the day that counts; today if left out.

    Returns:
        The approval in words, for the record.

    Raises:
        Refused: the name is not the target's or was not typed for this run, or the schedule has no valid standing
            approval.
    """
    if repeated:
        raise Refused(
            f"This run repeats an earlier one, so nobody typed {target.heroku_app} for it. Nothing was changed. "
            "Start the job anew and type the name."
        )
    if confirm != target.heroku_app:
        raise Refused(
            f"To wipe {target.heroku_app}, its name must be typed as `confirm`, because its whole database and "
            f"everything made on it is replaced; {confirm!r} was given. Nothing was changed."
        )
    if not scheduled:
        return TYPED
    approval = target.standing_approval
    if approval is None or approval.until < (today or datetime.now(UTC).date()):
        raise Refused(
            f"A schedule may reset {target.name} only with a standing approval that is still valid "
            f"(environments.{target.name}.standing_approval in environments.toml). Nothing was changed."
        )
    return f"standing approval of {approval.by} until {approval.until}"


def take_stock(
    tools: Tools, target: Environment, on_progress: Callable[[Transfer], None], *, going_back: bool = False
) -> str:
    """Find out what an earlier run left, and wait for or cancel what is still running of it at Heroku.

    Nothing on the target is looked at before that: its database may be half restored.

    Args:
        tools: the run's tools; the lock must be held already.
        target: the environment that would be wiped.
        on_progress: called with every look at what is still running.
        going_back: whether the rollback point is to be restored; then nobody wants the broken-off restore's result.

    Returns:
        What was found and what this run will do about it, in words.

    Raises:
        TransferUnfinished: a transfer is still running after its deadline.
    """
    tools.lock.assert_held()
    left = tools.records.broken_off(target.name)
    ours = left.facts.get("restore_uuid") if left else None
    settled = settle_unfinished(tools, target.heroku_app, ours, on_progress, cancel=going_back)
    if left is None:
        return " ".join(["No earlier run was broken off after its wipe.", *settled])
    found = f"Found {left.kind} {left.id} of {left.started_at:%d %B %Y %H:%M} UTC, broken off when '{left.state}'."
    return " ".join([found, *settled, _what_now(tools, target, left, going_back)])


def _what_now(tools: Tools, target: Environment, left: ResetRecord, going_back: bool) -> str:
    point = left.facts.get("rollback_point")
    if going_back:
        return f"{target.heroku_app} gets its rollback point {point} back."
    if not tools.heroku.app(target.heroku_app).maintenance:
        return f"Somebody has opened {target.heroku_app} since: what it holds now is captured as a new rollback point."
    return f"Its rollback point {point} is kept, nothing is captured of what it left, and the database is wiped anew."


def begin(tools: Tools, run_id: str, target: Environment, plan: Plan, requested_by: str, approval: str) -> ResetRecord:
    """Open the record of a reset whose plan has no objection; the lock must be held already.

    Where an earlier reset wiped the target and broke off, its rollback point and formation carry over.

    Raises:
        Refused: the plan has an objection; nothing was changed.
    """
    tools.lock.assert_held()
    if plan.objections:
        raise Refused("The plan of this reset has objections. Nothing was changed. " + " ".join(plan.objections))
    carried = _carried_over(tools, target)
    facts: dict[str, Any] = {
        "target": dict(plan.target),
        "source_backup": plan.source_backup,
        "source_uuid": plan.source_uuid,
        # Whoever typed the name, or gave the standing approval, has acknowledged these.
        "acknowledged": {"lost": dict(plan.lost), "warnings": list(plan.warnings)},
        # What people are told of it holds for this reset, whatever the settings say by then.
        "chosen": {
            "staff_passwords": tools.settings.privacy.staff_passwords,
            "staff_domains": sorted(tools.settings.privacy.staff_domains),
            "media_scope": tools.settings.media.scope,
        },
        **code_push.planned(tools, target.name, plan.code),
    }
    return tools.records.open_reset(run_id, target.name, target.heroku_app, requested_by, approval, **facts, **carried)


def _carried_over(tools: Tools, target: Environment) -> dict[str, Any]:
    """What a broken-off reset leaves to the next: the formation, the way back, and the accounts not yet put back."""
    unfinished = tools.records.broken_off(target.name)
    if unfinished is None:
        return {}
    carried: dict[str, Any] = {}
    names = ["formation"]
    # Maintenance off means that somebody rolled back and opened the site by hand: what is there now counts.
    if tools.heroku.app(target.heroku_app).maintenance:
        carried["broken_off"] = unfinished.id
        names += ["maintenance_before", *(name for name in unfinished.facts if name.startswith("rollback_"))]
        names += [] if "accounts_put_back" in unfinished.facts else ["accounts_key"]
    return carried | {name: unfinished.facts[name] for name in names if name in unfinished.facts}


def finish(tools: Tools, record: ResetRecord, **facts: Any) -> ResetRecord:  # noqa: ANN401 - JSON
    """Close the record of a reset that came to its end, with its last facts, and keep its downtime for later plans."""
    last = tools.records.last_done(record.environment)
    earlier = list(last.facts.get("downtimes", ())) if last else []
    downtimes = [*earlier, record.facts["downtime_seconds"]][-10:]
    return tools.records.note(record, State.DONE, downtimes=downtimes, **facts)
