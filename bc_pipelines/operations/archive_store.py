"""The private bucket that holds sanitised archives, their manifests and the reports.

Belongs here: the S3 client's settings and the few calls on that bucket. Does not belong here: media (another bucket,
another job), and raw backups, which never come here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bc_pipelines.operations.errors import OutOfReach

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROOF_OF_ORIGIN = "sha256"


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

    def signed_url(self, key: str, valid_for: timedelta) -> str:
        """A secret link to one object, for Heroku to fetch.

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

    def delete_leftovers(self, older_than: timedelta, spare: Collection[str]) -> int:
        """Delete the archives and account lists that broken-off resets left; manifests and reports stay.

        Args:
            older_than: what is younger may still be needed.
            spare: keys that stay whatever their age, because the reset under way took them over.

        Returns:
            How many were deleted.
        """
        limit = datetime.now(UTC) - older_than
        with self._clear_errors("look for leftovers"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="archives/")
            leftovers = [
                found["Key"]
                for page in pages
                for found in page.get("Contents", ())
                if found["Key"].endswith((".dump", ".accounts.json"))
                and found["LastModified"] < limit
                and found["Key"] not in spare
            ]
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
            why = f"it does not answer ({type(error).__name__})"
        else:
            return
        raise OutOfReach(
            f"The archive store {self.bucket} could not {what}: {why}. "
            "Check the AWS_* variables, the bucket and its permissions."
        )


def s3_client() -> S3Client:
    """An S3 client that reads region, endpoint and credentials from the usual `AWS_*` variables.

    Signature version 4 is asked for by name because links made with the older one are refused by newer regions
    (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html).
    """
    import boto3
    from botocore.config import Config

    # A session of its own: boto3's shared one would go on with credentials that it found earlier.
    return boto3.session.Session().client(
        "s3",
        config=Config(
            signature_version="s3v4",
            response_checksum_validation="when_required",
            request_checksum_calculation="when_required",
            retries={"mode": "standard", "max_attempts": 5},
        ),
    )
