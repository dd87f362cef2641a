"""Group `code`: staging's branch, made anew of the main branch and what is merged back. Before the wipe."""

import dagster as dg

from bc_pipelines.defs.backups import Results
from bc_pipelines.defs.common import OWNERS, check_result, check_specs, clear_errors, record_metadata
from bc_pipelines.defs.database import BRANCH, INCOMING_MEDIA
from bc_pipelines.defs.preflight import BRANCHES
from bc_pipelines.defs.resources import ToolsResource
from bc_pipelines.operations import code_push
from bc_pipelines.operations.gates import require_reset
from bc_pipelines.operations.record import State

_CHECKS = {
    "pushed_as_planned": "The repository, asked afresh: staging's branch is as planned, and a tag keeps the old one."
}


@dg.asset(
    key=BRANCH,
    # The media first: what can fail at leisure fails before anybody's branch is replaced.
    deps=[BRANCHES, INCOMING_MEDIA],
    group_name="code",
    owners=OWNERS,
    kinds={"git"},
    check_specs=check_specs(BRANCH, _CHECKS, blocking=True),
)
def branch(context: dg.AssetExecutionContext, tools: ToolsResource) -> Results:
    """Staging's branch: the main branch, with each branch that the plan named merged in.

    Pushed once, all or nothing, and only if nobody pushed since the plan was made. What it was is kept as a tag.
    """
    with clear_errors():
        record = require_reset(tools.now, context.run.run_id, "staging/branch", State.SANITISED, "media_in")
    with clear_errors(tools.now, record):
        done, verdict = code_push.carry_out(tools.now, record)
    yield check_result(verdict, "pushed_as_planned", BRANCH)
    yield dg.MaterializeResult(metadata={"done": done} | record_metadata(record))
