"""What all assets share: how a verdict becomes a check's result, and how an error becomes a message without secrets.

Belongs here: translation into Dagster's types. Does not belong here: any asset.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.heroku.models import Transfer
from bc_pipelines.operations.gates import in_safe_words, telling_where_things_stand
from bc_pipelines.operations.record import ResetRecord
from bc_pipelines.operations.tools import Tools

OWNERS = ["team:web"]
_ROWS_SHOWN = 400
Metadata = dict[str, Any]
_SEVERITY = {"error": dg.AssetCheckSeverity.ERROR, "warn": dg.AssetCheckSeverity.WARN}


def check_result(verdict: Verdict, name: str | None = None, asset: dg.AssetKey | None = None) -> dg.AssetCheckResult:
    """Show a verdict as the result of an asset check.

    Args:
        verdict: what was found.
        name: the check's name, where the asset yields it itself.
        asset: the asset's key, likewise.

    Returns:
        Dagster's result, with the verdict's words, its numbers (which Dagster plots) and its table.
    """
    metadata = labelled(verdict.facts)
    if verdict.rows:
        metadata["the details"] = table(verdict.rows[:_ROWS_SHOWN])
    return dg.AssetCheckResult(
        passed=verdict.passed,
        check_name=name,
        asset_key=asset,
        severity=_SEVERITY[verdict.severity],
        description=verdict.summary,
        metadata=metadata,
    )


def check_specs(asset: dg.AssetKey, checks: Mapping[str, str], *, blocking: bool) -> list[dg.AssetCheckSpec]:
    """Announce the checks that an asset carries out itself.

    Args:
        asset: the asset's key.
        checks: their names, and for each what it looks at, in a sentence.
        blocking: whether a failure stops what depends on the asset.
    """
    return [dg.AssetCheckSpec(name, asset=asset, description=text, blocking=blocking) for name, text in checks.items()]


def labelled(facts: Mapping[str, object]) -> Metadata:
    """Facts as metadata, under labels that read as words."""
    return {name.replace("_", " "): value for name, value in facts.items()}


def record_metadata(record: ResetRecord) -> Metadata:
    """Which reset something belongs to, and how far that had come."""
    return {f"{record.kind}": record.id, f"{record.kind} came to": f"{record.state}", "app": record.app}


def table(rows: Iterable[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Rows as a table; what is true or false is shown as yes or no."""
    return dg.MetadataValue.table([dg.TableRecord({name: _cell(value) for name, value in row.items()}) for row in rows])


def megabytes(size: int) -> float:
    """A size in bytes as a number that people read."""
    return round(size / 1e6, 2)


def _cell(value: str | float | bool) -> str | float | bool:
    return ("yes" if value else "no") if isinstance(value, bool) else value


@contextmanager
def clear_errors(tools: Tools | None = None, record: ResetRecord | None = None) -> Iterator[None]:
    """Turn whatever goes wrong into one message that Dagster may keep, and never let Dagster retry it.

    Args:
        tools: the run's tools, where a record is given.
        record: of the reset under way, so that the message says where things stand.

    Raises:
        dagster.Failure: in place of any other exception; without its cause, because causes are stored as they are.
    """
    try:
        if tools is not None and record is not None:
            with telling_where_things_stand(tools, record):
                yield
        else:
            yield
    except dg.Failure:
        raise
    # Not what interrupts a run: its last message says where things stand (see `last_words`).
    except Exception as error:
        raise dg.Failure(in_safe_words(error), allow_retries=False) from None


def transfer_progress(context: dg.AssetExecutionContext) -> Callable[[Transfer], None]:
    """A callback that logs how far a backup or restore at Heroku is, whenever that changed."""
    last = ""

    def report(transfer: Transfer) -> None:
        nonlocal last
        now = f"{transfer.name} is {transfer.state}, {transfer.processed_bytes / 1e6:.1f} MB"
        if now != last:
            context.log.info(now)
            last = now

    return report


def changes_in_words(context: dg.AssetExecutionContext) -> Callable[[str], None]:
    """A callback that logs what is waited for, whenever that changed."""
    last = ""

    def report(now: str) -> None:
        nonlocal last
        if now != last:
            context.log.info(now)
            last = now

    return report


def bytes_progress(context: dg.AssetExecutionContext, every: int = 64 << 20) -> Callable[[int], None]:
    """A callback that logs how much was read, once every so many bytes."""
    told = 0

    def report(read: int) -> None:
        nonlocal told
        if read - told >= every:
            context.log.info(f"{read / 1e6:.0f} MB of the backup read")
            told = read

    return report


def objects_progress(context: dg.AssetExecutionContext, every: int = 500) -> Callable[[int, int], None]:
    """A callback that logs how many objects were copied, once every so many."""
    told = 0

    def report(objects: int, size: int) -> None:
        nonlocal told
        if objects - told >= every:
            context.log.info(f"{objects} files copied, {size / 1e6:.0f} MB")
            told = objects

    return report
