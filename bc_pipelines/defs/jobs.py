"""Jobs are intents: each has one sentence, and all configuration baked in but the typed `confirm`."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from bc_pipelines.defs.backups import PRODUCTION, STAGING
from bc_pipelines.defs.cleanup import READY, SERVED
from bc_pipelines.defs.database import ACCOUNTS, ARCHIVE, BRANCH, DATABASE, INCOMING_MEDIA, RELEASE, SITES
from bc_pipelines.defs.infrastructure import inspect_infrastructure
from bc_pipelines.defs.local import ARCHIVE as LOCAL_ARCHIVE
from bc_pipelines.defs.local import DATABASE as LOCAL_DATABASE
from bc_pipelines.defs.local_media import LOCAL_MEDIA, MoveConfig, push_media
from bc_pipelines.defs.media import MEDIA, observe_media
from bc_pipelines.defs.notices import CLIENT, COLLEAGUES, REPORT
from bc_pipelines.defs.preflight import BRANCHES, EXTRA_ACCOUNTS, PLAN
from bc_pipelines.defs.rollback import PLAN as ROLLBACK_PLAN
from bc_pipelines.defs.rollback import ROLLED_BACK
from bc_pipelines.defs.tidy import tidy_history
from bc_pipelines.storage import Scope

_NO_RETRY = {"dagster/max_retries": "0"}
RESET_ASSETS = [
    PRODUCTION,
    BRANCHES,
    PLAN,
    EXTRA_ACCOUNTS,
    STAGING,
    ARCHIVE,
    INCOMING_MEDIA,
    BRANCH,
    RELEASE,
    DATABASE,
    ACCOUNTS,
    SITES,
    READY,
    SERVED,
    MEDIA,
    REPORT,
    COLLEAGUES,
    CLIENT,
]


def plan_config(
    *, confirm: str, preview: bool = False, scheduled: bool = False, requested_by: str = ""
) -> dg.RunConfig:
    """Configuration of a run that begins with the plan."""
    from bc_pipelines.defs.preflight import ResetPlanConfig

    config = ResetPlanConfig(confirm=confirm, preview=preview, scheduled=scheduled, requested_by=requested_by)
    return dg.RunConfig(ops={"staging__reset_plan": config})


def rollback_config(confirm: str, raw_data_confirm: str, undo: str, requested_by: str) -> dg.RunConfig:
    """Configuration of a run that rolls back."""
    from bc_pipelines.defs.rollback import RollbackConfig

    config = RollbackConfig(confirm=confirm, raw_data_confirm=raw_data_confirm, undo=undo, requested_by=requested_by)
    return dg.RunConfig(ops={"staging__rollback_plan": config})


def archive_config(environment: str) -> dg.RunConfig:
    """Configuration of a run that makes an archive for developers."""
    from bc_pipelines.defs.local import ArchiveConfig

    return dg.RunConfig(ops={"local__sanitised_archive": ArchiveConfig(environment=environment)})


def notices_config(after_looking: str) -> dg.RunConfig:
    """Configuration of a run that sends notices alone."""
    from bc_pipelines.defs.notices import ClientNoticeConfig

    return dg.RunConfig(
        ops={"staging__client_notice": ClientNoticeConfig.model_validate({"after_looking": after_looking})}
    )


def pull_config(environment: str, old: str = "") -> dg.RunConfig:
    """Configuration of a run that pulls an environment's data."""
    from bc_pipelines.defs.local import PullConfig

    return dg.RunConfig(ops={"local__database": PullConfig(environment=environment, old=old)})


reset_staging = dg.define_asset_job(
    "reset_staging",
    selection=dg.AssetSelection.assets(*RESET_ASSETS),
    description=(
        "Replace staging by an anonymised copy of production. Destructive: in the Launchpad, type the name of "
        "staging's Heroku app as `confirm`."
    ),
    tags=_NO_RETRY,
)

preview_staging_reset = dg.define_asset_job(
    "preview_staging_reset",
    selection=dg.AssetSelection.assets(BRANCHES, PLAN),
    config=plan_config(confirm="", preview=True),
    description="Show what a reset of staging would do and what stands against it. Changes nothing.",
)

adopt_production_backup = dg.define_asset_job(
    "adopt_production_backup",
    selection=dg.AssetSelection.assets(PRODUCTION),
    description="Look at production's newest backup and hold its table of contents against the privacy catalogue.",
)

roll_back_staging = dg.define_asset_job(
    "roll_back_staging",
    selection=dg.AssetSelection.assets(ROLLBACK_PLAN, ROLLED_BACK),
    description=(
        "Give staging back what it held before its last reset. Destructive: in the Launchpad, type the name of "
        "staging's Heroku app as `confirm`."
    ),
    tags=_NO_RETRY,
)

send_notices = dg.define_asset_job(
    "send_notices",
    selection=dg.AssetSelection.assets(COLLEAGUES, CLIENT),
    description="Tell who was not told yet of the newest finished reset. Sends nothing twice and changes no site.",
    tags=_NO_RETRY,
)

make_local_archive = dg.define_asset_job(
    "make_local_archive",
    selection=dg.AssetSelection.assets(LOCAL_ARCHIVE),
    description=(
        "Put an archive without anybody in it into the archive store, for developers' machines: production's, unless "
        "the Launchpad says another environment. Changes no site."
    ),
)


def _pull(environment: str) -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        f"pull_{environment}_data",
        selection=dg.AssetSelection.assets(LOCAL_DATABASE),
        config=pull_config(environment),
        description=(
            f"Replace the database on this machine by a sanitised copy of {environment}. `bucks local undo` brings the "
            "one before back."
        ),
        tags=_NO_RETRY,
    )


def _pull_media(environment: str, scope: Scope) -> UnresolvedAssetJobDefinition:
    what = "images and documents" if scope is Scope.MEDIA else "images, without renditions,"
    config = dg.RunConfig(ops={"local__media": MoveConfig(environment=environment, scope=scope)})
    return dg.define_asset_job(
        f"pull_{environment}_{scope}",
        selection=dg.AssetSelection.assets(LOCAL_MEDIA),
        config=config,
        description=f"Copy {environment}'s {what} into the folder on this machine. Deletes nothing unless told to.",
    )


def _push_media(scope: Scope) -> dg.JobDefinition:
    what = "images and documents" if scope is Scope.MEDIA else "images, without renditions,"

    @dg.job(
        name=f"push_staging_{scope}",
        config=dg.RunConfig(ops={"push_media": MoveConfig(environment="staging", scope=scope)}),
        description=f"Copy this machine's {what} into staging's bucket. Deletes nothing unless told to.",
        tags=_NO_RETRY,
    )
    def push() -> None:
        push_media()

    return push


_ENVIRONMENTS = ("production", "staging", "development")
WIPING = frozenset({reset_staging.name, roll_back_staging.name})
ALL: list[dg.JobDefinition | UnresolvedAssetJobDefinition] = [
    reset_staging,
    roll_back_staging,
    preview_staging_reset,
    adopt_production_backup,
    send_notices,
    make_local_archive,
    observe_media,
    inspect_infrastructure,
    tidy_history,
]
LOCAL: list[dg.JobDefinition | UnresolvedAssetJobDefinition] = [
    *map(_pull, _ENVIRONMENTS),
    *(_pull_media(environment, scope) for environment in _ENVIRONMENTS for scope in (Scope.MEDIA, Scope.IMAGES)),
    *(_push_media(scope) for scope in (Scope.IMAGES, Scope.MEDIA)),
]
"""Where a local database is configured."""
