"""Each place of the site's database that can hold somebody, one by one: planted there, and gone or kept on purpose.

The list below was written down from what was measured on the site, not from the catalogue.
"""

import hashlib
from collections.abc import Iterable, Mapping
from enum import Enum

import pytest

from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines_tests.planted import planted
from bc_pipelines_tests.planting import ROWS
from bc_pipelines_tests.privacy.site import Copy, Raw
from bc_pipelines_tests.site_schema import site_tables


class Fate(Enum):
    """What becomes of people in a place."""

    GONE = "gone from both copies"
    STAFF = "gone, but for staff on staging"
    PART = "gone, but for what editors or visitors read"
    STAYS = "kept in both copies, by choice"


PLACES: Mapping[Fate, Mapping[str, Iterable[str]]] = {
    Fate.STAFF: {"users_user": ("username", "first_name", "last_name", "email", "password")},
    Fate.GONE: {
        "wagtailusers_userprofile": ("avatar",),
        "wagtailcore_pageviewrestriction": ("password",),
        "wagtailcore_collectionviewrestriction": ("password",),
        "django_session": ("session_key", "session_data"),
        "database_cache": ("cache_key", "value"),
        "wagtailforms_formsubmission": ("form_data",),
        "recruitment_jobalertsubscription": ("email", "search", "token"),
        "blogs_blogalertsubscription": ("email", "token"),
        "feedback_feedbackcomment": ("action", "issue", "original_url"),
        "feedback_usefulnessfeedback": ("original_url",),
        "wagtailcore_comment": ("text",),
        "wagtailcore_commentreply": ("text",),
        "wagtailcore_modellogentry": ("label", "data"),
        "django_admin_log": ("object_repr", "change_message"),
        "wagtailcore_taskstate": ("comment",),
        "forms_formpage": ("to_address", "from_address"),
        "wagtailcore_uploadedfile": ("file",),
        "wagtail_transfer_importedfile": ("file", "source_url"),
        "wagtailsearch_indexentry": ("autocomplete", "title", "body"),
        "wagtailredirects_redirect": ("redirect_link", "redirect_page_route_path"),
    },
    Fate.PART: {
        "wagtailsearchpromotions_query": ("query_string",),
        "wagtailcore_revision": ("content",),
        "wagtailcore_pagelogentry": ("data",),
        "wagtailredirects_redirect": ("old_path",),
    },
    Fate.STAYS: {
        "users_user": ("last_login", "date_joined"),
        "wagtailusers_userprofile": ("dismissibles",),
        "wagtailcore_revision": ("object_str",),
        "wagtailcore_pagelogentry": ("label",),
        "wagtailcore_collection": ("name",),
        "wagtailcore_page": ("title",),
        "forms_formfield": ("default_value",),
        "recruitment_talentlinkjob": ("contact_email", "description", "application_url_query"),
        "family_information_ehcco": ("name", "email"),
        "family_information_school": ("hub_email",),
        "location_locationpage": ("telephone", "email_address", "street_address_1", "street_address_2", "postcode"),
        "events_eventpage": ("street_address_1", "street_address_2", "postcode", "redirect_to"),
        "blogs_blogpostpage": ("author",),
        "images_customimage": ("title", "file", "description"),
        "images_rendition": ("file",),
        "documents_customdocument": ("title", "file"),
        "wagtailimages_image": ("title", "file", "description"),
        "wagtailimages_rendition": ("file",),
        "wagtaildocs_document": ("title", "file"),
        "wagtailembeds_embed": ("author_name",),
        "taggit_tag": ("name",),
        "utils_importantpages": ("directory_url",),
        "service_directory_servicedirectory": ("frontend_url", "directory_api_url"),
        "service_directory_directorymanagementapi": ("api_url",),
        "standardpages_redirectpage": ("external_url",),
    },
}
CASES = [
    pytest.param(fate, table, name, id=f"{table}.{name}")
    for fate, tables in PLACES.items()
    for table, names in tables.items()
    for name in names
]

# Tables of which anything may change. Every other table of the site comes out as it was.
TOUCHED = {table for fate, tables in PLACES.items() if fate is not Fate.STAYS for table in tables} | {
    "birdbath_execution",
    "wagtailadmin_editingsession",
    "wagtailcore_referenceindex",
    "wagtailsearchpromotions_querydailyhits",
}

# What editors must find again: every row of it, by primary key.
HISTORY = (
    *("wagtailcore_revision", "wagtailcore_pagelogentry", "wagtailcore_taskstate", "wagtailcore_workflowstate"),
    *("wagtailcore_workflow", "wagtailcore_workflowtask", "wagtailcore_task", "wagtailcore_groupapprovaltask"),
    *("wagtailcore_workflowpage", "wagtailcore_workflowcontenttype", "wagtailsearchpromotions_searchpromotion"),
)


@pytest.mark.parametrize(("fate", "table", "name"), CASES)
def test_a_place(raw: Raw, copy: Copy, fate: Fate, table: str, name: str) -> None:
    """Whoever was planted in this column is nowhere in the copy, or still in this very column where that is chosen."""
    people = [person for person in planted() if person.column == f"{table}.{name}"]
    assert people
    stored = "\n".join(value or "" for value in raw.column(table, name))
    after = "\n".join(value or "" for value in copy.column(table, name))
    for person in people:
        assert person.word in stored, person.place
        stays = copy.profile in person.stays_in
        assert (person.word.encode() in copy.everything) is (person.word in after) is stays, person.place
    fates = {Fate.GONE: {0}, Fate.STAYS: {2}, Fate.STAFF: {0, 1}, Fate.PART: {0, 2}}
    assert {len(person.stays_in) for person in people} == fates[fate]


def test_no_place_is_forgotten() -> None:
    """Every planted person has a case, and so has every column that the catalogue calls personal or has a rule for."""
    listed = {f"{table}.{name}" for tables in PLACES.values() for table, names in tables.items() for name in names}
    assert {person.column for person in planted()} == listed
    personal = {
        f"{table.name}.{each.name}"
        for table in Catalogue.load().tables.values()
        for each in table.columns.values()
        if each.reason
    }
    assert personal <= listed


def digests(rows: Mapping[str, Iterable[bytes]]) -> dict[str, str]:
    """A digest of each table's rows."""
    return {table: hashlib.sha256(b"\n".join(lines)).hexdigest() for table, lines in rows.items()}


def test_content_is_the_same_table_by_table(raw: Raw, copy: Copy) -> None:
    """Every table but those that hold people, by name, has the same digest as before."""
    before, after = digests(raw.rows), digests(copy.rows)
    untouched = site_tables().keys() - TOUCHED
    assert len(untouched) == 142 - len(TOUCHED) == 114
    assert {table: after[table] for table in untouched} == {table: before[table] for table in untouched}


@pytest.mark.parametrize("table", HISTORY)
def test_editors_keep_their_history(raw: Raw, copy: Copy, table: str) -> None:
    """Page history, revisions, workflow and promotions keep every row, who did it, when, and what it was about."""
    key = next(each.name for each in site_tables()[table] if each.primary)
    assert copy.column(table, key) == raw.column(table, key)
    rewritten = {"content", "data", "comment"}
    for each in site_tables()[table]:
        if each.name not in rewritten:
            before = raw.column(table, each.name)
            assert copy.column(table, each.name) == before, each.name
    assert len(copy.rows[table]) == ROWS
