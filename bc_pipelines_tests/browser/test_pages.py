"""What a newcomer sees in the UI after a reset. The tests stand in the order in which the window shows things."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from bc_pipelines_tests.browser.pages import MILLISECONDS, Pages

pytestmark = [pytest.mark.usefixtures("finished_reset"), pytest.mark.timeout(600)]

RESET = (
    "branches",
    "reset_plan",
    "extra_accounts",
    "sanitised_archive",
    "database",
    "accounts",
    "site_records",
    "ready",
)
AFTERWARDS = (
    "served_pages",
    "incoming_media",
    "branch",
    "release",
    "reset_report",
    "colleague_notice",
    "client_notice",
)


def test_the_lineage_is_green(pages: Pages) -> None:
    """From production's backup to the notices, each asset is materialised; a laptop's archive and the way back never.

    The lineage shows only the last part of a key, so each backup and each bucket of media says whose it is.
    """
    page = pages.lineage()
    for name in (*RESET, *AFTERWARDS):
        expect(page.get_by_text(name, exact=True).last).to_be_visible()
    expect(page.get_by_text("Materialized", exact=True)).to_have_count(18, timeout=MILLISECONDS)
    expect(page.get_by_text("Never materialized", exact=True)).to_have_count(4, timeout=MILLISECONDS)
    expect(page.get_by_text(re.compile("^Failed"))).to_have_count(0)
    expect(page.get_by_text("4 / 4 Passed").first).to_be_visible()
    for environment in ("production", "staging", "development"):
        expect(page.get_by_text(environment, exact=True)).to_have_count(2)


def test_every_row_arrived(pages: Pages) -> None:
    """The check of staging/database shows each table with its count on both sides, without a click."""
    page = pages.check("staging/database", "every_row_arrived")
    expect(page.get_by_text("Passed").first).to_be_visible()
    expect(page.get_by_text("it must hold exactly what the archive holds")).to_be_visible()
    counts = page.get_by_role("row").filter(has_text="public.auth_permission").last.get_by_role("cell")
    expect(counts.nth(1)).to_have_text(re.compile(r"^[1-9]\d*$"))
    expect(counts.nth(2)).to_have_text(counts.nth(1).inner_text())
    expect(counts.nth(3)).to_have_text("yes")
    emptied = page.get_by_role("row").filter(has_text="public.wagtailforms_formsubmission").last.get_by_role("cell")
    expect(emptied.nth(2)).to_have_text("0")


def test_nothing_submitted_is_left(pages: Pages) -> None:
    """It names each kind of thing that the public sends in, in words, with its table and how much is left."""
    page = pages.check("staging/database", "nothing_submitted_is_left")
    row = page.get_by_role("row").filter(has_text="Form submissions").last
    expect(row).to_contain_text("wagtailforms_formsubmission")
    expect(row.get_by_role("cell").nth(2)).to_have_text("0")


def test_what_happened_to_every_table(pages: Pages) -> None:
    """The check of staging/sanitised_archive shows what was read, removed and written of each table."""
    page = pages.check("staging/sanitised_archive", "every_column_classified")
    row = page.get_by_role("row").filter(has_text="wagtailforms_formsubmission").last.get_by_role("cell")
    expect(row.nth(1)).to_have_text("purge")
    expect(row.nth(2)).to_have_text(re.compile(r"^[1-9]\d*$"))
    expect(row.nth(3)).to_have_text(row.nth(2).inner_text())
    expect(row.nth(5)).to_have_text("0")


def test_what_was_searched_for(pages: Pages) -> None:
    """The proof says how many identifiers it searched for in how many values."""
    page = pages.check("staging/sanitised_archive", "proof_found_nothing")
    expect(page.get_by_text("identifiers searched for").first).to_be_visible()
    expect(page.get_by_text("none was found where it should not be")).to_be_visible()


def test_numbers_are_plotted_and_parts_drawn(pages: Pages) -> None:
    """An asset's page draws what stayed and what was removed as a bar, and every number over time."""
    page = pages.open("/assets/staging/sanitised_archive?view=overview")
    drawn = page.get_by_role("img", name=re.compile(r"as they were, .* rewritten, .* removed"))
    expect(drawn).to_be_visible(timeout=MILLISECONDS)
    assert drawn.evaluate("picture => picture.complete && picture.naturalWidth") > 0
    page.get_by_role("button", name="Plots").click()
    for label in ("rows purged", "rows rewritten", "accounts replaced", "archive in MB", "seconds to rewrite"):
        expect(page.get_by_text(label, exact=True)).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()


def test_the_report_opens_by_a_click(pages: Pages) -> None:
    """Whoever looks after content reads the whole report on the page of staging/reset_report, without S3."""
    page = pages.open("/assets/staging/reset_report?view=overview")
    page.get_by_text("Show Markdown").last.click(timeout=MILLISECONDS)
    report = page.get_by_role("dialog")
    expect(report.get_by_text("This reset went through.")).to_be_visible()
    expect(report.get_by_role("row").filter(has_text="wagtailforms_formsubmission")).to_have_count(1)
    expect(report.get_by_role("row").filter(has_text="proof found nothing")).to_have_count(1)
    page.keyboard.press("Escape")


def test_what_was_told_can_be_read(pages: Pages) -> None:
    """The text of a notice opens on the page of its asset by a click, and in the plan before anything is sent."""
    for asset in ("client_notice", "reset_plan"):
        page = pages.open(f"/assets/staging/{asset}?view=overview")
        page.get_by_text("Show Markdown").last.click(timeout=MILLISECONDS)
        notice = page.get_by_role("dialog")
        expect(notice.get_by_text("Any test content has been reset.")).to_be_visible()
        page.keyboard.press("Escape")


def test_nothing_starts_by_itself(pages: Pages) -> None:
    """The schedules and the sensors are listed; only those that tell where staging stands are switched on."""
    page = pages.open("/automation")
    telling = ("where_staging_stands_after_a_failure", "where_staging_stands_after_terminate")
    for name in ("weekly_staging_reset", "nightly_local_archives", "new_production_backup", *telling):
        expect(page.get_by_text(name)).to_be_visible(timeout=MILLISECONDS)
    # The switches' own boxes are drawn by their neighbours, so they are there without being visible.
    expect(page.get_by_role("checkbox").last).to_be_attached()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(2)


def test_every_check_says_what_it_looks_at(pages: Pages) -> None:
    """No check comes without a description."""
    for asset, name in (
        ("production/backup", "backup_is_complete"),
        ("staging/reset_plan", "plan_is_acceptable"),
        ("staging/site_records", "no_production_host"),
        ("staging/ready", "hidden_from_search_engines"),
        ("staging/served_pages", "editors_links"),
    ):
        expect(pages.check(asset, name).get_by_text("No description provided")).to_have_count(0)


def test_the_database_alone_is_refused(pages: Pages) -> None:
    """Somebody clicks Materialize on staging/database: the run fails, and says what to do instead."""
    pages.materialise("staging/database")
    pages.wait_for_end("Failure")
    expect(pages.page.get_by_text("Start the job reset_staging").first).to_be_visible(timeout=MILLISECONDS)
    expect(pages.page.get_by_text("Nothing was changed").first).to_be_visible()


def test_no_request_left_this_machine(pages: Pages) -> None:
    """All that the pages of this window ever asked for came from the UI itself."""
    pages.open("/runs").get_by_text("reset_staging").first.wait_for(timeout=MILLISECONDS)
    elsewhere = {
        url for url in pages.requested if urlsplit(url).scheme not in ("data", "blob") and not is_of(url, pages.url)
    }
    assert pages.requested
    assert not elsewhere


def is_of(url: str, ui: str) -> bool:
    """Whether an address is the UI's, by HTTP or by WebSocket."""
    return urlsplit(url).netloc == urlsplit(ui).netloc
