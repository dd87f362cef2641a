"""Which rows of the written archive everybody can read anyway.

Belongs here: the list's words about published rows, applied to rows. Does not belong here: searching.
"""

from typing import BinaryIO

from bc_pipelines.pgarchive.reader import ArchiveReader
from bc_pipelines.pgarchive.support import TableData
from bc_pipelines.proof.sources import Published

# PostgreSQL's own limit; a row that the sanitiser only passes on may be longer than one that it rewrites.
LONGEST_ROW = 1 << 30
_PAGES = "wagtailcore_page"
_PAGE = "page_ptr_id"
_TRUE = b"t"


def live_pages(archive: BinaryIO) -> frozenset[bytes]:
    """The ids of the pages that are live, as they stand in the archive.

    Args:
        archive: the written archive, at its beginning.

    Raises:
        ArchiveError: the archive cannot be read.
    """
    live: set[bytes] = set()
    for block in ArchiveReader(archive, max_row=LONGEST_ROW).blocks():
        table = block.table
        if table is None or table.name != _PAGES or not {"id", "live"} <= set(table.columns):
            continue
        identity, is_live = table.columns.index("id"), table.columns.index("live")
        for row in block.rows():
            fields = row.split(b"\t")
            if fields[is_live] == _TRUE:
                live.add(fields[identity])
    return frozenset(live)


class PublishedRows:
    """Tells published rows of one table from others.

    Args:
        published: the list.
        live: ids of live pages.
        table: the table.
    """

    def __init__(self, published: Published, live: frozenset[bytes], table: TableData) -> None:
        self._live = live
        self._hidden = published.hidden_columns.get(table.name, frozenset())
        self._always = table.name in published.tables
        self._page = _index(table, _page_column(published, table))
        self._switch = _index(table, published.where.get(table.name))

    def is_published(self, fields: list[bytes], column: str) -> bool:
        """Whether everybody can read a column of a row."""
        if column in self._hidden:
            return False
        if self._page is not None:
            return fields[self._page] in self._live
        if self._switch is not None:
            return fields[self._switch] == _TRUE
        return self._always


def _page_column(published: Published, table: TableData) -> str | None:
    if table.name == _PAGES:
        return "id"
    return _PAGE if _PAGE in table.columns else published.of_page.get(table.name)


def _index(table: TableData, column: str | None) -> int | None:
    return table.columns.index(column) if column in table.columns else None
