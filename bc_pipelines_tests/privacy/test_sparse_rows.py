"""Tables of which few rows change: rewriting their text as a whole against rewriting row by row."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bc_pipelines.pgarchive import copytext
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.errors import SanitiseError
from bc_pipelines.privacy.json_rules import JsonRewriter
from bc_pipelines.privacy.row_work import ColumnWork, RowPlan, RowWork
from bc_pipelines.privacy.rules import Rule

REWRITER = JsonRewriter(Catalogue.load().json_rules["revision"], "sink@staging.example")
KEYS = st.sampled_from(("wagtail_admin_comments", "to_address", "from_address", "title", "\u00e9t\u00e9", "body"))
VALUES = st.recursive(
    st.sampled_from(("", "jo@home.example", "to_address", '{"to_address": "jo@home.example"}', "a\n\tb\\", None, 1)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
DOCUMENTS = st.builds(json.dumps, VALUES, ensure_ascii=st.booleans())
TITLES = st.sampled_from(("A title", 'to_address": "', "wagtail_admin_comments", r"\u0041"))


def work() -> RowWork:
    """What is done to revisions."""
    column = ColumnWork("content", 1, Rule(REWRITER, REWRITER.leaves_alone, suspects=REWRITER.suspects), False)
    return RowWork(RowPlan("revisions", 3, [column]))


def of_text(text: bytes) -> tuple[list[bytes], int, int]:
    """The rows that a text becomes, and the counts."""
    sparse = work()
    assert sparse.is_sparse
    lines: list[bytes] = []
    for part in sparse.rewrite_text(text):
        lines += part.split(b"\n")[:-1] if isinstance(part, bytes) else part
    return lines, sparse.rows_read, sparse.rows_rewritten


def row(values: Sequence[str | None]) -> bytes:
    """A COPY line."""
    return copytext.join(None if value is None else value.encode() for value in values)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.just("1"), DOCUMENTS | st.none(), TITLES), max_size=6))
def test_rows_come_out_the_same_in_a_text_and_one_by_one(rows: list[tuple[str, str | None, str]]) -> None:
    """Rows that are passed on unsplit are exactly those that looking into them would leave alone."""
    lines = [row(values) for values in rows]
    plain = work()
    expected = plain.rewrite([*lines])
    text = b"".join(line + b"\n" for line in lines)
    assert of_text(text) == (expected, plain.rows_read, plain.rows_rewritten)


def test_a_row_that_is_not_whole_is_found_among_those_that_stay() -> None:
    """A row of another width stops the run, although nothing in it would change."""
    with pytest.raises(SanitiseError, match="row 2: 2 fields instead of 3"):
        of_text(b"1\t{}\tx\n2\t{}\n3\t{}\tx\n")
