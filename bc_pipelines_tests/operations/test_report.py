"""The report as a page and as Markdown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

from bc_pipelines.operations.record import ResetRecord, State
from bc_pipelines.operations.report import CheckLine, Report, gather
from bc_pipelines.operations.report_page import as_html, as_markdown

RECORD = ResetRecord(
    id="2026-11-22-0930-4f2a81c0",
    run_id="4f2a81c0",
    environment="staging",
    app="council-staging",
    requested_by="A <b>bold</b> colleague",
    approval="typed",
    state=State.READY,
    facts={"source_backup": "b012", "rollback_point": "b007"},
    started_at=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
    updated_at=datetime(2026, 11, 22, 9, 40, tzinfo=UTC),
    finished_at=None,
)
COUNTS = {"rows_read": 1200, "rows_purged": 1200, "rows_rewritten": 0, "rows_written": 0}
MANIFEST: dict[str, Any] = {
    "tables": [
        {"table": "feedback_feedbackcomment", **COUNTS},
        {"table": "wagtailcore_page", "rows_read": 7, "rows_purged": 0, "rows_rewritten": 0, "rows_written": 7},
    ],
    "accounts": {"kept": 3, "replaced": 9, "by_domain": [{"domain": "council.example", "kept": 3, "replaced": 0}]},
}
PASSED = CheckLine("staging/database", "every_row_arrived", passed=True, warning=False, summary="All rows arrived.")
DOWN = timedelta(seconds=61.4)
SITES = {"www.council.example": "www.staging.council.example"}


class Text(HTMLParser):
    """Collects a page's text and the names of its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.words.append(data)


def report(*checks: CheckLine) -> Report:
    """The report of a reset with these checks."""
    return gather(RECORD, MANIFEST, checks, SITES, DOWN)


def read(*checks: CheckLine) -> Text:
    """Render the page and read it."""
    text = Text()
    text.feed(as_html(report(*checks)))
    return text


def test_a_client_finds_the_figures() -> None:
    """Which backup, what was removed, the way back and who was kept are on the page; untouched tables are not."""
    words = " ".join(read(PASSED).words)
    for expected in (
        "went through",
        "b012",
        "backup b007 of council-staging",
        "61 seconds",
        "1,200",
        "3 kept, 9 replaced",
    ):
        assert expected in words, expected
    assert "feedback_feedbackcomment" in words
    assert "wagtailcore_page" not in words


def test_what_became_of_the_branch() -> None:
    """From what it was made, and where the old one is; without a repository, that it was left alone."""
    code = {"branch": "staging", "main": ["master", "a" * 40], "merged": [["feature/1", "b" * 40]]}
    code |= {"before": "c" * 40, "new": "d" * 40, "old": "c" * 40, "tag": "staging-before-now"}
    record = replace(RECORD, facts={**RECORD.facts, "code": code})
    made = gather(record, MANIFEST, (), SITES, DOWN)
    assert dict(made.figures)["Branch"] == "staging: master with 1 merged in"
    [branch] = [table for table in made.tables if table.title == "Branch staging"]
    assert branch.rows == (
        ("made from", "master", "a" * 12),
        ("merged in", "feature/1", "b" * 12),
        ("before", "staging-before-now", "c" * 12),
    )
    assert dict(report(PASSED).figures)["Branch"] == "left alone"
    assert "Branch" not in " ".join(table.title for table in report(PASSED).tables)


def test_a_failed_check_is_in_the_first_sentence() -> None:
    """A reset with a failed check does not say that it went through; a warning does not count as one."""
    failed = replace(PASSED, passed=False)
    assert "This reset has 1 failed check(s)." in " ".join(read(PASSED, failed).words)
    assert "This reset went through." in " ".join(read(PASSED, replace(failed, warning=True)).words)


def test_nothing_on_the_page_is_markup_but_its_own() -> None:
    """Names that hold angle brackets are shown as they are, and nothing is fetched from elsewhere."""
    page = read(PASSED)
    assert "A <b>bold</b> colleague" in " ".join(page.words)
    assert page.elements & {"b", "script", "img", "link", "iframe"} == set()


def test_markdown_says_the_same_as_the_page() -> None:
    """Every figure, heading and cell of the page is in the text that the Dagster UI shows."""
    markdown = as_markdown(report(PASSED)).replace("\\", "")
    shown = [word for word in read(PASSED).words if word.strip()]
    style = next(word for word in shown if "font:" in word)
    missing = [word for word in shown if word != style and " ".join(word.split()) not in markdown]
    assert missing == []


def test_markdown_tables_hold_together_whatever_a_check_says() -> None:
    """A check's words with bars, line breaks and markup stay in their cell and are shown as they are."""
    odd = replace(PASSED, summary="one | two\nthree *four* [five](https://six.invalid) <script>")
    row = next(line for line in as_markdown(report(odd)).splitlines() if "four" in line)
    assert row.replace("\\|", "").count("|") == 5
    for sign in ("*four", "[five", "<script"):
        assert f"\\{sign}" in row
        assert f" {sign}" not in row
