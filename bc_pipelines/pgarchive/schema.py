"""Facts of the schema, from the SQL in a table of contents: columns, keys, foreign keys, inheritance, partitions.

Statements that we rely on and do not understand are refused, never skipped.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bc_pipelines.pgarchive import statements
from bc_pipelines.pgarchive.errors import UnsupportedArchive
from bc_pipelines.pgarchive.facts import Column, ForeignKey, Key, Table, TableName
from bc_pipelines.pgarchive.identifiers import MAX_STATEMENT
from bc_pipelines.pgarchive.support import table_data
from bc_pipelines.pgarchive.toc import Entry

__all__ = ["Column", "ForeignKey", "Key", "Schema", "Table", "TableName"]

_TABLES = ("TABLE", "FOREIGN TABLE")
_UNDERSTOOD = (*_TABLES, "TABLE ATTACH", "DEFAULT", "SEQUENCE", "FK CONSTRAINT", "CONSTRAINT", "INDEX")
_MAX_GENERATIONS = 50
# PostgreSQL's own limit is 1,600 a table (MaxHeapAttributeNumber); this one is on all tables of an archive together.
_MAX_COLUMNS = 250_000


@dataclass(frozen=True)
class Schema:
    """What a table of contents says about its tables.

    Attributes:
        tables: every table by schema and name, foreign tables included.
        foreign_keys: every foreign key.
        keys: every primary key, unique constraint and unique index.
    """

    tables: Mapping[TableName, Table]
    foreign_keys: tuple[ForeignKey, ...]
    keys: tuple[Key, ...]

    @classmethod
    def from_entries(cls, entries: Iterable[Entry]) -> "Schema":
        """Understand a table of contents.

        Args:
            entries: the table of contents of one archive.

        Raises:
            UnsupportedArchive: a table, partition, key or foreign key is written in a way that is not understood, or
                rows would go into a table that is neither their own nor one that it is a partition of.
        """
        entries = tuple(entries)
        collected = _Collected()
        # Tables first: whatever else there is may change them.
        for entry in sorted(entries, key=lambda entry: entry.desc not in _TABLES):
            try:
                collected.take(entry.desc, entry.defn or "")
            except (LookupError, ValueError, StopIteration):
                raise UnsupportedArchive(f"the SQL of {entry.label} is not understood") from None
        schema = cls(collected.with_inherited_columns(), tuple(collected.foreign_keys), tuple(collected.keys))
        schema._insist_on_own_rows(entries)
        return schema

    @cached_property
    def parents(self) -> Mapping[TableName, tuple[TableName, ...]]:
        """The parents of every table that has any: partition to partitioned table, or child to inherited tables."""
        return {name: table.parents for name, table in self.tables.items() if table.parents}

    def column(self, table: TableName, name: str) -> Column | None:
        """A column of a table, if there is one of that name."""
        described = self.tables.get(table)
        return described.column(name) if described else None

    def with_descendants(self, table: TableName) -> tuple[TableName, ...]:
        """A table, its partitions and the tables that inherit from it, at any depth."""
        found, seen = [table], {table}
        for parent in found:
            children = [name for name in self._children.get(parent, ()) if name not in seen]
            seen.update(children)
            found += children
        return tuple(found)

    def ancestors(self, table: TableName) -> tuple[TableName, ...]:
        """Every table above, nearest first; none for a table that neither inherits nor is a partition."""
        found = [table]
        for child in found:
            found += [name for name in self.parents.get(child, ()) if name not in found]
        return tuple(found[1:])

    @cached_property
    def _children(self) -> Mapping[TableName, list[TableName]]:
        children: dict[TableName, list[TableName]] = defaultdict(list)
        for name, parents in self.parents.items():
            for parent in parents:
                children[parent].append(name)
        return children

    def _insist_on_own_rows(self, entries: Iterable[Entry]) -> None:
        """Refuse rows that COPY would put elsewhere than their entry says: rules are chosen by the entry's name."""
        for entry in entries:
            data = table_data(entry)
            if data and data.into != (own := (data.schema, data.name)) and data.into not in self.ancestors(own):
                raise UnsupportedArchive(f"the rows of {entry.label} go into another table")


class _Collected:
    """What has been understood so far, entry by entry."""

    def __init__(self) -> None:
        self.tables: dict[TableName, Table] = {}
        self.foreign_keys: list[ForeignKey] = []
        self.keys: list[Key] = []
        self._columns = 0

    def take(self, desc: str | None, sql: str) -> None:
        """Work one entry in."""
        if desc in _UNDERSTOOD and len(sql) > MAX_STATEMENT:
            raise ValueError
        if desc in _TABLES:
            self._add(statements.table(sql))
        elif desc == "TABLE ATTACH":
            child, parent = statements.attachment(sql)
            self.tables[child] = replace(self.tables[child], parents=(parent,))
        elif desc in ("DEFAULT", "SEQUENCE"):
            self._alter_column(sql)
        elif desc == "FK CONSTRAINT":
            self.foreign_keys.append(statements.foreign_key(sql))
        elif desc in ("CONSTRAINT", "INDEX"):
            key = statements.constraint_key(sql) if desc == "CONSTRAINT" else statements.index_key(sql)
            self.keys += [key] if key else []

    def with_inherited_columns(self) -> dict[TableName, Table]:
        """The tables, each with its parents' columns before its own, as PostgreSQL orders them."""
        resolved: dict[TableName, tuple[Column, ...]] = {}
        for name in self.tables:
            self._resolve(name, (), resolved)
        return {name: replace(table, columns=resolved[name]) for name, table in self.tables.items()}

    def _add(self, table: Table) -> None:
        """Add a table, once."""
        if (table.schema, table.name) in self.tables:
            raise ValueError
        self._count(len(table.columns))
        self.tables[table.schema, table.name] = table

    def _count(self, columns: int) -> None:
        """Keep memory bounded, whatever a table of contents claims."""
        self._columns += columns
        if self._columns > _MAX_COLUMNS:
            raise UnsupportedArchive(f"the archive's tables have more than {_MAX_COLUMNS:,} columns together")

    def _alter_column(self, sql: str) -> None:
        altered = statements.altered_column(sql)
        table = self.tables.get(altered[0]) if altered else None
        if not altered or not table:
            return
        name, column, action = altered
        if action.startswith("SET DEFAULT "):
            changed = table.with_column(column, default=action.removeprefix("SET DEFAULT "))
        elif action.startswith("ADD GENERATED "):
            changed = table.with_column(column, identity=True)
        else:
            return
        self.tables[name] = changed

    def _resolve(
        self, name: TableName, below: tuple[TableName, ...], resolved: dict[TableName, tuple[Column, ...]]
    ) -> tuple[Column, ...]:
        """All columns of a table; a parent that is not in the archive, or its own descendant, adds none."""
        if name in resolved or name not in self.tables or name in below:
            return resolved.get(name, ())
        if len(below) > _MAX_GENERATIONS:
            raise UnsupportedArchive(f"tables inherit from each other more than {_MAX_GENERATIONS} levels deep")
        own = {column.name: column for column in self.tables[name].columns}
        merged: dict[str, Column] = {}
        for parent in self.tables[name].parents:
            for column in self._resolve(parent, (*below, name), resolved):
                merged[column.name] = own.get(column.name, column)
        self._count(len(merged))
        resolved[name] = tuple((merged | own).values())
        return resolved[name]
