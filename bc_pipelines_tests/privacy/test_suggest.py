"""Drafts for the catalogue: what they say, what they never say, and that nobody can use one unread."""

import io
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines.privacy.catalogue import DEFAULT, Catalogue
from bc_pipelines.privacy.entries import KINDS, TableName
from bc_pipelines.privacy.errors import CatalogueError
from bc_pipelines.privacy.shapes import Look, by_name
from bc_pipelines.privacy.suggest import CHOOSE, Suggestion, draft, suggestions
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.privacy.archives import catalogue, dumped

KNOWN = catalogue(
    "[tables.a.page]\nkeep = ['id']\n[tables.a.visit]\npurge = ['id']\nreason = 'x'\n[tables.a.account]\nkeep = ['id']"
)
SITE = """
    CREATE TABLE page (id int PRIMARY KEY);
    CREATE TABLE visit (id int PRIMARY KEY, place text);
    CREATE TABLE account (id int PRIMARY KEY, mobile text);
    CREATE TABLE letter (
        id bigint PRIMARY KEY, page_id int REFERENCES page, visit_id int REFERENCES visit, contact_email varchar(254),
        postcode text, read boolean, body text, colour text, weight int, extra jsonb, remote_addr inet, reference text);
    INSERT INTO page SELECT generate_series(1, 9);
    INSERT INTO visit SELECT n, 'here' FROM generate_series(1, 9) n;
    INSERT INTO account SELECT n, 'ask jo' || n || '@home.example' FROM generate_series(1, 9) n;
    INSERT INTO letter SELECT n, n, n, 'resident' || n || '@home.example', 'ZZ99 ' || n || 'ZZ', true,
        'Dear council, my bins have not been emptied', 'blue', n, '{"who": "jo@home.example"}', ('192.0.2.' || n)::inet,
        'mail jo@home.example' FROM generate_series(1, 9) n;
"""


@pytest.fixture(scope="module")
def found(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Suggestion]:
    """What is suggested, by `table.column`."""
    archive = dumped(cluster, tmp_path_factory.mktemp("suggest"), SITE)
    return {f"{each.table}.{each.column}": each for each in suggestions(io.BytesIO(archive), KNOWN)}


def test_hints_that_agree_give_a_rule(found: dict[str, Suggestion]) -> None:
    """Keys, flags, and columns whose name and values say the same get a rule; all others wait for a person."""
    assert {name: each.rule for name, each in found.items()} == {
        "account.mobile": None,
        "letter.id": "keep",
        "letter.page_id": "keep",
        "letter.visit_id": None,
        "letter.contact_email": "email",
        "letter.postcode": "postcode",
        "letter.read": "keep",
        "letter.body": None,
        "letter.colour": None,
        "letter.weight": None,
        "letter.extra": None,
        "letter.remote_addr": "ip_address",
        "letter.reference": None,
        "visit.place": "purge",
    }


def test_a_person_is_told_what_to_consider(found: dict[str, Suggestion]) -> None:
    """Where hints do not agree, the draft says what they are and what to consider first."""
    assert {name: each.perhaps for name, each in found.items() if each.rule is None} == {
        "account.mobile": "phone",
        "letter.visit_id": "null",
        "letter.body": "free_text",
        "letter.colour": "keep",
        "letter.weight": "keep",
        "letter.extra": "json:NAME",
        "letter.reference": "free_text",
    }
    assert found["letter.visit_id"].why == "it refers to visit, which loses rows"
    assert "9 of 9 values look like e-mail addresses" in found["letter.reference"].why
    assert "proves little" in found["letter.colour"].why


def test_no_value_is_in_a_draft(found: dict[str, Suggestion]) -> None:
    """The draft speaks of counts and kinds; what stands in the rows is not in it."""
    text = draft([*found.values()])
    assert not [value for value in ("home.example", "ZZ99", "blue", "192.0.2", "here", "Dear") if value in text]


def test_a_draft_cannot_be_used_unread(found: dict[str, Suggestion]) -> None:
    """With the site's catalogue a draft is refused for its area, each missing choice and each missing reason."""
    text = f"{DEFAULT.read_text(encoding='utf-8')}\n{draft([each for each in found.values() if each.area is None])}"
    for left, chosen, refused in (
        ("tables.CHOOSE", "tables.content", "there is no such area"),
        ('"CHOOSE"', '"null"', "'CHOOSE' is no kind of rule"),
        ('reason = ""', 'reason = "Decided."', "reason is missing or empty"),
    ):
        with pytest.raises(CatalogueError, match=refused):
            Catalogue.parse(text.encode())
        text = text.replace(left, chosen)
    assert TableName("public", "letter") in Catalogue.parse(text.encode()).tables


def test_a_known_table_is_not_listed_twice(found: dict[str, Suggestion]) -> None:
    """Lines for a table that has an entry cannot be appended blindly: TOML itself refuses the second header."""
    text = draft([each for each in found.values() if each.table == "account"])
    with pytest.raises(CatalogueError, match="not TOML"):
        Catalogue.parse(f"format = 1\n[areas]\na = 'x'\n[tables.a.account]\nkeep = ['id']\n{text}".encode())


def test_partitions_are_drafted_once(cluster: Cluster, tmp_path: Path) -> None:
    """One entry for a partitioned table, from the values in all its parts."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE event (id int, email text) PARTITION BY RANGE (id);"
        "CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (1) TO (5);"
        "CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (5) TO (9);"
        "INSERT INTO event SELECT n, 'jo' || n || '@home.example' FROM generate_series(1, 8) n",
    )
    told = suggestions(io.BytesIO(archive), catalogue("[tables.a.x]\nkeep = ['id']"))
    assert [(each.table, each.column, each.rule) for each in told] == [
        ("event", "id", None),
        ("event", "email", "email"),
    ]
    assert "8 of 8 values" in told[1].why


def test_nothing_unclassified_is_said(cluster: Cluster, tmp_path: Path) -> None:
    """An archive that the catalogue covers gives a comment and no entry."""
    archive = dumped(cluster, tmp_path, "CREATE TABLE page (id int PRIMARY KEY)")
    assert suggestions(io.BytesIO(archive), KNOWN) == ()
    assert tomllib.loads(draft(())) == {}


@given(st.text(min_size=1), st.text(min_size=1), st.sampled_from([None, "keep", "email"]))
def test_any_name_is_toml(table: str, column: str, rule: str | None) -> None:
    """Whatever a table and its column are called, the draft is TOML that names them, and its comments are comments."""
    table, column = (name.encode(errors="replace").decode() for name in (table, column))
    text = draft([Suggestion(table, column, "text", None, False, rule, "keep", "why", "x")])
    body = tomllib.loads(text)["tables"][CHOOSE][table]
    assert body.get("keep", [*body.get("columns", {})]) == [column]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("email", "email"),
        ("replyTo", "email"),
        ("contact_phone_number", "phone"),
        ("postcode", "postcode"),
        ("surname", "person_name"),
        ("api_key", "token"),
        ("original_url", "url_without_query"),
        ("client_ip", "ip_address"),
        ("user_name", "username"),
        ("date_of_birth", "free_text"),
        ("shipment", None),
        ("emailing_lists_open", None),
    ],
)
def test_names_hint_at_kinds(column: str, kind: str | None) -> None:
    """Whole words of a name count, in whatever case they are joined."""
    assert by_name(column) == kind
    assert kind is None or kind in KINDS


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("jo@home.example", "email"),
        ("+44 1632 960 123", "phone"),
        ("07700900123", "phone"),
        ("ZZ9 9ZZ", "postcode"),
        ("pbkdf2_sha256$600000$salt$hash", "password"),
        ("2001:db8::1", "ip_address"),
        ("https://www.council.example/?q=bins", "url_without_query"),
        ("9f86d081884c7d659a2feaa0c55ad015", "token"),
        ("Siân O'Leary", "person_name"),
        ("the quick brown fox jumps over a dog", "free_text"),
        ("2026-11-22", None),
        ("green", None),
    ],
)
def test_values_hint_at_kinds(value: str, kind: str | None) -> None:
    """Values count by their shape as a whole."""
    look = Look()
    look.at(value.encode())
    look.at(None)
    look.at(b" ")
    assert (look.values, [*look.kinds]) == (1, [kind] if kind else [])


@given(st.binary(max_size=10_000))
def test_any_bytes_can_be_looked_at(value: bytes) -> None:
    """Whatever a column holds, looking at it does not fail, and it counts once at most."""
    look = Look()
    look.at(value)
    assert look.kinds.total() <= look.values <= 1
