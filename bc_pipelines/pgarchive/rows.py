r"""From the bytes of a data block to rows: inflate in bounded steps, split in bulk, insist on the end marker.

What stands inside a row is ``copytext.py``'s matter. Intel's isa-l reads and writes the same zlib streams as zlib, in a
third of the time. A block's text is rows, each ended by a newline, then the line
``\.`` and two blank lines (``dumpTableData_copy`` in PostgreSQL's ``pg_dump.c``).
"""

from collections.abc import Iterable, Iterator

from isal import isal_zlib

from bc_pipelines.pgarchive.copytext import END
from bc_pipelines.pgarchive.errors import CorruptArchive, TruncatedArchive, UnsupportedArchive

MAX_ROW = 32 << 20
INFLATE_STEP = 1 << 18
EMPTY_TABLE = END + b"\n\n\n"
_LONG = 4 * INFLATE_STEP
_END_LINE = END + b"\n"


def inflate(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress one zlib stream that was cut anywhere, at most ``INFLATE_STEP`` bytes at a time.

    Raises:
        CorruptArchive: not a zlib stream, or something follows it.
        TruncatedArchive: the stream does not end.
    """
    stream = isal_zlib.decompressobj()
    for piece in pieces:
        if stream.eof:
            raise CorruptArchive("something follows a block's compressed stream")
        data = _inflate(stream, piece)
        while data:
            yield data
            data = _inflate(stream, stream.unconsumed_tail)
        if stream.unused_data:
            raise CorruptArchive("something follows a block's compressed stream")
    if not stream.eof:
        raise TruncatedArchive("a block's compressed stream does not end")


def _inflate(stream: "isal_zlib.Decompress", piece: bytes) -> bytes:
    try:
        return stream.decompress(piece, INFLATE_STEP)
    except isal_zlib.error:  # type: ignore[misc]  # its stubs take the class for an instance
        raise CorruptArchive("a block is no zlib stream") from None


def batches(pieces: Iterable[bytes], max_row: int) -> Iterator[list[bytes]]:
    """Split COPY text into rows.

    Args:
        pieces: the text, cut anywhere.
        max_row: longest row to accept, in bytes.

    Yields:
        Lists of rows without their newlines. Nothing else holds on to them, so that whoever empties a list frees them.

    Raises:
        UnsupportedArchive: a row is too long.
        CorruptArchive: text after the end marker.
        TruncatedArchive: no end marker.
    """
    for part in texts(pieces, max_row):
        if isinstance(part, bytes):
            lines = part.split(b"\n")
            lines.pop()
            yield lines
        else:
            yield part


def texts(pieces: Iterable[bytes], max_row: int) -> Iterator[bytes | list[bytes]]:
    """Cut COPY text between rows, without splitting it into them.

    Args:
        pieces: the text, cut anywhere.
        max_row: longest row to accept, in bytes.

    Yields:
        Whole rows, each with its newline; where one is so long that another copy of it matters, rows as ``batches``
        gives them.

    Raises:
        UnsupportedArchive, CorruptArchive, TruncatedArchive: as ``batches``.
    """
    pieces = iter(pieces)
    begun: list[bytes] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        end = piece.rfind(b"\n") + 1
        if end:
            rest = [piece[end:]]
            if size > _LONG or size > max_row:
                # Only the first line has a beginning: a long row is put together once, and its parts are let go.
                lines = piece[:end].split(b"\n")
                lines[0] = b"".join([*begun, lines[0]])
                begun = rest
                lines.pop()
                if max(map(len, lines)) > max_row:
                    raise _too_long(max_row)
                if END in lines:
                    mark = lines.index(END)
                    _check_ending(b"".join([line + b"\n" for line in lines[mark + 1 :]]) + rest[0], pieces)
                    del lines[mark:]
                    if lines:
                        yield lines
                    return
                yield lines
            else:
                text = b"".join([*begun, piece[:end]])
                begun = rest
                mark = 0 if text.startswith(_END_LINE) else text.find(b"\n" + _END_LINE) + 1
                if mark or text.startswith(_END_LINE):
                    _check_ending(text[mark + len(_END_LINE) :] + rest[0], pieces)
                    if mark:
                        yield text[:mark]
                    return
                yield text
            size = len(rest[0])
        else:
            begun.append(piece)
        if size > max_row:
            raise _too_long(max_row)
    raise TruncatedArchive("a block ends without its end marker")


def _too_long(max_row: int) -> UnsupportedArchive:
    return UnsupportedArchive(f"a row is longer than {max_row} bytes, the limit for rows that are looked into")


def count(pieces: Iterable[bytes]) -> int:
    """Count the rows of COPY text, of any length, without splitting it.

    Raises:
        CorruptArchive: text after the end marker.
        TruncatedArchive: no end marker.
    """
    pieces = iter(pieces)
    rows = 0
    tail = b"\n"
    for piece in pieces:
        text = tail + piece
        mark = text.find(b"\n" + END + b"\n")
        if mark >= 0:
            _check_ending(text[mark + 4 :], pieces)
            return rows + text.count(b"\n", len(tail), mark + 1)
        rows += piece.count(b"\n")
        tail = text[-3:]
    raise TruncatedArchive("a block ends without its end marker")


def _check_ending(rest: bytes, pieces: Iterator[bytes]) -> None:
    """Insist that exactly two blank lines follow the end marker."""
    for piece in pieces:
        rest += piece
        if len(rest) > 2:
            break
    if rest != b"\n\n":
        raise CorruptArchive("a block has text after its end marker, or ends inside it")
