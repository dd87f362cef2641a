"""One sandbox for all journeys, and the product's own environment variables pointing at it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bc_pipelines.defs.launch import Outcome
from bc_pipelines.sandbox.environment import product_environment
from bc_pipelines.sandbox.up import down, sandbox
from bc_pipelines_tests.journeys.world import Outside


@pytest.fixture(scope="package")
def outside() -> Iterator[Outside]:
    """A sandbox of its own, gone afterwards, with production filled and staging empty."""
    with tempfile.TemporaryDirectory(prefix="bc-journeys-") as folder, pytest.MonkeyPatch.context() as variables:
        root = Path(folder) / "sandbox"
        with sandbox(root) as world:
            for name, value in product_environment(world).items():
                variables.setenv(name, value)
            yield Outside(world)
        down(root, destroy=True)


@pytest.fixture(scope="package")
def first_and_refs(outside: Outside) -> tuple[Outcome, dict[str, str]]:
    """The first reset, and the repository as it left it: the next reset, of any other file, pushes a branch anew."""
    assert outside.sql("staging", "select 1 from information_schema.tables where table_schema = 'public'") == []
    return outside.reset(), outside.refs()


@pytest.fixture(scope="package")
def first(first_and_refs: tuple[Outcome, dict[str, str]]) -> Outcome:
    """The first reset of all, of a staging that never held anything."""
    return first_and_refs[0]


@pytest.fixture(scope="package")
def refs_after_first(first_and_refs: tuple[Outcome, dict[str, str]]) -> dict[str, str]:
    """Every branch and tag of the site's repository as the first reset left them."""
    return first_and_refs[1]
