"""Taking apart the CREATE and ALTER statements that pg_dump writes: tokens, bracketed groups, columns.

It understands what pg_dump's deparser emits, not SQL in general. Which statements there are is ``schema.py``'s matter.
"""

import re

from bc_pipelines.pgarchive.facts import Column
from bc_pipelines.pgarchive.identifiers import IDENTIFIER, unquote

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*)
    | "(?:[^"]|"")*+"
    | [eE]'(?:[^'\\]|\\.|'')*+'
    | '(?:[^']|'')*+'
    | [\w$]+
    | .
    """,
    re.DOTALL | re.VERBOSE,
)
_NAME = re.compile(IDENTIFIER)
_OPENING, _CLOSING = "([", ")]"
# Words that end a column's type, at the outermost level. NOT and NULL are told apart from an expression's by place.
_CLAUSES = frozenset(("COLLATE", "DEFAULT", "GENERATED", "CONSTRAINT", "NOT", "OPTIONS", "STORAGE", "COMPRESSION"))
# A default ends only at these: an expression that holds them stands in brackets.
_AFTER_DEFAULT = frozenset(("CONSTRAINT", "NOT", "OPTIONS", "COLLATE"))
_TABLE_ITEMS = frozenset(("CONSTRAINT", "CHECK", "PRIMARY", "UNIQUE", "FOREIGN", "EXCLUDE", "NOT", "LIKE"))


def atoms(sql: str) -> list[str]:
    """The outermost tokens of some SQL; a bracketed group is one atom, a stretch of white space one blank."""
    result: list[str] = []
    group: list[str] = []
    depth = 0
    for match in _TOKEN.finditer(sql):
        token = " " if match["space"] and not depth else match[0]
        if token in _OPENING:
            depth += 1
        group.append(token)
        if token in _CLOSING:
            depth = max(0, depth - 1)
        if not depth:
            result.append("".join(group))
            group = []
    return result + (["".join(group)] if group else [])


def items(group: str) -> list[list[str]]:
    """The comma-separated items of a bracketed group, each as its atoms, without blanks around it.

    Raises:
        ValueError: it is no bracketed group.
    """
    if not (group.startswith("(") and group.endswith(")")):
        raise ValueError
    found: list[list[str]] = [[]]
    for atom in atoms(group[1:-1]):
        if atom == ",":
            found.append([])
        elif atom != " " or found[-1]:
            found[-1].append(atom)
    return [item[:-1] if item[-1] == " " else item for item in found if item]


def names(group: str) -> tuple[str, ...]:
    """The identifiers of a bracketed list of columns; of several words in an item (``PERIOD x``) the last one."""
    return tuple(unquote(item[-1]) for item in items(group))


def not_null_column(item: list[str]) -> str | None:
    """The column of a table constraint ``[CONSTRAINT name] NOT NULL column``, which pg_dump 18 writes."""
    words = [atom for atom in item if atom != " "]
    if words[0] == "CONSTRAINT":
        words = words[2:]
    return unquote(words[2]) if words[:2] == ["NOT", "NULL"] and len(words) > 2 else None


def column(item: list[str]) -> Column | None:
    """The column that an item of a CREATE TABLE list defines; None for a table constraint.

    Raises:
        ValueError: its name or type has characters that cannot be shown.
    """
    if item[0] in _TABLE_ITEMS or not _NAME.fullmatch(item[0]):
        return None
    rest = item[1:]
    end = next((i for i, atom in enumerate(rest) if atom in _CLAUSES), len(rest))
    type_ = "".join(rest[:end]).strip()
    if not type_.isprintable():
        raise ValueError
    return Column(
        name=unquote(item[0]),
        type=type_,
        not_null="NOT NULL" in "".join(_outside_default(rest[end:])),
        default=_default(rest),
        generated=_generated(rest),
    )


def _default(clauses: list[str]) -> str | None:
    if "DEFAULT" not in clauses:
        return None
    begin = clauses.index("DEFAULT") + 1
    end = next((i for i, atom in enumerate(clauses) if i >= begin and atom in _AFTER_DEFAULT), len(clauses))
    return "".join(clauses[begin:end]).strip()


def _generated(clauses: list[str]) -> str | None:
    if "GENERATED" not in clauses:
        return None
    place = clauses.index("GENERATED")
    return next((atom[1:-1] for atom in clauses[place:] if atom.startswith("(")), None)


def _outside_default(clauses: list[str]) -> list[str]:
    """The clauses without the groups that may hold expressions."""
    return [atom for atom in clauses if not atom.startswith(("(", "'", '"'))]
