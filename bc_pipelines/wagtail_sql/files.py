"""Which files of the media bucket a database speaks of: images, their renditions and documents.

Read from a database, or from the rows of an archive. Belongs here: in which tables and columns a file's name stands,
and which documents only some people may read. Does not belong here: buckets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from psycopg import sql

from bc_pipelines.wagtail_sql.tables import Connection, has_table

CopyValue = str | bytes | None
_COLLECTIONS = "wagtailcore_collection"
_RESTRICTIONS = "wagtailcore_collectionviewrestriction"


class Kind(StrEnum):
    """What a file is to Wagtail."""

    IMAGE = "image"
    RENDITION = "rendition"
    DOCUMENT = "document"


# The council's own models and Wagtail's, which a site has where it never chose its own.
_KINDS = {
    "images_customimage": Kind.IMAGE,
    "wagtailimages_image": Kind.IMAGE,
    "images_rendition": Kind.RENDITION,
    "wagtailimages_rendition": Kind.RENDITION,
    "documents_customdocument": Kind.DOCUMENT,
    "wagtaildocs_document": Kind.DOCUMENT,
}
RENDITION_TABLES = tuple(table for table, kind in _KINDS.items() if kind is Kind.RENDITION)
TABLES: Mapping[str, tuple[str, ...]] = {
    **{
        table: ("id", "file") if kind is Kind.RENDITION else ("id", "file", "file_size", "collection_id")
        for table, kind in _KINDS.items()
    },
    _COLLECTIONS: ("id", "path"),
    _RESTRICTIONS: ("collection_id",),
}
"""The tables that have to be read, each with its columns in the order of the rows that `files_in` takes."""


# As Wagtail's models have them: images and documents carry a hash of their file, renditions a filter.
_MARKS = ("file_hash", "filter_spec")
_LIKE_FILES = """
SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
 WHERE relkind IN ('r', 'p') AND pg_table_is_visible(pg_class.oid) AND attnum > 0 AND NOT attisdropped
 GROUP BY relname HAVING bool_or(attname = 'file') AND bool_or(attname = ANY(%s))
"""


class UnknownFiles(Exception):
    """A table names files that this module does not know; what it names would count as left over."""

    def __init__(self, tables: Iterable[str]) -> None:
        super().__init__(
            f"These tables name files and are not known: {', '.join(sorted(tables))}. No file was touched. Add them to "
            "bc_pipelines/wagtail_sql/files.py."
        )


def refuse_unknown(tables: Mapping[str, Collection[str]]) -> None:
    """Refuse tables that look as if they named files and are not known.

    Args:
        tables: their columns, by name.

    Raises:
        UnknownFiles: there is one.
    """
    unknown = [
        table
        for table, columns in tables.items()
        if table not in _KINDS and "file" in columns and any(mark in columns for mark in _MARKS)
    ]
    if unknown:
        raise UnknownFiles(unknown)


@dataclass(frozen=True, slots=True)
class File:
    """A file that a row names.

    Attributes:
        kind: what it is to Wagtail.
        id: of the row.
        key: the name in the bucket.
        size: in bytes, where the row tells.
        restricted: whether it is a document of a collection that only some people may read.
    """

    kind: Kind
    id: int
    key: str
    size: int | None
    restricted: bool


def read_files(connection: Connection) -> tuple[File, ...]:
    """Read every file that a database names.

    Args:
        connection: an open connection.

    Returns:
        The files, in the order of kinds and ids; those without a name are left out.

    Raises:
        UnknownFiles: a table names files and is not one of those known here.
    """
    rows: dict[str, Iterable[Sequence[str | None]]] = {}
    with connection.transaction():
        found = [table for (table,) in connection.execute(_LIKE_FILES, [list(_MARKS)])]
        refuse_unknown(dict.fromkeys(found, ("file", *_MARKS)))
        for table, columns in TABLES.items():
            if has_table(connection, table):
                fields = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in columns)
                query = sql.SQL("SELECT {} FROM {}").format(fields, sql.Identifier(table))
                rows[table] = connection.execute(query).fetchall()
    return files_in(rows)


def files_in(rows: Mapping[str, Iterable[Sequence[CopyValue]]]) -> tuple[File, ...]:
    """Make the files of rows of a database or an archive.

    Args:
        rows: of each of `TABLES` that there is, with its columns in that order; text or UTF-8 bytes.

    Returns:
        As `read_files`.
    """
    texts = {table: [tuple(_text(value) for value in row) for row in found] for table, found in rows.items()}
    paths = {number: path or "" for number, path in texts.get(_COLLECTIONS, ())}
    # Treebeard's paths: whatever lies below a collection begins with its path.
    closed = tuple(path for (number,) in texts.get(_RESTRICTIONS, ()) if (path := paths.get(number)))
    restricted = {number for number, path in paths.items() if closed and path.startswith(closed)}
    files = [file for table, kind in _KINDS.items() for file in _files_of(kind, texts.get(table, ()), restricted)]
    return tuple(sorted(files, key=lambda file: (list(Kind).index(file.kind), file.id)))


def empty_renditions(connection: Connection) -> int:
    """Forget every rendition, so that the site makes those it needs anew from the originals.

    Args:
        connection: an open connection to a database that may be written to.

    Returns:
        How many there were.
    """
    count = 0
    with connection.transaction():
        for table in RENDITION_TABLES:
            if has_table(connection, table):
                count += connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table))).rowcount
    return count


def _files_of(kind: Kind, rows: Iterable[tuple[str | None, ...]], restricted: set[str | None]) -> Iterator[File]:
    for number, key, *rest in rows:
        size, collection = rest or (None, None)
        if number and key:
            private = kind is Kind.DOCUMENT and collection in restricted
            yield File(kind, int(number), key, int(size) if size else None, private)


def _text(value: CopyValue) -> str | None:
    return value.decode() if isinstance(value, bytes) else value
