"""What a look at a target's media takes in, whatever a reset copied."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.operations import media_look
from bc_pipelines.operations.tools import Tools, open_tools
from bc_pipelines.sandbox import s3
from bc_pipelines.sandbox.world import BUCKETS, World
from bc_pipelines.storage import PERSONAL, Scope
from bc_pipelines_tests.database.few_tables import add, create_tables

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AVATAR = "avatar_images/somebody.png"


@pytest.fixture
def tools(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tools]:
    """Tools of a team that copies nothing but original images."""
    told = (world.root / "environments.toml").read_text(encoding="utf-8")
    assert 'scope = "media"' in told
    path = tmp_path / "environments.toml"
    path.write_text(told.replace('scope = "media"', 'scope = "images"'), encoding="utf-8")
    monkeypatch.setenv("BC_ENVIRONMENTS", str(path))
    with open_tools() as tools:
        yield tools


@pytest.fixture(scope="module")
def an_image(world: World) -> "S3Client":
    """A database that names one image, which both buckets hold; gives a client of both."""
    with psycopg.connect(world.database_url("staging"), autocommit=True) as connection:
        create_tables(
            connection,
            "wagtailcore_collection",
            "wagtailcore_collectionviewrestriction",
            "images_customimage",
            "documents_customdocument",
        )
        add(connection, "wagtailcore_collection", id=1, path="0001")
        add(connection, "images_customimage", id=7, file="original_images/a.jpg", file_size=1, collection_id=1)
    client = s3.client(world)
    put_in_both(client, "original_images/a.jpg")
    return client


def put_in_both(client: "S3Client", key: str) -> None:
    """Put an object into production's bucket and into staging's."""
    for bucket in (BUCKETS["production"], BUCKETS["staging"]):
        client.put_object(Bucket=bucket, Key=key, Body=b"x")


def look(tools: Tools) -> dict[str, Verdict]:
    """The verdicts by their names."""
    return dict(zip(media_look.LOOKS, media_look.look(tools, "production", "staging"), strict=True))


def test_an_avatar_is_found_where_only_images_are_copied(tools: Tools, an_image: "S3Client") -> None:
    """Personal files that an earlier, wider reset left are no matter of scope."""
    put_in_both(an_image, AVATAR)
    verdicts = look(tools)
    assert verdicts["every_file_present"].passed
    assert not verdicts["private_files_left_out"].passed
    assert "avatar_images/" in verdicts["private_files_left_out"].summary


def test_a_folder_left_out_for_its_size_is_nobodys_private_one(tools: Tools, an_image: "S3Client") -> None:
    """Copies of it from before it was left out stay, and nobody is told to delete them as personal."""
    for bucket in (BUCKETS["production"], BUCKETS["staging"]):
        an_image.delete_object(Bucket=bucket, Key=AVATAR)
    put_in_both(an_image, "videos/council.mp4")
    settings = tools.settings
    media = replace(settings.media, scope=Scope.MEDIA, excluded=(*PERSONAL, "videos/"))
    verdicts = look(replace(tools, settings=replace(settings, media=media)))
    assert {name: verdict.passed for name, verdict in verdicts.items()} == dict.fromkeys(media_look.LOOKS, True)
