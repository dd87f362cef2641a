"""JSON in a value: every text of a document with its key, and the texts at a path.

A document that Python's own reader would need too much memory for is read text by text instead; a single character of
another script makes four bytes of each. Belongs here: reading JSON. Does not belong here: what a text tells of somebody
(extract.py).
"""

import json
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bc_pipelines.pgarchive import copytext

# PostgreSQL's text cannot hold it, and JSON's hardly ever does.
_BETWEEN = b"\0"

LONG = 1 << 20
"""Longer documents, in bytes, are read text by text."""

_LONGEST_OPENED = 1 << 20
_OPENINGS = frozenset(("{", "["))

_STRING = re.compile(rb'"((?:[^"\\]++|\\.)*+)"(\s*+:)?+', re.DOTALL)
# As COPY writes JSON: each of its backslashes twice, and single ones before letters for white space.
_TOKEN_IN_FIELD = re.compile(rb'"(?:[^"\\]++|\\\\(?:\\\\|.)|\\.)*+"|[{}\[\],]', re.DOTALL)


def in_field(field: bytes, path: Sequence[str]) -> Iterator[bytes]:
    """What a field of a COPY row holds, as documents in which a path can be looked for.

    Args:
        field: the field, still escaped.
        path: the path. Without one, the document is the whole value, which need not be JSON.

    Yields:
        The value, unless it is NULL or empty; of a long one, only what stands behind the path's first key, which may
        then be at any depth.
    """
    if not path or len(field) <= LONG:
        if value := copytext.unescape(field):
            yield value
        return
    key = path[0].encode()
    for match in re.finditer(rb'"%s"\s*+:\s*+' % re.escape(key), field):
        part = copytext.unescape(field[match.end() : _end_of_value(field, match.end())]) or b"null"
        yield b'{"%s": %s}' % (key, part)


def leaves(value: bytes) -> Iterator[tuple[str, bytes]]:
    """Every text of a document with the nearest key above it; texts that hold JSON are opened.

    Args:
        value: a document; anything else is one text without a key, as is what nests too deeply to be walked.
    """
    if len(value) > LONG and value[:1] in (b"{", b"["):
        yield from _leaves_one_by_one(value)
        return
    try:
        found: list[tuple[str, bytes]] = []
        _take_leaves(_json(value), "", found)
    except RecursionError:
        found = [("", value)]
    yield from found


@dataclass(frozen=True)
class Leaves:
    """The texts of many documents.

    Attributes:
        owners: the number of the document that each text stands in.
        keys: the nearest key above it.
        values: the text.
    """

    owners: list[int]
    keys: list[str]
    values: list[bytes]


def values_of(fields: Sequence[bytes]) -> Sequence[bytes]:
    """The values of many fields of COPY rows, still escaped, none of them NULL."""
    joined = b"\n".join(fields)
    if b"\\" not in joined:
        return fields
    # In JSON all are escapes of a backslash, which is quicker to undo at once.
    marked = joined.replace(rb"\\", _BETWEEN)
    if b"\\" in marked or _BETWEEN in joined:
        return [copytext.unescape(field) or b"" for field in fields]
    return marked.replace(_BETWEEN, b"\\").split(b"\n")


def parse_all(values: Sequence[bytes]) -> list[object] | None:
    """Many documents at once, each shorter than ``LONG``; None where it takes a closer look at each of them."""
    # Nobody can guess it, so that only documents that are whole leave each of its copies in its place.
    between = json.dumps(secrets.token_hex(16))
    try:
        parsed: list[object] = json.loads(b"[%s]" % f",{between},".encode().join(values))
    except (ValueError, RecursionError):
        return None
    marks = parsed[1::2]
    is_sound = len(parsed) == 2 * len(values) - 1 and marks.count(json.loads(between)) == len(marks)
    return parsed[::2] if is_sound else None


def leaves_of_all(values: Sequence[bytes]) -> Leaves | None:
    """What ``leaves`` gives for each of many values, in their order; None where it takes a closer look at each."""
    documents = parse_all(values)
    if documents is None:
        return None
    owners: list[int] = []
    keys: list[str] = []
    texts: list[str] = []
    for number, document in enumerate(documents):
        before = len(texts)
        try:
            _take_flat(document, keys, texts)
        except RecursionError:
            return None
        owners.extend([number] * (len(texts) - before))
    found = _BETWEEN.decode().join(texts).encode("utf-8", "replace").split(_BETWEEN) if texts else []
    return Leaves(owners, keys, found) if len(found) == len(texts) else None


def at(value: bytes, path: Sequence[str]) -> list[bytes]:
    """The texts at a path inside a document.

    Args:
        value: a document.
        path: keys, and ``*`` for every item of a list.
    """
    return in_document(_json(value), path)


def in_document(document: object, path: Sequence[str]) -> list[bytes]:
    """The same for a document that was parsed."""
    found = [document]
    for key in path:
        if key == "*":
            found = [item for each in found if isinstance(each, list) for item in each]
        else:
            found = [each[key] for each in found if isinstance(each, dict) and key in each]
    return [_encoded(each) for each in found if isinstance(each, str)]


def _json(value: bytes) -> object:
    """A document, or the value itself as a text if it is none or nests too deeply for Python's reader."""
    try:
        document: object = json.loads(value)
    except (ValueError, RecursionError):
        return value.decode("utf-8", "replace")
    return document


def _take_leaves(document: object, key: str, found: list[tuple[str, bytes]]) -> None:
    """Add every text of a document with its key; a list, because generators inside each other take twice as long."""
    if isinstance(document, str):
        opened = _json(_encoded(document)) if document[:1] in ("{", "[") else document
        if isinstance(opened, str):
            found.append((key, _encoded(opened)))
        else:
            _take_leaves(opened, key, found)
    elif isinstance(document, dict):
        for name, item in document.items():
            _take_leaves(item, name, found)
    elif isinstance(document, list):
        for item in document:
            _take_leaves(item, key, found)


def _take_flat(document: object, keys: list[str], texts: list[str]) -> None:
    """The same as two lists, quicker for a document in which nothing is nested."""
    if isinstance(document, dict):
        for key, item in document.items():
            if type(item) is str and item[:1] not in _OPENINGS:
                keys.append(key)
                texts.append(item)
            elif item is not None and item is not True and item is not False:
                _take_nested(item, key, keys, texts)
    else:
        _take_nested(document, "", keys, texts)


def _take_nested(item: object, key: str, keys: list[str], texts: list[str]) -> None:
    found: list[tuple[str, bytes]] = []
    _take_leaves(item, key, found)
    keys.extend(each for each, _ in found)
    texts.extend(leaf.decode() for _, leaf in found)


def _leaves_one_by_one(value: bytes) -> Iterator[tuple[str, bytes]]:
    """The same for a long document; a text behind a nested object has that object's last key.

    A text in it that is long itself is not opened if it is JSON again.
    """
    key = ""
    for match in _STRING.finditer(value):
        if match[2]:
            key = match[1].decode("utf-8", "replace")
        elif match.end() - match.start() > _LONGEST_OPENED:
            yield key, match[1]
        else:
            found: list[tuple[str, bytes]] = []
            _take_leaves(_json(match[0].removesuffix(b":").rstrip()), key, found)
            yield from found


def _end_of_value(field: bytes, start: int) -> int:
    depth = 0
    for token in _TOKEN_IN_FIELD.finditer(field, start):
        mark = token[0]
        if not depth and mark in (b",", b"}", b"]"):
            return token.start()
        depth += (mark in (b"{", b"[")) - (mark in (b"}", b"]"))
        if not depth and mark != b",":
            return token.end()
    return len(field)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")
