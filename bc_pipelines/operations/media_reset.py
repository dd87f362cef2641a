"""A reset's media: copied in before the wipe, while the site is up; what is too much is deleted after it has opened.

Belongs here: by which database the files are chosen, and what the record keeps of it. Does not belong here: how a plan
between two buckets is made and carried out (see `media_sync`), and judging the result (see `checks.media`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

from bc_pipelines.checks.verdict import Row, Verdict, listed
from bc_pipelines.media import guard
from bc_pipelines.media.move import Moved
from bc_pipelines.operations import media_sync
from bc_pipelines.operations.media_sync import MediaPlan, OnProgress, plan_files
from bc_pipelines.operations.record import ResetRecord
from bc_pipelines.operations.target import target_database
from bc_pipelines.operations.tools import Tools
from bc_pipelines.pgarchive import ArchiveReader, copytext
from bc_pipelines.wagtail_sql import files as files_sql
from bc_pipelines.wagtail_sql.files import File

ROWS_SHOWN = 200


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
    return _plan(tools, record, wanted)


def plan_from_database(tools: Tools, record: ResetRecord) -> MediaPlan:
    """Plan what is still missing and what is too much, by the database that the target has now. Changes nothing.

    Raises:
        As `plan_from_archive`.
    """

    def ask() -> tuple[File, ...]:
        with target_database(tools, record.environment, record) as connection:
            return files_sql.read_files(connection)

    return _plan(tools, record, ask(), ask)


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
    """Carry a plan out as `media_sync.carry_out` does, and keep in the record what was done."""
    guard.insist(planned.objections)
    # Before the first change: whoever finds this reset broken off must not read that nothing was touched.
    tools.records.note(record, media_begun=True)
    moved = media_sync.carry_out(tools, planned, on_progress, deletes=deletes)
    done = {
        "copied": len(moved.copied),
        "deleted": len(moved.deleted),
        "bytes": moved.bytes_copied,
        "source_count": planned.plan.source_count,
        "scope": tools.settings.media.scope,
    }
    facts: dict[str, Any] = {"media_settled" if deletes else "media_in": done}
    tools.records.note(record, **facts)
    return moved


def files_in_archive(stream: BinaryIO) -> tuple[File, ...]:
    """The files that an archive's rows name."""
    rows: dict[str, list[list[bytes | None]]] = {}
    reader = ArchiveReader(stream)
    files_sql.refuse_unknown({table.name: table.columns for table in reader.tables})
    for block in reader.blocks():
        columns = files_sql.TABLES.get(block.table.name)
        if columns is None:
            continue
        places = [block.table.columns.index(name) for name in columns]
        lines = (copytext.split(line) for line in block.rows())
        rows[block.table.name] = [[values[place] for place in places] for values in lines]
    return files_sql.files_in(rows)


def _plan(
    tools: Tools, record: ResetRecord, files: tuple[File, ...], ask_again: Callable[[], tuple[File, ...]] | None = None
) -> MediaPlan:
    scope, last = tools.settings.media.scope, tools.records.last_done(record.environment)
    then = last.facts.get("media_settled", {}) if last else {}
    return plan_files(
        tools,
        tools.settings.production.name,
        record.environment,
        scope,
        files,
        deletes=ask_again is not None,
        source_count_before=then.get("source_count") if then.get("scope") == scope else None,
        ask_again=ask_again,
    )
