"""From a block's text to rows."""

import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines.pgarchive import CorruptArchive, TruncatedArchive, UnsupportedArchive, rows
from bc_pipelines_tests.pgarchive.synthetic import EMPTY

lines = st.lists(
    st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")).filter(lambda line: line != rb"\.")
    | st.sampled_from([b"", rb"\\.", rb"x\.", b"\\"]),
    max_size=20,
)
cuts = st.lists(st.integers(1, 12), min_size=1, max_size=8)


def pieces(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """Cut data into pieces of these sizes, over and over."""
    place = turn = 0
    while place < len(data):
        size = sizes[turn % len(sizes)]
        yield data[place : place + size]
        place, turn = place + size, turn + 1


def flat(text: Iterator[bytes], max_row: int = 1000) -> list[bytes]:
    """All rows of some text."""
    return [row for batch in rows.batches(text, max_row) for row in batch]


def together(text: Iterator[bytes], max_row: int = 1000) -> list[bytes]:
    """The same from texts of whole rows."""
    found = []
    for part in rows.texts(text, max_row):
        found += part.split(b"\n")[:-1] if isinstance(part, bytes) else part
    return found


@given(lines, cuts)
def test_rows_do_not_depend_on_where_the_text_is_cut(expected: list[bytes], sizes: list[int]) -> None:
    """Blank rows, backslashes and rows that look like the end marker come out as they went in, wherever pieces end."""
    text = b"".join(line + b"\n" for line in expected) + EMPTY
    assert flat(pieces(text, sizes)) == expected
    assert rows.count(pieces(text, sizes)) == len(expected)
    assert together(pieces(text, sizes)) == expected


@given(st.binary(max_size=300), cuts)
def test_inflating_does_not_depend_on_where_the_stream_is_cut(data: bytes, sizes: list[int]) -> None:
    """A compressed stream gives its data back wherever its pieces end."""
    assert b"".join(rows.inflate(pieces(zlib.compress(data), sizes))) == data


@given(lines, cuts, st.integers(1, 4))
def test_text_that_ends_early_is_truncated_or_corrupt(expected: list[bytes], sizes: list[int], missing: int) -> None:
    """Without its whole end marker no text counts as complete."""
    text = (b"".join(line + b"\n" for line in expected) + EMPTY)[:-missing]
    for read in (flat, together, rows.count):
        with pytest.raises((TruncatedArchive, CorruptArchive)):
            read(pieces(text, sizes))


@pytest.mark.parametrize("rest", [b"1\tsmuggled\n", b"\n", b"\\.\n\n\n", b" "])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_text_after_the_end_marker_is_refused(rest: bytes, size: int) -> None:
    """PostgreSQL stops at the end marker, so rows that hide behind it would escape every rule: they are refused."""
    for read in (flat, together, rows.count):
        with pytest.raises(CorruptArchive):
            read(pieces(b"1\tvisible\n" + EMPTY + rest, [size]))


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("ending", [b"\n" + EMPTY, b""])
def test_a_row_over_the_limit_is_refused_but_can_be_counted(size: int, ending: bytes) -> None:
    """A row of the limit's length passes, one byte more is refused without reading on for its end; counting passes."""
    assert flat(pieces(b"x" * 10 + b"\n" + EMPTY, [size]), max_row=10) == [b"x" * 10]
    for read in (flat, together):
        with pytest.raises(UnsupportedArchive, match="longer than 10 bytes"):
            read(pieces(b"x" * 11 + ending, [size]), max_row=10)
    assert rows.count(pieces(b"x" * 11 + b"\n" + EMPTY, [size])) == 1


def test_a_compression_bomb_is_inflated_in_bounded_steps() -> None:
    """However well a stream compresses, no step gives more than the limit, and the row limit stops the reading."""
    bomb = zlib.compress(b"x" * (64 << 20), 9)
    steps = list(map(len, rows.inflate(iter([bomb]))))
    assert max(steps) <= rows.INFLATE_STEP
    assert sum(steps) == 64 << 20
    with pytest.raises(UnsupportedArchive):
        flat(rows.inflate(iter([bomb])), max_row=4 << 20)


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        (b"", TruncatedArchive),
        (zlib.compress(b"data")[:-1], TruncatedArchive),
        (zlib.compress(b"data") + b"!", CorruptArchive),
        (b"no zlib stream", CorruptArchive),
        (zlib.compress(b"data")[:-2] + b"zz", CorruptArchive),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_damaged_streams_are_refused(stream: bytes, error: type[Exception], size: int) -> None:
    """A stream that ends early, goes on after its end, fails its checksum or is none gives the error that says so."""
    with pytest.raises(error):
        list(rows.inflate(pieces(stream, [size])))
