"""What the keys at hand may do in the archive store and in the buckets of media.

Belongs here: one listing of one object, and an upload that is begun and taken back. Does not belong here: anything that
stays in a bucket. Production's bucket is only listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import HerokuError
from bc_pipelines.media.bucket import code_of
from bc_pipelines.media.errors import MediaError
from bc_pipelines.operations import archive_store
from bc_pipelines.operations.errors import OutOfReach, Refused
from bc_pipelines.operations.finding import Finding
from bc_pipelines.operations.media_places import MediaPlaces, Place
from bc_pipelines.settings import Environment
from bc_pipelines.storage import MediaSettings, variable_names

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TRIED = "bucks-doctor-tried-to-write"


def store(bucket: str, environments: Mapping[str, Environment]) -> Iterator[Finding]:
    """Whether archives for developers can be fetched, and what else the keys may do there."""
    about = f"Archive store: {bucket}"
    try:
        source, client = archive_store.credentials_from(), archive_store.s3_client(attempts=2)
    except OutOfReach as reason:
        yield Finding(about, "wrong", str(reason), "Correct the AWS_* variables, or take them away.")
        return
    if source is None:
        yield Finding(
            about,
            "not set",
            "There are no AWS credentials here (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, a role).",
            "docs/pulling.md says which key a developer gets.",
        )
        return
    refused = _list(client, bucket, "local/")
    if refused:
        words = f"The AWS credentials ({source}) may not list local/: {refused}."
        yield Finding(about, "wrong", words, "docs/pulling.md has the policy that they need.")
        return
    held = [f"{name}: {_newest(client, bucket, name)}" for name in environments]
    resets = "may" if not _list(client, bucket, "archives/") else "may not"
    yield Finding(
        about,
        "works",
        f"The AWS credentials ({source}) may read local/, {resets} list a reset's archives, and "
        f"{_writes(client, bucket)}. Newest for developers: {'; '.join(held)}.",
    )


def media(
    said: MediaSettings, environments: Mapping[str, Environment], client: HerokuClient | None
) -> Iterator[Finding]:
    """Whether each environment's bucket of media can be read and, but for production's, written."""
    places = MediaPlaces(said, environments, client.config_vars if client else None)
    for name, environment in environments.items():
        about = f"Media: {name}"
        try:
            place = places.place(name)
            refusal = _refusal_to_write(places, name) if environment.writable else ""
        except Refused as reason:
            yield Finding(about, "not set", str(reason))
            continue
        except HerokuError as error:
            yield Finding(about, "wrong", error.happened, error.next_step)
            continue
        if refusal:
            yield Finding(about, "wrong", refusal, "Correct media_bucket, or AWS_STORAGE_BUCKET_NAME of the app.")
            continue
        try:
            yield _bucket(about, place, writable=environment.writable, own=name in said.keys)
        except MediaError as error:
            yield Finding(about, "wrong", str(error), "Correct the AWS_* variables, or take them away.")


def _refusal_to_write(places: MediaPlaces, name: str) -> str:
    """Why an environment's bucket is not even tried to be written to: it is production's; empty where it may be."""
    try:
        places.refuse_unwritable(name)
    except Refused as reason:
        return str(reason)
    return ""


def _bucket(about: str, place: Place, *, writable: bool, own: bool) -> Finding:
    client = place.open(place.keys).client
    source = " and ".join(variable_names(place.environment)) if own else "the app's config vars"
    refused = _list(client, place.bucket, "")
    if refused:
        words = f"The keys of {source} may not list {place.bucket}: {refused}."
        return Finding(about, "wrong", words, "Correct the bucket's name or region, or what the keys may do.")
    writes = _writes(client, place.bucket) if writable else "are not used to write"
    return Finding(about, "works", f"The keys of {source} may read {place.bucket}, and {writes}.")


def _list(client: S3Client, bucket: str, prefix: str) -> str:
    """Why the keys may not list a folder, in S3's own code; empty where they may."""
    return _refusal(lambda: client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1))


def _newest(client: S3Client, bucket: str, environment: str) -> str:
    prefix = f"local/{environment}/"
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = [(each["Key"], each["LastModified"]) for page in pages for each in page.get("Contents", ())]
    stored = [moment for key, moment in found if key.endswith(".json")]
    return f"{max(stored):%d %B %Y %H:%M} UTC" if stored else "none"


def _writes(client: S3Client, bucket: str) -> str:
    begun: dict[str, str] = {}

    def begin() -> None:
        begun["id"] = client.create_multipart_upload(Bucket=bucket, Key=_TRIED)["UploadId"]

    refused = _refusal(begin)
    if refused:
        return f"may not write ({refused})"
    left = _refusal(lambda: client.abort_multipart_upload(Bucket=bucket, Key=_TRIED, UploadId=begun["id"]))
    return "may write" + (f" (the upload that was begun could not be taken back: {left})" if left else "")


def _refusal(attempt: Callable[[], object]) -> str:
    """S3's code for why something cannot be done, such as AccessDenied; empty where it can."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        attempt()
    # The last two are of answers that are not S3's.
    except (ClientError, BotoCoreError, Boto3Error, ResponseParserError, ValueError) as error:
        return code_of(error)
    return ""
