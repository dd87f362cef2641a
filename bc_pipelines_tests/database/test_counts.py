"""Counting rows: every table, exactly, in one snapshot."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from bc_pipelines.database.counts import row_counts

Connection = psycopg.Connection[tuple[Any, ...]]


def test_an_empty_database_has_no_tables(connection: Connection) -> None:
    """PostgreSQL's own tables are not counted."""
    assert row_counts(connection) == {}


def test_tables_partitions_and_inheritance(connection: Connection) -> None:
    """Every ordinary table and partition has its own number, parents without their children's rows."""
    connection.execute(
        """
        CREATE SCHEMA "Odd schema";
        CREATE TABLE plain (id int); INSERT INTO plain SELECT generate_series(1, 7);
        CREATE TABLE "Odd schema"."Odd table" (id int); INSERT INTO "Odd schema"."Odd table" VALUES (1);
        CREATE TABLE whole (id int) PARTITION BY RANGE (id);
        CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (10); INSERT INTO whole VALUES (1), (2);
        CREATE TABLE parent (id int); CREATE TABLE child () INHERITS (parent); INSERT INTO child VALUES (1);
        CREATE VIEW seen AS SELECT 1; CREATE TEMPORARY TABLE mine (id int);
        """
    )
    assert row_counts(connection) == {
        "public.plain": 7,
        "Odd schema.Odd table": 1,
        "public.part": 2,
        "public.parent": 0,
        "public.child": 1,
    }


def test_all_tables_are_counted_in_one_snapshot(connection: Connection, url: str) -> None:
    """What others commit between two counts is in none of them: the counts run in a repeatable-read transaction."""
    connection.execute("CREATE TABLE watched (id int)")
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SET default_transaction_isolation = 'read committed'")
        row_counts(other)
        isolation = other.execute("SHOW transaction_isolation").fetchone()
    assert isolation == ("read committed",)
    assert row_counts(connection) == {"public.watched": 0}


def test_a_transaction_that_is_already_open_is_refused(connection: Connection) -> None:
    """Inside somebody's transaction the snapshot could be an old one, so nothing is counted."""
    with connection.transaction(), pytest.raises(ValueError, match="not inside a transaction"):
        row_counts(connection)


def test_tables_of_extensions_are_left_out_as_pg_dump_does(connection: Connection) -> None:
    """A table that belongs to an extension is not in an archive either, so it is not counted."""
    connection.execute(
        """
        CREATE TABLE made_by_extension (id int); CREATE TABLE own (id int);
        ALTER EXTENSION plpgsql ADD TABLE made_by_extension;
        """
    )
    assert row_counts(connection) == {"public.own": 0}
