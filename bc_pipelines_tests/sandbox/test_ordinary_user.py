"""The sandbox run by an ordinary user, while the tests are run by root; as an ordinary user, every test shows it."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bc_pipelines.sandbox import servers
from bc_pipelines.sandbox.folder import CHECKOUT
from bc_pipelines.sandbox.world import load
from bc_pipelines_tests.sandbox.conftest import processes_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the other tests show it already")

PATHS = os.pathsep.join([str(CHECKOUT), sysconfig.get_path("purelib")])


def as_nobody(command: list[str], seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a program as `nobody`, with this package and its dependencies on the path."""
    user = pwd.getpwnam("nobody")
    return subprocess.run(
        command,
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=(),
        cwd="/",
        env={"PATH": os.defpath, "PYTHONPATH": PATHS, "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


@pytest.fixture(scope="module")
def python() -> str:
    """A Python that `nobody` can run and that takes this one's packages."""
    same = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, shutil.which(same, path="/usr/local/bin:/usr/bin")):
        if candidate:
            try:
                found = as_nobody([candidate, "-c", "import bc_pipelines.sandbox.cli, psycopg, cryptography.x509"])
            except PermissionError:
                continue
            if found.returncode == 0:
                return candidate
    pytest.skip("this Python, its packages or the checkout lie below a folder that only root can enter")


@pytest.fixture
def root() -> Iterator[Path]:
    """A root in a folder that belongs to `nobody`."""
    above = Path(tempfile.mkdtemp(prefix="bc-test-", dir="/var/tmp"))
    shutil.chown(above, "nobody")
    yield above / "root"
    shutil.rmtree(above)


def test_an_ordinary_user_has_a_sandbox(python: str, root: Path) -> None:
    """Up, status, down: everything lies below the root, belongs to that user, and nothing runs afterwards."""
    command = [python, "-m", "bc_pipelines.sandbox.cli"]
    started = as_nobody([*command, "up", "--empty", "--root", str(root)])
    try:
        assert started.returncode == 0, started.stderr
        shown = as_nobody([*command, "status", "--root", str(root)])
        world = load(root)
        assert world is not None
        assert (shown.returncode, shown.stdout.count("running")) == (0, len(servers.servers(world))), shown.stdout
        assert json.loads((root / "world.json").read_text())["postgres"]["home"] == str(root / "postgres")
        assert {path.owner() for path in root.iterdir()} == {"nobody"}
    finally:
        stopped = as_nobody([*command, "down", "--destroy", "--root", str(root)])
    assert stopped.returncode == 0, stopped.stderr
    assert not root.exists()
    assert processes_of(root) == set()
