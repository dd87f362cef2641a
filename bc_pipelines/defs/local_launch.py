"""A pull from a terminal, recorded as a run of this machine's own Dagster instance.

Belongs here: starting the run around work that the terminal has prepared. Does not belong here: the work (see
`operations.local_data`) and pulls that the UI starts (see `local`).
"""

from collections.abc import Callable

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError

from bc_pipelines import settings
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.defs.instance import open_instance
from bc_pipelines.defs.jobs import pull_config
from bc_pipelines.defs.local import Judged, Pulls
from bc_pipelines.operations.archives import Watch
from bc_pipelines.operations.errors import OutOfReach
from bc_pipelines.operations.local_data import Pulled
from bc_pipelines.operations.local_wishes import Old

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
Work = Callable[[Judged], Pulled]


class _FromTerminal(Pulls):
    """Does the terminal's work inside the run, and keeps what came of it as it was."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.done: Pulled | None = None
        self.stopped: BaseException | None = None

    def pull(self, environment: str, old: Old | None, judged: Judged, watch: Watch) -> Pulled:
        try:
            self.done = self._work(judged)
        except BaseException as error:
            self.stopped = error
            raise
        return self.done


def run_pull(environment: str, work: Work, say: Callable[[str], None]) -> Pulled:
    """Pull as a run of the job `pull_…_data`, or without one where the instance cannot be opened.

    Args:
        environment: its name.
        work: the pull, which tells its checks' verdicts.
        say: is told why a pull is not recorded.

    Raises:
        KeyboardInterrupt: somebody stopped it.
        Whatever the work raises.
    """
    from bc_pipelines.definitions import build_definitions

    begun = _FromTerminal(work)
    name = f"pull_{environment}_data"
    defs = build_definitions({"pulls": begun}, on_laptop=True)
    if name not in {job.name for job in defs.jobs or ()}:
        say(f"This pull is not recorded in Dagster, which has no job {name}.")
        return work(_nobody)
    _, database_url = settings.own_dagster()
    try:
        with open_instance(database_url) as instance:
            config = {**pull_config(environment).to_config_dict(), **_QUIET}  # type: ignore[no-untyped-call]
            defs.resolve_job_def(name).execute_in_process(run_config=config, instance=instance, raise_on_error=False)
    except OutOfReach as reason:
        say(f"This pull is not recorded in Dagster. {reason}")
        return work(_nobody)
    except (DagsterExecutionInterruptedError, KeyboardInterrupt):
        raise KeyboardInterrupt from None
    if isinstance(begun.stopped, DagsterExecutionInterruptedError):
        raise KeyboardInterrupt
    if begun.stopped is not None:
        raise begun.stopped
    if begun.done is None:
        raise dg.DagsterInvariantViolationError("The run of a pull ended before the pull began.")
    return begun.done


def _nobody(_name: str, _verdict: Verdict) -> None:
    """Verdicts go nowhere where there is no run."""
