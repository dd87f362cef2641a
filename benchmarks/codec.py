"""How fast the archive codec is alone: blocks copied as they stand, copied and counted, taken apart and rewritten."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from bc_pipelines.pgarchive import ArchiveReader, ArchiveWriter, Block, copytext


@dataclass(frozen=True)
class Codec:
    """What passing all rows of an archive through the codec took.

    Attributes:
        rows: how many rows there are.
        text_bytes: their size, decompressed.
        verbatim: processor seconds of copying the stored bytes.
        counted: of copying them and counting the rows.
        rewritten: of splitting every row into fields, and of compressing them anew.
    """

    rows: int
    text_bytes: int
    verbatim: float
    counted: float
    rewritten: float


def codec(archive: Path) -> Codec:
    """Pass an archive through the codec in each of its three ways."""
    rows = text_bytes = 0

    def verbatim(writer: ArchiveWriter, block: Block) -> None:
        writer.copy_block(block)

    def counted(writer: ArchiveWriter, block: Block) -> None:
        nonlocal rows
        rows += writer.copy_block(block, count_rows=True)

    def rewritten(writer: ArchiveWriter, block: Block) -> None:
        nonlocal text_bytes
        with writer.block(block.dump_id) as target:
            for lines in block.row_batches():
                text_bytes += sum(map(len, lines)) + len(lines)
                target.write_rows([copytext.raw_line(copytext.raw_fields(line)) for line in lines])

    seconds = [_seconds(archive, treat) for treat in (verbatim, counted, rewritten)]
    return Codec(rows, text_bytes, *seconds)


def _seconds(archive: Path, treat: Callable[[ArchiveWriter, Block], None]) -> float:
    """Processor seconds of this process for a copy of an archive, each block treated as told."""
    started = time.process_time()
    with archive.open("rb") as source, tempfile.TemporaryFile() as target:
        reader = ArchiveReader(source)
        writer = ArchiveWriter(cast(BinaryIO, target), reader.header, reader.entries)
        for block in reader.blocks():
            treat(writer, block)
        writer.finish()
    return time.process_time() - started
