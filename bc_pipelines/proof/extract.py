"""From a stored value to the identifiers in it.

Belongs here: which part of a value identifies somebody, and what is too short or too common to be searched for. Does
not belong here: which tables and columns to look at (identifiers.toml), remembering (register.py).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from bc_pipelines.proof import documents, text
from bc_pipelines.proof.hidden import DECODERS
from bc_pipelines.proof.kinds import Kind, Shape
from bc_pipelines.proof.layer import LONGEST_TEXT, SHORTEST_TOKEN, body

SHORTEST_SECRET = 12
SHORTEST_MIXED = 8
SHORTEST_NUMBER = 8
LONGEST_PHRASE = 8
SHORTEST_NAME = 2
DEEPEST = 2
"""How many encodings inside each other are looked through for any address in a table; the search goes deeper."""

# What is longer, with its escapes and tags, is not taken apart to see how long its text is.
_LONGEST_VALUE = 4 * LONGEST_TEXT
_TOO_LONG = f"texts of more than {LONGEST_TEXT:,} bytes"
TOO_SHORT = "texts of fewer than three words or sixteen characters that are no reference"
_BEFORE_QUERY = re.compile(rb"[?#]")
_THING = "(?:company|organi[sz]ation|business|school|street|road|house|building|file)"
_NAME_OF_A_THING = re.compile(rf"\b{_THING} ?names?\b|\bnames? of (?:the |your )?{_THING}\b")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
PERSON, _A_THING = "person", "thing"
_DIGIT = re.compile(rb"[0-9]")
TITLES = frozenset(("mr", "mrs", "miss", "ms", "mx", "dr", "prof", "rev", "sir", "dame", "cllr"))


class Identifier(NamedTuple):
    """One identifier, as it is compared. Its text is in no repr."""

    kind: Kind
    shape: Shape
    text: bytes

    def __repr__(self) -> str:
        return f"Identifier({self.kind.value})"


class Extractor:
    """Takes identifiers from values.

    Args:
        staff_domains: domains whose addresses are not searched for.

    Attributes:
        left_out: how many values were not taken, by the reason in words.
    """

    def __init__(self, staff_domains: Iterable[str]) -> None:
        self._staff_domains = frozenset(domain.strip().lower().encode() for domain in staff_domains)
        self.left_out: Counter[str] = Counter()
        self._of_kind: dict[str, Callable[[bytes], Iterable[Identifier]]] = {
            "email": self.emails,
            "username": self.username,
            "token": lambda value: self._secret(Kind.TOKEN, value),
            "session_key": lambda value: self._secret(Kind.SESSION_KEY, value),
            "password_hash": self._password_hash,
            "password": self._password,
            "free_text": lambda value: self._texts(Kind.FREE_TEXT, value),
            "file_name": lambda value: self.whole(Kind.FILE_NAME, value),
            "url": self._url,
            "form": self._form,
            "query": lambda value: self.everything(text.of_value(b"".join(_BEFORE_QUERY.split(value, 1)[1:]))),
        }

    def of_column(self, kind: str, path: Sequence[str], value: bytes) -> Iterator[Identifier]:
        """The identifiers in a value of a column of the list; addresses of staff are left out, see ``of_account``.

        Args:
            kind: one of ``sources.KINDS_OF_COLUMNS``.
            path: where they are inside the value, if it is JSON.
            value: the value, no longer escaped for COPY.
        """
        values = documents.at(value, path) if path else [value]
        for each in values:
            yield from self._of_kind[kind](each)

    def of_account(self, value: bytes) -> Iterator[Identifier]:
        """Every address in a value of an account, which is kept or replaced as a whole, whatever its domains."""
        for local, domain in text.addresses(text.fold(text.of_value(value))):
            yield Identifier(Kind.EMAIL, Shape.ADDRESS, local + b"@" + domain)

    def is_staff(self, address: bytes) -> bool:
        """Whether this is one address, whose domain, trimmed and in lower case, is exactly one of the staff's."""
        local, _, domain = address.strip().lower().rpartition(b"@")
        return bool(local) and b"@" not in local and domain in self._staff_domains

    def emails(self, value: bytes) -> Iterator[Identifier]:
        """Every address in a value that does not hide, but those of staff."""
        for address in self.addresses(text.fold(text.of_value(value))):
            yield Identifier(Kind.EMAIL, Shape.ADDRESS, address)

    def everything(self, plain: bytes) -> Iterator[Identifier]:
        """Every address and telephone number in a buffer as text.py makes it, hidden ones too."""
        addresses, phones = self.contacts(plain)
        for address in addresses:
            yield Identifier(Kind.EMAIL, Shape.ADDRESS, address)
        for number in phones:
            yield Identifier(Kind.PHONE, Shape.PHONE, number)

    def contacts(self, plain: bytes) -> tuple[set[bytes], set[bytes]]:
        """The same as addresses and numbers."""
        addresses: set[bytes] = set()
        phones: set[bytes] = set()
        for _ in range(DEEPEST + 1):
            folded = text.fold_apart(plain)
            addresses.update(self._not_staff(text.addresses(folded)))
            phones |= text.phones(folded)
            plain = text.of_value(text.SEPARATOR.join(chain.from_iterable(decode(plain) for decode in DECODERS)))
            if not plain:
                break
        return addresses, phones

    def username(self, value: bytes) -> Iterator[Identifier]:
        """A user name, unless it is too short or a number that could be anything."""
        if b"@" in value and (addresses := list(self.of_account(value))):
            yield from addresses
            return
        found = text.tokens(text.fold(value))
        name = found.pop() if len(found) == 1 else b""
        if len(name) < (SHORTEST_NUMBER if name.isdigit() else SHORTEST_TOKEN):
            self.left_out["user names of fewer than five characters, or of fewer than eight digits"] += 1
        else:
            kind = Kind.WORD_USERNAME if name.isalpha() else Kind.USERNAME
            yield Identifier(kind, Shape.TOKEN, name)

    def full_name(self, first: bytes, last: bytes) -> Iterator[Identifier]:
        """A first and a last name in either order."""
        given, family = _words(first), _words(last)
        alone = any(not any(len(word.decode()) >= SHORTEST_NAME for word in words) for words in (given, family))
        if alone or len(given) + len(family) > LONGEST_PHRASE:
            self.left_out["lone first or last names, and initials"] += bool(given or family)
            return
        yield Identifier(Kind.FULL_NAME, Shape.PHRASE, b" ".join(given + family))
        yield Identifier(Kind.REVERSED_NAME, Shape.PHRASE, b" ".join(family + given))

    def addresses(self, folded: bytes) -> Iterator[bytes]:
        """The addresses in a folded buffer but those of staff, which are counted."""
        return self._not_staff(text.addresses(folded))

    def _not_staff(self, addresses: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
        for local, domain in addresses:
            if domain in self._staff_domains:
                self.left_out["addresses in the staff's domains"] += 1
            else:
                yield local + b"@" + domain

    def _secret(self, kind: Kind, value: bytes) -> Iterator[Identifier]:
        longest = max(text.tokens(text.fold(text.of_value(value))), key=len, default=b"")
        if len(longest) >= SHORTEST_SECRET and len(value.split()) == 1:
            yield Identifier(kind, Shape.TOKEN, longest)
        elif value:
            self.left_out[f"tokens and hashes of several words, or without {SHORTEST_SECRET} characters in a row"] += 1

    def _password_hash(self, value: bytes) -> Iterator[Identifier]:
        """The hash itself, behind the algorithm and the salt; Django marks what no password matches with ``!``."""
        if not value.startswith(b"!"):
            yield from self._secret(Kind.PASSWORD_HASH, value.rpartition(b"$")[2])

    def _password(self, value: bytes) -> Iterator[Identifier]:
        found = text.tokens(text.fold(text.of_value(value)))
        words = _words(value)
        if len(found) == 1 and len(token := found.pop()) >= SHORTEST_MIXED and not token.isalpha():
            yield Identifier(Kind.PASSWORD, Shape.TOKEN, token)
        elif 1 < len(words) <= LONGEST_PHRASE and sum(map(len, words)) >= SHORTEST_MIXED:
            yield Identifier(Kind.PASSWORD, Shape.PHRASE, b" ".join(words))
        elif value:
            self.left_out["passwords of pages that are short or a single word"] += 1

    def _texts(self, kind: Kind, value: bytes) -> Iterator[Identifier]:
        is_document = value[:1] in (b"{", b"[")
        for _, leaf in documents.leaves(value) if is_document else [("", value)]:
            yield from self.whole(kind, leaf)

    def whole(self, kind: Kind, value: bytes) -> Iterator[Identifier]:
        """A text as a whole, or what stands between its quotes and tags, whichever is longest."""
        if len(value) > _LONGEST_VALUE:
            self.left_out[_TOO_LONG] += 1
            return
        folded = text.fold(text.of_value(value))
        pieces = text.pieces(folded)
        longest = max(pieces, key=_letters, default=[]) if len(pieces) != 1 else pieces[0]
        if whole := body(longest):
            yield Identifier(kind, Shape.TEXT, whole)
        elif word := reference(folded):
            yield Identifier(Kind.REFERENCE, Shape.TOKEN, word)
        elif value:
            self.left_out[_TOO_LONG if len(b" ".join(longest)) > LONGEST_TEXT else TOO_SHORT] += 1

    def _url(self, value: bytes) -> Iterator[Identifier]:
        if b"?" in value:
            yield from self.whole(Kind.URL, value)

    def _form(self, value: bytes) -> Iterator[Identifier]:
        for key, leaf in documents.leaves(value):
            yield from self.answer(key, leaf)

    def answer(self, key: str, leaf: bytes) -> Iterator[Identifier]:
        """The identifiers in one answer of a form, given its key."""
        yield from self.whole(Kind.FREE_TEXT, leaf)
        if len(leaf) <= _LONGEST_VALUE:
            yield from self.name(named(key), leaf)

    def name(self, whose: str, leaf: bytes) -> Iterator[Identifier]:
        """The names in an answer, given whose name was asked for, see ``named``."""
        if whose == PERSON:
            yield from self._name_in_a_form(leaf.decode("utf-8", "replace"))
        elif whose and leaf:
            self.left_out["names of companies, schools, streets, buildings and files in forms"] += 1

    def _name_in_a_form(self, value: str) -> Iterator[Identifier]:
        """A name that somebody typed: as a whole, and without what stands between the first word and the last."""
        words = value.split()
        while words and words[0].rstrip(".").lower() in TITLES:
            words.pop(0)
        yield from self.full_name("".join(words[:1]).encode(), " ".join(words[1:]).encode())
        if 2 < len(words) <= LONGEST_PHRASE:
            yield from self.full_name(words[0].encode(), words[-1].encode())


def half_name(value: bytes, place: bytes) -> Identifier | None:
    """A first or a last name in its own row: anywhere else it is a word, there it says that nothing was replaced.

    Args:
        value: the name, no longer escaped for COPY.
        place: table, column and key of the row; no other row or table has the same.

    Returns:
        The name in its place; None where there is no name.
    """
    words = _words(value)
    return Identifier(Kind.HALF_NAME, Shape.CELL, b"\0".join((b" ".join(words), place))) if words else None


@lru_cache(maxsize=1 << 12)
def named(key: str) -> str:
    """Whose name a question of a form asks for: a person's, a thing's, or nobody's, which is empty."""
    lower = key.lower()
    if "name" not in lower:
        return ""
    return PERSON if "name" in _NAME_OF_A_THING.sub("", _BETWEEN_WORDS.sub(" ", lower)) else _A_THING


def _letters(words: list[bytes]) -> int:
    return sum(map(len, words))


def reference(folded: bytes) -> bytes:
    """A value that is one word of letters and digits, such as a case's number; else nothing."""
    if not _DIGIT.search(folded):
        return b""
    found = text.tokens(folded)
    word = found.pop() if len(found) == 1 else b""
    mixed = any(48 <= byte <= 57 for byte in word) and any(97 <= byte <= 122 for byte in word)
    return word if len(word) >= SHORTEST_MIXED and mixed else b""


def _words(value: bytes) -> list[bytes]:
    return list(chain.from_iterable(text.pieces(text.fold(text.of_value(value)))))
