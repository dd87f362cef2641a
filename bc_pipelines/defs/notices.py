"""Group `comms`: what people are told once a reset is done."""

from collections.abc import Iterator

import dagster as dg

from bc_pipelines.defs.cleanup import SERVED
from bc_pipelines.defs.common import OWNERS, clear_errors
from bc_pipelines.defs.media import MEDIA
from bc_pipelines.defs.pictures import AMBER, GREEN, RED, bar
from bc_pipelines.defs.resources import ToolsResource
from bc_pipelines.operations import report, reset
from bc_pipelines.operations.gates import require_reset
from bc_pipelines.operations.record import State
from bc_pipelines.operations.report import CheckLine
from bc_pipelines.operations.report_page import as_html, as_markdown

REPORT = dg.AssetKey(["staging", "reset_report"])


@dg.asset(key=REPORT, deps=[SERVED, MEDIA], group_name="comms", owners=OWNERS, kinds={"html", "s3"})
def reset_report(context: dg.AssetExecutionContext, tools: ToolsResource) -> dg.MaterializeResult[None]:
    """A page about this reset that anyone can read: figures, every check, what was removed, what stays."""
    with clear_errors():
        record = require_reset(tools.now, context.run.run_id, "staging/reset_report", State.READY, go_on=True)
        checks = tuple(checks_of(context.instance, context.run.run_id))
        written = report.report_of(tools.now, record, checks)
        key = f"reports/{record.id}.html"
        tools.now.archives.put_text(key, as_html(written), "text/html; charset=utf-8")
        reset.finish(tools.now, record)
    passed = sum(check.passed for check in checks)
    warned = sum(not check.passed and check.warning for check in checks)
    failed = len(checks) - passed - warned
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
