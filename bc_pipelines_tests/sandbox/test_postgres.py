"""PostgreSQL, found, made and run for real: the system's and the wheel's."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bc_pipelines.sandbox import places, postgres
from bc_pipelines.sandbox.account import unprivileged
from bc_pipelines.sandbox.postgres import Cluster
from bc_pipelines.sandbox.processes import Server, launch, wait_until
from bc_pipelines.sandbox.world import PostgresPlaces, create

IDENTITY = "0123456789abcdef"


def installs() -> list[Path]:
    """List the complete installs of this machine: the preferred one, and the wheel's."""
    found = [places.find_programs({})]
    wheel = Path(next(iter(places._wheel()), Path("/nowhere")))
    return found if not wheel.is_dir() or wheel == found[0] else [*found, wheel]


def cluster_in(root: Path, found: PostgresPlaces, port: int) -> Cluster:
    """Make a cluster's data directory."""
    made = Cluster("other", found.home / "other", port, found.bin, found.major, unprivileged(), password="super")
    places.make_home(root, found)
    postgres.initialise(made)
    return made


@pytest.fixture(params=installs(), ids=lambda path: path.parent.name)
def running(request: pytest.FixtureRequest, open_folder: Path) -> Iterator[Cluster]:
    """A running cluster of each install."""
    found = places.find_places(open_folder, IDENTITY, {"BC_PG_BIN": str(request.param)})
    port = create(open_folder, IDENTITY, found, 1, 1).ports["postgres_other"]
    cluster = cluster_in(open_folder, found, port)
    child = launch(Server("postgres", cluster.command, account=cluster.account), open_folder)
    try:
        assert wait_until(lambda: postgres.answers(port), 30)
        yield cluster
    finally:
        child.terminate()
        child.kill()
        child.wait()


def connect(cluster: Cluster, role: str, password: str, database: str) -> psycopg.Connection:
    """Connect as a role."""
    return psycopg.connect(
        host="127.0.0.1", port=cluster.port, user=role, password=password, dbname=database, connect_timeout=10
    )


def test_databases_belong_to_their_roles_alone(running: Cluster, open_folder: Path) -> None:
    """Each role owns its database and schema, gets in by its password only, and into no other database."""
    postgres.provide_databases(running, {"staging": "one", "local": "two"})
    postgres.provide_databases(running, {"staging": "three", "local": "two"})
    with connect(running, "staging", "three", "staging") as connection:
        connection.execute("CREATE TABLE public.t (n int)")
        owner = connection.execute("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public'")
        assert owner.fetchone() == ("staging",)
    for role, password, database in (
        ("staging", "one", "staging"),
        ("staging", "", "staging"),
        ("staging", "three", "local"),
        ("postgres", "", "postgres"),
    ):
        with pytest.raises(psycopg.OperationalError):
            connect(running, role, password, database)
    postgres.empty_database(running, "staging")
    with connect(running, "staging", "three", "staging") as connection:
        assert connection.execute("SELECT to_regclass('public.t')").fetchone() == (None,)


def test_rows_and_passwords_never_reach_the_log(running: Cluster, open_folder: Path) -> None:
    """Errors that quote values, and statements that set passwords, leave no trace in the server's log."""
    postgres.provide_databases(running, {"staging": "a-password-of-staging"})
    with connect(running, "staging", "a-password-of-staging", "staging") as connection:
        connection.execute("CREATE TABLE t (v text UNIQUE)")
        connection.execute("INSERT INTO t VALUES ('pat@person.example')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO t VALUES ('pat@person.example')")
        connection.rollback()
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("SELECT 'pat@person.example'::int")
    log = (open_folder / "postgres.log").read_text()
    assert "ready to accept connections" in log
    assert "pat@" not in log
    assert "password-of-staging" not in log


def test_only_loopback_and_no_socket_file(running: Cluster) -> None:
    """The server listens on 127.0.0.1 and leaves no socket in shared folders."""
    with connect(running, "postgres", "super", "postgres") as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()
            for name in ("listen_addresses", "unix_socket_directories")
        }
    assert shown == {"listen_addresses": ("127.0.0.1",), "unix_socket_directories": ("",)}


def test_a_second_start_keeps_the_data(open_folder: Path) -> None:
    """A data directory that is there is left as it is, and no password file stays."""
    found = places.find_places(open_folder, IDENTITY, {})
    cluster = cluster_in(open_folder, found, 20001)
    before = (cluster.data / "PG_VERSION").stat()
    postgres.initialise(cluster)
    assert (cluster.data / "PG_VERSION").stat().st_mtime_ns == before.st_mtime_ns
    assert stat.S_IMODE(cluster.data.stat().st_mode) == 0o700
    assert sorted(path.name for path in found.home.iterdir()) == ["other"]
