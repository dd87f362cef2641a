"""Connections that break off in the middle of an object: asked again, or told and repeated."""

from dataclasses import replace
from pathlib import Path

import pytest

from bc_pipelines.media.bucket import Bucket, client
from bc_pipelines.media.folder import Folder, Walk
from bc_pipelines.media.listing import listing
from bc_pipelines.media.plan import make_plan
from bc_pipelines.media.rclone import Keys, Mover
from bc_pipelines.media.stream import stream
from bc_pipelines.media.transfer import pull
from bc_pipelines_tests.media import servers
from bc_pipelines_tests.media.conftest import Pair
from bc_pipelines_tests.media.cutting import cutting

MOVER = Mover(Keys(servers.ACCESS_KEY, servers.SECRET_KEY), tries=2)
BODY = bytes(range(256)) * 8_000
KEYS = [f"{number}.jpg" for number in range(4)]


def over(bucket: Bucket, address: str) -> Bucket:
    """The bucket by another way."""
    way = client(servers.ACCESS_KEY, servers.SECRET_KEY, region="eu-west-2", endpoint=address)
    return replace(bucket, client=way)


@pytest.fixture
def filled(pair: Pair) -> Pair:
    """A source with objects of two megabytes."""
    for key in KEYS:
        pair.put(pair.source, key, BODY)
    return pair


def test_a_stream_that_breaks_off_is_read_again(filled: Pair) -> None:
    """Answers that end too early are repeated, and what is written is whole."""
    plan = make_plan(listing(filled.source), listing(filled.target))
    with cutting(filled.source.client.meta.endpoint_url, cuts=2, after=1_000_000) as address:
        stream(plan, over(filled.source, address), filled.target).insist()
    assert all(filled.body(filled.target, key) == BODY for key in KEYS)


def test_a_stream_that_always_breaks_off_is_told(filled: Pair) -> None:
    """Nothing half is written, every object is named, and a second run on a better line copies them."""
    plan = make_plan(listing(filled.source), listing(filled.target))
    with cutting(filled.source.client.meta.endpoint_url, cuts=10_000, after=1_000_000) as address:
        moved = stream(plan, over(filled.source, address), filled.target)
    assert sorted(moved.failed) == KEYS
    assert not filled.keys(filled.target)
    assert len(stream(plan, filled.source, filled.target).copied) == len(KEYS)


def test_a_download_that_breaks_off_is_finished(filled: Pair, tmp_path: Path) -> None:
    """Whatever was broken off is asked for again, by the mover or by the next run, and no half file has a real name."""
    folder = Folder(tmp_path / "media")
    plan = make_plan(listing(filled.source), Walk(folder), has_bytes_of=folder.has_bytes_of)
    with cutting(filled.source.client.meta.endpoint_url, cuts=3, after=1_000_000) as address:
        pull(plan, over(filled.source, address), folder, MOVER)
    assert all(folder.file(item.key).read_bytes() == BODY for item in Walk(folder))
    again = make_plan(listing(filled.source), Walk(folder), has_bytes_of=folder.has_bytes_of)
    pull(again, filled.source, folder, MOVER).insist()
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == dict.fromkeys(KEYS, BODY)
