r"""Text that hides inside other text: base64 (zlib or gzip inside it), hexadecimal, percent-encoding, and others.

Each decoder takes a buffer as text.py makes it, case untouched, and yields what it uncovers, as values of their own;
what they hide in turn is searched again. Nothing here decides what is an identifier.
"""

import re
import zlib
from binascii import Error, a2b_base64, a2b_qp
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import accumulate, chain
from urllib.parse import unquote_to_bytes

from bc_pipelines.proof import text
from bc_pipelines.proof.seams import WINDOW, windows

Decoder = Callable[[bytes], Iterator[bytes]]

LONGEST_UNPACKED = 32 << 20
# The shortest address, a@b.uk, is six bytes.
_SHORTEST_BASE64 = 8
_SHORTEST_HEX = 12
_READABLE = re.compile(rb"[\t\n\r\x20-\x7e]{8,}")
# Quickly told from noise, which most of what was never base64 becomes: characters of UTF-8, and no controls.
_UTF8 = re.compile(rb"(?:[\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})++")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_STANDARD = text.only(_ALPHABET + b"+/")
_URL_SAFE = text.only(_ALPHABET + b"-_")
_EITHER = text.only(_ALPHABET + b"+/-_")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_LETTERS_OF_LINES = bytes(0x78 if byte in _ALPHABET + b"+/" else 0x20 for byte in range(256))
_SHORTEST_LINE = b"x" * 64 + b" "
_WRAPPED = re.compile(rb"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{64} +|[A-Za-z0-9+/]{76} +)+[A-Za-z0-9+/]+")
_HEX = re.compile(rb"x?((?:[0-9a-fA-F]{2}){%d,})" % (_SHORTEST_HEX // 2))
_PARAMETERS = re.compile(rb"[?&=]")
_LEXEMES = re.compile(rb"'((?:[^'\"]|'')+)':(\d+)[A-D]?((?:,\d+[A-D]?)*)")
_POSITION = re.compile(rb"\d+")
_QUOTED_BYTE = re.compile(rb"=[0-9A-F]{2}")
_LINE_BREAK = re.compile(rb"<[bB][rR](?:[\s/][^<>}]*)?>")
# Without what search.py cuts rows at.
_INLINE_TAG = re.compile(
    rb"</?(?:a|abbr|b|bdi|code|del|em|embed|font|i|ins|mark|q|s|small|span|strong|su[bp]|u|wbr)"
    rb'(?:[\s/][^<>}"]*+(?:"(?!, ")[^<>}"]*+)*+)?>',
    re.IGNORECASE,
)
# A control character that PostgreSQL may keep in a text, but that nobody writes.
_MARK = b"\x01"
# An address or a name is shorter.
_NEAR = 100
_BRACKETS = bytes.maketrans(b"<>", b'""')
# zlib at its four levels, gzip.
_PACKED_STARTS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"\x1f\x8b\x08")
# By the length of a run modulo 4: what is dropped, because a single character is less than a byte, and what is added.
_NEEDLESS = (0, 1, 0, 0)
_FILLINGS = (b"AAAA", b"AAAA", b"AAAAAA", b"AAAAA")
# Behind zero bytes: something packed, or characters of UTF-8 up to the next ones, of which a filling may spoil two.
_MAY_BE_READ = re.compile(
    rb"(?<=\0\0\0)(?:%s|(?:%s)(?=[\x00-\xff]{0,2}\0\0\0))" % (b"|".join(map(re.escape, _PACKED_STARTS)), _UTF8.pattern)
)


def base64(buffer: bytes) -> Iterator[bytes]:
    """Runs of either base64 alphabet, padded or not, that hold something readable, or something compressed that does.

    Django's signed values are ``.payload:time:signature``, and their punctuation is in neither alphabet. A word of
    lower-case letters alone is passed over: an at sign, or three digits in a row, makes for a capital letter.
    """
    standard, url_safe = _runs(buffer)
    runs = [
        run for run in standard | url_safe if len(run) >= _SHORTEST_BASE64 and not (run.isalpha() and run.islower())
    ]
    for run in _not_noise(runs):
        yield from _readable(_from_base64(run))


def _not_noise(runs: Sequence[bytes]) -> list[bytes]:
    """Runs of base64, without most of those that become noise: all are decoded at once to tell which may be readable.

    Four characters are three bytes by themselves, so that runs of whole groups can be decoded together. Groups that
    the alphabet's first letter fills up come to zero bytes, and so do those between two runs; what it fills up may
    become one character more, or two.
    """
    groups = [run[: len(run) - _NEEDLESS[len(run) & 3]] + _FILLINGS[len(run) & 3] for run in runs]
    decoded = a2b_base64(_FILLINGS[0] + b"".join(groups).translate(_TO_STANDARD))
    places = [match.start() for pattern in (_READABLE, _MAY_BE_READ) for match in pattern.finditer(decoded)]
    if not places:
        return []
    ends = list(accumulate(len(group) // 4 * 3 for group in groups))
    # The first zero bytes stand before all runs, and the others behind each.
    return [runs[number] for number in sorted({bisect_right(ends, max(0, place - 3)) for place in places})]


@lru_cache(maxsize=1)
def _runs(buffer: bytes) -> tuple[set[bytes], set[bytes]]:
    """The different runs of either base64 alphabet; those that belong to both alphabets are among the first."""
    either = {run for run in buffer.translate(_EITHER).split() if len(run) >= _SHORTEST_BASE64}
    standard = {run for run in either if run.isalnum()}
    mixed = b" ".join(either - standard)
    standard.update(mixed.translate(_STANDARD).split())
    return standard, set(mixed.translate(_URL_SAFE).split())


def wrapped_base64(buffer: bytes) -> Iterator[bytes]:
    """Base64 in lines of 64 or 76 characters, as PEM (RFC 7468) and MIME (RFC 2045) have it."""
    if _SHORTEST_LINE in buffer.translate(_LETTERS_OF_LINES):
        for run in _WRAPPED.findall(buffer):
            yield from _readable(_from_base64(run.replace(b" ", b"")))


def hexadecimal(buffer: bytes) -> Iterator[bytes]:
    r"""Runs of hexadecimal digits, such as bytea's ``\x6a616e65``."""
    for run in _runs(buffer)[0]:
        if len(run) >= _SHORTEST_HEX and (match := _HEX.fullmatch(run)):
            yield from _readable(bytes.fromhex(match[1].decode()))


def percent(buffer: bytes) -> Iterator[bytes]:
    """Words with percent-encoding and parameters of URLs, each apart; a plus sign may be a space."""
    if b"%" not in buffer and not (b"+" in buffer and b"=" in buffer):
        return
    for word in text.runs(buffer):
        if b"%" in word or (b"+" in word and b"=" in word):
            for reading in {word, word.replace(b"+", b" ")}:
                yield b'"'.join(unquote_to_bytes(part) for part in _PARAMETERS.split(reading))


def quoted_printable(buffer: bytes) -> Iterator[bytes]:
    """Pieces of e-mail in the encoding of RFC 2045; the ends of its lines are spaces by now."""
    if _QUOTED_BYTE.search(buffer):
        for piece in buffer.split(b'"'):
            if _QUOTED_BYTE.search(piece):
                yield a2b_qp(piece.replace(b"= ", b""))


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


def inline_tags(buffer: bytes) -> Iterator[bytes]:
    """What stands beside HTML tags that no reader sees, without them: ``Jo<b>hn</b>``. A line break is a space."""
    if b"<" not in buffer:
        return
    marked = _INLINE_TAG.sub(_MARK, _LINE_BREAK.sub(_MARK + b" ", buffer)).translate(_BRACKETS)
    first, *parts = marked.split(_MARK)
    beside = [_end(first)]
    for part in parts:
        start, separator, _ = part[:_NEAR].partition(b'"')
        beside.append(start)
        if separator or len(part) > _NEAR:
            yield b"".join(beside)
            beside = [_end(part)]
    if parts:
        yield b"".join(beside)


def _end(part: bytes) -> bytes:
    return part[-_NEAR:].rpartition(b'"')[2]


OF_RUNS: tuple[Decoder, ...] = (base64, hexadecimal, percent)
"""What hides in a run of characters without white space, so that no run need be looked at twice."""
DECODERS: tuple[Decoder, ...] = (*OF_RUNS, wrapped_base64, quoted_printable, tsvector, inline_tags)


def _from_base64(run: bytes) -> bytes:
    whole = run[:-1] if len(run) % 4 == 1 else run
    try:
        return a2b_base64(whole.translate(_TO_STANDARD) + b"==")
    except Error:
        return b""


def _readable(data: bytes) -> Iterator[bytes]:
    """The data if somebody could read it, unpacked if it is compressed; nothing if it is noise."""
    if data.startswith(_PACKED_STARTS):
        unpacked = _unpacked(data)
        for piece in chain([next(unpacked, data)], unpacked):
            if _is_readable(piece):
                yield piece
    elif _is_readable(data):
        yield data


def _is_readable(data: bytes) -> bool:
    if _READABLE.search(data):
        return True
    if not _UTF8.fullmatch(data):
        return False
    try:
        return data.decode().isprintable()
    except UnicodeDecodeError:
        return False


def _unpacked(data: bytes) -> Iterator[bytes]:
    """What is compressed, a window at a time, as far as it is sound, and no more than ``LONGEST_UNPACKED`` bytes."""
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    held, size = b"", 0
    with suppress(zlib.error):
        while data and size < LONGEST_UNPACKED:
            piece = stream.decompress(data, WINDOW)
            data, size = stream.unconsumed_tail, size + len(piece)
            *complete, held = windows(held + piece)
            yield from complete
    if held:
        yield held
