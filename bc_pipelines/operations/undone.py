"""Telling colleagues that staging is again what it was before a reset, of which they were told: once.

Belongs here: what that notice is made of. Does not belong here: the words (see `bc_pipelines.notices.texts`).
"""

from __future__ import annotations

from datetime import timedelta

from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.notices.texts import Undone, undone_notice
from bc_pipelines.operations.record import ResetRecord
from bc_pipelines.operations.slack_once import post_once
from bc_pipelines.operations.taken_up import down_for, first_of
from bc_pipelines.operations.tools import Tools

UNDONE = "undone_notice"


def tell(tools: Tools, record: ResetRecord, branch: Verdict) -> str:
    """Tell colleagues on Slack of a way back that is done.

    Args:
        tools: the run's tools.
        record: of the way back.
        branch: whether staging's branch is what it was before the reset too.

    Returns:
        What came of it, in a sentence.

    Raises:
        OutOfReach: Dagster's database does not answer.
    """
    channel, code = tools.settings.contacts.slack, record.facts.get("code")
    if channel is None:
        return "No channel on Slack is configured: tell colleagues yourself."
    undone = Undone(
        app=record.app,
        host=tools.settings.staging.hosts[0],
        rollback_id=record.id,
        reset_id=record.facts["undoes"],
        asked_by=record.requested_by,
        rollback_point=record.facts["rollback_point"],
        down=_down(tools, record),
        branch=branch.summary if code else "",
        pull_anew=code["branch"] if code and branch.passed and code["old"] not in (None, code["new"]) else "",
    )
    told = post_once(tools.records, record, UNDONE, channel, undone_notice(undone))
    return told or "Whether colleagues were told of it, Slack knows: this was begun before."


def _down(tools: Tools, record: ResetRecord) -> timedelta | None:
    """How long the site was closed, if it is open now."""
    if record.facts["maintenance_before"]:
        return None
    return down_for(record, first_of(tools.records, record))
