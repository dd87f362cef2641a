"""The sandbox's git server, asked by a real git and by a stranger."""

from __future__ import annotations

import os
import ssl
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from bc_pipelines.sandbox import git
from bc_pipelines.sandbox.errors import SandboxError
from bc_pipelines.sandbox.world import World


def ask(world: World, password: str) -> subprocess.CompletedProcess[str]:
    """List the repository's branches over https."""
    address = git.url(world).replace("https://", f"https://{git.USER}:{password}@")
    variables = {"GIT_SSL_CAINFO": str(world.ca), "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"}
    variables |= {"GIT_CONFIG_GLOBAL": os.devnull, "PATH": os.environ["PATH"]}
    command = ["git", "ls-remote", "--heads", address]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=30, check=False)


def test_the_sites_branches_are_there(world: World) -> None:
    """With the password: the main branch, staging, and features in every state that a reset tells apart."""
    shown = ask(world, world.secrets["git_password"])
    names = {line.partition("refs/heads/")[2] for line in shown.stdout.splitlines()}
    assert {"master", "staging"} <= names
    assert len(names) == 7


@pytest.mark.parametrize("password", ["wrong", ""])
def test_without_the_password_nothing_is_told(world: World, password: str) -> None:
    """Neither a wrong one nor none lets anybody in, to read or to push."""
    assert ask(world, password).returncode != 0
    context = ssl.create_default_context(cafile=str(world.ca))
    for service in ("git-upload-pack", "git-receive-pack"):
        answer = httpx.get(f"{git.url(world)}/info/refs?service={service}", verify=context)
        assert (answer.status_code, answer.content) == (401, b"")


def test_the_log_holds_no_password(world: World) -> None:
    """Requests are logged, what they carried is not."""
    ask(world, world.secrets["git_password"])
    log = (world.logs / "git.log").read_text(encoding="utf-8")
    assert "info/refs" in log
    assert world.secrets["git_password"] not in log


def test_the_history_is_the_same_but_for_its_dates() -> None:
    """What was made a second later differs in nothing but times."""
    now = int(time.time())
    first, second = git.history(now), git.history(now + 1)
    assert first != second
    assert [line for line in first.splitlines() if "+0000" not in line] == [
        line for line in second.splitlines() if "+0000" not in line
    ]


def test_a_repository_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A stream that git does not understand leaves no half repository behind under the real name."""
    place = tmp_path / "broken.git"
    with pytest.raises(SandboxError, match="could not be made"):
        git.make_repository(place, "nonsense\n")
    assert not place.exists()
