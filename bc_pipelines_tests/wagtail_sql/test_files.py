"""Which files a database, or an archive's rows, speak of."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from bc_pipelines.wagtail_sql.files import TABLES, File, Kind, UnknownFiles, empty_renditions, files_in, read_files
from bc_pipelines_tests.database.few_tables import add, create_tables

Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def library(connection: Connection) -> Connection:
    """A picture with a rendition, a public document, and one two collections below a restricted one."""
    create_tables(
        connection,
        "wagtailcore_collection",
        "wagtailcore_collectionviewrestriction",
        "images_customimage",
        "images_rendition",
        "documents_customdocument",
    )
    for number, path in enumerate(("0001", "00010001", "000100010001", "00010002"), 1):
        add(connection, "wagtailcore_collection", id=number, path=path)
    add(connection, "wagtailcore_collectionviewrestriction", collection_id=2, restriction_type="groups")
    add(connection, "images_customimage", id=7, file="original_images/a.jpg", file_size=5, collection_id=3)
    add(connection, "images_customimage", id=8, file="", collection_id=1)
    add(connection, "images_rendition", id=9, file="images/a.width-400.jpg", image_id=7)
    add(connection, "documents_customdocument", id=1, file="documents/open.pdf", file_size=None, collection_id=4)
    add(connection, "documents_customdocument", id=2, file="documents/closed.pdf", file_size=11, collection_id=3)
    return connection


EXPECTED = (
    File(Kind.IMAGE, 7, "original_images/a.jpg", 5, restricted=False),
    File(Kind.RENDITION, 9, "images/a.width-400.jpg", None, restricted=False),
    File(Kind.DOCUMENT, 1, "documents/open.pdf", None, restricted=False),
    File(Kind.DOCUMENT, 2, "documents/closed.pdf", 11, restricted=True),
)


def test_files_of_a_database(library: Connection) -> None:
    """Images, renditions and documents with their sizes; a restriction reaches collections below, and no images."""
    assert read_files(library) == EXPECTED


def test_an_archives_rows_tell_the_same(library: Connection) -> None:
    """The rows as bytes, as an archive has them, give the same files."""
    rows: dict[str, list[list[bytes | None]]] = {}
    for table, columns in TABLES.items():
        if library.execute("select to_regclass(%s)", [table]).fetchone() != (None,):
            query = f"select {', '.join(f'{column}::text' for column in columns)} from {table}"  # noqa: S608 - names
            rows[table] = [[value and value.encode() for value in row] for row in library.execute(query.encode())]
    assert files_in(rows) == EXPECTED


def test_a_database_without_wagtail(connection: Connection) -> None:
    """Where none of the tables exists, there are no files."""
    assert read_files(connection) == ()
    assert empty_renditions(connection) == 0


def test_renditions_are_forgotten(library: Connection) -> None:
    """Only they, and as many as there were are told."""
    assert empty_renditions(library) == 1
    assert read_files(library) == tuple(file for file in EXPECTED if file.kind is not Kind.RENDITION)


def test_a_table_of_files_that_nobody_knows(library: Connection) -> None:
    """It is refused by name: what it names would count as left over, and be deleted."""
    library.execute("alter table images_rendition rename to pictures_rendition")
    with pytest.raises(UnknownFiles, match="pictures_rendition"):
        read_files(library)
