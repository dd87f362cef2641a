"""The code location: every asset, check, job, schedule, sensor and resource, named one by one.

Explicit on purpose: nothing is found by looking through folders, so nothing can be lost silently. Loading it asks no
server and reads no secret.
"""

from collections.abc import Mapping

import dagster as dg

from bc_pipelines import settings
from bc_pipelines.defs import (
    backups,
    cleanup,
    code,
    database,
    infrastructure,
    jobs,
    local,
    local_media,
    media,
    notices,
    preflight,
    rollback,
    schedules,
    sensors,
)
from bc_pipelines.defs.resources import ToolsResource

ASSETS: list[dg.AssetsDefinition | dg.AssetSpec] = [
    preflight.branches,
    preflight.reset_plan,
    preflight.extra_accounts,
    backups.production_backup,
    backups.staging_backup,
    backups.development_backup,
    database.sanitised_archive,
    media.production_media,
    media.development_media,
    media.incoming_media,
    code.branch,
    code.release,
    database.database,
    database.accounts,
    database.site_records,
    cleanup.ready,
    cleanup.served_pages,
    media.media,
    notices.reset_report,
    notices.colleague_notice,
    notices.client_notice,
    rollback.rollback_plan,
    rollback.rolled_back,
    local.sanitised_archive,
    *infrastructure.ASSETS,
]
LOCAL_ASSETS = [local.database, local_media.media]
CHECKS = [
    backups.catalogue_covers_backup,
    backups.raw_copies,
    database.archive_store_is_private,
    database.no_old_archive,
    database.nothing_submitted_is_left,
    database.only_staff_kept,
    database.staff_can_log_in,
    database.site_settings_still_attached,
    notices.message_is_there,
    notices.mail_was_accepted,
    *infrastructure.LOOKS,
]


def build_definitions(
    overrides: Mapping[str, object] | None = None, *, on_laptop: bool | None = None
) -> dg.Definitions:
    """All definitions of the code location.

    Args:
        overrides: resources by name that replace the product's own.
        on_laptop: whether the local database and its jobs are there; if left out, where one is configured.

    Returns:
        Definitions whose runs use one process, because steps are short and share a lock.
    """
    on_laptop = settings.names_local_database() if on_laptop is None else on_laptop
    return dg.Definitions(
        assets=[*ASSETS, *(LOCAL_ASSETS if on_laptop else [])],
        asset_checks=CHECKS,
        jobs=[*jobs.ALL, *(jobs.LOCAL if on_laptop else [])],
        schedules=schedules.ALL,
        sensors=sensors.ALL,
        resources={"tools": ToolsResource(), "pulls": local.Pulls(), **(overrides or {})},
        executor=dg.in_process_executor,
    )


defs = build_definitions()
