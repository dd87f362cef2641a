"""Whether strangers could read what is put into a bucket."""

from collections.abc import Callable

import pytest

from bc_pipelines.media.bucket import Bucket, client
from bc_pipelines.media.errors import MediaError
from bc_pipelines.media.strangers import strangers_can_read
from bc_pipelines_tests.media import servers
from bc_pipelines_tests.media.conftest import ELSEWHERE, Pair, make_pair

Evasive = Callable[..., str]


def test_a_closed_bucket(pair: Pair) -> None:
    """Without a policy nobody reads anything; nothing of the trial stays."""
    assert not strangers_can_read(pair.target, "documents/")
    assert pair.keys(pair.target) == []


def test_an_open_bucket(on_moto: Pair) -> None:
    """A policy that lets anybody read is found out although the bucket is empty; nothing of the trial stays."""
    on_moto.open_to_all(on_moto.target)
    assert strangers_can_read(on_moto.target, "documents/")
    assert on_moto.keys(on_moto.target) == []


def test_a_bucket_that_refuses(addresses: dict[str, str]) -> None:
    """Where nothing can be put, nothing is known, which is an error and not a no."""
    bucket = make_pair(addresses["rclone"]).target
    stranger = client(servers.ACCESS_KEY, "another-secret", region="eu-west-2", endpoint=addresses["rclone"])
    with pytest.raises(MediaError, match="SignatureDoesNotMatch"):
        strangers_can_read(Bucket(bucket.name, stranger), "documents/")


@pytest.mark.parametrize(("status", "said"), [(301, b""), (404, b""), (429, b""), (503, b""), (400, ELSEWHERE)])
def test_a_bucket_that_says_neither_yes_nor_no(evasive: Evasive, status: int, said: bytes) -> None:
    """A server that is busy or elsewhere has not said that strangers cannot read: nothing is known."""
    bucket = Bucket("staging", client("key", "secret", region="eu-west-2", endpoint=evasive(status, said)))
    with pytest.raises(MediaError, match=f"status {status}, neither yes nor no"):
        strangers_can_read(bucket, "documents/")
