"""The job tidy_history: what old runs left, in the archive store, the scratch folder, and Dagster's own history.

Dagster deletes ticks by itself, never runs and their events. Belongs here: which runs go. Does not belong here: what
lies outside Dagster (see `operations.tidy`).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
from pydantic import Field

from bc_pipelines.defs.common import clear_errors
from bc_pipelines.defs.resources import ToolsResource
from bc_pipelines.operations import tidy

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


class TidyConfig(dg.Config):
    """How far back history is kept."""

    days: int = Field(default=90, description="Runs that are older are deleted, with their events and reports.")
    limit: int = Field(default=500, description="How many runs are deleted at most.")


def old_runs(instance: dg.DagsterInstance, days: int, limit: int) -> Iterator[str]:
    """Runs that ended long ago, oldest first, but for those that hold the last good materialisation of an asset.

    Args:
        instance: Dagster's instance.
        days: how old a run must be.
        limit: how many are given at most.
    """
    latest = (instance.get_latest_materialization_event(key) for key in instance.all_asset_keys())
    keep = {event.run_id for event in latest if event}
    before = datetime.now(UTC) - timedelta(days=days)
    wanted = dg.RunsFilter(statuses=_ENDED, created_before=before)
    runs = instance.get_runs(wanted, limit=limit + len(keep), ascending=True)
    yield from [run.run_id for run in runs if run.run_id not in keep][:limit]


@dg.op
def delete_what_is_old(context: dg.OpExecutionContext, config: TidyConfig, tools: ToolsResource) -> None:
    """Delete leftovers over a week old, and runs, manifests and reports that are older than they are kept."""
    with clear_errors():
        tools.now.lock.acquire(context.run_id, "clean-up")
        newest = tools.now.records.last_wiped(tools.now.settings.staging.name)
        objects = tidy.delete_leftovers(tools.now, newest)
        objects += tidy.delete_attachments(tools.now, timedelta(days=config.days))
        folders = tidy.delete_scratch(tools.now.settings.scratch)
        runs = list(old_runs(context.instance, config.days, config.limit))
        for run_id in runs:
            context.instance.delete_run(run_id)
    context.add_output_metadata({"objects deleted": objects, "folders deleted": folders, "runs deleted": len(runs)})


@dg.job(
    description=(
        "Delete what broken-off resets left over a week ago, and runs, manifests and reports that are older than 90 "
        "days."
    ),
    executor_def=dg.in_process_executor,
)
def tidy_history() -> None:
    """One step."""
    delete_what_is_old()
