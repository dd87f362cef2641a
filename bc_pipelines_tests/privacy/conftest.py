"""The whole site's archive and its copies, shared by the tests of privacy."""

import pytest

from bc_pipelines.privacy.entries import PROFILES
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.privacy.site import Copy, Raw, copied, dumped_site


@pytest.fixture(scope="package")
def raw(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Raw:
    """The whole site, with an invented person in every place."""
    return dumped_site(cluster, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="package", params=PROFILES)
def copy(request: pytest.FixtureRequest, raw: Raw) -> Copy:
    """A copy in each profile."""
    return copied(raw, request.param)
