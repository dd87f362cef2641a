"""Group `media`: staging's images and documents, copied in before the wipe and settled once the site is open."""

import dagster as dg

from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.defs.backups import Results
from bc_pipelines.defs.cleanup import READY
from bc_pipelines.defs.common import (
    OWNERS,
    Metadata,
    check_result,
    check_specs,
    clear_errors,
    megabytes,
    objects_progress,
    record_metadata,
)
from bc_pipelines.defs.database import ARCHIVE, INCOMING_MEDIA
from bc_pipelines.defs.resources import ToolsResource
from bc_pipelines.media.plan import Action, Plan
from bc_pipelines.operations import media_look, media_reset
from bc_pipelines.operations.gates import require_reset
from bc_pipelines.operations.media_sync import MediaPlan
from bc_pipelines.operations.record import State

PRODUCTION_MEDIA = dg.AssetKey(["production", "media"])
DEVELOPMENT_MEDIA = dg.AssetKey(["development", "media"])
MEDIA = dg.AssetKey(["staging", "media"])
_NAMED = 50
_BEFORE = {
    "plan_is_safe": "The source is not empty or shrunken, and source and target are the environments' own buckets.",
    "production_has_every_file": "Each image, rendition and document that production's database names is in its "
    "bucket; what is missing is listed by its id.",
}
_AFTER = {
    "every_file_present": "From a fresh listing: each file that staging's database names is there, of the right size.",
    "nothing_extra": "Staging's bucket holds no object that no row names.",
    "headers_kept": "Content type, caching, disposition and encoding of a sample are production's.",
    "private_files_left_out": "No avatar, no unfinished upload, and no restricted document that anybody could read.",
}


def _observed(key: dg.AssetKey, text: str) -> dg.AssetSpec:
    return dg.AssetSpec(key, group_name="media", owners=OWNERS, kinds={"s3", key.path[0]}, description=text)


production_media = _observed(
    PRODUCTION_MEDIA, "Production's images and documents. Only ever read; each reset notes what it saw."
)
development_media = _observed(
    DEVELOPMENT_MEDIA, "Development's images and documents, for developers who pull them. Only ever read."
)


@dg.asset(
    key=INCOMING_MEDIA,
    deps=[ARCHIVE, PRODUCTION_MEDIA],
    group_name="media",
    owners=OWNERS,
    kinds={"s3"},
    check_specs=[
        *check_specs(INCOMING_MEDIA, {"plan_is_safe": _BEFORE["plan_is_safe"]}, blocking=True),
        *check_specs(
            INCOMING_MEDIA, {"production_has_every_file": _BEFORE["production_has_every_file"]}, blocking=False
        ),
    ],
)
def incoming_media(context: dg.AssetExecutionContext, tools: ToolsResource) -> Results:
    """New and changed files, copied from production's bucket into staging's while staging is still up.

    Which ones is read from the archive that staging is about to get. Nothing is deleted yet.
    """
    with clear_errors():
        record = require_reset(tools.now, context.run.run_id, "staging/incoming_media", State.SANITISED)
    with clear_errors(tools.now, record):
        planned = media_reset.plan_from_archive(tools.now, record)
    context.log_event(dg.AssetObservation(PRODUCTION_MEDIA, metadata=_seen(planned.plan)))
    yield check_result(_safe(planned), "plan_is_safe", INCOMING_MEDIA)
    yield check_result(media_reset.all_there(planned), "production_has_every_file", INCOMING_MEDIA)
    with clear_errors(tools.now, record):
        moved = media_reset.carry_out(tools.now, record, planned, objects_progress(context), deletes=False)
    done = {"files copied": len(moved.copied), "copied in MB": megabytes(moved.bytes_copied)}
    yield dg.MaterializeResult(metadata=done | _planned(planned.plan) | record_metadata(record))


@dg.asset(
    key=MEDIA,
    deps=[READY, INCOMING_MEDIA],
    group_name="media",
    owners=OWNERS,
    # The lineage shows only the last part of a key, and three of them end in "media".
    kinds={"s3", "staging"},
    check_specs=check_specs(MEDIA, _AFTER, blocking=False),
)
def media(context: dg.AssetExecutionContext, tools: ToolsResource) -> Results:
    """Staging's images and documents: exactly those that its database names.

    What came to production meanwhile is copied, and only then what no row names is deleted.
    """
    with clear_errors():
        record = require_reset(tools.now, context.run.run_id, "staging/media", State.READY, go_on=True)
    with clear_errors(tools.now, record):
        planned = media_reset.plan_from_database(tools.now, record)
        moved = media_reset.carry_out(tools.now, record, planned, objects_progress(context), deletes=True)
        verdicts = media_look.look(tools.now, tools.now.settings.production.name, record.environment)
    for name, verdict in zip(media_look.LOOKS, verdicts, strict=True):
        yield check_result(verdict, name, MEDIA)
    done = {"files copied": len(moved.copied), "files deleted": len(moved.deleted)}
    yield dg.MaterializeResult(metadata=done | _planned(planned.plan) | record_metadata(record))


@dg.op(description="Count what the buckets of production and development hold, and note it on their assets.")
def look_at_buckets(context: dg.OpExecutionContext, tools: ToolsResource) -> None:
    """Changes nothing."""
    for key in (PRODUCTION_MEDIA, DEVELOPMENT_MEDIA):
        with clear_errors():
            seen = media_look.holding(tools.now, key.path[0])
        context.log_event(dg.AssetObservation(key, metadata=_held(seen)))


@dg.job(description="Count what the media buckets of production and development hold. Changes nothing.")
def observe_media() -> None:
    """Files, bytes and the newest of each."""
    look_at_buckets()


def _safe(planned: MediaPlan) -> Verdict:
    return Verdict(
        passed=not planned.objections,
        summary=" ".join(planned.objections) or "Nothing stands against copying.",
        facts={"objections": len(planned.objections), "files at the source": planned.plan.source_count},
    )


def _seen(plan: Plan) -> Metadata:
    """What a plan saw of its source."""
    newest: Metadata = {"newest": dg.MetadataValue.timestamp(plan.newest)} if plan.newest else {}
    return {"files": plan.source_count, "in MB": megabytes(plan.source_bytes)} | newest


def _held(seen: media_look.Holding) -> Metadata:
    newest: Metadata = {"newest": dg.MetadataValue.timestamp(seen.newest)} if seen.newest else {}
    return {"bucket": seen.bucket, "files": seen.objects, "in MB": megabytes(seen.bytes)} | newest


def _planned(plan: Plan) -> Metadata:
    """Numbers to plot, and which files of production were left out, by name."""
    counts: Metadata = {
        "files at the source": plan.source_count,
        "files at the source, in MB": megabytes(plan.source_bytes),
        "files the same": plan.kept,
        "personal files left out": sum(plan.excluded.values()),
        "files that no row names": plan.unnamed_count,
        "restricted files left out": plan.withheld_count,
        "files to delete": len(plan.of(Action.DELETE)) + len(plan.personal),
    }
    left_out = [f"- `{key}`: no row names it" for key in plan.unnamed[:_NAMED]]
    return counts | ({"left out": dg.MetadataValue.md("\n".join(left_out))} if left_out else {})
