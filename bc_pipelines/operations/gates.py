"""What must hold before a step of a reset may touch anything, asserted again inside every step.

Dagster's blocking checks act only inside one run; these gates act however a step was started. Belongs here: the
questions that every destructive step asks, and failures in safe words. Does not belong here: the words for where things
stand (see `standing`).
"""

from __future__ import annotations

import errno
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bc_pipelines.operations.errors import GateClosed, Refused
from bc_pipelines.operations.pages import Page
from bc_pipelines.operations.record import Kind, ResetRecord, State
from bc_pipelines.operations.standing import standing
from bc_pipelines.operations.target import target_database
from bc_pipelines.operations.tools import Tools
from bc_pipelines.wagtail_sql.marker import read_marker

ALONE = (
    "{step} only runs as part of a whole reset, where its plan, its rollback point and its checks stand before it. "
    "Nothing was changed. Start the job {job} instead."
)
_JOBS = {Kind.RESET: "reset_staging", Kind.ROLLBACK: "roll_back_staging"}


def require_reset(
    tools: Tools,
    run_id: str,
    step: str,
    reached: State,
    fact: str | None = None,
    *,
    kind: Kind = Kind.RESET,
    go_on: bool = False,
) -> ResetRecord:
    """Let a step begin only inside a reset of its own run that came far enough.

    Args:
        tools: the run's tools.
        run_id: of the run that the step belongs to.
        step: its name, for the message.
        reached: the state that the reset must have reached.
        fact: what an earlier step must have left in the record, for steps that move no state.
        kind: what the run's record must be of.
        go_on: whether the step may also go on with a broken-off reset of another run: only on a database that
            carries that reset's id.

    Returns:
        The reset's record.

    Raises:
        Refused: there is no record of this run, the typed name is not the target's, the lock is not held, or an
            earlier step did not come to its end.
    """
    record = tools.records.of_run(run_id)
    if record is None and go_on:
        record = _taken_over(tools, run_id, step, reached)
    if record is None or record.finished_at is not None or record.kind is not kind:
        raise Refused(ALONE.format(step=step, job=_JOBS[kind]))
    if record.app != tools.settings.environments[record.environment].heroku_app:
        raise Refused(f"{step}: the name that was typed, {record.app}, is not the target's. Nothing was changed.")
    try:
        tools.lock.assert_held()
    except Refused as lost:
        raise Refused(f"{lost} {standing(record)}") from None
    if record.state.rank < reached.rank:
        raise GateClosed(
            f"{step} needs the state '{reached}', but the reset {record.id} is only '{record.state}': "
            "an earlier step did not pass its checks. " + standing(record)
        )
    if fact is not None and fact not in record.facts:
        raise GateClosed(
            f"{step} needs a step that was left out of this run: nothing noted {fact}. "
            f"Start the whole job {_JOBS[kind]}. {standing(record)}"
        )
    return record


def _taken_over(tools: Tools, run_id: str, step: str, reached: State) -> ResetRecord | None:
    """The unfinished reset that a run of a step alone goes on with, from here on under that run's lock, or None.

    Raises:
        Refused: another run is under way, or the database is not what that reset restored.
    """
    environment = tools.settings.staging.name
    if not _can_go_on(tools.records.last_wiped(environment), reached):
        return None
    tools.lock.acquire(run_id)
    # Whoever held the lock a moment ago may have moved it.
    record = tools.records.last_wiped(environment)
    if record is None or not _can_go_on(record, reached):
        return None
    with target_database(tools, environment, record) as connection:
        carried = read_marker(connection)
    if carried != record.id:
        raise Refused(
            f"{step} was not begun: the database of {record.app} carries {carried or 'no id of a reset'}, not "
            f"{record.id}, the reset that is unfinished. Another was restored since. {Page.ANOTHER_DATABASE} "
            f"{standing(record)}"
        )
    return tools.records.note(record, continued_by=[*record.facts.get("continued_by", ()), run_id])


def _can_go_on(record: ResetRecord | None, reached: State) -> bool:
    """Whether a record is of a reset that stopped between its restore and its end; what is open is not mended."""
    return (
        record is not None
        and record.kind is Kind.RESET
        and record.finished_at is None
        and (State.RESTORED.rank <= record.state.rank < State.READY.rank or record.state is reached)
        and "rolled_back" not in record.facts
    )


@contextmanager
def telling_where_things_stand(tools: Tools, record: ResetRecord) -> Iterator[None]:
    """Add to any failure inside the block what state the target is in and what to do next.

    Raises:
        GateClosed: in place of the failure, with its message and the state; the cause is not chained, because
            causes are stored by Dagster as they are.
    """
    try:
        yield
    except Exception as error:
        said, where = in_safe_words(error), standing(tools.records.of_run(record.run_id) or record)
        raise GateClosed(said if where in said else f"{said} {where}") from None


def in_safe_words(error: Exception) -> str:
    """What went wrong, without anything that a foreign library may have put into its message.

    The product's own messages hold no secret and no value of a row. PostgreSQL's primary message names objects, while
    its detail can hold a row, so only the first is taken. Of anything else, type and place are enough to look it up.
    """
    if type(error).__module__.startswith("bc_pipelines."):
        return str(error)
    if isinstance(error, psycopg.Error):
        said = error.diag.message_primary or type(error).__name__
        return f"PostgreSQL refused ({error.sqlstate or 'no connection'}): {said}."
    if isinstance(error, OSError) and error.strerror:
        full = f" {Page.FULL_DISK}" if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT) else ""
        return f"The system refused: {error.strerror} (error {error.errno}).{full}"
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"An unexpected {type(error).__name__}{where} stopped this step."
