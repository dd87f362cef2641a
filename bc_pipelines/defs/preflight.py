"""Group `preflight`: what must be known and agreed before anything is touched."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster._core.storage.tags import PARENT_RUN_ID_TAG
from pydantic import Field

from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.defs.common import (
    OWNERS,
    Metadata,
    check_result,
    check_specs,
    clear_errors,
    megabytes,
    record_metadata,
    transfer_progress,
)
from bc_pipelines.defs.evidence import branches_metadata
from bc_pipelines.defs.resources import ToolsResource
from bc_pipelines.operations import code, mend, notices, reset
from bc_pipelines.operations.gates import require_reset
from bc_pipelines.operations.plan import Plan, as_markdown, make_plan
from bc_pipelines.operations.record import State
from bc_pipelines.operations.rights import require_rights, rights_for_reset
from bc_pipelines.operations.tools import Tools
from bc_pipelines.settings import Environment

PLAN = dg.AssetKey(["staging", "reset_plan"])
BRANCHES = dg.AssetKey(["staging", "branches"])
EXTRA_ACCOUNTS = dg.AssetKey(["staging", "extra_accounts"])
_CHECKS = {
    "token_may_reset": "Heroku's token may do on production's and staging's app what a reset does.",
    "plan_is_acceptable": "Every Site record of production has a staging host, the catalogue knows the whole backup, "
    "staging will stay hidden from search engines, its branches merge, and it is staging that would be wiped.",
}
_OF_THE_BRANCHES = {
    "every_branch_merges": "Each branch that is merged back merges into the main one without conflict, in order.",
    "migrations_come_together": "No app gets two last migrations from branches that did not know each other.",
    "nothing_only_on_staging": "Staging's branch has no commit that no other branch has. It would be lost.",
}


class ResetPlanConfig(dg.Config):
    """What a person says when a reset begins."""

    confirm: str = Field(description="Type the name of the Heroku app whose database is wiped.")
    preview: bool = Field(default=False, description="Only show the plan: takes no lock, opens no record.")
    scheduled: bool = Field(default=False, description="Set by the schedule: needs a standing approval.")
    requested_by: str = Field(default="", description="Who asks, for the record and the notices.")


@dg.asset(
    key=BRANCHES,
    # Needs nothing of it, but the first step refuses a run that is hopeless.
    deps=[["production", "backup"]],
    group_name="preflight",
    owners=OWNERS,
    kinds={"git"},
    # The plan looks again and objects, together with whatever else stands against the reset.
    check_specs=check_specs(BRANCHES, _OF_THE_BRANCHES, blocking=False),
)
def branches(tools: ToolsResource) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """What is merged to staging's branch and not to the main one, and whether a new staging can be made of it.

    Only looks: the repository is fetched into a copy of this machine's own, and merges are tried there.
    """
    with clear_errors():
        found = code.look(tools.now)
        verdicts = code.verdicts(found)
    for name, verdict in zip(_OF_THE_BRANCHES, verdicts, strict=True):
        yield check_result(verdict, name, BRANCHES)
    yield dg.MaterializeResult(metadata=branches_metadata(found))


@dg.asset(
    key=PLAN,
    deps=[["production", "backup"], BRANCHES],
    group_name="preflight",
    owners=OWNERS,
    kinds={"heroku"},
    check_specs=check_specs(PLAN, _CHECKS, blocking=True),
)
def reset_plan(
    context: dg.AssetExecutionContext, config: ResetPlanConfig, tools: ToolsResource
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """What a reset would wipe, from which backup, what would be lost, and every reason not to begin.

    Takes the lock ("one reset at a time") and opens the reset's record, unless it is a preview.
    """
    target, begun = tools.now.settings.staging, Metadata()
    with clear_errors():
        approval = _approve(context, config, target)
        rights = rights_for_reset(tools.now, target)
    yield check_result(rights, "token_may_reset", PLAN)
    with clear_errors():
        require_rights(rights)
        if not config.preview:
            tools.now.lock.acquire(context.run.run_id, "reset", config.requested_by)
            found = reset.take_stock(tools.now, target, transfer_progress(context))
            context.log.info(found)
        plan = make_plan(tools.now, target, scheduled=config.scheduled)
    yield check_result(_verdict(plan), "plan_is_acceptable", PLAN)
    with clear_errors():
        if not config.preview:
            record = reset.begin(tools.now, context.run.run_id, target, plan, config.requested_by, approval)
            begun = {"found": found} | record_metadata(record)
    yield dg.MaterializeResult(metadata=_plan_metadata(plan) | _notices(tools.now, plan) | begun)


def refuse_hopeless(context: dg.AssetExecutionContext, tools: Tools, target: Environment) -> None:
    """Hold what was typed, and what the token may do, against the target in the first step, before any capture.

    Args:
        context: of any step; in a run without the plan, nothing is asked.
        tools: the run's tools.
        target: the environment that would be wiped.

    Raises:
        Refused: as `reset.approve` and `rights.require_rights`.
    """
    step = PLAN.to_python_identifier()
    if context.job_def.has_node_named(step):
        steps: Any = context.run.run_config.get("ops", {})
        _approve(context, ResetPlanConfig(**{"confirm": "", **steps.get(step, {}).get("config", {})}), target)
        require_rights(rights_for_reset(tools, target))


def _approve(context: dg.AssetExecutionContext, config: ResetPlanConfig, target: Environment) -> str:
    """By whose word this run may reset; nobody's is needed for a preview."""
    if config.preview:
        return ""
    repeated = PARENT_RUN_ID_TAG in context.run.tags
    return reset.approve(target, config.confirm, scheduled=config.scheduled, repeated=repeated)


@dg.asset(key=EXTRA_ACCOUNTS, deps=[PLAN], group_name="preflight", owners=OWNERS, kinds={"postgres"})
def extra_accounts(context: dg.AssetExecutionContext, tools: ToolsResource) -> dg.MaterializeResult[None]:
    """Staff accounts on staging, noted privately before the wipe; those that production lacks are put back later."""
    with clear_errors():
        record = require_reset(tools.now, context.run.run_id, "staging/extra_accounts", State.PLANNED)
    with clear_errors(tools.now, record):
        found = mend.remember_extra_accounts(tools.now, record)
    return dg.MaterializeResult(metadata={"staff accounts on staging": len(found)} | record_metadata(record))


def _verdict(plan: Plan) -> Verdict:
    return Verdict(
        passed=not plan.objections,
        summary=" ".join(plan.objections) or "Nothing stands against this reset.",
        facts={"objections": len(plan.objections), "warnings": len(plan.warnings)},
        rows=tuple({"production host": host, "staging host": to or "none"} for host, to in plan.sites.items()),
        severity="error",
    )


def _notices(tools: Tools, plan: Plan) -> Metadata:
    """What would be told, to be read before anything is done."""
    colleagues, client = notices.preview(tools.settings, plan)
    return {
        "notice to colleagues": dg.MetadataValue.md(colleagues),
        "notice to the client": dg.MetadataValue.md(client),
    }


def _plan_metadata(plan: Plan) -> Metadata:
    return {
        "plan": dg.MetadataValue.md(as_markdown(plan)),
        "wiped app": plan.app,
        "wiped, in MB": megabytes(plan.size_bytes),
        "wiped tables": plan.tables,
        "backup in MB": megabytes(plan.source_bytes),
        "site records": len(plan.sites),
    }
