"""Which entries of a table of contents we handle, and which table a data entry fills.

Unknown means no: an entry type that is not listed here is refused by name, because nobody has decided what it may hold.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bc_pipelines.pgarchive.identifiers import IDENTIFIER, MAX_STATEMENT, identifiers
from bc_pipelines.pgarchive.toc import Entry

TABLE_DATA = "TABLE DATA"

# Every `desc` that pg_dump 12 to 18 writes (src/bin/pg_dump/pg_dump.c, calls of ArchiveEntry), but for those below.
KNOWN = frozenset(
    (
        *("ENCODING", "STDSTRINGS", "SEARCHPATH", "DATABASE", "DATABASE PROPERTIES", "SCHEMA", "EXTENSION"),
        *("TYPE", "SHELL TYPE", "DOMAIN", "FUNCTION", "PROCEDURE", "AGGREGATE", "OPERATOR", "OPERATOR CLASS"),
        *("OPERATOR FAMILY", "CAST", "TRANSFORM", "COLLATION", "CONVERSION", "ACCESS METHOD", "PROCEDURAL LANGUAGE"),
        *("TABLE", "TABLE ATTACH", TABLE_DATA, "VIEW", "MATERIALIZED VIEW", "MATERIALIZED VIEW DATA"),
        *("FOREIGN TABLE", "FOREIGN DATA WRAPPER", "SERVER", "SEQUENCE", "SEQUENCE OWNED BY", "SEQUENCE SET"),
        *("DEFAULT", "CONSTRAINT", "CHECK CONSTRAINT", "FK CONSTRAINT", "INDEX", "INDEX ATTACH", "STATISTICS"),
        *("RULE", "TRIGGER", "EVENT TRIGGER", "POLICY", "ROW SECURITY", "ACL", "DEFAULT ACL", "COMMENT"),
        *("SECURITY LABEL", "PUBLICATION", "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA"),
        *("TEXT SEARCH PARSER", "TEXT SEARCH TEMPLATE", "TEXT SEARCH DICTIONARY", "TEXT SEARCH CONFIGURATION"),
        "STATISTICS DATA",
    )
)
REFUSED = {
    "BLOB": "large objects are not supported",
    "BLOBS": "large objects are not supported",
    "BLOB METADATA": "large objects are not supported",
    "BLOB COMMENTS": "large objects are not supported",
    "SUBSCRIPTION": "its connection string may hold a password",
    "SUBSCRIPTION TABLE": "subscriptions are not supported",
    "USER MAPPING": "its options may hold a password",
}

_COPY = re.compile(
    rf"(?:--[^\n]*\n)?COPY (?P<table>{IDENTIFIER}\.{IDENTIFIER}) (?:\((?P<columns>.*)\))? ?FROM stdin;\n?", re.DOTALL
)
_COLUMNS = re.compile(rf"{IDENTIFIER}(?:, {IDENTIFIER})*|")
_ENCODING = re.compile(r"SET client_encoding = '(?P<name>[^']*)';\s*")


@dataclass(frozen=True)
class TableData:
    """What one data entry holds.

    Attributes:
        dump_id: the entry.
        schema: schema of the table whose rows these are.
        name: that table.
        columns: the columns of each row, in order; generated columns are not among them.
        into: schema and name of the table that COPY fills: the root of the table's partitions where pg_dump was
            called with ``--load-via-partition-root``, else the table itself.
    """

    dump_id: int
    schema: str
    name: str
    columns: tuple[str, ...]
    into: tuple[str, str]


def table_data(entry: Entry) -> TableData | None:
    """What a ``TABLE DATA`` entry holds; None if the entry is of another kind or has no readable COPY statement."""
    if entry.desc != TABLE_DATA or not entry.has_data:
        return None
    copy = entry.copy or ""
    match = _COPY.fullmatch(copy) if len(copy) <= MAX_STATEMENT else None
    if not match or not _COLUMNS.fullmatch(match["columns"] or ""):
        return None
    try:
        schema, name = identifiers(match["table"])
        columns = identifiers(match["columns"] or "")
    except ValueError:
        return None
    own = (entry.namespace or schema, entry.tag or name)
    if not all(map(str.isprintable, own)):
        return None
    return TableData(entry.dump_id, *own, columns, (schema, name))


def unsupported(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Everything among the entries that this package refuses, all at once.

    Args:
        entries: a table of contents.

    Returns:
        One line for each refused entry, with its kind, name, dump id and the reason; empty if all is supported.
    """
    return tuple(f"{entry.label}: {reason}" for entry in entries if (reason := _refusal(entry)))


def _refusal(entry: Entry) -> str | None:
    if entry.desc in REFUSED:
        return REFUSED[entry.desc]
    if entry.desc not in KNOWN:
        return "unknown entry type"
    if entry.desc == "ENCODING":
        match = _ENCODING.fullmatch(entry.defn or "")
        return None if match and match["name"] == "UTF8" else "only archives in UTF8 are supported"
    if not entry.has_data:
        return None
    if entry.desc != TABLE_DATA:
        return "data of this kind of entry is not supported"
    if entry.copy is None:
        return "no COPY statement: dumped with --inserts?"
    return None if table_data(entry) else "its COPY statement is not understood"
