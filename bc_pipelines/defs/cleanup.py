"""Group `cleanup`: from a mended database to a site that is open, hidden from search engines, and looked at."""

import dagster as dg

from bc_pipelines.defs.backups import Results
from bc_pipelines.defs.common import OWNERS, check_result, check_specs, clear_errors, record_metadata
from bc_pipelines.defs.database import ACCOUNTS, DATABASE, SITES
from bc_pipelines.defs.resources import ToolsResource
from bc_pipelines.operations import ready as ready_steps
from bc_pipelines.operations.gates import require_reset
from bc_pipelines.operations.purge import PURGED, purge
from bc_pipelines.operations.record import State

READY = dg.AssetKey(["staging", "ready"])
SERVED = dg.AssetKey(["staging", "served_pages"])
_BEFORE_LIGHTS_ON = {
    "hidden_from_search_engines": "Each host's front page, rendered while the site is still closed: it must say "
    "noindex or ask for a password before anybody outside can see it.",
    "still_nothing_submitted": "Migrations and clean-up brought back nothing that the public submitted.",
    "still_only_staff": "Every account is still either staff's or replaced.",
}
_OF_THE_CODE = {
    "no_migration_is_missing": "makemigrations --check in the released code: two branches may need a merge migration. "
    "A warning, since the site runs without."
}
_LOOKS = {
    "every_host_answers": "Each host answers with 200, or with 401 where basic auth is on, and with its own title.",
    "nothing_points_at_production": "Whatever the site generates leads to staging: canonical addresses, og:url, "
    "navigation, media, sitemaps.",
    "editors_links": "Counts the links to production that editors wrote. They are content, so this only ever warns.",
    "hidden_as_served": "Each host is hidden from search engines as a visitor gets it. If one is not, the site is "
    "closed again.",
}


@dg.asset(
    key=READY,
    deps=[DATABASE, ACCOUNTS, SITES],
    group_name="cleanup",
    owners=OWNERS,
    kinds={"heroku", "wagtail"},
    check_specs=[
        *check_specs(READY, _BEFORE_LIGHTS_ON, blocking=True),
        *check_specs(READY, _OF_THE_CODE | PURGED, blocking=False),
    ],
)
def ready(context: dg.AssetExecutionContext, tools: ToolsResource) -> Results:
    """Migrations, search index and caches; then, only if all is well, dynos back up and maintenance off.

    Updating the Site records is what takes the `noindex` away, so the pages are rendered and judged before anybody
    outside can see one.
    """
    with clear_errors():
        record = require_reset(
            tools.now, context.run.run_id, "staging/ready", State.MENDED, "accounts_put_back", go_on=True
        )
    with clear_errors(tools.now, record):
        prepared = ready_steps.prepare(tools.now, record)
        purged = purge(tools.now, record.environment)
        verdicts = ready_steps.judge_before_lights_on(tools.now, record)
    yield check_result(prepared.complete, "no_migration_is_missing", READY)
    for name, verdict in zip(_BEFORE_LIGHTS_ON, verdicts, strict=True):
        yield check_result(verdict, name, READY)
    yield check_result(purged, "front_end_cache_purged", READY)
    with clear_errors(tools.now, record):
        readiness = ready_steps.lights_on(tools.now, record, verdicts, prepared.migrations)
    yield dg.MaterializeResult(
        metadata={
            "migrations applied": readiness.migrations,
            "release": readiness.release,
            "seconds in maintenance": round(readiness.downtime.total_seconds(), 1),
        }
        | record_metadata(record)
    )


@dg.asset(
    key=SERVED,
    deps=[READY],
    group_name="cleanup",
    owners=OWNERS,
    kinds={"wagtail"},
    check_specs=check_specs(SERVED, _LOOKS, blocking=False),
)
def served_pages(context: dg.AssetExecutionContext, tools: ToolsResource) -> Results:
    """Every staging host, opened over HTTP as a visitor would, and read."""
    with clear_errors():
        verdicts = ready_steps.look(tools.now)
    for name, verdict in zip(_LOOKS, verdicts, strict=True):
        yield check_result(verdict, name, SERVED)
    record = tools.now.records.of_run(context.run.run_id)
    # Looking alone changes nothing; a reset closes again what it opened too early.
    if record is not None:
        with clear_errors(tools.now, record):
            ready_steps.close_if_found(tools.now, record, verdicts[-1])
    yield dg.MaterializeResult(metadata={"hosts": len(tools.now.settings.staging.sites)})
