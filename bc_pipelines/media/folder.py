"""A folder as this package sees it: its files as items with keys, in the order that S3 lists keys.

Belongs here: what a folder holds, and whether a file has the bytes of an ETag. Does not belong here: which keys a
folder can hold (fit.py), and putting files into it (transfer.py).
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bc_pipelines.media.errors import MediaError
from bc_pipelines.media.listing import Item

LONGEST_KEY = 1_024
"""In bytes (S3 manual, "Naming Amazon S3 objects")."""

PART = 8 << 20
"""Size of the parts in which boto3, and so Django, uploads what is larger (boto3 manual, TransferConfig)."""

PARTIAL = re.compile(rb"\.[0-9a-f]{8}\.bucks-[0-9a-f]{4}$")
"""How a file's name ends while it is being downloaded; what has such a name is no part of the folder."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Folder:
    """A folder, or the part of one whose keys begin with a prefix.

    Attributes:
        path: where it is; need not exist yet.
        prefix: only keys that begin with it are seen; keys keep it.
    """

    path: Path
    prefix: str = ""

    def __str__(self) -> str:
        return f"{self.path}/{self.prefix}"

    @property
    def name(self) -> str:
        """What tells it from other places."""
        return str(self.path)

    def file(self, key: str) -> Path:
        """The file of a key; only of a key that a folder can hold."""
        return self.path / key

    def has_bytes_of(self, item: Item, etag: str) -> bool | None:
        """Say whether a file has the bytes that an ETag stands for.

        Args:
            item: the file.
            etag: of an object, not encrypted by KMS.

        Returns:
            None where that cannot be told: the object was uploaded in parts of an unknown size.

        Raises:
            MediaError: the file could not be read, or changed meanwhile.
        """
        size, _, parts = etag.partition("-")
        if parts and parts != str(-(-item.size // PART)):
            return None
        try:
            with self.file(item.key).open("rb") as file:
                if not parts:
                    return hashlib.file_digest(file, _md5).hexdigest() == etag
                digests = b"".join(_md5(part).digest() for part in iter(lambda: file.read(PART), b""))
        except OSError as error:
            raise _unreadable(self.file(item.key), error) from None
        # Other parts may make another ETag of the same bytes, so only a match tells anything.
        return True if _md5(digests).hexdigest() == size else None


@dataclass
class Walk:
    """The files of a folder, each time that it is iterated over.

    Links to files inside the folder count as what they lead to. Every other link, and whatever is no file, is named in
    ``refused`` and left out. One folder's names are in memory at a time.

    Attributes:
        folder: that is walked through.
        refused: once it was iterated over, what could not be taken, each with the reason.
    """

    folder: Folder
    refused: dict[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Item]:
        """Give the files in the order of their keys as UTF-8; a folder that is not there has none.

        Raises:
            MediaError: a folder could not be read; what is in it is unknown, never absent.
        """
        self.refused.clear()
        root = os.path.realpath(os.fsencode(self.folder.path))
        if os.path.lexists(root):
            yield from self._below(root, b"")

    def _below(self, root: bytes, above: bytes) -> Iterator[Item]:
        prefix = self.folder.prefix.encode()
        here = os.path.join(root, above)  # noqa: PTH118 - names need not be UTF-8, so they are bytes
        try:
            with os.scandir(here) as entries:
                # A folder stands where its keys will: "a.jpg" comes before "a/b.jpg".
                keys = sorted(above + each.name + b"/" * each.is_dir(follow_symlinks=False) for each in entries)
        except OSError as error:
            raise _unreadable(Path(os.fsdecode(here)), error) from None
        for key in keys:
            if key.endswith(b"/"):
                if key.startswith(prefix) or prefix.startswith(key):
                    yield from self._below(root, key)
            elif key.startswith(prefix) and not PARTIAL.search(key):
                yield from self._one(root, key)

    def _one(self, root: bytes, key: bytes) -> Iterator[Item]:
        path = os.path.join(root, key)  # noqa: PTH118 - as above
        try:
            status = os.lstat(path)
            reason = _unfit(key)
            if stat.S_ISLNK(status.st_mode):
                if not os.path.realpath(path).startswith(root + b"/"):
                    reason = "a link out of the folder"
                else:
                    status = os.stat(path)  # noqa: PTH116 - as above
        except FileNotFoundError:
            if not os.path.islink(path):  # noqa: PTH114 - as above
                return  # It has gone since.
            reason = "a link to nothing"
        except OSError as error:
            raise _unreadable(Path(os.fsdecode(path)), error) from None
        if not reason and not stat.S_ISREG(status.st_mode):
            reason = "a link to a folder" if stat.S_ISDIR(status.st_mode) else "no file"
        if reason:
            self.refused[key.decode("utf-8", "backslashreplace")] = reason
        else:
            yield item(key.decode(), status)


def item(key: str, status: os.stat_result) -> Item:
    """A file as an item."""
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    return Item(key, status.st_size, stamp(status), modified)


def stamp(status: os.stat_result) -> str:
    """What stands for a file where an object has its ETag: `@` and the time of its last change, in nanoseconds."""
    return f"@{status.st_mtime_ns}"


def _unfit(key: bytes) -> str:
    """Why a file's name can be no key; nothing if it can."""
    try:
        text = key.decode()
    except UnicodeDecodeError:
        return "not UTF-8"
    if len(key) > LONGEST_KEY:
        return f"longer than {LONGEST_KEY:,} bytes"
    return "a control character" if _CONTROL.search(text) else ""


def _md5(data: bytes = b"") -> hashlib._Hash:
    """S3's ETag is an MD5 and protects nothing."""
    return hashlib.md5(data, usedforsecurity=False)


def _unreadable(path: Path, error: OSError) -> MediaError:
    return MediaError(
        f"Could not read {str(path)!r} ({error.strerror or type(error).__name__}), so what the folder holds is not "
        "known. Nothing was copied and nothing deleted. Look at its rights; then start again."
    )
