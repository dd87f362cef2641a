"""Running the team's jobs from a terminal, in this process, on Dagster's real instance.

Belongs here: starting the run and reading from its events what a person wants to see. Does not belong here: printing
(see `cli`) and the steps themselves.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from bc_pipelines import settings
from bc_pipelines.defs.instance import open_instance
from bc_pipelines.defs.jobs import WIPING, notices_config, plan_config, rollback_config
from bc_pipelines.defs.last_words import last_words, tell_of_stop
from bc_pipelines.defs.notices import checks_of
from bc_pipelines.operations.report import CheckLine

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Step:
    """One step of a run: its asset or check, how long it took in seconds, and whether it went through."""

    name: str
    seconds: float
    succeeded: bool


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        run_id: Dagster's id of it.
        succeeded: whether the run went through.
        failure: why it failed, where staging stands and what to do next; an empty text where it went through.
        steps: in the order in which they began.
        checks: every check that was evaluated.
        metadata: of each materialised asset, by key and label; plain values only.
    """

    run_id: str
    succeeded: bool
    failure: str
    steps: tuple[Step, ...]
    checks: tuple[CheckLine, ...]
    metadata: dict[str, dict[str, object]]

    @property
    def failed_checks(self) -> tuple[CheckLine, ...]:
        """Checks that failed and are more than a warning."""
        return tuple(check for check in self.checks if not check.passed and not check.warning)


def run_reset(confirm: str, requested_by: str, on_step: Callable[[str], None]) -> Outcome:
    """Run the job reset_staging here and now.

    Args:
        confirm: the name of the app that is wiped, as it was typed.
        requested_by: who asks.
        on_step: called with the name of every step as it begins.

    Returns:
        What came of it. A failed run is an outcome, not an exception.

    Raises:
        OutOfReach: Dagster's database does not answer, or DAGSTER_HOME names no usable folder.
        SettingsError: a setting is missing or wrong.
    """
    return run_job("reset_staging", plan_config(confirm=confirm, requested_by=requested_by), on_step)


def run_rollback(
    confirm: str, raw_data_confirm: str, undo: str, requested_by: str, on_step: Callable[[str], None]
) -> Outcome:
    """Run the job roll_back_staging here and now.

    Args:
        confirm: the name of the app that is wiped, as it was typed.
        raw_data_confirm: what was typed to bring raw data back; empty where it need not be.
        undo: id of the reset that is undone; empty for the newest.
        requested_by: who asks.
        on_step: called with the name of every step as it begins.

    Returns:
        What came of it. A failed run is an outcome, not an exception.

    Raises:
        OutOfReach: Dagster's database does not answer, or DAGSTER_HOME names no usable folder.
        SettingsError: a setting is missing or wrong.
    """
    return run_job("roll_back_staging", rollback_config(confirm, raw_data_confirm, undo, requested_by), on_step)


def run_preview(on_step: Callable[[str], None]) -> Outcome:
    """Run the job preview_staging_reset here and now; it changes nothing. Returns and raises as `run_job`."""
    return run_job("preview_staging_reset", plan_config(confirm="", preview=True), on_step)


def run_notices(after_looking: str, on_step: Callable[[str], None]) -> Outcome:
    """Run the job send_notices here and now.

    Args:
        after_looking: what a person found where nobody knows whether the client's notice went out; else empty.
        on_step: called with the name of every step as it begins.

    Returns:
        What came of it; raises as `run_job`.
    """
    return run_job("send_notices", notices_config(after_looking), on_step)


def run_job(name: str, given: dg.RunConfig, on_step: Callable[[str], None]) -> Outcome:
    """Run a job here and now.

    Args:
        name: of the job.
        given: its configuration.
        on_step: called with the name of every step as it begins.

    Returns:
        What came of it. A failed run is an outcome, not an exception.

    Raises:
        OutOfReach: Dagster's database does not answer, or DAGSTER_HOME names no usable folder.
        SettingsError: a setting is missing or wrong.
    """
    from bc_pipelines.definitions import defs

    run_id = str(uuid.uuid4())
    config = {**given.to_config_dict(), **_QUIET}  # type: ignore[no-untyped-call]
    with open_instance(settings.load().dagster_database_url) as instance:
        instance.add_event_listener(run_id, lambda event: _tell(event, on_step))
        job = defs.resolve_job_def(name)
        result = job.execute_in_process(run_config=config, instance=instance, run_id=run_id, raise_on_error=False)
        return Outcome(
            run_id=run_id,
            succeeded=result.success,
            failure="" if result.success else _with_last_words(name, run_id, _failure(result)),
            steps=tuple(_steps(instance, run_id)),
            checks=tuple(checks_of(instance, run_id)),
            metadata=_metadata(result),
        )


def _tell(event: dg.EventLogEntry, on_step: Callable[[str], None]) -> None:
    if event.dagster_event_type is dg.DagsterEventType.STEP_START and event.step_key:
        on_step(event.step_key.replace("__", "/"))


def _with_last_words(name: str, run_id: str, failure: str) -> str:
    if name not in WIPING:
        return failure
    return " ".join(filter(None, (failure, last_words(run_id, failure), tell_of_stop(run_id))))


def _failure(result: dg.ExecuteInProcessResult) -> str:
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.user_failure_data:
            return str(event.step_failure_data.user_failure_data.description)
    for event in result.all_events:
        if event.is_job_event and event.is_failure:
            error = event.job_failure_data.error
            return _in_words(error) if error else str(event.message)
    return ""


def _in_words(error: SerializableErrorInfo) -> str:
    """What Dagster itself stopped a run for, without the name of its class."""
    while error.cause is not None:
        error = error.cause
    if error.cls_name in ("DagsterExecutionInterruptedError", "KeyboardInterrupt"):
        return "This run was interrupted."
    return error.message.partition(f"{error.cls_name}: ")[2].strip() or error.message.strip()


def _steps(instance: dg.DagsterInstance, run_id: str) -> Iterator[Step]:
    stats = instance.get_run_step_stats(run_id)
    for step in sorted(stats, key=lambda step: step.start_time or 0):
        took = round((step.end_time or 0) - (step.start_time or 0), 1)
        succeeded = step.status is not None and step.status.value == "SUCCESS"
        yield Step(step.step_key.replace("__", "/"), took, succeeded)


def _metadata(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for event in result.get_asset_materialization_events():
        values = event.materialization.metadata
        key = event.materialization.asset_key.to_user_string()
        found[key] = {label: value.value for label, value in values.items()}
    return found
