"""Downloading one object of the archive store by links that work for minutes.

Belongs here: going on where a connection broke off, with a fresh link. Does not belong here: what the object is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import httpx
import stamina

from bc_pipelines.heroku.redact import quieten
from bc_pipelines.operations.errors import OutOfReach

_TRIES = 4
_PARTIAL = 206


def download(name: str, link: Callable[[], str], path: Path, at: Callable[[int], None]) -> str:
    """Write an object to a new private file.

    Args:
        name: what to call it in messages.
        link: makes a fresh link. A link is a secret and appears in no message and no log.
        path: the file; must not exist.
        at: is told how many bytes are there.

    Returns:
        The file's SHA-256, in hexadecimal.

    Raises:
        OutOfReach: the store refuses, or breaks off again and again.
    """
    quieten()
    path.touch(mode=0o600, exist_ok=False)
    try:
        for attempt in stamina.retry_context(on=httpx.TransportError, attempts=_TRIES, timeout=None):
            with attempt:
                _go_on(name, link(), path, at)
    except httpx.TransportError as error:
        raise OutOfReach(f"{name} could not be fetched to its end ({type(error).__name__}).") from None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _go_on(name: str, link: str, path: Path, at: Callable[[int], None]) -> None:
    there = path.stat().st_size
    headers = {"Range": f"bytes={there}-"} if there else {}
    with httpx.stream("GET", link, headers=headers, timeout=60) as answer:
        if not answer.is_success:
            raise OutOfReach(f"{name} could not be fetched: the store answers with status {answer.status_code}.")
        # A server that knows no Range begins anew.
        going_on = answer.status_code == _PARTIAL
        with path.open("ab" if going_on else "wb") as file:
            done = there if going_on else 0
            for piece in answer.iter_raw():
                done += file.write(piece)
                at(done)
