"""Made-up values: the same for the same input within a run, and of no use to anyone who wants the input back.

They are made from a digest under a random key that lives as long as the object. All of them use names, domains and
numbers that are reserved for such purposes: RFC 2606 (``.invalid``), Ofcom's telephone numbers for drama, RFC 5737 and
RFC 3849 (documentation addresses), and a postcode area that Royal Mail does not use.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from types import MappingProxyType

DOMAIN = "replaced.invalid"
UNUSABLE_PASSWORD = "!replaced"  # noqa: S105  Django: no password matches a hash that begins with "!".
_DIGEST_LETTERS = 16
_FEWEST_LETTERS = 8
_POSTCODE_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


class Substitutes:
    """A source of made-up values, with a key of its own that is never shown or stored."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def make(self, kind: str, value: str, max_length: int | None = None, attempt: int = 0) -> str:
        """Make the substitute of a value.

        Args:
            kind: one of ``SHORTEST``.
            value: what is replaced.
            max_length: longest text that the column takes, in characters; at least ``SHORTEST[kind]``.
            attempt: another number gives another substitute.

        Returns:
            A value of the kind, as long as it needs to be and as unlike any other as the length allows.
        """
        text = f"{kind}\0{attempt}\0{value}".encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(text, key=self._key, digest_size=32).hexdigest()
        return _MAKERS[kind](digest, value, max_length)


def _lettered(prefix: str, suffix: str = "", letters: int = _DIGEST_LETTERS) -> Callable[[str, str, int | None], str]:
    """A maker that puts as much of the digest as fits between a prefix and a suffix."""

    def make(digest: str, value: str, max_length: int | None) -> str:
        del value
        room = letters if max_length is None else min(letters, max_length - len(prefix) - len(suffix))
        return f"{prefix}{digest[:room]}{suffix}"

    return make


def _phone(digest: str, value: str, max_length: int | None) -> str:
    del value, max_length
    return f"01632 960{int(digest, 16) % 1000:03}"


def _postcode(digest: str, value: str, max_length: int | None) -> str:
    del value, max_length
    number = int(digest, 16)
    first, second = (_POSTCODE_LETTERS[number // step % len(_POSTCODE_LETTERS)] for step in (1, 20))
    return f"ZZ{number // 400 % 99 + 1} {number // 40_000 % 10}{first}{second}"


def _ip_address(digest: str, value: str, max_length: int | None) -> str:
    del max_length
    if ":" in value:
        return f"2001:db8::{digest[:4]}:{digest[4:8]}"
    return f"192.0.2.{int(digest, 16) % 254 + 1}"


_MAKERS: Mapping[str, Callable[[str, str, int | None], str]] = MappingProxyType(
    {
        "person_name": _lettered("Name-"),
        "username": _lettered("user-"),
        "email": _lettered("user-", f"@{DOMAIN}"),
        "free_text": _lettered("Text-"),
        "token": _lettered("", letters=40),
        "phone": _phone,
        "postcode": _postcode,
        "ip_address": _ip_address,
    }
)

# The fewest characters that a column must take for each kind to be valid and still tell one input from another.
SHORTEST: Mapping[str, int] = MappingProxyType(
    {
        "person_name": len("Name-") + _FEWEST_LETTERS,
        "username": len("user-") + _FEWEST_LETTERS,
        "email": len(f"user-@{DOMAIN}") + _FEWEST_LETTERS,
        "free_text": len("Text-") + _FEWEST_LETTERS,
        "token": _FEWEST_LETTERS,
        "phone": len("01632 960000"),
        "postcode": len("ZZ99 9ZZ"),
        "ip_address": len("2001:db8::ffff:ffff"),
    }
)

# Kinds whose substitutes differ wherever their inputs do, so that a column under a UNIQUE constraint stays valid.
UNIQUE_KINDS = frozenset(("person_name", "username", "email", "free_text", "token"))
