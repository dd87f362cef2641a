"""Carrying a plan out: copies inside S3, many at a time, and deletions only after every copy has succeeded.

A copy is whole or not there, so a run that was broken off is simply repeated. Nothing is downloaded, and all that
belongs to an object (type, caching, disposition, own metadata, tags) goes with it, because nothing of it is sent anew.
Access lists do not: public reading must come from the bucket's policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from bc_pipelines.media.bucket import AT_ONCE, Bucket, clear_errors, code_of
from bc_pipelines.media.errors import ChangedMeanwhile, MediaError
from bc_pipelines.media.plan import Action, Change, Copied, Plan

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, CopySourceTypeDef

MOST_IN_ONE_COPY = 5 << 30
"""Larger objects can only be copied in parts (S3 manual, CopyObject)."""

_PART = 1 << 30
# What any copy but CopyObject must be told, because it does not take it from the source.
_BELONGINGS = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Metadata")
_DELETED_AT_ONCE = 1_000
_CHANGED = ("PreconditionFailed", "412", "NoSuchKey", "404")
_SHOWN = 5

OnProgress = Callable[[int, int], None]


@dataclass
class Moved:
    """What was done.

    Attributes:
        copied: by key, what each copy became: the lines that the ledger gets.
        bytes_copied: their size.
        deleted: keys that are gone from the target.
        changed: keys that changed or vanished at the source after they were listed; a second run sees to them.
        failed: other keys that could not be copied or deleted, with S3's code.
    """

    copied: dict[str, Copied] = field(default_factory=dict)
    bytes_copied: int = 0
    deleted: list[str] = field(default_factory=list, repr=False)
    changed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether everything that was begun succeeded."""
        return not self.changed and not self.failed

    def insist(self) -> None:
        """Insist on that.

        Raises:
            MediaError: something is missing; what was copied stays.
        """
        if not self.clean:
            missing = [*(f"{key} (changed meanwhile)" for key in self.changed), *(map(" ".join, self.failed.items()))]
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            raise MediaError(
                f"{len(missing)} objects could not be copied or deleted: {', '.join(missing[:_SHOWN])}{more}. "
                f"{len(self.copied)} were copied, and nothing was deleted before that. Start again: it goes on here."
            )


def copy(plan: Plan, source: Bucket, target: Bucket, on_progress: OnProgress | None = None) -> Moved:
    """Copy what a plan copies and replaces. The target's identity must be able to read the source.

    Args:
        plan: that the guard has let through.
        source: where from.
        target: where to.
        on_progress: called with objects and bytes done so far.

    Returns:
        What was done; it is for the caller to insist on it.
    """
    return each(plan, lambda change: _copy_one(change, source, target), on_progress)


def each(plan: Plan, one: Callable[[Change], str], on_progress: OnProgress | None = None) -> Moved:
    """Do something for each object that a plan copies or replaces, many at a time.

    Args:
        plan: that the guard has let through.
        one: copies one object as it was listed, and gives the ETag of what came of it.
        on_progress: called with objects and bytes done so far.

    Returns:
        What was done.
    """
    moved = Moved()
    changes = iter(plan.of(Action.COPY, Action.REPLACE))
    done: SimpleQueue[Future[str]] = SimpleQueue()
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        under_way: dict[Future[str], Change] = {}

        def begin(some: Iterable[Change]) -> None:
            for change in some:
                future = pool.submit(one, change)
                under_way[future] = change
                future.add_done_callback(done.put)

        begin(islice(changes, 2 * AT_ONCE))
        while under_way:
            future = done.get()
            _note(moved, under_way.pop(future), future)
            begin(islice(changes, 1))
            if on_progress:
                on_progress(len(moved.copied), moved.bytes_copied)
    return moved


def delete(plan: Plan, target: Bucket, moved: Moved) -> Moved:
    """Delete what a plan deletes, and the copies of personal files that it found, if every copy succeeded.

    Args:
        plan: that the guard has let through.
        target: where.
        moved: what was copied; is added to.

    Raises:
        MediaError: a copy had failed, so nothing was deleted; or the bucket refused.
    """
    moved.insist()
    personal = set(plan.personal)
    keys = iter([*(change.key for change in plan.of(Action.DELETE)), *plan.personal])
    while some := list(islice(keys, _DELETED_AT_ONCE)):
        with clear_errors("delete from", target):
            answer = target.client.delete_objects(
                Bucket=target.name, Delete={"Objects": [{"Key": key} for key in some], "Quiet": False}
            )
        # An answer of 200 may say of single keys that they are still there, or nothing.
        gone = {found.get("Key") for found in answer.get("Deleted", ())}
        codes = {error.get("Key"): error.get("Code", "refused") for error in answer.get("Errors", ())}
        moved.deleted += [key for key in some if key in gone]
        left = {key: codes.get(key, "not answered") for key in some if key not in gone}
        moved.failed |= {_nameless(key) if key in personal else key: code for key, code in left.items()}
    return moved


def _nameless(key: str) -> str:
    """A personal file as a message may have it: its name may be a person's."""
    return f"a file in {key.partition('/')[0]}/"


def _note(moved: Moved, change: Change, future: Future[str]) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        etag = future.result()
    except (ClientError, BotoCoreError) as error:
        code = code_of(error)
        if code in _CHANGED:
            moved.changed.append(change.key)
        else:
            moved.failed[change.key] = code
        return
    except ChangedMeanwhile:
        moved.changed.append(change.key)
        return
    moved.copied[change.key] = Copied(change.size, change.etag, etag)
    moved.bytes_copied += change.size


def _copy_one(change: Change, source: Bucket, target: Bucket) -> str:
    """Copy one object as it was listed; the ETag of what came of it."""
    if change.size > MOST_IN_ONE_COPY:
        return _copy_in_parts(change, source, target)
    answer = target.client.copy_object(
        Bucket=target.name,
        Key=change.key,
        CopySource={"Bucket": source.name, "Key": change.key},
        CopySourceIfMatch=quoted(change.etag),
    )
    return answer["CopyObjectResult"].get("ETag", "").strip('"')


def _copy_in_parts(change: Change, source: Bucket, target: Bucket) -> str:
    here: CopySourceTypeDef = {"Bucket": source.name, "Key": change.key}
    head = source.client.head_object(Bucket=source.name, Key=change.key, IfMatch=quoted(change.etag))

    def part(upload: str, number: int, span: str) -> str:
        answer = target.client.upload_part_copy(
            Bucket=target.name,
            Key=change.key,
            UploadId=upload,
            PartNumber=number,
            CopySource=here,
            CopySourceRange=span,
            CopySourceIfMatch=quoted(change.etag),
        )
        return answer["CopyPartResult"]["ETag"]

    return in_parts(change, target, belongings(head), _PART, part)


def in_parts(
    change: Change, target: Bucket, told: Mapping[str, Any], size: int, part: Callable[[str, int, str], str]
) -> str:
    """Make an object of parts; if one fails, nothing of it is left.

    Args:
        change: the object.
        target: where it is made.
        told: what belongs to it.
        size: of each part.
        part: makes the part of an upload, a number and a span of bytes, and gives its ETag.

    Returns:
        The object's ETag.
    """
    here: dict[str, Any] = {"Bucket": target.name, "Key": change.key}
    here["UploadId"] = target.client.create_multipart_upload(**here, **told)["UploadId"]
    try:
        parts: list[CompletedPartTypeDef] = [
            {"PartNumber": number, "ETag": part(here["UploadId"], number, span)}
            for number, span in enumerate(_spans(change.size, size), 1)
        ]
        done = target.client.complete_multipart_upload(**here, MultipartUpload={"Parts": parts})
    except BaseException:
        target.client.abort_multipart_upload(**here)
        raise
    return done["ETag"].strip('"')


def belongings(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What belongs to an object, as an upload is told it.

    Args:
        answer: S3's to a question for the object.
    """
    return {name: answer[name] for name in _BELONGINGS if answer.get(name)}


def quoted(etag: str) -> str:
    """An ETag as RFC 9110 has it in a condition."""
    return f'"{etag}"'


def _spans(size: int, part: int) -> Iterator[str]:
    for start in range(0, size, part):
        yield f"bytes={start}-{min(start + part, size) - 1}"
