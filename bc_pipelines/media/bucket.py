"""One bucket as this package sees it: a client, a name and a prefix; and S3's errors in plain words.

Does not belong here: what is done with its objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, cast

from bc_pipelines.media import pages
from bc_pipelines.media.errors import MediaError

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from mypy_boto3_s3 import S3Client

AT_ONCE = 32
"""Requests under way at the same time: what one process can make while each takes some tens of milliseconds."""


@dataclass(frozen=True)
class Bucket:
    """A bucket, or the part of one below a prefix.

    Attributes:
        name: the bucket's name.
        client: how it is reached; never shown.
        prefix: only keys that begin with it are seen; keys keep it.
    """

    name: str
    client: S3Client = field(repr=False)
    prefix: str = ""

    def __str__(self) -> str:
        return f"s3://{self.name}/{self.prefix}"


def client(
    access_key: str | None = None,
    secret_key: str | None = None,
    *,
    region: str | None = None,
    endpoint: str | None = None,
) -> S3Client:
    """Make an S3 client.

    Args:
        access_key: of an identity; botocore's usual places if left out.
        secret_key: of the same.
        region: of the buckets; botocore's usual places if left out.
        endpoint: another S3 than Amazon's; botocore's usual places if left out.

    Returns:
        botocore's client, without what boto3 adds to it (`upload_file` and the like).

    Raises:
        MediaError: what botocore finds in its usual places cannot be used, such as a profile that does not exist.
    """
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.session import get_session

    config = Config(
        # The buckets' access logs show who it was; botocore puts its own name together anew for each request, which
        # takes longer than to sign it.
        user_agent="bc-pipelines",
        signature_version="s3v4",
        response_checksum_validation="when_required",
        request_checksum_calculation="when_required",
        # Amazon answers 503 until it has split a busy prefix (S3 manual, "Optimizing performance").
        retries={"mode": "adaptive", "max_attempts": 8},
        max_pool_connections=AT_ONCE + 2,
    )
    try:
        # A session of its own: a shared one would go on with credentials that it found earlier.
        session = get_session()
        session.register_component("data_loader", _models(session.get_config_variable("data_path")))
        pages.read_times_quickly(session)
        made = session.create_client(
            "s3",
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=config,
        )
    except (BotoCoreError, ValueError) as error:
        raise MediaError(
            f"S3 cannot be reached as this machine is set up ({type(error).__name__}): look at AWS_PROFILE, the other "
            "AWS_* variables and the files in ~/.aws. No object was touched."
        ) from None
    s3 = cast("S3Client", made)
    pages.read_quickly(s3)
    return s3


@cache
def _models(path: str | None) -> Loader:
    """Botocore's descriptions of S3, of which each session would read a megabyte again."""
    from botocore.loaders import create_loader

    return create_loader(path)


def code_of(error: Exception) -> str:
    """S3's code of an error, such as NoSuchKey, or the kind of the error where S3 did not answer."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


@contextmanager
def clear_errors(doing: str, bucket: Bucket) -> Iterator[None]:
    """Say what was tried on which bucket; S3's own words can hold addresses with signatures.

    Args:
        doing: as "list" or "copy to".
        bucket: the bucket.

    Raises:
        MediaError: in place of botocore's errors.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    # The last two are of answers that are not S3's.
    except (ClientError, BotoCoreError, ResponseParserError, ValueError) as error:
        raise MediaError(
            f"Could not {doing} {bucket} ({code_of(error)}). Look at the bucket's name, region and keys, and at what "
            "the identity may do there; then start again, which goes on where this stopped."
        ) from None
