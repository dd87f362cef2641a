"""Reading an archive once, front to back, from a stream that need not be seekable.

Bytes that nobody asks for are never decompressed. The order of blocks may differ from the table of contents;
everything else that contradicts it is refused.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from bc_pipelines.pgarchive import rows
from bc_pipelines.pgarchive.errors import ArchiveError, CorruptArchive, TruncatedArchive, UnsupportedArchive
from bc_pipelines.pgarchive.primitives import Source
from bc_pipelines.pgarchive.support import TableData, table_data, unsupported
from bc_pipelines.pgarchive.toc import Entry, Header, read_entries, read_header

BLOCK_OF_ROWS = 1
MAX_CHUNK = 2**31 - 1


class Block:
    """The data of one entry. It can be consumed once, in one of the ways below, before the next block is asked for.

    Attributes:
        dump_id: the entry.
        table: what table the rows belong to.
        header: the header of the block's archive.
    """

    def __init__(self, entry: Entry, table: TableData, header: Header, source: Source, max_row: int) -> None:
        self.dump_id = entry.dump_id
        self.table = table
        self.header = header
        self._name = entry.label
        self._runs = _runs(source)
        self._claimed = False
        self._max_row = max_row

    def framed(self) -> Iterator[tuple[memoryview, bytes]]:
        """Pairs of the stored bytes, chunk lengths and end included, and the chunks' content within them.

        Raises:
            ArchiveError: chunks that contradict the format, or an archive that ends early.
        """
        if self._claimed:
            raise RuntimeError(f"{self._name} has been read, or passed over, already")
        self._claimed = True
        for stored, contents in self._runs:
            yield stored, b"".join(contents)

    def chunks(self) -> Iterator[bytes]:
        """The stored content, still compressed, in pieces that need not be pg_dump's own."""
        for _, content in self.framed():
            if content:
                yield content

    def row_batches(self) -> Iterator[list[bytes]]:
        """The rows in lists: COPY lines without newlines, the end marker left out.

        Raises:
            ArchiveError: whatever is wrong with the block; the message names the entry.
        """
        try:
            yield from rows.batches(self._text(), self._max_row)
        except ArchiveError as error:
            raise self._named(error) from None

    def row_texts(self) -> Iterator[bytes | list[bytes]]:
        """The rows as one text, in parts: COPY lines with newlines, the end marker left out. Faster than lists.

        Around a very long row comes a list instead, as ``row_batches`` gives it.

        Raises:
            ArchiveError: whatever is wrong with the block; the message names the entry.
        """
        try:
            yield from rows.texts(self._text(), self._max_row)
        except ArchiveError as error:
            raise self._named(error) from None

    def rows(self) -> Iterator[bytes]:
        """The rows one by one; see ``row_batches``, which is faster."""
        for batch in self.row_batches():
            yield from batch

    def count_rows(self) -> int:
        """Decompress the block only to count its rows, which may be of any length.

        Raises:
            ArchiveError: whatever is wrong with the block; the message names the entry.
        """
        return self.count_in(self.chunks())

    def count_in(self, chunks: Iterator[bytes]) -> int:
        """Count the rows in this block's content while someone else passes it on.

        Args:
            chunks: the content as ``chunks`` gives it.
        """
        try:
            return rows.count(rows.inflate(chunks) if self.header.compressed else chunks)
        except ArchiveError as error:
            raise self._named(error) from None

    def pass_over(self) -> None:
        """Read past whatever has not been consumed."""
        self._claimed = True
        for _ in self._runs:
            pass

    def _text(self) -> Iterator[bytes]:
        return rows.inflate(self.chunks()) if self.header.compressed else self.chunks()

    def _named(self, error: ArchiveError) -> ArchiveError:
        return type(error)(f"{self._name}: {error}")


class ArchiveReader:
    """An archive whose header and table of contents are read at once, and whose blocks are read on demand.

    Args:
        stream: anything with ``read(n)``; the head and the table of contents are enough for construction.
        max_row: longest row that ``Block.rows`` accepts, in bytes.

    Attributes:
        header: the archive's header.
        entries: its table of contents, supported or not: see ``support.unsupported``.
        tables: what each data entry holds, in the order of the table of contents. An entry whose rows cannot be read
            (a dump made with ``--inserts``) is not among them; ``unsupported`` names it and ``blocks`` refuses.

    Raises:
        ArchiveError: no custom-format archive, or one of a version or compression that is not supported.
    """

    def __init__(self, stream: BinaryIO, *, max_row: int = rows.MAX_ROW) -> None:
        self._source = Source(stream)
        self.header: Header = read_header(self._source)
        self.entries: tuple[Entry, ...] = read_entries(self._source, self.header)
        self.tables: tuple[TableData, ...] = tuple(filter(None, map(table_data, self.entries)))
        self._max_row = max_row
        self._started = False

    @property
    def position(self) -> int:
        """How many bytes of the archive have been taken so far."""
        return self._source.position

    def blocks(self) -> Iterator[Block]:
        """Every data block, in the order of the stream; what is not consumed is skipped. Can be called once.

        Raises:
            UnsupportedArchive: at the first step, if the table of contents holds anything unsupported.
            CorruptArchive: a block that no entry announces, a second block of an entry, or anything after the last.
            TruncatedArchive: the archive ends inside a block, or before every announced block has come.
        """
        if self._started:
            raise RuntimeError("the blocks of an archive can be read only once")
        self._started = True
        if refusals := unsupported(self.entries):
            raise UnsupportedArchive("the archive holds what is not supported:\n" + "\n".join(refusals))
        tables = {table.dump_id: table for table in self.tables}
        awaited = {entry.dump_id: entry for entry in self.entries if entry.has_data}
        while not self._source.at_end():
            entry = self._next_entry(awaited)
            block = Block(entry, tables[entry.dump_id], self.header, self._source, self._max_row)
            yield block
            block.pass_over()
        if awaited:
            missing = ", ".join(entry.label for entry in list(awaited.values())[:10])
            raise TruncatedArchive(f"{len(awaited)} data blocks are missing, such as: {missing}")

    def _next_entry(self, awaited: dict[int, Entry]) -> Entry:
        """Take the head of a block, and its entry off those still awaited."""
        place = self._source.position
        kind = self._source.byte()
        if kind != BLOCK_OF_ROWS:
            raise CorruptArchive(f"no data block begins at byte {place}: its type is {kind}")
        dump_id = self._source.integer()
        if dump_id not in awaited:
            raise CorruptArchive(
                f"the block at byte {place}, dump id {dump_id}, is announced by no entry or came twice"
            )
        return awaited.pop(dump_id)


def _runs(source: Source) -> Iterator[tuple[memoryview, list[memoryview]]]:
    """Walk the chunks of one block, a buffer at a time.

    A chunk is its length and its bytes; length 0 ends the block. Chunks are as small as 4 kB, so they are not read one
    by one: each step yields all that is buffered, as it stands, and the views of the chunks' content within it.
    """
    prefix = struct.Struct("<BI" if source.int_size == 4 else "<BQ")
    remaining, ended = 0, False
    while not ended:
        view = source.peek(prefix.size)
        size, position = len(view), 0
        contents = []
        while True:
            if remaining:
                piece = view[position : position + remaining]
                contents.append(piece)
                position += len(piece)
                remaining -= len(piece)
            if size - position < prefix.size:
                break
            negative, remaining = prefix.unpack_from(view, position)
            position += prefix.size
            if negative or remaining > MAX_CHUNK:
                raise CorruptArchive(f"a chunk of an impossible length stands at byte {source.position + position}")
            if not remaining:
                ended = True
                break
        source.skip(position)
        yield view[:position], contents
