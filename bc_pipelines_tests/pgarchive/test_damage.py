"""Damage at every kind of place gives an ArchiveError and nothing else."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines.pgarchive import ArchiveError, ArchiveReader, ArchiveWriter, unsupported
from bc_pipelines.pgarchive.schema import Schema
from bc_pipelines_tests.pgarchive import synthetic
from bc_pipelines_tests.pgarchive.synthetic import data_entry, entry, header

ENTRIES = [
    entry(1, "ENCODING", "ENCODING", namespace=None, defn="SET client_encoding = 'UTF8';\n"),
    entry(2, defn="CREATE TABLE public.item (\n    id integer NOT NULL,\n    name text DEFAULT 'x'::text\n);\n"),
    entry(3, "FK CONSTRAINT", "f", defn="ALTER TABLE ONLY public.item\n    ADD CONSTRAINT f FOREIGN KEY (id)"
          " REFERENCES public.item(id) DEFERRABLE;\n"),
    entry(4, "INDEX", "i", defn="CREATE UNIQUE INDEX i ON public.item USING btree (lower(name), id) WHERE (id > 1);\n"),
    entry(5, "TABLE ATTACH", "item", defn="ALTER TABLE ONLY public.all ATTACH PARTITION public.item DEFAULT;\n"),
    data_entry(6, dependencies=(2,)),
    data_entry(7, "other"),
]  # fmt: skip
ROWS = {6: [b"%d\tname %d" % (i, i * i) for i in range(60)], 7: [b"1\t\\N", b""]}
ARCHIVES = [
    synthetic.archive(header(version, compression=compression), ENTRIES, ROWS)
    for version, compression in (((1, 14, 0), -1), ((1, 14, 0), 0), ((1, 15, 0), 1), ((1, 16, 0), 1), ((1, 16, 0), 0))
]
archives = st.sampled_from(ARCHIVES)


def read_everything(data: bytes) -> None:
    """Do all that a caller may do with an archive: facts, rows, counting, verbatim copies."""
    reader = ArchiveReader(io.BytesIO(data))
    unsupported(reader.entries)
    Schema.from_entries(reader.entries)
    for block in reader.blocks():
        for _ in block.rows():
            pass
    reader = ArchiveReader(io.BytesIO(data))
    writer = ArchiveWriter(io.BytesIO(), reader.header, reader.entries)
    for block in reader.blocks():
        writer.copy_block(block, count_rows=True)
    writer.finish()


@pytest.mark.parametrize("data", ARCHIVES, ids=["1.14", "1.14 plain", "1.15", "1.16", "1.16 plain"])
def test_the_undamaged_archives_are_sound(data: bytes) -> None:
    """What the tests below damage can be read."""
    read_everything(data)


@pytest.mark.parametrize("data", ARCHIVES, ids=["1.14", "1.14 plain", "1.15", "1.16", "1.16 plain"])
def test_every_truncation_is_noticed(data: bytes) -> None:
    """An archive cut off after any byte is refused."""
    for length in range(len(data)):
        with pytest.raises(ArchiveError):
            read_everything(data[:length])


@given(archives, st.data())
def test_changed_bytes_give_no_other_error(data: bytes, draw: st.DataObject) -> None:
    """Bytes changed anywhere are refused or, where they change only a name or a value, read; nothing else is raised."""
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        damaged[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    with contextlib.suppress(ArchiveError):
        read_everything(bytes(damaged))


@given(archives, st.data())
def test_inserted_and_missing_bytes_give_no_other_error(data: bytes, draw: st.DataObject) -> None:
    """Bytes put in or left out anywhere are refused or read, and nothing else is raised."""
    start = draw.draw(st.integers(0, len(data) - 1))
    end = draw.draw(st.integers(start, min(len(data), start + 20)))
    with contextlib.suppress(ArchiveError):
        read_everything(data[:start] + draw.draw(st.binary(max_size=20)) + data[end:])


@given(archives, st.binary(min_size=1, max_size=50))
def test_trailing_garbage_is_refused(data: bytes, garbage: bytes) -> None:
    """Whatever follows the last block, the archive is refused."""
    with pytest.raises(ArchiveError):
        read_everything(data + garbage)
