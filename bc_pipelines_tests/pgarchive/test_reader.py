"""Reading archives: every layout, and everything that contradicts the format."""

import io
import tracemalloc
import zlib
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines.pgarchive import (
    ArchiveError,
    ArchiveReader,
    CorruptArchive,
    Header,
    TruncatedArchive,
    UnsupportedArchive,
)
from bc_pipelines.pgarchive.primitives import encode_integer
from bc_pipelines.pgarchive.toc import DataState
from bc_pipelines_tests.pgarchive import synthetic
from bc_pipelines_tests.pgarchive.synthetic import EMPTY, block, data_entry, entry, glue, header, stored_block

LAYOUTS = [
    header(),
    header(compression=0),
    header(compression=9),
    header((1, 15, 0)),
    header((1, 15, 0), compression=0),
    header((1, 16, 0)),
    header((1, 16, 0), compression=0),
    header(int_size=8, offset_size=4),
    header((1, 16, 0), int_size=8, offset_size=8),
]


class Trickle:
    """A stream that cannot seek and gives a few bytes at a time, like a socket."""

    def __init__(self, data: bytes, step: int = 3) -> None:
        self._data = io.BytesIO(data)
        self._step = step

    def read(self, count: int) -> bytes:
        """At most ``step`` bytes."""
        return self._data.read(min(count, self._step))


def all_rows(data: bytes) -> dict[int, list[bytes]]:
    """Every row of an archive, by dump id."""
    return {each.dump_id: list(each.rows()) for each in ArchiveReader(io.BytesIO(data)).blocks()}


@pytest.mark.parametrize("head", LAYOUTS, ids=repr)
def test_every_layout_is_read(head: Header) -> None:
    """Versions 1.14 to 1.16, any level, no compression and other integer sizes give header, entries and rows back."""
    entries = [
        entry(5, defn="CREATE TABLE public.item ();\n", drop="", namespace=None, relkind=114 * (head.version[1] > 15)),
        data_entry(7, dependencies=(5, 99), owner="\udce9t\udce9"),
    ]
    data = synthetic.archive(head, entries, {7: [b"1\tone", b"2\ttwo"]})
    reader = ArchiveReader(cast(BinaryIO, Trickle(data)))
    assert reader.header == head
    assert reader.entries[0] == entries[0]
    assert reader.entries[1].data_state is DataState.POSITION_SET
    assert reader.tables[0].columns == ("id", "name")
    assert {each.dump_id: list(each.rows()) for each in reader.blocks()} == {7: [b"1\tone", b"2\ttwo"]}
    assert reader.position == len(data)


@given(st.data())
def test_synthetic_archives_survive_a_round_trip(data: st.DataObject) -> None:
    """Whatever tables, rows, layout and size of pieces: what was written is read."""
    head = data.draw(st.sampled_from(LAYOUTS))
    row = st.binary(max_size=50).map(lambda line: line.replace(b"\n", b"")).filter(lambda line: line != rb"\.")
    tables = data.draw(st.dictionaries(st.integers(1, 2**31 - 1), st.lists(row, max_size=8), max_size=5))
    text = st.none() | st.text("aé'\n\t\\😀", max_size=20)
    entries = [data_entry(number, owner=data.draw(text), drop=data.draw(text)) for number in tables]
    written = synthetic.archive(head, entries, tables)
    reader = ArchiveReader(cast(BinaryIO, Trickle(written, data.draw(st.integers(1, 100)))))
    assert [each.owner for each in reader.entries] == [each.owner for each in entries]
    assert {each.dump_id: list(each.rows()) for each in reader.blocks()} == tables


def test_blocks_may_come_in_any_order_and_be_skipped() -> None:
    """The order of blocks need not be that of the entries; a block that nobody reads, or finishes, is passed over."""
    head, entries = header(), [data_entry(1, "a"), data_entry(2, "b"), data_entry(3, "c")]
    blocks = [block(head, number, b"%d\tx\n" % number * 5000 + EMPTY, cut=7) for number in (3, 1, 2)]
    reader = ArchiveReader(io.BytesIO(glue(head, entries, *blocks)))
    seen = []
    for each in reader.blocks():
        seen.append(each.table.name)
        if each.dump_id == 1:
            assert next(each.rows()) == b"1\tx"
        if each.dump_id == 2:
            assert each.count_rows() == 5000
    assert seen == ["c", "a", "b"]


def test_a_block_is_read_only_once_and_in_its_turn() -> None:
    """Reading a block twice, or after the next has begun, is a mistake that is told, not an empty table."""
    data = synthetic.archive(header(), [data_entry(1), data_entry(2)], {1: [b"1\tx"]})
    reader = ArchiveReader(io.BytesIO(data))
    blocks = reader.blocks()
    first = next(blocks)
    assert list(first.rows()) == [b"1\tx"]
    with pytest.raises(RuntimeError):
        list(first.rows())
    second = next(blocks)
    assert list(blocks) == []
    with pytest.raises(RuntimeError):
        list(second.chunks())
    with pytest.raises(RuntimeError):
        next(reader.blocks())


@pytest.mark.parametrize(
    ("blocks", "error", "message"),
    [
        ([], TruncatedArchive, r"1 data blocks are missing.*public\.item \(dump id 1\)"),
        ([block(header(), 1, EMPTY)] * 2, CorruptArchive, "came twice"),
        ([block(header(), 1, EMPTY), block(header(), 9, EMPTY)], CorruptArchive, "announced by no entry"),
        ([block(header(), 2, EMPTY)], CorruptArchive, "announced by no entry"),
        ([block(header(), 1, EMPTY), b"\n"], CorruptArchive, "its type is 10"),
        ([block(header(), 1, EMPTY), b"\x01"], TruncatedArchive, "ends at byte"),
        ([block(header(), 1, EMPTY, kind=3)], CorruptArchive, "its type is 3"),
        ([block(header(), 1, EMPTY), bytes(100)], CorruptArchive, "its type is 0"),
    ],
)
def test_blocks_that_contradict_the_table_of_contents_are_refused(
    blocks: list[bytes], error: type[Exception], message: str
) -> None:
    """Missing, repeated, unannounced and large-object blocks and anything after the last block are refused."""
    data = glue(header(), [data_entry(1), entry(2)], *blocks)
    with pytest.raises(error, match=message):
        all_rows(data)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (stored_block(header(), 1), TruncatedArchive),
        (stored_block(header(), 1, zlib.compress(EMPTY) + b"more"), CorruptArchive),
        (stored_block(header(), 1, zlib.compress(EMPTY), b"more"), CorruptArchive),
        (stored_block(header(), 1, EMPTY), CorruptArchive),
        (block(header(), 1, b"1\tx\n"), TruncatedArchive),
        (block(header(), 1, b"1\tx\n\\.\n"), CorruptArchive),
        (block(header(), 1, b"1\tx\n\\.\n\n\n2\ty\n\\.\n\n\n"), CorruptArchive),
    ],
)
def test_blocks_with_unsound_content_are_refused_by_name(content: bytes, error: type[Exception]) -> None:
    """No stream, no end marker or rows behind it are refused, naming the table; reading and counting agree."""
    data = glue(header(), [data_entry(1, "customer")], content)
    with pytest.raises(error, match=r"TABLE DATA public\.customer \(dump id 1\)"):
        all_rows(data)
    with pytest.raises(error, match=r"public\.customer"):
        next(ArchiveReader(io.BytesIO(data)).blocks()).count_rows()


@pytest.mark.parametrize(
    ("length", "error"),
    [(-1, CorruptArchive), (-(2**31), CorruptArchive), (2**31 - 1, TruncatedArchive), (2**32 - 1, CorruptArchive)],
)
@pytest.mark.parametrize("content", [b"", bytes(5000)])
def test_impossible_chunk_lengths_are_refused(length: int, error: type[Exception], content: bytes) -> None:
    """A chunk of negative length, or longer than the archive, is refused without making room for it."""
    start = bytes((1,)) + encode_integer(1, 4) + encode_integer(length, 4)
    data = glue(header(), [data_entry(1)], start + content)
    with pytest.raises(error):
        list(ArchiveReader(io.BytesIO(data)).blocks())
    with pytest.raises(ArchiveError):
        all_rows(data)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"", TruncatedArchive, "ends at byte 0"),
        (b"<?xml version='1.0'?><Error/>", CorruptArchive, "does not begin with PGDMP"),
        (b"PGDMP\x01\x0d\x00\x04\x08\x01", UnsupportedArchive, r"version 1\.13"),
        (b"PGDMP\x01\x11\x00\x04\x08\x01", UnsupportedArchive, r"version 1\.17"),
        (b"PGDMP\x02\x0e\x00\x04\x08\x01", UnsupportedArchive, r"version 2\.14"),
        (b"PGDMP\x01\x0e\x00\x03\x08\x01", UnsupportedArchive, "integers of 3"),
        (b"PGDMP\x01\x0e\x00\x04\x10\x01", UnsupportedArchive, "offsets of 16"),
        (b"PGDMP\x01\x0e\x00\x04\x08\x03", UnsupportedArchive, "format tar"),
        (b"PGDMP\x01\x0e\x00\x04\x08\x05", UnsupportedArchive, "format directory"),
        (b"PGDMP\x01\x0e\x00\x04\x08\x01\x00\x0a\x00\x00\x00", CorruptArchive, "10 is no compression level"),
        (b"PGDMP\x01\x0e\x00\x04\x08\x01\x02\x0a\x00\x00\x00", CorruptArchive, "sign byte is 2"),
        (b"PGDMP\x01\x0f\x00\x04\x08\x01\x02", UnsupportedArchive, "lz4"),
        (b"PGDMP\x01\x10\x00\x04\x08\x01\x03", UnsupportedArchive, "zstd"),
        (b"PGDMP\x01\x10\x00\x04\x08\x01\x09", UnsupportedArchive, "algorithm 9"),
    ],
)
def test_headers_that_we_cannot_handle_are_refused(data: bytes, error: type[Exception], message: str) -> None:
    """Another format, version or compression, or no archive at all, is refused by name."""
    with pytest.raises(error, match=message):
        ArchiveReader(io.BytesIO(data))


@pytest.mark.parametrize("length", [-2, 2**31 - 1, -(2**31), 100 << 20])
def test_impossible_string_lengths_are_refused(length: int) -> None:
    """A string of negative length, or longer than any table of contents may be, is refused at once."""
    head = glue(header(dbname=None), [])[: 11 + 5 + 7 * 5]
    with pytest.raises(CorruptArchive, match="is announced"):
        ArchiveReader(io.BytesIO(head + encode_integer(length, 4)))


@pytest.mark.parametrize("count", [-1, 100_001, 2**31 - 1])
def test_impossible_numbers_of_entries_are_refused(count: int) -> None:
    """A table of contents of a negative or enormous number of entries is refused at once."""
    data = glue(header(), [])[:-5] + encode_integer(count, 4)
    with pytest.raises(CorruptArchive, match="is announced"):
        ArchiveReader(io.BytesIO(data))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ([entry(1), entry(1)], "dump id 1 occurs twice"),
        ([entry(0)], "0 is no dump id"),
        ([entry(-3)], "-3 is no dump id"),
        ([entry(1, had_dumper=True)], "both has and has no data"),
        ([data_entry(1, had_dumper=False)], "both has and has no data"),
        ([entry(1, had_dumper=2)], "flags that pg_dump does not write"),
        ([entry(1, oid="")], "no decimal number"),
        ([entry(1, oid="-1")], "no decimal number"),
        ([entry(1, dependencies=("x",))], "no decimal number"),
        ([entry(1, oid="9" * 5000)], "no decimal number"),
    ],
)
def test_entries_that_contradict_themselves_are_refused(broken: list[object], message: str) -> None:
    """Repeated, zero and negative dump ids, impossible flags and numbers are refused with the entry's place."""
    with pytest.raises(CorruptArchive, match=message):
        ArchiveReader(io.BytesIO(glue(header(), broken)))  # type: ignore[arg-type]


def test_endless_dependencies_are_refused_in_bounded_memory() -> None:
    """A table of contents that never ends is refused once it is longer than any real one."""

    class Endless:
        def __init__(self) -> None:
            self._start = glue(header(), [entry(1)])[: -9 - 5]
            self._more = encode_integer(1 << 20, 4) + b"1" * (1 << 20)

        def read(self, _: int) -> bytes:
            start, self._start = self._start, b""
            return start or self._more

    with pytest.raises(CorruptArchive):
        ArchiveReader(cast(BinaryIO, Endless()))


def test_dependency_cycles_and_dangling_dependencies_are_harmless() -> None:
    """Entries that depend on each other, on themselves or on nothing in the archive are read like any other."""
    entries = [entry(1, dependencies=(2, 1)), entry(2, dependencies=(1, 77))]
    reader = ArchiveReader(io.BytesIO(glue(header(), entries)))
    assert reader.entries == tuple(entries)
    assert list(reader.blocks()) == []


def test_a_bomb_is_refused_in_bounded_memory() -> None:
    """A row of 300 MB that compresses to almost nothing is refused at the limit without using more memory than that."""
    compressor = zlib.compressobj(9)
    bomb = b"".join(compressor.compress(bytes(1 << 20)) for _ in range(300)) + compressor.flush()
    data = glue(header(), [data_entry(1)], stored_block(header(), 1, bomb))
    reader = ArchiveReader(io.BytesIO(data), max_row=8 << 20)
    tracemalloc.start()
    try:
        with pytest.raises(UnsupportedArchive, match="8388608 bytes"):
            next(next(reader.blocks()).rows())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 << 20


def test_secrets_in_sql_stay_out_of_reprs() -> None:
    """An entry's SQL, which may hold a password or a person's name, is not in its repr."""
    assert "hunter2" not in repr(entry(1, defn="CREATE FUNCTION hunter2", drop="hunter2"))


def test_the_creation_time_is_told_if_there_is_one() -> None:
    """The header's time is read as PostgreSQL writes it; an impossible one is none."""
    created = header().created_at
    assert created is not None
    assert created.isoformat() == "2026-11-04T03:02:01"
    assert header(created=(0, 0, 0, 31, 1, 126, 0)).created_at is None
    assert header(created=(0, 0, 0, 1, 1, 2**31, 0)).created_at is None
