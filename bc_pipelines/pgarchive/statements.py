"""From one statement that pg_dump writes to a fact of the schema.

Each function understands one kind of entry's SQL. On anything else it raises LookupError, ValueError or StopIteration,
which ``schema.py`` turns into a refusal that names the entry.
"""

import re
from dataclasses import replace

from bc_pipelines.pgarchive.ddl import atoms, column, items, names, not_null_column
from bc_pipelines.pgarchive.facts import ForeignKey, Key, Table, TableName
from bc_pipelines.pgarchive.identifiers import IDENTIFIER, identifiers

_TABLE = rf"(?P<table>{IDENTIFIER}\.{IDENTIFIER})"
_ALTER_TABLE = rf"ALTER (?:FOREIGN )?TABLE (?:ONLY )?{_TABLE}\s+"
_CREATE_TABLE = re.compile(rf"CREATE (?:UNLOGGED |FOREIGN )?TABLE {_TABLE}\s*(?P<body>.*)", re.DOTALL)
_ATTACH = re.compile(rf"{_ALTER_TABLE}ATTACH PARTITION (?P<child>{IDENTIFIER}\.{IDENTIFIER}) ")
_ADD_CONSTRAINT = re.compile(rf"{_ALTER_TABLE}ADD CONSTRAINT (?P<name>{IDENTIFIER}) (?P<body>.*)", re.DOTALL)
_ALTER_COLUMN = re.compile(rf"{_ALTER_TABLE}ALTER COLUMN (?P<column>{IDENTIFIER}) (?P<body>.*)", re.DOTALL)
_UNIQUE_INDEX = re.compile(
    rf"CREATE UNIQUE INDEX (?P<name>{IDENTIFIER}) ON (?:ONLY )?{_TABLE} USING {IDENTIFIER} (?P<body>.*)", re.DOTALL
)


def table(sql: str) -> Table:
    """The table that a CREATE TABLE statement makes, without what it inherits."""
    match = _matched(_CREATE_TABLE, sql)
    body = _words(match["body"])
    listed = items(body[0]) if body[0].startswith("(") else []
    required = {name for item in listed if (name := not_null_column(item))}
    columns = [found for item in listed if (found := column(item))]
    schema, name = _qualified(match["table"])
    return Table(
        schema,
        name,
        tuple(replace(each, not_null=True) if each.name in required else each for each in columns),
        _inherited(body),
    )


def attachment(sql: str) -> tuple[TableName, TableName]:
    """Partition and partitioned table of an ATTACH PARTITION statement."""
    match = _matched(_ATTACH, sql)
    return _qualified(match["child"]), _qualified(match["table"])


def altered_column(sql: str) -> tuple[TableName, str, str] | None:
    """Table, column and action of an ALTER COLUMN statement; None if the statement is another."""
    match = _ALTER_COLUMN.match(sql)
    if not match:
        return None
    return _qualified(match["table"]), identifiers(match["column"])[0], match["body"].rstrip().removesuffix(";")


def foreign_key(sql: str) -> ForeignKey:
    """The foreign key that an ADD CONSTRAINT statement adds."""
    match = _matched(_ADD_CONSTRAINT, sql)
    words = _words(match["body"])
    if words[:2] != ["FOREIGN", "KEY"] or words[3] != "REFERENCES":
        raise ValueError
    rest = words[7:]
    return ForeignKey(
        constraint=identifiers(match["name"])[0],
        table=_qualified(match["table"]),
        columns=names(words[2]),
        referenced_table=_qualified("".join(words[4:7])),
        referenced_columns=names(rest[0]) if rest[0].startswith("(") else (),
        deferrable="DEFERRABLE" in rest and rest[rest.index("DEFERRABLE") - 1] != "NOT",
    )


def constraint_key(sql: str) -> Key | None:
    """The key that an ADD CONSTRAINT statement adds; None for any other constraint, such as a domain's."""
    match = _ADD_CONSTRAINT.match(sql)
    words = _words(match["body"]) if match else []
    if not match or words[0] not in ("PRIMARY", "UNIQUE"):
        return None
    group = next(word for word in words if word.startswith("("))
    columns = tuple(identifiers(item[0])[0] for item in items(group))
    return Key(identifiers(match["name"])[0], _qualified(match["table"]), columns, primary=words[0] == "PRIMARY")


def index_key(sql: str) -> Key | None:
    """The key that a CREATE UNIQUE INDEX statement makes; None for an index that is not unique."""
    if not sql.startswith("CREATE UNIQUE "):
        return None
    match = _matched(_UNIQUE_INDEX, sql)
    words = _words(match["body"])
    parts = items(words[0])
    plain = [part for part in parts if not any(atom.startswith("(") for atom in part[:2])]
    return Key(
        name=identifiers(match["name"])[0],
        table=_qualified(match["table"]),
        columns=tuple(identifiers(part[0])[0] for part in plain),
        expressions=tuple("".join(part) for part in parts if part not in plain),
        predicate=words[words.index("WHERE") + 1] if "WHERE" in words else None,
    )


def _inherited(words: list[str]) -> tuple[TableName, ...]:
    """The tables named by INHERITS or PARTITION OF in a CREATE TABLE statement."""
    if "INHERITS" in words:
        group = words[words.index("INHERITS") + 1]
        return tuple(_qualified("".join(item)) for item in items(group))
    if words[:2] == ["PARTITION", "OF"]:
        return (_qualified("".join(words[2:5])),)
    return ()


def _matched(pattern: re.Pattern[str], sql: str) -> re.Match[str]:
    match = pattern.match(sql)
    if not match:
        raise ValueError
    return match


def _words(sql: str) -> list[str]:
    return [atom for atom in atoms(sql) if atom != " "]


def _qualified(name: str) -> TableName:
    schema, table = identifiers(name)
    return schema, table
