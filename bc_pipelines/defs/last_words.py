"""The last message of a reset that did not come to its end: where staging stands, and the two ways forward.

However a run ends (a failed check, a lost lock, Terminate, a killed process), its page in the UI ends with these
words. Belongs here: when they are said. Does not belong here: the words (see `operations.standing`), and runs whose
process was gone when the UI started (see `reaper`).
"""

import dagster as dg

from bc_pipelines import settings
from bc_pipelines.defs.jobs import WIPING
from bc_pipelines.operations import stopped
from bc_pipelines.operations.record import Records
from bc_pipelines.operations.standing import standing_after

_LOOK_EVERY_SECONDS = 10


def last_words(run_id: str, said: str) -> str:
    """Where things stand after a reset's run, unless that was said.

    Args:
        run_id: of the run.
        said: its message so far.

    Returns:
        The words, or an empty text.

    Raises:
        OutOfReach: Dagster's database does not answer.
        SettingsError: a setting is missing or wrong.
    """
    now = settings.load()
    words = standing_after(now.dagster_database_url, run_id, now.staging.name)
    return "" if words in said else words


def tell_of_stop(run_id: str) -> str:
    """Tell colleagues, once, that a run left staging in maintenance; what came of that, or an empty text.

    Raises:
        OutOfReach: Dagster's database does not answer.
        SettingsError: a setting is missing or wrong.
    """
    return stopped.tell(settings.load(), run_id)


def _add(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
    run = context.dagster_run
    if settings.own_dagster()[1] is None:
        return dg.SkipReason("No reset is on record here: this is a developer's machine.")
    concerned = run.job_name in WIPING or Records(settings.load().dagster_database_url).of_run(run.run_id)
    # The words first: telling asks a server that may not answer.
    said = concerned and _report(context, last_words(run.run_id, context.dagster_event.message or ""))
    told = concerned and _report(context, tell_of_stop(run.run_id))
    return None if said or told else dg.SkipReason(f"Nothing is to be added to run {run.run_id}.")


def _report(context: dg.RunStatusSensorContext, words: str) -> bool:
    """Add words to a run's page; says whether there were any."""
    if words:
        context.instance.report_engine_event(words, context.dagster_run)
    return bool(words)


# Both only tell and start nothing, so they are on from the beginning.
@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.FAILURE,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=_LOOK_EVERY_SECONDS,
)
def where_staging_stands_after_a_failure(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
    """Add to every reset that failed or was killed where staging stands and how to go on or back. Starts nothing."""
    return _add(context)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.CANCELED,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=_LOOK_EVERY_SECONDS,
)
def where_staging_stands_after_terminate(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
    """Add to every reset that was terminated where staging stands and how to go on or back. Starts nothing."""
    return _add(context)


ALL = [where_staging_stands_after_a_failure, where_staging_stands_after_terminate]
