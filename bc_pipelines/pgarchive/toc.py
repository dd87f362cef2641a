"""The header and the table of contents of a custom-format archive: data classes, reading and writing.

What an entry means for restoring, or whether we support it, is decided in ``support.py`` and ``schema.py``.
Layout: PostgreSQL's ``pg_backup_archiver.c`` (``WriteHead``, ``WriteToc``) and ``pg_backup_custom.c``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from bc_pipelines.pgarchive.errors import ArchiveError, CorruptArchive, UnsupportedArchive
from bc_pipelines.pgarchive.primitives import Source, encode_integer, encode_string

MAGIC = b"PGDMP"
SUPPORTED_VERSIONS = ((1, 14), (1, 15), (1, 16))
MAX_ENTRIES = 100_000
_CUSTOM_FORMAT = 1
_FORMATS = {3: "tar", 5: "directory"}
_ALGORITHMS = {0: "none", 1: "gzip", 2: "lz4", 3: "zstd"}
_SIZES = (4, 8)
_LABEL_LETTERS = 200


class DataState(IntEnum):
    """Whether an entry has a data block, and whether its place in the file is known."""

    POSITION_NOT_SET = 1
    POSITION_SET = 2
    NO_DATA = 3


@dataclass(frozen=True)
class Header:
    """The head of an archive.

    Attributes:
        version: archive version: major, minor, revision.
        int_size: bytes of an integer's magnitude.
        offset_size: bytes of a file offset.
        compression: as stored: zlib's level (-1 to 9) in version 1.14; an algorithm (0 none, 1 gzip) from 1.15 on.
        created: second, minute, hour, day, month - 1, year - 1900 and daylight saving flag, as C's ``struct tm``.
        dbname: name of the dumped database.
        server_version: version text of the dumped server.
        dump_version: version text of the pg_dump that wrote the archive.
    """

    version: tuple[int, int, int]
    int_size: int
    offset_size: int
    compression: int
    created: tuple[int, ...]
    dbname: str | None
    server_version: str | None
    dump_version: str | None

    @property
    def version_text(self) -> str:
        """The archive version as pg_restore prints it, such as ``1.14``."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def compressed(self) -> bool:
        """Whether data blocks are zlib streams."""
        return self.compression != 0

    @property
    def created_at(self) -> datetime | None:
        """When the dump began, in the dumping machine's own time zone, which the archive does not name."""
        second, minute, hour, day, month, year, _ = self.created
        try:
            return datetime(year + 1900, month + 1, day, hour, minute, min(second, 59))  # noqa: DTZ001
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True)
class Entry:
    """One entry of the table of contents; strings are None where the archive says NULL.

    The SQL is left out of the repr: function bodies, comments and defaults may hold secrets.

    Attributes:
        dump_id: number of the entry within this archive, above 0.
        had_dumper: whether pg_dump had data to dump for it.
        table_oid: catalogue that the object lives in.
        oid: the object's number there.
        tag: name of the object.
        desc: kind of the object, such as ``TABLE DATA``.
        section: 1 none, 2 pre-data, 3 data, 4 post-data.
        defn: SQL that creates the object.
        drop: SQL that drops it.
        copy: COPY statement of its data.
        namespace: schema of the object.
        tablespace: its tablespace.
        access_method: its table access method.
        relkind: ``pg_class.relkind`` as a character's number; 0 before archive version 1.16.
        owner: name of the owner role.
        with_oids: whether the table had OIDs, which no supported server has.
        dependencies: dump ids that must be restored before; some may not be in the archive.
        data_state: whether there is a data block.
    """

    dump_id: int
    had_dumper: bool
    table_oid: int
    oid: int
    tag: str | None
    desc: str | None
    section: int
    defn: str | None = field(repr=False)
    drop: str | None = field(repr=False)
    copy: str | None
    namespace: str | None
    tablespace: str | None
    access_method: str | None
    relkind: int
    owner: str | None
    with_oids: bool
    dependencies: tuple[int, ...]
    data_state: DataState

    @property
    def has_data(self) -> bool:
        """Whether a data block belongs to the entry."""
        return self.data_state is not DataState.NO_DATA

    @property
    def label(self) -> str:
        """Kind, name and number for messages, on one line; what cannot be shown is escaped, what is long is cut."""
        name = ".".join(part for part in (self.namespace, self.tag) if part)
        shown = "".join(
            letter if letter.isprintable() else letter.encode("unicode_escape").decode()
            for letter in f"{self.desc} {name}"[:_LABEL_LETTERS]
        )
        return f"{shown} (dump id {self.dump_id})"


def read_header(source: Source) -> Header:
    """Take the header off the front of an archive, and set the source's integer size from it.

    Raises:
        UnsupportedArchive: another format, version or compression.
        CorruptArchive: no archive at all.
        TruncatedArchive: the bytes end too early.
    """
    if source.exactly(len(MAGIC)) != MAGIC:
        raise CorruptArchive("not an archive of pg_dump's custom format: it does not begin with PGDMP")
    version = (source.byte(), source.byte(), source.byte())
    if version[:2] not in SUPPORTED_VERSIONS:
        known = ", ".join(f"{major}.{minor}" for major, minor in SUPPORTED_VERSIONS)
        raise UnsupportedArchive(f"archive version {version[0]}.{version[1]} is not supported; supported: {known}")
    int_size, offset_size, archive_format = source.byte(), source.byte(), source.byte()
    if int_size not in _SIZES or offset_size not in _SIZES:
        raise UnsupportedArchive(f"integers of {int_size} and offsets of {offset_size} bytes are not supported")
    if archive_format != _CUSTOM_FORMAT:
        name = _FORMATS.get(archive_format, str(archive_format))
        raise UnsupportedArchive(f"archive format {name} is not supported; dump with pg_dump --format=custom")
    source.int_size = int_size
    compression = _read_compression(source, version)
    created = tuple(source.integer() for _ in range(7))
    strings = (source.string(), source.string(), source.string())
    return Header(version, int_size, offset_size, compression, created, *strings)


def _read_compression(source: Source, version: tuple[int, int, int]) -> int:
    if version < (1, 15):
        level = source.integer()
        if not -1 <= level <= 9:
            raise CorruptArchive(f"{level} is no compression level")
        return level
    algorithm = source.byte()
    if algorithm not in (0, 1):
        name = _ALGORITHMS.get(algorithm, f"algorithm {algorithm}")
        raise UnsupportedArchive(f"compression {name} is not supported; dump with --compress=gzip or none")
    return algorithm


def write_header(header: Header) -> bytes:
    """Write a header."""
    size = header.int_size
    pieces = [MAGIC, bytes((*header.version, size, header.offset_size, _CUSTOM_FORMAT))]
    if header.version < (1, 15):
        pieces.append(encode_integer(header.compression, size))
    else:
        pieces.append(bytes((header.compression,)))
    pieces += [encode_integer(value, size) for value in header.created]
    pieces += [encode_string(text, size) for text in (header.dbname, header.server_version, header.dump_version)]
    return b"".join(pieces)


def read_entries(source: Source, header: Header) -> tuple[Entry, ...]:
    """Take the table of contents that follows a header.

    Raises:
        CorruptArchive: impossible numbers, or a dump id that occurs twice.
        TruncatedArchive: the bytes end too early.
    """
    count = source.integer()
    if not 0 <= count <= MAX_ENTRIES:
        raise CorruptArchive(f"a table of contents of {count} entries is announced; the limit is {MAX_ENTRIES}")
    entries: dict[int, Entry] = {}
    for number in range(1, count + 1):
        try:
            entry = _read_entry(source, header)
        except ArchiveError as error:
            raise type(error)(f"entry {number} of {count}: {error}") from None
        if entry.dump_id in entries:
            raise CorruptArchive(f"entry {number} of {count}: dump id {entry.dump_id} occurs twice")
        entries[entry.dump_id] = entry
    return tuple(entries.values())


def _read_entry(source: Source, header: Header) -> Entry:
    dump_id = source.integer()
    if dump_id <= 0:
        raise CorruptArchive(f"{dump_id} is no dump id")
    had_dumper = source.integer()
    table_oid, oid = _number(source.string()), _number(source.string())
    tag, desc = source.string(), source.string()
    section = source.integer()
    defn, drop, copy, namespace, tablespace, access_method = (source.string() for _ in range(6))
    relkind = source.integer() if header.version >= (1, 16) else 0
    owner, with_oids = source.string(), source.string()
    dependencies = []
    while (dependency := source.string()) is not None:
        dependencies.append(_number(dependency))
    state = source.byte()
    source.exactly(header.offset_size)
    if had_dumper not in (0, 1) or with_oids not in ("true", "false") or state not in (1, 2, 3):
        raise CorruptArchive(f"dump id {dump_id} has flags that pg_dump does not write")
    if bool(had_dumper) == (state == DataState.NO_DATA):
        raise CorruptArchive(f"dump id {dump_id} both has and has no data")
    return Entry(
        dump_id=dump_id,
        had_dumper=bool(had_dumper),
        table_oid=table_oid,
        oid=oid,
        tag=tag,
        desc=desc,
        section=section,
        defn=defn,
        drop=drop,
        copy=copy,
        namespace=namespace,
        tablespace=tablespace,
        access_method=access_method,
        relkind=relkind,
        owner=owner,
        with_oids=with_oids == "true",
        dependencies=tuple(dependencies),
        data_state=DataState(state),
    )


def _number(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise CorruptArchive("an object number is no decimal number")
    return int(text)


def write_entries(header: Header, entries: Sequence[Entry], offsets: Mapping[int, int]) -> bytes:
    """Write a table of contents; its length does not depend on the offsets.

    Args:
        header: gives version and sizes.
        entries: what to write, in this order.
        offsets: place of each dump id's data block in the file, in bytes; empty while unknown.

    Returns:
        The bytes that follow the header.
    """
    pieces = [encode_integer(len(entries), header.int_size)]
    for entry in entries:
        pieces.append(_write_entry(header, entry))
        pieces.append(_write_offset(header, entry, offsets.get(entry.dump_id)))
    return b"".join(pieces)


def _write_entry(header: Header, entry: Entry) -> bytes:
    size = header.int_size
    pieces = [encode_integer(entry.dump_id, size), encode_integer(entry.had_dumper, size)]
    names = (str(entry.table_oid), str(entry.oid), entry.tag, entry.desc)
    pieces += [encode_string(text, size) for text in names]
    pieces.append(encode_integer(entry.section, size))
    details = (entry.defn, entry.drop, entry.copy, entry.namespace, entry.tablespace, entry.access_method)
    pieces += [encode_string(text, size) for text in details]
    if header.version >= (1, 16):
        pieces.append(encode_integer(entry.relkind, size))
    pieces.append(encode_string(entry.owner, size))
    pieces.append(encode_string("true" if entry.with_oids else "false", size))
    pieces += [encode_string(str(dependency), size) for dependency in entry.dependencies]
    pieces.append(encode_string(None, size))
    return b"".join(pieces)


def _write_offset(header: Header, entry: Entry, offset: int | None) -> bytes:
    if not entry.has_data:
        state = DataState.NO_DATA
    elif offset is None:
        state = DataState.POSITION_NOT_SET
    else:
        state = DataState.POSITION_SET
    return bytes((state,)) + (offset or 0).to_bytes(header.offset_size, "little")
