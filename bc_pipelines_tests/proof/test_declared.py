"""Finds that somebody looked at and declared public."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bc_pipelines.proof import text
from bc_pipelines.proof.declared import declare
from bc_pipelines.proof.extract import Extractor
from bc_pipelines.proof.kinds import Kind, Shape
from bc_pipelines.proof.register import Register
from bc_pipelines.proof.result import Hit, Proof
from bc_pipelines_tests.proof.archives import Maker, Rows, proof_of

RAW: Rows = {
    "users_user": [
        {"id": "1", "email": "office@home.example", "username": "approved", "first_name": "May", "last_name": "Day"}
    ],
    "feedback_feedbackcomment": [{"id": "5", "issue": "Call 01632 960555"}],
}
WRITTEN: Rows = {
    "wagtailcore_taskstate": [{"id": "1", "status": "approved"}, {"id": "2", "status": "approved"}],
    "wagtailcore_revision": [
        {"id": "3", "content": json.dumps({"a": "Ring (01632) 960 555", "b": "Day, May"})},
        {"id": "4", "content": json.dumps({"a": "Write to Office@Home.example", "b": "A May Day parade"})},
    ],
}
REVIEWED = ("Approved", "+44 1632 960555", "OFFICE@home.example", "May Day")


def proof(maker: Maker, folder: Path, *public: str, written: Rows = WRITTEN) -> Proof:
    """Prove the archive above, with a list of what is public."""
    return proof_of(maker.archive(RAW), maker.archive(written), folder, public=public)


def test_what_was_declared_public_is_no_failure_but_is_counted(maker: Maker, tmp_path: Path) -> None:
    """A word, a number, an address and a name in either order, however they are written."""
    result = proof(maker, tmp_path, *REVIEWED)
    assert result.passed, result.reason
    assert result.reviewed == 5
    assert sum(hit.count for hit in result.declared) == 6
    assert Hit("wagtailcore_taskstate", "status", 2, "username made of letters only", 1) in result.declared
    assert "Declared public after a review: 5 identifiers, found 6 times." in result.summary()
    assert Proof.from_json(result.to_json()) == result


@pytest.mark.parametrize("left_out", REVIEWED)
def test_each_entry_is_one_persons_word_for_one_identifier(maker: Maker, tmp_path: Path, left_out: str) -> None:
    """What the list does not name still fails, and the reason says what to do about it."""
    result = proof(maker, tmp_path, *(entry for entry in REVIEWED if entry != left_out))
    assert not result.passed
    for words in (
        "bucks archive prove TARGET --against SOURCE --show",
        "bucks archive sanitise SOURCE TARGET --profile staging --show",
        "extend privacy/catalogue.toml",
        "`public` in the section [proof] of environments.toml",
    ):
        assert words in result.reason


def test_an_entry_that_nothing_meets_is_not_counted(maker: Maker, tmp_path: Path) -> None:
    """The result tells what the list excused, not how long it is."""
    result = proof(maker, tmp_path, *REVIEWED, written={})
    assert result.passed
    assert (result.declared, result.reviewed) == ((), 0)
    assert "Declared" not in result.summary()


def test_published_content_needs_nobodys_word(maker: Maker, tmp_path: Path) -> None:
    """What stands on a published row is counted as published, declared or not."""
    written = {"images_customimage": [{"id": "1", "title": "The May Day parade"}]}
    result = proof(maker, tmp_path, "May Day", written=written)
    assert (result.declared, result.reviewed) == ((), 0)
    assert [hit.table for hit in result.public] == ["images_customimage"]


@given(
    kind=st.sampled_from(["email", "username", "free_text", "token", "query"]),
    value=st.text(max_size=60)
    | st.emails()
    | st.from_regex(r"01632 960[0-9]{3}|\+1 202 55501[0-9]{2}", fullmatch=True),
)
@settings(max_examples=300, deadline=None)
def test_what_a_terminal_shows_can_be_declared_as_it_is(kind: str, value: str) -> None:
    """Every identifier is declared by the very words in which it is shown."""
    register = Register()
    for identifier in Extractor(()).of_column(kind, (), f"?{value}".encode()):
        shown = text.as_dialled(identifier.text) if identifier.kind is Kind.PHONE else identifier.text
        declare(register, [shown.decode()])
        assert register.is_declared(register.digest(identifier.shape, identifier.text))


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_name_is_declared_in_both_orders(first: str, last: str) -> None:
    """Who declares a name has declared it with the family name first as well."""
    register = Register()
    names = list(Extractor(()).full_name(first.encode(), last.encode()))
    declare(register, [name.text.decode() for name in names[:1]])
    assert all(register.is_declared(register.digest(name.shape, name.text)) for name in names)


def test_an_address_stands_for_no_other() -> None:
    """Who declares an address with a tag or a longer domain has said nothing about the address without."""
    register = Register()
    declare(register, ["tag+office@home.example"])
    assert register.is_declared(register.digest(Shape.ADDRESS, b"tag+office@home.example"))
    assert not register.is_declared(register.digest(Shape.ADDRESS, b"office@home.example"))
