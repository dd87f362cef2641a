"""What has been made or changed on an environment since a moment: what overwriting it would lose, in words.

Only counts, and titles of pages, which are published or meant to be. Whether the loss matters is for people to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from bc_pipelines.wagtail_sql.tables import Connection, columns

# What editors would call it, table, and the column that tells when a row was made or last changed.
_SUBJECTS = (
    ("pages", "wagtailcore_page", "latest_revision_created_at"),
    ("images", "images_customimage", "created_at"),
    ("documents", "documents_customdocument", "created_at"),
    ("form submissions", "wagtailforms_formsubmission", "submit_time"),
    ("comments", "wagtailcore_comment", "created_at"),
    ("redirects", "wagtailredirects_redirect", "created_at"),
    ("job alert subscriptions", "recruitment_jobalertsubscription", "created"),
    ("blog alert subscriptions", "blogs_blogalertsubscription", "created"),
    ("feedback comments", "feedback_feedbackcomment", "created"),
    ("accounts", "users_user", "date_joined"),
)


@dataclass(frozen=True)
class Changed:
    """Things of one kind that were made or changed since a moment.

    Attributes:
        kind: what editors call it, in the plural.
        count: how many.
        latest: when the last one was, or None if there is none.
    """

    kind: str
    count: int
    latest: datetime | None


@dataclass(frozen=True)
class ChangedPage:
    """A page that was made or changed: id, title and when."""

    id: int
    title: str
    changed_at: datetime


def changed_since(connection: Connection, since: datetime) -> tuple[Changed, ...]:
    """Count what was made or changed on an environment since a moment, kind by kind.

    Args:
        connection: an open connection to the environment.
        since: the moment, with a time zone: usually that of its last reset.

    Returns:
        One entry for every kind whose table the database has; none for an empty database.
    """
    found = []
    with connection.transaction():
        for kind, table, column in _SUBJECTS:
            if column in columns(connection, table):
                found.append(_changed(connection, kind, table, column, since))
    return tuple(found)


def changed_pages(connection: Connection, since: datetime, limit: int = 20) -> tuple[ChangedPage, ...]:
    """List the pages that were made or changed since a moment, the latest first.

    Args:
        connection: an open connection to the environment.
        since: the moment, with a time zone.
        limit: the most pages to list.

    Returns:
        The pages; none for an empty database.
    """
    with connection.transaction():
        if "latest_revision_created_at" not in columns(connection, "wagtailcore_page"):
            return ()
        rows = connection.execute(
            "SELECT id, title, latest_revision_created_at FROM wagtailcore_page"
            " WHERE latest_revision_created_at > %s ORDER BY latest_revision_created_at DESC, id LIMIT %s",
            [since, limit],
        ).fetchall()
    return tuple(ChangedPage(*row) for row in rows)


def in_words(changes: Iterable[Changed], since: datetime) -> str:
    """Say in one sentence what would be lost.

    Args:
        changes: what `changed_since` found.
        since: the moment that it was asked for.

    Returns:
        For instance `Made or changed since 1 May 2026: pages 3, images 1 (last on 4 May 2026).`
    """
    some = [change for change in changes if change.count]
    day = _day(since)
    if not some:
        return f"Nothing was made or changed since {day}."
    latest = max(change.latest for change in some if change.latest)
    counted = ", ".join(f"{change.kind} {change.count}" for change in some)
    return f"Made or changed since {day}: {counted} (last on {_day(latest)})."


def _changed(connection: Connection, kind: str, table: str, column: str, since: datetime) -> Changed:
    query = sql.SQL("SELECT count(*), max({column}) FROM {table} WHERE {column} > %s").format(
        column=sql.Identifier(column), table=sql.Identifier(table)
    )
    row = connection.execute(query, [since]).fetchone()
    return Changed(kind, row[0], row[1]) if row else Changed(kind, 0, None)


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
