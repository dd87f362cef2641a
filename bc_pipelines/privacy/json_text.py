"""Walking JSON as bytes, without building anything: where each value begins and ends.

A value of 30 MB read into Python's own objects takes up to four times that for each copy, because a single character of
another script widens all of a text. Belongs here: the grammar of RFC 8259 and the escapes of its strings. Does not
belong here: what is taken out of a document (json_rules.py).
"""

import json
import re
from collections.abc import Iterator

_SPACE = re.compile(rb"[ \t\n\r]*+")
_STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+"')
# Python's own writer of JSON has three words for numbers that RFC 8259 lacks.
_SCALAR = re.compile(
    rb"(?:true|false|null|NaN|-?+Infinity|-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+)"
    rb"(?![A-Za-z0-9.+-])"
)
_UNICODE = re.compile(rb"(?:\\u[0-9a-fA-F]{4})+")
# PostgreSQL's text cannot hold a zero byte, so it can stand for a backslash meanwhile.
_BACKSLASH = b"\0"
_ESCAPES = ((b'"', rb"\""), (b"\n", rb"\n"), (b"\t", rb"\t"), (b"\r", rb"\r"), (b"\b", rb"\b"), (b"\f", rb"\f"))
_OTHER_CONTROLS = re.compile(rb"[\x01-\x07\x0b\x0e-\x1f]")


class UnreadableJson(ValueError):
    """A value cannot be taken apart. Carries no part of the value."""


class NotJson(UnreadableJson):
    """A value is no JSON at all."""

    def __init__(self) -> None:
        super().__init__("not JSON")


class Walker:
    """A place in a document that moves from token to token.

    Args:
        document: JSON.

    Attributes:
        document: the same.
        at: how far it came, in bytes.
    """

    def __init__(self, document: bytes) -> None:
        self.document = document
        self.at = 0

    def next(self) -> bytes:
        """The first byte of what comes next, behind white space; empty at the end."""
        self.at = self._end_of(_SPACE)
        return self.document[self.at : self.at + 1]

    def takes(self, mark: bytes) -> bool:
        """Whether a mark of one byte comes next; if so it is passed."""
        if self.next() != mark:
            return False
        self.at += 1
        return True

    def insist(self, mark: bytes) -> None:
        """Pass a mark.

        Raises:
            NotJson: something else comes next.
        """
        if not self.takes(mark):
            raise NotJson

    def string(self) -> bytes:
        """Pass a string; returns it with its quotes, as it is written.

        Raises:
            NotJson: none comes next.
        """
        self.next()
        start, self.at = self.at, self._end_of(_STRING)
        return self.document[start : self.at]

    def scalar(self) -> None:
        """Pass a number, true, false or null.

        Raises:
            NotJson: none comes next.
        """
        self.next()
        self.at = self._end_of(_SCALAR)

    def value(self) -> None:
        """Pass one value of any kind.

        Raises:
            NotJson: none comes next.
            RecursionError: it nests too deeply.
        """
        first = self.next()
        if first == b"{":
            for _ in self.members():
                self.value()
        elif first == b"[":
            for _ in self.items():
                self.value()
        elif first == b'"':
            self.at = self._end_of(_STRING)
        else:
            self.scalar()

    def members(self) -> Iterator[str]:
        """Pass an object; gives each key in turn, and whoever asks passes the value.

        Raises:
            NotJson: it is no object.
        """
        self.insist(b"{")
        if self.takes(b"}"):
            return
        while True:
            key = self.string()
            self.insist(b":")
            yield json.loads(key) if b"\\" in key else key[1:-1].decode()
            if self.takes(b"}"):
                return
            self.insist(b",")

    def items(self) -> Iterator[None]:
        """Pass a list; at each step whoever asks passes an item.

        Raises:
            NotJson: it is no list.
        """
        self.insist(b"[")
        if self.takes(b"]"):
            return
        while True:
            yield
            if self.takes(b"]"):
                return
            self.insist(b",")

    def end(self) -> None:
        """Insist that nothing follows.

        Raises:
            NotJson: something does.
        """
        if self.next():
            raise NotJson

    def _end_of(self, pattern: re.Pattern[bytes]) -> int:
        match = pattern.match(self.document, self.at)
        if not match:
            raise NotJson
        return match.end()


def unescaped(string: bytes) -> bytes:
    """What a string of JSON says.

    Args:
        string: the string with its quotes.

    Raises:
        UnreadableJson: it holds half a character, or a zero byte, as an escape.
    """
    text = string[1:-1]
    if b"\\" not in text:
        return text
    text = text.replace(rb"\\", _BACKSLASH)
    for plain, escaped in (*_ESCAPES, (b"/", rb"\/")):
        text = text.replace(escaped, plain)
    if b"\\" in text:
        text = _UNICODE.sub(_characters, text)
    return text.replace(_BACKSLASH, b"\\")


def quoted(text: bytes) -> bytes:
    """A text as a string of JSON, with its quotes."""
    text = text.replace(b"\\", rb"\\")
    for plain, escaped in _ESCAPES:
        text = text.replace(plain, escaped)
    return b'"' + _OTHER_CONTROLS.sub(lambda match: b"\\u%04x" % match[0][0], text) + b'"'


def _characters(match: re.Match[bytes]) -> bytes:
    try:
        characters = bytes.fromhex(match[0].translate(None, rb"\u").decode()).decode("utf-16-be").encode()
    except UnicodeDecodeError:
        raise UnreadableJson("half a character, as a JSON escape") from None
    if b"\0" in characters:
        raise UnreadableJson("a zero byte, as a JSON escape")
    return characters
