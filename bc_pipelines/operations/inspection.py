"""What an archive says of itself, and what the catalogue says of it. Read-only, and without a value of a row.

Belongs here: facts for people and machines to look at. Does not belong here: printing, and changing anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Literal

from bc_pipelines.pgarchive import ArchiveReader, Header, TableData
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.coverage import Coverage, CoveredTable, coverage
from bc_pipelines.privacy.entries import Profile, TableName

Treatment = Literal["keep", "rewrite", "purge", "purge unless referenced", "no entry"]


@dataclass(frozen=True)
class InspectedTable:
    """A table of an archive.

    Attributes:
        name: the table; its schema too, unless that is public.
        columns: how many columns its rows have.
        treatment: what a copy does with its rows.
        rules: the columns that do not simply keep their values, and the rule of each.
        unclassified: columns that the catalogue does not know.
        rows: how many rows it has; None where they were not counted.
    """

    name: str
    columns: int
    treatment: Treatment
    rules: Mapping[str, str]
    unclassified: tuple[str, ...]
    rows: int | None


@dataclass(frozen=True)
class Inspection:
    """An archive, as its table of contents has it.

    Attributes:
        version: archive version.
        compression: of its data: none or gzip.
        server_version: PostgreSQL that was dumped.
        dump_version: pg_dump that dumped it.
        created_at: when, in ISO 8601, in the dumping machine's own time zone; None if the archive has no valid time.
        profile: the copy that is spoken of.
        tables: those with data entries, by name.
        unclassified_tables: tables that the catalogue does not know.
        unclassified_columns: columns of known tables that it does not know, as ``table.column``.
        refused: what else would stop a copy, in sentences.
        stale_entries: entries of the catalogue that name nothing in the archive.
    """

    version: str
    compression: Literal["none", "gzip"]
    server_version: str | None
    dump_version: str | None
    created_at: str | None
    profile: Profile
    tables: tuple[InspectedTable, ...] = field(repr=False)
    unclassified_tables: tuple[str, ...]
    unclassified_columns: tuple[str, ...]
    refused: tuple[str, ...]
    stale_entries: tuple[str, ...]


def inspect_archive(stream: BinaryIO, catalogue: Catalogue, profile: Profile, *, count_rows: bool) -> Inspection:
    """Look at an archive's table of contents, and at its data only to count rows.

    Args:
        stream: the archive.
        catalogue: what is decided about each table and column.
        profile: the copy to speak of.
        count_rows: whether to read on through the data.

    Raises:
        ArchiveError: it is truncated, corrupt or of an unsupported kind.
    """
    reader = ArchiveReader(stream)
    found = coverage(reader.entries, reader.tables, catalogue, profile)
    rows: Counter[TableName] | None = None
    if count_rows:
        rows = Counter()
        for block in reader.blocks():
            rows[_name(block.table)] += block.count_rows()
    return _inspection(reader.header, found, _tables(reader.tables, found, profile, rows), profile)


def _tables(
    tables: tuple[TableData, ...], found: Coverage, profile: Profile, rows: Counter[TableName] | None
) -> tuple[InspectedTable, ...]:
    """One for each table: a table with several data entries has the same columns in each."""
    covered = {table.name: table for table in found.tables}
    unclassified = set(found.unclassified_columns)
    return tuple(
        InspectedTable(
            name=str(name),
            columns=len(data.columns),
            treatment=_treatment(covered.get(name), profile),
            rules=_rules(covered.get(name), profile),
            unclassified=tuple(column for column in data.columns if f"{name}.{column}" in unclassified),
            rows=None if rows is None else rows[name],
        )
        for name, data in sorted({_name(data): data for data in tables}.items())
    )


def _treatment(table: CoveredTable | None, profile: Profile) -> Treatment:
    if table is None:
        return "no entry"
    if table.entry.purge:
        return "purge" if table.entry.purged_whole else "purge unless referenced"
    return "rewrite" if _rules(table, profile) or table.entry.without_purged else "keep"


def _rules(table: CoveredTable | None, profile: Profile) -> dict[str, str]:
    """The rules of the columns that the archive has."""
    if table is None or table.entry.purge:
        return {}
    columns = [table.entry.columns[name] for name in table.data.columns if name in table.entry.columns]
    return {each.name: str(each.rules[profile]) for each in columns if not each.rules[profile].keeps}


def _inspection(header: Header, found: Coverage, tables: tuple[InspectedTable, ...], profile: Profile) -> Inspection:
    return Inspection(
        version=header.version_text,
        compression="gzip" if header.compressed else "none",
        server_version=header.server_version,
        dump_version=header.dump_version,
        created_at=header.created_at.isoformat() if header.created_at else None,
        profile=profile,
        tables=tables,
        unclassified_tables=found.unclassified_tables,
        unclassified_columns=found.unclassified_columns,
        refused=found.refused,
        stale_entries=found.stale_entries,
    )


def _name(data: TableData) -> TableName:
    return TableName(data.schema, data.name)
