"""One dump of the council's whole site, shared by the tests of the proof."""

from pathlib import Path

import pytest

from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.proof.archives import Maker
from bc_pipelines_tests.site_schema import build_site

# The filler of the fixture is the same in columns of the same name, and so would be public, or found, by chance.
APART = """
    UPDATE feedback_feedbackcomment SET action = 'The first remark of ' || id || ' visitors' WHERE id > 1;
"""


@pytest.fixture(scope="package")
def site(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw archive of the whole site, with an invented person in every place."""
    build_site(cluster, "site")
    cluster.execute(APART, database="site")
    return cluster.dump(tmp_path_factory.mktemp("site") / "raw.dump", database="site")


@pytest.fixture(scope="package")
def maker(site: Path) -> Maker:
    """Makes archives with the site's tables and other rows."""
    return Maker(site.read_bytes())
