"""Blocks that cannot be written before others have been read, kept as they came: compressed, in memory, under a cap.

They are never put on disk, because they hold what is about to be taken out.
"""

from collections.abc import Iterator

from bc_pipelines.pgarchive import Block, TableData, rows
from bc_pipelines.privacy.errors import INCOMPLETE, SanitiseError

CAP = 64 << 20


class HeldBlock:
    """A block's compressed bytes, to be read once later.

    Attributes:
        dump_id: the entry.
        table: whose rows they are.
        size: bytes held.
    """

    def __init__(self, block: Block, table: TableData, room: int) -> None:
        self.dump_id = block.dump_id
        self.table = table
        self.size = 0
        self._compressed = block.header.compressed
        self._chunks: list[bytes] = []
        for chunk in block.chunks():
            self.size += len(chunk)
            if self.size > room:
                raise SanitiseError(
                    f"{table.schema}.{table.name} has to wait for other tables, and more than {CAP} bytes would have "
                    f"to be held in memory. {INCOMPLETE} Purge the table whole in catalogue.toml, or raise the cap in "
                    "held.py."
                )
            self._chunks.append(chunk)

    def row_batches(self) -> Iterator[list[bytes]]:
        """The rows in lists, as ``Block.row_batches`` gives them; the bytes held are let go on the way."""
        chunks = self._drained()
        return rows.batches(rows.inflate(chunks) if self._compressed else chunks, rows.MAX_ROW)

    def _drained(self) -> Iterator[bytes]:
        self._chunks.reverse()
        while self._chunks:
            yield self._chunks.pop()
