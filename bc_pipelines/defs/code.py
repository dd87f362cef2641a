"""Group `code`: staging's branch, made anew of the main branch and what is merged back, and its release.

Before the wipe: until then, whatever CI says costs nothing.
"""

import dagster as dg

from bc_pipelines.defs.backups import Results
from bc_pipelines.defs.common import (
    OWNERS,
    changes_in_words,
    check_result,
    check_specs,
    clear_errors,
    record_metadata,
)
from bc_pipelines.defs.database import BRANCH, INCOMING_MEDIA, RELEASE
from bc_pipelines.defs.preflight import BRANCHES
from bc_pipelines.defs.resources import ToolsResource
from bc_pipelines.operations import code_push
from bc_pipelines.operations import release as release_steps
from bc_pipelines.operations.gates import require_reset
from bc_pipelines.operations.record import State

_CHECKS = {
    "pushed_as_planned": "The repository, asked afresh: staging's branch is as planned, and a tag keeps the old one."
}
_OF_THE_RELEASE = {
    "ci_passes": "The pipeline of the very commit that was pushed has ended well; jobs started by hand do not count.",
    "is_released": "Where CI deploys: Heroku's current release of staging is of that commit.",
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


@dg.asset(
    key=RELEASE,
    deps=[BRANCH],
    group_name="code",
    owners=OWNERS,
    kinds={"gitlab", "heroku"},
    check_specs=check_specs(RELEASE, _OF_THE_RELEASE, blocking=True),
)
def release(context: dg.AssetExecutionContext, tools: ToolsResource) -> Results:
    """Staging's release: waits until CI has tested the branch, and until Heroku runs what CI deploys. Changes nothing.

    A CI that is still deploying during the wipe would start dynos on a database that is half restored.
    """
    with clear_errors():
        record = require_reset(tools.now, context.run.run_id, "staging/release", State.SANITISED, "code_settled")
    say = changes_in_words(context)
    with clear_errors(tools.now, record):
        passes = release_steps.await_pipeline(tools.now, record, say)
    yield check_result(passes, "ci_passes", RELEASE)
    with clear_errors(tools.now, record):
        release_steps.require(passes)
        released = release_steps.await_release(tools.now, record, say)
    yield check_result(released, "is_released", RELEASE)
    with clear_errors(tools.now, record):
        release_steps.require(released)
        record = release_steps.settle(tools.now, record)
    yield dg.MaterializeResult(metadata={"CI": passes.summary, "release": released.summary} | record_metadata(record))
