"""What all assets share: how a verdict becomes a check's result, and how an error becomes a message without secrets.

Belongs here: translation into Dagster's types. Does not belong here: any asset.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.heroku.models import Transfer
from bc_pipelines.operations.gates import in_safe_words, standing, telling_where_things_stand
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
    metadata: Metadata = dict(verdict.facts)
    if verdict.rows:
        records = [dg.TableRecord(dict(row)) for row in verdict.rows[:_ROWS_SHOWN]]
        metadata["table"] = dg.MetadataValue.table(records)
    return dg.AssetCheckResult(
        passed=verdict.passed,
        check_name=name,
        asset_key=asset,
        severity=_SEVERITY[verdict.severity],
        description=verdict.summary,
        metadata=metadata,
    )


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
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
        if tools is not None and record is not None:
            now = tools.records.of_run(record.run_id) or record
            dg.get_dagster_logger().error(f"This run was terminated. {standing(now)}")
        raise
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


def bytes_progress(context: dg.AssetExecutionContext, every: int = 64 << 20) -> Callable[[int], None]:
    """A callback that logs how much was read, once every so many bytes."""
    told = 0

    def report(read: int) -> None:
        nonlocal told
        if read - told >= every:
            context.log.info(f"{read / 1e6:.0f} MB of the backup read")
            told = read

    return report
