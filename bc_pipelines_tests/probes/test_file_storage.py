"""What a bucket tells of itself and gives to strangers, asked of two real S3 servers.

Moto's gives everything to everybody whatever a policy says; rclone's gives strangers nothing and knows no policies.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Literal

import pytest

from bc_pipelines.probes.file_storage import FileStorage, Grant, Switches, client, look
from bc_pipelines.probes.told import Untold, version_of
from bc_pipelines_tests.media import servers

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NUMBERS = count(1)
_REGION: Literal["eu-west-2"] = "eu-west-2"


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The addresses of both servers."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("rclone")
        yield {"rclone": stack.enter_context(servers.rclone(folder)), "moto": stack.enter_context(servers.moto())}


def owner(address: str) -> "S3Client":
    """A client with keys."""
    return client(servers.ACCESS_KEY, servers.SECRET_KEY, region=_REGION, endpoint=address)


def new_bucket(address: str) -> str:
    """Make a bucket with one image."""
    name = f"media-{next(_NUMBERS)}"
    owner(address).create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": _REGION})
    owner(address).put_object(Bucket=name, Key="images/bridge.jpg", Body=b"picture")
    return name


def seen(address: str, bucket: str) -> FileStorage:
    """One look."""
    return look(bucket, owner(address), client(region=_REGION, endpoint=address))


def put_policy(address: str, bucket: str, *statements: dict[str, object]) -> None:
    """Give a bucket a policy."""
    usual = {"Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}
    policy = {"Version": "2012-10-17", "Statement": [{**usual, **statement} for statement in statements]}
    owner(address).put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def test_a_bucket_on_which_nothing_is_set(addresses: dict[str, str]) -> None:
    """What is not set is told as such, not as unknown."""
    bucket = new_bucket(addresses["moto"])
    found = seen(addresses["moto"], bucket)
    assert (found.region, found.policy_is_public, found.grants, found.acl) == (_REGION, False, (), ())
    assert found.switches == Switches(False, False, False, False)
    assert found.versioning == "off"
    assert found.image == "images/bridge.jpg"


def test_a_bucket_on_which_everything_is_set(addresses: dict[str, str]) -> None:
    """Policy, access list, switches, encryption and versions are read; another look is another version."""
    address, bucket = addresses["moto"], new_bucket(addresses["moto"])
    # Some tools put an empty object in place of a folder.
    owner(address).put_object(Bucket=bucket, Key="images/", Body=b"")
    before = seen(address, bucket)
    s3 = owner(address)
    s3.put_bucket_acl(Bucket=bucket, GrantWrite='uri="http://acs.amazonaws.com/groups/global/AllUsers"')
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    )
    put_policy(
        address,
        bucket,
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"},
        {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:PutObject"], "Condition": _FROM_HERE},
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "s3:*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject"},
    )
    found = seen(address, bucket)
    assert found.policy_is_public is True
    assert found.grants == (Grant(("s3:GetObject",), False), Grant(("s3:PutObject",), True))
    assert found.acl == ("WRITE",)
    assert (found.encryption, found.versioning) == ("AES256", "Enabled")
    assert found.image_readable is True
    assert found.listable is True
    assert version_of(found) != version_of(before)
    assert version_of(found) == version_of(seen(address, bucket))
    # That another image is the first of the list is no change of the bucket's.
    assert version_of(replace(found, image="images/a.jpg")) == version_of(found)
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
    )
    assert seen(address, bucket).switches == Switches(True, True, False, True)


_FROM_HERE = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}


def test_a_server_that_gives_strangers_nothing_and_knows_no_policies(addresses: dict[str, str]) -> None:
    """A refusal to a stranger is a no; a question that the server does not know is not answered."""
    found = seen(addresses["rclone"], new_bucket(addresses["rclone"]))
    assert found.image_readable is False
    assert found.listable is False
    untold = (found.policy_is_public, found.grants, found.encryption, found.versioning, found.region)
    assert set(untold) == {Untold("an answer that is not S3's")}


@pytest.mark.parametrize("status", [403, 429, 500])
def test_a_server_that_says_neither_yes_nor_no(status: int) -> None:
    """Nothing is taken for an answer that is none; only a refusal to a stranger is one."""
    with servers.evasive(status) as address:
        found = look("media", owner(address), client(region=_REGION, endpoint=address))
    told = [name for name, value in vars(found).items() if not isinstance(value, Untold)]
    assert told == (["bucket", "listable"] if status == 403 else ["bucket"])
    assert found.listable is False or isinstance(found.listable, Untold)


def test_a_server_that_is_not_there() -> None:
    """Nothing is known, and nothing is raised."""
    there = servers.nowhere().meta.endpoint_url
    found = look("media", owner(there), client(region=_REGION, endpoint=there))
    assert found.listable == Untold("EndpointConnectionError")
    assert found.versioning == Untold("EndpointConnectionError")
