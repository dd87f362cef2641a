"""Archives of pg_dump's custom format (``pg_dump -Fc``): a streaming reader and writer, COPY text, facts of the schema.

Knows nothing of privacy, of Heroku, or of what the rows mean. Supported: archive versions 1.14, 1.15 and 1.16
(pg_dump 12 to 18), uncompressed or gzip, in UTF8. Neither reading nor writing needs the whole archive in memory or on
disk.

A copy that drops the rows of one table::

    reader = ArchiveReader(source)
    writer = ArchiveWriter(target, reader.header, reader.entries)
    for block in reader.blocks():
        if block.table.name == "django_session":
            writer.empty_block(block.dump_id)
        else:
            writer.copy_block(block)
    writer.finish()
"""

from bc_pipelines.pgarchive.errors import ArchiveError, CorruptArchive, TruncatedArchive, UnsupportedArchive
from bc_pipelines.pgarchive.reader import ArchiveReader, Block
from bc_pipelines.pgarchive.support import TableData, unsupported
from bc_pipelines.pgarchive.toc import Entry, Header
from bc_pipelines.pgarchive.writer import ArchiveWriter, BlockWriter

__all__ = [
    "ArchiveError",
    "ArchiveReader",
    "ArchiveWriter",
    "Block",
    "BlockWriter",
    "CorruptArchive",
    "Entry",
    "Header",
    "TableData",
    "TruncatedArchive",
    "UnsupportedArchive",
    "unsupported",
]
