"""Media of a developer's machine: `local/media`, and the jobs that pull into it and push from it.

Belongs here: what the UI starts, and the note that a command leaves. Does not belong here: the work (see
`operations.media_ends`). They exist only where a local database is configured.
"""

from collections.abc import Mapping

import dagster as dg
from pydantic import Field

from bc_pipelines import settings
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.defs.backups import Results
from bc_pipelines.defs.common import OWNERS, Metadata, check_result, check_specs, clear_errors, megabytes
from bc_pipelines.defs.common import objects_progress as progress
from bc_pipelines.defs.instance import open_instance
from bc_pipelines.defs.media import DEVELOPMENT_MEDIA, MEDIA, PRODUCTION_MEDIA
from bc_pipelines.media.move import Moved
from bc_pipelines.operations.errors import OutOfReach, Refused
from bc_pipelines.operations.media_ends import both_ends, look_here
from bc_pipelines.storage import LOCAL, Scope

LOCAL_MEDIA = dg.AssetKey(["local", "media"])
_CHECKS = {
    "every_file_present": "Each file that the local database names is in the folder, of the right size.",
    "nothing_extra": "The folder holds no file that no row names.",
}


class MoveConfig(dg.Config):
    """What is moved."""

    environment: str = Field(description="production, staging or development.")
    scope: str = Field(default=Scope.MEDIA.value, description="media: everything. images: what editors uploaded.")
    delete: bool = Field(default=False, description="Delete what is too much where the files go.")


@dg.asset(
    key=LOCAL_MEDIA,
    deps=[PRODUCTION_MEDIA, DEVELOPMENT_MEDIA, MEDIA],
    group_name="local",
    owners=OWNERS,
    kinds={"file"},
    check_specs=check_specs(LOCAL_MEDIA, _CHECKS, blocking=False),
)
def media(context: dg.AssetExecutionContext, config: MoveConfig) -> Results:
    """The folder of images and documents on this machine, filled from an environment's bucket.

    Avatars, unfinished uploads, private documents and files that the local database does not name stay away.
    """
    with clear_errors():
        scope = _scope(config)
        with both_ends(config.environment, LOCAL, scope, deletes=config.delete) as both:
            both.insist()
            moved = both.carry_out(progress(context), config.delete)
        verdicts = _looked(scope)
    for name, verdict in verdicts.items():
        yield check_result(verdict, name, LOCAL_MEDIA)
    yield dg.MaterializeResult(metadata=_metadata(config.environment, moved) | {"folder": both.target})


@dg.op(description="Copy what is new and changed in this machine's folder into an environment's bucket.")
def push_media(context: dg.OpExecutionContext, config: MoveConfig) -> None:
    """Deletes nothing unless told to; refused while a reset runs."""
    with clear_errors(), both_ends(LOCAL, config.environment, _scope(config), deletes=config.delete) as both:
        both.insist()
        moved = both.carry_out(None, config.delete)
    # No edge of the lineage: a push is somebody's own doing, beside the flow of resets.
    metadata = _metadata("a developer's machine", moved) | {"bucket": both.target}
    context.log_event(dg.AssetMaterialization(MEDIA, metadata=metadata))


def note_pull(environment: str, target: str, moved: Moved) -> bool:
    """Note a pull of a terminal on `local/media`, in this machine's own Dagster where there is one.

    Args:
        environment: whose media were pulled.
        target: the folder.
        moved: what was done.

    Returns:
        Whether it was noted.
    """
    home, url = settings.own_dagster()
    if home is None:
        return False
    metadata = _metadata(environment, moved) | {"folder": target}
    try:
        with open_instance(url) as instance:
            instance.report_runless_asset_event(dg.AssetMaterialization(LOCAL_MEDIA, metadata=metadata))
    except OutOfReach:
        return False
    return True


def _scope(config: MoveConfig) -> Scope:
    if config.scope not in list(Scope):
        raise Refused(f"scope is {' or '.join(Scope)}, not {config.scope!r}. Nothing was moved.")
    return Scope(config.scope)


def _looked(scope: Scope) -> Mapping[str, Verdict]:
    try:
        return look_here(scope)
    except Refused as reason:
        return dict.fromkeys(_CHECKS, Verdict(False, str(reason), severity="warn"))


def _metadata(source: str, moved: Moved) -> Metadata:
    return {
        "from": source,
        "files copied": len(moved.copied),
        "copied in MB": megabytes(moved.bytes_copied),
        "files deleted": len(moved.deleted),
    }
