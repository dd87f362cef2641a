"""What is found in a written archive, where, and what of it is public."""

import json
from pathlib import Path

import pytest

from bc_pipelines.proof.result import Hit
from bc_pipelines.proof.scan import KEYS_KEPT
from bc_pipelines_tests.proof.archives import Maker, Rows, places, proof_of

EMAIL = "jo@home.example"
RAW: Rows = {
    "users_user": [
        {"id": "1", "email": EMAIL, "username": "jobloggs7", "first_name": "Josephine", "last_name": "Bloggs"},
        {
            **{"id": "2", "email": "Sam@Buckinghamshire.example ", "username": "sam.staff"},
            **{"first_name": "Sam", "last_name": "Staff", "password": "pbkdf2_sha256$1$salt$c3RhZmZoYXNoc3RhZmY="},
        },
    ],
    "feedback_feedbackcomment": [
        {"id": "5", "issue": "The lamp outside our house hums", "action": "Call 01632 960555"}
    ],
}
WRITTEN_STAFF = RAW["users_user"][1]


def test_nothing_left_passes(maker: Maker, tmp_path: Path) -> None:
    """A written archive with the kept staff alone passes, and the result says how much was searched."""
    proof = proof_of(maker.archive(RAW), maker.archive({"users_user": [WRITTEN_STAFF]}), tmp_path)
    assert proof.passed, proof.reason
    assert proof.identifiers["email"] == 1
    assert proof.tables_searched > 100
    assert proof.values_searched > 0
    assert proof.control.found == proof.control.expected > 0


@pytest.mark.parametrize(
    ("table", "row", "column", "kind"),
    [
        ("users_user", {"id": "1", "email": EMAIL}, "email", "email"),
        (
            "users_user",
            {"id": "2", "first_name": "Josephine", "last_name": "Bloggs"},
            "first_name, last_name",
            "full name",
        ),
        ("users_user", {"id": "1", "username": "jobloggs7"}, "username", "username"),
        ("wagtailcore_revision", {"id": "1", "content": json.dumps({"x": EMAIL})}, "content", "email"),
        ("wagtailcore_pagelogentry", {"id": "1", "label": "Bloggs, Josephine"}, "label", None),
        ("django_admin_log", {"id": "1", "change_message": "tel 01632960555"}, "change_message", "phone"),
        ("auth_group", {"id": "1", "name": "x"}, "name", None),
        ("wagtailcore_comment", {"id": "1", "text": "the lamp outside our house hums."}, "text", "free text"),
        ("wagtailsearch_indexentry", {"id": "1", "title": f"'{EMAIL}':1"}, "title", "email"),
        ("database_cache", {"cache_key": "k", "value": "Sm9zZXBoaW5lIEJsb2dncw=="}, "value", "full name"),
    ],
)
def test_identifiers_are_found_wherever_they_stand(
    maker: Maker, tmp_path: Path, table: str, row: dict[str, str], column: str, kind: str | None
) -> None:
    """A hit names table, column and kind, whatever the table is for."""
    proof = proof_of(maker.archive(RAW), maker.archive({table: [row]}), tmp_path)
    if table == "auth_group":
        assert proof.passed
        return
    kind = kind or "full name, family name first"
    assert places(proof) == {(table, column, kind)}
    assert not proof.passed
    assert f"{table}.{column}" in proof.reason


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ({"id": "1", "first_name": "josephine", "last_name": "Other"}, {"first_name"}),
        ({"id": "1", "first_name": "Other", "last_name": "Bloggs"}, {"last_name"}),
        ({"id": "2", "first_name": "Josephine", "last_name": "Other"}, set()),
        ({"id": "1", "first_name": "Bloggs", "last_name": "Other"}, set()),
    ],
)
def test_half_a_name_is_found_in_its_own_row_alone(
    maker: Maker, tmp_path: Path, row: dict[str, str], columns: set[str]
) -> None:
    """A first or last name that was not replaced is a hit; the same word in another row or column is only a word."""
    proof = proof_of(maker.archive(RAW), maker.archive({"users_user": [row]}), tmp_path)
    assert {hit.column for hit in proof.hits} == columns


def page(number: int, *, live: bool) -> dict[str, str]:
    """A row of wagtailcore_page."""
    return {"id": str(number), "live": "t" if live else "f", "title": "Contact"}


@pytest.mark.parametrize("live", [True, False])
def test_what_a_live_page_says_is_public(maker: Maker, tmp_path: Path, live: bool) -> None:
    """The same address on a live page is counted, also in that page's revisions; on a draft it is a hit."""
    written = {
        "wagtailcore_page": [page(7, live=live)],
        "blogs_blogpostpage": [{"page_ptr_id": "7", "body": json.dumps([{"value": f"<p>{EMAIL}</p>"}])}],
        "wagtailcore_revision": [{"id": "70", "content": json.dumps({"body": json.dumps([EMAIL])})}],
    }
    proof = proof_of(maker.archive(RAW), maker.archive(written), tmp_path)
    expected = (
        Hit("blogs_blogpostpage", "body", 7, "email", 1),
        Hit("wagtailcore_revision", "content", 70, "email", 1),
    )
    assert proof.passed is live
    assert (proof.public if live else proof.hits) == expected
    assert (proof.hits if live else proof.public) == ()


@pytest.mark.parametrize(
    ("table", "row", "public"),
    [
        ("images_customimage", {"id": "1", "title": EMAIL}, True),
        ("recruitment_talentlinkjob", {"id": "1", "is_published": "t", "contact_email": EMAIL}, True),
        ("recruitment_talentlinkjob", {"id": "1", "is_published": "f", "contact_email": EMAIL}, False),
        ("forms_postcodelookupresponse", {"id": "1", "page_id": "7", "answer": EMAIL}, True),
        ("forms_postcodelookupresponse", {"id": "1", "page_id": "8", "answer": EMAIL}, False),
        ("forms_formpage", {"page_ptr_id": "7", "introduction": EMAIL}, True),
        ("forms_formpage", {"page_ptr_id": "7", "to_address": EMAIL}, False),
        ("forms_formfield", {"id": "1", "page_id": "7", "label": EMAIL}, True),
        ("forms_formfield", {"id": "1", "page_id": "8", "label": EMAIL}, False),
        ("forms_formfield", {"id": "1", "page_id": "7", "default_value": EMAIL}, False),
        ("wagtailembeds_embed", {"id": "1", "title": EMAIL}, False),
        ("wagtailcore_collection", {"id": "1", "name": EMAIL}, False),
    ],
)
def test_published_rows_are_told_from_others(
    maker: Maker, tmp_path: Path, table: str, row: dict[str, str], public: bool
) -> None:
    """Published is what the list says: tables, rows of live pages, rows switched on, but for hidden columns."""
    written = {"wagtailcore_page": [page(7, live=True), page(8, live=False)], table: [row]}
    assert proof_of(maker.archive(RAW), maker.archive(written), tmp_path).passed is public


@pytest.mark.parametrize(
    ("account", "public", "column"),
    [
        ({"email": EMAIL}, EMAIL, "email"),
        ({"username": "jobloggs7"}, "By jobloggs7", "username"),
        ({"first_name": "Josephine", "last_name": "Bloggs"}, "By Josephine Bloggs", "first_name, last_name"),
        ({"first_name": "Josephine Bloggs"}, "By Josephine Bloggs", "first_name"),
        ({"last_name": "Bloggs, Josephine", "first_name": "-"}, "Bloggs, Josephine", "last_name"),
        ({"last_name": EMAIL}, EMAIL, "last_name"),
    ],
)
def test_an_account_is_replaced_even_if_it_is_public(
    maker: Maker, tmp_path: Path, account: dict[str, str], public: str, column: str
) -> None:
    """What a live page says of somebody excuses pages, but not that the account behind it was kept."""
    written = {"images_customimage": [{"id": "1", "title": public}], "users_user": [{"id": "3", **account}]}
    proof = proof_of(maker.archive(RAW), maker.archive(written), tmp_path)
    assert {(hit.table, hit.column) for hit in proof.hits} == {("users_user", column)}
    assert {(hit.table, hit.column) for hit in proof.public} == {("images_customimage", "title")}


@pytest.mark.parametrize(
    "name",
    [
        {"first_name": "Sarah", "last_name": "Staff"},
        {"first_name": "Sarah"},
        {"first_name": "Sam", "last_name": "Sarah"},
    ],
)
def test_a_word_that_is_public_is_only_a_word_in_a_name(maker: Maker, tmp_path: Path, name: dict[str, str]) -> None:
    """A user name such as sarah does not fail every Sarah whose account stays."""
    raw: Rows = {"users_user": [{"id": "1", "email": EMAIL, "username": "sarah"}]}
    written = {"images_customimage": [{"id": "1", "title": "Sarah"}], "users_user": [{"id": "2", **name}]}
    proof = proof_of(maker.archive(raw), maker.archive(written), tmp_path)
    assert proof.passed, proof.reason
    assert {hit.table for hit in proof.public} == {"images_customimage", "users_user"}


def test_a_draft_title_is_not_published(maker: Maker, tmp_path: Path) -> None:
    """A live page's title is public; the title that its draft will have is not."""
    row = page(7, live=True) | {"draft_title": EMAIL}
    proof = proof_of(maker.archive(RAW), maker.archive({"wagtailcore_page": [row]}), tmp_path)
    assert proof.hits == (Hit("wagtailcore_page", "draft_title", 7, "email", 1),)


def test_many_hits_in_a_column_are_summed_up(maker: Maker, tmp_path: Path) -> None:
    """The first rows are named by their keys, the others are one number."""
    rows = [{"id": str(1000 + number), "object_repr": f"{EMAIL} {number}"} for number in range(50)]
    proof = proof_of(maker.archive(RAW), maker.archive({"django_admin_log": rows}), tmp_path)
    assert [hit.key for hit in proof.hits] == [*range(1000, 1000 + KEYS_KEPT), None]
    assert sum(hit.count for hit in proof.hits) == 50


def test_a_row_without_a_numeric_key_is_named_by_its_number(maker: Maker, tmp_path: Path) -> None:
    """A key that is text may be an identifier itself, so it is not shown."""
    rows = [{"session_key": "a"}, {"session_key": "b", "session_data": EMAIL}]
    proof = proof_of(maker.archive(RAW), maker.archive({"django_session": rows}), tmp_path)
    assert [hit.key for hit in proof.hits] == ["row 2"]


def test_without_staff_domains_nobody_is_kept(maker: Maker, tmp_path: Path) -> None:
    """For a laptop's copy the staff's accounts are searched for like any other."""
    written = maker.archive({"users_user": [WRITTEN_STAFF]})
    proof = proof_of(maker.archive(RAW), written, tmp_path, staff_domains=frozenset())
    kinds = {"email", "username", "full name", "half a name, unchanged in its own row", "password hash"}
    assert {kind for _, _, kind in places(proof)} == kinds


def test_a_raw_archive_without_any_row_proves_nothing(maker: Maker, tmp_path: Path) -> None:
    """A list that fits no table must not pass by finding nothing."""
    empty = maker.archive({})
    proof = proof_of(empty, empty, tmp_path)
    assert not proof.passed
    assert "nothing was searched for" in proof.reason


def test_a_choice_that_many_give_is_no_identifier(maker: Maker, tmp_path: Path) -> None:
    """Answers that five people gave are a form's choices, wherever else they stand."""
    choice = "I have read the privacy notice"
    answers = [{"id": str(n), "form_data": json.dumps({"consent": choice})} for n in range(5)]
    written = maker.archive({"wagtailcore_revision": [{"id": "1", "content": json.dumps({"choices": choice})}]})
    assert proof_of(maker.archive({"wagtailforms_formsubmission": answers}), written, tmp_path).passed
    few = maker.archive({"wagtailforms_formsubmission": answers[:2]})
    assert not proof_of(few, written, tmp_path).passed


def test_a_text_that_one_person_repeats_is_no_choice(maker: Maker, tmp_path: Path) -> None:
    """Texts are common where many rows have them, not where one form has the same answer many times."""
    text = "My neighbour parks on the grass"
    answers = [{"id": "1", "form_data": json.dumps({f"answer_{n}": text for n in range(9)})}]
    written = maker.archive({"wagtailcore_revision": [{"id": "1", "content": json.dumps({"text": text})}]})
    assert not proof_of(maker.archive({"wagtailforms_formsubmission": answers}), written, tmp_path).passed
