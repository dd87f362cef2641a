"""The sandbox's root folder: whose it is, who may change it just now, and how private files are written.

Does not belong here: what stands in the files.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bc_pipelines.sandbox.errors import SandboxError

WORLD_FILE = "world.json"

CHECKOUT = Path(__file__).resolve().parents[2]
"""The folder that holds the package; child processes start there, so that they can import it."""


def default_root() -> Path:
    """Say where the sandbox lives when nobody says otherwise.

    Returns:
        ``$BC_SANDBOX``, else `.sandbox` in the checkout, else `.sandbox` in the present folder.
    """
    above = CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else Path.cwd()
    return Path(os.environ.get("BC_SANDBOX") or above / ".sandbox").resolve()


def claim(root: Path) -> None:
    """Make the root folder, or make sure that it is a sandbox's own.

    Args:
        root: the sandbox's root folder, absolute.

    Raises:
        SandboxError: it is something else's, or another user's.
    """
    if not root.exists():
        # As root, PostgreSQL runs as another user, who has to pass through but may not look around.
        root.mkdir(parents=True)
        root.chmod(0o711 if os.geteuid() == 0 else 0o700)
        return
    if not root.is_dir():
        raise SandboxError(f"{root} is not a folder. Nothing was changed; name another with --root.")
    if root.stat().st_uid != os.geteuid():
        raise SandboxError(
            f"{root} belongs to another user. Nothing was changed; run this as that user, or name another with --root."
        )
    if any(root.iterdir()) and not (root / WORLD_FILE).is_file():
        raise SandboxError(
            f"{root} holds files but no {WORLD_FILE}, so it is not a sandbox's folder. "
            "Nothing was changed; name an empty or a new one with --root."
        )


@contextmanager
def locked(root: Path, seconds: float = 120) -> Iterator[None]:
    """Keep other commands from changing the same sandbox meanwhile.

    Args:
        root: the sandbox's root folder; it must exist.
        seconds: how long to wait for another command to end.

    Raises:
        SandboxError: another command still holds it.
    """
    # The lock is on the folder itself, so that it leaves no file behind.
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _wait_for_lock(descriptor, root, seconds)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, root: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise SandboxError(f"Another command is still changing the sandbox in {root}; try again.") from None
            time.sleep(0.1)
        else:
            return


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can open.

    Args:
        path: the folder; its parents are made too.

    Returns:
        The same path.
    """
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file of mode 0600, whole or not at all.

    Args:
        path: the file; its folder must exist.
        content: text (written as UTF-8) or bytes.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.is_file() and path.read_bytes() == data:
        return
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    partial.replace(path)


def open_private(path: Path) -> int:
    """Open a log file of mode 0600 at its end.

    Args:
        path: the file; its folder must exist.

    Returns:
        A file descriptor, which the caller closes.
    """
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def remove(path: Path) -> None:
    """Delete a file or a whole folder; what does not exist is fine, and a link is never followed.

    Args:
        path: what to delete.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
