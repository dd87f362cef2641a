"""Group `comms`: what people are told once a reset is done."""

from collections.abc import Iterator
from typing import Literal

import dagster as dg
from pydantic import Field

from bc_pipelines.defs.cleanup import SERVED
from bc_pipelines.defs.common import OWNERS, Metadata, check_result, clear_errors, labelled
from bc_pipelines.defs.media import MEDIA
from bc_pipelines.defs.pictures import AMBER, GREEN, RED, bar
from bc_pipelines.defs.resources import ToolsResource
from bc_pipelines.operations import notices, report, reset
from bc_pipelines.operations.gates import require_reset
from bc_pipelines.operations.record import State
from bc_pipelines.operations.report import CheckLine
from bc_pipelines.operations.report_page import as_html, as_markdown

REPORT = dg.AssetKey(["staging", "reset_report"])
COLLEAGUES = dg.AssetKey(["staging", "colleague_notice"])
CLIENT = dg.AssetKey(["staging", "client_notice"])


class ClientNoticeConfig(dg.Config):
    """What a person found where nobody knows whether the notice went out."""

    after_looking: Literal["", "arrived", "lost"] = Field(
        default="", description="Only where it asks for it: whether the e-mail arrived, or was lost and is sent again."
    )


@dg.asset(key=REPORT, deps=[SERVED, MEDIA], group_name="comms", owners=OWNERS, kinds={"html", "s3"})
def reset_report(context: dg.AssetExecutionContext, tools: ToolsResource) -> dg.MaterializeResult[None]:
    """A page about this reset that anyone can read: figures, every check, what was removed, what stays."""
    with clear_errors():
        record = require_reset(tools.now, context.run.run_id, "staging/reset_report", State.READY, go_on=True)
        checks = tuple(checks_of(context.instance, context.run.run_id))
        written = report.report_of(tools.now, record, checks)
        key = f"reports/{record.id}.html"
        tools.now.archives.put_text(key, as_html(written), "text/html; charset=utf-8")
        passed, warned = sum(c.passed for c in checks), sum(not c.passed and c.warning for c in checks)
        failures = [f"{c.asset}: {c.name.replace('_', ' ')}" for c in checks if not c.passed and not c.warning]
        counted = {"passed": passed, "warned": warned, "failed": failures}
        reset.finish(tools.now, record, report_key=key, checks=counted)
    failed = len(failures)
    return dg.MaterializeResult(
        metadata={
            "checks": bar((("passed", passed, GREEN), ("warned", warned, AMBER), ("failed", failed, RED))),
            "checks passed": passed,
            "checks warned": warned,
            "checks failed": failed,
            # A click opens it. A link to the stored page would be a secret that expires.
            "report": dg.MetadataValue.md(as_markdown(written)),
            "report as a page": f"s3://{tools.now.archives.bucket}/{key}",
        }
    )


@dg.asset(key=COLLEAGUES, deps=[REPORT], group_name="comms", owners=OWNERS, kinds={"slack"})
def colleague_notice(context: dg.AssetExecutionContext, tools: ToolsResource) -> dg.MaterializeResult[None]:
    """The message to colleagues on Slack, once per reset. The reset is finished before it, whatever becomes of it."""
    with clear_errors():
        record = notices.may_tell(tools.now, context.run.run_id, "staging/colleague_notice")
        outcome = notices.tell_colleagues(tools.now, record)
    return dg.MaterializeResult(metadata=_told(outcome))


@dg.asset(key=CLIENT, deps=[REPORT], group_name="comms", owners=OWNERS, kinds={"email"})
def client_notice(
    context: dg.AssetExecutionContext, config: ClientNoticeConfig, tools: ToolsResource
) -> dg.MaterializeResult[None]:
    """The e-mail to the client, once per reset. The reset is finished before it, whatever becomes of it."""
    with clear_errors():
        record = notices.may_tell(tools.now, context.run.run_id, "staging/client_notice")
        outcome = notices.tell_client(tools.now, record, config.after_looking)
    return dg.MaterializeResult(metadata=_told(outcome))


@dg.asset_check(asset=COLLEAGUES)
def message_is_there(context: dg.AssetCheckExecutionContext, tools: ToolsResource) -> dg.AssetCheckResult:
    """Reads the message out of the channel again, by another way than it was written."""
    with clear_errors():
        record = notices.require_finished(tools.now, context.run.run_id, "staging/colleague_notice")
        return check_result(notices.look_at_message(tools.now, record))


@dg.asset_check(asset=CLIENT)
def mail_was_accepted(context: dg.AssetCheckExecutionContext, tools: ToolsResource) -> dg.AssetCheckResult:
    """What the mail server answered for each address and for the e-mail itself. That it is read, nobody can show."""
    with clear_errors():
        record = notices.require_finished(tools.now, context.run.run_id, "staging/client_notice")
        return check_result(notices.look_at_mail(tools.now, record))


def _told(outcome: notices.Outcome) -> Metadata:
    text = dg.MetadataValue.md(outcome.text)
    return {"state": outcome.state, "in words": outcome.words, "text": text} | labelled(outcome.facts)


def checks_of(instance: dg.DagsterInstance, run_id: str) -> Iterator[CheckLine]:
    """Every check that a run has evaluated so far, in that order."""
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    for record in records:
        event = record.event_log_entry.get_dagster_event()
        evaluation = event.asset_check_evaluation_data
        yield CheckLine(
            asset=evaluation.asset_key.to_user_string(),
            name=evaluation.check_name,
            passed=evaluation.passed,
            warning=evaluation.severity is dg.AssetCheckSeverity.WARN,
            summary=evaluation.description or "",
        )
