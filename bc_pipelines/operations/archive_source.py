"""Where a raw archive comes from: a file, standard input, or an https address.

Belongs here: opening it, its size where that is known, and a name that can be printed. Does not belong here: what is in
it. An address is read through the downloader of Heroku's backups, which resumes by Range; what follows its question
mark is a signature and is never printed.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import urlsplit

from bc_pipelines.heroku.download import BUFFER, BackupStream
from bc_pipelines.heroku.errors import DownloadFailed
from bc_pipelines.heroku.models import SignedUrl
from bc_pipelines.heroku.redact import quieten
from bc_pipelines.heroku.transport import Patience
from bc_pipelines.operations.errors import Refused

STDIN = "-"
_PATIENCE = Patience(pace=1.0, retry_for=30.0, timeout=60.0)


class BadSource(Exception):
    """An archive cannot be opened or read to its end; the message says which and why."""


@dataclass(frozen=True)
class Source:
    """An open archive.

    Attributes:
        name: what to call it in print.
        stream: its bytes, to be read once.
        total: how many there are; None where that is not known.
        status: of the file, if it is an ordinary one, also behind standard input: its device and inode say which.
    """

    name: str
    stream: BinaryIO
    total: int | None
    status: os.stat_result | None = field(default=None, repr=False)

    def watched(self, at: Callable[[int], None]) -> BinaryIO:
        """The stream, telling how much of it has been read, in bytes. Its ``read`` raises BadSource where it cannot."""
        return cast(BinaryIO, _Watched(self, at))


class _Watched:
    def __init__(self, source: Source, at: Callable[[int], None]) -> None:
        self._source = source
        self._at = at
        self._done = 0

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._source.stream.read(size)
        except OSError as error:
            raise BadSource(f"{self._source.name} cannot be read to its end: {error.strerror}.") from None
        self._done += len(data)
        self._at(self._done)
        return data


@contextmanager
def open_source(where: str) -> Iterator[Source]:
    """Open an archive for reading once.

    Args:
        where: a path, ``-`` for standard input, or an https address whose server answers Range requests.

    Raises:
        Refused: an address that is not https.
        BadSource: it cannot be opened; or, while it is used, a download that cannot go on.
    """
    if where == STDIN:
        yield Source("standard input", sys.stdin.buffer, None, _status(sys.stdin.buffer))
    elif "://" in where:
        with _download(where) as source:
            yield source
    else:
        with open_file(Path(where)) as source:
            yield source


@contextmanager
def open_file(path: Path) -> Iterator[Source]:
    """Open a file for reading once.

    Raises:
        BadSource: it cannot be opened.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadSource(f"{path} cannot be read: {error.strerror}.") from None
    with file:
        status = _status(file)
        yield Source(str(path), file, status.st_size if status else None, status)


def _status(stream: BinaryIO) -> os.stat_result | None:
    """Of an ordinary file; None for pipes, and for streams that no file of the system is behind."""
    try:
        status = os.fstat(stream.fileno())
    except io.UnsupportedOperation:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


@contextmanager
def _download(url: str) -> Iterator[Source]:
    name = printable(url)
    offered = False

    def address() -> SignedUrl:
        # Heroku's addresses are renewed when they have expired; of this one there is no other.
        nonlocal offered
        if offered:
            raise BadSource(f"{name} refuses the address, which has expired perhaps. Ask for a fresh one.")
        offered = True
        return SignedUrl(url, expires_at=datetime.max.replace(tzinfo=UTC))

    quieten()
    try:
        with BackupStream(name, address, _PATIENCE) as stream:
            yield Source(name, io.BufferedReader(stream, BUFFER), stream.total)
    except DownloadFailed as error:
        raise BadSource(error.happened) from None


def printable(url: str) -> str:
    """The address without what may be secret in it.

    Raises:
        Refused: it is not https.
    """
    try:
        parts = urlsplit(url)
        place = f"{parts.hostname}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        raise Refused("SOURCE is no valid address. Nothing was written.") from None
    if parts.scheme.lower() != "https" or not parts.hostname:
        raise Refused(
            f"SOURCE is an address of the kind {parts.scheme}://, and a raw archive is fetched over https only. "
            "Nothing was written."
        )
    return f"https://{place}{parts.path}"
