"""A PostgreSQL server that stands in for Dagster's own, and an empty sandbox that the product's variables name."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bc_pipelines.sandbox.environment import product_environment
from bc_pipelines.sandbox.up import down, sandbox
from bc_pipelines.sandbox.world import World
from bc_pipelines_tests.postgres import Cluster, newest_bindir


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    """A server for all tests of this folder."""
    with Cluster(newest_bindir()) as running:
        yield running


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A sandbox whose databases are empty; the product's own variables name its servers."""
    with tempfile.TemporaryDirectory(prefix="bc-operations-") as folder, pytest.MonkeyPatch.context() as variables:
        root = Path(folder) / "sandbox"
        with sandbox(root, fill=False) as world:
            for name, value in product_environment(world).items():
                variables.setenv(name, value)
            yield world
        down(root, destroy=True)
