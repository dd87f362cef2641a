"""Do the catalogue's rules fit the archive's schema? Types, lengths, keys, and what refers to rows that go.

Everything is answered from CREATE and ALTER statements. What the rules do to values is not known here.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bc_pipelines.pgarchive import TableData
from bc_pipelines.pgarchive.schema import ForeignKey, Key, Schema
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.entries import Profile, RuleSpec, Table, TableName
from bc_pipelines.privacy.substitutes import UNIQUE_KINDS

_TEXT = re.compile(r"(?:character varying|character|text|(?:\w+\.)?citext)(?:\((?P<length>\d+)\))?")
_JSON = frozenset(("json", "jsonb", "text"))
_INET = frozenset(("inet",))
_ANY_TYPE = frozenset(("keep", "null"))


@dataclass(frozen=True)
class Target:
    """What a column takes.

    Attributes:
        max_length: longest text, in characters; None for no limit.
        unique: whether no two rows may have the same value.
    """

    max_length: int | None = None
    unique: bool = False


def entry_of(name: TableName, schema: Schema, catalogue: Catalogue) -> Table | None:
    """The catalogue's entry for a table: its own, or that of the nearest table it is a part of or inherits from."""
    names = [name, *(TableName(*parent) for parent in schema.ancestors((name.schema, name.name)))]
    return next((catalogue.tables[each] for each in names if each in catalogue.tables), None)


def writes(kind: str, type_: str) -> bool:
    """Whether a kind of rule gives valid values of a type.

    Args:
        kind: the kind, as in ``RuleSpec``.
        type_: the type, as SQL; empty if it is not known.
    """
    if kind in _ANY_TYPE:
        return True
    if kind == "json":
        return type_ in _JSON
    return bool(_TEXT.fullmatch(type_)) or (kind == "ip_address" and type_ in _INET)


class Fitting:
    """A schema and a catalogue, side by side.

    Args:
        schema: of the archive.
        catalogue: what is decided about each table.
        profile: which copy is to be made.
    """

    def __init__(self, schema: Schema, catalogue: Catalogue, profile: Profile) -> None:
        self._schema = schema
        self._catalogue = catalogue
        self._profile = profile

    def entry(self, name: TableName) -> Table | None:
        """The catalogue's entry for a table: its own, or that of the nearest table it is a part of or inherits from."""
        return entry_of(name, self._schema, self._catalogue)

    def targets(self, data: TableData) -> dict[str, Target]:
        """What each column with a rule takes.

        Args:
            data: a data entry whose table has an entry.
        """
        return {
            name: Target(_max_length(self._type(data, name)), any(_alone_in(name, key) for key in self._keys(data)))
            for name, _ in self._rules(data)
        }

    def refusals(self, tables: Sequence[TableData]) -> Iterator[str]:
        """Everything that does not fit, in sentences."""
        for data in tables:
            table = TableName(data.schema, data.name)
            for name, rule in self._rules(data):
                for reason in self._column_refusals(data, name, rule):
                    yield f"{table}.{name}: {reason}"
        for foreign_key in self._schema.foreign_keys:
            yield from self._dangling(foreign_key)

    def _rules(self, data: TableData) -> Iterator[tuple[str, RuleSpec]]:
        """The columns of a data entry that do not simply keep their values."""
        entry = self.entry(TableName(data.schema, data.name))
        for name in data.columns if entry else ():
            column = entry.columns.get(name) if entry else None
            if column and not column.rules[self._profile].keeps:
                yield name, column.rules[self._profile]

    def _column_refusals(self, data: TableData, name: str, rule: RuleSpec) -> Iterator[str]:
        type_ = self._type(data, name)
        if not writes(rule.kind, type_):
            yield f"its type {type_ or 'is not known, which'} is none that the rule {rule} can write"
        if rule.kind == "null" and self._not_null(data, name):
            yield "the rule is null, but the column refuses NULL"
        if rule.kind != "null" and self._is_link(data, name):
            yield f"a foreign key runs over it, which the rule {rule} would break"
        entry = self.entry(TableName(data.schema, data.name))
        for key in self._keys(data):
            if entry and _would_repeat(name, rule, key, entry.unique):
                yield f"the rule {rule} could make two rows the same under the unique key {key.name}"

    def _dangling(self, foreign_key: ForeignKey) -> Iterator[str]:
        """Refuse rows that stay while what they refer to goes."""
        columns = ", ".join(foreign_key.columns)
        for child in self._entries(foreign_key.table):
            if child.purged_whole or self._nulled(child, foreign_key.columns):
                continue
            for parent in self._entries(foreign_key.referenced_table):
                if loss := self._loss(parent, foreign_key, (child.name, columns)):
                    yield (
                        f"{child.name}.{columns} refers to {parent.name}, which {loss}: purge {child.name} too, "
                        "give the column the rule null, or name it under unless_referenced"
                    )

    def _loss(self, parent: Table, foreign_key: ForeignKey, referrer: tuple[TableName, str]) -> str:
        """What a table loses that a referrer needs; empty if nothing."""
        if self._nulled(parent, foreign_key.referenced_columns):
            return f"loses its {', '.join(foreign_key.referenced_columns)}"
        spared = parent.unless_referenced is not None and referrer in parent.unless_referenced.by
        return "loses rows" if parent.may_drop_rows and not spared else ""

    def _nulled(self, entry: Table, columns: Iterable[str]) -> bool:
        """Whether one of some columns becomes NULL."""
        rules = [entry.columns[name].rules[self._profile] for name in columns if name in entry.columns]
        return any(rule.kind == "null" for rule in rules)

    def _entries(self, table: tuple[str, str]) -> list[Table]:
        """The entries of a table and of all its parts, whose rows are the table's rows too."""
        found: list[Table] = []
        for name in self._schema.with_descendants(table):
            entry = self.entry(TableName(*name))
            if entry is not None and entry not in found:
                found.append(entry)
        return found

    def _type(self, data: TableData, name: str) -> str:
        column = self._schema.column((data.schema, data.name), name)
        return column.type if column else ""

    def _not_null(self, data: TableData, name: str) -> bool:
        column = self._schema.column((data.schema, data.name), name)
        return column is None or column.not_null

    def _lineage(self, data: TableData) -> set[tuple[str, str]]:
        """A table and those it is a part of, whose keys hold for it too."""
        name = (data.schema, data.name)
        return {name, *self._schema.ancestors(name)}

    def _keys(self, data: TableData) -> list[Key]:
        lineage = self._lineage(data)
        return [key for key in self._schema.keys if key.table in lineage]

    def _is_link(self, data: TableData, name: str) -> bool:
        """Whether a foreign key leads from or to a column."""
        lineage = self._lineage(data)
        return any(
            (key.table in lineage and name in key.columns)
            or (key.referenced_table in lineage and name in key.referenced_columns)
            for key in self._schema.foreign_keys
        )


def _max_length(type_: str) -> int | None:
    match = _TEXT.fullmatch(type_)
    return int(match["length"]) if match and match["length"] else None


def _alone_in(name: str, key: Key) -> bool:
    """Whether a key allows each value of a column once, as it stands or in an expression."""
    return key.columns == (name,) or (not key.columns and _named_in(name, key.expressions))


def _would_repeat(name: str, rule: RuleSpec, key: Key, kept_unique: tuple[str, ...]) -> bool:
    """Whether a rule can break a unique key."""
    if rule.kind in UNIQUE_KINDS or rule.kind == "null":
        return False
    if name not in key.columns and not _named_in(name, key.expressions):
        return False
    return not (kept_unique and set(kept_unique) <= set(key.columns))


def _named_in(name: str, expressions: Iterable[str]) -> bool:
    return any(re.search(rf'(?<![\w"]){re.escape(name)}(?![\w"])|"{re.escape(name)}"', text) for text in expressions)
