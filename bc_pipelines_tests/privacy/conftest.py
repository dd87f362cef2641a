"""One throw-away PostgreSQL server, shared by the tests of privacy."""

from collections.abc import Iterator

import pytest

from bc_pipelines_tests.postgres import Cluster, find_bindirs


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    """A server of the oldest version that this machine has."""
    bindirs = find_bindirs()
    with Cluster(bindirs[min(bindirs)]) as running:
        yield running
