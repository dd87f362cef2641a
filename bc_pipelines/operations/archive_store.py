"""The private bucket that holds sanitised archives, their manifests and the reports.

Belongs here: the S3 client's settings and the few calls on that bucket. Does not belong here: media (another bucket,
another job), and raw backups, which never come here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from bc_pipelines.media.bucket import Bucket
from bc_pipelines.operations.errors import OutOfReach
from bc_pipelines.operations.pages import Page

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROOF_OF_ORIGIN = "sha256"


@dataclass(frozen=True)
class Seen:
    """HTTP statuses that a stranger gets: for an object, and for the list of objects."""

    object_status: int
    list_status: int


@dataclass(frozen=True)
class Told:
    """What a store says of itself.

    Attributes:
        blocked: whether all of Amazon's four switches against public access are on, or None where it is not told.
        encryption: how an object is encrypted; empty where it is not told.
        region: where the bucket is; empty where it is not told.
    """

    blocked: bool | None
    encryption: str
    region: str


class ArchiveStore:
    """One bucket of the archive store.

    Every call raises `OutOfReach` where S3 refuses or does not answer.

    Args:
        bucket: its name.
        client: an S3 client; made from the usual `AWS_*` variables if left out.
    """

    def __init__(self, bucket: str, client: S3Client | None = None) -> None:
        self.bucket = bucket
        self._client = client or s3_client()

    def as_bucket(self) -> Bucket:
        """The store as media are moved between."""
        return Bucket(self.bucket, self._client)

    def upload_archive(self, path: Path, key: str, sha256: str) -> None:
        """Store a sanitised archive, encrypted, with its digest beside it.

        Args:
            path: the file.
            key: where to.
            sha256: its digest in hexadecimal, kept as metadata so that a restore can tell that it is the same file.
        """
        extra = {"ServerSideEncryption": "AES256", "Metadata": {PROOF_OF_ORIGIN: sha256}}
        with self._clear_errors("store an archive"):
            self._client.upload_file(str(path), self.bucket, key, ExtraArgs=extra)

    def put_text(self, key: str, text: str, content_type: str) -> None:
        """Store a small text, encrypted."""
        with self._clear_errors("store a text"):
            self._client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=text.encode(),
                ContentType=content_type,
                ServerSideEncryption="AES256",
            )

    def get_text(self, key: str) -> str:
        """Read a small text back."""
        with self._clear_errors("read a text"):
            return self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()

    def size(self, key: str) -> int | None:
        """Size of an object in bytes, or None where there is none."""
        with self._clear_errors("look for an archive"):
            listed = self._client.list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1)
        for found in listed.get("Contents", ()):
            if found["Key"] == key:
                return int(found["Size"])
        return None

    def sha256(self, key: str) -> str:
        """Digest of an object's bytes as they are stored now, in hexadecimal."""
        digest = hashlib.sha256()
        with self._clear_errors("read an archive"):
            for piece in self._client.get_object(Bucket=self.bucket, Key=key)["Body"].iter_chunks(1 << 20):
                digest.update(piece)
        return digest.hexdigest()

    @contextmanager
    def open_archive(self, key: str) -> Iterator[BinaryIO]:
        """An archive as a stream that is read once from its beginning."""
        with self._clear_errors("read an archive"):
            body = self._client.get_object(Bucket=self.bucket, Key=key)["Body"]
            try:
                yield cast("BinaryIO", body)
            finally:
                body.close()

    def signed_url(self, key: str, valid_for: timedelta) -> str:
        """A secret link to one object, for Heroku or a developer's machine to fetch.

        Args:
            key: the object.
            valid_for: how long the link works; a restore reads it once, at its beginning.

        Returns:
            An https URL. Whoever holds it can read the archive: it must not be logged or stored.
        """
        return self._client.generate_presigned_url(
            "get_object",
            Params={"Bucket": self.bucket, "Key": key},
            ExpiresIn=int(valid_for.total_seconds()),
        )

    def delete(self, key: str) -> None:
        """Delete one object; harmless where there is none."""
        with self._clear_errors("delete an archive"):
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def kept_archives(self) -> tuple[tuple[str, datetime], ...]:
        """Archives and lists of accounts that are there, with when they were stored; manifests do not count."""
        return self._kept("archives/", ".dump", ".accounts.json")

    def attachments(self) -> tuple[tuple[str, datetime], ...]:
        """Manifests and reports of resets, with when they were stored."""
        return self._kept("archives/", ".manifest.json") + self._kept("reports/", ".html")

    def _kept(self, prefix: str, *endings: str) -> tuple[tuple[str, datetime], ...]:
        with self._clear_errors("look for leftovers"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return tuple(
                (found["Key"], found["LastModified"])
                for page in pages
                for found in page.get("Contents", ())
                if found["Key"].endswith(endings)
            )

    def keys(self, prefix: str) -> tuple[str, ...]:
        """Keys of all objects that begin so, in alphabetical order."""
        with self._clear_errors("list its archives"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return tuple(sorted(found["Key"] for page in pages for found in page.get("Contents", ())))

    def as_a_stranger(self, key: str) -> Seen:
        """What somebody without a key gets for an object and for the list: two HTTP statuses."""
        import httpx

        address = self._client.generate_presigned_url("get_object", Params={"Bucket": self.bucket, "Key": key})
        unsigned = address.partition("?")[0]
        try:
            return Seen(
                object_status=httpx.get(unsigned, headers={"Range": "bytes=0-0"}, timeout=30).status_code,
                list_status=httpx.get(unsigned.removesuffix(key), timeout=30).status_code,
            )
        except httpx.HTTPError as error:
            raise OutOfReach(f"The archive store {self.bucket} does not answer ({type(error).__name__}).") from None

    def what_it_tells(self, key: str) -> Told:
        """What the store says of itself; many know only part of Amazon's API."""
        from botocore.exceptions import ClientError

        def told(ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - as the store answers
            try:
                return ask()
            except ClientError:
                return None

        block = told(lambda: self._client.get_public_access_block(Bucket=self.bucket))
        head = told(lambda: self._client.head_object(Bucket=self.bucket, Key=key)) or {}
        place = told(lambda: self._client.get_bucket_location(Bucket=self.bucket))
        # Amazon's oldest region has no name here (API reference, GetBucketLocation).
        region = str(place["LocationConstraint"] or "us-east-1") if place and "LocationConstraint" in place else ""
        flags = block and block.get("PublicAccessBlockConfiguration")
        return Told(
            blocked=all(flags.values()) if flags else None,
            encryption=str(head.get("ServerSideEncryption") or ""),
            region=region,
        )

    def delete_leftovers(self, older_than: timedelta, spare: Collection[str]) -> int:
        """Delete the archives and account lists that broken-off resets left; manifests and reports stay.

        Args:
            older_than: what is younger may still be needed.
            spare: keys that stay whatever their age, because the reset under way took them over.

        Returns:
            How many were deleted.
        """
        limit = datetime.now(UTC) - older_than
        leftovers = [key for key, since in self.kept_archives() if since < limit and key not in spare]
        for key in leftovers:
            self.delete(key)
        return len(leftovers)

    @contextmanager
    def _clear_errors(self, what: str) -> Iterator[None]:
        """Say which store and what was tried; S3's own words can hold addresses with signatures."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "no reason")
            why = f"it answered {code}"
        except (BotoCoreError, Boto3Error) as error:
            # What S3 answered to an upload stands behind boto3's own error.
            answer = error.__context__
            code = answer.response.get("Error", {}).get("Code", "no reason") if isinstance(answer, ClientError) else ""
            why = f"it answered {code}" if code else f"it does not answer ({type(error).__name__})"
        else:
            return
        raise OutOfReach(
            f"The archive store {self.bucket} could not {what}: {why}. "
            f"Check the AWS_* variables, the bucket and its permissions. {Page.ARCHIVE_STORE}"
        )


def credentials_from() -> str | None:
    """Where boto3 finds AWS credentials: `env`, `shared-credentials-file`, a machine's role; None where nowhere.

    Raises:
        OutOfReach: what is configured cannot be used, such as a profile that does not exist.
    """
    import boto3

    with _usable():
        found = boto3.session.Session().get_credentials()
    return None if found is None else str(found.method)


def s3_client(attempts: int = 5) -> S3Client:
    """An S3 client that reads region, endpoint and credentials from the usual `AWS_*` variables.

    Signature version 4 is asked for by name because links made with the older one are refused by newer regions
    (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html).

    Raises:
        OutOfReach: what is set there cannot be used.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        response_checksum_validation="when_required",
        request_checksum_calculation="when_required",
        retries={"mode": "standard", "max_attempts": attempts},
    )
    with _usable():
        # A session of its own: boto3's shared one would go on with credentials that it found earlier.
        return boto3.session.Session().client("s3", config=config)


@contextmanager
def _usable() -> Iterator[None]:
    """Say where to look when what is configured for AWS on this machine cannot even be read."""
    from botocore.exceptions import BotoCoreError

    try:
        yield
    except (BotoCoreError, ValueError) as error:
        raise OutOfReach(
            f"What is set for AWS on this machine cannot be used ({type(error).__name__}). Look at AWS_PROFILE, the "
            "other AWS_* variables and the files in ~/.aws. Nothing was changed."
        ) from None
