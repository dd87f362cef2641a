"""Site records: moved in place, never deleted, refused before anything is written."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines.wagtail_sql.sites import SiteRecord, SitesRefused, plan_sites, read_sites, site_rows, update_sites
from bc_pipelines_tests.database.few_tables import add, create_tables

Connection = psycopg.Connection[tuple[Any, ...]]

MAPPING = {
    "www.buckinghamshire.example": "www.staging.buckinghamshire.example",
    "fis.buckinghamshire.example": "fis.staging.buckinghamshire.example",
}
WWW = SiteRecord(1, "www.buckinghamshire.example", 80, True, 2, "Buckinghamshire Council")
FIS = SiteRecord(2, "fis.buckinghamshire.example", 443, False, 3, "Family Information Service")


def fill(connection: Connection, *sites: SiteRecord) -> None:
    """Make the table of Site records and what hangs on it."""
    create_tables(connection, "wagtailcore_site", "navigation_navigationsettings", "wagtailredirects_redirect")
    for site in sites:
        add(connection, "wagtailcore_site", **vars(site))
        add(connection, "navigation_navigationsettings", site_id=site.id)
        add(connection, "wagtailredirects_redirect", site_id=site.id, old_path=f"/{site.id}")


def test_records_are_moved_in_place(connection: Connection) -> None:
    """Host and port change, everything else of the record stays, and what hangs on it still does."""
    fill(connection, WWW, FIS)
    changes = update_sites(connection, MAPPING)
    assert [(change.from_host, change.to_host, change.to_port) for change in changes] == [
        ("www.buckinghamshire.example", "www.staging.buckinghamshire.example", 443),
        ("fis.buckinghamshire.example", "fis.staging.buckinghamshire.example", 443),
    ]
    assert read_sites(connection) == (
        SiteRecord(1, "www.staging.buckinghamshire.example", 443, True, 2, "Buckinghamshire Council"),
        SiteRecord(2, "fis.staging.buckinghamshire.example", 443, False, 3, "Family Information Service"),
    )
    for table in ("navigation_navigationsettings", "wagtailredirects_redirect"):
        assert connection.execute(f"SELECT site_id FROM {table} ORDER BY 1").fetchall() == [(1,), (2,)]  # noqa: S608


def test_running_it_again_changes_nothing(connection: Connection) -> None:
    """Records that are on their target host already stay there."""
    fill(connection, WWW, FIS)
    update_sites(connection, MAPPING)
    before = connection.execute("SELECT xmin, * FROM wagtailcore_site").fetchall()
    again = update_sites(connection, MAPPING)
    assert not any(change.changes for change in again)
    assert connection.execute("SELECT xmin, * FROM wagtailcore_site").fetchall() == before


def test_hosts_can_be_swapped(connection: Connection) -> None:
    """Two records may take each other's host although host and port are unique row by row."""
    fill(connection, WWW, SiteRecord(2, "fis.buckinghamshire.example", 80, False, 3, "FIS"))
    update_sites(connection, {WWW.hostname: FIS.hostname, FIS.hostname: WWW.hostname}, port=80)
    assert [site.hostname for site in read_sites(connection)] == [FIS.hostname, WWW.hostname]


def test_a_transaction_of_the_callers_own_can_undo_it(connection: Connection) -> None:
    """Called inside a transaction, nothing is final until the caller commits."""
    fill(connection, WWW)
    with connection.transaction(force_rollback=True):
        update_sites(connection, MAPPING)
    assert read_sites(connection) == (WWW,)


@pytest.mark.parametrize(
    ("sites", "mapping", "words"),
    [
        ((), MAPPING, "no Site records"),
        ((WWW, FIS), {WWW.hostname: "www.staging.example"}, "fis.buckinghamshire.example"),
        ((WWW, FIS), dict.fromkeys(MAPPING, "one.staging.example"), "same host: one.staging.example:443"),
        ((FIS,), MAPPING, "0 Site records are marked as the default"),
        ((WWW, SiteRecord(2, FIS.hostname, 80, True, 3, "")), MAPPING, "2 Site records are marked as the default"),
    ],
)
def test_refused_before_anything_is_written(
    connection: Connection, sites: tuple[SiteRecord, ...], mapping: dict[str, str], words: str
) -> None:
    """No rows, a host without mapping, two on one host, no default or two: refused, and the table is as it was."""
    fill(connection, *sites)
    with pytest.raises(SitesRefused, match=words):
        update_sites(connection, mapping)
    assert read_sites(connection) == sites


def test_mapping_does_not_care_about_case() -> None:
    """A host in capitals, in the record or in the mapping, is the same host."""
    site = SiteRecord(1, "WWW.Buckinghamshire.example", 80, True, 2, "")
    assert (
        plan_sites([site], {"www.BUCKINGHAMSHIRE.example": "Www.Staging.example"})[0].to_host == "www.staging.example"
    )


@given(st.permutations(["a", "b", "c", "d", "e"]))
def test_any_renaming_gives_every_record_its_own_host(targets: list[str]) -> None:
    """Whatever permutation of hosts is asked for, each record gets exactly its own."""
    sites = [SiteRecord(n, host, 443, n == 0, 1, "") for n, host in enumerate("abcde")]
    changes = plan_sites(sites, dict(zip("abcde", targets, strict=True)))
    assert [change.to_host for change in changes] == targets


def test_site_rows_reads_a_copy_block() -> None:
    """Rows of an archive, as text or bytes and in the archive's column order, become Site records."""
    columns = ("hostname", "id", "site_name", "port", "is_default_site", "root_page_id", "added_later")
    rows: list[list[str | bytes | None]] = [
        [b"fis.buckinghamshire.example", b"2", b"Family \xe2\x9c\x93", b"443", b"f", b"3", None],
        ["www.buckinghamshire.example", "1", "", "80", "t", "2", None],
    ]
    assert site_rows(columns, rows) == (
        SiteRecord(1, "www.buckinghamshire.example", 80, True, 2, ""),
        SiteRecord(2, "fis.buckinghamshire.example", 443, False, 3, "Family ✓"),
    )


@pytest.mark.parametrize("bad", [["x", "h", "1", "t", "1", ""], ["1", "h", "1", "yes", "1", ""], [None] * 6])
def test_site_rows_refuses_what_is_no_site_record(bad: list[str | None]) -> None:
    """A number that is none, a truth value that is none and NULL are refused without quoting the row."""
    columns = ("id", "hostname", "port", "is_default_site", "root_page_id", "site_name")
    with pytest.raises(SitesRefused, match="not a Site record"):
        site_rows(columns, [bad])


def test_site_rows_names_a_missing_column() -> None:
    """An archive whose Site records lack a column is refused by the column's name."""
    with pytest.raises(SitesRefused, match="no column port"):
        site_rows(("id", "hostname", "is_default_site", "root_page_id", "site_name"), [])
