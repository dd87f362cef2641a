"""What a look at a target's media takes in, whatever a reset copied."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bc_pipelines.operations import media_look
from bc_pipelines.operations.tools import Tools, open_tools
from bc_pipelines.sandbox import s3
from bc_pipelines.sandbox.world import BUCKETS, World
from bc_pipelines_tests.database.few_tables import add, create_tables

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


def test_an_avatar_is_found_where_only_images_are_copied(tools: Tools, world: World) -> None:
    """Personal files that an earlier, wider reset left are no matter of scope."""
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
    for bucket in (BUCKETS["production"], BUCKETS["staging"]):
        for key in (AVATAR, "original_images/a.jpg"):
            client.put_object(Bucket=bucket, Key=key, Body=b"x")
    verdicts = dict(zip(media_look.LOOKS, media_look.look(tools, "production", "staging"), strict=True))
    assert verdicts["every_file_present"].passed
    assert not verdicts["private_files_left_out"].passed
    assert "avatar_images/" in verdicts["private_files_left_out"].summary
