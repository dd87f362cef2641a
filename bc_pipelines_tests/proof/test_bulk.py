"""What is taken from whole columns at once, against what is taken from one value after the other."""

import json
from collections import Counter
from collections.abc import Callable, Collection

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bc_pipelines.pgarchive import copytext
from bc_pipelines.proof import documents, text
from bc_pipelines.proof.bulk import Bulk
from bc_pipelines.proof.extract import Extractor
from bc_pipelines.proof.kinds import Kind, Shape
from bc_pipelines.proof.plain import may_hold, rows_that_may_hold
from bc_pipelines.proof.register import WHERE_COMMON, Register
from bc_pipelines.proof.sources import Column
from bc_pipelines.proof.taken import Taken

STAFF = ("council.example",)
PATH = ("comments", "*", "text")
PIECES = st.sampled_from(
    (
        *("Jane", "smith", "Mrs", "O'Leary", "Zoë", "the lamp in our street hums", "QQ123456C", "ref-12/ab", "yes"),
        *(
            "jo@home.example",
            "JO+x@Home.example",
            "x@council.example",
            "01632 960123",
            "+44 (0)1632 960 124",
            "2026-10-01",
        ),
        *(
            " ",
            "  ",
            "\n",
            "\t",
            ", ",
            ".",
            "&amp;",
            "&copy",
            "&#64;",
            "<b>",
            "<br/>",
            '"',
            "\\",
            "\\n",
            "\u2019",
            "\u00a0",
        ),
        *("c0ffee" * 4, "am9AaG9tZS5leGFtcGxl", "%40", "{", "[", "1", "null", '{"a": "b c d e f g h i j k"}', "\u200b"),
    )
)
TEXTS = st.lists(PIECES, max_size=6).map("".join) | st.text(st.characters(codec="utf-8"), max_size=20)
KEYS = st.sampled_from(("name", "your_name", "company_name", "message", "q", "Name of your school"))
SCALARS = TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
NESTED = st.recursive(
    SCALARS, lambda each: st.lists(each, max_size=3) | st.dictionaries(KEYS, each, max_size=3), max_leaves=6
)
DOCUMENTS = st.dictionaries(KEYS, TEXTS, max_size=4) | st.dictionaries(KEYS, NESTED, max_size=4) | NESTED
COMMENTS = st.lists(st.dictionaries(st.sampled_from(("text", "other")), SCALARS, max_size=2) | SCALARS, max_size=3)
DRAFTS = st.fixed_dictionaries({}, optional={"comments": COMMENTS | SCALARS, "title": TEXTS})


def as_json(document: object) -> str:
    """A document as PostgreSQL writes it."""
    return json.dumps(document, ensure_ascii=False)


FORMS = DOCUMENTS.map(as_json) | TEXTS
VALUES: dict[str, st.SearchStrategy[str]] = {
    **dict.fromkeys(("email", "url", "file_name", "username"), TEXTS),
    "token": st.from_regex(r"[0-9A-Za-z]{10,40}", fullmatch=True) | TEXTS,
    "free_text": TEXTS | DOCUMENTS.map(as_json),
    "form": FORMS,
}


class Recorder(Register):
    """A register that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: Counter[tuple[Kind, Shape, bytes]] = Counter()

    def add_all(self, kind: Kind, shape: Shape, texts: Collection[bytes]) -> None:
        """Keep texts; how often matters for some kinds only."""
        for each in texts:
            self.given[kind, shape, each] += 1
            if kind not in WHERE_COMMON:
                self.given[kind, shape, each] = 1


def in_bulk(take: Callable[[Bulk, Taken], None]) -> tuple[Counter[tuple[Kind, Shape, bytes]], Counter[str]]:
    """What is taken at once, and what is left out."""
    extractor, taken, recorder = Extractor(STAFF), Taken(), Recorder()
    take(Bulk(extractor), taken)
    taken.remember(recorder)
    return recorder.given, extractor.left_out


def one_by_one(column: Column, fields: list[bytes]) -> tuple[Counter[tuple[Kind, Shape, bytes]], Counter[str]]:
    """What is taken value by value, once from each row, and what is left out."""
    extractor, recorder = Extractor(STAFF), Recorder()
    for field in fields:
        identifiers = {
            each
            for value in documents.in_field(field, column.path)
            for each in extractor.of_column(column.kind, column.path, value)
        }
        for each in identifiers:
            recorder.add_all(each.kind, each.shape, [each.text])
    return recorder.given, extractor.left_out


def escaped(values: list[str | None]) -> list[bytes]:
    """Values as fields of COPY rows; PostgreSQL's text holds no zero byte."""
    return [copytext.escape(None if value is None else value.replace("\0", "").encode()) for value in values]


@pytest.mark.parametrize("kind", VALUES)
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_column_gives_the_same_as_its_values(kind: str, data: st.DataObject) -> None:
    """Whatever stands in a column, no identifier is lost or made up by taking it at once."""
    fields = escaped(data.draw(st.lists(st.none() | VALUES[kind], max_size=6)))
    taken = in_bulk(lambda bulk, taken: bulk.column(kind, fields, taken))
    assert taken == one_by_one(Column(kind, "column"), fields)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.none() | DRAFTS.map(as_json) | FORMS, max_size=5), st.sampled_from(("free_text", "email")))
def test_a_path_gives_the_same_as_its_documents(values: list[str | None], kind: str) -> None:
    """The same is true of what stands at a path inside documents."""
    column = Column(kind, "column", PATH)
    fields = escaped(values)
    taken = in_bulk(lambda bulk, taken: bulk.in_documents([column], fields, taken))
    assert taken == one_by_one(column, fields)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS | FORMS, max_size=6))
@example(["am9AaG9tZS5leGFtcGxl", "x am9AaG9tZS5leGFtcGxl"])
def test_rows_give_every_address_and_number(values: list[str]) -> None:
    """Addresses and numbers are the same whether rows are looked through together or each alone."""
    rows = [b"1\t" + field + b"\tt" for field in escaped([*values])]
    given_, _ = in_bulk(lambda bulk, taken: bulk.everything(rows, taken))
    extractor, recorder = Extractor(STAFF), Recorder()
    for row in rows:
        for each in extractor.everything(text.of_rows(row)):
            recorder.add_all(each.kind, each.shape, [each.text])
    assert given_ == recorder.given


@pytest.mark.parametrize(
    "values",
    [
        *(["1, 2", "3"], ["[1", "2]"], ['{"q": "one two three four"}, {"q": "x"}'], ['"one two three four"', "null"]),
        *(["[" * 2000 + "]" * 2000], ['{"q": "\\u0000 a bin that was missed"}'], ['{"q": "\\ud800 was missed again"}']),
    ],
    ids=lambda values: values[0][:12],
)
def test_what_is_no_document_by_itself_is_none_among_others(values: list[str]) -> None:
    """Values that make sound JSON only together are not taken for documents."""
    fields = escaped([*values])
    taken = in_bulk(lambda bulk, taken: bulk.column("form", fields, taken))
    assert taken == one_by_one(Column("form", "column"), fields)


@settings(max_examples=300, deadline=None)
@given(st.lists(DRAFTS.map(as_json) | TEXTS, max_size=6))
def test_no_row_with_something_at_a_path_is_passed_over(values: list[str]) -> None:
    """Of rows in one text, those are looked into that would be by themselves."""
    rows = [b"1\t" + field for field in escaped([*values])]
    expected = [row for row in rows if may_hold(row, PATH[:1])]
    assert rows_that_may_hold(b"".join(row + b"\n" for row in rows), PATH[:1]) == expected
