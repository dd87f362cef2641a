"""Finding identifiers, whatever hides them."""

import base64
import gzip
import html
import json
import urllib.parse
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bc_pipelines.pgarchive import copytext
from bc_pipelines.proof import hidden
from bc_pipelines.proof.kinds import Kind, Shape
from bc_pipelines.proof.register import COMMON, Register
from bc_pipelines.proof.search import Searcher

Encoder = Callable[[str], str]

ENCODERS: dict[str, Encoder] = {
    "json": lambda value: json.dumps({"name": "value", "list": [1, value]}),
    "text around": lambda value: f"Dear all,\n\twrite to {value}\\ or not",
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "urlsafe": lambda value: base64.urlsafe_b64encode(value.encode()).decode().rstrip("="),
    "session": lambda value: f".{base64.urlsafe_b64encode(zlib.compress(value.encode())).decode().rstrip('=')}:1a:sig",
    "gzip": lambda value: base64.b64encode(gzip.compress(value.encode())).decode(),
    "bytea": lambda value: rf"\x{value.encode().hex()}",
    "percent": lambda value: f"/search/?q={urllib.parse.quote(value, safe='')}",
    "html": lambda value: f"<b>{html.escape(value)}</b>",
    "array": lambda value: '{{1,"{}"}}'.format(value.replace("\\", "\\\\").replace('"', '\\"')),
}
EMAILS = st.from_regex(r"[a-z0-9][a-z0-9._+'-]{0,20}[a-z0-9]@[a-z0-9]{1,8}(\.[a-z]{2,7}){1,2}", fullmatch=True).filter(
    lambda email: not email.endswith((".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".css", ".js", ".pdf"))
)


def searcher_for(kind: Kind, shape: Shape, text: str) -> tuple[Searcher, int]:
    """A searcher for one identifier, and its digest."""
    register = Register()
    digest = register.add(kind, shape, text.encode())
    register.seal()
    return Searcher(register), digest


@given(EMAILS, st.lists(st.sampled_from(sorted(ENCODERS)), max_size=4))
@settings(max_examples=300, deadline=None)
def test_an_address_is_found_under_any_composition_of_encodings(email: str, names: list[str]) -> None:
    """Up to four encodings on top of each other hide nothing."""
    searcher, digest = searcher_for(Kind.EMAIL, Shape.ADDRESS, email)
    value = email
    for name in names:
        value = ENCODERS[name](value)
    field = copytext.escape(value.encode())
    assert digest in searcher.in_rows(b"1\t" + field + b"\t\\N")


@pytest.mark.parametrize("written", ["Jane Smith", "JANE  SMITH,", "jane-smith", "'smith':5A 'jane':4", "Jane\\tSmith"])
def test_a_full_name_is_found_as_neighbouring_words(written: str) -> None:
    """Case, punctuation and the order of a tsvector's lexemes do not matter."""
    searcher, digest = searcher_for(Kind.FULL_NAME, Shape.PHRASE, "jane smith")
    assert digest in searcher.in_rows(f"1\tTo {written} and others".encode())


@pytest.mark.parametrize("written", ["Jane", "Smith", "Jane Q Smith", "Janes Smith", "Jane\tSmith", "Smithjane smith"])
def test_half_a_name_is_none(written: str) -> None:
    """A lone first name is a word, and neighbouring fields are not neighbouring words."""
    searcher, _ = searcher_for(Kind.FULL_NAME, Shape.PHRASE, "jane smith")
    assert not searcher.in_rows(written.encode())


def test_a_user_name_is_a_whole_token() -> None:
    """A user name within a longer word is another word."""
    searcher, digest = searcher_for(Kind.USERNAME, Shape.TOKEN, "j.smith2")
    assert digest in searcher.in_rows(b"by J.Smith2.")
    assert not searcher.in_rows(b"j.smith22 aj.smith2 j.smith")


def test_a_piece_that_was_clean_or_tainted_stays_so() -> None:
    """Pieces are looked at once; what was found in them is found again."""
    searcher, digest = searcher_for(Kind.EMAIL, Shape.ADDRESS, "jo@home.example")
    rows = b"\n".join([b'1\t{"a": "clean", "b": "jo@home.example"}', b"2\tclean"])
    assert [searcher.in_rows(rows) for _ in range(2)] == [{digest}] * 2
    assert searcher.in_rows(b"2\tclean") == frozenset()


def test_many_finds_are_told_apart() -> None:
    """Each of many identifiers in one buffer is found, and no other."""
    register = Register()
    digests = {register.add(Kind.EMAIL, Shape.ADDRESS, f"p{n}@home.example".encode()) for n in range(0, 1000, 2)}
    register.seal()
    rows = "\n".join(f"{n}\tp{n}@home.example" for n in range(1000))
    assert Searcher(register).in_rows(rows.encode()) == digests


def test_the_register_forgets_common_texts_and_kept_people() -> None:
    """A text that many rows repeat is no identifier, and neither is one of somebody who is kept."""
    register = Register()
    for _ in range(COMMON):
        register.add(Kind.FREE_TEXT, Shape.TEXT, b"i agree to the terms")
        register.add(Kind.EMAIL, Shape.ADDRESS, b"jo@home.example")
    staff = register.add(Kind.EMAIL, Shape.ADDRESS, b"staff@council.example")
    register.keep(Shape.ADDRESS, b"staff@council.example")
    register.seal()
    assert register.identifiers == {Kind.EMAIL: 1}
    assert register.common == 1
    assert not register.kinds(staff)


def test_the_register_stays_right_while_it_grows() -> None:
    """Hundreds of thousands of identifiers, many of them repeated, are counted once each and found."""
    register = Register()
    for number in range(60_000):
        register.add(Kind.TOKEN, Shape.TOKEN, str(number % 50_000).encode())
    register.seal()
    assert register.identifiers == {Kind.TOKEN: 50_000}
    assert all(register.kinds(register.digest(Shape.TOKEN, str(n).encode())) for n in range(0, 50_000, 997))
    assert not register.kinds(register.digest(Shape.TOKEN, b"50001"))


def test_a_decompression_bomb_is_cut_off() -> None:
    """What one compressed value holds beyond a bound is not unpacked."""
    bomb = base64.b64encode(zlib.compress(b"a" * (hidden.LONGEST_UNPACKED + 1_000_000)))
    assert max(map(len, hidden.base64(bomb))) == hidden.LONGEST_UNPACKED


def test_a_value_of_extreme_length_is_searched_to_its_end() -> None:
    """Cutting a long text loses nothing at the cuts: neither an address nor a name."""
    register = Register()
    names = {register.add(Kind.FULL_NAME, Shape.PHRASE, f"jane smith{n}".encode()) for n in range(0, 300_000, 5000)}
    register.seal()
    long = " ".join(f"jane smith{n}" for n in range(300_000))
    assert Searcher(register).in_rows(long.encode()) == names
