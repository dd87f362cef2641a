"""A PostgreSQL server that stands in for Dagster's own."""

from collections.abc import Iterator

import pytest

from bc_pipelines_tests.postgres import Cluster, find_bindirs


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    """A server for all tests of this folder."""
    bindirs = find_bindirs()
    with Cluster(bindirs[max(bindirs)]) as running:
        yield running
