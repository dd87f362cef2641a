"""Nothing that the public sent in is left: one row in any of the places fails the check and is named."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from bc_pipelines.checks.submitted import SUBJECTS, nothing_left
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines_tests.database.few_tables import add, create_tables

Connection = psycopg.Connection[tuple[Any, ...]]

SINK = "forms@sink.invalid"
PASSWORD = "one password for all"
TABLES = sorted({subject.table for subject in SUBJECTS} | {"wagtailsearchpromotions_searchpromotion"})


def judge(connection: Connection) -> Verdict:
    """Run the check with this file's sink and password."""
    return nothing_left(connection, mail_sink=SINK, view_restriction_password=PASSWORD)


@pytest.fixture
def site(connection: Connection) -> Connection:
    """A cleaned site: all the tables, with the rows that may stay."""
    create_tables(connection, *TABLES)
    add(connection, "wagtailsearchpromotions_query", id=1, query_string="bins")
    add(connection, "wagtailsearchpromotions_searchpromotion", query_id=1)
    add(connection, "wagtailcore_revision", content={"title": "A", "wagtail_admin_comments": []}, object_id="1")
    add(connection, "wagtailcore_revision", content={"to_address": SINK, "from_address": ""}, object_id="2")
    workflow = {"id": 1, "title": "Check", "next": None, "task": {"id": 1, "title": "Approve"}}
    for data in ({}, {"title": {"old": "A", "new": "B"}}, {"workflow": workflow}, {"revision": {"id": 1}}):
        add(connection, "wagtailcore_pagelogentry", data=data)
    add(connection, "wagtailcore_taskstate", comment="")
    add(connection, "forms_formpage", to_address=SINK, from_address="")
    add(connection, "wagtailusers_userprofile", avatar="")
    add(connection, "wagtailredirects_redirect", old_path="/old", redirect_link="/new")
    add(connection, "wagtailcore_pageviewrestriction", restriction_type="password", password=PASSWORD)
    add(connection, "wagtailcore_collectionviewrestriction", restriction_type="login", password="")
    return connection


def test_a_cleaned_site_passes(site: Connection) -> None:
    """What may stay (promoted queries, the sink, titles in the log, the one password) is not held against it."""
    verdict = judge(site)
    assert verdict.passed, verdict.summary
    assert verdict.facts == {"looked_for": len(SUBJECTS), "left": 0, "not_on_this_site": 0}
    assert {row["found"] for row in verdict.rows} == {"none left"}


LEFT: list[tuple[str, dict[str, object]]] = [
    ("wagtailforms_formsubmission", {"form_data": {"name": "planted"}}),
    ("recruitment_jobalertsubscription", {"email": "planted@public.example"}),
    ("blogs_blogalertsubscription", {"email": "planted@public.example"}),
    ("feedback_feedbackcomment", {"issue": "planted"}),
    ("feedback_usefulnessfeedback", {"original_url": "/?q=planted"}),
    ("wagtailsearchpromotions_query", {"id": 2, "query_string": "planted"}),
    ("wagtailsearchpromotions_querydailyhits", {"query_id": 1}),
    ("django_session", {"session_key": "planted"}),
    ("wagtailadmin_editingsession", {}),
    ("database_cache", {"value": "planted"}),
    ("wagtailcore_comment", {"text": "planted"}),
    ("wagtailcore_commentreply", {"text": "planted"}),
    ("wagtailcore_modellogentry", {"label": "planted"}),
    ("django_admin_log", {"object_repr": "planted"}),
    ("wagtailcore_revision", {"content": {"wagtail_admin_comments": [{"text": "planted"}]}}),
    ("wagtailcore_revision", {"content": {"to_address": "planted@public.example"}}),
    ("wagtailcore_revision", {"content": {"from_address": "planted@public.example"}}),
    ("wagtailcore_pagelogentry", {"data": {"comment": {"id": 1, "text": "planted"}}}),
    ("wagtailcore_pagelogentry", {"data": {"workflow": {"id": 1}, "comment": "planted"}}),
    ("wagtailcore_pagelogentry", {"data": {"page": [{"reply": "planted"}]}}),
    ("wagtailcore_taskstate", {"comment": "planted"}),
    ("forms_formpage", {"page_ptr_id": 2, "to_address": "planted@public.example", "from_address": SINK}),
    ("forms_formpage", {"page_ptr_id": 2, "to_address": SINK, "from_address": "planted@public.example"}),
    ("forms_formpage", {"page_ptr_id": 2, "to_address": f"{SINK}, planted@public.example"}),
    ("wagtailusers_userprofile", {"user_id": 2, "avatar": "avatar_images/planted.jpg"}),
    ("wagtailcore_uploadedfile", {"file": "wagtail_uploads/planted.csv"}),
    ("wagtail_transfer_importedfile", {"source_url": "https://planted.example/"}),
    ("wagtail_transfer_importedfile", {"file": "planted.jpg"}),
    ("wagtailredirects_redirect", {"old_path": "/form?name=planted", "site_id": 2}),
    ("wagtailredirects_redirect", {"redirect_link": "/form?name=planted", "site_id": 2}),
    ("wagtailcore_pageviewrestriction", {"password": "planted"}),
    ("wagtailcore_collectionviewrestriction", {"password": "planted"}),
]


@pytest.mark.parametrize(("table", "row"), LEFT)
def test_one_row_left_fails(site: Connection, table: str, row: dict[str, object]) -> None:
    """A single row in any of the places fails the check; the table is named and the row's content is not."""
    add(site, table, **row)
    verdict = judge(site)
    assert not verdict.passed
    assert verdict.facts["left"] == 1
    assert (verdict.rows[0]["table"], verdict.rows[0]["left"]) == (table, 1)
    assert "planted" not in repr(verdict)


def test_every_subject_is_shown_to_fail() -> None:
    """The list above covers every table that the check looks at."""
    assert {table for table, _ in LEFT} == {subject.table for subject in SUBJECTS}


def test_a_missing_table_is_said_to_be_missing(site: Connection) -> None:
    """A site without blog alerts passes, and the table says that there was nothing to look at."""
    site.execute("DROP TABLE blogs_blogalertsubscription")
    verdict = judge(site)
    assert verdict.passed
    assert {row["found"] for row in verdict.rows if row["table"] == "blogs_blogalertsubscription"} == {
        "not on this site"
    }


def test_a_table_that_has_changed_does_not_pass_for_an_empty_one(site: Connection) -> None:
    """A renamed column means that nobody looked, which fails, and the other subjects are still judged."""
    site.execute("ALTER TABLE wagtailcore_taskstate RENAME comment TO remark")
    add(site, "database_cache", value="left")
    verdict = judge(site)
    assert not verdict.passed
    assert verdict.facts["left"] == 1
    assert "could not be looked at (SQLSTATE 42703)" in verdict.summary


def test_an_empty_database_proves_nothing(connection: Connection) -> None:
    """A database without the site's tables fails."""
    assert not judge(connection).passed


def test_the_password_is_in_no_verdict(site: Connection) -> None:
    """Neither passing nor failing shows the one password of private pages."""
    assert PASSWORD not in repr(judge(site))
    add(site, "wagtailcore_pageviewrestriction", password="another")
    assert PASSWORD not in repr(judge(site))
