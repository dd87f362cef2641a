"""One pass over an archive: what the catalogue says, done to every table, while the archive streams by.

It needs no database and writes nothing but the target. Which fields change, and how, is decided elsewhere; here are the
order of things, the counts, and the promise that nothing is written unless everything is covered.
"""

import time
from collections.abc import Callable
from typing import BinaryIO, cast

from bc_pipelines.pgarchive import ArchiveReader, ArchiveWriter, Block, BlockWriter, Header
from bc_pipelines.privacy.accounts import AccountCounter
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.contents import neutral_entries, neutral_header
from bc_pipelines.privacy.coverage import coverage
from bc_pipelines.privacy.errors import CatalogueRefusal, SanitiseError
from bc_pipelines.privacy.held import CAP, HeldBlock
from bc_pipelines.privacy.manifest import Manifest, SourceArchive
from bc_pipelines.privacy.plan import Planner, TablePlan
from bc_pipelines.privacy.policy import Policy
from bc_pipelines.privacy.row_work import RowWork
from bc_pipelines.privacy.tally import Tally

Progress = Callable[[int], None]


def sanitise(
    source: BinaryIO,
    target: BinaryIO,
    catalogue: Catalogue,
    policy: Policy,
    on_progress: Progress | None = None,
) -> Manifest:
    """Write a copy of an archive without what the catalogue takes out.

    Args:
        source: an archive of pg_dump's custom format; need not be seekable.
        target: where the copy goes; should be seekable, so that ``pg_restore -j`` can find its blocks. After any
            exception but ``CatalogueRefusal`` it holds an incomplete archive, which the caller deletes.
        catalogue: what is decided about each table and column.
        policy: which copy, and what the settings decide.
        on_progress: called with the number of bytes read so far.

    Returns:
        What was done, in numbers.

    Raises:
        CatalogueRefusal: something in the archive is not covered. Nothing was written; no data was read.
        SanitiseError: a row could not be made safe, or the counts do not add up.
        ArchiveError: the archive is damaged or of an unsupported kind.
    """
    started = time.monotonic()
    reader = ArchiveReader(cast(BinaryIO, _Watched(source, on_progress)))
    covered = coverage(
        reader.entries,
        reader.tables,
        catalogue,
        policy.profile,
        unknown_tables=policy.unknown_tables,
        unknown_columns=policy.unknown_columns,
    )
    if not covered.ok:
        raise CatalogueRefusal(covered.message())
    accounts = AccountCounter(policy)
    plans = Planner(covered.catalogue, policy, accounts).plans(covered.tables)
    writer = ArchiveWriter(target, neutral_header(reader.header), neutral_entries(reader.entries))
    tally = _Pass(writer, plans).run(reader)
    writer.finish()
    return Manifest(
        profile=policy.profile,
        catalogue_sha256=catalogue.sha256,
        archive=_source_archive(reader.header),
        tables=tally.tables(),
        accounts=accounts.accounts(),
        unknown=covered.unknown,
        bytes_read=reader.position,
        bytes_written=writer.position,
        seconds=round(time.monotonic() - started, 3),
    )


class _Pass:
    """The way of every block from the reader to the writer."""

    def __init__(self, writer: ArchiveWriter, plans: dict[int, TablePlan]) -> None:
        self._writer = writer
        self._plans = plans
        self._awaited = set(plans)
        self._held: list[HeldBlock] = []
        self._tally = Tally()

    def run(self, reader: ArchiveReader) -> Tally:
        """Pass every block on, those last that had to wait for others."""
        for block in reader.blocks():
            plan = self._plans[block.dump_id]
            if plan.waits_for & self._awaited:
                room = CAP - sum(held.size for held in self._held)
                self._held.append(HeldBlock(block, plan.table.data, room))
            else:
                self._pass_on(block, plan)
                self._awaited.discard(block.dump_id)
        for held in self._held:
            self._write_rows(held, self._plans[held.dump_id])
        return self._tally

    def _pass_on(self, block: Block, plan: TablePlan) -> None:
        if plan.purges:
            rows = block.count_rows()
            self._writer.empty_block(block.dump_id)
            self._tally.add(plan, read=rows, written=0, purged=rows)
        elif plan.rows is None:
            rows = self._writer.copy_block(block, count_rows=True)
            self._tally.add(plan, read=rows, written=rows, purged=0)
        else:
            self._write_rows(block, plan)

    def _write_rows(self, block: Block | HeldBlock, plan: TablePlan) -> None:
        if plan.rows is None:
            raise SanitiseError(f"{plan.table.name}: a block was held back that has no rows to look at")
        work = RowWork(plan.rows)
        with self._writer.block(block.dump_id) as target:
            if isinstance(block, Block) and work.is_sparse:
                _write_texts(block, work, target)
            else:
                for lines in block.row_batches():
                    target.write_rows(work.rewrite(lines))
            target.write_rows(work.last_rows())
        self._tally.add(
            plan,
            read=work.rows_read,
            written=target.rows_written,
            purged=work.rows_purged,
            rewritten=work.rows_rewritten,
        )


def _write_texts(block: Block, work: RowWork, target: BlockWriter) -> None:
    """Pass on rows of which few change, without splitting the others."""
    for text in block.row_texts():
        for part in work.rewrite_text(text) if isinstance(text, bytes) else [work.rewrite(text)]:
            if isinstance(part, bytes):
                target.write_text(part)
            else:
                target.write_rows(part)


class _Watched:
    """A source that tells how much of it was read."""

    def __init__(self, source: BinaryIO, on_progress: Progress | None) -> None:
        self._source = source
        self._on_progress = on_progress
        self._read = 0

    def read(self, size: int = -1) -> bytes:
        """Read as the source does, and report."""
        data = self._source.read(size)
        self._read += len(data)
        if self._on_progress:
            self._on_progress(self._read)
        return data


def _source_archive(header: Header) -> SourceArchive:
    created = header.created_at
    return SourceArchive(
        version=header.version_text,
        server_version=header.server_version,
        dump_version=header.dump_version,
        created_at=created.isoformat() if created else None,
    )
