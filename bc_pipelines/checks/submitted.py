"""Whether anything that the public sent in, or that colleagues wrote to each other, is left in a restored database.

The list and the SQL are this module's own: it knows neither the privacy catalogue nor the manifest, so that a mistake
there does not repeat itself here. What is *replaced* in accounts is judged in `accounts.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql

from bc_pipelines.checks.tables import Connection, number, table_names
from bc_pipelines.checks.verdict import Row, Verdict, listed

ABSENT = "not on this site"
UNSEEN = "could not be looked at"

# Keys that Wagtail 7.0 writes into a page's log and that say nothing of anybody: titles of pages, workflows and tasks,
# ids, times (wagtail/actions/*.py, wagtail/models/workflows.py). Comments, replies and remarks have other keys.
_LOG_KEYS = [
    *("created", "destination", "go_live_at", "has_live_version", "id", "keep_live", "language_code", "locale", "new"),
    *("next", "old", "page", "restriction", "revision", "source", "source_locale", "status", "task", "task_state_id"),
    *("title", "type", "workflow"),
]


@dataclass(frozen=True)
class Subject:
    """One kind of thing that must be gone.

    Attributes:
        what: in a web team's words.
        table: where it would be.
        where: SQL that is true for a row that must not be left; may use the named parameters of `nothing_left`.
    """

    what: str
    table: str
    where: LiteralString = "true"


SUBJECTS = (
    Subject("Form submissions", "wagtailforms_formsubmission"),
    Subject("Job alert subscriptions", "recruitment_jobalertsubscription"),
    Subject("Blog alert subscriptions", "blogs_blogalertsubscription"),
    Subject("Feedback comments", "feedback_feedbackcomment"),
    Subject("“Was this useful?” answers", "feedback_usefulnessfeedback"),
    Subject(
        "Search terms that no editors' promotion hangs on",
        "wagtailsearchpromotions_query",
        "NOT EXISTS (SELECT FROM wagtailsearchpromotions_searchpromotion p WHERE p.query_id = t.id)",
    ),
    Subject("Daily counts of search terms", "wagtailsearchpromotions_querydailyhits"),
    Subject("Sessions of visitors and editors", "django_session"),
    Subject("Editing sessions", "wagtailadmin_editingsession"),
    Subject("Cached values", "database_cache"),
    Subject("Editors' comments", "wagtailcore_comment"),
    Subject("Replies to comments", "wagtailcore_commentreply"),
    Subject(
        "Old versions of pages with comments inside",
        "wagtailcore_revision",
        "t.content @? '$.wagtail_admin_comments[*]'",
    ),
    Subject("Log of changes to snippets and users", "wagtailcore_modellogentry"),
    Subject("Django's admin log", "django_admin_log"),
    Subject(
        "Page log entries that say more than titles, ids and times",
        "wagtailcore_pagelogentry",
        "EXISTS (SELECT FROM jsonb_path_query(t.data, '$.** ? (@.type() == \"object\").keyvalue().key') AS key"
        " WHERE NOT key #>> '{}' = ANY (%(log_keys)s))",
    ),
    Subject("Remarks in workflows", "wagtailcore_taskstate", "t.comment <> ''"),
    Subject(
        "Forms that would mail somebody",
        "forms_formpage",
        "t.to_address NOT IN ('', %(mail_sink)s) OR t.from_address NOT IN ('', %(mail_sink)s)",
    ),
    Subject(
        "Old versions of forms that would mail somebody",
        "wagtailcore_revision",
        "coalesce(t.content ->> 'to_address', '') NOT IN ('', %(mail_sink)s)"
        " OR coalesce(t.content ->> 'from_address', '') NOT IN ('', %(mail_sink)s)",
    ),
    Subject("Portraits in user profiles", "wagtailusers_userprofile", "t.avatar <> ''"),
    Subject("Pending uploads", "wagtailcore_uploadedfile", "t.file <> ''"),
    Subject("Sources of imported files", "wagtail_transfer_importedfile", "t.file <> '' OR t.source_url <> ''"),
    Subject(
        "Redirects with a query string",
        "wagtailredirects_redirect",
        "strpos(t.old_path || t.redirect_link || t.redirect_page_route_path, '?') > 0",
    ),
    Subject(
        "Pages behind a password of production",
        "wagtailcore_pageviewrestriction",
        "t.password NOT IN ('', %(view_restriction_password)s)",
    ),
    Subject(
        "Collections behind a password of production",
        "wagtailcore_collectionviewrestriction",
        "t.password NOT IN ('', %(view_restriction_password)s)",
    ),
)


def nothing_left(connection: Connection, *, mail_sink: str, view_restriction_password: str) -> Verdict:
    """Look for everything that must not be in a copy of production.

    Args:
        connection: an open connection to the restored database.
        mail_sink: the one address that forms may mail.
        view_restriction_password: the one password that private pages may have; it appears nowhere in the verdict.

    Returns:
        The verdict; its rows list every subject, with how much is left or that this site has no such table.
    """
    parameters: dict[str, object] = {
        "mail_sink": mail_sink,
        "view_restriction_password": view_restriction_password,
        "log_keys": _LOG_KEYS,
    }
    with connection.transaction():
        tables = table_names(connection)
        rows = tuple(_look(connection, tables, subject, parameters) for subject in SUBJECTS)
    return _verdict(rows)


def _look(connection: Connection, tables: Collection[str], subject: Subject, parameters: dict[str, object]) -> Row:
    if subject.table not in tables:
        return _row(subject, 0, ABSENT)
    query = sql.SQL("SELECT count(*) FROM {} t WHERE {}").format(sql.Identifier(subject.table), sql.SQL(subject.where))
    try:
        with connection.transaction():
            left = number(connection, query, parameters)
    except psycopg.Error as error:
        # A table that has changed must not pass for an empty one. The error's own words may quote a row.
        return _row(subject, 0, f"{UNSEEN} (SQLSTATE {error.sqlstate})")
    return _row(subject, left, f"{left} left" if left else "none left")


def _row(subject: Subject, left: int, found: str) -> Row:
    return {"what": subject.what, "table": subject.table, "left": left, "found": found}


def _verdict(rows: tuple[Row, ...]) -> Verdict:
    left = [row for row in rows if row["left"]]
    unseen = [row for row in rows if str(row["found"]).startswith(UNSEEN)]
    absent = [row for row in rows if row["found"] == ABSENT]
    rows = tuple(sorted(rows, key=lambda row: (row not in left, row not in unseen)))
    facts = {"looked_for": len(rows), "left": sum(int(row["left"]) for row in left), "not_on_this_site": len(absent)}
    if len(absent) == len(rows):
        return Verdict(False, "None of the site's tables is in this database, so nothing could be judged.", facts, rows)
    problems = [f"{row['what']} ({row['found']})" for row in (*left, *unseen)]
    if problems:
        summary = (
            f"The copy still holds, or may hold: {listed(problems)}. Nobody may use it; restore again or roll back."
        )
        return Verdict(False, summary, facts, rows)
    elsewhere = f" {len(absent)} more do not exist on this site." if absent else ""
    summary = (
        f"Looked for {len(rows) - len(absent)} kinds of things that the public sent in or that colleagues wrote to "
        f"each other; none is left.{elsewhere} Published content was not looked at."
    )
    return Verdict(True, summary, facts, rows)
