"""Which rows of the written archive everybody can read anyway.

Belongs here: the list's words about published rows, applied to rows. Does not belong here: searching.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from bc_pipelines.pgarchive import copytext
from bc_pipelines.pgarchive.reader import ArchiveReader, Block
from bc_pipelines.pgarchive.support import TableData
from bc_pipelines.proof.rows import LONGEST_ROW
from bc_pipelines.proof.sources import Published

_PAGES = "wagtailcore_page"
_PAGE = "page_ptr_id"
_COLLECTIONS = "wagtailcore_collection"
_COLLECTION = "collection_id"
_IMAGE = "image_id"
# What lies behind a login or a password (Wagtail's manual, "Private pages" and "Private collections").
_PAGE_RESTRICTIONS = "wagtailcore_pageviewrestriction"
_COLLECTION_RESTRICTIONS = "wagtailcore_collectionviewrestriction"
_TRUE = b"t"
# Wagtail keeps trees by path: each level adds four characters to its parent's (django-treebeard, MP_Node.steplen).
_STEP = 4


@dataclass(frozen=True)
class Readable:
    """What everybody can open, and what not, by id as it stands in the archive.

    Attributes:
        pages: live pages, but those that a view restriction covers, their own or an ancestor's.
        closed_collections: collections whose files a view restriction covers, their own or an ancestor's.
        closed_images: tables of images, with the images in such collections.
    """

    pages: frozenset[bytes]
    closed_collections: frozenset[bytes]
    closed_images: Mapping[str, frozenset[bytes]]


def readable(archive: BinaryIO, published: Published) -> Readable:
    """Read from an archive what everybody can open. Only the few tables that say so are decompressed.

    Args:
        archive: the written archive, at its beginning.
        published: the list.

    Raises:
        ArchiveError: the archive cannot be read.
    """
    columns = {
        _PAGES: ("id", "path", "live"),
        _COLLECTIONS: ("id", "path"),
        _PAGE_RESTRICTIONS: ("page_id",),
        _COLLECTION_RESTRICTIONS: (_COLLECTION,),
        **dict.fromkeys(published.of_image.values(), ("id", _COLLECTION)),
    }
    rows: dict[str, list[tuple[bytes, ...]]] = {table: [] for table in columns}
    for block in ArchiveReader(archive, max_row=LONGEST_ROW).blocks():
        if block.table and block.table.name in columns:
            rows[block.table.name].extend(_values(block, block.table, columns[block.table.name]))
    live = {identity for identity, _, is_live in rows[_PAGES] if is_live == _TRUE}
    closed = _covered(rows[_COLLECTIONS], rows[_COLLECTION_RESTRICTIONS])
    return Readable(
        pages=frozenset(live - _covered(rows[_PAGES], rows[_PAGE_RESTRICTIONS])),
        closed_collections=frozenset(closed),
        closed_images={
            images: frozenset(identity for identity, collection in rows[images] if collection in closed)
            for images in published.of_image.values()
        },
    )


class PublishedRows:
    """Tells published rows of one table from others.

    Args:
        published: the list.
        everybody: what everybody can open.
        table: the table.
    """

    def __init__(self, published: Published, everybody: Readable, table: TableData) -> None:
        self._everybody = everybody
        self._hidden = published.hidden_columns.get(table.name, frozenset())
        self._always = table.name in published.tables
        self._page = _index(table, _page_column(published, table))
        images = published.of_image.get(table.name)
        self._closed = everybody.closed_images[images] if images else everybody.closed_collections
        self._file = _index(table, _IMAGE if images else _COLLECTION)
        self._switch = _index(table, published.where.get(table.name))

    def is_published(self, fields: list[bytes], column: str) -> bool:
        """Whether everybody can read a column of a row."""
        if column in self._hidden:
            return False
        if self._page is not None:
            return fields[self._page] in self._everybody.pages
        if self._switch is not None:
            return fields[self._switch] == _TRUE
        return self._always and not (self._file is not None and fields[self._file] in self._closed)


def _values(block: Block, table: TableData, columns: Sequence[str]) -> Iterator[tuple[bytes, ...]]:
    """Some columns of every row, as they stand; nothing where the table lacks one of them."""
    if set(columns) <= set(table.columns):
        places = [table.columns.index(column) for column in columns]
        for row in block.rows():
            fields = copytext.raw_fields(row)
            yield tuple(fields[place] for place in places)


def _covered(nodes: Sequence[tuple[bytes, ...]], restrictions: Sequence[tuple[bytes, ...]]) -> set[bytes]:
    """The ids of the nodes of a tree that are restricted, and of everything below them.

    Args:
        nodes: id and path of each, and whatever else.
        restrictions: the id of what each restricts.
    """
    roots = {identity for (identity,) in restrictions}
    tops = {path for identity, path, *_ in nodes if identity in roots}
    below = {
        identity
        for identity, path, *_ in nodes
        if any(path[:length] in tops for length in range(_STEP, len(path), _STEP))
    }
    return roots | below


def _page_column(published: Published, table: TableData) -> str | None:
    if table.name == _PAGES:
        return "id"
    return _PAGE if _PAGE in table.columns else published.of_page.get(table.name)


def _index(table: TableData, column: str | None) -> int | None:
    return table.columns.index(column) if column in table.columns else None
