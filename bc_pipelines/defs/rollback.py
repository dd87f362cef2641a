"""The way back from a reset: what it would do, and doing it. A branch of the lineage that nothing hangs on."""

from collections.abc import Iterator

import dagster as dg
from dagster._core.storage.tags import PARENT_RUN_ID_TAG
from pydantic import Field

from bc_pipelines.defs.backups import STAGING
from bc_pipelines.defs.common import (
    OWNERS,
    Metadata,
    check_result,
    check_specs,
    clear_errors,
    record_metadata,
    transfer_progress,
)
from bc_pipelines.defs.resources import ToolsResource
from bc_pipelines.operations import code_push, ready, reset, rollback, undone
from bc_pipelines.operations.gates import require_reset
from bc_pipelines.operations.purge import PURGED, purge
from bc_pipelines.operations.record import Kind, State
from bc_pipelines.operations.rights import require_rights, rights_for_reset

PLAN = dg.AssetKey(["staging", "rollback_plan"])
ROLLED_BACK = dg.AssetKey(["staging", "rolled_back"])
_OF_THE_PLAN = {"token_may_roll_back": "Heroku's token may do on staging's app what rolling back does."}
_OF_THE_DATABASE = {
    "every_row_is_back": "Counts every table; it must hold exactly what the backup holds.",
    "carries_what_it_carried": "The database carries the id of the reset that it carried when it was backed up.",
    "sites_as_they_were": "Every Site record is on the host on which it was when the database was backed up.",
    "hidden_from_search_engines": "Each host's front page, rendered while the site is still closed.",
}
_OF_THE_BRANCH = {
    "branch_as_it_was": "Staging's branch is the commit that it was before the reset, if nobody pushed since."
}
_LOOK = {"hidden_as_served": "Each host is hidden from search engines as a visitor gets it; else it is closed again."}
Results = Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]


class RollbackConfig(dg.Config):
    """What a person says to go back."""

    confirm: str = Field(description="Type the name of the Heroku app whose database is wiped.")
    raw_data_confirm: str = Field(
        default="", description=f"Only where the plan asks for it: type '{rollback.RAW_DATA}'."
    )
    undo: str = Field(default="", description="Only where it asks for it: the id of the reset that is undone.")
    requested_by: str = Field(default="", description="Who asks, for the record and the notices.")


@dg.asset(
    key=PLAN,
    deps=[STAGING],
    group_name="preflight",
    owners=OWNERS,
    kinds={"heroku"},
    check_specs=check_specs(PLAN, _OF_THE_PLAN, blocking=True),
)
def rollback_plan(context: dg.AssetExecutionContext, config: RollbackConfig, tools: ToolsResource) -> Results:
    """Which backup staging would get back, what is lost by that, and whether it holds raw data. Takes the lock."""
    target, run_id = tools.now.settings.staging, context.run.run_id
    with clear_errors():
        repeated = PARENT_RUN_ID_TAG in context.run.tags
        approval = reset.approve(target, config.confirm, scheduled=False, repeated=repeated)
        rights = rights_for_reset(tools.now, target)
    yield check_result(rights, "token_may_roll_back", PLAN)
    with clear_errors():
        require_rights(rights)
        tools.now.lock.acquire(run_id, "roll back", config.requested_by)
        plan = rollback.plan_rollback(tools.now, target, config.undo)
        context.log.info(rollback.as_markdown(plan))
        rollback.require_consent(plan, config.raw_data_confirm)
        found = reset.take_stock(tools.now, target, transfer_progress(context), going_back=True)
        record = rollback.begin(tools.now, run_id, plan, config.requested_by, approval)
    words: Metadata = {"plan": dg.MetadataValue.md(rollback.as_markdown(plan)), "found": found}
    yield dg.MaterializeResult(metadata=words | record_metadata(record))


@dg.asset(
    key=ROLLED_BACK,
    deps=[PLAN],
    group_name="database",
    owners=OWNERS,
    kinds={"heroku", "postgres"},
    check_specs=[
        *check_specs(ROLLED_BACK, _OF_THE_DATABASE, blocking=True),
        *check_specs(ROLLED_BACK, _OF_THE_BRANCH | PURGED | _LOOK, blocking=False),
    ],
)
def rolled_back(context: dg.AssetExecutionContext, tools: ToolsResource) -> Results:
    """Staging's database, wiped and restored from its rollback point, judged, and opened as it was. Destructive."""
    with clear_errors():
        step = "staging/rolled_back"
        record = require_reset(tools.now, context.run.run_id, step, State.PLANNED, kind=Kind.ROLLBACK)
    with clear_errors(tools.now, record):
        verdicts = rollback.put_back(tools.now, record, transfer_progress(context))
        if all(verdict.passed for verdict in verdicts):
            verdicts = (*verdicts, rollback.judge_before_lights_on(tools.now, record))
    for name, verdict in zip(_OF_THE_DATABASE, verdicts, strict=False):
        yield check_result(verdict, name, ROLLED_BACK)
    with clear_errors(tools.now, record):
        record = require_reset(tools.now, context.run.run_id, "Opening it", State.MENDED, kind=Kind.ROLLBACK)
        # Before the record is closed, so that whoever is broken off here does it again.
        put_back = code_push.put_back(tools.now, record)
        purged = purge(tools.now, record.environment)
    yield check_result(put_back, "branch_as_it_was", ROLLED_BACK)
    yield check_result(purged, "front_end_cache_purged", ROLLED_BACK)
    with clear_errors(tools.now, record):
        record = rollback.lights_on(tools.now, record, verdicts)
        seen = rollback.look(tools.now, record)
    yield check_result(seen, "hidden_as_served", ROLLED_BACK)
    with clear_errors(tools.now, record):
        ready.close_if_found(tools.now, record, seen)
        told = undone.tell(tools.now, record, put_back)
    yield dg.MaterializeResult(metadata={"notice to colleagues": told} | record_metadata(record))
