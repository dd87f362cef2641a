"""The pinned CLI from npm, one sandbox of real servers for all of its commands, and fresh databases for each test."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bc_pipelines.sandbox.up import down, sandbox
from bc_pipelines.sandbox.world import World
from bc_pipelines_tests.heroku_cli.commands import HerokuCli
from bc_pipelines_tests.heroku_cli.install import CannotInstall, Node, find_node, install
from bc_pipelines_tests.heroku_cli.outside import Outside

PROGRAMS = {"git"}
"""What the CLI starts: it looks for an app in the working directory's remotes, and sets a credential helper."""


@pytest.fixture(scope="package")
def installed(pytestconfig: pytest.Config) -> tuple[Node, Path]:
    """Node and the CLI's program; without them the tests are skipped, but not on the machine that decides."""
    assert pytestconfig.cache
    try:
        node = find_node()
        return node, install(node, pytestconfig.cache.mkdir("heroku-cli"))
    except CannotInstall as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(str(reason))
        pytest.skip(str(reason))


@pytest.fixture(scope="package")
def shared() -> Iterator[Outside]:
    """A sandbox of its own, gone afterwards, whose databases are empty."""
    with tempfile.TemporaryDirectory(prefix="bc-heroku-cli-") as folder:
        root = Path(folder) / "sandbox"
        with sandbox(root, fill=False) as world, _client(world) as heroku:
            yield Outside(world, heroku)
        down(root, destroy=True)


@pytest.fixture
def outside(shared: Outside) -> Iterator[Outside]:
    """The sandbox with a few pages in production and something else on staging, and no faults afterwards."""
    shared.fill()
    yield shared
    shared.forget_faults()


@pytest.fixture
def cli(installed: tuple[Node, Path], outside: Outside, tmp_path: Path) -> Iterator[HerokuCli]:
    """The CLI; the test fails if any process of it tried to leave this machine, or started anything but git."""
    folder = tmp_path / "empty"
    folder.mkdir()
    made = HerokuCli(*installed, outside.world, folder)
    yield made
    reached = made.reached()
    assert [each for each in reached if not each.allowed] == []
    assert {each.target.split()[0] for each in reached if each.kind == "program"} <= PROGRAMS


def _client(world: World) -> httpx.Client:
    return httpx.Client(
        base_url=world.heroku_url,
        headers={"Authorization": f"Bearer {world.secrets['heroku_token']}"},
        verify=ssl.create_default_context(cafile=str(world.ca)),
        timeout=30,
    )
