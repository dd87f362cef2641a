"""This machine's own copy of the site's repository: a bare one, fetched anew for each look.

Belongs here: making, locking and refreshing the copy. Does not belong here: reading it (see `survey`).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TextIO

from bc_pipelines.branches.errors import BranchesError, Unclear
from bc_pipelines.branches.git import Git
from bc_pipelines.repository import Repository

HEADS = "refs/remotes/origin/"
"""Where the copy has the remote repository's branches."""


@contextmanager
def fetched(remote: Repository, deadline: timedelta) -> Iterator[Git]:
    """Have a copy that is as the remote repository is now; nobody else changes it meanwhile.

    Args:
        remote: the site's repository.
        deadline: for each command of git.

    Yields:
        Git on the copy.

    Raises:
        BranchesError: the repository cannot be reached, or the copy's folder is somebody else's.
    """
    folder = _own_folder(remote.cache)
    name = hashlib.sha256(remote.url.encode()).hexdigest()[:16]
    with (folder / f"{name}.lock").open("w") as lock:
        _take(lock, deadline)
        git = Git(folder / f"{name}.git", remote, deadline)
        try:
            _refresh(git)
        except Unclear:
            # A run that was killed may have left it locked or half written; all of it can be had again.
            shutil.rmtree(git.folder, ignore_errors=True)
            _refresh(git)
        yield git


def _take(lock: TextIO, deadline: timedelta) -> None:
    """Wait for whoever else looks at the copy just now."""
    until = time.monotonic() + deadline.total_seconds()
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise BranchesError(
                    "Another run on this machine has had the copy of the repository for long."
                ) from None
            time.sleep(0.1)
        else:
            return


def _refresh(git: Git) -> None:
    if not git.folder.is_dir():
        git.run("init", "--quiet", "--bare", "--template=")
    refspec = f"+refs/heads/*:{HEADS}*"
    git.run("fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--", git.remote.url, refspec)


def _own_folder(folder: Path) -> Path:
    """Make the folder, or make sure that it is nobody else's."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise BranchesError(f"The folder for a copy of the repository, {folder}: {error.strerror}.") from None
    if folder.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise BranchesError(
            f"The folder for a copy of the repository, {folder}, is not this user's alone. Nothing was put there; "
            "name another in BC_GIT_CACHE."
        )
    return folder
