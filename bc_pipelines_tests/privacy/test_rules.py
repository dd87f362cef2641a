"""Rules: what they make of any value."""

import re
import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines.privacy.entries import RuleSpec
from bc_pipelines.privacy.errors import CatalogueRefusal, SanitiseError
from bc_pipelines.privacy.fitting import Target
from bc_pipelines.privacy.rules import Rule, RuleMaker, UniqueSubstitutes, url_without_query
from bc_pipelines.privacy.substitutes import SHORTEST, UNIQUE_KINDS, Substitutes
from bc_pipelines_tests.privacy.archives import PASSWORD, SINK, catalogue, policy

CATALOGUE = catalogue("[tables.a.t]\nkeep = ['id']", "[json.j]\nempty = ['x']")
VALUES = st.text(min_size=1)

SHAPES = {
    "person_name": r"Name-[0-9a-f]{8,16}",
    "username": r"user-[0-9a-f]{8,16}",
    "email": r"user-[0-9a-f]{8,16}@replaced\.invalid",
    "free_text": r"Text-[0-9a-f]{8,16}",
    "token": r"[0-9a-f]{8,40}",
    "phone": r"01632 960[0-9]{3}",
    "postcode": r"ZZ[1-9][0-9]? [0-9][ABD-HJLNP-UW-Z]{2}",
    "ip_address": r"192\.0\.2\.[0-9]{1,3}|2001:db8::[0-9a-f]{4}:[0-9a-f]{4}",
}


def make(kind: str, *, max_length: int | None = None, unique: bool = False) -> Callable[[str], str | None]:
    """A rule's function."""
    return _on_texts(RuleMaker(CATALOGUE, policy("staging")).rule("t.x", RuleSpec(kind), Target(max_length, unique)))


def _on_texts(rule: Rule) -> Callable[[str], str | None]:
    def replace(value: str) -> str | None:
        replaced = rule.replace(value.encode())
        return None if replaced is None else replaced.decode()

    return replace


@given(value=VALUES, kind=st.sampled_from(sorted(SHAPES)), spare=st.integers(0, 60) | st.none())
def test_substitutes_are_valid_and_fit(value: str, kind: str, spare: int | None) -> None:
    """Whatever the value and the column's length, a substitute is of its kind, and no longer than the column."""
    max_length = None if spare is None else SHORTEST[kind] + spare
    made = make(kind, max_length=max_length)(value)
    assert made is not None
    assert re.fullmatch(SHAPES[kind], made)
    assert max_length is None or len(made) <= max_length
    assert made.isascii()


def test_every_kind_is_tested() -> None:
    """No kind of substitute is missing from the shapes above."""
    assert set(SHAPES) == set(SHORTEST)


@given(value=VALUES, kind=st.sampled_from(sorted(SHAPES)))
def test_a_run_gives_the_same_for_the_same(value: str, kind: str) -> None:
    """Within a run, the same input gives the same substitute."""
    replace = make(kind)
    assert replace(value) == replace(value)


@given(value=VALUES, kind=st.sampled_from(sorted(UNIQUE_KINDS)))
def test_runs_differ(value: str, kind: str) -> None:
    """Another run gives another substitute, so that substitutes lead back to nobody."""
    assert make(kind)(value) != make(kind)(value)


@given(values=st.sets(VALUES), kind=st.sampled_from(sorted(UNIQUE_KINDS)))
def test_different_values_stay_different(values: set[str], kind: str) -> None:
    """Kinds that count as unique give different substitutes for different values, in the shortest column too."""
    replace = make(kind, max_length=SHORTEST[kind], unique=True)
    assert len({replace(value) for value in values}) == len(values)


@given(values=st.lists(VALUES, unique=True, max_size=10))
def test_collisions_are_avoided(values: list[str]) -> None:
    """Where substitutes are so few that they collide, further attempts keep them apart."""
    letters = string.ascii_lowercase

    def narrow(value: str, attempt: int) -> str:
        return letters[(len(value) + attempt) % len(letters)]

    unique = UniqueSubstitutes("t.x", narrow)
    assert len({unique.replace(value) for value in values}) == len(values)


def test_kept_values_are_avoided() -> None:
    """A substitute never equals a value that was kept before it, in whatever case."""
    unique = UniqueSubstitutes("t.x", lambda value, attempt: f"user-{attempt}")
    unique.spare("USER-0")
    assert unique.replace("anybody") == "user-1"


def test_a_kept_value_that_comes_too_late_is_reported() -> None:
    """A kept value that equals an earlier substitute stops the run, and the message does not show it."""
    unique = UniqueSubstitutes("t.x", lambda value, attempt: f"user-{attempt}")
    unique.replace("anybody")
    with pytest.raises(SanitiseError, match=r"^t\.x: a kept value equals a substitute; run again") as caught:
        unique.spare("user-0")
    assert "user-0" not in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (RuleSpec("null"), None),
        (RuleSpec("empty"), ""),
        (RuleSpec("fixed", "the same"), "the same"),
        (RuleSpec("mail_sink"), SINK),
        (RuleSpec("view_restriction_password"), PASSWORD),
    ],
)
def test_constants(spec: RuleSpec, expected: str | None) -> None:
    """Some rules give one value whatever stood there."""
    assert _on_texts(RuleMaker(CATALOGUE, policy("staging")).rule("t.x", spec, Target()))("Ann") == expected


def test_no_password_matches_the_marker() -> None:
    """A replaced password begins with Django's mark of a password that nobody has."""
    marker = make("password", max_length=128)("pbkdf2_sha256$600000$salt$hash")
    assert marker
    assert marker.startswith("!")


def test_a_repeated_value_gets_a_new_substitute_each_time() -> None:
    """A value that stands in many rows of a unique column, as under a partial index, costs one try a row."""
    tries: list[int] = []

    def make(value: str, *, attempt: int) -> str:
        tries.append(attempt)
        return f"{value}{attempt}"

    unique = UniqueSubstitutes("t.x", make)
    assert len({unique.replace("ann") for _ in range(1_000)}) == 1_000
    assert len(tries) < 3_000


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/bins/?who=ann", "/bins/"),
        ("https://a.example/b?c=d?e#f", "https://a.example/b"),
        ("/bins/#top", "/bins/#top"),
        ("?who=ann", ""),
    ],
)
def test_urls_lose_their_query(url: str, expected: str) -> None:
    """A URL loses all from its first question mark on."""
    assert url_without_query(url) == expected


@pytest.mark.parametrize("kind", ["email", "mail_sink", "password", "postcode"])
def test_a_column_that_is_too_short_is_refused(kind: str) -> None:
    """A replacement that cannot fit is refused before anything is written, with the column and both lengths."""
    with pytest.raises(CatalogueRefusal, match=r"t\.x takes 4 characters, and its rule .* needs \d+"):
        make(kind, max_length=4)


def test_the_key_is_not_shown() -> None:
    """Neither the key nor a policy's password is in any text that describes its holder."""
    substitutes = Substitutes()
    assert "key" not in repr(substitutes)
    assert PASSWORD not in repr(policy("staging"))
