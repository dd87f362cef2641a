"""Which database a URL means, and that no password comes out of the module."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from bc_pipelines.database.identity import DatabaseError, Identity, connect, size_bytes
from bc_pipelines_tests.postgres import Cluster

SECRET = "hunter2-should-never-show"


@pytest.mark.parametrize(
    "url",
    [
        f"postgres://someone:{SECRET}@DB.example:5433/shop?sslmode=require",
        f"postgresql://someone:{SECRET}@db.example:5433/shop",
        f"host=db.example port=5433 dbname=shop user=someone password={SECRET}",
    ],
)
def test_every_form_of_a_url_is_read(url: str) -> None:
    """Heroku's form, PostgreSQL's form and libpq's form name the same database, and no secret is kept."""
    identity = Identity.from_url(url)
    assert identity == Identity("db.example", 5433, "shop")
    assert str(identity) == "db.example:5433/shop"
    assert SECRET not in repr(identity)


def test_port_defaults_to_postgresqls_own() -> None:
    """A URL without a port means 5432."""
    assert Identity.from_url("postgres://db.example/shop").port == 5432


@pytest.mark.parametrize(
    "url",
    [
        f"postgres://someone:{SECRET}@/shop",
        f"postgres://someone:{SECRET}@db.example/",
        f"postgres://someone:{SECRET}@one.example,two.example/shop",
        f"postgres://someone:{SECRET}@db.example:port/shop",
        f"nonsense {SECRET}",
        "",
    ],
)
def test_what_names_no_single_database_is_refused_without_quoting_it(url: str) -> None:
    """A URL that cannot be read or names several hosts is refused, and its password is not in the message."""
    with pytest.raises(DatabaseError) as refused:
        Identity.from_url(url)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_connect_opens_with_a_name_and_autocommit(url: str) -> None:
    """A session opened from Heroku's form of a URL carries its name and commits by itself."""
    with connect(url.replace("postgresql://", "postgres://"), application_name="a test") as opened:
        assert opened.autocommit
        assert opened.execute("SHOW application_name").fetchone() == ("a test",)


def test_wrong_password_is_not_shown(cluster: Cluster) -> None:
    """A refused login is reported in the server's words, without the password and without a cause that has it."""
    wrong = cluster.url().replace(cluster.password, SECRET)
    with pytest.raises(DatabaseError, match="could not be opened") as refused:
        connect(wrong)
    assert SECRET not in str(refused.value)
    assert str(cluster.port) in str(refused.value)
    assert refused.value.__cause__ is None


def test_size(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """The size is the whole database's and grows with it."""
    before = size_bytes(connection)
    connection.execute("CREATE TABLE big AS SELECT repeat('x', 1000) FROM generate_series(1, 5000)")
    assert size_bytes(connection) > before > 0
