"""Which parts of values are identifiers."""

import base64
import json

import pytest

from bc_pipelines.proof import text
from bc_pipelines.proof.extract import DEEPEST, Extractor, Identifier
from bc_pipelines.proof.kinds import Kind
from bc_pipelines.proof.layer import LONGEST_TEXT


def found(kind: str, value: str, path: tuple[str, ...] = ()) -> set[tuple[Kind, str]]:
    """The identifiers in a value of a column."""
    extractor = Extractor({"council.example"})
    return {(each.kind, each.text.decode()) for each in extractor.of_column(kind, path, value.encode())}


@pytest.mark.parametrize(
    ("kind", "value", "identifier"),
    [
        ("email", " Jo@Home.example, x@council.example", (Kind.EMAIL, "jo@home.example")),
        ("username", "Jo.Bloggs", (Kind.USERNAME, "jo.bloggs")),
        ("username", "editor", (Kind.WORD_USERNAME, "editor")),
        ("username", "jo@home.example", (Kind.EMAIL, "jo@home.example")),
        ("token", "Zm9vYmFyLWJheg-_x", (Kind.TOKEN, "zm9vymfylwjheg-_x")),
        ("password_hash", "pbkdf2_sha256$600000$salt$aGFzaGhhc2hoYXNo=", (Kind.PASSWORD_HASH, "agfzaghhc2hoyxno")),
        ("password", "Open-Sesame7!", (Kind.PASSWORD, "open-sesame7")),
        ("password", "correct horse battery", (Kind.PASSWORD, "correct horse battery")),
        ("free_text", "The bin, again, was missed!", (Kind.FREE_TEXT, "the bin again was missed")),
        ("free_text", '{"q": "gardener in Aylesbury Vale"}', (Kind.FREE_TEXT, "gardener in aylesbury vale")),
        ("free_text", "QQ123456C", (Kind.REFERENCE, "qq123456c")),
        ("url", "https://a.example/?who=jo", (Kind.URL, "https a example who jo")),
        ("query", "/x?e=jo@home.example", (Kind.EMAIL, "jo@home.example")),
        ("query", "/x#email=jo@home.example", (Kind.EMAIL, "jo@home.example")),
        ("form", '{"your_name": "Zoë Van-Dyke"}', (Kind.FULL_NAME, "zoë van dyke")),
    ],
)
def test_each_kind_of_column(kind: str, value: str, identifier: tuple[Kind, str]) -> None:
    """Each kind of the list takes what identifies somebody, in its comparable form."""
    assert identifier in found(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("username", "jo"), ("username", "1234567"), ("password_hash", "!unusable-password-marker-0123")),
        *(("password", "council"), ("token", "short"), ("free_text", "Yes"), ("free_text", "Very satisfied")),
        *(("url", "https://a.example/a/long/path/"), ("form", '{"street_name": "Acacia Avenue"}')),
        *(("email", "x@council.example"), ("form", "{}"), ("form", "not JSON")),
    ],
)
def test_what_is_short_or_common_is_left_out(kind: str, value: str) -> None:
    """Words and choices that anybody could have written identify nobody."""
    assert found(kind, value) == set()


@pytest.mark.parametrize(
    ("key", "is_a_persons"),
    [
        *(("householder_name", True), ("profile_name", True), ("childs_name_and_school_year", True)),
        *(("Your name or company name", True), ("name", True), ("surname", True), ("contact-name", True)),
        *(("company_name", False), ("school_name", False), ("street-name", False), ("file_name", False)),
        *(("Name of your school", False), ("House name or number", False), ("filename", False), ("address", False)),
    ],
)
def test_names_of_things_are_told_from_names_of_people(key: str, is_a_persons: bool) -> None:
    """Only a key that says name of a thing and of nothing else holds no person's name."""
    names = {text for kind, text in found("form", json.dumps({key: "Jane Smith"})) if kind is Kind.FULL_NAME}
    assert names == ({"jane smith"} if is_a_persons else set())


LONG = "texts of more than 65,536 bytes"
SHORT = "texts of fewer than three words or sixteen characters that are no reference"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        *(("one two", SHORT), ("a b c d", SHORT), ("<p>Yes</p>" * 10_000, SHORT), ("yes <br>" * 50_000, LONG)),
        *(("word " * (LONGEST_TEXT // 5) + "words", LONG), ("word " * 40_000, LONG), ("word " * 60_000, LONG)),
        *(("x" * (LONGEST_TEXT + 1), LONG), ("\u00e9t\u00e9 " * (LONGEST_TEXT // 6 + 1), LONG)),
    ],
    ids=lambda each: each[:10],
)
def test_a_text_that_is_left_out_is_counted_under_its_reason(value: str, reason: str) -> None:
    """The result tells texts that are too long from texts that are too short, whatever tags are around them."""
    extractor = Extractor(())
    assert list(extractor.of_column("free_text", (), value.encode())) == []
    assert extractor.left_out == {reason: 1}


def test_a_text_of_the_greatest_length_is_taken() -> None:
    """Up to the bound that the result names, a text is an identifier."""
    value = ("word " * LONGEST_TEXT)[: LONGEST_TEXT - 1] + "s"
    assert found("free_text", value) == {(Kind.FREE_TEXT, value)}


@pytest.mark.parametrize("encodings", range(DEEPEST + 2))
def test_any_address_in_a_table_is_taken_from_a_few_encodings(encodings: int) -> None:
    """What hides deeper than the result says is not taken; everything above is."""
    value = b'"jo@home.example"'
    for _ in range(encodings):
        value = base64.b64encode(b'{"a": "%s"}' % value)
    taken = {each.text for each in Extractor(()).everything(text.of_value(value))}
    assert taken == ({b"jo@home.example"} if encodings <= DEEPEST else set())


def test_names_of_things_are_counted() -> None:
    """What is not taken from a form is said in the result."""
    extractor = Extractor(())
    list(extractor.of_column("form", (), b'{"company_name": "Jane Smith", "school_name": ""}'))
    assert extractor.left_out["names of companies, schools, streets, buildings and files in forms"] == 1


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Mrs Jane Smith", {"jane smith"}),
        ("Rev. Dr. Jane Smith", {"jane smith"}),
        ("Jane Ann Mary Smith", {"jane ann mary smith", "jane smith"}),
        ("Cllr Jane A Smith", {"jane a smith", "jane smith"}),
        *(("Mr", set()), ("Mr Smith", set()), ("Please see the letter which I sent to you last May", set())),
    ],
)
def test_a_name_in_a_form_is_taken_without_titles_and_middle_names(written: str, names: set[str]) -> None:
    """Elsewhere the same person may stand with other titles, or without a middle name."""
    identifiers = found("form", json.dumps({"name": written}))
    assert {text for kind, text in identifiers if kind is Kind.FULL_NAME} == names


@pytest.mark.parametrize("depth", [100, 600, 900, 1200, 100_000])
@pytest.mark.parametrize(
    ("kind", "path"), [("form", ()), ("free_text", ()), ("free_text", ("comments", "*", "text"))], ids=str
)
def test_a_value_that_nests_too_deeply_is_a_text(depth: int, kind: str, path: tuple[str, ...]) -> None:
    """Anybody can send thousands of brackets; they stop no proof and hide no text, whole or torn."""
    for value in ("[" * depth, "[" * depth + '"The bin was missed"' + "]" * depth):
        expected = {(Kind.FREE_TEXT, "the bin was missed")} if "bin" in value and not path else set()
        assert found(kind, value, path) == expected


def test_a_name_is_both_its_orders_and_never_one_half() -> None:
    """First and last name make an identifier together; initials and lone names do not."""
    extractor = Extractor(())
    names = {(each.kind, each.text) for each in extractor.full_name(b"Mary Ann", b"O'Leary")}
    assert names == {(Kind.FULL_NAME, b"mary ann o leary"), (Kind.REVERSED_NAME, b"o leary mary ann")}
    assert not list(extractor.full_name(b"A", b"Green"))
    assert not list(extractor.full_name(b"Mary", b""))
    assert extractor.left_out == {"lone first or last names, and initials": 2}


def test_paths_lead_into_json() -> None:
    """A path takes texts out of lists inside a document, and nothing beside them."""
    content = {"title": "Not this title of mine", "comments": [{"text": "Please ask the vicar"}, {"other": 1}]}
    expected = {(Kind.FREE_TEXT, "please ask the vicar")}
    assert found("free_text", json.dumps(content), ("comments", "*", "text")) == expected
    assert found("free_text", '{"title": "x"}', ("comments", "*", "text")) == set()


@pytest.mark.parametrize(
    ("domain", "is_staff"),
    [
        (b"zeb@mailbox.example@council.example", False),
        (b"zeb@mailbox.example, bob@council.example", False),
        (b"@council.example", False),
        *((b"a@council.example", True), (b"  A@Council.Example ", True), (b"a@notcouncil.example", False)),
        *((b"a@council.example.org", False), (b"a@mail.council.example", False), (b"", False)),
    ],
)
def test_staff_are_told_by_the_exact_domain(domain: bytes, is_staff: bool) -> None:
    """Trimmed and in lower case, nothing else."""
    assert Extractor({"council.example"}).is_staff(domain) is is_staff


def test_an_identifier_does_not_show_its_text() -> None:
    """A traceback that shows one shows no value."""
    [identifier] = Extractor(()).emails(b"jo@home.example")
    assert repr(identifier) == "Identifier(email)"
    assert isinstance(identifier, Identifier)
