"""What earlier runs copied, kept between runs: in a file beside other state, or in an object of some bucket.

A ledger only saves work and settles doubts. Whatever is wrong with a stored one, it counts as absent, and the next plan
falls back on bytes and times. Belongs here: its form and its two places. Does not belong here: where those are.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bc_pipelines.media.bucket import Bucket, clear_errors
from bc_pipelines.media.move import Moved
from bc_pipelines.media.plan import Copied, Plan

_FORM = "bucks-media-ledger-1"
_LAST = "rows"


class Ledger(Protocol):
    """A place for the lines of one source and one target."""

    def load(self) -> Mapping[str, Copied]:
        """Give the lines, by key; none if there is nothing that can be read."""
        ...

    def store(self, lines: Mapping[str, Copied]) -> None:
        """Put these lines in the place of all others.

        Raises:
            MediaError: a bucket refused.
            OSError: a file could not be written.
        """
        ...


@dataclass(frozen=True)
class FileLedger:
    """A ledger in a file.

    Attributes:
        path: of the file; its folder is made if it is not there.
        between: names source and target; lines of others do not count.
    """

    path: Path
    between: str

    def load(self) -> Mapping[str, Copied]:
        """Give the lines, by key; none if there is nothing that can be read."""
        try:
            return unpacked(self.path.read_bytes(), self.between)
        except OSError:
            return {}

    def store(self, lines: Mapping[str, Copied]) -> None:
        """Put these lines in the place of all others; whoever is interrupted leaves the old ones."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(packed(lines, self.between))
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@dataclass(frozen=True)
class ObjectLedger:
    """A ledger in an object.

    Attributes:
        bucket: where.
        key: of the object.
        between: names source and target; lines of others do not count.
    """

    bucket: Bucket
    key: str
    between: str

    def load(self) -> Mapping[str, Copied]:
        """Give the lines, by key; none if there is nothing that can be read."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self.bucket.client.get_object(Bucket=self.bucket.name, Key=self.key)
            return unpacked(answer["Body"].read(), self.between)
        except (BotoCoreError, ClientError):
            return {}

    def store(self, lines: Mapping[str, Copied]) -> None:
        """Put these lines in the place of all others.

        Raises:
            MediaError: the bucket refused.
        """
        with clear_errors("write the ledger to", self.bucket):
            self.bucket.client.put_object(
                Bucket=self.bucket.name,
                Key=self.key,
                Body=packed(lines, self.between),
                ContentType="application/gzip",
            )


def renewed(before: Mapping[str, Copied], plan: Plan, moved: Moved) -> dict[str, Copied]:
    """The lines after a run, whether it was clean or not: each is true of its own object.

    Args:
        before: the lines that the plan was made with.
        plan: that was carried out.
        moved: what was done.

    Returns:
        Lines that are of use: where both ETags are the same, they tell by themselves that nothing changed.
    """
    lines = {**before, **plan.recognised, **moved.copied}
    for change in plan.changes:
        if change.key not in moved.copied:
            lines.pop(change.key, None)
    return {key: line for key, line in lines.items() if line.source_etag != line.target_etag}


def packed(lines: Mapping[str, Copied], between: str) -> bytes:
    """The lines as bytes: CSV, compressed; the first line names the form, the last one counts."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow((_FORM, between))
    rows.writerows((key, line.size, line.source_etag, line.target_etag) for key, line in sorted(lines.items()))
    rows.writerow((_LAST, len(lines)))
    # No time in it, so that the same lines are the same bytes.
    return gzip.compress(text.getvalue().encode("utf-8", "surrogateescape"), mtime=0)


def unpacked(data: bytes, between: str) -> dict[str, Copied]:
    """The lines of bytes; none if they are damaged, of another form, or of another source or target."""
    try:
        text = gzip.decompress(data).decode("utf-8", "surrogateescape")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        first, *middle, last = rows
        lines = {key: Copied(int(size), source, target) for key, size, source, target in middle}
    except (OSError, EOFError, zlib.error, UnicodeError, ValueError, csv.Error):
        return {}
    return lines if first == [_FORM, between] and last == [_LAST, str(len(lines))] else {}
