"""Finding identifiers, whatever hides them."""

import base64
import gzip
import html
import json
import re
import urllib.parse
import zlib
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bc_pipelines.pgarchive import copytext
from bc_pipelines.proof import hidden
from bc_pipelines.proof.kinds import Kind, Shape
from bc_pipelines.proof.layer import LONGEST_TEXT, body
from bc_pipelines.proof.register import COMMON, Register
from bc_pipelines.proof.seams import WINDOW
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
    "quoted-printable": lambda value: "".join(f"={byte:02X}" for byte in value.encode()),
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
@example("0'0@0.aa", ["html", "html"])
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


@pytest.mark.parametrize(
    "written",
    [
        *(
            "Ja<b>ne</b> Smith",
            "<p>Jane <strong>Smith</strong></p>",
            "Jane<br/>Smith",
            "J<i>a</i>n<i>e</i> <u>Smith</u>",
        ),
        *('Jane <a href="/staff/" class="link">Smith</a>', "&lt;b&gt;Jane&lt;/b&gt; Smith", "Ja<wbr>ne Smith"),
        json.dumps({"value": '<p class="a">By Jane <span style="color: red">Smi</span>th</p>'}),
        json.dumps(json.dumps({"value": 'By Jane <span style="color: red">Smi</span>th'})),
    ],
)
def test_a_name_is_found_across_formatting(written: str) -> None:
    """Tags that no reader sees do not hide a name, wherever they stand in it."""
    searcher, digest = searcher_for(Kind.FULL_NAME, Shape.PHRASE, "jane smith")
    assert digest in searcher.in_rows(b"1\t" + copytext.escape(written.encode()))


@pytest.mark.parametrize("written", ["<p>Jane</p><p>Smith</p>", "<td>Jane</td> <td>Smith</td>", "Jane<hr>Smith"])
def test_a_name_does_not_go_over_the_end_of_a_paragraph(written: str) -> None:
    """Tags that a reader sees as a border are one."""
    searcher, _ = searcher_for(Kind.FULL_NAME, Shape.PHRASE, "jane smith")
    assert not searcher.in_rows(written.encode())


@pytest.mark.parametrize(
    "written",
    [
        *("jo@<wbr>home.example", "jo<b>@home</b>.example", "jo=40home.example", "to jo=40home.exam=\\nple"),
        *("jo&amp;#64;home.example", "jo&amp;amp;commat;home.example", "/photos/jo@home.example.png"),
        *("/new-page/#email=jo@home.example", "https://www.council.example/#email=jo%40home.example&x=1"),
    ],
)
def test_an_address_is_found_in_mail_markup_and_urls(written: str) -> None:
    """Formatting, quoted-printable, entities of entities, file endings and fragments of URLs hide no address."""
    searcher, digest = searcher_for(Kind.EMAIL, Shape.ADDRESS, "jo@home.example")
    assert digest in searcher.in_rows(written.encode())


@pytest.mark.parametrize("written", ["/documents/QQ123456C.pdf", "qq123456c.jpg", "see QQ123456C.docx."])
def test_a_token_is_found_in_the_name_of_a_file(written: str) -> None:
    """A file that is called after a case is found by the case's number."""
    searcher, digest = searcher_for(Kind.REFERENCE, Shape.TOKEN, "qq123456c")
    assert digest in searcher.in_rows(written.encode())


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
    """What one compressed value holds beyond a bound is not unpacked; what is comes in pieces of a bounded size."""
    # At quotes a text is cut without an overlap, and hexadecimal has one reading, unlike base64: no byte comes twice.
    sentence = b'Nobody is here."'
    bomb = zlib.compress(sentence * (hidden.LONGEST_UNPACKED // len(sentence) + 100_000))
    pieces = [len(piece) for piece in hidden.hexadecimal(bomb.hex().encode())]
    assert max(pieces) <= WINDOW
    assert sum(pieces) == hidden.LONGEST_UNPACKED


@pytest.mark.parametrize(
    "hide",
    [
        pytest.param(lambda value: value, id="plain"),
        pytest.param(lambda value: json.dumps(value.decode().split()).encode(), id="json"),
        pytest.param(base64.b64encode, id="base64"),
        pytest.param(base64.encodebytes, id="base64 in lines"),
        pytest.param(lambda value: rb"\x" + value.hex().encode(), id="bytea"),
        pytest.param(lambda value: value.replace(b" ", b"\n"), id="lines"),
        pytest.param(lambda value: value.replace(b" ", "\u3000".encode()), id="without spaces"),
    ],
)
def test_a_long_value_is_searched_to_its_end(hide: Callable[[bytes], bytes]) -> None:
    """Cutting a long value loses no address, wherever the cuts are and whatever hides it."""
    register = Register()
    wanted = (f"p{n}@home.example".encode() for n in range(0, 120_000, 40))
    digests = {register.add(Kind.EMAIL, Shape.ADDRESS, address) for address in wanted}
    register.seal()
    text = " ".join(f"p{n}@home.example" for n in range(120_000))
    value = hide(text.encode())
    assert len(value) > 4 * WINDOW
    assert Searcher(register).in_rows(b"1\t" + copytext.escape(value) + b"\tt") == digests


def test_a_value_of_extreme_length_is_searched_to_its_end() -> None:
    """Cutting a long text loses nothing at the cuts: neither an address nor a name."""
    register = Register()
    names = {register.add(Kind.FULL_NAME, Shape.PHRASE, f"jane smith{n}".encode()) for n in range(0, 300_000, 5000)}
    register.seal()
    long = " ".join(f"jane smith{n}" for n in range(300_000))
    assert Searcher(register).in_rows(long.encode()) == names


@pytest.mark.parametrize(("size", "is_found"), [(LONGEST_TEXT - 8, True), (LONGEST_TEXT + 8, False)])
def test_a_free_text_has_a_longest_length(size: int, is_found: bool) -> None:
    """A text of the greatest length is found among megabytes without a quote; a longer one is never remembered."""
    words = " ".join(f"word{number}" for number in range(size))[:size].split(" ")
    whole = body([word.encode() for word in words])
    assert (whole is not None) is is_found
    searcher, digest = searcher_for(Kind.FREE_TEXT, Shape.TEXT, " ".join(words))
    beside = "<p>a few other words</p>" * 18_000
    written = f"{beside}<p>{' '.join(words)}</p>{beside}"
    assert (digest in searcher.in_rows(written.encode())) is is_found


FRAGMENTS = st.sampled_from(
    (
        *(
            '"',
            '", "',
            '"}',
            '{"a": "',
            r"\\",
            r"\\\\\\",
            r'\\", \\"',
            r'\\"}',
            "\t",
            "\n",
            " ",
            "<b>",
            "</b>",
            "<a title=",
        ),
        *("jane", "smith", "jane smith", "jo@home", ".example", "jo@home.example", "the bin was", " missed again"),
        *("=", ">", "am9AaG9tZS5leGFt", "cGxl", "01632 960", "123", "0", "&#64;", "qq123", "456c", ", ", "x"),
    )
)
ROWS = st.lists(FRAGMENTS, max_size=12).map("".join)
WANTED = (
    (Kind.EMAIL, Shape.ADDRESS, b"jo@home.example"),
    (Kind.PHONE, Shape.PHONE, b"1632960123"),
    (Kind.FULL_NAME, Shape.PHRASE, b"jane smith"),
    (Kind.FREE_TEXT, Shape.TEXT, b"the bin was missed again"),
    (Kind.REFERENCE, Shape.TOKEN, b"qq123456c"),
)


@given(st.lists(ROWS, max_size=5))
@settings(max_examples=500, deadline=None)
def test_what_was_looked_at_before_hides_nothing(rows: list[str]) -> None:
    """A searcher that has seen rows much like them finds in rows what a new one finds."""
    register = Register()
    for each in WANTED:
        register.add(*each)
    register.seal()
    searcher = Searcher(register, sections=1 << 8)
    for row in rows:
        assert searcher.in_rows(row.encode()) == Searcher(register, sections=1 << 8).in_rows(row.encode())


WORDS_OF_BASE64 = (
    st.binary(max_size=20).map(base64.b64encode)
    | st.text(max_size=12).map(lambda value: base64.urlsafe_b64encode(value.encode()).rstrip(b"="))
    | st.binary(max_size=20).map(lambda value: base64.b64encode(zlib.compress(value)))
    | st.from_regex(rb"[A-Za-z0-9+/_-]{1,30}", fullmatch=True)
)


@given(st.lists(WORDS_OF_BASE64, max_size=8))
@settings(max_examples=500, deadline=None)
def test_decoding_many_runs_at_once_loses_none(words: list[bytes]) -> None:
    """What base64 uncovers in many words together is what it uncovers in each alone."""
    together = set(hidden.base64(b" ".join(words)))
    assert together == {found for word in words for found in hidden.base64(word)}


@given(st.binary(min_size=6, max_size=20) | st.text(min_size=6, max_size=12).map(str.encode))
@settings(max_examples=500, deadline=None)
def test_whatever_somebody_could_read_is_decoded(value: bytes) -> None:
    """A quick look at what base64 becomes takes nothing for noise that could be read."""
    run = base64.b64encode(value).rstrip(b"=")
    readable = re.search(rb"[\t\n\r\x20-\x7e]{8,}", value) or is_printable(value)
    if readable and not (run.isalpha() and run.islower()):
        assert value in set(hidden.base64(b"other words, " + run + b" and 0thers"))


def is_printable(value: bytes) -> bool:
    """Whether bytes are text without controls."""
    try:
        return value.decode().isprintable()
    except UnicodeDecodeError:
        return False
