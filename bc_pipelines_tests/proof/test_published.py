"""Which rows of a written archive everybody can read, and which lie behind a login or a password."""

import io
import json
from pathlib import Path

import pytest

from bc_pipelines.pgarchive.reader import ArchiveReader
from bc_pipelines.proof.published import readable
from bc_pipelines.proof.sources import Sources
from bc_pipelines_tests.proof.archives import Maker, Rows, proof_of
from bc_pipelines_tests.proof.test_scan import EMAIL, RAW

# A home page with a section, which has one page below it; and the page of another section.
PAGES = [
    {"id": "1", "path": "00010001", "live": "t"},
    {"id": "2", "path": "000100010001", "live": "t"},
    {"id": "3", "path": "0001000100010001", "live": "t"},
    {"id": "4", "path": "000100010002", "live": "t"},
]
# The root, a collection, and one inside it; and another one.
COLLECTIONS = [
    {"id": "1", "path": "0001"},
    {"id": "2", "path": "00010001"},
    {"id": "3", "path": "000100010001"},
    {"id": "4", "path": "00010002"},
]


@pytest.mark.parametrize(
    ("restricted", "page", "public"),
    [(None, "3", True), ("3", "3", False), ("2", "3", False), ("1", "3", False), ("3", "2", True), ("4", "3", True)],
    ids=["no restriction", "its own", "its parent's", "the home page's", "its child's", "another section's"],
)
def test_a_restricted_page_is_not_published(
    maker: Maker, tmp_path: Path, restricted: str | None, page: str, public: bool
) -> None:
    """What stands on a live page is public unless the page, or one above it, asks for a login or a password."""
    written: Rows = {
        "wagtailcore_page": PAGES,
        "wagtailcore_pageviewrestriction": [{"id": "1", "page_id": restricted}] if restricted else [],
        "blogs_blogpostpage": [{"page_ptr_id": page, "body": json.dumps([EMAIL])}],
    }
    assert proof_of(maker.archive(RAW), maker.archive(written), tmp_path).passed is public


@pytest.mark.parametrize(
    "files",
    [
        {"documents_customdocument": [{"id": "9", "collection_id": "3", "title": EMAIL}]},
        {"images_customimage": [{"id": "9", "collection_id": "3", "title": EMAIL}]},
        {
            "images_customimage": [{"id": "9", "collection_id": "3"}],
            "images_rendition": [{"id": "90", "image_id": "9", "file": f"images/{EMAIL}"}],
        },
    ],
    ids=["document", "image", "rendition"],
)
@pytest.mark.parametrize(
    ("restricted", "public"),
    [(None, True), ("3", False), ("2", False), ("4", True)],
    ids=["no restriction", "its collection's", "the one around it", "another collection's"],
)
def test_a_file_in_a_restricted_collection_is_not_published(
    maker: Maker, tmp_path: Path, files: Rows, restricted: str | None, public: bool
) -> None:
    """A file is public unless its collection, or one around it, is restricted; a rendition is as its image is."""
    restrictions = [{"id": "1", "collection_id": restricted}] if restricted else []
    written = {
        "wagtailcore_collection": COLLECTIONS,
        "wagtailcore_collectionviewrestriction": restrictions,
        **files,
    }
    assert proof_of(maker.archive(RAW), maker.archive(written), tmp_path).passed is public


def test_only_the_tables_that_say_so_are_decompressed(maker: Maker) -> None:
    """Rows of any other table, damaged here so that they cannot be decompressed, are passed over."""
    written = maker.archive({"wagtailcore_page": PAGES, "wagtailcore_revision": [{"id": "1", "content": "[1, 2, 3]"}]})
    content = stored(written, "wagtailcore_revision")
    damaged = written.replace(content, bytes(len(content)))
    assert damaged != written
    assert readable(io.BytesIO(damaged), Sources.load().published).pages == {b"1", b"2", b"3", b"4"}


def stored(archive: bytes, table: str) -> bytes:
    """A table's data as it is stored."""
    reader = ArchiveReader(io.BytesIO(archive))
    return next(b"".join(block.chunks()) for block in reader.blocks() if block.table and block.table.name == table)
