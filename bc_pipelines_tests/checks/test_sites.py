"""Site records on staging's hosts, and everything still attached: each way of being wrong fails."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from bc_pipelines.checks.sites import settings_attached, sites_moved
from bc_pipelines_tests.database.few_tables import add, create_tables

Connection = psycopg.Connection[tuple[Any, ...]]

MAPPING = {"www.example": "www.staging.example", "fis.example": "fis.staging.example"}
PRODUCTION = frozenset(MAPPING)
SETTINGS = (
    "navigation_navigationsettings",
    "utils_importantpages",
    "utils_socialmediasettings",
    "utils_systemmessagessettings",
)
WRITTEN = {f"public.{table}": 2 for table in SETTINGS} | {"public.wagtailredirects_redirect": 3}


@pytest.fixture
def site(connection: Connection) -> Connection:
    """Two Site records on staging's hosts with all that hangs on them, without keys so that tests can break them."""
    for table in ("wagtailcore_page", "wagtailcore_site", *SETTINGS, "wagtailredirects_redirect"):
        create_tables(connection, table)
    add(connection, "wagtailcore_page")
    add(connection, "wagtailcore_site", hostname="www.staging.example", port=443, is_default_site=True, root_page_id=1)
    add(connection, "wagtailcore_site", hostname="fis.staging.example", port=443, root_page_id=1)
    for site_id in (1, 2):
        add(connection, "wagtailredirects_redirect", site_id=site_id, old_path="/a")
        for table in SETTINGS:
            add(connection, table, site_id=site_id)
    add(connection, "wagtailredirects_redirect", site_id=None, old_path="/b")
    return connection


def test_moved(site: Connection) -> None:
    """Every record on a configured host and one default pass; the records are shown."""
    verdict = sites_moved(site, MAPPING, PRODUCTION)
    assert verdict.passed, verdict.summary
    assert [row["host"] for row in verdict.rows] == ["www.staging.example", "fis.staging.example"]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "UPDATE wagtailcore_site SET hostname = 'FIS.example' WHERE id = 2",
            "still on production's hosts: fis.example",
        ),
        ("UPDATE wagtailcore_site SET hostname = 'x.example' WHERE id = 2", "nobody configured: x.example"),
        ("UPDATE wagtailcore_site SET is_default_site = false", "0 records are the default"),
        ("UPDATE wagtailcore_site SET is_default_site = true", "2 records are the default"),
        ("DELETE FROM wagtailcore_site WHERE id = 2", "no Site record for fis.staging.example"),
        ("UPDATE wagtailcore_site SET root_page_id = 99 WHERE id = 2", "without a root page: fis.staging.example"),
        ("DELETE FROM wagtailcore_site", "no Site record"),
        ("DROP TABLE wagtailcore_site", "no table of Site records"),
    ],
)
def test_not_moved(site: Connection, statement: psycopg.abc.Query, words: str) -> None:
    """A production host, an unknown one, no default, two, a missing record, no root page: each fails in words."""
    site.execute(statement)
    verdict = sites_moved(site, MAPPING, PRODUCTION)
    assert not verdict.passed
    assert words in verdict.summary


def test_attached(site: Connection) -> None:
    """As many settings and redirects as the archive held, all on a Site record that exists, pass."""
    verdict = settings_attached(site, WRITTEN)
    assert verdict.passed, verdict.summary
    assert verdict.facts == {table.removeprefix("public."): count for table, count in WRITTEN.items()}


@pytest.mark.parametrize("table", [*SETTINGS, "wagtailredirects_redirect"])
@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM {} WHERE site_id = 2", "UPDATE {} SET site_id = 99 WHERE site_id = 2", "DROP TABLE {}"],
)
def test_lost(site: Connection, table: str, statement: str) -> None:
    """A row that is gone, one whose site is gone and a table that is gone each fail."""
    site.execute(psycopg.sql.SQL(statement).format(psycopg.sql.Identifier(table)))
    verdict = settings_attached(site, WRITTEN)
    assert not verdict.passed
    assert [row["table"] for row in verdict.rows if row["before"] != row["now"] or row["without a site"]] == [table]


def test_attached_needs_site_records(site: Connection) -> None:
    """Without Site records nothing can hang on them."""
    site.execute("DROP TABLE wagtailcore_site")
    assert not settings_attached(site, WRITTEN).passed
