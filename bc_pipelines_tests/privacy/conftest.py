"""One throw-away PostgreSQL server, the whole site's archive and its copies, shared by the tests of privacy."""

from collections.abc import Iterator

import pytest

from bc_pipelines.privacy.entries import PROFILES
from bc_pipelines_tests.postgres import Cluster, find_bindirs
from bc_pipelines_tests.privacy.site import Copy, Raw, copied, dumped_site


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    """A server of the oldest version that this machine has."""
    bindirs = find_bindirs()
    with Cluster(bindirs[min(bindirs)]) as running:
        yield running


@pytest.fixture(scope="package")
def raw(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Raw:
    """The whole site, with an invented person in every place."""
    return dumped_site(cluster, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="package", params=PROFILES)
def copy(request: pytest.FixtureRequest, raw: Raw) -> Copy:
    """A copy in each profile."""
    return copied(raw, request.param)
