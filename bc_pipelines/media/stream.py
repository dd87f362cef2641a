"""Copies between buckets that no single identity can reach: each object passes through this process.

For when there is no identity that may read the source and write the target, which a copy inside S3 needs. Small objects
pass whole and so keep their ETag; large ones pass in parts. Memory has a budget, whatever the objects' sizes.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from mmap import mmap
from threading import Condition
from typing import IO, Any, cast
from urllib.parse import urlencode

from bc_pipelines.media.bucket import Bucket
from bc_pipelines.media.errors import ChangedMeanwhile
from bc_pipelines.media.move import Moved, OnProgress, belongings, each, in_parts, quoted
from bc_pipelines.media.plan import Change, Plan

MEMORY = 128 << 20
"""Bytes of objects that are held at the same time."""

_MOST_WHOLE = 32 << 20
# As boto3 and so Django uploads, so that what they uploaded keeps its ETag too.
_PART = 8 << 20
_MOST_PARTS = 10_000  # S3 manual, "Multipart upload limits"
_PIECE = 256 << 10
_TRIES = 3


def stream(plan: Plan, source: Bucket, target: Bucket, on_progress: OnProgress | None = None) -> Moved:
    """Copy what a plan copies and replaces, read by the source's identity and written by the target's.

    Args:
        plan: that the guard has let through.
        source: where from.
        target: where to.
        on_progress: called with objects and bytes done so far.

    Returns:
        What was done; it is for the caller to insist on it.
    """
    budget = _Budget(MEMORY)
    return each(plan, lambda change: _one(change, source, target, budget), on_progress)


class _Budget:
    """Bytes that may be in memory; who wants more than there are waits.

    They come from the system and go back to it at once: what malloc once had for large objects, it keeps (a budget of
    48 MB took 240 MB).
    """

    def __init__(self, size: int) -> None:
        self._left = size
        self._change = Condition()

    @contextmanager
    def taken(self, size: int) -> Iterator[mmap]:
        with self._change:
            self._change.wait_for(lambda: self._left >= size)
            self._left -= size
        try:
            with mmap(-1, max(size, 1)) as place:  # There is no empty one.
                yield place
        finally:
            with self._change:
                self._left += size
                self._change.notify_all()


def _one(change: Change, source: Bucket, target: Bucket, budget: _Budget) -> str:
    """Copy one object as it was listed; the ETag of what came of it."""
    if "-" in change.etag or change.size > _MOST_WHOLE:
        return _in_parts(change, source, target, budget)
    with budget.taken(change.size) as place:
        answer = _read(change, source, place, change.size)
        body = place if change.size else b""
        digest = _md5(body)
        _insist(change, answer, digest.hexdigest())
        put = target.client.put_object(
            Bucket=target.name,
            Key=change.key,
            Body=cast(IO[bytes], body),
            ContentMD5=b64encode(digest.digest()).decode(),
            **belongings(answer),
            **_tags(change, source, answer),
        )
    return put["ETag"].strip('"')


def _in_parts(change: Change, source: Bucket, target: Bucket, budget: _Budget) -> str:
    head = source.client.head_object(Bucket=source.name, Key=change.key, IfMatch=quoted(change.etag))
    size = max(_PART, -(-change.size // _MOST_PARTS))
    whole = _md5()

    def part(upload: str, number: int, span: str) -> str:
        length = min(size, change.size - (number - 1) * size)
        with budget.taken(length) as body:
            _read(change, source, body, length, Range=span)
            whole.update(body)
            if number * size >= change.size and "-" not in change.etag:
                _insist(change, head, whole.hexdigest())
            answer = target.client.upload_part(
                Bucket=target.name,
                Key=change.key,
                UploadId=upload,
                PartNumber=number,
                Body=cast(IO[bytes], body),
                ContentMD5=b64encode(_md5(body).digest()).decode(),
            )
        return answer["ETag"]

    return in_parts(change, target, {**belongings(head), **_tags(change, source, head)}, size, part)


def _read(change: Change, source: Bucket, place: mmap, length: int, **span: Any) -> Mapping[str, Any]:  # noqa: ANN401
    """Fill a place with an object's bytes, or a span of them; what S3 said of the object.

    The client repeats a request that fails, but not the reading of an answer that breaks off.
    """
    import stamina
    from botocore.exceptions import HTTPClientError, IncompleteReadError

    for attempt in stamina.retry_context(on=(HTTPClientError, IncompleteReadError), attempts=_TRIES):
        with attempt:
            place.seek(0)
            answer = source.client.get_object(Bucket=source.name, Key=change.key, IfMatch=quoted(change.etag), **span)
            if answer["ContentLength"] != length:
                raise ChangedMeanwhile(change.key)
            for piece in answer["Body"].iter_chunks(_PIECE):
                place.write(piece)
    place.seek(0)
    return answer


def _insist(change: Change, answer: Mapping[str, Any], digest: str) -> None:
    """Insist on the bytes that were listed, where the ETag is their MD5: not with KMS or a key of the customer's."""
    encrypted = str(answer.get("ServerSideEncryption", "")).startswith("aws:") or answer.get("SSECustomerAlgorithm")
    if not encrypted and digest != change.etag:
        raise ChangedMeanwhile(change.key)


def _tags(change: Change, source: Bucket, answer: Mapping[str, Any]) -> dict[str, Any]:
    if not answer.get("TagCount"):
        return {}
    tags = source.client.get_object_tagging(Bucket=source.name, Key=change.key)["TagSet"]
    return {"Tagging": urlencode({tag["Key"]: tag["Value"] for tag in tags})}


def _md5(data: bytes | mmap = b"") -> hashlib._Hash:
    """S3's ETag is an MD5 and protects nothing."""
    return hashlib.md5(data, usedforsecurity=False)
