"""The last SQL before the site starts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg

from bc_pipelines.wagtail_sql.ready import empty_cache_table, has_index, mark_cleaned
from bc_pipelines_tests.database.few_tables import add, create_tables

Connection = psycopg.Connection[tuple[Any, ...]]


def test_one_birdbath_row_is_left_and_it_is_new(connection: Connection) -> None:
    """A row that came from production is replaced by one of now; doing it again still leaves one."""
    create_tables(connection, "birdbath_execution")
    add(connection, "birdbath_execution", date_executed=datetime(2020, 1, 1, tzinfo=UTC))
    assert mark_cleaned(connection)
    assert mark_cleaned(connection)
    (row,) = connection.execute("SELECT date_executed > now() - interval '1 hour' FROM birdbath_execution").fetchall()
    assert row == (True,)


def test_the_cache_table_is_emptied(connection: Connection) -> None:
    """Cached values are removed and counted."""
    create_tables(connection, "database_cache")
    add(connection, "database_cache", cache_key="one")
    assert empty_cache_table(connection) == 1
    assert empty_cache_table(connection) == 0


def test_a_site_without_these_tables_is_told_so(connection: Connection) -> None:
    """Where a table does not exist, nothing is done and the answer says so."""
    assert mark_cleaned(connection) is False
    assert empty_cache_table(connection) is None
    assert has_index(connection) is False


def test_where_the_search_index_is(connection: Connection) -> None:
    """A table without an entry means a search server; with one, the index is in the database."""
    connection.execute("CREATE TABLE wagtailsearch_indexentry (id int)")
    assert has_index(connection) is False
    connection.execute("INSERT INTO wagtailsearch_indexentry VALUES (1)")
    assert has_index(connection) is True
