"""What overwriting an environment would lose, in counts and words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from bc_pipelines.wagtail_sql.content import Changed, ChangedPage, changed_pages, changed_since, in_words
from bc_pipelines_tests.database.few_tables import add, create_tables

Connection = psycopg.Connection[tuple[Any, ...]]

RESET = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = RESET + timedelta(days=3)


def test_an_empty_database_would_lose_nothing(connection: Connection) -> None:
    """A staging database without tables has nothing to lose, and that is said."""
    assert changed_since(connection, RESET) == ()
    assert changed_pages(connection, RESET) == ()
    assert in_words((), RESET) == "Nothing was made or changed since 1 May 2026."


def test_only_what_came_after_the_reset_counts(connection: Connection) -> None:
    """Rows from before the moment are production's; only later ones would be lost."""
    create_tables(connection, "wagtailcore_page", "images_customimage", "wagtailforms_formsubmission")
    for number, moment in enumerate((RESET - timedelta(days=1), RESET + timedelta(hours=1), LATER, None)):
        add(
            connection,
            "wagtailcore_page",
            title=f"Page {number}",
            path=str(number),
            locale_id=number,
            latest_revision_created_at=moment,
        )
    add(connection, "images_customimage", created_at=RESET - timedelta(days=1))
    add(connection, "wagtailforms_formsubmission", submit_time=LATER)
    found = changed_since(connection, RESET)
    assert found == (Changed("pages", 2, LATER), Changed("images", 0, None), Changed("form submissions", 1, LATER))
    assert in_words(found, RESET) == (
        "Made or changed since 1 May 2026: pages 2, form submissions 1 (last on 4 May 2026)."
    )
    assert changed_pages(connection, RESET) == (
        ChangedPage(3, "Page 2", LATER),
        ChangedPage(2, "Page 1", RESET + timedelta(hours=1)),
    )
    assert len(changed_pages(connection, RESET, limit=1)) == 1
