"""Objects that stream through this process, on two real servers: the result of a copy inside S3, in little memory."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import S3Transfer

from bc_pipelines.media import stream as streaming
from bc_pipelines.media.listing import listing
from bc_pipelines.media.move import Moved
from bc_pipelines.media.plan import Plan, make_plan
from bc_pipelines.media.stream import stream
from bc_pipelines_tests.media import servers
from bc_pipelines_tests.media.conftest import Pair
from bc_pipelines_tests.media.test_contract import ODD, in_parts

MEGABYTE = 1 << 20


def planned(pair: Pair) -> Plan:
    """The plan of now."""
    return make_plan(listing(pair.source), listing(pair.target))


def streamed(pair: Pair) -> Moved:
    """Copy what the target lacks."""
    moved = stream(planned(pair), pair.source, pair.target)
    moved.insist()
    return moved


def test_objects_pass_through_and_a_second_run_only_lists(pair: Pair) -> None:
    """No copy inside S3 is asked for; each small object costs a reading and a writing, and keeps its ETag."""
    for number in range(20):
        pair.put(pair.source, f"images/{number:02}.jpg", b"x" * number)
    pair.requests.clear()
    moved = streamed(pair)
    assert sorted(pair.requests) == ["GetObject"] * 20 + ["ListObjectsV2"] * 2 + ["PutObject"] * 20
    assert all(row.source_etag == row.target_etag for row in moved.copied.values())
    assert moved.bytes_copied == sum(range(20))
    pair.requests.clear()
    assert not streamed(pair).copied
    assert pair.requests == ["ListObjectsV2"] * 2


def test_all_that_belongs_to_an_object_goes_along(on_moto: Pair) -> None:
    """Type, caching, disposition, encoding, own metadata and tags, of objects that pass whole and of those in parts."""
    told: dict[str, Any] = {
        "ContentType": "image/svg+xml",
        "CacheControl": "max-age=600",
        "ContentDisposition": 'inline; filename="bins.svg"',
        "ContentEncoding": "br",
        "Metadata": {"made-by": "scanner"},
    }
    on_moto.put(on_moto.source, "small.svg", **told, Tagging="kind=map&of=a%20town")
    on_moto.put(on_moto.source, "large.svg", bytes(33 * MEGABYTE), **told, Tagging="kind=map&of=a%20town")
    streamed(on_moto)
    target = on_moto.target
    for key in ("small.svg", "large.svg"):
        head = target.client.head_object(Bucket=target.name, Key=key)
        assert {name: head[name] for name in told} == told  # type: ignore[literal-required]
        tags = target.client.get_object_tagging(Bucket=target.name, Key=key)["TagSet"]
        assert tags == [{"Key": "kind", "Value": "map"}, {"Key": "of", "Value": "a town"}]


def test_odd_keys_arrive_as_they_are(on_moto: Pair) -> None:
    """The same keys as for copies inside S3."""
    for key in ODD:
        on_moto.put(on_moto.source, key, key.encode())
    streamed(on_moto)
    assert on_moto.keys(on_moto.target) == on_moto.keys(on_moto.source)
    assert all(on_moto.body(on_moto.target, key) == key.encode() for key in ODD)


def test_a_large_object_passes_in_parts(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too large for the memory arrives to the byte; what boto3 uploaded in parts keeps its ETag."""
    monkeypatch.setattr(streaming, "_MOST_WHOLE", MEGABYTE)
    body = bytes(range(256)) * (17 * MEGABYTE // 256) + b"end"
    pair.put(pair.source, "whole.mp4", body, ContentType="video/mp4")
    (tmp_path / "film").write_bytes(body)
    S3Transfer(pair.source.client).upload_file(str(tmp_path / "film"), pair.source.name, "parts.mp4")
    streamed(pair)
    assert pair.body(pair.target, "whole.mp4") == pair.body(pair.target, "parts.mp4") == body
    etags = [{item.key: item.etag for item in listing(side)} for side in (pair.source, pair.target)]
    assert etags[0]["parts.mp4"] == etags[1]["parts.mp4"]
    assert not planned(pair).changes


@pytest.mark.parametrize("size", [7, 40 * MEGABYTE])
def test_an_object_that_changes_meanwhile_is_not_copied(on_moto: Pair, size: int) -> None:
    """Other bytes than were listed are never written, though the server ignores the condition; nothing half is left."""
    on_moto.put(on_moto.source, "a.jpg", bytes(size))
    on_moto.put(on_moto.source, "gone.jpg", b"gone")
    on_moto.put(on_moto.source, "grown.jpg", b"small")
    plan = planned(on_moto)
    on_moto.put(on_moto.source, "a.jpg", b"1" * size)
    on_moto.put(on_moto.source, "grown.jpg", b"larger")
    on_moto.source.client.delete_object(Bucket=on_moto.source.name, Key="gone.jpg")
    moved = stream(plan, on_moto.source, on_moto.target)
    assert sorted(moved.changed) == ["a.jpg", "gone.jpg", "grown.jpg"]
    assert not on_moto.keys(on_moto.target)
    uploads = on_moto.target.client.list_multipart_uploads(Bucket=on_moto.target.name)
    assert not uploads.get("Uploads")
    streamed(on_moto)
    assert on_moto.body(on_moto.target, "a.jpg") == b"1" * size


def test_every_reading_says_what_it_was_planned_for(on_moto: Pair) -> None:
    """Each is bound to the object that was listed, in parts too."""
    in_parts(on_moto, "big.png", bytes(6 * MEGABYTE))
    on_moto.put(on_moto.source, "a.jpg")
    plan = planned(on_moto)
    on_moto.sent.clear()
    stream(plan, on_moto.source, on_moto.target).insist()
    told = {change.key: f'"{change.etag}"' for change in plan.changes}
    reading = [sent for sent in on_moto.sent if "IfMatch" in sent]
    assert {sent["Key"] for sent in reading} == set(told)
    assert all(sent["IfMatch"] == told[sent["Key"]] for sent in reading)


MEASURED = """
import sys
from pathlib import Path
from bc_pipelines.media import bucket, stream
from bc_pipelines.media.listing import listing
from bc_pipelines.media.plan import make_plan
stream.MEMORY = 48 << 20
address, access_key, secret_key, *names = sys.argv[1:]
client = bucket.client(access_key, secret_key, region="eu-west-2", endpoint=address)
source, target = (bucket.Bucket(name, client) for name in names)
stream.stream(make_plan(listing(source), listing(target)), source, target).insist()
print(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")).split()[1])
"""


def test_memory_does_not_grow_with_what_is_copied(on_rclone: Pair) -> None:
    """360 megabytes in objects of twelve pass through a process with a budget of 48, which never takes 200."""
    body = bytes(12 * MEGABYTE)
    for number in range(30):
        on_rclone.put(on_rclone.source, f"{number}.mp4", body)
    address = on_rclone.source.client.meta.endpoint_url
    command = (sys.executable, "-c", MEASURED, address, servers.ACCESS_KEY, servers.SECRET_KEY)
    done = subprocess.run(
        (*command, on_rclone.source.name, on_rclone.target.name), capture_output=True, text=True, check=True
    )
    assert int(done.stdout) << 10 < 200 * MEGABYTE
