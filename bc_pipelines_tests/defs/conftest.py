"""What tests of schedules, sensors and ended runs share: a server for Dagster's database, settings, an instance."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from bc_pipelines.operations.record import Records
from bc_pipelines.sandbox.apps import environments_toml
from bc_pipelines_tests.postgres import Cluster, newest_bindir

API_KEY = "HRKU-a-token-that-nobody-may-see"
STORAGE = """
storage:
  postgres:
    postgres_url:
      env: DAGSTER_DATABASE_URL
telemetry:
  enabled: false
"""


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server."""
    with Cluster(newest_bindir()) as running:
        yield running


@pytest.fixture
def environments(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The product's settings, complete and without any server behind them but PostgreSQL.

    Returns:
        The `environments.toml` that the product reads, to be changed by the test.
    """
    path = tmp_path / "environments.toml"
    path.write_text(environments_toml(), encoding="utf-8")
    for name, value in {
        "BC_ENVIRONMENTS": str(path),
        "BC_SCRATCH": str(tmp_path / "scratch"),
        "BC_VIEW_RESTRICTION_PASSWORD": "invented for these tests",
        "DAGSTER_DATABASE_URL": cluster.url(),
        "HEROKU_API_KEY": API_KEY,
        "AWS_DEFAULT_REGION": "eu-west-2",
    }.items():
        monkeypatch.setenv(name, value)
    return path


@pytest.fixture
def instance(
    cluster: Cluster, environments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """A new Dagster instance with its storage in PostgreSQL, found by this process and its children."""
    cluster.create_database("dagster")
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text(STORAGE, encoding="utf-8")
    monkeypatch.setenv("DAGSTER_DATABASE_URL", cluster.url("dagster"))
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        yield instance


@pytest.fixture
def records(instance: dg.DagsterInstance, cluster: Cluster) -> Records:
    """The reset records beside it."""
    return Records(cluster.url("dagster"))
