r"""Text that hides inside other text: base64 (zlib or gzip inside it), hexadecimal, percent-encoding, tsvector.

Each decoder takes a buffer as text.py makes it, case untouched, and yields what it uncovers, as values of their own;
what they hide in turn is searched again. Nothing here decides what is an identifier.
"""

import re
import zlib
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

Decoder = Callable[[bytes], Iterator[bytes]]

LONGEST_UNPACKED = 32 << 20
# The shortest address, a@b.uk, is six bytes.
_SHORTEST_BASE64 = 8
_SHORTEST_HEX = 12
_READABLE = re.compile(rb"[\t\n\r\x20-\x7e]{8,}")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_STANDARD = bytes(byte if byte in _ALPHABET + b"+/" else 0x20 for byte in range(256))
_URL_SAFE = bytes(byte if byte in _ALPHABET + b"-_" else 0x20 for byte in range(256))
_EITHER = bytes(byte if byte in _ALPHABET + b"+/-_" else 0x20 for byte in range(256))
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_WRAPPED = re.compile(rb"(?:[A-Za-z0-9+/]{64} +|[A-Za-z0-9+/]{76} +)+[A-Za-z0-9+/]+")
_WRAPPED_LINES = frozenset((64, 76))
_HEX = re.compile(rb"x?((?:[0-9a-fA-F]{2}){%d,})" % (_SHORTEST_HEX // 2))
_PARAMETERS = re.compile(rb"[?&=]")
_LEXEMES = re.compile(rb"'((?:[^'\"]|'')+)':(\d+)[A-D]?((?:,\d+[A-D]?)*)")
_POSITION = re.compile(rb"\d+")
_ZLIB_STARTS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_GZIP_START = b"\x1f\x8b\x08"


def base64(buffer: bytes) -> Iterator[bytes]:
    """Runs of either base64 alphabet, padded or not, that hold something readable, or something compressed that does.

    Django's signed values are ``.payload:time:signature``, and their punctuation is in neither alphabet. A word of
    lower-case letters alone is passed over: an at sign, or three digits in a row, makes for a capital letter.
    """
    either = {run for run in buffer.translate(_EITHER).split() if len(run) >= _SHORTEST_BASE64}
    runs = {run for run in either if run.isalnum()}
    for mixed in either - runs:
        runs.update(mixed.translate(_STANDARD).split(), mixed.translate(_URL_SAFE).split())
    if not _WRAPPED_LINES.isdisjoint(map(len, runs)):
        runs.update(run.replace(b" ", b"") for run in _WRAPPED.findall(buffer))
    for run in runs:
        if len(run) >= _SHORTEST_BASE64 and not (run.isalpha() and run.islower()):
            yield from _readable(_from_base64(run))


def hexadecimal(buffer: bytes) -> Iterator[bytes]:
    r"""Runs of hexadecimal digits, such as bytea's ``\x6a616e65``."""
    for run in {run for run in buffer.translate(_STANDARD).split() if len(run) >= _SHORTEST_HEX}:
        if match := _HEX.fullmatch(run):
            yield from _readable(bytes.fromhex(match[1].decode()))


def percent(buffer: bytes) -> Iterator[bytes]:
    """Words with percent-encoding and parameters of URLs, each apart; a plus sign may be a space."""
    if b"%" not in buffer and b"+" not in buffer:
        return
    suspects = {piece for piece in buffer.split(b'"') if b"%" in piece or (b"+" in piece and b"=" in piece)}
    for word in {word for piece in suspects for word in piece.split() if b"%" in word or b"+" in word}:
        for reading in {word, word.replace(b"+", b" ")}:
            yield b'"'.join(unquote_to_bytes(part) for part in _PARAMETERS.split(reading))


def tsvector(buffer: bytes) -> Iterator[bytes]:
    """The words of ``'lexeme':1,5A`` lists, in the order of their positions."""
    if b"':" not in buffer:
        return
    for piece in buffer.split(b'"'):
        places = [
            (int(place), lexeme)
            for lexeme, first, others in _LEXEMES.findall(piece)
            for place in (first, *_POSITION.findall(others))
        ]
        if places:
            yield b" ".join(lexeme for _, lexeme in sorted(places))


DECODERS: tuple[Decoder, ...] = (base64, hexadecimal, percent, tsvector)


def _from_base64(run: bytes) -> bytes:
    standard = run.translate(_TO_STANDARD)
    if len(standard) % 4 == 1:
        standard = standard[:-1]
    try:
        return b64decode(standard + b"=" * (-len(standard) % 4))
    except Error:
        return b""


def _readable(data: bytes) -> Iterator[bytes]:
    """The data if somebody could read it, unpacked if it is compressed; nothing if it is noise."""
    if data.startswith((*_ZLIB_STARTS, _GZIP_START)):
        data = _unpacked(data) or data
    if _READABLE.search(data) or _is_text(data):
        yield data


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(data, LONGEST_UNPACKED)
    except zlib.error:
        return b""


def _is_text(data: bytes) -> bool:
    try:
        return bool(data) and data.decode().isprintable()
    except UnicodeDecodeError:
        return False
