"""The archive format's integers, strings and offsets, and the buffered source they are read from.

Nothing here knows of headers, entries or rows. Layout: PostgreSQL's ``src/bin/pg_dump/pg_backup_archiver.c``
(``WriteInt``, ``WriteStr``, ``WriteOffset``): an integer is a sign byte and a little-endian magnitude; a string is
its length and its bytes, with length -1 for NULL.
"""

from typing import BinaryIO

from bc_pipelines.pgarchive.errors import CorruptArchive, TruncatedArchive

READ_SIZE = 256 << 10
MAX_TOC_BYTES = 32 << 20


class Source:
    """Buffered reading from any stream with ``read(n)``, seekable or not, that may give short reads.

    Args:
        stream: where the bytes come from.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.int_size = 4
        self._stream = stream
        self._buffer = memoryview(b"")
        self._passed = 0

    @property
    def position(self) -> int:
        """How many bytes have been taken so far."""
        return self._passed

    def peek(self, count: int) -> memoryview:
        """Everything buffered, at least ``count`` bytes of it, without taking it.

        Raises:
            TruncatedArchive: the stream ends earlier.
        """
        if len(self._buffer) < count and not self._fill(count):
            raise TruncatedArchive(f"the archive ends at byte {self._passed + len(self._buffer)}, inside an item")
        return self._buffer

    def skip(self, count: int) -> None:
        """Take ``count`` bytes that have been peeked at."""
        self._buffer = self._buffer[count:]
        self._passed += count

    def exactly(self, count: int) -> bytes:
        """Take exactly ``count`` bytes; memory grows only with bytes that really arrive."""
        taken = bytes(self.peek(count)[:count])
        self.skip(count)
        return taken

    def at_end(self) -> bool:
        """Whether nothing is left."""
        return not self._buffer and not self._fill(1)

    def byte(self) -> int:
        """Take one byte."""
        return self.exactly(1)[0]

    def integer(self) -> int:
        """Take one signed integer.

        Raises:
            CorruptArchive: the sign byte is neither 0 nor 1.
        """
        raw = self.exactly(1 + self.int_size)
        if raw[0] > 1:
            raise CorruptArchive(f"no integer ends at byte {self._passed}: its sign byte is {raw[0]}")
        magnitude = int.from_bytes(raw[1:], "little")
        return -magnitude if raw[0] else magnitude

    def string(self) -> str | None:
        """Take one string; bytes that are no UTF-8 survive as surrogates.

        Strings stand in the header and the table of contents only, so that their limit is that of both together.

        Raises:
            CorruptArchive: the length is negative, or beyond the limit.
        """
        length = self.integer()
        if length == -1:
            return None
        if not 0 <= length <= MAX_TOC_BYTES - self._passed:
            raise CorruptArchive(
                f"a string of {length} bytes is announced at byte {self._passed}; header and table of contents may be "
                f"{MAX_TOC_BYTES} bytes long"
            )
        return self.exactly(length).decode("utf-8", "surrogateescape")

    def _fill(self, count: int) -> bool:
        """Read until ``count`` bytes are buffered; whether they are."""
        pieces = [bytes(self._buffer)]
        held = len(self._buffer)
        while held < count:
            piece = self._stream.read(READ_SIZE)
            if not piece:
                break
            pieces.append(piece)
            held += len(piece)
        self._buffer = memoryview(b"".join(pieces))
        return held >= count


def encode_integer(value: int, int_size: int) -> bytes:
    """Write one signed integer."""
    return bytes((value < 0,)) + abs(value).to_bytes(int_size, "little")


def encode_string(value: str | None, int_size: int) -> bytes:
    """Write one string, or NULL."""
    if value is None:
        return encode_integer(-1, int_size)
    raw = value.encode("utf-8", "surrogateescape")
    return encode_integer(len(raw), int_size) + raw
