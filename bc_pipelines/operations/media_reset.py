"""A reset's media: copied in before the wipe, while the site is up; what is too much is deleted after it has opened.

Belongs here: what is wanted on the target, by which database, and in which order things happen. Does not belong here:
how objects are compared and moved (see `media`), and judging the result (see `checks.media`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

from bc_pipelines.checks.verdict import Row, Verdict, listed
from bc_pipelines.media import guard, move
from bc_pipelines.media.listing import listing
from bc_pipelines.media.move import Moved
from bc_pipelines.media.plan import Plan, Wanted, make_plan
from bc_pipelines.media.strangers import strangers_can_read
from bc_pipelines.operations.media_places import MediaPlaces, Route
from bc_pipelines.operations.record import ResetRecord
from bc_pipelines.operations.target import target_database
from bc_pipelines.operations.tools import Tools
from bc_pipelines.pgarchive import ArchiveReader, copytext
from bc_pipelines.storage import Scope
from bc_pipelines.wagtail_sql import files as files_sql
from bc_pipelines.wagtail_sql.files import File, Kind

OnProgress = Callable[[int, int], None]
ROWS_SHOWN = 200
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
    """

    plan: Plan
    way: Route
    objections: tuple[str, ...]
    absent: tuple[File, ...]


def plan_from_archive(tools: Tools, record: ResetRecord) -> MediaPlan:
    """Plan what staging needs of production's media, by the archive that it is about to get. Changes nothing.

    Args:
        tools: the run's tools.
        record: of the reset; must have come to `sanitised`.

    Raises:
        MediaError: a bucket could not be listed to its end.
        Refused: a bucket or keys are missing, or the target is not a writable environment's own.
        ArchiveError: the stored archive cannot be read.
    """
    with tools.archives.open_archive(record.facts["archive_key"]) as stream:
        wanted = files_in_archive(stream)
    # Nothing is deleted yet: staging still shows its own.
    return _plan(tools, record.environment, wanted, deletes=False)


def plan_from_database(tools: Tools, record: ResetRecord) -> MediaPlan:
    """Plan what is still missing and what is too much, by the database that the target has now. Changes nothing.

    Raises:
        As `plan_from_archive`.
    """
    with target_database(tools, record.environment, record) as connection:
        wanted = files_sql.read_files(connection)
    return _plan(tools, record.environment, wanted, deletes=True)


def all_there(planned: MediaPlan) -> Verdict:
    """Whether the source has every file that its database names."""
    rows: tuple[Row, ...] = tuple(
        {"what": file.kind.value, "id": file.id, "file": file.key} for file in planned.absent[:ROWS_SHOWN]
    )
    count = planned.plan.absent_count
    facts = {"files at the source": planned.plan.source_count, "missing": count}
    if count:
        names = listed((f"{file.kind} {file.id} ({file.key})" for file in planned.absent), 5)
        return Verdict(
            False,
            f"Production's own bucket lacks {count} files that its database names: {names}. Pages that show them are "
            "broken on production too. Upload them again there, or delete the images or documents in Wagtail.",
            facts,
            rows,
        )
    return Verdict(True, "Production's bucket has every file that its database names.", facts)


def carry_out(
    tools: Tools, record: ResetRecord, planned: MediaPlan, on_progress: OnProgress, *, deletes: bool
) -> Moved:
    """Copy, and delete after that if asked to.

    Args:
        tools: the run's tools; the lock must be held.
        record: of the reset.
        planned: what was planned.
        on_progress: called with the objects and bytes done so far.
        deletes: whether what is too much goes, once everything else is there.

    Returns:
        What was done.

    Raises:
        Refused: the guard has an objection: nothing was copied and nothing deleted. Or the lock was lost.
        MediaError: some objects could not be copied; what was copied stays, and nothing was deleted.
    """
    guard.insist(planned.objections)
    tools.lock.assert_held()
    # Before the first change: whoever finds this reset broken off must not read that nothing was touched.
    tools.records.note(record, media_begun=True)
    moved = move.copy(planned.plan, planned.way.source, planned.way.target, on_progress)
    moved.insist()
    if deletes:
        tools.lock.assert_held()
        move.delete(planned.plan, planned.way.target, moved).insist()
    done = {
        "copied": len(moved.copied),
        "deleted": len(moved.deleted),
        "bytes": moved.bytes_copied,
        "source_count": planned.plan.source_count,
    }
    facts: dict[str, Any] = {"media_settled" if deletes else "media_in": done}
    tools.records.note(record, **facts)
    return moved


def files_in_archive(stream: BinaryIO) -> tuple[File, ...]:
    """The files that an archive's rows name."""
    rows: dict[str, list[list[bytes | None]]] = {}
    for block in ArchiveReader(stream).blocks():
        columns = files_sql.TABLES.get(block.table.name)
        if columns is None:
            continue
        places = [block.table.columns.index(name) for name in columns]
        lines = (copytext.split(line) for line in block.rows())
        rows[block.table.name] = [[values[place] for place in places] for values in lines]
    return files_sql.files_in(rows)


def _plan(tools: Tools, target: str, files: Iterable[File], *, deletes: bool) -> MediaPlan:
    media = tools.settings.media
    way = MediaPlaces.of(tools).route(tools.settings.production.name, target, media.scope)
    in_scope = [file for file in files if media.scope is Scope.MEDIA or file.kind is Kind.IMAGE]
    plan = make_plan(
        listing(way.source),
        listing(way.target),
        excluded=media.excluded,
        wanted=Wanted({file.key for file in in_scope}, _withheld(way, in_scope)),
    )
    last = tools.records.last_done(target)
    found = guard.objections(
        plan,
        way.source,
        way.target,
        way.production,
        limits=guard.Limits(most_deletes=media.most_deletes, most_deleted_share=media.most_deleted_share),
        deletes=deletes,
        source_count_before=(last.facts.get("media_settled") or {}).get("source_count") if last else None,
    )
    absent = set(plan.absent)
    return MediaPlan(plan, way, found, tuple(file for file in in_scope if file.key in absent))


def _withheld(way: Route, files: Iterable[File]) -> frozenset[str]:
    """Documents that only some people may read, where anybody could fetch them from the target by their address."""
    private = frozenset(file.key for file in files if file.restricted)
    return private if private and strangers_can_read(way.target, DOCUMENTS) else frozenset()
