"""Media from one environment's bucket to another's, by what the target's database names.

Belongs here: the plan between two environments and carrying it out under the lock. Does not belong here: when a reset
does so (see `media_reset`), and folders (see `media_local`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from bc_pipelines.media import guard, move
from bc_pipelines.media.ledger import Ledger, ObjectLedger, renewed
from bc_pipelines.media.move import Moved
from bc_pipelines.media.plan import Action, Copied, Plan, Rule, Wanted
from bc_pipelines.media.ranges import plan_in_ranges
from bc_pipelines.media.strangers import strangers_can_read
from bc_pipelines.media.stream import stream
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.media_places import MediaPlaces, Route
from bc_pipelines.operations.pages import Page
from bc_pipelines.operations.target import target_database
from bc_pipelines.operations.tools import Tools
from bc_pipelines.storage import PERSONAL, Scope
from bc_pipelines.wagtail_sql import files as files_sql
from bc_pipelines.wagtail_sql.files import File, Kind

OnProgress = Callable[[int, int], None]
DOCUMENTS = "documents/"
"""Where Wagtail puts documents (wagtail.documents.models, upload_to)."""


@dataclass(frozen=True)
class MediaPlan:
    """What is to happen to the target's media.

    Attributes:
        plan: every change.
        way: from where to where.
        objections: of the guard; empty when the plan may be carried out.
        absent: files that the database names and the source lacks.
        ledger: where the lines of this way are kept.
        before: the lines that the plan was made with.
        newly_named: asks the database which files it names by now that it did not when this was planned.
    """

    plan: Plan
    way: Route
    objections: tuple[str, ...]
    absent: tuple[File, ...]
    ledger: Ledger
    before: Mapping[str, Copied]
    newly_named: Callable[[], Collection[str]] = frozenset


def plan_between(tools: Tools, source: str, target: str, scope: Scope, *, deletes: bool) -> MediaPlan:
    """Plan what one environment needs of another's media, by the database that it has now. Changes nothing.

    Args:
        tools: the run's tools.
        source: name of the environment that is read.
        target: name of the environment that is written.
        scope: which files.
        deletes: whether what no row names is to be deleted.

    Raises:
        Refused: the target is not a writable environment's own, or a bucket or keys are missing.
        MediaError: a bucket could not be listed to its end.
    """
    MediaPlaces.of(tools).refuse_unwritable(target)

    def ask() -> tuple[File, ...]:
        with target_database(tools, target) as connection:
            return files_sql.read_files(connection)

    files = ask()
    if not files:
        raise Refused(f"The database of {target} names no file, so nothing of {source} is wanted. Fill it first.")
    return plan_files(tools, source, target, scope, files, deletes=deletes, ask_again=ask)


def plan_files(
    tools: Tools,
    source: str,
    target: str,
    scope: Scope,
    files: Iterable[File],
    *,
    deletes: bool,
    source_count_before: int | None = None,
    ask_again: Callable[[], Iterable[File]] | None = None,
) -> MediaPlan:
    """Plan what a target needs so that it has certain files. Changes nothing.

    Args:
        tools: the run's tools.
        source: name of the environment that is read.
        target: name of the environment that is written.
        scope: which files.
        files: what a database names.
        deletes: whether what it does not name is to be deleted.
        source_count_before: how many files the source had last time, where that is known.
        ask_again: asks the database anew what it names, before anything is deleted: people upload meanwhile.

    Raises:
        As `plan_between`.
    """
    files = tuple(files)
    media = tools.settings.media
    way = MediaPlaces.of(tools).route(source, target, scope)
    if way.target.name == tools.settings.archive_bucket:
        raise Refused(f"{way.target.name} is the archive store, which holds no media. No file was touched.")
    in_scope = [file for file in files if scope is Scope.MEDIA or file.kind is Kind.IMAGE]
    ledger = _ledger(tools, way)
    before = ledger.load()
    rule = Rule(
        excluded=media.excluded,
        ledger=before,
        wanted=Wanted({file.key for file in in_scope}, _withheld(tools, target, way, in_scope)),
        cleared=PERSONAL,
    )
    plan = plan_in_ranges(way.source, way.target, rule)
    found = guard.objections(
        plan,
        way.source,
        way.target,
        way.production,
        limits=guard.Limits(most_deletes=media.most_deletes, most_deleted_share=media.most_deleted_share),
        deletes=deletes,
        source_count_before=source_count_before,
    )
    objections = (*found, str(Page.MEDIA)) if found else ()
    absent = set(plan.absent)
    missing = tuple(file for file in in_scope if file.key in absent)
    known = {file.key for file in files}

    def newly_named() -> Collection[str]:
        return {file.key for file in ask_again()} - known if ask_again else ()

    return MediaPlan(plan, way, objections, missing, ledger, before, newly_named)


def carry_out(tools: Tools, planned: MediaPlan, on_progress: OnProgress | None, *, deletes: bool) -> Moved:
    """Copy, and delete after that if asked to.

    Args:
        tools: the run's tools; the lock must be held.
        planned: what was planned.
        on_progress: called with the objects and bytes done so far.
        deletes: whether what is too much goes, once everything else is there.

    Raises:
        Refused: the guard has an objection: nothing was copied and nothing deleted. Or the lock was lost.
        MediaError: some objects could not be copied; what was copied stays, and nothing was deleted.
    """
    guard.insist(planned.objections)
    tools.lock.assert_held()
    way, plan = planned.way, planned.plan
    copy = stream if way.through_here else move.copy
    moved = copy(plan, way.source, way.target, on_progress)
    # Whether all went well or not: each line is true of its own object.
    if lines := renewed(planned.before, plan, moved):
        planned.ledger.store(lines)
    moved.insist()
    if deletes:
        tools.lock.assert_held()
        # The site is open, and copying can take hours: what somebody uploaded or a page rendered meanwhile is in use.
        spared = planned.newly_named()
        kept = [each for each in plan.changes if each.action is not Action.DELETE or each.key not in spared]
        move.delete(replace(plan, changes=kept), way.target, moved).insist()
    return moved


def _ledger(tools: Tools, way: Route) -> Ledger:
    """The lines of one way, in the archive store: what was copied in parts tells by itself nothing of its bytes."""
    between = f"{way.source} {way.target}"
    key = f"media/{way.source.name}-{way.target.name}.ledger.gz"
    return ObjectLedger(tools.archives.as_bucket(), key, between)


def _withheld(tools: Tools, target: str, way: Route, files: Iterable[File]) -> frozenset[str]:
    """Documents that only some people may read, where anybody could fetch them from the target by their address."""
    private = frozenset(file.key for file in files if file.restricted)
    if not private:
        return private
    app = tools.settings.environments[target].heroku_app
    # Whoever serves that domain may read the bucket with keys of its own (django-storages, AWS_S3_CUSTOM_DOMAIN).
    served = bool(tools.heroku.config_vars(app).get("AWS_S3_CUSTOM_DOMAIN"))
    return private if served or strangers_can_read(way.target, DOCUMENTS) else frozenset()
