"""Listings on two real servers: pages read quickly say what botocore says, and what is not in order is refused."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Barrier
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.config import Config

from bc_pipelines.media.bucket import Bucket
from bc_pipelines.media.errors import MediaError
from bc_pipelines.media.listing import Span, listing
from bc_pipelines.media.move import Moved, copy, delete
from bc_pipelines.media.plan import Action, Change, Plan, Rule, make_plan
from bc_pipelines.media.ranges import plan_in_ranges
from bc_pipelines_tests.media import servers
from bc_pipelines_tests.media.conftest import Pair
from bc_pipelines_tests.media.test_contract import ODD

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PLAIN = (
    "a b.jpg",
    "100%.jpg",
    "plus+.jpg",
    "caf\u00e9.jpg",
    "cafe\u0301.jpg",
    "\u6c34.jpg",
    "q?x=1&y.jpg",
    "<b>'\".jpg",
)
PAGE = (
    '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<IsTruncated>{more}</IsTruncated><NextContinuationToken>more</NextContinuationToken><KeyCount>{count}</KeyCount>"
    "{contents}</ListBucketResult>"
)
OBJECT = (
    "<Contents><Key>{key}</Key><LastModified>2026-11-02T10:00:00.000Z</LastModified>"
    "<ETag>&quot;0f&quot;</ETag><Size>7</Size></Contents>"
)


def page(*keys: str, more: bool = False) -> bytes:
    """A page of a listing."""
    contents = "".join(OBJECT.format(key=key) for key in keys)
    return PAGE.format(more=str(more).lower(), count=len(keys), contents=contents).encode()


class _Body:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self, **_: object) -> list[bytes]:
        return [self._data]


def response(address: str, status: int, body: bytes) -> AWSResponse:
    """An answer as botocore's transport gives it."""
    return AWSResponse(address, status, HTTPHeaders(), _Body(body))


def answered(pair: Pair, answers: Callable[[str], tuple[int, bytes] | None]) -> None:
    """Let some of the source's pages be answered otherwise than by the server, which never errs so."""

    def answer(request: Any, **_: object) -> Any:  # noqa: ANN401 - botocore's
        # One client reaches both.
        found = answers(request.url) if f"/{pair.source.name}?" in request.url else None
        return response(request.url, *found) if found else None

    pair.source.client.meta.events.register("before-send.s3.ListObjectsV2", answer)


def plain(address: str) -> "S3Client":
    """A client as boto3 makes it."""
    return boto3.client(
        "s3",
        endpoint_url=address,
        aws_access_key_id=servers.ACCESS_KEY,
        aws_secret_access_key=servers.SECRET_KEY,
        region_name="eu-west-2",
        config=Config(signature_version="s3v4"),
    )


def test_pages_read_quickly_say_what_botocore_says(pair: Pair) -> None:
    """Keys with signs and letters of all kinds, sizes, ETags and times, and the way to the next page."""
    keys = ODD if "moto" in pair.source.client.list_buckets()["Owner"].get("DisplayName", "") else PLAIN
    for key in keys:
        pair.put(pair.source, key, key.encode())
    slow = plain(pair.source.client.meta.endpoint_url)
    asked: Mapping[str, Any] = {"Bucket": pair.source.name, "MaxKeys": 3}
    fields = ("Key", "LastModified", "ETag", "Size")
    read = [
        [
            tuple(map(found.get, fields))
            for each in made.get_paginator("list_objects_v2").paginate(**asked)
            for found in each["Contents"]
        ]
        for made in (slow, pair.source.client)
    ]
    assert read[0] == read[1]
    assert [row[0] for row in read[1]] == sorted(keys, key=str.encode)


def test_the_pages_of_real_servers_are_read_quickly(pair: Pair) -> None:
    """Not by botocore, whatever the times say: rclone's server leaves out the noughts at the end of a second."""
    for number in range(30):
        pair.put(pair.source, f"{number}.jpg", b"a")
    quick = []

    def look(customized_response_dict: Mapping[str, Any], **_: object) -> None:
        quick.append("Contents" in customized_response_dict)

    pair.source.client.meta.events.register_last("before-parse.s3.ListObjectsV2", look)
    assert sum(1 for _ in listing(pair.source)) == 30
    assert quick == [True]


FORMS = {
    "signs": page("a&amp;b.jpg", "c&#38;d&#x26;&lt;.jpg", "e\u20ac&#8364;.jpg", "f&#13;g.jpg", " h.jpg "),
    "encoded": page("a%26b+c.jpg").replace(b"<IsT", b"<EncodingType>url</EncodingType><IsT"),
    "another quote": page("a.jpg", "b.jpg").replace(b"&quot;", b"&#34;"),
    "no quote": page("a.jpg", "b.jpg").replace(b"&quot;", b""),
    "more fields": page("a.jpg", "b.jpg")
    .replace(b"<Size>", b"<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><Size>")
    .replace(b"</Size>", b"</Size><Owner><ID>1</ID></Owner>\n<StorageClass/>"),
    "indented": page("a.jpg", "b.jpg").replace(b"><", b">\r\n  <"),
    "another order": page("a.jpg", "b.jpg")
    .replace(b"<Key>a.jpg</Key>", b"")
    .replace(b"<ETag>", b"<Key>a</Key><ETag>", 1),
    "attributes": page("a.jpg", "b.jpg").replace(b"<Contents>", b'<Contents kind="object">', 1),
    "a section": page("<![CDATA[a&b]]>.jpg", "c.jpg"),
    "a comment": page("a<!-- b -->.jpg", "c.jpg"),
    "an object in a comment": page("a.jpg", "b.jpg")
    .replace(b"<Contents><Key>b.jpg", b"<!-- <Contents><Key>b.jpg")
    .replace(b"</Contents></List", b"</Contents> --></List"),
    "an end in a comment": page("a.jpg", "b.jpg").replace(b"</Contents>", b"<!-- </Contents> --></Contents>"),
    "another prefix": page("a.jpg", "b.jpg")
    .replace(b"<Contents><Key>b.jpg", b'<s:Contents xmlns:s="urn:s"><Key>b.jpg')
    .replace(b"</Contents></List", b"</s:Contents></List"),
    "another count": page("a.jpg", "b.jpg").replace(b"<KeyCount>2<", b"<KeyCount>3<"),
    "seconds that look like a day": page("a.jpg").replace(b"2026-11-02T10:00:00.000Z", b"20261102"),
    "a carriage return": page("a\r\nb.jpg"),
    "fewer figures of a second": page("a.jpg", "b.jpg").replace(b".000Z", b".98Z", 1),
    "nothing": page(),
}


@pytest.mark.parametrize("form", FORMS)
def test_pages_of_any_form_say_what_botocore_says(form: str) -> None:
    """Whatever else a server writes into a page, it is read as botocore reads it."""
    quick, slow = servers.nowhere(), plain("http://127.0.0.1")
    pages = []

    def answer(request: Any, **_: object) -> Any:  # noqa: ANN401 - botocore's
        return response(request.url, 200, FORMS[form])

    for made in (quick, slow):
        made.meta.events.register("before-send.s3", answer)
        pages.append(made.list_objects_v2(Bucket="some"))
    fields = ("Key", "LastModified", "ETag", "Size")
    read = [[tuple(map(found.get, fields)) for found in each.get("Contents", ())] for each in pages]
    assert read[0] == read[1]
    assert pages[0]["IsTruncated"] is pages[1]["IsTruncated"] is False


def test_an_error_with_status_200_is_asked_again(on_moto: Pair) -> None:
    """An answer that says of itself that it is an error, or ends in the middle, is no page: the next one counts."""
    broken = [b"<Error><Code>InternalError</Code></Error>", page("b.jpg", "c.jpg")[:-30]]
    answered(on_moto, lambda _: (200, broken.pop() if broken else page("a.jpg")))
    assert [item.key for item in listing(on_moto.source)] == ["a.jpg"]


NO_TOKEN = page("a.jpg", more=True).replace(b"NextContinuationToken", b"Lost")


@pytest.mark.parametrize("body", [b"", b"<Error/>", page("a.jpg").replace(b"2026-11-02", b"yesterday"), NO_TOKEN])
def test_an_answer_that_is_no_page_is_an_error(on_moto: Pair, body: bytes) -> None:
    """Anything but a page, though it comes with 200, is unknown: never an empty bucket, and never the end."""
    answered(on_moto, lambda _: (200, body))
    with pytest.raises(MediaError, match="list"):
        list(listing(on_moto.source))


def test_a_page_that_is_denied_ends_everything(pair: Pair) -> None:
    """When the second page of the source is refused, nothing is copied and nothing deleted."""
    pair.put(pair.target, "old.jpg")
    answered(pair, lambda url: (403, b"") if "continuation" in url else (200, page("a.jpg", more=True)))
    with pytest.raises(MediaError, match="Could not list"):
        make_plan(listing(pair.source), listing(pair.target))
    assert pair.keys(pair.target) == ["old.jpg"]


@pytest.mark.parametrize("second", [("a.jpg", "b.jpg"), ("0.jpg",)])
def test_a_page_that_is_repeated_or_out_of_order_is_refused(pair: Pair, second: tuple[str, ...]) -> None:
    """A merge of such listings would delete what is there."""
    answered(pair, lambda url: (200, page(*second) if "continuation" in url else page("a.jpg", "b.jpg", more=True)))
    with pytest.raises(MediaError, match="not in order"):
        list(listing(pair.source))


def test_a_part_that_begins_too_early_is_refused(pair: Pair) -> None:
    """A server that lists everything whatever it is asked for would have each key in several parts of a plan."""
    answered(pair, lambda _: (200, page("a.jpg", "b.jpg", "c.jpg")))
    with pytest.raises(MediaError, match="not in order"):
        list(listing(pair.source, Span("b.jpg")))


def test_a_busy_server_is_asked_again(pair: Pair) -> None:
    """Answers of 503 are waited out, by listings and by copies."""
    pair.put(pair.source, "a.jpg")
    busy = [2, 2]

    def answer(request: Any, event_name: str, **_: object) -> Any:  # noqa: ANN401 - botocore's
        which = "CopyObject" in event_name
        if "ListObjectsV2" not in event_name and not which:
            return None
        busy[which] -= 1
        slow_down = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
        return response(request.url, 503, slow_down) if busy[which] >= 0 else None

    pair.source.client.meta.events.register("before-send.s3", answer)
    plan = make_plan(listing(pair.source), listing(pair.target))
    copy(plan, pair.source, pair.target).insist()
    assert max(busy) < 0


def deletion_answered(pair: Pair, told: str) -> Moved:
    """Delete two objects of the target, and a personal one, and have the server say something else of it."""
    body = f"<DeleteResult>{told}</DeleteResult>".encode()
    plan = Plan([Change(Action.DELETE, key, 1, "", "the source has it not") for key in ("a.jpg", "b.jpg")])
    plan.personal = ["avatar_images/jane doe.jpg"]

    def answer(request: Any, **_: object) -> Any:  # noqa: ANN401 - botocore's
        return response(request.url, 200, body)

    pair.target.client.meta.events.register("before-send.s3.DeleteObjects", answer)
    return delete(plan, pair.target, Moved())


def test_a_deletion_that_is_refused_for_one_key_is_told(on_moto: Pair) -> None:
    """An answer of 200 in which one key is refused names that key, and the others count as deleted."""
    gone = "<Deleted><Key>a.jpg</Key></Deleted><Deleted><Key>avatar_images/jane doe.jpg</Key></Deleted>"
    moved = deletion_answered(on_moto, f"{gone}<Error><Key>b.jpg</Key><Code>AccessDenied</Code></Error>")
    assert (moved.deleted, moved.failed) == (["a.jpg", "avatar_images/jane doe.jpg"], {"b.jpg": "AccessDenied"})
    with pytest.raises(MediaError, match=r"b\.jpg AccessDenied"):
        moved.insist()


def test_a_deletion_that_nothing_is_said_of_is_none(on_moto: Pair) -> None:
    """What the answer does not name as deleted may still be there.

    The names of personal files are not told, however the server writes them.
    """
    other = "<Error><Key>avatar_images/jane%20doe.jpg</Key><Code>AccessDenied</Code></Error>"
    moved = deletion_answered(on_moto, f"<Deleted><Key>a.jpg</Key></Deleted>{other}")
    assert moved.deleted == ["a.jpg"]
    assert moved.failed == {"b.jpg": "not answered", "a file in avatar_images/": "not answered"}


def test_a_server_that_is_gone_is_an_error(pair: Pair) -> None:
    """A connection that cannot be made ends a listing, with the bucket's name and no address."""
    gone = servers.nowhere()
    with pytest.raises(MediaError, match=f"Could not list s3://{pair.source.name}/ .EndpointConnectionError"):
        list(listing(replace(pair.source, client=gone)))


def test_both_sides_are_asked_before_either_answers() -> None:
    """A plan of two small buckets takes one journey: each answer here waits until the other has been asked for."""
    client, both = servers.nowhere(), Barrier(2, timeout=servers.PATIENCE_SECONDS)

    def answer(request: Any, **_: object) -> Any:  # noqa: ANN401 - botocore's
        both.wait()
        return response(request.url, 200, page("a.jpg"))

    client.meta.events.register("before-send.s3.ListObjectsV2", answer)
    plan = plan_in_ranges(Bucket("source", client), Bucket("target", client), Rule())
    assert (plan.source_count, plan.target_count, plan.kept) == (1, 1, 1)
