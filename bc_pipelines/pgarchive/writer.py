"""Writing an archive: header and table of contents first, then the blocks, then the blocks' places.

What goes into the blocks is the caller's decision. Source of the layout: PostgreSQL's ``pg_backup_custom.c``.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Literal, overload

from isal import isal_zlib

from bc_pipelines.pgarchive.copytext import END
from bc_pipelines.pgarchive.primitives import encode_integer
from bc_pipelines.pgarchive.reader import BLOCK_OF_ROWS, Block
from bc_pipelines.pgarchive.rows import EMPTY_TABLE
from bc_pipelines.pgarchive.toc import Entry, Header, write_entries, write_header

DEFAULT_LEVEL = 1
_CHUNK = 128 << 10
_ROWS_HELD = 256 << 10


class BlockWriter:
    """Rows on their way into one block; made by ``ArchiveWriter.block``.

    Attributes:
        rows_written: how many there were so far.
    """

    def __init__(self, archive: "ArchiveWriter") -> None:
        self.rows_written = 0
        self._archive = archive
        self._compressor = isal_zlib.compressobj(archive.level) if archive.header.compressed else None
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._pending: list[bytes] = []
        self._pending_bytes = 0

    def write_row(self, line: bytes) -> None:
        """Add one row.

        Args:
            line: a COPY line without its newline.

        Raises:
            ValueError: the line holds a newline, or is the end marker.
        """
        self.rows_written += 1
        self._held.append(line)
        self._held_bytes += len(line) + 1
        if self._held_bytes >= _ROWS_HELD:
            self._pass_on_held()

    def write_rows(self, lines: list[bytes]) -> None:
        """Add many rows at once, which is faster.

        Args:
            lines: COPY lines without newlines.

        Raises:
            ValueError: a line holds a newline, or is the end marker.
        """
        self._pass_on_held()
        self.rows_written += len(lines)
        self._pass_on(lines)

    def write_text(self, text: bytes) -> None:
        """Add whole rows as they stand, which is faster still.

        Args:
            text: COPY lines, each with its newline.

        Raises:
            ValueError: a line has no newline, or is the end marker.
        """
        self._pass_on_held()
        if text and (not text.endswith(b"\n") or text.startswith(END + b"\n") or b"\n" + END + b"\n" in text):
            raise ValueError("a row has no newline or is the end marker")
        self.rows_written += text.count(b"\n")
        self._compress(text)

    def close(self) -> None:
        """Write what is left, and the end of the block."""
        self._pass_on_held()
        self._compress(EMPTY_TABLE)
        if self._compressor:
            self._pending.append(self._compressor.flush())
        self._write_pending()
        self._archive.write(encode_integer(0, self._archive.header.int_size))

    def _pass_on_held(self) -> None:
        held, self._held, self._held_bytes = self._held, [], 0
        self._pass_on(held)

    def _pass_on(self, lines: list[bytes]) -> None:
        if not lines:
            return
        text = b"\n".join([*lines, b""])
        if text.count(b"\n") != len(lines) or (END + b"\n" in text and END in lines):
            raise ValueError("a row holds a newline or is the end marker: escape its values with copytext")
        self._compress(text)

    def _compress(self, text: bytes) -> None:
        data = self._compressor.compress(text) if self._compressor else text
        self._pending.append(data)
        self._pending_bytes += len(data)
        if self._pending_bytes >= _CHUNK:
            self._write_pending()

    def _write_pending(self) -> None:
        """Write what has gathered as one chunk."""
        content = b"".join(self._pending)
        self._pending, self._pending_bytes = [], 0
        if content:
            self._archive.write(encode_integer(len(content), self._archive.header.int_size) + content)


class ArchiveWriter:
    """An archive being written; header and table of contents are written at construction.

    Args:
        target: where to; the archive begins at its present position. If it cannot seek, blocks get no recorded places,
            as in a dump made through a pipe.
        header: header of the new archive, normally that of the one read.
        entries: table of contents of the new archive.
        level: isa-l's level of rewritten blocks, 0 to 3. 1 packs as tightly as zlib's own 1, four times as fast.
    """

    def __init__(
        self, target: BinaryIO, header: Header, entries: Sequence[Entry], *, level: int = DEFAULT_LEVEL
    ) -> None:
        self.header = header
        self.level = level
        self._target = target
        self._entries = tuple(entries)
        self._awaited = {entry.dump_id for entry in entries if entry.has_data}
        self._offsets: dict[int, int] = {}
        self._busy = False
        self._written = 0
        self.write(write_header(header))
        self._toc_at = self._written
        self.write(write_entries(header, self._entries, {}))

    @property
    def position(self) -> int:
        """How many bytes have been written so far."""
        return self._written

    def write(self, data: bytes | memoryview) -> None:
        """Append raw bytes; for this module's own use."""
        self._target.write(data)
        self._written += len(data)

    @overload
    def copy_block(self, block: Block) -> None: ...
    @overload
    def copy_block(self, block: Block, *, count_rows: Literal[True]) -> int: ...
    def copy_block(self, block: Block, *, count_rows: bool = False) -> int | None:
        """Copy a block exactly as it is stored.

        Args:
            block: a block of a reader that has not been consumed.
            count_rows: whether to decompress it aside, to count its rows and to see that it is sound.

        Returns:
            The number of rows, if they were to be counted.

        Raises:
            ArchiveError: the block is damaged.
            ValueError: the block's archive is compressed otherwise, or the dump id awaits no block.
        """
        theirs, ours = block.header, self.header
        if (theirs.int_size, theirs.compressed) != (ours.int_size, ours.compressed):
            raise ValueError("blocks cannot be copied between archives of different compression or integer size")
        with self._new_block(block.dump_id):
            passed = self._pass_through(block)
            if count_rows:
                return block.count_in(passed)
            for _ in passed:
                pass
        return None

    def empty_block(self, dump_id: int) -> None:
        """Write a block without rows, which pg_restore loads as an empty table.

        Raises:
            ValueError: the dump id awaits no block.
        """
        with self.block(dump_id):
            pass

    @contextmanager
    def block(self, dump_id: int) -> Iterator[BlockWriter]:
        """Write a block row by row.

        Args:
            dump_id: an entry that has data.

        Raises:
            ValueError: the dump id awaits no block, or another block is still open.
        """
        with self._new_block(dump_id):
            writer = BlockWriter(self)
            yield writer
            writer.close()

    def finish(self) -> None:
        """Record the blocks' places in the table of contents and flush.

        Raises:
            ValueError: a block is unfinished, or missing for an entry that has data.
        """
        if self._busy:
            raise ValueError("the archive cannot be finished: its last block is not complete")
        if self._awaited:
            raise ValueError(f"the archive cannot be finished: no block for dump ids {sorted(self._awaited)[:10]}")
        if self._target.seekable():
            end = self._target.tell()
            self._target.seek(end - self._written + self._toc_at)
            self._target.write(write_entries(self.header, self._entries, self._offsets))
            self._target.seek(end)
        self._target.flush()

    @contextmanager
    def _new_block(self, dump_id: int) -> Iterator[None]:
        """Open a block; it stays open, and the archive unfinished, if anything is raised inside."""
        if self._busy:
            raise ValueError("the block before is not complete")
        if dump_id not in self._awaited:
            raise ValueError(f"dump id {dump_id} awaits no block")
        self._busy = True
        self._awaited.remove(dump_id)
        self._offsets[dump_id] = self._written
        self.write(bytes((BLOCK_OF_ROWS,)) + encode_integer(dump_id, self.header.int_size))
        yield
        self._busy = False

    def _pass_through(self, block: Block) -> Iterator[bytes]:
        """Write a block's stored bytes while yielding their content."""
        for stored, content in block.framed():
            self.write(stored)
            if content:
                yield content
