"""One PostgreSQL cluster, one CA and one simulator for the tests of the simulator; each test gets its data afresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from bc_pipelines.sandbox.certificates import Certificates, make_certificates
from bc_pipelines_tests.postgres import Cluster, oldest_bindir
from bc_pipelines_tests.sandbox.heroku.simulated import PRODUCTION_HOST, STAGING_HOST, Simulated

# More than fits into one buffer anywhere, so that transfers and downloads come in pieces.
PAGES = """
DROP SCHEMA public CASCADE;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
CREATE TABLE page (id integer PRIMARY KEY, body text NOT NULL);
INSERT INTO page
    SELECT number, (SELECT string_agg(md5(format('%s %s', number, part)), '') FROM generate_series(1, 20) AS part)
    FROM generate_series(1, 3000) AS number;
CREATE TABLE visitor (id integer PRIMARY KEY, page_id integer NOT NULL REFERENCES page (id));
INSERT INTO visitor SELECT number, number FROM generate_series(1, 100) AS number;
"""
STALE = """
DROP SCHEMA public CASCADE;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
CREATE TABLE only_on_staging (id integer);
CREATE SCHEMA IF NOT EXISTS leftover;
CREATE TABLE IF NOT EXISTS leftover.thing (id integer);
"""


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server with a production and a staging database, owned by an ordinary user."""
    with Cluster(oldest_bindir()) as running:
        running.execute(f"CREATE ROLE site LOGIN PASSWORD '{running.password}'")
        for name in ("production", "staging"):
            running.create_database(name)
            running.execute(f"ALTER DATABASE {name} OWNER TO site")
        yield running


@pytest.fixture(scope="session")
def databases(cluster: Cluster) -> tuple[str, str]:
    """Connection strings in Heroku's form."""
    base = f"postgres://site:{cluster.password}@127.0.0.1:{cluster.port}"
    return f"{base}/production", f"{base}/staging"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A CA and a server certificate for loopback and both sites."""
    return make_certificates(tmp_path_factory.mktemp("certificates"), [PRODUCTION_HOST, STAGING_HOST])


@pytest.fixture
def make_simulated(
    tmp_path: Path, certificates: Certificates, cluster: Cluster, databases: tuple[str, str]
) -> Callable[..., Simulated]:
    """Makes a simulator of the test's own, not yet started."""

    def make(**options: object) -> Simulated:
        return Simulated(tmp_path, certificates, cluster.bin_dir, databases, **options)

    return make


@pytest.fixture(scope="session")
def shared(
    tmp_path_factory: pytest.TempPathFactory,
    certificates: Certificates,
    cluster: Cluster,
    databases: tuple[str, str],
) -> Iterator[Simulated]:
    """The simulator that most tests share."""
    simulated = Simulated(tmp_path_factory.mktemp("heroku"), certificates, cluster.bin_dir, databases)
    with simulated.running():
        yield simulated


@pytest.fixture(scope="session")
def refill(databases: tuple[str, str]) -> Callable[[], None]:
    """Makes both databases as they were at first."""

    def refill() -> None:
        for url, statements in zip(databases, (PAGES, STALE), strict=True):
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("SET client_min_messages = warning")
                connection.execute(statements)

    return refill


@pytest.fixture
def simulated(shared: Simulated, refill: Callable[[], None]) -> Iterator[Simulated]:
    """The shared simulator, with fresh databases, no faults, both apps up and no maintenance."""
    refill()
    yield shared
    shared.api.delete("/sandbox/faults")
    for app in shared.config["apps"]:
        shared.api.patch(f"/apps/{app['name']}", json={"maintenance": False})
        updates = [{"type": kind, "quantity": quantity} for kind, quantity in app["formation"].items()]
        shared.api.patch(f"/apps/{app['name']}/formation", json={"updates": updates})
