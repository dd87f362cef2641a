"""Reads a backup's bytes from its signed address, in one go however often the connection is lost.

Here belong Range, ETag, lengths and the renewal of addresses. What the bytes mean is for others, but for the first
five: a backup begins with `PGDMP`, and an error page does not. The token is never sent to these addresses.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO

import httpx

from bc_pipelines.heroku.errors import DownloadFailed
from bc_pipelines.heroku.models import Beginning, SignedUrl
from bc_pipelines.heroku.transport import Patience

MAGIC = b"PGDMP"
BUFFER = 1 << 20
# S3 answers 403 for an address that has expired and 400 for some that are malformed by age.
_RENEW = frozenset({400, 401, 403})
_RENEWALS = 3
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_BARREN_RESUMES = 5
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", re.ASCII)


class _Again(Exception):
    """This attempt to open the address failed in a way that may pass."""


class BackupStream(io.RawIOBase):
    """The bytes of one backup, resumed where the connection was lost.

    Args:
        name: What to call the backup in errors, `b101 of example`.
        renew: Gives a fresh signed address.
        count: How many bytes are wanted from the start; None for all.
        patience: How long to go on without a byte.

    Raises:
        DownloadFailed: The first bytes could not be had or are not those of a backup. Reading raises it too.
    """

    def __init__(
        self, name: str, renew: Callable[[], SignedUrl], patience: Patience, *, count: int | None = None
    ) -> None:
        super().__init__()
        self._name = name
        self._renew = renew
        self._count = count
        self._patience = patience
        self._url = ""
        self._renewals = 0
        self._etag: str | None = None
        self._total: int | None = None
        self._offset = 0
        self._http = httpx.Client(
            timeout=httpx.Timeout(patience.timeout, connect=10), headers={"Accept-Encoding": "identity"}
        )
        self._response: httpx.Response | None = None
        self._chunks = self._read_on()
        self._chunk = memoryview(b"")
        try:
            self._check_magic()
        except BaseException:
            self.close()
            raise

    @property
    def total(self) -> int:
        """The whole length of the backup in bytes, however much of it is wanted."""
        return self._total or 0

    def readable(self) -> bool:
        """Always: this is for reading."""
        return True

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]
        """Fill `buffer` with the next bytes; 0 only after the last byte, with the whole length verified."""
        while not self._chunk:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._chunk = memoryview(chunk)
        size = min(len(buffer), len(self._chunk))
        buffer[:size] = self._chunk[:size]
        self._chunk = self._chunk[size:]
        return size

    def close(self) -> None:
        """Drop the connection."""
        if self._response is not None:
            self._response.close()
        self._http.close()
        super().close()

    def _check_magic(self) -> None:
        start = b""
        while len(start) < len(MAGIC):
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            start += chunk
        if not start.startswith(MAGIC[: self._count]):
            raise self._failed(f"does not begin with {MAGIC.decode()}, so it is no backup")
        self._chunk = memoryview(start)

    def _read_on(self) -> Iterator[bytes]:
        barren = 0
        while self._total is None or self._offset < self._end:
            before = self._offset
            response = self._open()
            try:
                for chunk in response.iter_raw():
                    self._offset += len(chunk)
                    if self._offset > self._end:
                        raise self._failed(f"is longer than the {self._end} bytes announced")
                    yield chunk
            except httpx.TransportError:
                pass  # The connection was lost; what is missing is asked for next.
            finally:
                response.close()
            barren = barren + 1 if self._offset == before else 0
            if barren > _BARREN_RESUMES:
                raise self._failed(f"stops after {self._offset} of {self._end} bytes, every time")
            if barren:
                time.sleep(self._patience.pace * barren)

    @property
    def _end(self) -> int:
        total = self._total or 0
        return total if self._count is None else min(total, self._count)

    def _open(self) -> httpx.Response:
        """Open the address at the current offset, patiently."""
        self._renewals = 0
        try:
            self._response = self._patience.retrying()(_Again, self._open_once)
        except _Again as error:
            raise self._failed(f"cannot be had: {error}") from None
        return self._response

    def _open_once(self) -> httpx.Response:
        response = self._get()
        status = response.status_code
        if status == 206:
            self._check_range(response)
            return response
        response.close()
        if status in _RENEW:
            if self._renewals >= _RENEWALS:
                raise self._failed(f"is refused with status {status} under {_RENEWALS} fresh addresses")
            self._renewals += 1
            self._url = ""
            raise _Again(f"its address is refused with status {status}")
        if status in _TRY_AGAIN:
            raise _Again(f"its address answers with status {status}")
        if status == 412:
            raise self._failed("has been replaced while it was read")
        raise self._failed(f"cannot be had by Range: its address answers with status {status}")

    def _get(self) -> httpx.Response:
        if not self._url:
            self._url = self._renew().url
            if not _is_https(self._url):
                raise self._failed("was offered at an address that is not https")
        last = "" if self._count is None else self._count - 1
        headers = {"Range": f"bytes={self._offset}-{last}"}
        if self._etag:
            headers["If-Match"] = self._etag
        try:
            return self._http.send(self._http.build_request("GET", self._url, headers=headers), stream=True)
        except httpx.TransportError as error:
            raise _Again(f"its address cannot be reached ({type(error).__name__})") from None

    def _check_range(self, response: httpx.Response) -> None:
        """Hold the answer against what was asked and against the answers before."""
        found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        etag = response.headers.get("ETag")
        start, total = (int(found[1]), int(found[3])) if found else (-1, -1)
        if start != self._offset or self._total not in (None, total) or self._etag not in (None, etag):
            response.close()
            raise self._failed("changed its length or its content while it was read, or ignores Range")
        # Without a mark, or with one that cannot be sent back, what comes next could be of another object.
        if not etag or not etag.isascii():
            response.close()
            raise self._failed("is served without an ETag by which a change of it would be seen")
        self._total, self._etag = total, etag

    def _failed(self, what: str) -> DownloadFailed:
        return DownloadFailed(
            f"The backup {self._name} {what}.",
            state=f"{self._offset} bytes of it were read; nothing was changed at Heroku.",
            next_step="Start again; if it happens again, capture a new backup.",
        )


def _is_https(url: str) -> bool:
    try:
        return httpx.URL(url).scheme == "https"
    except httpx.InvalidURL:
        return False


def open_stream(name: str, renew: Callable[[], SignedUrl], patience: Patience) -> BinaryIO:
    """Open a whole backup as a file; reading `b""` means that every byte announced has been read."""
    return io.BufferedReader(BackupStream(name, renew, patience), BUFFER)


def beginning(name: str, renew: Callable[[], SignedUrl], count: int, patience: Patience) -> Beginning:
    """Read the first `count` bytes of a backup by Range; fewer only where the backup is shorter."""
    with BackupStream(name, renew, patience, count=count) as stream:
        return Beginning(data=stream.read(), total=stream.total)
