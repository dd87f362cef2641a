"""The catalogue's file, and the strictness of reading it."""

import re
from pathlib import Path

import pytest

from bc_pipelines.privacy.catalogue import DEFAULT, Catalogue
from bc_pipelines.privacy.entries import PROFILES, RuleSpec, TableName
from bc_pipelines.privacy.errors import CatalogueError
from bc_pipelines_tests.privacy.archives import catalogue
from bc_pipelines_tests.site_schema import site_columns, site_tables

# The table of privacy profiles, written down a second time: who edits the catalogue has to edit this as well.
PURGED = {
    *("wagtailforms_formsubmission", "recruitment_jobalertsubscription", "blogs_blogalertsubscription"),
    *("feedback_feedbackcomment", "feedback_usefulnessfeedback"),
    *("wagtailsearchpromotions_query", "wagtailsearchpromotions_querydailyhits"),
    *("django_session", "wagtailadmin_editingsession", "database_cache"),
    *("wagtailcore_comment", "wagtailcore_commentreply", "wagtailcore_modellogentry", "django_admin_log"),
    *("wagtailcore_uploadedfile", "wagtail_transfer_importedfile", "wagtailsearch_indexentry", "birdbath_execution"),
}
CHANGED = {
    "users_user.username": ("username unless staff", "username"),
    "users_user.first_name": ("person_name unless staff", "person_name"),
    "users_user.last_name": ("person_name unless staff", "person_name"),
    "users_user.email": ("email unless staff", "email"),
    "users_user.password": ("password unless staff", "password"),
    "wagtailusers_userprofile.avatar": ("empty", "empty"),
    "wagtailcore_pageviewrestriction.password": ("view_restriction_password", "view_restriction_password"),
    "wagtailcore_collectionviewrestriction.password": ("view_restriction_password", "view_restriction_password"),
    "wagtailcore_pagelogentry.data": ("json:page_log", "json:page_log"),
    "wagtailcore_revision.content": ("json:revision", "json:revision"),
    "wagtailcore_taskstate.comment": ("empty", "empty"),
    "forms_formpage.to_address": ("mail_sink", "mail_sink"),
    "forms_formpage.from_address": ("mail_sink", "mail_sink"),
    "wagtailredirects_redirect.old_path": ("url_without_query", "url_without_query"),
    "wagtailredirects_redirect.redirect_link": ("url_without_query", "url_without_query"),
    "wagtailredirects_redirect.redirect_page_route_path": ("url_without_query", "url_without_query"),
}


def test_it_covers_the_site_exactly() -> None:
    """The catalogue has every table and column of the measured site, and no others."""
    listed = {(str(name), column) for name, table in Catalogue.load().tables.items() for column in table.columns}
    assert listed == {(column.table, column.name) for column in site_columns()}
    assert (len(site_tables()), len(listed)) == (142, 1055)


def test_it_purges_what_was_decided() -> None:
    """The purged tables are those of the privacy profiles, each with a reason, and only queries have exceptions."""
    purged = [table for table in Catalogue.load().tables.values() if table.purge]
    assert {str(table.name) for table in purged} == PURGED
    assert all(table.reason for table in purged)
    assert [str(table.name) for table in purged if table.unless_referenced] == ["wagtailsearchpromotions_query"]


def test_it_changes_what_was_decided() -> None:
    """The columns with a rule are those of the privacy profiles, in both copies, and everything else is kept."""
    changed = {
        f"{table.name}.{column.name}": tuple(str(column.rules[profile]) for profile in PROFILES)
        for table in Catalogue.load().tables.values()
        for column in table.columns.values()
        if any(not column.rules[profile].keeps for profile in PROFILES)
    }
    assert changed == CHANGED


def test_personal_columns_have_a_reason() -> None:
    """Every column with a rule says why, and so does everything personal that stays by choice."""
    columns = {
        f"{table.name}.{column.name}": column
        for table in Catalogue.load().tables.values()
        for column in table.columns.values()
    }
    assert all(columns[name].reason for name in CHANGED)
    for name in ("recruitment_talentlinkjob.contact_email", "blogs_blogpostpage.author", "users_user.last_login"):
        assert columns[name].reason
        assert columns[name].rules["local"].keeps


def test_every_setting_is_described() -> None:
    """The comment at the head of the file names every rule and setting that can be used below."""
    head = DEFAULT.read_text(encoding="utf-8").partition("format = 1")[0]
    tables = Catalogue.load().tables.values()
    kinds = {rule.kind for table in tables for column in table.columns.values() for rule in column.rules.values()}
    for word in (*kinds, "unless_referenced", "staff_by", "unique", "without_purged"):
        assert re.search(rf"\b{word}\b", head), word


def test_it_can_be_told_from_another() -> None:
    """A catalogue's digest changes with any change of its file."""
    one, other = catalogue("[tables.a.t]\nkeep = ['id']"), catalogue("[tables.a.t]\nkeep = ['id', 'name']")
    assert one.sha256 != other.sha256


def test_rules_read_as_they_are_written() -> None:
    """A rule's kind, argument and exception for staff come out of its text, and a schema out of a table's name."""
    tables = catalogue(
        """[tables.a."other.t"]
        staff_by = "email"
        columns.email = {staging = "fixed:a: b unless staff", local = "email", reason = "An address."}"""
    ).tables
    rules = tables[TableName("other", "t")].columns["email"].rules
    assert rules == {"staging": RuleSpec("fixed", "a: b", unless_staff=True), "local": RuleSpec("email")}


@pytest.mark.parametrize(
    ("tables", "named"),
    [
        ("[tables.b.t]\nkeep = ['id']", "tables.b"),
        ("[tables.a.t]\nkeep = ['id', 'id']", "t.keep names something twice"),
        ("[tables.a.t]\nkeep = 'id'", "t.keep is not a list"),
        ("[tables.a.t]\nkeep = []", "t has neither"),
        ("[tables.a.t]\nkeep = ['id']\nkept = ['x']", "t: unknown kept"),
        ("[tables.a.t]\nkeep = ['id']\npurge = ['id']\nreason = 'x'", "t: unknown keep"),
        ("[tables.a.t]\npurge = ['id']", "t.reason"),
        ("[tables.a.t]\npurge = []\nreason = 'x'", "t.purge lists no columns"),
        ("[tables.a.t]\nkeep = ['id']\n[tables.a.'public.t']\nkeep = ['id']", "t is listed under a and under a"),
        ("[tables.a.t]\ncolumns.x = {staging = 'keep', local = 'keep'}", "t.x.reason"),
        ("[tables.a.t]\ncolumns.x = {staging = 'keep', reason = 'x'}", "t.x.local"),
        ("[tables.a.t]\ncolumns.x = 'keep'", "t.x is missing or is not"),
        ("[tables.a.t]\nkeep = ['x']\ncolumns.x = {staging = 'null', local = 'null', reason = 'x'}", "t.x is listed"),
        ("[tables.a.t]\ncolumns.x = {staging = 'emial', local = 'keep', reason = 'x'}", "t.x.staging: 'emial'"),
        ("[tables.a.t]\ncolumns.x = {staging = 'fixed', local = 'keep', reason = 'x'}", "t.x.staging: fixed needs"),
        ("[tables.a.t]\ncolumns.x = {staging = 'keep', local = 'null:0', reason = 'x'}", "t.x.local: null takes no"),
        ("[tables.a.t]\ncolumns.x = {staging = 'json:j', local = 'keep', reason = 'x'}", "no [json.j]"),
        ("[tables.a.t]\ncolumns.x = {staging = 'email unless staff', local = 'keep', reason = 'x'}", "no staff_by"),
        (
            "[tables.a.t]\ncolumns.x = {staging = 'keep unless staff', local = 'keep', reason = 'x'}",
            "t.x.staging: keep",
        ),
        ("[tables.a.t]\nkeep = ['id']\nstaff_by = 'email'", "t.staff_by: there is no column 'email'"),
        ("[tables.a.t]\nkeep = ['id']\nunique = ['path']", "t.unique: there is no column 'path'"),
        ("[tables.a.t]\nkeep = ['id']\nwithout_purged = ['type']", "t.without_purged: there is no column 'type'"),
        (
            "[tables.a.t]\npurge = ['id']\nreason = 'x'\nunless_referenced = {column = 'id', by = ['u.t_id']}",
            "t.unless_referenced: there is no u.t_id",
        ),
        (
            "[tables.a.t]\npurge = ['id']\nreason = 'x'\nunless_referenced = {column = 'key', by = ['u.t_id']}\n"
            "[tables.a.u]\nkeep = ['t_id']",
            "t.unless_referenced: there is no column 'key'",
        ),
        (
            "[tables.a.t]\npurge = ['id']\nreason = 'x'\nunless_referenced = {column = 'id', by = ['u.t_id']}\n"
            "[tables.a.u]\npurge = ['t_id']\nreason = 'x'",
            "u.t_id is not kept",
        ),
        (
            "[tables.a.t]\npurge = ['id']\nreason = 'x'\nunless_referenced = {column = 'id', by = []}",
            "by names nothing",
        ),
        ("[tables.a.t\n", "not TOML"),
        ("[json.j]\nempty = ['x']\nallow = ['y']\n[tables.a.t]\nkeep = ['id']", "json.j: allow"),
        ("[json.j]\n[tables.a.t]\nkeep = ['id']", "json.j does nothing"),
        ("[other]\n[tables.a.t]\nkeep = ['id']", "unknown other"),
    ],
)
def test_slips_are_named(tables: str, named: str) -> None:
    """A slip in the file stops everything, with a message that names the entry."""
    with pytest.raises(CatalogueError, match=re.escape(named)):
        catalogue(tables)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A catalogue that cannot be read is named, with the reason."""
    with pytest.raises(CatalogueError, match=r"none\.toml cannot be read"):
        Catalogue.load(tmp_path / "none.toml")


def test_another_format_is_refused() -> None:
    """A file of another format number is not guessed at."""
    with pytest.raises(CatalogueError, match="format is not 1"):
        Catalogue.parse(b"format = 2\n[areas]\n[tables]\n")
