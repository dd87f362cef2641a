"""Does the catalogue cover an archive? Answered from the table of contents, before a single data byte is read.

Unknown means no. Whether a rule fits the column that it is for is ``fitting.py``'s part of the question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bc_pipelines.pgarchive import ArchiveError, Entry, TableData, unsupported
from bc_pipelines.pgarchive.schema import Schema
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.contents import refused_entries
from bc_pipelines.privacy.entries import Profile, Table, TableName
from bc_pipelines.privacy.fitting import Fitting, Target
from bc_pipelines.privacy.manifest import Unknown
from bc_pipelines.privacy.policy import UnknownColumns, UnknownTables
from bc_pipelines.privacy.references import CONTENT_TYPE_COLUMNS, CONTENT_TYPES
from bc_pipelines.privacy.unknown import with_unknown


@dataclass(frozen=True)
class CoveredTable:
    """A data entry and what the catalogue says of it.

    Attributes:
        data: the entry.
        entry: the catalogue's entry: the table's own, or that of the table it is a part of.
        targets: what each column with a rule takes.
    """

    data: TableData
    entry: Table
    targets: Mapping[str, Target]

    @property
    def name(self) -> TableName:
        """The table's name."""
        return TableName(self.data.schema, self.data.name)


@dataclass(frozen=True)
class Coverage:
    """An archive's table of contents, held against the catalogue.

    Attributes:
        unclassified_tables: tables that the catalogue does not know.
        unclassified_columns: columns that it does not know, as ``table.column``.
        refused: what stands in the way for other reasons, in sentences.
        stale_entries: entries that name nothing in the archive: a warning.
        tables: the data entries that are covered.
        catalogue: what is decided about each table, unknown ones included if the policy has them taken out.
        unknown: what is unknown and taken out instead of refused.
    """

    unclassified_tables: tuple[str, ...]
    unclassified_columns: tuple[str, ...]
    refused: tuple[str, ...]
    stale_entries: tuple[str, ...] = field(repr=False)
    tables: tuple[CoveredTable, ...] = field(repr=False)
    catalogue: Catalogue = field(repr=False)
    unknown: Unknown

    @property
    def ok(self) -> bool:
        """Whether nothing is unknown and nothing stands in the way."""
        return not (self.unclassified_tables or self.unclassified_columns or self.refused)

    def message(self) -> str:
        """Everything that is unknown or stands in the way, at once, and what to do about it."""
        if self.ok:
            return "The catalogue covers the archive."
        paragraphs = ["The catalogue does not cover this archive. Nothing was written."]
        for title, lines in (
            ("Tables without an entry", self.unclassified_tables),
            ("Columns without an entry", self.unclassified_columns),
            ("Refused", self.refused),
        ):
            if lines:
                paragraphs.append("\n  ".join([f"{title} ({len(lines)}):", *lines]))
        paragraphs.append("Decide about each in catalogue.toml, have the change reviewed, and start again.")
        return "\n".join(paragraphs)


def coverage(
    entries: Sequence[Entry],
    tables: Sequence[TableData],
    catalogue: Catalogue,
    profile: Profile,
    *,
    unknown_tables: UnknownTables = "refuse",
    unknown_columns: UnknownColumns = "refuse",
) -> Coverage:
    """Hold an archive's table of contents against the catalogue.

    Args:
        entries: ``ArchiveReader.entries``.
        tables: ``ArchiveReader.tables``.
        catalogue: what is decided about each table.
        profile: which copy is to be made.
        unknown_tables: as ``Policy.unknown_tables``.
        unknown_columns: as ``Policy.unknown_columns``.

    Returns:
        What is unknown, what stands in the way, and the rules for what is covered.
    """
    refused = [*unsupported(entries), *refused_entries(entries)]
    try:
        schema = Schema.from_entries(entries)
    except ArchiveError as error:
        schema = Schema({}, (), ())
        refused.append(str(error))
    decided, unknown = with_unknown(
        catalogue, schema, entries, tables, unknown_tables=unknown_tables, unknown_columns=unknown_columns
    )
    fitting = Fitting(schema, decided, profile)
    covered, unclassified_tables, unclassified_columns = [], [], []
    for data in tables:
        entry = fitting.entry(TableName(data.schema, data.name))
        if entry is None:
            unclassified_tables.append(str(TableName(data.schema, data.name)))
            continue
        left = [name for name in data.columns if name not in entry.columns]
        unclassified_columns += [f"{TableName(data.schema, data.name)}.{name}" for name in left]
        covered.append(CoveredTable(data, entry, fitting.targets(data)))
    refused += [*fitting.refusals(tables), *_missing_content_types(covered)]
    return Coverage(
        unclassified_tables=tuple(unclassified_tables),
        unclassified_columns=tuple(unclassified_columns),
        refused=tuple(dict.fromkeys(refused)),
        stale_entries=_stale_entries(catalogue, schema, tables),
        tables=tuple(covered),
        catalogue=decided,
        unknown=unknown,
    )


def _missing_content_types(covered: Sequence[CoveredTable]) -> list[str]:
    """Refuse rules that need django_content_type where the archive does not hold it in the usual form."""
    known = {table.name: table.data.columns for table in covered if not table.entry.may_drop_rows}
    if set(CONTENT_TYPE_COLUMNS) <= set(known.get(CONTENT_TYPES, ())):
        return []
    return [
        f"{table.name}: without_purged needs {CONTENT_TYPES}, kept, with its {', '.join(CONTENT_TYPE_COLUMNS)}"
        for table in covered
        if table.entry.without_purged
    ]


def _stale_entries(catalogue: Catalogue, schema: Schema, tables: Sequence[TableData]) -> tuple[str, ...]:
    """Entries of the catalogue that name no table or column of the archive."""
    present: dict[TableName, set[str]] = {
        TableName(*name): {column.name for column in table.columns} for name, table in schema.tables.items()
    }
    for data in tables:
        present.setdefault(TableName(data.schema, data.name), set()).update(data.columns)
    stale = []
    for name, table in catalogue.tables.items():
        if name not in present:
            stale.append(str(name))
        else:
            stale += [f"{name}.{column}" for column in table.columns if column not in present[name]]
    return tuple(stale)
