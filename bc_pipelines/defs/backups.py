"""Group `backups`: one of every instance. Production's is adopted where it is recent, staging's is the way back."""

from collections.abc import Callable, Iterator

import dagster as dg

from bc_pipelines.checks import backup as backup_checks
from bc_pipelines.defs.common import OWNERS, check_result, check_specs, clear_errors, megabytes, transfer_progress
from bc_pipelines.defs.preflight import EXTRA_ACCOUNTS, PLAN, refuse_hopeless
from bc_pipelines.defs.resources import ToolsResource
from bc_pipelines.operations import backups, raw_backups
from bc_pipelines.operations.backups import Backup
from bc_pipelines.operations.gates import require_reset
from bc_pipelines.operations.record import State

PRODUCTION = dg.AssetKey(["production", "backup"])
STAGING = dg.AssetKey(["staging", "backup"])
DEVELOPMENT = dg.AssetKey(["development", "backup"])
_CHECKS = {
    "backup_succeeded": "Heroku says that the backup ended, and ended well.",
    "backup_is_complete": "What can be downloaded begins like an archive of pg_dump, and is as long as it should be.",
    "backup_is_recent": "The backup is not older than the council allows.",
}
Results = Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]


def _backup_asset(key: dg.AssetKey, deps: list[dg.AssetKey], text: str) -> Callable[..., dg.AssetsDefinition]:
    return dg.asset(
        key=key,
        deps=deps,
        group_name="backups",
        owners=OWNERS,
        # The lineage shows only the last part of a key, and three of them end in "backup".
        kinds={"heroku", "postgres", key.path[0]},
        check_specs=check_specs(key, _CHECKS, blocking=True),
        description=text,
    )


@_backup_asset(PRODUCTION, [], "Production's newest backup: a recent one is adopted, otherwise one is captured.")
def production_backup(context: dg.AssetExecutionContext, tools: ToolsResource) -> Results:
    """The only thing ever written to production is a backup capture, and only when no recent one can be adopted."""
    with clear_errors():
        refuse_hopeless(context, tools.now, tools.now.settings.staging)
        production = tools.now.settings.production
        backup = backups.recent_or_new(tools.now, production, transfer_progress(context))
    yield from _results(backup, PRODUCTION, tools)


@_backup_asset(
    STAGING,
    [PLAN, EXTRA_ACCOUNTS],
    "Staging as it was before the reset: the way back. Captured anew, unless a broken-off reset left one.",
)
def staging_backup(context: dg.AssetExecutionContext, tools: ToolsResource) -> Results:
    """Inside a reset it becomes the rollback point; alone it is just a backup."""
    with clear_errors():
        if tools.now.records.of_run(context.run.run_id) is None:
            backup = backups.fresh(tools.now, tools.now.settings.staging, transfer_progress(context))
        else:
            record = require_reset(tools.now, context.run.run_id, "staging/backup", State.PLANNED)
            backup = backups.set_rollback_point(tools.now, record, transfer_progress(context))
    yield from _results(backup, STAGING, tools)


@_backup_asset(DEVELOPMENT, [], "Development's newest backup: a recent one is adopted, otherwise one is captured.")
def development_backup(context: dg.AssetExecutionContext, tools: ToolsResource) -> Results:
    """For developers who pull its data."""
    with clear_errors():
        development = tools.now.settings.environments["development"]
        backup = backups.recent_or_new(tools.now, development, transfer_progress(context))
    yield from _results(backup, DEVELOPMENT, tools)


@dg.asset_check(asset=PRODUCTION, blocking=True)
def catalogue_covers_backup(tools: ToolsResource) -> dg.AssetCheckResult:
    """Every table and column in the backup's table of contents has a rule in the privacy catalogue.

    Reads only the first bytes of the backup, so a release that adds a column is noticed the day it ships.
    """
    with clear_errors():
        return check_result(backups.catalogue_covers(tools.now))


@dg.asset_check(asset=STAGING)
def raw_copies(tools: ToolsResource) -> dg.AssetCheckResult:
    """Lists staging's backups that were not made from a sanitised reset: they hold what the public sent in."""
    with clear_errors():
        target = tools.now.settings.staging
        return check_result(raw_backups.raw_copies(raw_backups.kept_backups(tools.now, target)))


def _results(backup: Backup, key: dg.AssetKey, tools: ToolsResource) -> Results:
    verdicts = (
        backup_checks.backup_succeeded(backup.name, backup.succeeded, backup.finished_at),
        backup_checks.backup_complete(backup.name, backup.magic, backup.downloadable_bytes, backup.size_bytes),
        backups.recent(backup, tools.now.settings.backup_max_age),
    )
    for name, verdict in zip(_CHECKS, verdicts, strict=True):
        yield check_result(verdict, name, key)
    yield dg.MaterializeResult(
        metadata={
            "backup": f"{backup.app}::{backup.name}",
            "captured now": backup.captured,
            "backup in MB": megabytes(backup.downloadable_bytes),
            "database in MB": megabytes(backup.source_bytes),
            "finished": dg.MetadataValue.timestamp(backup.finished_at),
            "age in hours": round(backup.age.total_seconds() / 3600, 2),
        }
    )
