r"""From stored bytes to comparable words: escapes undone, case and Unicode forms folded, cut into pieces.

Everything works in bulk on a whole buffer and serves both sides: what is remembered of the raw archive and what is
looked up in the written one go through these functions. Encodings that hide text altogether are hidden.py's matter.

A buffer is pieces between double quotes: a quote ends a field, a JSON string, a line or an HTML tag alike. Escapes of
COPY, JSON and JSON inside JSON differ only in the number of backslashes, so a run of them is read as one.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

SEPARATOR = b'"'
_LONGEST_PIECE = 1 << 20
_OVERLAP = 512
_WHITESPACE_ESCAPES = (rb"\n", rb"\t", rb"\r", rb"\f", rb"\b", rb"\v")
# A pair of surrogates is one character. The pattern begins with a literal, which is far faster to look for.
_UNICODE_ESCAPES = re.compile(rb"\\u[0-9a-fA-F]{4}(?:\\u[0-9a-fA-F]{4})*")
_ENTITY = re.compile(r"&(?:#\d|#[xX][0-9a-fA-F]|[a-zA-Z]{2,8};)")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_NOT_WORDS = re.compile(r"[^\w\x00-\x7f]+")

_LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789" + bytes(range(0x80, 0x100))


def _only(kept: bytes) -> bytes:
    """A table for ``bytes.translate`` that turns every other byte into a space."""
    return bytes(byte if byte in kept else 0x20 for byte in range(256))


_ENDS_OF_FIELDS = bytes.maketrans(b"\t\n", b'""')
_LINES_OF_A_VALUE = bytes.maketrans(b"\t\n\r", b"   ")
_TAGS = bytes.maketrans(b"<>", b'""')
_TOKEN_LETTERS = _only(_LETTERS + b"_.@+-")
_WORD_LETTERS = _only(_LETTERS + SEPARATOR)


def of_rows(rows: bytes) -> bytes:
    """The plain text of COPY rows: a separator after each field, no escapes."""
    return _plain(rows.translate(_ENDS_OF_FIELDS))


def of_value(value: bytes) -> bytes:
    """The plain text of one value; its lines stay together."""
    return _plain(value.translate(_LINES_OF_A_VALUE))


def _plain(text: bytes) -> bytes:
    if b"\\" in text:
        text = _without_escapes(text)
    if b"&" in text:
        text = _without_entities(text)
    return text.translate(_TAGS)


def _without_escapes(text: bytes) -> bytes:
    # Nearly all are quotes of JSON inside JSON, and each pass below is faster without them.
    text = text.replace(rb'\\"', SEPARATOR)
    while rb"\\" in text:
        text = text.replace(rb"\\", b"\\")
    text = text.replace(rb"\"", SEPARATOR)
    for escape in _WHITESPACE_ESCAPES:
        text = text.replace(escape, b" ")
    if rb"\u" in text:
        text = _UNICODE_ESCAPES.sub(_characters, text)
    return text.replace(rb"\/", b"/")


def _characters(match: re.Match[bytes]) -> bytes:
    units = bytes.fromhex(match[0].replace(rb"\u", b"").decode())
    return units.decode("utf-16-be", "replace").encode()


def _without_entities(text: bytes) -> bytes:
    decoded = text.decode("utf-8", "surrogateescape")
    return html.unescape(decoded).encode("utf-8", "surrogateescape") if _ENTITY.search(decoded) else text


def cut(plain: bytes) -> set[bytes]:
    """The different pieces of a buffer; one of extreme length in overlapping parts, cut where there is a space."""
    found = set(plain.split(SEPARATOR))
    for piece in {piece for piece in found if len(piece) > _LONGEST_PIECE}:
        found.remove(piece)
        start = 0
        while start < len(piece):
            end = piece.find(b" ", start + _LONGEST_PIECE)
            end = end if end >= 0 else len(piece)
            found.add(piece[start:end])
            overlap = piece.find(b" ", end - _OVERLAP, end)
            start = overlap if start < overlap and end < len(piece) else end
    return found


def fold(text: bytes) -> bytes:
    """Lower case, NFKC, invisible characters gone; what is neither ASCII nor part of a word becomes a space."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text.decode("utf-8", "replace")).casefold()
    folded = _INVISIBLE.sub("", unicodedata.normalize("NFKC", folded))
    return _NOT_WORDS.sub(" ", folded).encode()


def tokens(folded: bytes) -> set[bytes]:
    """Everything between white space and punctuation; dots, dashes, plus and at signs inside belong to it."""
    return {token.strip(b".@+-") for token in set(folded.translate(_TOKEN_LETTERS).split())}


def pieces(folded: bytes) -> list[list[bytes]]:
    """The words of each piece of a buffer; a word is letters and digits only."""
    return [words for piece in folded.translate(_WORD_LETTERS).split(SEPARATOR) if (words := piece.split())]


_LOCAL_PART = re.compile(rb"[0-9a-z_.+'\x80-\xff-]+\Z")
_DOMAIN = re.compile(rb"[0-9a-z\x80-\xff-]+(?:\.[0-9a-z\x80-\xff-]+)+")
_LONGEST_LOCAL_PART = 64
_LONGEST_DOMAIN = 255
_FILE_ENDINGS = frozenset((b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"avif", b"css", b"js", b"pdf"))


def addresses(folded: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The e-mail addresses in a folded buffer, as local part and domain, each as long as it can be."""
    parts = folded.split(b"@")
    for before, after in pairwise(parts):
        local = _LOCAL_PART.search(before[-_LONGEST_LOCAL_PART:])
        domain = _DOMAIN.match(after[:_LONGEST_DOMAIN])
        if not local or not domain:
            continue
        name, host = local[0].strip(b".+'-"), domain[0].rstrip(b"-")
        ending = host.rpartition(b".")[2]
        if name and len(ending) > 1 and not ending.isdigit() and ending not in _FILE_ENDINGS:
            yield name, host


def address_forms(local: bytes, domain: bytes) -> Iterator[bytes]:
    """An address and what it may be without what stands beside it: ``hi+`` in a form's body, ``.Next`` in a text."""
    labels = domain.split(b".")
    while True:
        for length in range(len(labels), 1, -1):
            yield local + b"@" + b".".join(labels[:length])
        _, plus, local = local.partition(b"+")
        if not plus or not local:
            return


_PHONE_RUN = re.compile(rb"\+?\d[\d ().-]{7,}\d")
_DIGITS = re.compile(rb"\+?\d+")
_NATIONAL_DIGITS = 10


def phones(folded: bytes) -> set[bytes]:
    """The United Kingdom's telephone numbers in a buffer, as their ten digits without the leading 0 or +44.

    Ofcom's numbering plan: all but a few old numbers have ten digits after the 0. Groups of digits are joined, so the
    area code must be a group of its own, or begin one.
    """
    found = set()
    for run in _PHONE_RUN.findall(folded):
        groups = _DIGITS.findall(run.replace(b"(0)", b""))
        for first in range(len(groups)):
            if number := _national(groups[first:]):
                found.add(number)
    return found


def _national(groups: list[bytes]) -> bytes:
    """The ten digits if the groups begin with a national number, else nothing."""
    head = groups[0].lstrip(b"+")
    if not head.startswith((b"0", b"44")):
        return b""
    joined = b""
    for group in [head, *groups[1:]]:
        joined += group.lstrip(b"+")
        digits = _without_prefix(joined)
        if len(digits) >= _NATIONAL_DIGITS:
            return digits if len(digits) == _NATIONAL_DIGITS and _has_area_code(head) else b""
    return b""


def _without_prefix(digits: bytes) -> bytes:
    for prefix in (b"00440", b"0044", b"440", b"44", b"0"):
        if digits.startswith(prefix):
            return digits[len(prefix) :]
    return digits


def _has_area_code(head: bytes) -> bool:
    """A date such as 01-02-2024 is no number: 01 alone is too short for an area code."""
    return len(head) > 2 or head == b"44"
