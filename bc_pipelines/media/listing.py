"""Every object of a bucket, in the order of keys, a page at a time.

What could not be listed is unknown, never absent: any failure ends the listing with an error, and so does a listing
that is not in order, which some servers give (aws-cli#8470) and which would make a merge of two listings wrong. Nor is
one that begins before it was asked to: its keys would be in two parts of a plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from bc_pipelines.media.bucket import Bucket, clear_errors
from bc_pipelines.media.errors import MediaError

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef


class Item(NamedTuple):
    """An object as a listing shows it, or a file as if it were one.

    Attributes:
        key: its whole key.
        size: in bytes.
        etag: without quotes; the MD5 of its bytes unless it was uploaded in parts (then `…-N`) or is encrypted by KMS.
            A file has none; in its place is `@` and the time of its last change.
        modified: when it was written.
    """

    key: str
    size: int
    etag: str
    modified: datetime

    @property
    def in_parts(self) -> bool:
        """Whether it was uploaded in parts, so that its ETag depends on their size."""
        return "-" in self.etag

    @property
    def is_file(self) -> bool:
        """Whether it is a file in a folder, whose bytes must be read to be known."""
        return self.etag.startswith("@")


@dataclass
class Span:
    """A part of all keys.

    Attributes:
        after: begins behind this key.
        until: ends with this one; may become smaller while the span is listed. No end if None.
    """

    after: str = ""
    until: str | None = None

    def holds(self, key: str) -> bool:
        """Whether a key comes before its end."""
        return self.until is None or key <= self.until


def listing(bucket: Bucket, span: Span | None = None) -> Iterator[Item]:
    """List a bucket. The first page is asked for at once, so that two listings wait together; each next one meanwhile.

    Args:
        bucket: what to list.
        span: a part of its keys; all if left out. What lies behind its end may be listed too.

    Returns:
        Its objects in the order of their keys as UTF-8, which is S3's own (S3 manual, ListObjectsV2), and Python's too:
            bytes of UTF-8 and code points have one order.

    Raises:
        MediaError: while they are taken: a page could not be had, or came out of order.
    """
    span = span or Span()
    ahead = ThreadPoolExecutor(max_workers=1)
    return _items(bucket, span, ahead, ahead.submit(_page, bucket, span.after, None))


def _items(
    bucket: Bucket, span: Span, ahead: ThreadPoolExecutor, first: Future[ListObjectsV2OutputTypeDef]
) -> Iterator[Item]:
    last = span.after
    following: Future[ListObjectsV2OutputTypeDef] | None = first
    with ahead:
        while following is not None:
            page = following.result()
            contents = page.get("Contents", [])
            token = page["NextContinuationToken"] if page["IsTruncated"] else None
            goes_on = token and not (contents and not span.holds(contents[-1]["Key"]))
            following = ahead.submit(_page, bucket, "", token) if goes_on else None
            for found in contents:
                key = found["Key"]
                if key <= last:
                    raise MediaError(f"The listing of {bucket} is not in order, so nothing can be told from it.")
                last = key
                yield Item(key, found["Size"], found["ETag"].strip('"'), found["LastModified"])


def _page(bucket: Bucket, after: str, token: str | None) -> ListObjectsV2OutputTypeDef:
    where: dict[str, str] = {"ContinuationToken": token} if token else {"StartAfter": after} if after else {}
    with clear_errors("list", bucket):
        page = bucket.client.list_objects_v2(Bucket=bucket.name, Prefix=bucket.prefix, **where)  # type: ignore[arg-type]
    if "IsTruncated" not in page or (page["IsTruncated"] and not page.get("NextContinuationToken")):
        # botocore reads an empty answer as a page without keys, which would be the end.
        raise MediaError(f"A page of the listing of {bucket} is no such thing, so nothing can be told from it.")
    return page
