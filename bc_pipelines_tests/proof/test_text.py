"""From stored bytes to comparable words."""

import json
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bc_pipelines.pgarchive import copytext
from bc_pipelines.proof import text


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("jo@home.example", "jo@home.example"),
        ("'Jo.Bloggs@home.example', ", "Jo.Bloggs@home.example"),
        ("<jo+tag@mail.home.example>", "jo+tag@mail.home.example"),
        ("mailto:o'neil@home.example?subject=hi", "o'neil@home.example"),
        ("jo@home.example.", "jo@home.example"),
        ("/photos/jo@home.example.png", "jo@home.example"),
        ("jo&amp;#64;home.example", "jo@home.example"),
    ],
)
def test_addresses_are_cut_out_of_their_surroundings(written: str, found: str) -> None:
    """An address ends where punctuation begins."""
    [(local, domain)] = text.addresses(text.fold(text.of_value(written.encode())))
    assert local + b"@" + domain == found.lower().encode()


@pytest.mark.parametrize("written", ["logo@2x.png", "jo@localhost", "@home.example", "5 @ 3.50", "bootstrap@5.3"])
def test_what_is_no_address_is_none(written: str) -> None:
    """File names, versions and prices with an at sign are no addresses."""
    assert list(text.addresses(written.encode())) == []


def test_an_address_is_tried_without_its_neighbours() -> None:
    """What a form's body or a missing space glues to an address is taken off again."""
    forms = set(text.address_forms(b"hi+jo", b"home.example.next"))
    assert b"jo@home.example" in forms


@pytest.mark.parametrize(
    "written",
    [
        *("01632 960 123", "01632-960123", "(01632) 960123", "01632960123", "tel:+441632960123"),
        *("+44 (0)1632 960123", "0044 1632 960 123", "07700 900111 01632 960123", "Ring 01632 960123, or write."),
    ],
)
def test_a_telephone_number_is_the_same_however_it_is_written(written: str) -> None:
    """Prefixes, spaces and brackets do not matter."""
    assert b"1632960123" in text.phones(written.encode())


@pytest.mark.parametrize(
    "written", ["+1 202 555 0123", "001 202 555 0123", "tel:+12025550123", "Ring +1 (202) 555-0123, or write."]
)
def test_a_number_of_another_country_is_the_same_however_it_is_written(written: str) -> None:
    """Numbers abroad have no length of their own, so the + or 00 before them tells them from figures."""
    assert text.phones(written.encode()) == {b"+12025550123"}


@pytest.mark.parametrize(
    "written",
    ["+1 202 555", "+1202555012345678", "000100010002", "10:00 1234 5678", "+44 1632 96012", "1 202 555 0123"],
)
def test_other_figures_are_no_number_of_another_country(written: str) -> None:
    """Too short, too long, a path of a tree, a time, a number of the United Kingdom, and no prefix."""
    assert text.phones(written.encode()) == set()


@pytest.mark.parametrize("written", ["01-02-2024 1000", "2026-01-02 10:30:00+00", "0.123456789012", "1234567890"])
def test_dates_and_decimals_are_no_telephone_numbers(written: str) -> None:
    """Digits alone do not make a telephone number."""
    assert text.phones(written.encode()) == set()


def test_escapes_of_any_depth_are_undone() -> None:
    """COPY, JSON and JSON in JSON write the same characters with ever more backslashes."""
    words = 'Ren\u00e9 said\n"hello"\tto \U0001f600 us'
    nested = json.dumps({"body": json.dumps([words])})
    for value in (words, json.dumps(words), nested):
        plain = text.of_rows(copytext.escape(value.encode()))
        assert [b"ren\xc3\xa9", b"said"] in text.pieces(text.fold(plain))


@pytest.mark.parametrize("written", ['One "two"  three', "<p>one two</p>", "\u2019tis   Zo\u00eb's  ", ""])
def test_sentences_are_pieces(written: str) -> None:
    """The fast way to all texts of a buffer and the way to their words agree."""
    folded = text.fold(text.of_value(written.encode()))
    assert text.sentences(folded) - {b""} == {b" ".join(words) for words in text.pieces(folded)}


def test_case_width_and_invisible_characters_are_folded() -> None:
    """Full-width letters, soft hyphens and capitals are the same word."""
    assert text.fold("\uff2aane\u00ad SM\u0130TH".encode()).startswith(b"jane")
    assert b"j_smith2" in text.tokens(text.fold("“j_smith2”…".encode()))


_CONTACTS = st.lists(
    st.sampled_from(
        (
            *(
                "jo",
                "@",
                ".",
                "home",
                "example",
                "+",
                "-",
                "_",
                "'",
                " ",
                '"',
                "png",
                "x" * 70,
                "y" * 260,
                "\u00e9",
                "<",
            ),
            *(
                "0",
                "00",
                "(0)",
                "44",
                "+44",
                "01632",
                "960",
                "1234",
                "5",
                "(",
                ")",
                "+49",
                "0049",
                "2026-10-01",
                "07:00",
            ),
        )
    ),
    max_size=14,
).map(lambda pieces: "".join(pieces).encode())


@settings(max_examples=1000, deadline=None)
@given(_CONTACTS)
def test_addresses_are_those_of_the_plain_definition(folded: bytes) -> None:
    """Around each at sign, as far as an address can go, but for what it cannot begin or end with."""
    found = []
    for before, after in pairwise(folded.split(b"@")):
        local = re.search(rb"[0-9a-z_.+'\x80-\xff-]+\Z", before[-64:])
        domain = re.match(rb"[0-9a-z\x80-\xff-]+(?:\.[0-9a-z\x80-\xff-]+)+", after[:255])
        if local and domain:
            name, host = local[0].strip(b".+'-"), domain[0].rstrip(b"-").removesuffix(b".png")
            if name and b"." in host and len(ending := host.rpartition(b".")[2]) > 1 and not ending.isdigit():
                found.append((name, host))
    assert list(text.addresses(folded)) == found


@settings(max_examples=1000, deadline=None)
@given(_CONTACTS)
def test_no_number_is_lost_to_a_quick_look(folded: bytes) -> None:
    """Looking closely at every run of digits finds no more."""
    runs = re.finditer(rb"\d[\d ().-]{7,}\d", folded)
    with_plus = (b"+" * folded[: run.start()].endswith(b"+") + run[0] for run in runs)
    numbers = map(text.numbers_of_run, with_plus)
    assert text.phones(folded) == set().union(*numbers)
