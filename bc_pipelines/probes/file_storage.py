"""One S3 bucket: what it says of itself, and what somebody without a key gets from it.

Nothing is written, and no right is tried out by changing something: who may write is read from policy and access list.
Does not belong here: which bucket is whose, and the objects themselves (see `media`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from bc_pipelines.probes.told import Untold, within

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")
# Where Wagtail puts renditions, which pages show, and originals.
_FOLDERS = ("images/", "original_images/")
# The two groups of strangers in access lists; anybody can have an Amazon account (S3 manual, "Access control list").
_STRANGERS = ("/global/AllUsers", "/global/AuthenticatedUsers")
# What S3 tells a stranger; 400 where an object is encrypted by KMS, which asks for a signature (S3 manual, "Error
# responses"), but also where an address does not lead to the bucket's region, and that is no answer.
_REFUSED = (400, 401, 403)
# Seconds for one question, however slowly its answer comes.
_AT_MOST = 30.0
NOT_S3S = "an answer that is not S3's"
_ELSEWHERE = "IllegalLocationConstraintException"


@dataclass(frozen=True)
class Grant:
    """A statement of a bucket's policy that lets anybody do something.

    Attributes:
        actions: as it names them, such as `s3:GetObject`; `*` where it names only what it does not allow.
        conditional: whether it holds only under a condition, such as an address.
    """

    actions: tuple[str, ...]
    conditional: bool


@dataclass(frozen=True)
class Switches:
    """Amazon's four switches against public access, of the bucket."""

    block_acls: bool
    ignore_acls: bool
    block_policy: bool
    restrict_buckets: bool


@dataclass(frozen=True)
class FileStorage:
    """What is known of a bucket.

    Attributes:
        bucket: its name.
        region: where it is.
        policy_is_public: what Amazon says of the bucket's policy as a whole; False where there is none.
        grants: what the policy lets anybody do.
        acl: what the bucket's access list lets anybody do, such as `READ`, which is to list.
        switches: against public access.
        encryption: by which objects are encrypted unless they say otherwise; empty for none.
        versioning: `Enabled`, `Suspended` or `off`.
        image: key of the image that was asked for; empty where there is none.
        image_readable: whether somebody without a key gets that image.
        listable: whether somebody without a key gets the list of objects.
    """

    bucket: str
    region: str | Untold
    policy_is_public: bool | Untold
    grants: tuple[Grant, ...] | Untold
    acl: tuple[str, ...] | Untold
    switches: Switches | Untold
    encryption: str | Untold
    versioning: str | Untold
    # Every upload may bring another to the beginning of the list.
    image: str | Untold = field(compare=False)
    image_readable: bool | Untold
    listable: bool | Untold


def client(
    access_key: str | None = None,
    secret_key: str | None = None,
    *,
    region: str | None = None,
    endpoint: str | None = None,
) -> S3Client:
    """Make an S3 client that waits for seconds, not minutes; one that signs nothing where no key is given.

    Args:
        access_key: of an identity; none for a stranger.
        secret_key: of the same.
        region: of the bucket; botocore's usual places if left out.
        endpoint: another S3 than Amazon's; botocore's usual places if left out.
    """
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.session import get_session

    config = Config(
        user_agent="bc-pipelines",
        signature_version="s3v4" if access_key else UNSIGNED,
        connect_timeout=5,
        read_timeout=15,
        retries={"mode": "standard", "total_max_attempts": 2},
    )
    made = get_session().create_client(
        "s3",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=config,
    )
    return cast("S3Client", made)


def look(bucket: str, owner: S3Client, stranger: S3Client, domain: str = "") -> FileStorage:
    """Ask a bucket what it is like.

    Args:
        bucket: its name.
        owner: a client with keys that may read the bucket's settings; what they may not read is not told.
        stranger: a client without keys.
        domain: host at which the site shows its media, where that is not the bucket's own.

    Returns:
        What was told; never raises for what S3 answers.
    """
    image = _asked(lambda: _an_image(owner, bucket))
    readable: bool | Untold = Untold("there is no image") if image == "" else Untold("no image is known")
    if isinstance(image, str) and image:
        key = image
        if domain:
            readable = within(_AT_MOST, lambda: _at(f"https://{domain}/{key}"))
        else:
            readable = _given(lambda: stranger.get_object(Bucket=bucket, Key=key, Range="bytes=0-0")["Body"].close())
    # Asked so because other servers than Amazon's answer the question for it, and for versions, with a list of objects,
    # which would pass for the oldest region and for "off".
    region = _asked(lambda: owner.head_bucket(Bucket=bucket)["BucketRegion"])
    policy = _asked(lambda: owner.get_bucket_policy(Bucket=bucket)["Policy"], NoSuchBucketPolicy="")
    return FileStorage(
        bucket=bucket,
        region=region,
        policy_is_public=_asked(
            lambda: bool(owner.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"]),
            NoSuchBucketPolicy=False,
        ),
        grants=policy if isinstance(policy, Untold) else _asked(lambda: tuple(_grants(policy))),
        acl=_asked(lambda: tuple(_permissions(owner.get_bucket_acl(Bucket=bucket)["Grants"]))),
        switches=_asked(
            lambda: _switches(owner.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]),
            NoSuchPublicAccessBlockConfiguration=Switches(False, False, False, False),
        ),
        encryption=_asked(
            lambda: _encryption(owner.get_bucket_encryption(Bucket=bucket)),
            ServerSideEncryptionConfigurationNotFoundError="",
        ),
        versioning=region
        if isinstance(region, Untold)
        else _asked(lambda: str(owner.get_bucket_versioning(Bucket=bucket).get("Status", "off"))),
        image=image,
        image_readable=readable,
        listable=_given(lambda: stranger.list_objects_v2(Bucket=bucket, MaxKeys=1)),
    )


def _asked(ask: Callable[[], T], **absent: T) -> T | Untold:
    """An answer; S3 says by an error's code that something is not set, and that is an answer too."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        return within(_AT_MOST, ask)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code") or "no reason")
        return absent[code] if code in absent else Untold(code)
    except BotoCoreError as error:
        return Untold(type(error).__name__)
    except (ResponseParserError, ValueError, KeyError, TypeError, AttributeError):
        return Untold(NOT_S3S)


def _given(ask: Callable[[], object]) -> bool | Untold:
    """Whether a stranger gets it; a server that is busy or elsewhere says neither yes nor no."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        given = within(_AT_MOST, ask)
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        elsewhere = error.response.get("Error", {}).get("Code") == _ELSEWHERE
        return False if status in _REFUSED and not elsewhere else Untold(f"status {status}")
    except (BotoCoreError, ResponseParserError, ValueError) as error:
        return Untold(type(error).__name__)
    return given if isinstance(given, Untold) else True


def _at(address: str) -> bool | Untold:
    import httpx

    try:
        with httpx.stream("GET", address, headers={"Range": "bytes=0-0"}, timeout=15) as answer:
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Untold(type(error).__name__)
    if status in _REFUSED:
        return False
    return True if status in (200, 206) else Untold(f"status {status}")


def _an_image(owner: S3Client, bucket: str) -> str:
    for folder in _FOLDERS:
        found = owner.list_objects_v2(Bucket=bucket, Prefix=folder, MaxKeys=2).get("Contents", [])
        # Some tools put an empty object in place of a folder.
        keys = [each["Key"] for each in found if each["Key"] != folder]
        if keys:
            return keys[0]
    return ""


def _grants(policy: str) -> Iterator[Grant]:
    statements = json.loads(policy)["Statement"] if policy else []
    for statement in _many(statements):
        if statement["Effect"] == "Allow" and _is_anybody(statement):
            actions = tuple(str(action) for action in _many(statement.get("Action", "*")))
            yield Grant(actions, conditional=bool(statement.get("Condition")))


def _is_anybody(statement: dict[str, Any]) -> bool:
    if "NotPrincipal" in statement:
        return True
    principal = statement.get("Principal")
    return "*" in _many(principal.get("AWS", []) if isinstance(principal, dict) else principal)


def _many(value: Any) -> list[Any]:  # noqa: ANN401 - a policy has one thing or a list of them
    return value if isinstance(value, list) else [value]


def _permissions(grants: list[Any]) -> Iterator[str]:
    for grant in grants:
        if str(grant["Grantee"].get("URI", "")).endswith(_STRANGERS):
            yield str(grant["Permission"])


def _switches(block: Any) -> Switches:  # noqa: ANN401 - as S3 answers
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    return Switches(*(bool(block.get(name)) for name in names))


def _encryption(answer: Any) -> str:  # noqa: ANN401 - as S3 answers
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
    return str(rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"])
