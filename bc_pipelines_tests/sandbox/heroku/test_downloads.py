"""Backup downloads: signed addresses as S3's, ranges, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines.sandbox.heroku import signing
from bc_pipelines_tests.sandbox.heroku.simulated import PRODUCTION, Simulated
from bc_pipelines_tests.waiting import until

MOMENT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY, HOST, PATH = b"invented key", "127.0.0.1:443", "/xfer-bucket/app/backup"


@pytest.fixture
def visitor(simulated: Simulated) -> Iterator[httpx.Client]:
    """Somebody without a token."""
    with httpx.Client(verify=simulated.context) as client:
        yield client


@pytest.fixture
def url(simulated: Simulated) -> str:
    """A good address of a good backup."""
    return simulated.public_url(simulated.backup()["num"])


def code(answer: httpx.Response) -> str | None:
    """S3's code of an error."""
    assert answer.headers["content-type"] == "application/xml"
    return ElementTree.fromstring(answer.text).findtext("Code")  # noqa: S314 - the simulator's own answer


def test_a_public_url_looks_like_s3s_and_lasts_an_hour(simulated: Simulated) -> None:
    """The answer has S3's six query members and says when it expires, in the Data API's form."""
    num = simulated.backup()["num"]
    answer = simulated.api.post(f"/client/v11/apps/{PRODUCTION}/transfers/{num}/actions/public-url").json()
    query = parse_qs(urlsplit(answer["url"]).query)
    names = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
    assert list(query) == [f"X-Amz-{name}" for name in names]
    assert query["X-Amz-Expires"] == ["3600"]
    begin = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%S%z")
    assert answer["expires_at"] == (begin + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S +0000")


def test_a_backup_can_be_read_in_ranges(visitor: httpx.Client, url: str) -> None:
    """Pieces by Range with If-Match and If-Range make the same bytes as the whole, each with the same ETag."""
    whole = visitor.get(url)
    assert whole.status_code == 200
    assert whole.content[:5] == b"PGDMP"
    assert whole.headers["content-length"] == str(len(whole.content))
    etag, middle = whole.headers["etag"], len(whole.content) // 2
    first = visitor.get(url, headers={"Range": f"bytes=0-{middle - 1}", "If-Match": etag})
    second = visitor.get(url, headers={"Range": f"bytes={middle}-", "If-Range": etag})
    assert (first.status_code, second.status_code) == (206, 206)
    assert second.headers["content-range"] == f"bytes {middle}-{len(whole.content) - 1}/{len(whole.content)}"
    assert first.content + second.content == whole.content
    assert first.headers["etag"] == second.headers["etag"] == etag


def test_conditions_that_do_not_hold(visitor: httpx.Client, url: str) -> None:
    """Another ETag is refused by If-Match and makes If-Range send everything; a range beyond the end is 416."""
    assert code(visitor.get(url, headers={"If-Match": '"other"'})) == "PreconditionFailed"
    assert visitor.get(url, headers={"Range": "bytes=5-", "If-Range": '"other"'}).status_code == 200
    assert visitor.get(url, headers={"Range": "bytes=99999999-"}).status_code == 416


def test_an_address_is_good_for_one_object_and_for_get_only(visitor: httpx.Client, simulated: Simulated) -> None:
    """A changed signature, a removed one, another backup's path, and HEAD are refused with S3's 403."""
    first, second = (simulated.public_url(simulated.backup()["num"]) for _ in range(2))
    forged = first.replace("X-Amz-Expires=3600", "X-Amz-Expires=7200")
    moved = f"{second.partition('?')[0]}?{first.partition('?')[2]}"
    for wrong in (forged, moved, first[:-1]):
        answer = visitor.get(wrong)
        assert (answer.status_code, code(answer)) == (403, "SignatureDoesNotMatch")
    bare = visitor.get(first.partition("?")[0])
    assert (bare.status_code, code(bare)) == (403, "AccessDenied")
    assert visitor.head(first).status_code == 403


def test_an_address_expires(visitor: httpx.Client, simulated: Simulated) -> None:
    """An address that was asked for with a short life is refused with S3's words after it."""
    url = simulated.public_url(simulated.backup()["num"], ttl=1)
    until(lambda: visitor.get(url).status_code == 403)
    answer = visitor.get(url)
    assert code(answer) == "AccessDenied"
    assert "Request has expired" in answer.text


@pytest.mark.parametrize("ttl", [0, -1, "60", 10**9])
def test_a_silly_life_is_refused(simulated: Simulated, ttl: object) -> None:
    """A ttl that is no number of seconds within a week is refused."""
    path = f"/client/v11/apps/{PRODUCTION}/transfers/{simulated.backup()['num']}/actions/public-url"
    assert simulated.api.post(path, json={"ttl": ttl}).status_code == 422


def test_only_a_good_backup_has_an_address(simulated: Simulated) -> None:
    """A failed backup and an unknown number have none."""
    simulated.fault(on="transfer", kind="fail", message="pg_dump: error: out of disk")
    failed = simulated.finished(PRODUCTION, simulated.capture())
    for num in (failed["num"], 99999):
        path = f"/client/v11/apps/{PRODUCTION}/transfers/{num}/actions/public-url"
        assert simulated.api.post(path).status_code == 404


@given(ttl=st.integers(1, 604800), offset=st.integers(-700000, 700000))
def test_a_signature_is_good_until_its_end(ttl: int, offset: int) -> None:
    """For every life, an address is good before its end and expired from its end on."""
    query = dict(httpx.QueryParams(signing.sign(KEY, HOST, PATH, MOMENT, ttl)))
    moment = signing.expiry(query) + timedelta(seconds=offset)
    assert signing.verify(KEY, "GET", HOST, PATH, query, moment) == ("good" if offset < 0 else "expired")


@given(name=st.sampled_from(sorted(dict(httpx.QueryParams(signing.sign(KEY, HOST, PATH, MOMENT, 60))))), text=st.text())
def test_no_part_of_a_signed_address_can_be_changed(name: str, text: str) -> None:
    """Any other value of any member of the query makes it forged, or unsigned where the signature itself is gone."""
    query = dict(httpx.QueryParams(signing.sign(KEY, HOST, PATH, MOMENT, 60)))
    changed = {**query, name: text}
    expected = {"forged", "unsigned"} if changed != query else {"good"}
    assert signing.verify(KEY, "GET", HOST, PATH, changed, MOMENT) in expected
