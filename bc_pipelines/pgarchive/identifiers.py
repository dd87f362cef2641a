"""SQL identifiers as pg_dump writes them: bare, or in double quotes.

Source: ``fmtId`` in PostgreSQL's ``src/fe_utils/string_utils.c``. Patterns are possessive (``++``): what they have
taken they never give back, so that a long text costs no memory.
"""

import re

IDENTIFIER = r'(?:"(?:[^"]|"")++"|[A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)'
MAX_STATEMENT = 1 << 20
"""Longest statement to take apart, in characters: a table's 1,600 columns with names of 63 bytes fit in four times."""

_IDENTIFIER = re.compile(IDENTIFIER)


def identifiers(text: str) -> tuple[str, ...]:
    """Every identifier in a list or dotted name, unquoted; ValueError as from ``unquote``."""
    return tuple(unquote(match[0]) for match in _IDENTIFIER.finditer(text))


def unquote(identifier: str) -> str:
    """The name that an identifier stands for.

    Raises:
        ValueError: it has characters that cannot be shown; names stand in messages, tables and manifests.
    """
    name = identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier
    if not name.isprintable():
        raise ValueError
    return name
