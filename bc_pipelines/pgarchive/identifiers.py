"""SQL identifiers as pg_dump writes them: bare, or in double quotes.

Source: ``fmtId`` in PostgreSQL's ``src/fe_utils/string_utils.c``.
"""

import re

IDENTIFIER = r'(?:"(?:[^"]|"")+"|[A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)'

_IDENTIFIER = re.compile(IDENTIFIER)


def identifiers(text: str) -> tuple[str, ...]:
    """Every identifier in a list or dotted name, unquoted."""
    return tuple(unquote(match[0]) for match in _IDENTIFIER.finditer(text))


def unquote(identifier: str) -> str:
    """The name that an identifier stands for."""
    if identifier.startswith('"'):
        return identifier[1:-1].replace('""', '"')
    return identifier
