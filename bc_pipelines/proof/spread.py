"""One search by several processes, which find together exactly what one would find.

Each of them reads the whole archive, which is quick, and looks into its own share of it. They are forked from the
proof's process, so that the register and its key are in their memory and on no way between; what they find, and nothing
else, comes back. Belongs here: processes, and putting their finds together. Does not belong here: what a share is, and
searching (scan.py).
"""

import multiprocessing
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path

from bc_pipelines.pgarchive.errors import ArchiveError
from bc_pipelines.proof.errors import ProofFailed
from bc_pipelines.proof.register import Register
from bc_pipelines.proof.scan import KEYS_KEPT, MOST_FINDS, Finds, Share, Sighting, scan
from bc_pipelines.proof.search import Searcher
from bc_pipelines.proof.sources import Published


def search(target: Path, register: Register, published: Published, jobs: int) -> Finds:
    """Search a written archive with several processes.

    Args:
        target: the archive.
        register: the sealed register.
        published: what everybody can read anyway.
        jobs: how many processes, this one included.

    Returns:
        The finds; they are the same whatever the number.

    Raises:
        ArchiveError, OSError: the archive cannot be read.
        ProofFailed: one of the processes could not finish.
    """
    others = [_Other(target, register, published, Share(number, jobs)) for number in range(1, jobs)]
    try:
        own = scan(target, register, Searcher(register), published, Share(0, jobs))
        return together([own, *(other.finds() for other in others)])
    finally:
        for other in others:
            other.end()


def together(parts: Iterable[Finds]) -> Finds:
    """The finds of all shares as if one search had found them.

    Args:
        parts: the finds of each share, in the order of the shares.
    """
    whole = Finds()
    for part in parts:
        whole.public |= part.public
        whole.values += part.values
        whole.tables += part.tables
        whole.complete &= part.complete
        for place, sightings in part.sightings.items():
            for digest, sighting in sightings.items():
                known = whole.sightings[place].setdefault(digest, Sighting())
                known.rows += sighting.rows
                known.keys = [*known.keys, *sighting.keys][:KEYS_KEPT]
    whole.different = sum(map(len, whole.sightings.values()))
    whole.complete &= whole.different <= MOST_FINDS
    return whole


class _Other:
    """Another process with a share of its own."""

    def __init__(self, target: Path, register: Register, published: Published, share: Share) -> None:
        self._register = register
        self._connection, theirs = multiprocessing.Pipe()
        arguments = (self._connection, theirs, target, register, published, share)
        self._process = ForkProcess(target=_search_share, args=arguments, daemon=True)
        self._process.start()
        theirs.close()

    def finds(self) -> Finds:
        """Wait for what it found.

        Raises:
            ProofFailed: it could not finish.
        """
        try:
            finds, texts = self._connection.recv()
        except EOFError:
            raise ProofFailed("A process that searched a part of the archive ended early") from None
        if not isinstance(finds, Finds):
            raise ProofFailed(f"A part of the archive could not be searched: {finds}")
        self._register.remember(texts)
        return finds

    def end(self) -> None:
        """End it, whatever it is doing."""
        self._connection.close()
        self._process.kill()
        self._process.join()


def _search_share(
    parents: Connection, own: Connection, target: Path, register: Register, published: Published, share: Share
) -> None:
    parents.close()
    threading.Thread(target=_end_with_parent, args=(own,), daemon=True).start()
    try:
        finds = scan(target, register, Searcher(register), published, share)
        own.send((finds, register.texts()))
    except ArchiveError as error:
        own.send((f"{type(error).__name__}: {error}", {}))
    except Exception as error:
        # Whatever it is, its message may hold a value.
        own.send((type(error).__name__, {}))


def _end_with_parent(own: Connection) -> None:
    """Nothing is ever sent this way: it ends when the other process does."""
    with suppress(EOFError, OSError):
        own.recv()
    os._exit(1)
