"""The mark that says which reset made a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from bc_pipelines.database.counts import row_counts
from bc_pipelines.wagtail_sql.marker import read_marker, write_marker
from bc_pipelines_tests.postgres import Cluster

Connection = psycopg.Connection[tuple[Any, ...]]


def test_a_database_carries_the_id_of_its_reset(connection: Connection) -> None:
    """The newest mark counts, and no row tells of it."""
    connection.execute("CREATE TABLE django_migrations (id int)")
    assert read_marker(connection) is None
    assert write_marker(connection, "2026-11-01-0930-4f2a81c0")
    assert write_marker(connection, "2026-11-08-0930-'quoted'")
    assert read_marker(connection) == "2026-11-08-0930-'quoted'"
    assert connection.execute("SELECT count(*) FROM django_migrations").fetchone() == (0,)


def test_somebody_elses_comment_is_no_mark(connection: Connection) -> None:
    """A comment of the site's own says nothing about a reset."""
    connection.execute("CREATE TABLE django_migrations (id int)")
    connection.execute("COMMENT ON TABLE django_migrations IS 'ours'")
    assert read_marker(connection) is None


def test_an_empty_database_carries_none(connection: Connection) -> None:
    """Without the table there is nothing to mark, and the answer says so."""
    assert read_marker(connection) is None
    assert write_marker(connection, "2026-11-01-0930-4f2a81c0") is False


def test_a_backup_carries_the_mark_to_where_it_is_restored(cluster: Cluster, tmp_path: Path) -> None:
    """pg_dump and pg_restore as Heroku calls them, without owners and privileges: the mark is there afterwards."""
    cluster.create_database("marked")
    with psycopg.connect(cluster.url("marked"), autocommit=True) as source:
        source.execute("CREATE TABLE django_migrations (id int)")
        write_marker(source, "2026-11-01-0930-4f2a81c0")
        assert row_counts(source) == {"public.django_migrations": 0}
    archive = cluster.dump(tmp_path / "marked.dump", "--no-owner", "--no-privileges", database="marked")
    cluster.create_database("copy")
    cluster.restore(archive, "--no-owner", "--no-privileges", database="copy")
    with psycopg.connect(cluster.url("copy"), autocommit=True) as copy:
        assert read_marker(copy) == "2026-11-01-0930-4f2a81c0"
