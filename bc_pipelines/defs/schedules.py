"""When things happen by themselves. Every schedule is off until somebody switches it on in the UI."""

from collections.abc import Iterator

import dagster as dg

from bc_pipelines import settings
from bc_pipelines.defs.jobs import archive_config, make_local_archive, plan_config, reset_staging
from bc_pipelines.operations import lock, reset
from bc_pipelines.operations.errors import Refused


@dg.schedule(
    job=reset_staging,
    cron_schedule="0 5 * * 1",
    execution_timezone="Europe/London",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)
def weekly_staging_reset(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Every Monday at 05:00, if a standing approval is valid and no other reset is under way."""
    try:
        now = settings.load()
        approval = reset.approve(now.staging, now.staging.heroku_app, scheduled=True)
    except (settings.SettingsError, Refused) as reason:
        yield dg.SkipReason(str(reason))
        return
    holder = lock.holder_of(now.dagster_database_url)
    if holder:
        yield dg.SkipReason(f"{holder}.")
        return
    config = plan_config(confirm=now.staging.heroku_app, scheduled=True, requested_by=approval)
    yield dg.RunRequest(run_key=context.scheduled_execution_time.isoformat(), run_config=config)


@dg.schedule(
    job=make_local_archive,
    cron_schedule="0 4 * * *",
    execution_timezone="Europe/London",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)
def nightly_local_archives(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Every night at 04:00, an archive of each environment for developers' machines."""
    try:
        environments = settings.load().environments
    except settings.SettingsError as reason:
        yield dg.SkipReason(str(reason))
        return
    for name in environments:
        key = f"{context.scheduled_execution_time.isoformat()} {name}"
        yield dg.RunRequest(run_key=key, run_config=archive_config(name))


ALL = [weekly_staging_reset, nightly_local_archives]
