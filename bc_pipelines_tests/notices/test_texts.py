"""What the notices say is so, in every form in which they are read."""

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines.notices.notice import Notice, as_html, as_markdown, as_slack, as_text
from bc_pipelines.notices.texts import Told, client_notice, colleague_notice, stopped_notice
from bc_pipelines_tests.notices.samples import FIGURES, TOLD, told

BOTH = pytest.mark.parametrize("notice", [colleague_notice, client_notice])
Write = Callable[[Told], Notice]


class Reader(HTMLParser):
    """Collects a page's elements, links and text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.add(tag)
        self.links += [str(value) for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.words.append(data)


def read(notice: Notice) -> Reader:
    """Read the page of a notice."""
    reader = Reader()
    reader.feed(as_html(notice))
    return reader


def test_the_client_learns_what_the_runbook_tells() -> None:
    """Which password works, that test content is gone, that personal data never came, with this reset's figures."""
    text = as_text(client_notice(TOLD))
    for words in (
        "on 2 November 2026, 09:41 UTC, and was closed for 61 seconds",
        "Log in with your production password (and then change it), or use the 'forgot password' feature",
        "8 accounts with an address @council.example and @agency.example",
        "All other accounts (2,500) were replaced",
        "1 staff account that only staging had: put back",
        "Any test content has been reset. This is probably the biggest inconvenience. Sorry.",
        "gone now: 3 pages.",
        "never came to staging: form submissions",
        "(1,234 rows)",
        "Not looked into were PDFs and pictures",
        "398 copied (1.8 MB), 2 deleted",
        "The reset took 11 minutes",
        "https://dagster.example/assets/staging/reset_report",
    ):
        assert words in text, words


def test_whoever_lost_the_password_is_not_told_to_use_it() -> None:
    """Where passwords are replaced, neither notice says that production's works."""
    replaced = told(keeps_passwords=False)
    assert "neither your old staging password nor your production password works" in as_text(client_notice(replaced))
    assert "Log in with" not in as_text(client_notice(replaced))
    assert "kept without their passwords" in as_text(colleague_notice(replaced))


def test_no_branch_is_said_to_be_reset_that_was_not() -> None:
    """Where it is what it was, colleagues keep their branch; otherwise they are told to delete it."""
    assert "No branch was reset" in as_text(colleague_notice(TOLD))
    assert "git branch -D" not in as_text(colleague_notice(TOLD))
    reset = as_text(colleague_notice(told(branch="staging", merged=("feature/1-map", "fix/2-menu"))))
    assert "git branch -D staging" in reset
    assert "No branch was reset" not in reset
    assert "The branch staging was reset, with feature/1-map, fix/2-menu merged in." in reset


@BOTH
def test_a_failed_check_is_told_first(notice: Write) -> None:
    """Nobody reads that all is well where something is not."""
    failed = replace(FIGURES, checks_failed=1, failed=("staging/served_pages: every host answers",))
    words = "1 check failed, and somebody has to look at it: staging/served_pages: every host answers."
    assert words in notice(told(figures=failed)).parts[0].lines
    assert not any("failed" in line for line in notice(TOLD).parts[0].lines)


@BOTH
def test_before_the_reset_no_figure_is_made_up(notice: Write) -> None:
    """The preview says what will be told and holds no number that nobody has counted."""
    early = as_text(notice(told(figures=None, reset_id="", rollback_point="")))
    assert "is replaced by a copy of production" in early
    assert "0 " not in early.replace("2,500 ", "")
    assert early.strip().endswith("The id of the reset stands here.")


@BOTH
def test_a_notice_can_be_found_again(notice: Write) -> None:
    """The id stands at the end of every form, and the message that it stopped has another mark."""
    mark = f"Reset: {TOLD.reset_id}"
    for form in (as_text, as_html, as_slack, as_markdown):
        assert mark in form(notice(TOLD)).replace("\\", "")
    assert mark not in as_slack(stopped_notice(TOLD.app, "reset", TOLD.reset_id, "It stands still."))


@BOTH
@given(name=st.text(max_size=60))
def test_no_form_takes_a_name_for_markup(notice: Write, name: str) -> None:
    """Whatever stands in a name: no element of its own in HTML, no mention and no link of its own in Slack."""
    odd = notice(told(asked_by=name, host=name))
    assert read(odd).elements <= {"html", "head", "meta", "title", "body", "p", "small", "h2", "ul", "li", "a"}
    assert "<" not in as_slack(odd)
    assert ">" not in as_slack(odd)


def test_links_can_be_clicked() -> None:
    """In HTML an address of the web is a link to just that, without the full stop behind it."""
    assert read(client_notice(TOLD)).links == [
        "https://www.staging.council.example/",
        "https://dagster.example/assets/staging/reset_report",
    ]


@BOTH
def test_every_form_says_the_same(notice: Write) -> None:
    """Each line of the text is in HTML, Slack's markup and Markdown."""
    lines = [line for part in notice(TOLD).parts for line in part.lines]
    page, slack = "".join(read(notice(TOLD)).words), as_slack(notice(TOLD))
    markdown = as_markdown(notice(TOLD)).replace("\\", "")
    assert [line for line in lines if line not in page] == []
    assert [line for line in lines if line not in slack] == []
    assert [line for line in lines if line not in markdown] == []
