"""What the search remembers, so as not to look twice, never hides a find: held against a search that remembers nothing.

The plain search below cuts no rows into sections, tells no new words from old ones, and takes its time.
"""

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from bc_pipelines.pgarchive import copytext
from bc_pipelines.proof import text
from bc_pipelines.proof.control import ENCODINGS
from bc_pipelines.proof.hidden import DECODERS
from bc_pipelines.proof.kinds import Kind, Shape
from bc_pipelines.proof.layer import SHORTEST_TOKEN, body
from bc_pipelines.proof.recent import Recent
from bc_pipelines.proof.register import Register
from bc_pipelines.proof.search import DEEPEST, SECTIONS, Searcher

PEOPLE = (
    (Kind.EMAIL, Shape.ADDRESS, "jo@home.example"),
    (Kind.PHONE, Shape.PHONE, "1632960123"),
    (Kind.USERNAME, Shape.TOKEN, "jo.bloggs7"),
    (Kind.FULL_NAME, Shape.PHRASE, "jo bloggs"),
    (Kind.FULL_NAME, Shape.PHRASE, "zo\u00eb van dyke"),
    (Kind.FREE_TEXT, Shape.TEXT, "the lamp outside our house hums"),
)
WRITTEN = (
    "jo@home.example",
    "01632 960123",
    "jo.bloggs7",
    "Jo Bloggs",
    "Zo\u00eb van Dyke",
    "The lamp outside our house hums",
)
HALVES = ("jo", "Bloggs", "@home.example", "01632", "van", "outside our house", "Zo\u00eb")
BETWEEN = ('"}', '", "', '{"', " ", "", "\n", "\t", "<b>", "</b>", "<p>", '<a href="x">', "\\", "=", "&", "\u2019", ".")
FRAGMENTS = st.one_of(
    st.sampled_from(BETWEEN),
    st.sampled_from(HALVES),
    st.builds(lambda encode, value: encode(value), st.sampled_from(list(ENCODINGS.values())), st.sampled_from(WRITTEN)),
    st.text(max_size=6),
)
ROWS = st.lists(FRAGMENTS, max_size=8).map(
    lambda parts: copytext.escape("".join(parts).replace("\0", "").encode("utf-8", "replace"))
)


def register_of_people() -> Register:
    """A register with one identifier of each shape."""
    register = Register()
    for kind, shape, value in PEOPLE:
        register.add(kind, shape, value.encode())
    register.seal()
    return register


def plainly_searched(register: Register, plain: bytes, depth: int = DEEPEST) -> set[int]:
    """What stands in a buffer and in all that hides in it."""
    folded = text.SEPARATOR.join(text.fold(piece) for piece in plain.split(text.SEPARATOR))
    found = {digest for shape, value in _candidates(folded) for digest in register.known(shape, [value])}
    for decode in DECODERS if depth else ():
        for hidden in decode(plain):
            found |= plainly_searched(register, text.of_value(hidden), depth - 1)
    return found


def _candidates(folded: bytes) -> Iterator[tuple[Shape, bytes]]:
    for address in text.addresses(folded):
        yield from ((Shape.ADDRESS, form) for form in text.address_forms(*address))
    yield from ((Shape.PHONE, number) for number in text.phones(folded))
    tokens = text.tokens(folded)
    yield from (
        (Shape.TOKEN, each) for each in tokens | text.without_file_endings(tokens) if len(each) >= SHORTEST_TOKEN
    )
    for words in text.pieces(folded):
        if whole := body(words):
            yield Shape.TEXT, whole
        for start in range(len(words)):
            yield from ((Shape.PHRASE, b" ".join(words[start:end])) for end in range(start + 1, len(words) + 1))


@given(st.lists(ROWS, min_size=1, max_size=6), st.sampled_from((32, SECTIONS)))
@settings(max_examples=150, deadline=None)
def test_nothing_that_a_plain_search_finds_is_lost(rows: list[bytes], sections: int) -> None:
    """A searcher that sees rows one after the other, twice, finds in each what one without any memory finds.

    So does one whose memory is so small that nearly everything drives something else out of it.
    """
    register = register_of_people()
    searcher = Searcher(register, sections=sections)
    expected = [plainly_searched(register, text.of_rows(row)) for row in rows]
    for _ in range(2):
        assert [searcher.in_rows(row) for row in rows] == expected
    assert searcher.in_rows(b"\n".join(rows)) == set().union(*expected)


def test_a_find_is_found_beside_a_section_that_was_clean() -> None:
    """A name whose two halves were seen apart, each in a clean section, is found where they stand together."""
    register = register_of_people()
    searcher = Searcher(register)
    clean = b'{"a": "Jo met"}{"a": "Bloggs and others"}'
    assert searcher.in_rows(clean) == frozenset()
    assert len(searcher.in_rows(clean + b'{"a": "Jo Bloggs"}')) == 1
    assert len(searcher.in_rows(b'{"a": "Jo Bloggs and others"}' + clean)) == 1
    assert searcher.in_rows(clean) == frozenset()


def test_a_section_ends_where_a_text_ends() -> None:
    """What stands on both sides of a section's end is two texts, as at any other quote."""
    searcher = Searcher(register_of_people())
    assert searcher.in_rows(b'{"a": "Jo"} Bloggs') == searcher.in_rows(b'{"a": "Jo", "b": " Bloggs"}') == frozenset()


def test_what_was_seen_in_a_hidden_layer_is_uncovered_again_further_up() -> None:
    """A text that was too deep to be uncovered is not taken for clean where it stands openly."""
    register = register_of_people()
    value = "Jo Bloggs"
    layers = [value]
    for _ in range(DEEPEST + 1):
        layers.append(ENCODINGS["base64"](layers[-1]))
    searcher = Searcher(register)
    assert searcher.in_rows(layers[DEEPEST + 1].encode()) == frozenset()
    assert all(searcher.in_rows(layer.encode()) for layer in layers[:-1])


def test_what_was_seen_lately_is_remembered_and_the_rest_forgotten() -> None:
    """The newest text is never new again; memory is bounded, and most of the oldest texts are new again."""
    recent = Recent(128)
    for number in range(1000):
        recent.add(recent.new([b"%d" % number]))
        assert not recent.new([b"%d" % number])
    assert 1000 - 128 <= len(recent.new([b"%d" % number for number in range(1000)])) < 1000


def test_nothing_is_remembered_at_first() -> None:
    """The empty text, whose hash is that of an empty place, is as new as any other until it is added."""
    recent = Recent(2)
    assert len(recent.new([b"", b"other"])) == 2
    recent.add([hash(b"")])
    assert not recent.new([b""])
