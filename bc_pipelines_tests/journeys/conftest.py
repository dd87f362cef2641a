"""One sandbox for all journeys, and the product's own environment variables pointing at it.

Which files share one, and so which resets came before a test of another file, differs from run to run. A test takes
what it compares with from before its own first step, or from `after_first`.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bc_pipelines.defs.launch import Outcome
from bc_pipelines.operations import backups
from bc_pipelines.operations.tools import open_tools
from bc_pipelines.sandbox import production
from bc_pipelines.sandbox.environment import product_environment
from bc_pipelines.sandbox.up import down, sandbox
from bc_pipelines.sandbox.world import World
from bc_pipelines_tests.journeys.world import Outside, Seen


@pytest.fixture(scope="package")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """A sandbox of its own, gone afterwards, with production filled and staging empty."""
    own = tmp_path_factory.getbasetemp()
    of_all_workers = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with tempfile.TemporaryDirectory(prefix="bc-journeys-") as folder, pytest.MonkeyPatch.context() as variables:
        root = Path(folder) / "sandbox"
        with sandbox(root, fill=False) as world:
            fill(world, of_all_workers / "production-of-journeys")
            for name, value in product_environment(world).items():
                variables.setenv(name, value)
            yield Outside(world)
        down(root, destroy=True)


def fill(world: World, kept: Path) -> None:
    """Fill production; who is first in a run of the tests makes the content and keeps it, and who comes then waits.

    Making it takes the site half a minute, restoring it a few seconds.
    """
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if kept.is_dir():
            shutil.copytree(kept, world.root / "production")
        production.fill(world, lambda _words: None)
        if not kept.is_dir():
            whole = shutil.copytree(world.root / "production", kept.with_suffix(".part"), dirs_exist_ok=True)
            whole.rename(kept)


@pytest.fixture(scope="package")
def first_and_seen(outside: Outside) -> tuple[Outcome, Seen]:
    """The first reset, and what was there right after it: any file may come next in this sandbox, or none."""
    assert outside.sql("staging", "select 1 from information_schema.tables where table_schema = 'public'") == []
    for environment in ("production", "staging"):
        for cache in outside.caches(environment):
            with cache:
                cache.set("made from another database", "a value")
    return outside.reset(), outside.seen()


@pytest.fixture(scope="package")
def first(first_and_seen: tuple[Outcome, Seen]) -> Outcome:
    """The first reset of all, of a staging that never held anything."""
    return first_and_seen[0]


@pytest.fixture(scope="package")
def after_first(first_and_seen: tuple[Outcome, Seen]) -> Seen:
    """What the first reset left of what later ones change."""
    return first_and_seen[1]


@pytest.fixture
def adoptable(outside: Outside) -> str:
    """Name of a recent backup of production, made now if some test has deleted all there were."""
    with open_tools() as tools:
        return backups.recent_or_new(tools, tools.settings.production, lambda _transfer: None).name
