"""Writing archives: verbatim copies, places of blocks, misuse."""

import io
from typing import BinaryIO, cast

import pytest

from bc_pipelines.pgarchive import ArchiveError, ArchiveReader, ArchiveWriter, Header
from bc_pipelines.pgarchive.toc import DataState
from bc_pipelines_tests.pgarchive import synthetic
from bc_pipelines_tests.pgarchive.synthetic import EMPTY, block, data_entry, entry, glue, header

HEADERS = [header(), header(compression=0), header((1, 16, 0))]


class Pipe:
    """A target that cannot seek."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> int:
        """Append."""
        self.data += data
        return len(data)

    def seekable(self) -> bool:
        """No."""
        return False

    def flush(self) -> None:
        """Nothing is held back."""


@pytest.mark.parametrize("head", HEADERS, ids=repr)
@pytest.mark.parametrize("count_rows", [False, True])
def test_a_verbatim_copy_has_the_same_blocks_byte_for_byte(head: Header, count_rows: bool) -> None:
    """Copied blocks keep their stored bytes and their chunks; counting their rows on the way changes nothing."""
    entries = [data_entry(1, "a"), entry(2), data_entry(3, "b")]
    blocks = block(head, 3, b"1\tx\n" * 9999 + EMPTY, cut=100) + block(head, 1, EMPTY)
    reader = ArchiveReader(io.BytesIO(glue(head, entries, blocks)))
    target = io.BytesIO()
    writer = ArchiveWriter(target, reader.header, reader.entries)
    counts = [writer.copy_block(each, count_rows=True) if count_rows else writer.copy_block(each)
              for each in reader.blocks()]  # fmt: skip
    writer.finish()
    assert counts == ([9999, 0] if count_rows else [None, None])
    assert target.getvalue().endswith(blocks)
    assert writer.position == len(target.getvalue())


@pytest.mark.parametrize("head", HEADERS, ids=repr)
def test_places_of_blocks_are_recorded_from_the_start_of_the_archive(head: Header) -> None:
    """Each recorded place is where the block begins, also when the archive does not begin the file."""
    target = io.BytesIO(b"before")
    target.seek(6)
    entries = [data_entry(3, "c"), data_entry(1, "a"), entry(2)]
    writer = ArchiveWriter(target, head, entries)
    writer.empty_block(1)
    with writer.block(3) as rows:
        rows.write_row(b"1\tx")
    writer.finish()
    written = target.getvalue()[6:]
    assert target.tell() == len(target.getvalue())
    for number in (1, 3):
        mark = bytes((DataState.POSITION_SET,)) + written.index(b"\x01\x00" + bytes((number, 0, 0, 0)), 300).to_bytes(
            8, "little"
        )
        assert mark in written
    assert [each.data_state for each in ArchiveReader(io.BytesIO(written)).entries] == [2, 2, 3]


def test_a_target_that_cannot_seek_gets_no_places() -> None:
    """Through a pipe the archive is complete, without places, as pg_dump writes it to a pipe."""
    pipe = Pipe()
    writer = ArchiveWriter(cast(BinaryIO, pipe), header(), [data_entry(1)])
    writer.empty_block(1)
    writer.finish()
    reader = ArchiveReader(io.BytesIO(pipe.data))
    assert reader.entries[0].data_state is DataState.POSITION_NOT_SET
    assert [list(each.rows()) for each in reader.blocks()] == [[]]


@pytest.mark.parametrize("head", HEADERS, ids=repr)
@pytest.mark.parametrize("level", [0, 1, 3])
def test_rows_may_be_written_one_by_one_and_in_bulk(head: Header, level: int) -> None:
    """Single rows and lists keep their order, whatever their size, and are counted."""
    single = [b"%d\t" % number + b"x" * (number % 50) for number in range(20000)]
    target = io.BytesIO()
    writer = ArchiveWriter(target, head, [data_entry(1)], level=level)
    with writer.block(1) as rows:
        for line in single:
            rows.write_row(line)
        rows.write_rows([b"", b"big" * 100_000, b""])
        rows.write_rows([])
        rows.write_text(b"in\n\na text\n")
        rows.write_text(b"")
        rows.write_row(b"last")
    writer.finish()
    assert rows.rows_written == 20007
    expected = [*single, b"", b"big" * 100_000, b"", b"in", b"", b"a text", b"last"]
    written = ArchiveReader(io.BytesIO(target.getvalue()))
    assert [line for each in written.blocks() for line in each.rows()] == expected


@pytest.mark.parametrize("line", [b"a\nb", b"\n", rb"\."])
@pytest.mark.parametrize("bulk", [True, False])
def test_rows_that_would_break_the_block_are_refused(line: bytes, bulk: bool) -> None:
    """A row with a newline, or one that is the end marker, is refused, and the archive cannot be finished."""
    writer = ArchiveWriter(io.BytesIO(), header(), [data_entry(1)])
    with pytest.raises(ValueError, match="end marker"), writer.block(1) as rows:
        rows.write_rows([b"fine", line]) if bulk else rows.write_row(line)
    with pytest.raises(ValueError, match="not complete"):
        writer.finish()


@pytest.mark.parametrize("text", [b"no newline", b"\\.\n", b"a row\n\\.\nanother\n"])
def test_a_text_that_would_break_the_block_is_refused(text: bytes) -> None:
    """So is a text of rows that is not whole, or in which the end marker stands."""
    writer = ArchiveWriter(io.BytesIO(), header(), [data_entry(1)])
    with pytest.raises(ValueError, match="end marker"), writer.block(1) as rows:
        rows.write_text(text)


def test_an_archive_with_a_missing_block_cannot_be_finished() -> None:
    """An entry that has data must get its block, once, and no other entry may get one."""
    writer = ArchiveWriter(io.BytesIO(), header(), [data_entry(1), entry(2), data_entry(3)])
    writer.empty_block(1)
    for wrong in (1, 2, 99):
        with pytest.raises(ValueError, match="awaits no block"):
            writer.empty_block(wrong)
    with pytest.raises(ValueError, match=r"no block for dump ids \[3\]"):
        writer.finish()


def test_two_blocks_cannot_be_open_at_once() -> None:
    """Blocks are written one after the other."""
    writer = ArchiveWriter(io.BytesIO(), header(), [data_entry(1), data_entry(2)])
    with writer.block(1), pytest.raises(ValueError, match="not complete"):
        writer.empty_block(2)


def test_a_damaged_block_cannot_be_copied_while_counting() -> None:
    """Counting the rows of a copied block notices what a blind copy would pass on."""
    damaged = block(header(), 1, b"1\tx\n" * 100 + b"no end marker")
    reader = ArchiveReader(io.BytesIO(glue(header(), [data_entry(1)], damaged)))
    writer = ArchiveWriter(io.BytesIO(), reader.header, reader.entries)
    with pytest.raises(ArchiveError, match=r"public\.item"):
        writer.copy_block(next(reader.blocks()), count_rows=True)
    with pytest.raises(ValueError, match="not complete"):
        writer.finish()


def test_blocks_are_not_copied_between_compressions() -> None:
    """A compressed block has no place in an archive whose header says that blocks are not compressed."""
    reader = ArchiveReader(io.BytesIO(synthetic.archive(header(), [data_entry(1)], {})))
    writer = ArchiveWriter(io.BytesIO(), header(compression=0), reader.entries)
    with pytest.raises(ValueError, match="compression"):
        writer.copy_block(next(reader.blocks()))
