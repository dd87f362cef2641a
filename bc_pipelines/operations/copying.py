"""One reading of a raw archive for two: the sanitiser, which writes the copy, and the proof, which remembers people.

Belongs here: joining the two, so that a reset and `bucks archive` do it alike. Does not belong here: where the raw
archive comes from and where the copy goes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.manifest import Manifest
from bc_pipelines.privacy.policy import Policy
from bc_pipelines.privacy.sanitiser import sanitise
from bc_pipelines.proof import Collector, Match, ProofFailed

_PIECE = 1 << 20
_MOST_JOBS = 4
_WORTH_SPREADING = 4 << 20


def collector_for(rules: Policy, public: Sequence[str], show: Callable[[Match], None] | None = None) -> Collector:
    """The proof's process for one copy.

    Args:
        rules: profile and council's choices. In a local copy nobody's account is kept, so everybody is searched for.
        public: texts that somebody looked at and declared public.
        show: is given texts that the proof found where they should not be; for a terminal only.
    """
    kept = rules.staff_domains if rules.profile == "staging" else frozenset[str]()
    return Collector(staff_domains=kept, staff_passwords=rules.staff_passwords, public=public, show=show)


def write_copy(
    source: BinaryIO,
    target: Path,
    catalogue: Catalogue,
    rules: Policy,
    collector: Collector,
    on_progress: Callable[[int], None] | None = None,
) -> Manifest:
    """Write the sanitised copy to a new private file while the proof's process reads along, to the raw archive's end.

    Args:
        source: the raw archive, read once from its beginning.
        target: the file to write, in a private folder; must not exist. Whoever calls removes it after a failure.
        catalogue: what is decided about each table and column.
        rules: profile and council's choices.
        collector: the proof's process, begun.
        on_progress: called with the bytes read so far.

    Raises:
        CatalogueRefusal: something in the archive is unknown; no row was read.
        ArchiveError: the raw archive is truncated, corrupt or of an unsupported kind.
        SanitiseError: a row could not be made safe.
        ProofFailed: the proof's process gave up.
        OSError: the file could not be written.
    """
    raw = Shared(source, collector)
    target.touch(mode=0o600, exist_ok=False)
    with target.open("r+b") as file:
        manifest = sanitise(cast(BinaryIO, raw), file, catalogue, rules, on_progress)
        raw.finish()
        file.flush()
        os.fsync(file.fileno())
    return manifest


def jobs_for(target: Path, jobs: int | None = None) -> int:
    """How many processes search a copy.

    Args:
        target: the copy.
        jobs: what somebody asked for, or None for as many as this machine has processors, up to four. A small copy is
            then searched by one, sooner than others have begun.
    """
    if jobs is not None:
        return jobs
    return min(os.cpu_count() or 1, _MOST_JOBS) if target.stat().st_size >= _WORTH_SPREADING else 1


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Shared:
    """The raw archive, read here and copied to the proof's process.

    Where neither can make sense of it, the reader's own complaint comes first: it is the clearer one, and it does not
    depend on which of the two processes was faster.
    """

    def __init__(self, stream: BinaryIO, collector: Collector) -> None:
        self._stream = stream
        self._last = b""
        self._failure: ProofFailed | None = None
        self._copied = collector.tee(cast(BinaryIO, _Reading(self._read)))

    def read(self, size: int = _PIECE) -> bytes:
        """The next bytes."""
        if self._failure is None:
            try:
                return self._copied.read(size)
            except ProofFailed as error:
                self._failure = error
                return self._last
        return self._read(size)

    def finish(self) -> None:
        """Read to the end what nobody asked for, and say what the proof's process said when it gave up.

        Raises:
            ProofFailed: the proof's process gave up on the way.
        """
        while self.read():
            pass
        if self._failure is not None:
            raise self._failure

    def _read(self, size: int) -> bytes:
        self._last = self._stream.read(size)
        return self._last


@dataclass(frozen=True)
class _Reading:
    """The least that a stream must have: a method `read`."""

    read: Callable[[int], bytes]
