"""Media between an environment's bucket and a folder on a developer's machine.

Belongs here: which files come, which stay where they are and why, and that nothing is deleted unasked. Does not belong
here: how files are compared and moved (see `media`), questions and words on a terminal (see `media_cli`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bc_pipelines.checks import media as checks
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.database import beside
from bc_pipelines.media import guard, move, transfer
from bc_pipelines.media.bucket import Bucket
from bc_pipelines.media.fit import Fitting, in_the_way
from bc_pipelines.media.folder import Folder, Walk
from bc_pipelines.media.ledger import FileLedger, Ledger, renewed
from bc_pipelines.media.listing import listing
from bc_pipelines.media.move import Moved, OnProgress
from bc_pipelines.media.plan import ORIGINALS, Action, Copied, Plan, Wanted, make_plan
from bc_pipelines.media.rclone import Keys, Mover
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.local_server import connected
from bc_pipelines.operations.local_target import LocalTarget
from bc_pipelines.operations.media_places import MediaPlaces, Place
from bc_pipelines.storage import MediaSettings, Scope
from bc_pipelines.wagtail_sql.files import File, Kind, empty_renditions, read_files

_NO_DATABASE = (
    "Only images come: which documents are private is told by a local database that was pulled from the same place. "
    "Pull data first."
)
# Where Wagtail puts images and what it makes of them (wagtail.images.models, upload_to).
_IMAGES = (ORIGINALS, "images/")


@dataclass(frozen=True)
class LocalPlan:
    """What is to happen between a bucket and a folder.

    Attributes:
        plan: every change.
        source: where from.
        target: where to.
        objections: of the guard; empty when the plan may be carried out.
        mover: how files are moved.
        notes: what a person should know of it, a sentence each.
        ledger: where the lines of this way are kept.
        before: the lines that the plan was made with.
    """

    plan: Plan
    source: Bucket | Folder
    target: Bucket | Folder
    objections: tuple[str, ...]
    mover: Mover = field(repr=False)
    ledger: Ledger
    before: Mapping[str, Copied] = field(repr=False)
    notes: tuple[str, ...] = ()


def plan_pull(
    places: MediaPlaces,
    environment: str,
    path: Path,
    scope: Scope,
    named: Sequence[File] | None,
    mover: Mover | None = None,
) -> LocalPlan:
    """Plan what a folder needs of an environment's media. Changes nothing.

    Args:
        places: all environments' media.
        environment: whose media.
        path: the folder.
        scope: which files.
        named: the files that the local database names; None where there is no database to ask. Then nobody can tell
            what only some people may read, or what other folders of the bucket are, so only images come.
        mover: how files are moved, but for its keys.

    Raises:
        Refused: the environment's bucket or keys are not known.
        MediaError: the bucket could not be listed to its end, or the folder not be read.
    """
    place, settings = places.place(environment), places.settings
    source, target = place.open(place.keys, _prefix(scope)), Folder(path, _prefix(scope))
    unknown = named is None and scope is Scope.MEDIA
    folders = _IMAGES if unknown else ("",)
    fitting = Fitting(item for item in listing(source) if item.key.startswith(folders))
    walk, ledger = (item for item in Walk(target) if item.key.startswith(folders)), _ledger(source, target)
    before = ledger.load()
    plan = make_plan(
        fitting,
        walk,
        excluded=settings.excluded,
        ledger=before,
        has_bytes_of=target.has_bytes_of,
        wanted=_wanted(named, scope),
    )
    arriving = {change.key for change in plan.of(Action.COPY, Action.REPLACE)}
    unfit = {key: reason for key, reason in fitting.unfit.items() if key in arriving}
    objections = guard.objections(
        plan, source, target, "", limits=_limits(settings), deletes=True, unfit=unfit | in_the_way(plan, target)
    )
    notes = (_NO_DATABASE,) if unknown else ()
    return LocalPlan(plan, source, target, objections, _mover(place, mover), ledger, before, notes)


def plan_push(
    places: MediaPlaces, environment: str, path: Path, scope: Scope, mover: Mover | None = None, *, deletes: bool
) -> LocalPlan:
    """Plan what an environment's bucket needs of a folder. Changes nothing.

    Args:
        places: all environments' media.
        environment: whose bucket is written; never production's.
        path: the folder.
        scope: which files.
        mover: how files are moved, but for its keys.
        deletes: whether what the folder has not is to be deleted.

    Raises:
        Refused: the environment may not be changed, or its bucket or keys are not known.
        MediaError: the bucket could not be listed to its end, or the folder not be read.
    """
    places.refuse_unwritable(environment)
    place, settings = places.place(environment), places.settings
    source, target = Folder(path, _prefix(scope)), place.open(place.keys, _prefix(scope))
    walk, ledger = Walk(source), _ledger(source, target)
    before = ledger.load()
    plan = make_plan(walk, listing(target), excluded=settings.excluded, ledger=before, has_bytes_of=source.has_bytes_of)
    unfit = {key: reason for key, reason in walk.refused.items() if not key.startswith(settings.excluded)}
    objections = guard.objections(
        plan,
        source,
        target,
        places.production_buckets()[0],
        limits=_limits(settings),
        deletes=deletes,
        unfit=unfit,
    )
    return LocalPlan(plan, source, target, objections, _mover(place, mover), ledger, before)


def carry_out(
    planned: LocalPlan,
    on_progress: OnProgress | None = None,
    *,
    deletes: bool,
    before_deleting: Callable[[], None] = lambda: None,
) -> Moved:
    """Copy, and after that delete if asked to.

    Args:
        planned: what was planned.
        on_progress: called with the files and bytes done so far.
        deletes: whether what is too much on the target goes.
        before_deleting: raises where that may not be begun any more, because the lock was lost.

    Raises:
        Refused: the guard has an objection; nothing was copied and nothing deleted. Or as `before_deleting`.
        MediaError: some files could not be moved, and nothing was deleted; or some could not be deleted.
    """
    guard.insist(planned.objections)
    moved = _move(planned, on_progress)
    # Whether all went well or not: each line is true of its own file.
    planned.ledger.store(renewed(planned.before, planned.plan, moved))
    moved.insist()
    if not deletes:
        return moved
    before_deleting()
    if isinstance(planned.target, Folder):
        transfer.clear(planned.plan, planned.target, moved)
    else:
        move.delete(planned.plan, planned.target, moved)
    moved.insist()
    return moved


def _move(planned: LocalPlan, on_progress: OnProgress | None) -> Moved:
    source, target = planned.source, planned.target
    if isinstance(source, Bucket) and isinstance(target, Folder):
        return transfer.pull(planned.plan, source, target, planned.mover, on_progress)
    if isinstance(source, Folder) and isinstance(target, Bucket):
        return transfer.push(planned.plan, source, target, planned.mover, on_progress)
    raise TypeError("one side is a folder and the other a bucket")


def _ledger(source: Bucket | Folder, target: Bucket | Folder) -> Ledger:
    """The lines of one way, beside the folder and not in it: they save reading every file's bytes each time."""
    folder = source if isinstance(source, Folder) else target
    bucket = target if isinstance(source, Folder) else source
    path = Path(folder.name).resolve()
    way = ("push" if isinstance(source, Folder) else "pull") + ("-images" if folder.prefix else "")
    return FileLedger(path.parent / f".{path.name}-{bucket.name}-{way}.ledger.gz", f"{source} {target}")


def named_locally(target: LocalTarget, environment: str) -> tuple[File, ...] | None:
    """The files that the local database names.

    Args:
        target: the local database.
        environment: whose media are pulled.

    Returns:
        None where no pull from that environment made the database: what another one, or an older hand, says of which
        documents are private is not to be relied on.
    """
    with connected(target, "postgres") as server:
        made_by = (beside.read_mark(server, target.name) or {}) if beside.exists(server, target.name) else {}
    if made_by.get("environment") != environment:
        return None
    with connected(target, target.name) as connection:
        return read_files(connection) or None


def forget_renditions(target: LocalTarget) -> int:
    """Have the local site make its renditions anew, where only originals were pulled; gives how many it forgot."""
    if not _is_there(target):
        return 0
    with connected(target, target.name) as connection:
        return empty_renditions(connection)


def look(target: LocalTarget, path: Path, settings: MediaSettings, scope: Scope) -> dict[str, Verdict]:
    """Hold the folder against the local database: what is missing, and what no row names.

    Raises:
        Refused: there is no such database yet.
    """
    if not _is_there(target):
        raise Refused(f"There is no database {target} yet. Pull data first.")
    with connected(target, target.name) as connection:
        named = [file for file in checks.named_files(connection) if not file.key.startswith(settings.excluded)]
    if scope is Scope.IMAGES:
        named = [file for file in named if file.kind == "image"]
    objects = {item.key: item.size for item in Walk(Folder(path, _prefix(scope)))}
    return {
        "every_file_present": checks.every_file_present(named, objects),
        "nothing_extra": checks.nothing_extra(named, objects, settings.excluded),
    }


def _is_there(target: LocalTarget) -> bool:
    with connected(target, "postgres") as server:
        return beside.exists(server, target.name)


def _wanted(named: Sequence[File] | None, scope: Scope) -> Wanted | None:
    if named is None:
        return None
    files = [file for file in named if scope is Scope.MEDIA or file.kind is Kind.IMAGE]
    return Wanted({file.key for file in files}, frozenset(file.key for file in files if file.restricted))


def _prefix(scope: Scope) -> str:
    return ORIGINALS if scope is Scope.IMAGES else ""


def _limits(settings: MediaSettings) -> guard.Limits:
    return guard.Limits(most_deletes=settings.most_deletes, most_deleted_share=settings.most_deleted_share)


def _mover(place: Place, mover: Mover | None) -> Mover:
    keys = Keys(place.keys.access_key, place.keys.secret_key)
    return replace(mover or Mover(), keys=keys)
