"""Documents: long ones, which are read text by text, tell the same as short ones."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines.pgarchive import copytext
from bc_pipelines.proof import documents

TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner) | st.builds(json.dumps, inner),
)
COMMENTS = st.lists(st.fixed_dictionaries({"text": TEXTS, "other": JSON}))


@given(document=st.lists(JSON) | st.dictionaries(TEXTS, JSON), ascii_only=st.booleans())
def test_a_long_document_has_the_same_texts(document: object, *, ascii_only: bool) -> None:
    """Read text by text, a document has the texts that it has when it is read as a whole, none more or less."""
    value = json.dumps(document, ensure_ascii=ascii_only).encode()
    whole = Counter(text for _, text in documents.leaves(value))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "LONG", 0)
        assert Counter(text for _, text in documents.leaves(value)) == whole


@given(comments=COMMENTS, before=JSON, after=JSON, ascii_only=st.booleans())
def test_a_long_document_has_the_same_at_a_path(
    comments: list[object], before: object, after: object, *, ascii_only: bool
) -> None:
    """What stands at a path is found in a long field without reading the rest of it."""
    document = {"body": before, "remarks": comments, "footer": after}
    field = copytext.escape(json.dumps(document, ensure_ascii=ascii_only).encode())
    path = ("remarks", "*", "text")
    whole = [text for part in documents.in_field(field, path) for text in documents.at(part, path)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "LONG", 0)
        found = [text for part in documents.in_field(field, path) for text in documents.at(part, path)]
    assert Counter(found) >= Counter(whole)


def test_a_form_tells_which_question_was_answered() -> None:
    """In a long form, an answer keeps the nearest key above it."""
    story = "It hums. " * (documents.LONG // 8)
    form = {"your name": "Jo Bloggs", "story": story, "children": ["Al", "Bo"], "more": json.dumps({"age": "seven"})}
    found = list(documents.leaves(json.dumps(form).encode()))
    assert [(key, text) for key, text in found if len(text) < 100] == [
        ("your name", b"Jo Bloggs"),
        ("children", b"Al"),
        ("children", b"Bo"),
        ("age", b"seven"),
    ]
