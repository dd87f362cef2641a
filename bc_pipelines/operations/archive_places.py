"""Where the results of `bucks archive sanitise` go: an archive and, if wanted, a manifest.

Belongs here: which places are refused, private drafts beside them, and that either both results get into their places
or none does. Does not belong here: what is in the files.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from bc_pipelines.operations.archive_source import Source
from bc_pipelines.operations.errors import Refused

# Begins with a dot and is nobody else's, because it is made in a folder that belongs to the caller.
_SCRATCH_PREFIX = ".bucks-archive-"


@dataclass(frozen=True)
class Places:
    """Where the results go.

    Attributes:
        target: the sanitised archive.
        manifest: the manifest as JSON; None for nowhere.
        force: whether files that are there may be replaced.
    """

    target: Path
    manifest: Path | None = None
    force: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that is to be written, the archive first."""
        return (self.target,) if self.manifest is None else (self.target, self.manifest)

    def check(self) -> None:
        """Refuse places where nothing must or can be written.

        Raises:
            Refused: a file is there already, or something that is no file, or there is no such folder.
        """
        for file in self.files:
            if not file.parent.is_dir():
                raise Refused(f"There is no folder {file.parent}. Nothing was written.")
            if os.path.lexists(file) and not file.is_file():
                raise Refused(f"{file} is there already and is not an ordinary file. Nothing was written.")
            if file.exists() and not self.force:
                raise Refused(f"{file} is there already; --force replaces it. Nothing was written.")
        if self.manifest is not None and self.manifest.resolve() == self.target.resolve():
            raise Refused(f"{self.target} cannot be both the archive and the manifest. Nothing was written.")

    def spare(self, source: Source) -> None:
        """Refuse to replace the raw archive, by whatever name or through whatever redirection it is read.

        Raises:
            Refused: one of the places is the raw archive itself.
        """
        for file in self.files:
            if source.status is not None and file.exists() and os.path.samestat(file.stat(), source.status):
                raise Refused(f"{file} is the raw archive itself. Nothing was written.")

    def drafts(self, stack: ExitStack) -> list[Path]:
        """Names for drafts of the files, each in a private folder (mode 0700) on the file system of its place.

        Args:
            stack: removes the folders when it ends.
        """
        return [
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=_SCRATCH_PREFIX, dir=file.parent))) / "draft"
            for file in self.files
        ]

    def fill(self, drafts: Sequence[Path]) -> None:
        """Put the drafts in their places: both, or after a failure none. A manifest alone would promise an archive.

        Raises:
            OSError: a file could not be moved; every place is as it was.
        """
        try:
            if self.manifest is not None:
                if self.manifest.exists():
                    self.manifest.replace(_before(drafts[1]))
                drafts[1].replace(self.manifest)
            drafts[0].replace(self.target)
        finally:
            # Also after a signal, hence what was done is read from the files: the archive is moved last.
            if self.manifest is not None and drafts[0].exists():
                _undo(drafts[1], self.manifest)
        for file in self.files:
            _remember(file.parent)


def _before(draft: Path) -> Path:
    """What was in a file's place waits beside its draft."""
    return draft.with_name("before")


def _undo(draft: Path, file: Path) -> None:
    if _before(draft).exists():
        _before(draft).replace(file)
    elif not draft.exists():
        file.unlink(missing_ok=True)


def _remember(folder: Path) -> None:
    """Have a folder remember its new names even if the power fails."""
    # Some network file systems cannot do this for a folder. The files are in their places all the same.
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
