"""Pairs of buckets, on each of the two servers."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from bc_pipelines.media.bucket import Bucket, client
from bc_pipelines_tests.media import servers

_NUMBERS = count(1)


@dataclass
class Pair:
    """A source and a target, and every request that was sent since ``requests`` was last cleared.

    Attributes:
        source: as a production's bucket.
        target: as a staging's.
        requests: names of S3's operations, in the order in which they were sent.
        sent: the parameters of each.
    """

    source: Bucket
    target: Bucket
    requests: list[str] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)

    def put(self, bucket: Bucket, key: str, body: bytes = b"picture", **extra: Any) -> None:  # noqa: ANN401 - as boto3
        """Put an object."""
        bucket.client.put_object(Bucket=bucket.name, Key=key, Body=body, **extra)

    def body(self, bucket: Bucket, key: str) -> bytes:
        """An object's bytes."""
        return bucket.client.get_object(Bucket=bucket.name, Key=key)["Body"].read()

    def open_to_all(self, bucket: Bucket) -> None:
        """Let anybody read every object, as buckets of public media do."""
        anybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
        statement = {**anybody, "Resource": f"arn:aws:s3:::{bucket.name}/*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        bucket.client.put_bucket_policy(Bucket=bucket.name, Policy=json.dumps(policy))

    def keys(self, bucket: Bucket) -> list[str]:
        """Every key, as the server lists it."""
        pages = bucket.client.get_paginator("list_objects_v2").paginate(Bucket=bucket.name)
        return [found["Key"] for page in pages for found in page.get("Contents", ())]


@pytest.fixture(scope="session")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The addresses of both servers."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("rclone")
        yield {"rclone": stack.enter_context(servers.rclone(folder)), "moto": stack.enter_context(servers.moto())}


def make_pair(address: str) -> Pair:
    """Two new buckets on a server."""
    s3 = client(servers.ACCESS_KEY, servers.SECRET_KEY, region="eu-west-2", endpoint=address)
    names = [f"{side}-{next(_NUMBERS)}" for side in ("production", "staging")]
    for name in names:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    pair = Pair(Bucket(names[0], s3), Bucket(names[1], s3))

    def note(params: dict[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        pair.requests.append(model.name)
        pair.sent.append(params)

    s3.meta.events.register("before-parameter-build.s3", note)
    return pair


@pytest.fixture(params=["rclone", "moto"])
def pair(addresses: dict[str, str], request: pytest.FixtureRequest) -> Pair:
    """Two new buckets on each server in turn."""
    return make_pair(addresses[request.param])


@pytest.fixture
def on_moto(addresses: dict[str, str]) -> Pair:
    """Two new buckets on the server that knows parts and tags."""
    return make_pair(addresses["moto"])


@pytest.fixture
def on_rclone(addresses: dict[str, str]) -> Pair:
    """Two new buckets on the server that looks at keys."""
    return make_pair(addresses["rclone"])


@pytest.fixture
def evasive() -> Iterator[Callable[..., str]]:
    """Make a server that takes whatever is put and deleted, and answers every question the same; its address."""
    with ExitStack() as stack:
        yield lambda *answer: stack.enter_context(servers.evasive(*answer))


ELSEWHERE = b"<Error><Code>IllegalLocationConstraintException</Code></Error>"
"""What S3 says with 400 where an address does not lead to the bucket's region."""
