"""The bucket against the database: each way of being wrong is told by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from bc_pipelines.checks.media import (
    Named,
    Undecided,
    every_file_present,
    headers_kept,
    named_files,
    nothing_extra,
    objects_in,
    open_to_strangers,
    private_files_left_out,
)
from bc_pipelines.media.bucket import client
from bc_pipelines_tests.database.few_tables import add, create_tables
from bc_pipelines_tests.media.conftest import ELSEWHERE, Pair
from bc_pipelines_tests.media.conftest import addresses as addresses
from bc_pipelines_tests.media.conftest import evasive as evasive
from bc_pipelines_tests.media.conftest import on_moto as on_moto
from bc_pipelines_tests.media.conftest import pair as pair
from bc_pipelines_tests.media.test_listing import response

Connection = psycopg.Connection[tuple[Any, ...]]

IMAGE = Named("images_customimage", 7, "original_images/a.jpg", 5, "image", restricted=False)
RENDITION = Named("images_rendition", 9, "images/a.width-400.jpg", None, "rendition", restricted=False)
OPEN = Named("documents_customdocument", 1, "documents/open.pdf", None, "document", restricted=False)
CLOSED = Named("documents_customdocument", 2, "documents/closed.pdf", 11, "document", restricted=True)
ALL = (IMAGE, RENDITION, OPEN, CLOSED)
WHOLE = {IMAGE.key: 5, RENDITION.key: 3, OPEN.key: 9, CLOSED.key: 11}
NO_PAGES = (b"", b"<ListBucketResult/>", b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>")


def test_files_are_found_whatever_their_tables_are_called(connection: Connection) -> None:
    """A table with a file and its hash is an image's or a document's, one with a filter a rendition's."""
    create_tables(
        connection,
        "wagtailcore_collection",
        "wagtailcore_collectionviewrestriction",
        "images_customimage",
        "images_rendition",
        "documents_customdocument",
    )
    for number, path in enumerate(("0001", "00010001", "00010002"), 1):
        add(connection, "wagtailcore_collection", id=number, path=path)
    add(connection, "wagtailcore_collectionviewrestriction", collection_id=2, restriction_type="groups")
    add(connection, "images_customimage", id=7, file=IMAGE.key, file_size=5, collection_id=2)
    add(connection, "images_rendition", id=9, file=RENDITION.key, image_id=7)
    add(connection, "documents_customdocument", id=1, file=OPEN.key, file_size=None, collection_id=3)
    add(connection, "documents_customdocument", id=2, file=CLOSED.key, file_size=11, collection_id=2)
    assert sorted(named_files(connection), key=lambda file: (file.kind != "image", file.kind != "rendition")) == [*ALL]
    connection.execute("alter table images_customimage rename to pictures")
    assert {file.table for file in named_files(connection) if file.kind == "image"} == {"pictures"}


def test_everything_there(pair: Pair) -> None:
    """A bucket with every file, and a restricted document that was left out, passes."""
    pair.put(pair.target, IMAGE.key, b"12345")
    pair.put(pair.target, RENDITION.key)
    pair.put(pair.target, OPEN.key)
    objects = objects_in(pair.target.client, pair.target.name)
    assert objects == {IMAGE.key: 5, RENDITION.key: 7, OPEN.key: 7}
    verdict = every_file_present(ALL, objects)
    assert verdict.passed, verdict.summary
    assert verdict.facts["restricted and not here"] == 1
    assert nothing_extra(ALL, objects, ()).passed


def test_a_fresh_listing_tells_what_is_missing(pair: Pair) -> None:
    """What must be there and is not, what has another size, and what nobody wants are named, on both servers."""
    pair.put(pair.target, IMAGE.key, b"1234")
    pair.put(pair.target, OPEN.key)
    pair.put(pair.target, "extra.jpg")
    pair.put(pair.target, "avatar_images/me.jpg")
    objects = objects_in(pair.target.client, pair.target.name)
    found = every_file_present(ALL, objects)
    assert not found.passed
    assert [(row["file"], row["what"]) for row in found.rows] == [
        (RENDITION.key, "missing"),
        (IMAGE.key, "another size"),
    ]
    assert [row["object"] for row in nothing_extra(ALL, objects, ("avatar_images/",)).rows] == ["extra.jpg"]


@pytest.mark.parametrize("body", NO_PAGES)
def test_an_answer_that_is_no_page_is_no_evidence(on_moto: Pair, body: bytes) -> None:
    """A bucket whose listing breaks off is not one in which nothing lies that must not."""
    on_moto.put(on_moto.target, "avatar_images/someone.png")

    def answer(request: Any, **_: object) -> Any:  # noqa: ANN401 - botocore's
        return response(request.url, 200, body)

    on_moto.target.client.meta.events.register("before-send.s3.ListObjects", answer)
    with pytest.raises(Undecided, match="no page"):
        objects_in(on_moto.target.client, on_moto.target.name)


@pytest.mark.parametrize("lost", [IMAGE, RENDITION, OPEN], ids=lambda named: named.kind)
def test_a_missing_file(lost: Named) -> None:
    """It is named by its table, its id and its key."""
    verdict = every_file_present(ALL, {key: size for key, size in WHOLE.items() if key != lost.key})
    assert not verdict.passed
    assert verdict.severity == "error"
    assert lost.key in verdict.summary
    assert verdict.rows == ({"table": lost.table, "id": lost.id, "file": lost.key, "what": "missing"},)


def test_a_file_of_another_size() -> None:
    """A file that was cut short is not the file that the row names."""
    verdict = every_file_present(ALL, {**WHOLE, IMAGE.key: 4})
    assert not verdict.passed
    assert [row["what"] for row in verdict.rows] == ["another size"]


def test_an_object_that_no_row_names() -> None:
    """It is a warning with the object's name; excluded folders do not count."""
    verdict = nothing_extra(ALL, {**WHOLE, "images/old.jpg": 1, "avatar_images/x.png": 1}, ("avatar_images/",))
    assert (verdict.passed, verdict.severity) == (False, "warn")
    assert "images/old.jpg" in verdict.summary
    assert "avatar_images/x.png" not in verdict.summary


def test_a_header_that_was_lost(pair: Pair) -> None:
    """A content type that differs is shown with both values."""
    for bucket, kind in ((pair.source, "image/jpeg"), (pair.target, "binary/octet-stream")):
        pair.put(bucket, IMAGE.key, ContentType=kind)
        pair.put(bucket, OPEN.key, ContentType="application/pdf")
    sides = [(bucket.client, bucket.name) for bucket in (pair.source, pair.target)]
    assert headers_kept(sides[0], sides[1], [OPEN.key]).passed
    verdict = headers_kept(sides[0], sides[1], [OPEN.key, IMAGE.key])
    assert not verdict.passed
    assert [(row["production"], row["here"]) for row in verdict.rows] == [("image/jpeg", "binary/octet-stream")]


def test_private_files() -> None:
    """An avatar that is production's, and a restricted document that anybody can read, each fail; no name is told."""
    avatar = {"avatar_images/someone.png": 1}
    assert private_files_left_out(ALL, {}, avatar, ()).passed
    assert private_files_left_out(ALL, {"avatar_images/own.png": 1}, avatar, ()).passed
    found = private_files_left_out(ALL, avatar, avatar, ())
    assert "1 files of production in avatar_images/" in found.summary
    verdict = private_files_left_out(ALL, {}, avatar, [CLOSED.key])
    assert not verdict.passed
    assert f"document {CLOSED.id} in {CLOSED.table}" in verdict.summary
    for told in (found, verdict):
        assert not [name for name in ("someone", "closed.pdf") if name in f"{told.summary} {told.rows}"]


def test_nothing_to_look_at_is_no_evidence(pair: Pair) -> None:
    """Where the database names no file, or no file is on both sides, that is said and does not pass."""
    sides = [(bucket.client, bucket.name) for bucket in (pair.source, pair.target)]
    for verdict in (every_file_present((), {}), headers_kept(sides[0], sides[1], [])):
        assert (verdict.passed, verdict.severity) == (False, "warn")


def test_strangers(pair: Pair, on_moto: Pair) -> None:
    """What anybody can read is found by asking without a key."""
    on_moto.open_to_all(on_moto.target)
    for bucket in (on_moto.target, on_moto.source, pair.target):
        on_moto.put(bucket, CLOSED.key)
    assert open_to_strangers(on_moto.target.client, on_moto.target.name, [CLOSED.key]) == [CLOSED.key]
    for closed in (on_moto.source, pair.target):
        assert open_to_strangers(closed.client, closed.name, [CLOSED.key]) == []


@pytest.mark.parametrize(("status", "said"), [(301, b""), (429, b""), (503, b""), (400, ELSEWHERE)])
def test_strangers_who_get_no_answer(evasive: Callable[..., str], status: int, said: bytes) -> None:
    """A server that says neither yes nor no to a stranger is no evidence, so there is no verdict."""
    s3 = client("key", "secret", region="eu-west-2", endpoint=evasive(status, said))
    with pytest.raises(Undecided, match=f"status {status}"):
        open_to_strangers(s3, "staging", [CLOSED.key])
