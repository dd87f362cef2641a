"""Archives made without PostgreSQL, sound and unsound, for tests; other packages' tests use them too."""

import io
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from bc_pipelines.pgarchive import ArchiveWriter, Entry, Header
from bc_pipelines.pgarchive.primitives import encode_integer
from bc_pipelines.pgarchive.toc import DataState, write_entries, write_header

EMPTY = b"\\.\n\n\n"


def header(version: tuple[int, int, int] = (1, 14, 0), **changes: Any) -> Header:  # noqa: ANN401
    """A header of a gzip archive, unless ``compression=0`` is among the changes."""
    values: dict[str, Any] = {
        "version": version,
        "int_size": 4,
        "offset_size": 8,
        "compression": -1 if version < (1, 15) else 1,
        "created": (1, 2, 3, 4, 10, 126, 0),
        "dbname": "shop",
        "server_version": "15.18",
        "dump_version": "15.18",
    }
    return Header(**values | changes)


def entry(dump_id: int, desc: str = "TABLE", tag: str | None = "item", **changes: Any) -> Entry:  # noqa: ANN401
    """An entry without data."""
    values = {
        "dump_id": dump_id,
        "had_dumper": False,
        "table_oid": 1259,
        "oid": 16384 + dump_id,
        "tag": tag,
        "desc": desc,
        "section": 2,
        "defn": None,
        "drop": None,
        "copy": None,
        "namespace": "public",
        "tablespace": None,
        "access_method": None,
        "relkind": 0,
        "owner": "postgres",
        "with_oids": False,
        "dependencies": (),
        "data_state": DataState.NO_DATA,
    }
    return Entry(**values | changes)


def data_entry(
    dump_id: int,
    table: str = "item",
    columns: Sequence[str] = ("id", "name"),
    **changes: Any,  # noqa: ANN401
) -> Entry:
    """The entry of a table's data."""
    values = {
        "had_dumper": True,
        "section": 3,
        "copy": f"COPY public.{table} ({', '.join(columns)}) FROM stdin;\n",
        "data_state": DataState.POSITION_NOT_SET,
    }
    return entry(dump_id, "TABLE DATA", table, **values | changes)


def archive(head: Header, entries: Sequence[Entry], rows: Mapping[int, list[bytes]]) -> bytes:
    """A sound archive, written by our writer; tables that have no rows given are empty."""
    target = io.BytesIO()
    writer = ArchiveWriter(target, head, entries)
    for each in entries:
        if each.has_data:
            with writer.block(each.dump_id) as block:
                block.write_rows(rows.get(each.dump_id, []))
    writer.finish()
    return target.getvalue()


def block(head: Header, dump_id: int, text: bytes, *, cut: int = 4096, kind: int = 1) -> bytes:
    """A block of any text, compressed if the header says so, in chunks of ``cut`` bytes."""
    data = zlib.compress(text) if head.compressed else text
    return stored_block(head, dump_id, *(data[i : i + cut] for i in range(0, len(data), cut)), kind=kind)


def stored_block(head: Header, dump_id: int, *chunks: bytes, kind: int = 1) -> bytes:
    """A block of these chunks as they stand."""
    size = head.int_size
    framed = b"".join(encode_integer(len(chunk), size) + chunk for chunk in chunks)
    return bytes((kind,)) + encode_integer(dump_id, size) + framed + encode_integer(0, size)


def glue(head: Header, entries: Sequence[Entry], *blocks: bytes) -> bytes:
    """Header, table of contents without places, and whatever blocks, sound or not."""
    return write_header(head) + write_entries(head, entries, {}) + b"".join(blocks)
