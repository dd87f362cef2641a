"""What the tests of the Heroku client share: certificates, a scripted server, shapes to send, a client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.sandbox.certificates import Certificates, make_certificates
from bc_pipelines_tests.heroku.scripted import ScriptedServer
from bc_pipelines_tests.heroku.simulated import APPS, Heroku, running
from bc_pipelines_tests.postgres import Cluster, oldest_bindir

TOKEN = "HRKU-a-token-that-nobody-may-see"
POLL = 0.02
"""Seconds between two looks, and so the measure of every pause, in these tests."""


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certificates]:
    """Certificates of an authority that the client trusts by the standard variable."""
    made = make_certificates(tmp_path_factory.mktemp("tls") / "private", ["www.buckinghamshire.example"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(made.ca))
        yield made


@pytest.fixture
def server(certificates: Certificates) -> Iterator[ScriptedServer]:
    """A server that answers what the test tells it to."""
    with ScriptedServer(certificates) as running:
        yield running


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[HerokuClient]:
    """A client of the scripted server that may change `staging` only, and gives up after a second."""
    with HerokuClient(
        server.url, server.url, TOKEN, writable_apps=frozenset({"staging"}), poll_interval=POLL, retry_for=1
    ) as made:
        yield made


@pytest.fixture(scope="session")
def _heroku(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heroku]:
    with (
        Cluster(oldest_bindir()) as cluster,
        ExitStack() as stack,
    ):
        for name in APPS:
            cluster.create_database(name)
        yield stack.enter_context(running(cluster, certificates, tmp_path_factory.mktemp("heroku")))


@pytest.fixture
def heroku(_heroku: Heroku) -> Iterator[Heroku]:
    """The simulator with a table of three people in production and nothing in staging."""
    for name in APPS:
        _heroku.cluster.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public", database=name)
    _heroku.cluster.execute("CREATE TABLE person AS SELECT id FROM generate_series(1, 3) AS id", database="production")
    yield _heroku
    _heroku.no_faults()


@pytest.fixture
def real(heroku: Heroku) -> Iterator[HerokuClient]:
    """A client of the simulator."""
    with heroku.client() as made:
        yield made
