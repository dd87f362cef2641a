"""What the catalogue does not know, where the policy says to take it out instead of refusing: entries for one archive.

Belongs here: an entry for each unknown table and column that lets nothing of it through. Does not belong here: whether
the entries fit the archive's keys, which ``fitting.py`` judges as it does for those of the catalogue.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bc_pipelines.pgarchive import Entry, TableData
from bc_pipelines.pgarchive.schema import Schema
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.entries import KEEP, PROFILES, Column, RuleSpec, Table, TableName
from bc_pipelines.privacy.fitting import entry_of
from bc_pipelines.privacy.manifest import Unknown
from bc_pipelines.privacy.policy import UnknownColumns, UnknownTables

_AREA = "unknown"
_REASON = "The catalogue does not know it."
_CHECK = re.compile(r"\bCHECK\b.*", re.DOTALL)
# In a condition without these words, NULL is neither asked for nor hidden, and so passes (manual, "Check Constraints").
_ABOUT_NULL = re.compile(r"null|coalesce|distinct", re.IGNORECASE)


def with_unknown(
    catalogue: Catalogue,
    schema: Schema,
    entries: Sequence[Entry],
    tables: Sequence[TableData],
    *,
    unknown_tables: UnknownTables,
    unknown_columns: UnknownColumns,
) -> tuple[Catalogue, Unknown]:
    """Give each unknown table and column an entry that takes it out.

    Args:
        catalogue: what is decided about each table.
        schema: the archive's.
        entries: its table of contents.
        tables: its data entries.
        unknown_tables: ``purge`` leaves out their rows, ``refuse`` gives them no entry.
        unknown_columns: ``empty`` makes their values NULL or, where a column refuses NULL, leaves out the table's
            rows; ``refuse`` gives them no entry.

    Returns:
        The catalogue with these entries, and a note of what they are for.
    """
    decided = dict(catalogue.tables)
    noted = Unknown((), (), ())
    for data in tables:
        name = TableName(data.schema, data.name)
        entry = entry_of(name, schema, catalogue)
        if entry is None:
            if unknown_tables == "purge":
                decided[name] = _purged(Table(name, _AREA, {}), data)
                noted = replace(noted, tables_purged=(*noted.tables_purged, str(name)))
            continue
        unknown = [column for column in data.columns if column not in entry.columns]
        if not unknown or unknown_columns == "refuse":
            continue
        places = tuple(f"{name}.{column}" for column in unknown)
        if entry.purged_whole or not _take_null(unknown, data, schema, entries):
            decided[name] = _purged(entry, data)
            noted = replace(noted, columns_purged=(*noted.columns_purged, *places))
        else:
            decided[name] = _emptied(entry, unknown)
            noted = replace(noted, columns_emptied=(*noted.columns_emptied, *places))
    return replace(catalogue, tables=decided), noted


def _purged(entry: Table, data: TableData) -> Table:
    """The entry of a table that loses its rows; an exception for some of them is gone too."""
    columns = {**entry.columns, **_columns(data.columns, KEEP)}
    return Table(entry.name, entry.area, columns, purge=True, reason=entry.reason or _REASON)


def _emptied(entry: Table, unknown: Iterable[str]) -> Table:
    """The entry of a table whose unknown columns become NULL."""
    return replace(entry, columns={**entry.columns, **_columns(unknown, RuleSpec("null"))})


def _columns(names: Iterable[str], rule: RuleSpec) -> dict[str, Column]:
    return {name: Column(name, dict.fromkeys(PROFILES, rule), _REASON) for name in names}


def _take_null(names: Iterable[str], data: TableData, schema: Schema, entries: Sequence[Entry]) -> bool:
    """Whether PostgreSQL surely takes NULL in all of these columns."""
    columns = [schema.column((data.schema, data.name), name) for name in names]
    domains = {entry.tag for entry in entries if entry.desc == "DOMAIN"}
    conditions = " ".join(_conditions(data, entries))
    return all(
        column is not None
        and not column.not_null
        and column.type.rpartition(".")[2].strip('"') not in domains
        and not (_ABOUT_NULL.search(conditions) and re.search(rf"\b{re.escape(column.name)}\b", conditions))
        for column in columns
    )


def _conditions(data: TableData, entries: Sequence[Entry]) -> list[str]:
    """The CHECK constraints of a table, which pg_dump writes behind its columns or as entries of their own."""
    found = [
        _CHECK.search(entry.defn or "")
        for entry in entries
        if entry.namespace == data.schema
        and (
            (entry.desc == "TABLE" and entry.tag == data.name)
            or (entry.desc == "CHECK CONSTRAINT" and (entry.tag or "").startswith(f"{data.name} "))
        )
    ]
    return [match[0] for match in found if match]
