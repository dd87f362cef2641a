"""JSON rules: what they take out, and what they leave exactly as it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.entries import JsonRule
from bc_pipelines.privacy.json_rules import JsonRewriter
from bc_pipelines.privacy.json_text import NotJson, UnreadableJson, Walker, quoted, unescaped

SINK = "sink@staging.example"
REVISION = JsonRewriter(Catalogue.load().json_rules["revision"], SINK)
PAGE_LOG = JsonRewriter(Catalogue.load().json_rules["page_log"], SINK)
NAMED = frozenset().union(*((rule.empty | rule.mail_sink) for rule in Catalogue.load().json_rules.values()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda key: key not in NAMED), inner),
)


@given(value=JSON)
def test_what_no_rule_names_stays(value: object) -> None:
    """Any JSON without the rule's keys comes out as it went in, to the letter."""
    text = json.dumps(value, ensure_ascii=False)
    assert REVISION(text.encode()) == text.encode()


@given(number=st.from_regex(r"-?[1-9][0-9]{0,40}\.[0-9]{1,40}(e[+-]?[0-9]{1,3})?", fullmatch=True))
def test_numbers_keep_every_digit(number: str) -> None:
    """A number that Python could not hold comes out with all its digits."""
    text = f'{{"n": [{number}], "to_address": ""}}'
    assert REVISION(text.encode()) == text.encode()


@given(depth=st.integers(0, 5), inside=JSON)
def test_json_in_json_is_rewritten(depth: int, inside: object) -> None:
    """However often JSON stands in a text of JSON, comments in it are emptied and all else stays."""
    value: object = {"wagtail_admin_comments": [inside, "planted"], "body": inside}
    for _ in range(depth):
        value = [{"value": json.dumps(value)}]
    result = json.loads(REVISION(json.dumps(value).encode()))
    for _ in range(depth):
        result = json.loads(result[0]["value"])
    assert result == {"wagtail_admin_comments": [], "body": inside}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"to_address": "a@b.example, c@d.example"}', {"to_address": SINK}),
        ('{"to_address": ""}', {"to_address": ""}),
        ('{"to_address": null}', {"to_address": None}),
        ('{"to_address": ["a@b.example"]}', {"to_address": [SINK]}),
        ('{"to_address": {"mail": "a@b.example"}}', {"to_address": None}),
        ('{"from_address": "a@b.example"}', {"from_address": SINK}),
        ('{"wagtail_admin_comments": "a remark"}', {"wagtail_admin_comments": ""}),
        ('{"wagtail_admin_comments": {"text": "a remark"}}', {"wagtail_admin_comments": None}),
        ('[{"wagtail_admin_comments": [1]}]', [{"wagtail_admin_comments": []}]),
        ('{"note": "[not JSON", "to_address": "a@b.example"}', {"note": "[not JSON", "to_address": SINK}),
    ],
)
def test_keys_are_emptied_or_redirected(before: str, after: object) -> None:
    """Whatever stands under a key that a rule names becomes empty or the sink."""
    assert json.loads(REVISION(before.encode())) == after


@pytest.mark.parametrize(
    "text",
    [
        *(
            "{",
            "",
            "nothing",
            "[1 2]",
            "[1,]",
            '{"a": 1,}',
            '{"a" 1}',
            "{1: 2}",
            "[1] 2",
            "[01]",
            "[1.]",
            '["\\x"]',
            '["\t"]',
        ),
        *('{"to_address": "a@b.example"', '{"to_address": "a@b.example}', '{"to_address": a@b.example}'),
        pytest.param("[" * 100_000, id="deep"),
        r'{"a": "{\"to_address\": \"a@b.example \ud83d\"}"}',
        r'{"a": "{\"to_address\": \"a@b.example \u0000\"}"}',
    ],
)
def test_unreadable_json_is_refused_without_showing_it(text: str) -> None:
    """What is no JSON, nests too deeply or holds half a character is refused, and the message shows none of it."""
    with pytest.raises(UnreadableJson) as caught:
        REVISION(text.encode())
    assert "a@b" not in str(caught.value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"to_address": "a@b.example", "to_address": ""}', f'{{"to_address": "{SINK}", "to_address": ""}}'),
        (f"[{'0,' * 100_000}0]", f"[{'0,' * 100_000}0]"),
        (f'{{"to_address": null, "n": {"9" * 5_000}}}', f'{{"to_address": null, "n": {"9" * 5_000}}}'),
        (' { "n" : [ 1.50 , "\\u00e9" ] } ', ' { "n" : [ 1.50 , "\\u00e9" ] } '),
    ],
)
def test_the_rest_is_not_even_written_anew(before: str, after: str) -> None:
    """A key that stands twice is rewritten twice; numbers, escapes and white space stay as they are written."""
    assert REVISION(before.encode()) == after.encode()


@given(text=st.text(st.characters(exclude_characters="\0", codec="utf-8")), compact=st.booleans())
def test_a_string_says_what_python_reads_in_it(text: str, *, compact: bool) -> None:
    """Strings are read as Python's own reader does, and written so that it reads the same."""
    encoded = text.encode()
    assert unescaped(json.dumps(text, ensure_ascii=compact).encode()) == encoded
    assert json.loads(quoted(encoded)) == text


@given(value=JSON, indent=st.none() | st.integers(0, 2))
def test_a_walk_ends_where_a_document_ends(value: object, indent: int | None) -> None:
    """Whatever Python writes is passed to its last byte, and is none any more without it."""
    document = json.dumps(value, indent=indent).encode()
    walker = Walker(document)
    walker.value()
    walker.end()
    if document[-1:] in (b"]", b"}", b'"'):
        with pytest.raises(NotJson):
            Walker(document[:-1]).value()


@pytest.mark.parametrize(
    ("field", "alone"),
    [
        (b'{"title": "Bins", "wagtail_admin_comments": []}', True),
        (b'{"to_address": "", "from_address": ""}', True),
        (rb'{"body": "[{\\"value\\": \\"caf\\\\u00e9\\"}]"}', True),
        (b'{"wagtail_admin_comments": [{"text": "x"}]}', False),
        (b'{"wagtail_admin_comments": [], "b": {"wagtail_admin_comments": [1]}}', False),
        (b'{"to_address": "a@b.example"}', False),
        (rb'{"body": "{\\"to\\\\u005faddress\\": \\"a@b.example\\"}"}', False),
    ],
)
def test_a_cheap_look_is_never_wrong(field: bytes, *, alone: bool) -> None:
    """Rows are passed over only if they surely hold nothing to rewrite, however a key is spelt."""
    assert REVISION.leaves_alone(field) is alone


@given(value=JSON)
def test_only_allowed_paths_stay(value: object) -> None:
    """Under an allow-list nothing stays but what a path leads to."""
    data = {"title": {"old": "Bins", "new": "Waste", "text": value}, "comment": value, "reply": value}
    assert json.loads(PAGE_LOG(json.dumps(data).encode())) == {"title": {"old": "Bins", "new": "Waste"}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '{"workflow": {"id": 1, "next": null, "task": {"id": 2, "by": "Ann"}}}',
            {"id": 1, "next": None, "task": {"id": 2}},
        ),
        ('{"workflow": "Ann"}', None),
        ('{"workflow": {"id": {"name": "Ann"}}}', {}),
        ('{"workflow": {"id": ["Ann"]}}', {}),
    ],
)
def test_paths_end_in_plain_values(before: str, after: object) -> None:
    """A path keeps plain values at its end, and nulls and objects on the way; anything else could hold anything."""
    assert json.loads(PAGE_LOG(before.encode())).get("workflow") == after


@pytest.mark.parametrize("text", ['"Ann"', "[1]", "null", "5"])
def test_an_allow_list_needs_an_object(text: str) -> None:
    """Under an allow-list, what is no object becomes an empty one."""
    assert PAGE_LOG(text.encode()) == b"{}"


def test_a_rule_without_keys_leaves_all_alone() -> None:
    """A field without the rule's keys is not even decoded."""
    assert JsonRewriter(JsonRule("j", empty=frozenset(("x",))), SINK).leaves_alone(b'{"y": 1}')
