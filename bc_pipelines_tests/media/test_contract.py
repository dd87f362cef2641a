"""Media from bucket to bucket, on two real servers: what is asked, what is copied, what is never done."""

from dataclasses import replace
from typing import Any

import pytest

from bc_pipelines.media import move
from bc_pipelines.media.bucket import Bucket, client
from bc_pipelines.media.errors import MediaError, Refused
from bc_pipelines.media.guard import Limits, insist, objections
from bc_pipelines.media.listing import listing
from bc_pipelines.media.move import Moved, copy, delete
from bc_pipelines.media.plan import Action, Change, Plan, Rule, make_plan
from bc_pipelines.media.ranges import plan_in_ranges
from bc_pipelines_tests.media import servers
from bc_pipelines_tests.media.conftest import Pair

LIMITS = Limits()


def planned(pair: Pair, excluded: tuple[str, ...] = ()) -> Plan:
    """The plan of now."""
    return make_plan(listing(pair.source), listing(pair.target), excluded=excluded)


def synced(pair: Pair) -> Moved:
    """Carry the plan of now out."""
    plan = planned(pair)
    insist(objections(plan, pair.source, pair.target, "production", limits=LIMITS, deletes=True))
    return delete(plan, pair.target, copy(plan, pair.source, pair.target))


def test_a_copy_costs_one_request_an_object_and_a_second_run_only_lists(pair: Pair) -> None:
    """Thirty objects cost thirty copies and a listing of each side; when nothing changed, only the listings."""
    for number in range(30):
        pair.put(pair.source, f"original_images/{number:02}.jpg", b"x" * number)
    pair.requests.clear()
    assert len(synced(pair).copied) == 30
    assert sorted(pair.requests) == ["CopyObject"] * 30 + ["ListObjectsV2"] * 2
    pair.requests.clear()
    assert not synced(pair).copied
    assert pair.requests == ["ListObjectsV2"] * 2
    assert pair.keys(pair.target) == pair.keys(pair.source)


def test_what_was_edited_on_the_target_is_put_right(pair: Pair) -> None:
    """Other bytes of the same size, written later than the source's, are replaced, though no time tells them apart."""
    pair.put(pair.source, "images/a.jpg", b"ours!")
    synced(pair)
    pair.put(pair.target, "images/a.jpg", b"other")
    plan = planned(pair)
    assert [(change.action, change.reason) for change in plan.changes] == [(Action.REPLACE, "other bytes")]
    synced(pair)
    assert pair.body(pair.target, "images/a.jpg") == b"ours!"


def test_what_the_source_lost_is_deleted_last(pair: Pair) -> None:
    """An object that the source has no more is deleted, after every copy; excluded prefixes are left alone."""
    pair.put(pair.source, "a.jpg")
    pair.put(pair.target, "old.jpg")
    pair.put(pair.target, "avatar_images/me.jpg")
    pair.put(pair.source, "avatar_images/you.jpg")
    plan = planned(pair, excluded=("avatar_images/",))
    pair.requests.clear()
    moved = delete(plan, pair.target, copy(plan, pair.source, pair.target))
    assert moved.deleted == ["old.jpg"]
    assert pair.requests == ["CopyObject", "DeleteObjects"]
    assert plan.excluded == {"avatar_images/": 1}
    assert pair.keys(pair.target) == ["a.jpg", "avatar_images/me.jpg"]


def test_copies_of_personal_files_are_deleted(pair: Pair) -> None:
    """What both sides have below a cleared prefix goes from the target; what only the target has may be its own.

    A folder that is only excluded is left alone, and the guard counts what goes.
    """
    for side in (pair.source, pair.target):
        pair.put(side, "avatar_images/jane.jpg")
        pair.put(side, "films/long.mp4")
    pair.put(pair.source, "avatar_images/joan.jpg")
    pair.put(pair.target, "avatar_images/of-a-tester.jpg")
    rule = Rule(excluded=("avatar_images/", "films/"), cleared=("avatar_images/",))
    plan = plan_in_ranges(pair.source, pair.target, rule)
    assert (plan.changes, plan.personal) == ([], ["avatar_images/jane.jpg"])
    none = Limits(most_deletes=0)
    assert any(
        "1 objects" in each for each in objections(plan, pair.source, pair.target, "", limits=none, deletes=True)
    )
    moved = delete(plan, pair.target, Moved())
    assert moved.deleted == ["avatar_images/jane.jpg"]
    assert "jane" not in f"{plan!r} {moved!r}"
    assert pair.keys(pair.target) == ["avatar_images/of-a-tester.jpg", "films/long.mp4"]
    assert pair.keys(pair.source) == ["avatar_images/jane.jpg", "avatar_images/joan.jpg", "films/long.mp4"]


def test_an_empty_source_wipes_nothing(pair: Pair) -> None:
    """Where other tools delete everything and end with 0, the plan is refused."""
    for number in range(5):
        pair.put(pair.target, f"{number}.jpg")
    with pytest.raises(Refused, match="is empty"):
        synced(pair)
    assert len(pair.keys(pair.target)) == 5


def test_a_missing_bucket_is_an_error_and_nothing_is_deleted(pair: Pair) -> None:
    """What could not be listed is unknown, not absent."""
    pair.put(pair.target, "a.jpg")
    pair.source = replace(pair.source, name="there-is-no-such-bucket")
    with pytest.raises(MediaError, match="Could not list s3://there-is-no-such-bucket"):
        synced(pair)
    assert pair.keys(pair.target) == ["a.jpg"]


def test_a_wrong_secret_is_an_error_that_does_not_show_it(addresses: dict[str, str]) -> None:
    """Keys that the server does not take end the run; the message holds none of them."""
    wrong = client(servers.ACCESS_KEY, "not-the-secret", region="eu-west-2", endpoint=addresses["rclone"])
    with pytest.raises(MediaError) as caught:
        list(listing(Bucket("any-bucket", wrong)))
    assert "not-the-secret" not in str(caught.value)
    assert "not-the-secret" not in repr(Bucket("any-bucket", wrong))


def test_one_copy_that_fails_stops_every_deletion(pair: Pair) -> None:
    """An object that vanished after it was listed is told as that, what was copied stays, and nothing is deleted."""
    pair.put(pair.source, "a.jpg")
    pair.put(pair.source, "gone.jpg")
    pair.put(pair.target, "old.jpg")
    plan = planned(pair)
    pair.source.client.delete_object(Bucket=pair.source.name, Key="gone.jpg")
    moved = copy(plan, pair.source, pair.target)
    assert (list(moved.copied), moved.changed, moved.failed) == (["a.jpg"], ["gone.jpg"], {})
    with pytest.raises(MediaError, match=r"gone\.jpg"):
        delete(plan, pair.target, moved)
    assert "old.jpg" in pair.keys(pair.target)
    assert synced(pair).deleted == ["old.jpg"]


def test_every_copy_says_what_it_was_planned_for(pair: Pair) -> None:
    """Each copy is bound to the object that was listed; neither server holds to it, so the request is looked at."""
    pair.put(pair.source, "a.jpg")
    plan = planned(pair)
    pair.sent.clear()
    copy(plan, pair.source, pair.target)
    assert pair.sent[0]["CopySourceIfMatch"] == f'"{plan.changes[0].etag}"'


@pytest.mark.parametrize("many", [1_001])
def test_more_than_a_page_is_listed_and_deleted(on_moto: Pair, many: int) -> None:
    """Listings and deletions of more than a thousand objects go on with the next thousand."""
    for number in range(many):
        on_moto.put(on_moto.target, f"{number:05}.jpg", b"")
    on_moto.put(on_moto.source, "a.jpg")
    plan = planned(on_moto)
    found = objections(plan, on_moto.source, on_moto.target, "production", limits=LIMITS, deletes=True)
    assert "would be deleted" in found[0]
    moved = delete(plan, on_moto.target, copy(plan, on_moto.source, on_moto.target))
    assert len(moved.deleted) == many
    assert on_moto.keys(on_moto.target) == ["a.jpg"]


def test_all_that_belongs_to_an_object_goes_with_it(on_moto: Pair) -> None:
    """Type, caching, disposition, own metadata and tags are the same after two runs."""
    belongings: dict[str, Any] = {
        "ContentType": "image/jpeg",
        "CacheControl": "max-age=600",
        "ContentDisposition": 'inline; filename="bins.jpg"',
        "Metadata": {"made-by": "scanner"},
    }
    on_moto.put(on_moto.source, "a.jpg", **belongings, Tagging="kind=map")
    synced(on_moto)
    synced(on_moto)
    target = on_moto.target
    head = target.client.head_object(Bucket=target.name, Key="a.jpg")
    assert {name: head[name] for name in belongings} == belongings  # type: ignore[literal-required]
    tags = target.client.get_object_tagging(Bucket=target.name, Key="a.jpg")["TagSet"]
    assert tags == [{"Key": "kind", "Value": "map"}]


ODD = (
    *("/lead.jpg", "a//b.jpg", "dir/", "p/../q.jpg", "./dot.jpg", "a b.jpg", "tab\t.jpg", "100%.jpg", "plus+.jpg"),
    *("caf\u00e9.jpg", "cafe\u0301.jpg", "A.JPG", "a.jpg", "\u6c34.jpg", "q?x=1&y.jpg", "#.jpg", "k" * 1024),
)


def test_odd_keys_arrive_as_they_are(on_moto: Pair) -> None:
    """Spaces, doubled slashes, two forms of one letter, and names as long as may be are copied to the byte."""
    for key in ODD:
        on_moto.put(on_moto.source, key, key.encode())
    synced(on_moto)
    assert on_moto.keys(on_moto.target) == on_moto.keys(on_moto.source)
    assert all(on_moto.body(on_moto.target, key) == key.encode() for key in ODD)


def in_parts(pair: Pair, key: str, body: bytes) -> None:
    """Upload in two parts, as large files are."""
    s3, name = pair.source.client, pair.source.name
    upload = s3.create_multipart_upload(Bucket=name, Key=key, ContentType="image/png")["UploadId"]
    parts = []
    for number, part in enumerate((body[: 5 << 20], body[5 << 20 :]), 1):
        answer = s3.upload_part(Bucket=name, Key=key, UploadId=upload, PartNumber=number, Body=part)
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    s3.complete_multipart_upload(Bucket=name, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})  # type: ignore[typeddict-item]


def test_what_was_uploaded_in_parts_is_copied_once(on_moto: Pair) -> None:
    """A copy has another ETag than an object of several parts; that alone is no difference, a later upload is one."""
    in_parts(on_moto, "big.png", b"a" * (6 << 20))
    ledger = synced(on_moto).copied
    assert "-" in ledger["big.png"].source_etag
    assert not planned(on_moto).changes
    on_moto.put(on_moto.target, "big.png", b"b" * (6 << 20))
    assert not planned(on_moto).changes, "an edit on the target cannot be told without the ledger"
    plan = make_plan(listing(on_moto.source), listing(on_moto.target), ledger=ledger)
    assert [change.reason for change in plan.changes] == ["changed since it was copied"]


def test_a_very_large_object_is_copied_in_parts(on_moto: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above S3's limit for one copy, parts are copied, with the object's type and own metadata."""
    monkeypatch.setattr(move, "MOST_IN_ONE_COPY", 1 << 20)
    monkeypatch.setattr(move, "_PART", 5 << 20)
    body = bytes(range(256)) * (11 << 12)
    on_moto.put(on_moto.source, "film.mp4", body, ContentType="video/mp4", Metadata={"made-by": "camera"})
    synced(on_moto)
    assert on_moto.body(on_moto.target, "film.mp4") == body
    head = on_moto.target.client.head_object(Bucket=on_moto.target.name, Key="film.mp4")
    assert (head["ContentType"], head["Metadata"]) == ("video/mp4", {"made-by": "camera"})


def test_production_and_the_source_itself_are_never_targets(pair: Pair) -> None:
    """The bucket of production and the source's own are refused as targets, whatever the plan."""
    plan = Plan(source_count=1)
    same = objections(plan, pair.source, pair.source, "production", limits=LIMITS, deletes=False)
    assert "are one place" in same[0]
    written = objections(plan, pair.source, pair.target, pair.target.name, limits=LIMITS, deletes=False)
    assert "never written" in written[0]


@pytest.mark.parametrize(
    ("before", "now", "deletes", "words"),
    [(1000, 400, 0, "had 1000 last time"), (None, 100, 6_000, "are allowed"), (None, 100, 90, "a share of 20%")],
)
def test_a_suspicious_plan_is_refused(pair: Pair, before: int | None, now: int, deletes: int, words: str) -> None:
    """A source that shrank, and more deletions than are usual, stop everything."""
    plan = Plan(source_count=now, target_count=now)
    plan.changes = [_deletion(number) for number in range(deletes)]
    found = objections(
        plan, pair.source, pair.target, "production", limits=LIMITS, deletes=True, source_count_before=before
    )
    assert words in found[0]


def _deletion(number: int) -> Change:
    return Change(Action.DELETE, f"{number}.jpg", 1, "", "the source has it not")
