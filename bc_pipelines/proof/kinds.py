"""What kinds of identifiers there are, and the shape in which each is looked for.

Belongs here: names. Does not belong here: where identifiers stand (identifiers.toml), how they are found (search.py).
"""

from enum import Enum


class Shape(Enum):
    """How an identifier is cut out of text. Two shapes of the same letters are two identifiers."""

    # Enum's own is written in Python, and called several times for each identifier.
    __hash__ = object.__hash__

    ADDRESS = b"a"
    PHONE = b"p"
    TOKEN = b"t"
    PHRASE = b"w"
    TEXT = b"x"
    CELL = b"c"


class Kind(Enum):
    """What an identifier is to a reader of the result. At most 16, see register.py."""

    __hash__ = object.__hash__

    EMAIL = "email"
    PHONE = "phone"
    USERNAME = "username"
    WORD_USERNAME = "username made of letters only"
    FULL_NAME = "full name"
    REVERSED_NAME = "full name, family name first"
    HALF_NAME = "half a name, unchanged in its own row"
    TOKEN = "token"  # noqa: S105  a kind, not a token
    PASSWORD_HASH = "password hash"  # noqa: S105
    SESSION_KEY = "session key"
    PASSWORD = "password"  # noqa: S105
    FREE_TEXT = "free text"
    REFERENCE = "reference"
    URL = "URL with a query"
    FILE_NAME = "file name"


KINDS = tuple(Kind)
