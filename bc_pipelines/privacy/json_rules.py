"""Rewriting JSON by path. A text inside JSON that is JSON itself, such as a StreamField's, is rewritten like the rest.

Everything that a rule does not name stays as it is written, byte for byte.
"""

import codecs
import json
import re
from collections.abc import Iterator
from functools import lru_cache

from bc_pipelines.privacy.entries import JsonRule
from bc_pipelines.privacy.json_text import NotJson, UnreadableJson, Walker, quoted, unescaped

# An escape of a printable ASCII character, which could spell a key's name in another way.
_HIDDEN = rb"\u00"
_HIDDEN_LETTER = re.compile(rb"\\u00[2-7]")
_MAY_BE_JSON = re.compile(rb'"(?:\s|\\[ntr])*+(?:[{[]|\\u)')
_AT_ONCE = 1 << 20
# Many a log entry says the same as others, and what becomes of it is remembered.
_SHORT, _REMEMBERED = 512, 1 << 12


class JsonRewriter:
    """One ``[json.NAME]`` of the catalogue, ready to be applied.

    Args:
        rule: what to do.
        mail_sink: the address that replaces others.
    """

    def __init__(self, rule: JsonRule, mail_sink: str) -> None:
        self._rule = rule
        self._of_short = lru_cache(maxsize=_REMEMBERED)(self._whole)
        self._sink = json.dumps(mail_sink, ensure_ascii=False).encode()
        self._names = [key.encode() for key in sorted(rule.empty | rule.mail_sink)]
        # How a harmless key looks in PostgreSQL's output of jsonb: already empty.
        self._harmless = [(key.encode(), f'{key}": []'.encode()) for key in sorted(rule.empty)]
        self._harmless += [(key.encode(), f'{key}": ""'.encode()) for key in sorted(rule.mail_sink)]

    def __call__(self, document: bytes) -> bytes:
        """Rewrite one value.

        Raises:
            UnreadableJson: it cannot be read.
            UnicodeDecodeError: it is not UTF-8.
        """
        return self._of_short(document) if len(document) < _SHORT else self._whole(document)

    @property
    def allows(self) -> bool:
        """Whether the rule names what stays, not what goes."""
        return self._rule.allow is not None

    def _whole(self, document: bytes) -> bytes:
        _insist_on_utf8(document)
        try:
            return self._rewritten(document)
        except RecursionError:
            raise UnreadableJson("JSON that is nested too deeply") from None

    def leaves_alone(self, field: bytes) -> bool:
        """Whether a field, still escaped as COPY wrote it, surely holds nothing to rewrite. Cheap."""
        if self._rule.allow is not None:
            return field == b"{}"
        return next(self.suspects(field), None) is None

    def suspects(self, rows: bytes) -> Iterator[int]:
        """Places in fields or whole rows, still escaped, where there may be something to rewrite. Cheap."""
        for key, harmless in self._harmless:
            count = rows.count(key)
            if count and count != rows.count(harmless):
                place = rows.find(key)
                while place >= 0:
                    if not rows.startswith(harmless, place):
                        yield place
                    place = rows.find(key, place + 1)
        if _HIDDEN in rows:
            yield from (match.start() for match in _HIDDEN_LETTER.finditer(rows))

    def _rewritten(self, document: bytes) -> bytes:
        walker = Walker(document)
        if self._rule.allow is None:
            edits = _Edits(document)
            self._walk(walker, edits)
            result = edits.applied()
        elif walker.next() == b"{":
            result = _only_allowed(walker, self._rule.allow)
        else:
            walker.value()
            result = b"{}"
        walker.end()
        return result

    def _walk(self, walker: Walker, edits: "_Edits") -> None:
        """Pass one value and note what is to be replaced in it."""
        first = walker.next()
        if first == b"{":
            for key in walker.members():
                if key in self._rule.empty or key in self._rule.mail_sink:
                    self._replace(key, walker, edits)
                else:
                    self._walk(walker, edits)
        elif first == b"[":
            for _ in walker.items():
                self._walk(walker, edits)
        elif first == b'"':
            start = walker.at
            string = walker.string()
            if self._may_hold_a_name(string):
                edits.replace(start, walker.at, self._inner(string))
        else:
            walker.scalar()

    def _replace(self, key: str, walker: Walker, edits: "_Edits") -> None:
        walker.next()
        start = walker.at
        walker.value()
        value = walker.document[start : walker.at]
        edits.replace(start, walker.at, _emptied(value) if key in self._rule.empty else self._redirected(value))

    def _may_hold_a_name(self, string: bytes) -> bool:
        named = any(name in string for name in self._names) or _HIDDEN_LETTER.search(string)
        return bool(named and _MAY_BE_JSON.match(string))

    def _inner(self, string: bytes) -> bytes:
        """Rewrite a text that may be JSON; a text that is not, or has nothing to rewrite, stays as it stands."""
        text = unescaped(string)
        if not text.lstrip().startswith((b"{", b"[")):
            return string
        try:
            rewritten = self._rewritten(text)
        except NotJson:
            return string
        return string if rewritten == text else quoted(rewritten)

    def _redirected(self, value: bytes) -> bytes:
        if value.startswith(b'"'):
            return value if value == b'""' else self._sink
        if value.startswith(b"["):
            return value if _is_empty_list(value) else b"[" + self._sink + b"]"
        return b"null"


class _Edits:
    """Parts of a document that other bytes take the place of."""

    def __init__(self, document: bytes) -> None:
        self._document = memoryview(document)
        self._parts: list[bytes | memoryview] = []
        self._done = 0

    def replace(self, start: int, end: int, by: bytes) -> None:
        """Note a replacement; each begins where the one before ended, or later."""
        self._parts += (self._document[self._done : start], by)
        self._done = end

    def applied(self) -> bytes:
        """The document as it becomes."""
        return b"".join([*self._parts, self._document[self._done :]])


def _emptied(value: bytes) -> bytes:
    if value.startswith(b"["):
        return b"[]"
    return b'""' if value.startswith(b'"') else b"null"


def _is_empty_list(value: bytes) -> bool:
    return not value[1:-1].strip()


def _only_allowed(walker: Walker, allow: frozenset[tuple[str, ...]]) -> bytes:
    """An object with the members that a path leads to: plain values at its end, objects on the way, and nulls."""
    kept = []
    for key in walker.members():
        deeper = frozenset(path[1:] for path in allow if path[0] == key and len(path) > 1)
        ends_here = (key,) in allow
        first = walker.next()
        start = walker.at
        if first == b"{" and deeper:
            value = _only_allowed(walker, deeper)
        else:
            walker.value()
            value = walker.document[start : walker.at]
            plain = first not in (b"{", b"[")
            if not (plain and (ends_here or (value == b"null" and deeper))):
                continue
        kept.append(json.dumps(key, ensure_ascii=False).encode() + b": " + value)
    return b"{" + b", ".join(kept) + b"}"


def _insist_on_utf8(document: bytes) -> None:
    """Decode, a part at a time, only to see that it can be."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(document), _AT_ONCE):
        decoder.decode(document[start : start + _AT_ONCE])
    decoder.decode(b"", final=True)
