"""JSON in a value: every text of a document with its key, and the texts at a path.

A document that Python's own reader would need too much memory for is read text by text instead; a single character of
another script makes four bytes of each. Belongs here: reading JSON. Does not belong here: what a text tells of somebody
(extract.py).
"""

import json
import re
from collections.abc import Iterator, Sequence

from bc_pipelines.pgarchive import copytext

LONG = 1 << 20
"""Longer documents, in bytes, are read text by text."""

_LONGEST_OPENED = 1 << 20

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


def at(value: bytes, path: Sequence[str]) -> list[bytes]:
    """The texts at a path inside a document.

    Args:
        value: a document.
        path: keys, and ``*`` for every item of a list.
    """
    found = [_json(value)]
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
