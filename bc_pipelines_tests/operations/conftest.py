"""A PostgreSQL server that stands in for Dagster's own, and an empty sandbox that the product's variables name."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bc_pipelines.operations.tools import Tools, open_tools
from bc_pipelines.sandbox.apps import environments_toml
from bc_pipelines.sandbox.certificates import make_certificates
from bc_pipelines.sandbox.environment import product_environment
from bc_pipelines.sandbox.up import down, sandbox
from bc_pipelines.sandbox.world import World
from bc_pipelines_tests.postgres import Cluster, newest_bindir
from bc_pipelines_tests.sandbox.heroku.simulated import PRODUCTION_HOST, STAGING, TOKEN, Simulated


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


@pytest.fixture(scope="module")
def running(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """The simulator; staging's plan keeps two backups."""
    for name in ("production", "staging", "dagster"):
        cluster.create_database(name)
    certificates = make_certificates(tmp_path_factory.mktemp("tls") / "private", [PRODUCTION_HOST])
    urls = (cluster.url("production"), cluster.url("staging"))
    simulated = Simulated(tmp_path_factory.mktemp("heroku"), certificates, cluster.bin_dir, urls)
    with simulated.running():
        yield simulated


@pytest.fixture
def tools(running: Simulated, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tools]:
    """Tools that reach the simulator, with no backup and no record there yet."""
    path = tmp_path / "environments.toml"
    path.write_text(environments_toml(), encoding="utf-8")
    for name, value in {
        "BC_ENVIRONMENTS": str(path),
        "BC_VIEW_RESTRICTION_PASSWORD": "invented for these tests",
        "BC_HEROKU_POLL_SECONDS": "0.05",
        "DAGSTER_DATABASE_URL": cluster.url("dagster"),
        "HEROKU_HOST": running.base,
        "HEROKU_DATA_HOST": "127.0.0.1",
        "HEROKU_API_KEY": TOKEN,
        "SSL_CERT_FILE": str(running.certificates.ca),
        "AWS_DEFAULT_REGION": "eu-west-2",
    }.items():
        monkeypatch.setenv(name, value)
    cluster.execute("drop schema if exists bc_pipelines cascade", database="dagster")
    for backup in running.transfers(STAGING):
        running.api.delete(f"/client/v11/apps/{STAGING}/transfers/{backup['num']}").raise_for_status()
    with open_tools() as tools:
        yield tools
