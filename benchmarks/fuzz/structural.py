"""Damage inside a sound frame: rows, blocks and entries say what they must not, while every length is right."""

import io
import zlib
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from bc_pipelines.pgarchive import ArchiveReader, Entry, Header
from bc_pipelines.pgarchive.primitives import encode_integer
from bc_pipelines.pgarchive.toc import write_entries, write_header
from benchmarks.fuzz.bytewise import Damage

_CHUNK = 4_096
_END = b"\\.\n\n\n"
_TEXT = (
    b"\t", b"\n", b"\\", b"\\N", b"\\.", b"\\.\n", b"\\x41", b"\0", b"\xff", b"\xed\xa0\x80", b"", b'{"a": 1',
    b'{"comments": [', b"[" * 3_000, b"9" * 6_000, b'{"data": "\\\\ud800"}', b'"', b"a@staff.example", b"1e999999",
    b'{"n": ' + b"7" * 5_000 + b"}", b'{"comments": "\\\\u0063"}', b"NaN", b"\xe2\x80\xa8",
)  # fmt: skip
_WORDS = (
    "'", '"', "(", ")", ",", "$$", "$a$", "E'", ";", "\n", "--", "\0", "\udcff", " NOT NULL", " DEFAULT ",
    "INHERITS (public.users_user)", " PARTITION OF public.users_user ", " GENERATED ", " REFERENCES ",
    "CREATE TABLE ", "ALTER ", "COPY ",
)  # fmt: skip
_KINDS = (
    "TABLE", "TABLE DATA", "SEQUENCE SET", "BLOB", "BLOBS", "SUBSCRIPTION", "STATISTICS DATA", "FK CONSTRAINT",
    "INDEX", "CONSTRAINT", "DEFAULT", "TABLE ATTACH", "COMMENT", "SERVER", "ENCODING", "NEW THING", None,
)  # fmt: skip
_SQL = ("defn", "copy", "tag", "namespace", "owner", "drop")

Blocks = dict[int, bytes]


def rows(archive: bytes, random: Random) -> bytes:
    """Change a few places of one table's text, or of several tables' texts."""
    header, entries, blocks = _taken_apart(archive)
    for _ in range(random.randint(1, 3)):
        dump_id = random.choice(list(blocks))
        blocks[dump_id] = _changed_text(blocks[dump_id], random)
    return _put_together(header, entries, blocks)


def fields(archive: bytes, random: Random) -> bytes:
    """Put something odd in place of a field, or of the same field in every row."""
    header, entries, blocks = _taken_apart(archive)
    dump_id = random.choice(list(blocks))
    lines = blocks[dump_id].removesuffix(_END).split(b"\n")[:-1]
    place, odd, everywhere = random.randrange(64), random.choice(_TEXT), random.random() < 0.3
    for number in range(len(lines)) if everywhere else [random.randrange(len(lines))] if lines else []:
        values = lines[number].split(b"\t")
        values[place % len(values)] = odd
        lines[number] = b"\t".join(values)
    blocks[dump_id] = b"".join(line + b"\n" for line in lines) + _END
    return _put_together(header, entries, blocks)


def table_of_contents(archive: bytes, random: Random) -> bytes:
    """Change the text, the kind, the numbers or the order of a few entries."""
    header, entries, blocks = _taken_apart(archive)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(entries))
        entries[place] = _changed_entry(entries[place], entries, random)
    if random.random() < 0.2:
        random.shuffle(entries)
    return _put_together(header, entries, blocks)


def bomb(archive: bytes, random: Random) -> bytes:
    """Fill one block with what compresses to almost nothing: one endless row, or endless rows."""
    header, entries, blocks = _taken_apart(archive)
    dump_id = random.choice(list(blocks))
    lines = blocks[dump_id].removesuffix(_END).split(b"\n")[:-1] or [b""]
    line = random.choice(lines) + b"\n"
    unit = random.choice((line, b"\n", b"\t", b"[],", b"{", b"x", b"\\\\", b'{"a":[', b"1\t" * 50 + b"\n"))
    # Rows by the ten million take a minute and no more memory than a million; a single row is held whole.
    megabytes = random.choice((1, 4) if unit.endswith(b"\n") else (1, 8, 33, 40))
    blocks[dump_id] = unit * ((megabytes << 20) // len(unit)) + random.choice((b"", b"\n")) + _END
    return _put_together(header, entries, blocks)


def _taken_apart(archive: bytes) -> tuple[Header, list[Entry], Blocks]:
    reader = ArchiveReader(io.BytesIO(archive))
    compressed = reader.header.compressed
    blocks = {}
    for block in reader.blocks():
        stored = b"".join(block.chunks())
        blocks[block.dump_id] = zlib.decompress(stored) if compressed else stored
    return reader.header, list(reader.entries), blocks


def _put_together(header: Header, entries: Sequence[Entry], blocks: Blocks) -> bytes:
    pieces = [write_header(header), write_entries(header, entries, {})]
    for dump_id, text in blocks.items():
        stored = zlib.compress(text, 1) if header.compressed else text
        pieces.append(b"\x01" + encode_integer(dump_id, header.int_size))
        for begin in range(0, len(stored), _CHUNK):
            chunk = stored[begin : begin + _CHUNK]
            pieces.append(encode_integer(len(chunk), header.int_size) + chunk)
        pieces.append(encode_integer(0, header.int_size))
    return b"".join(pieces)


def _changed_text(text: bytes, random: Random) -> bytes:
    begin = random.randrange(len(text))
    end = begin + random.choice((0, 1, random.randrange(200)))
    return text[:begin] + random.choice((*_TEXT, random.randbytes(3))) + text[end:]


def _changed_entry(entry: Entry, entries: Sequence[Entry], random: Random) -> Entry:
    changes: dict[str, Any] = {random.choice(_SQL): random.choice((None, "", "x" * 100_000, "\udc80\x1b[31m"))}
    what = random.randrange(6)
    if what == 0:
        changes = {"desc": random.choice(_KINDS)}
    elif what == 1:
        ids = [other.dump_id for other in entries]
        changes = {"dependencies": tuple(random.choices(ids, k=random.randint(1, 50)))}
    elif what == 2:
        other = random.choice(entries)
        changes = {name: getattr(other, name) for name in random.sample(_SQL, 2)}
    elif what > 3:
        name = random.choice(_SQL)
        changes = {name: _changed_sql(getattr(entry, name) or "", random)}
    return replace(entry, **changes)


def _changed_sql(text: str, random: Random) -> str:
    for _ in range(random.randint(1, 3)):
        begin = random.randint(0, len(text))
        word = random.choice(_WORDS) * random.choice((1, 1, 1, 2_000))
        text = text[:begin] + word + text[begin + random.choice((0, 1, 10)) :]
    return text


ALL: tuple[Damage, ...] = (rows, rows, fields, fields, fields, table_of_contents, table_of_contents, table_of_contents)
