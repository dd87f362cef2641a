r"""From stored bytes to comparable words: escapes undone, case and Unicode forms folded, cut into pieces.

Everything works in bulk on a whole buffer and serves both sides: what is remembered of the raw archive and what is
looked up in the written one go through these functions. Encodings that hide text altogether are hidden.py's matter.

A buffer is pieces between double quotes: a quote ends a field, a JSON string or a line alike, and so do the brackets of
an HTML tag. Escapes of COPY, JSON and JSON inside JSON differ only in the number of backslashes, so a run of them is
read as one. Buffers that are too long for all this are cut first, see seams.py.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

SEPARATOR = b'"'
BETWEEN = b"\0"
"""Between many values in one buffer: PostgreSQL's text cannot hold it, and JSON's hardly ever does."""
_ENTITIES_OF_ENTITIES = 4
# A pair of surrogates is one character. The pattern begins with a literal, which is far faster to look for.
_ESCAPE = re.compile(rb'\\\\*(u[0-9a-fA-F]{4}(?:\\+u[0-9a-fA-F]{4})*|["/nrtfbv]|)')
_ESCAPED = {b'"': SEPARATOR, b"/": b"/", **dict.fromkeys((b"n", b"r", b"t", b"f", b"b", b"v"), b" ")}
# Whole entities only, so that what stands beside a text does not matter.
_ENTITY = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z][a-zA-Z0-9]{1,31};)")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_NOT_WORDS = re.compile(r"[^\w\x00-\x7f]+")

_LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789" + bytes(range(0x80, 0x100))


def only(kept: bytes) -> bytes:
    """A table for ``bytes.translate`` that turns every other byte into a space."""
    return bytes(byte if byte in kept else 0x20 for byte in range(256))


_ENDS_OF_FIELDS = bytes.maketrans(b"\t\n", b'""')
_LINES_OF_A_VALUE = bytes.maketrans(b"\t\n\r", b"   ")
_TAGS_AND_SEPARATORS = bytes.maketrans(b'<>"', b"   ")
_TOKEN_LETTERS = only(_LETTERS + b"_.@+-")
_WORD_LETTERS = only(_LETTERS)
_WORDS_AND_TAGS = only(_LETTERS + SEPARATOR + b"<>").translate(bytes.maketrans(b"<>", SEPARATOR * 2))

_MARKS = (b"\\", b"&", b'"', b"<", b">")
_WORDS_OF_EACH = bytes(byte and _WORD_LETTERS[byte | 0x20 if 65 <= byte <= 90 else byte] for byte in range(256))


def of_rows(rows: bytes) -> bytes:
    """The plain text of COPY rows: a separator after each field, no escapes."""
    return _plain(rows.translate(_ENDS_OF_FIELDS))


def of_value(value: bytes) -> bytes:
    """The plain text of one value; its lines stay together."""
    return _plain(value.translate(_LINES_OF_A_VALUE))


def _plain(text: bytes) -> bytes:
    if b"\\" in text:
        text = _without_escapes(text)
    return _without_entities(text) if b"&" in text else text


def _without_escapes(text: bytes) -> bytes:
    # Nearly all are quotes of JSON inside JSON, once or twice, or new lines in it, which is quicker to say so.
    text = text.replace(rb'\\\\\\"', SEPARATOR).replace(rb'\\"', SEPARATOR)
    if rb"\\\n" not in text:
        text = text.replace(rb"\\n", b" ")
    return _ESCAPE.sub(_unescaped, text) if b"\\" in text else text


def _unescaped(match: re.Match[bytes]) -> bytes:
    escaped = match[1]
    if escaped[:1] != b"u":
        return _ESCAPED.get(escaped, b"\\")
    units = bytes.fromhex(escaped.translate(None, b"\\u").decode())
    return units.decode("utf-16-be", "replace").encode()


def _without_entities(text: bytes) -> bytes:
    """Entities undone, and entities of entities; HTML that was put into HTML has ``&amp;#64;``."""
    decoded = text.decode("utf-8", "surrogateescape")
    for _ in range(_ENTITIES_OF_ENTITIES):
        undone = _ENTITY.sub(lambda match: html.unescape(match[0]), decoded)
        if undone == decoded:
            break
        decoded = undone
    return decoded.encode("utf-8", "surrogateescape")


def runs(plain: bytes) -> set[bytes]:
    """The different runs of characters between white space, separators and brackets of tags."""
    return set(plain.translate(_TAGS_AND_SEPARATORS).split())


def fold(text: bytes) -> bytes:
    """Lower case, NFKC, invisible characters gone; what is neither ASCII nor part of a word becomes a space."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text.decode("utf-8", "replace")).casefold()
    folded = _INVISIBLE.sub("", unicodedata.normalize("NFKC", folded))
    return _NOT_WORDS.sub(" ", folded).encode()


def fold_apart(plain: bytes) -> bytes:
    """A buffer folded, its pieces in another order; what is not ASCII is folded apart, because that is slow."""
    if plain.isascii():
        return fold(plain)
    parts = plain.split(SEPARATOR)
    foreign = [part for part in parts if not part.isascii()]
    ascii_ = [part for part in parts if part.isascii()]
    return SEPARATOR.join([fold(SEPARATOR.join(group)) for group in (ascii_, foreign)])


def tokens(folded: bytes) -> set[bytes]:
    """Everything between white space and punctuation; dots, dashes, plus and at signs inside belong to it."""
    return {token.strip(b".@+-") for token in set(folded.translate(_TOKEN_LETTERS).split())}


def without_file_endings(tokens: set[bytes]) -> set[bytes]:
    """What is left of tokens that end like a file's name."""
    parts = (token.rpartition(b".") for token in tokens if b"." in token)
    return {name for name, _, ending in parts if ending in _FILE_ENDINGS}


def words(folded: bytes) -> list[bytes]:
    """All words of a buffer; a word is letters and digits only."""
    return folded.translate(_WORD_LETTERS).split()


def pieces(folded: bytes) -> list[list[bytes]]:
    """The words of each piece of a buffer."""
    return [words for piece in folded.translate(_WORDS_AND_TAGS).split(SEPARATOR) if (words := piece.split())]


def sentences(folded: bytes) -> set[bytes]:
    """The different pieces of a buffer, their words joined by single spaces: ``pieces``, in far less time."""
    spaced = folded.translate(_WORDS_AND_TAGS)
    while b"  " in spaced:
        spaced = spaced.replace(b"  ", b" ")
    return {piece.strip() for piece in set(spaced.split(SEPARATOR))}


def is_simple(values: bytes) -> bool:
    """Whether nothing has to be undone in a value, or in many: ASCII without escapes, entities, quotes, tags."""
    return values.isascii() and not any(mark in values for mark in _MARKS)


def words_of_each(values: bytes) -> list[bytes]:
    """The words of each of many simple values, joined by single spaces; ``pieces`` gives the same in far more time.

    Args:
        values: the values, not folded, with a zero byte between two of them.
    """
    spaced = b" ".join(values.translate(_WORDS_OF_EACH).split())
    return spaced.replace(b" \0", b"\0").replace(b"\0 ", b"\0").split(b"\0")


_LOCAL_PART = only(_LETTERS + b"_.+'-")
_DOMAIN = re.compile(rb"@([0-9a-z\x80-\xff-]+(?:\.[0-9a-z\x80-\xff-]+)+)")
_LONGEST_LOCAL_PART = 64
_LONGEST_DOMAIN = 255
_ENDINGS_OF_NO_DOMAIN = frozenset((b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"avif", b"css", b"js", b"pdf"))
_FILE_ENDINGS = _ENDINGS_OF_NO_DOMAIN.union(
    (b"doc", b"docx", b"odt", b"rtf", b"txt", b"md", b"xls", b"xlsx", b"ods", b"csv", b"tsv", b"ppt", b"pptx", b"odp"),
    (b"htm", b"html", b"php", b"aspx", b"xml", b"json", b"zip", b"gz", b"eml", b"msg", b"ics", b"vcf"),
    (b"bmp", b"tif", b"tiff", b"heic", b"ico", b"mp3", b"mp4", b"mov", b"m4a", b"wav"),
)


def addresses(folded: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The e-mail addresses in a folded buffer, as local part and domain, each as long as it can be."""
    for match in _DOMAIN.finditer(folded):
        place = match.start()
        before = folded[max(0, place - _LONGEST_LOCAL_PART) : place]
        name = before.translate(_LOCAL_PART).rpartition(b" ")[2].strip(b".+'-")
        if not name:
            continue
        domain = match[1]
        if len(domain) > _LONGEST_DOMAIN and not (domain := _shortened(domain)):
            continue
        host = _without_file_ending(domain.rstrip(b"-"))
        _, dot, ending = host.rpartition(b".")
        if dot and len(ending) > 1 and not ending.isdigit():
            yield name, host


def _shortened(domain: bytes) -> bytes:
    """As much of a domain as may be looked at; nothing if that is none."""
    match = _DOMAIN.match(b"@" + domain[:_LONGEST_DOMAIN])
    return match[1] if match else b""


def _without_file_ending(host: bytes) -> bytes:
    """A picture's name may be ``logo@2x.png``, which is no address, or ``jo@home.example.png``, which holds one."""
    name, _, ending = host.rpartition(b".")
    return name if ending in _ENDINGS_OF_NO_DOMAIN else host


def address_forms(local: bytes, domain: bytes) -> Iterator[bytes]:
    """An address and what it may be without what stands beside it: ``hi+`` in a form's body, ``.Next`` in a text."""
    labels = domain.split(b".")
    while True:
        for length in range(len(labels), 1, -1):
            yield local + b"@" + b".".join(labels[:length])
        _, plus, local = local.partition(b"+")
        if not plus or not local:
            return


# The pattern begins with a set of bytes, which is faster to look for than an optional plus.
_PHONE_RUN = re.compile(rb"[+\d][\d ().-]{7,}\d")
_PHONE_RUN_BEHIND_PLUS = re.compile(rb"\d[\d ().-]{7,}\d")
# Whatever such a run is made of; a search for nine of them is quicker than a pattern.
_MARKS_OF_PHONES = bytes(0x78 if byte in b"+0123456789 ().-" else 0x20 for byte in range(256))
_SHORTEST_RUN = b"x" * 9
_MARKED = re.compile(rb"x+")
# Quickly told from dates and sums: a group that begins as a number of the United Kingdom does, or one from abroad.
_MAY_BE_PHONE = re.compile(rb"\A[+0]|\(0\)|(?<!\d)(?:0\d\d|44)")
_DIGITS = re.compile(rb"\d+")
_NATIONAL_DIGITS = 10
# The longest prefix is 00440.
_MOST_GROUPS = _NATIONAL_DIGITS + 5
# ITU-T E.164: a country's code, which begins with no 0, and the number; fifteen digits at most together.
_ABROAD = re.compile(rb"(?:\+|00)((?!44)[1-9]\d{8,14})")


def phones(folded: bytes) -> set[bytes]:
    """The telephone numbers in a buffer.

    Those of the United Kingdom are their ten digits without the leading 0 or +44, those of other countries a + and all
    digits; they begin with + or 00, so that they can be told from other figures.

    Ofcom's numbering plan: all but a few old numbers have ten digits after the 0. Groups of digits are joined, so the
    area code must be a group of its own, or begin one.
    """
    return {number for run in _phone_runs(folded) for number in numbers_of_run(run)}


@lru_cache(maxsize=1 << 12)
def numbers_of_run(run: bytes) -> frozenset[bytes]:
    """The numbers in one run of digits and what may stand between them, with its plus."""
    groups = _DIGITS.findall(run.replace(b"(0)", b""))
    found = _abroad(b"+" if run.startswith(b"+") else b"", groups)
    for first in range(len(groups)):
        if number := _national(groups[first : first + _MOST_GROUPS]):
            found.add(number)
    return frozenset(found)


def _phone_runs(folded: bytes) -> Iterator[bytes]:
    """The different runs that may hold a number: from a digit to a digit, with a plus right before if there is one."""
    marks = folded.translate(_MARKS_OF_PHONES)
    parts = []
    place = marks.find(_SHORTEST_RUN)
    while place >= 0:
        end = _MARKED.match(marks, place).end()  # type: ignore[union-attr]  # it begins with what was found
        parts.append(folded[place:end])
        place = marks.find(_SHORTEST_RUN, end)
    for run in set(_PHONE_RUN.findall(SEPARATOR.join(parts))):
        if not _MAY_BE_PHONE.search(run):
            continue
        if not run.startswith(b"+"):
            yield run
        elif match := _PHONE_RUN_BEHIND_PLUS.search(run):
            yield run if match.start() == 1 else match[0]


def as_dialled(number: bytes) -> bytes:
    """A number of ``phones`` as it is written in the United Kingdom."""
    return number if number.startswith(b"+") else b"0" + number


def _abroad(plus: bytes, groups: list[bytes]) -> set[bytes]:
    """The number that a run is as a whole. Minutes such as 10:00 are followed by a space, so 00 alone is no prefix."""
    number = _ABROAD.fullmatch(plus + b"".join(groups)) if groups[0] != b"00" else None
    return {b"+" + number[1]} if number else set()


def _national(groups: list[bytes]) -> bytes:
    """The ten digits if the groups begin with a national number, else nothing."""
    head = groups[0]
    if not head.startswith((b"0", b"44")):
        return b""
    joined = b""
    for group in groups:
        joined += group
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
