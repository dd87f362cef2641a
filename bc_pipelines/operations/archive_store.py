"""The private bucket that holds sanitised archives, their manifests and the reports.

Belongs here: the S3 client's settings and the few calls on that bucket. Does not belong here: media (another bucket,
another job), and raw backups, which never come here.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROOF_OF_ORIGIN = "sha256"


class ArchiveStore:
    """One bucket of the archive store.

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
        self._client.upload_file(
            str(path),
            self.bucket,
            key,
            ExtraArgs={"ServerSideEncryption": "AES256", "Metadata": {PROOF_OF_ORIGIN: sha256}},
        )

    def put_text(self, key: str, text: str, content_type: str) -> None:
        """Store a small text, encrypted."""
        self._client.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=text.encode(),
            ContentType=content_type,
            ServerSideEncryption="AES256",
        )

    def get_text(self, key: str) -> str:
        """Read a small text back."""
        return self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()

    def size(self, key: str) -> int | None:
        """Size of an object in bytes, or None where there is none."""
        listed = self._client.list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1)
        for found in listed.get("Contents", ()):
            if found["Key"] == key:
                return int(found["Size"])
        return None

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
        self._client.delete_object(Bucket=self.bucket, Key=key)


def s3_client() -> S3Client:
    """An S3 client that reads region, endpoint and credentials from the usual `AWS_*` variables.

    Signature version 4 is asked for by name because links made with the older one are refused by newer regions
    (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html).
    """
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        config=Config(
            signature_version="s3v4",
            response_checksum_validation="when_required",
            request_checksum_calculation="when_required",
            retries={"mode": "standard", "max_attempts": 5},
        ),
    )
