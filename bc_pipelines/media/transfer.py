"""Carrying a plan out where one side is a folder: rclone moves, and what it says is held against what is there.

A download has a temporary name until it is whole. A run that was broken off is simply repeated: what has arrived is not
in the next plan. rclone ends with success when a name is missing from the source, so each is looked for afterwards.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from mimetypes import MimeTypes
from pathlib import Path

from bc_pipelines.media.bucket import Bucket
from bc_pipelines.media.folder import PARTIAL, Folder, stamp
from bc_pipelines.media.listing import listing
from bc_pipelines.media.move import Moved, OnProgress
from bc_pipelines.media.plan import Action, Change, Copied, Plan
from bc_pipelines.media.rclone import REMOTE, Mover, Ran, run

_MOST_LISTED = 200_000
# A listing's page names a thousand keys in the time that a worker needs for a few single questions.
_KEYS_A_QUESTION = 60
_UNKNOWN_TYPE = "application/octet-stream"
# What Python below 3.13 does not know.
_MORE_TYPES = {".avif": "image/avif", ".webp": "image/webp", ".heic": "image/heic", ".woff2": "font/woff2"}


def pull(plan: Plan, source: Bucket, target: Folder, mover: Mover, on_progress: OnProgress | None = None) -> Moved:
    """Download what a plan copies and replaces. Nothing is deleted.

    Args:
        plan: that the guard has let through.
        source: where from.
        target: where to; is made if it is not there.
        mover: how.
        on_progress: called with files and bytes done so far, about once a second.

    Returns:
        What was done; it is for the caller to insist on it.

    Raises:
        MediaError: rclone could not be started.
    """
    sweep(target)
    target.path.mkdir(parents=True, exist_ok=True)
    wanted = {change.key: change for change in plan.of(Action.COPY, Action.REPLACE)}
    asked = not _worth_a_listing(len(wanted), plan.source_count)
    job = _Job(source, mover, f"{REMOTE}:{source.name}", str(target.path.resolve()), on_progress)
    # Of this run alone: one that was killed may write for another second.
    temporary = ("--partial-suffix", f".bucks-{secrets.token_hex(2)}")
    ran = job.done(wanted, (*temporary, *_asking(asked)))
    if (missing := wanted.keys() - ran.copied) and (ran.copied or not ran.reason):
        # Asked for one by one: some names get lost in rclone's listings, and a fault may have passed.
        again = job.done(missing, (*temporary, *_asking(True)))
        ran = Ran(ran.copied | again.copied, again.failed, again.reason)
    moved = Moved()
    for key, change in wanted.items():
        status = _file(target, key) if key in ran.copied else None
        if status is None and (reason := _reason(ran, key, wanted.keys())):
            moved.failed[key] = reason
        elif status is None or status.st_size != change.size:
            moved.changed.append(key)
        else:
            _add(moved, change, stamp(status))
    return moved


def push(plan: Plan, source: Folder, target: Bucket, mover: Mover, on_progress: OnProgress | None = None) -> Moved:
    """Upload what a plan copies and replaces. Nothing is deleted.

    Each object gets the content type of its name's ending, the same on every machine: rclone's own idea of it depends
    on what is installed.

    Args:
        plan: that the guard has let through.
        source: where from.
        target: where to.
        mover: how.
        on_progress: called with files and bytes done so far, about once a second.

    Returns:
        What was done; it is for the caller to insist on it.

    Raises:
        MediaError: rclone could not be started, or the bucket could not be listed afterwards.
    """
    wanted = {change.key: change for change in plan.of(Action.COPY, Action.REPLACE)}
    job = _Job(target, mover, str(source.path.resolve()), f"{REMOTE}:{target.name}", on_progress)
    ran = Ran()
    for kind, keys in groupby(sorted(wanted, key=content_type), content_type):
        once = job.done(list(keys), ("--no-traverse", "--header-upload", f"Content-Type: {kind}"))
        ran = Ran(ran.copied | once.copied, {**ran.failed, **once.failed}, ran.reason or once.reason)
    there = {item.key: item for item in listing(target) if item.key in ran.copied} if ran.copied else {}
    moved = Moved()
    for key, change in wanted.items():
        status = _file(source, key)
        if status is None or stamp(status) != change.etag:
            moved.changed.append(key)
        elif key in there and there[key].size == change.size:
            _add(moved, change, there[key].etag)
        else:
            moved.failed[key] = _reason(ran, key, wanted.keys()) or "not there afterwards"
    return moved


def clear(plan: Plan, target: Folder, moved: Moved) -> Moved:
    """Delete what a plan deletes from a folder, if every copy succeeded, and folders that are empty.

    Args:
        plan: that the guard has let through.
        target: where.
        moved: what was copied; is added to.

    Raises:
        MediaError: a copy had failed, so nothing was deleted.
    """
    moved.insist()
    for change in plan.of(Action.DELETE):
        try:
            target.file(change.key).unlink(missing_ok=True)
        except OSError as error:
            moved.failed[change.key] = error.strerror or type(error).__name__
        else:
            moved.deleted.append(change.key)
    for above, _, _ in os.walk(target.path, topdown=False):
        key = Path(above).relative_to(target.path).as_posix() + "/"
        if key != "./" and key.startswith(target.prefix):
            with suppress(OSError):  # It is not empty.
                Path(above).rmdir()
    return moved


def sweep(folder: Folder) -> int:
    """Remove what downloads that were broken off have left behind.

    Args:
        folder: where; no other run may be downloading into it.

    Returns:
        How many files that were.
    """
    found = [
        Path(above) / name
        for above, _, names in os.walk(folder.path)
        for name in names
        if PARTIAL.search(os.fsencode(name))
    ]
    for each in found:
        each.unlink(missing_ok=True)
    return len(found)


def content_type(key: str) -> str:
    """The content type of what has a key, by its ending."""
    kind, encoding = _TYPES.guess_type(key.rpartition("/")[2])
    if encoding:
        return "application/gzip" if encoding == "gzip" else _UNKNOWN_TYPE
    return kind or _UNKNOWN_TYPE


@dataclass
class _Job:
    """Runs of rclone between the same two places, whose progress adds up."""

    bucket: Bucket
    mover: Mover
    source: str
    target: str
    on_progress: OnProgress | None
    files: int = 0
    size: int = 0

    def done(self, names: Collection[str], more: tuple[str, ...]) -> Ran:
        if not names:
            return Ran()
        files, size, last = self.files, self.size, 0

        def on_bytes(copied: int, so_far: int) -> None:
            nonlocal last
            last = so_far
            if self.on_progress:
                self.on_progress(files + copied, size + so_far)

        ran = run(self.source, self.target, names, self.bucket, self.mover, more=more, on_bytes=on_bytes)
        self.files, self.size = files + len(ran.copied), size + last
        return ran


def _worth_a_listing(names: int, objects: int) -> bool:
    """Whether rclone should list the bucket, which it keeps in memory, or ask for each name."""
    return objects <= _MOST_LISTED and names * _KEYS_A_QUESTION > objects


def _asking(each: bool) -> tuple[str, ...]:
    return ("--no-traverse",) if each else ("--fast-list",)


def _reason(ran: Ran, key: str, wanted: Collection[str]) -> str:
    """Why a name was not copied; nothing if rclone simply did not find it."""
    if key in ran.failed:
        return ran.failed[key]
    ours = [name for name in ran.failed if name in wanted]
    others = [name for name in ran.failed if name and name not in wanted]
    # Where all complaints are about single files, this one's absence is no consequence of them.
    return ran.reason if others or not ours else ""


def _file(folder: Folder, key: str) -> os.stat_result | None:
    try:
        status = folder.file(key).stat()
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def _add(moved: Moved, change: Change, etag: str) -> None:
    moved.copied[change.key] = Copied(change.size, change.etag, etag)
    moved.bytes_copied += change.size


def _types() -> MimeTypes:
    known = MimeTypes()
    for ending, kind in _MORE_TYPES.items():
        known.add_type(kind, ending)
    return known


_TYPES = _types()
