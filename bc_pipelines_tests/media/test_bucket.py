"""Clients of S3 as media makes them: whose keys they sign with, what they call themselves, how they read times."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bc_pipelines.media.bucket import client
from bc_pipelines_tests.media import servers
from bc_pipelines_tests.media.conftest import Pair
from bc_pipelines_tests.media.test_listing import response


def test_each_client_finds_its_own_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client goes on with the keys of when it was made, and the next one takes those of now."""
    links = []
    for key in ("AKIAFIRST", "AKIASECOND"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
        s3 = client(region="eu-west-2")
        links.append(s3.generate_presigned_url("get_object", Params={"Bucket": "some", "Key": "a.jpg"}))
    assert ["AKIAFIRST" in link for link in links] == [True, False]
    assert "AKIASECOND" in links[1]


def test_requests_say_who_asks(pair: Pair) -> None:
    """The access logs of a bucket show this product's name."""
    names = []

    def note(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        names.append(request.headers["User-Agent"])

    pair.source.client.meta.events.register("before-send.s3", note)
    pair.source.client.list_objects_v2(Bucket=pair.source.name)
    assert names == [b"bc-pipelines"]


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-02T10:00:00.000Z",
        "2026-11-02T10:00:00Z",
        "1793613600",
        "2026-11-02T11:00:00+01:00",
        "Mon, 02 Nov 2026 10:00:00 GMT",
    ],
)
def test_times_of_any_form_are_read(written: str) -> None:
    """Whatever form a server gives times, they are the same time."""
    s3 = servers.nowhere()
    body = f"<CopyObjectResult><LastModified>{written}</LastModified></CopyObjectResult>".encode()

    def answer(request: Any, **_: object) -> Any:  # noqa: ANN401 - botocore's
        return response(request.url, 200, body)

    s3.meta.events.register("before-send.s3", answer)
    copied = s3.copy_object(Bucket="some", Key="a.jpg", CopySource={"Bucket": "other", "Key": "a.jpg"})
    assert copied["CopyObjectResult"]["LastModified"] == datetime(2026, 11, 2, 10, tzinfo=UTC)
