"""What tests of schedules, sensors and the reaper share: a database that stands in for Dagster's own, and settings."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bc_pipelines.sandbox.apps import environments_toml
from bc_pipelines_tests.postgres import Cluster, find_bindirs

API_KEY = "HRKU-a-token-that-nobody-may-see"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server."""
    bindirs = find_bindirs()
    with Cluster(bindirs[max(bindirs)]) as running:
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
