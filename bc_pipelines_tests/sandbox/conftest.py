"""Sandboxes for the tests of the sandbox: real servers in folders of their own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bc_pipelines.sandbox.up import down, sandbox
from bc_pipelines.sandbox.world import World


@pytest.fixture(scope="session")
def _open_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bc-test-", dir="/var/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def open_folder(_open_folder: Path) -> Path:
    """A new folder that other users can pass through, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(dir=_open_folder))
    folder.chmod(0o711)
    return folder


@pytest.fixture
def closed_folder(tmp_path: Path) -> Path:
    """A new folder that no other user can pass through."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A running sandbox with empty databases, for tests that leave it running."""
    root = tmp_path_factory.mktemp("sandbox") / "root"
    with sandbox(root, fill=False) as running:
        yield running
    down(root, destroy=True)


def processes_of(root: Path) -> set[int]:
    """Find every process whose command line or environment names a folder."""
    found = set()
    needle = str(root).encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                text = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            except OSError:
                continue
            if needle in text:
                found.add(int(folder.name))
    return found
