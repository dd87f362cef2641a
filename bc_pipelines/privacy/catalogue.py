"""The catalogue: reading ``catalogue.toml`` strictly, so that a slip of the pen is an error and never a gap.

What the entries mean is in ``entries.py``; holding them against an archive is ``coverage.py``'s work.
"""

import hashlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from bc_pipelines.privacy.entries import (
    KEEP,
    KINDS,
    PROFILES,
    Column,
    JsonRule,
    RuleSpec,
    Table,
    TableName,
    UnlessReferenced,
)
from bc_pipelines.privacy.errors import CatalogueError

_T = TypeVar("_T")

DEFAULT = Path(__file__).with_name("catalogue.toml")
_FORMAT = 1
_STAFF = " unless staff"
_PURGE_KEYS = {"purge", "reason", "unless_referenced"}
_KEEP_KEYS = {"keep", "columns", "staff_by", "unique", "without_purged"}


@dataclass(frozen=True)
class Catalogue:
    """A rule for every table and column of the site.

    Attributes:
        areas: what each area holds, by name, in the file's order.
        json_rules: rules for JSON, by name.
        tables: the tables, by name, in the file's order.
        sha256: of the file's bytes, so that a manifest can say which catalogue was used.
    """

    areas: Mapping[str, str]
    json_rules: Mapping[str, JsonRule] = field(repr=False)
    tables: Mapping[TableName, Table] = field(repr=False)
    sha256: str

    @classmethod
    def load(cls, path: Path | None = None) -> "Catalogue":
        """Read a catalogue.

        Args:
            path: a TOML file; None is the catalogue that belongs to this package.

        Raises:
            CatalogueError: the file cannot be read, or an entry is wrong; the message names it.
        """
        file = path or DEFAULT
        try:
            return cls.parse(file.read_bytes())
        except OSError as error:
            raise CatalogueError(f"the catalogue {file} cannot be read: {error.strerror}") from None

    @classmethod
    def parse(cls, text: bytes) -> "Catalogue":
        """Read a catalogue from TOML text, as ``load`` does from a file."""
        try:
            document = tomllib.loads(text.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise CatalogueError(f"the catalogue is not TOML: {error}") from None
        _only_keys("the catalogue", document, {"format", "areas", "json", "tables"})
        if document.get("format") != _FORMAT:
            raise CatalogueError(f"the catalogue's format is not {_FORMAT}")
        areas = _mapping("areas", document.get("areas"))
        json_rules = {name: _json_rule(name, body) for name, body in _mapping("json", document.get("json", {})).items()}
        tables = _tables(_mapping("tables", document.get("tables")), areas, json_rules)
        _check_references(tables)
        return cls(
            areas=MappingProxyType({name: _text(f"areas.{name}", title) for name, title in areas.items()}),
            json_rules=MappingProxyType(json_rules),
            tables=MappingProxyType(tables),
            sha256=hashlib.sha256(text).hexdigest(),
        )


def _tables(
    document: Mapping[str, Any], areas: Mapping[str, Any], json_rules: Mapping[str, JsonRule]
) -> dict[TableName, Table]:
    tables: dict[TableName, Table] = {}
    for area, bodies in document.items():
        if area not in areas:
            raise CatalogueError(f"tables.{area}: there is no such area under [areas]")
        for written, body in _mapping(f"tables.{area}", bodies).items():
            name = TableName.parse(written)
            if name in tables:
                raise CatalogueError(f"{name} is listed under {tables[name].area} and under {area}")
            tables[name] = _table(name, area, _mapping(str(name), body), json_rules)
    return tables


def _table(name: TableName, area: str, body: Mapping[str, Any], json_rules: Mapping[str, JsonRule]) -> Table:
    if "purge" in body:
        return _purged_table(name, area, body)
    _only_keys(str(name), body, _KEEP_KEYS)
    columns = {
        column: _column(f"{name}.{column}", column, rules, json_rules)
        for column, rules in _mapping(f"{name}.columns", body.get("columns", {})).items()
    }
    for column in _names(f"{name}.keep", body.get("keep", [])):
        if column in columns:
            raise CatalogueError(f"{name}.{column} is listed twice")
        columns[column] = Column(column, dict.fromkeys(PROFILES, KEEP))
    if not columns:
        raise CatalogueError(f"{name} has neither keep nor columns nor purge")
    table = Table(
        name=name,
        area=area,
        columns=MappingProxyType(columns),
        staff_by=_optional(f"{name}.staff_by", body.get("staff_by"), _text),
        unique=_names(f"{name}.unique", body.get("unique", [])),
        without_purged=_names(f"{name}.without_purged", body.get("without_purged", [])),
    )
    _check_columns_named(table)
    return table


def _purged_table(name: TableName, area: str, body: Mapping[str, Any]) -> Table:
    _only_keys(str(name), body, _PURGE_KEYS)
    columns = _names(f"{name}.purge", body["purge"])
    if not columns:
        raise CatalogueError(f"{name}.purge lists no columns")
    return Table(
        name=name,
        area=area,
        columns=MappingProxyType({column: Column(column, dict.fromkeys(PROFILES, KEEP)) for column in columns}),
        purge=True,
        reason=_text(f"{name}.reason", body.get("reason")),
        unless_referenced=_optional(f"{name}.unless_referenced", body.get("unless_referenced"), _unless_referenced),
    )


def _column(where: str, name: str, body: object, json_rules: Mapping[str, JsonRule]) -> Column:
    given = _mapping(where, body)
    _only_keys(where, given, {*PROFILES, "reason"})
    rules = {profile: _rule(f"{where}.{profile}", given.get(profile), json_rules) for profile in PROFILES}
    return Column(name, MappingProxyType(rules), _text(f"{where}.reason", given.get("reason")))


def _rule(where: str, body: object, json_rules: Mapping[str, JsonRule]) -> RuleSpec:
    text = _text(where, body)
    kind, colon, argument = text.removesuffix(_STAFF).partition(":")
    if kind not in KINDS:
        raise CatalogueError(f"{where}: {kind!r} is no kind of rule; there are {', '.join(KINDS)}")
    if KINDS[kind] != bool(colon and argument):
        raise CatalogueError(f"{where}: {kind} {'needs' if KINDS[kind] else 'takes no'} argument")
    if kind == "json" and argument not in json_rules:
        raise CatalogueError(f"{where}: there is no [json.{argument}]")
    spared = text.endswith(_STAFF)
    if spared and kind == "keep":
        raise CatalogueError(f"{where}: keep spares everybody already")
    return RuleSpec(kind, argument or None, spared)


def _json_rule(name: str, body: object) -> JsonRule:
    where = f"json.{name}"
    given = _mapping(where, body)
    _only_keys(where, given, {"empty", "mail_sink", "allow"})
    if not given:
        raise CatalogueError(f"{where} does nothing")
    if "allow" in given and len(given) > 1:
        raise CatalogueError(f"{where}: allow goes with nothing else, since it keeps only what it names")
    allow = _optional(f"{where}.allow", given.get("allow"), _names)
    return JsonRule(
        name=name,
        empty=frozenset(_names(f"{where}.empty", given.get("empty", []))),
        mail_sink=frozenset(_names(f"{where}.mail_sink", given.get("mail_sink", []))),
        allow=None if allow is None else frozenset(tuple(path.split(".")) for path in allow),
    )


def _unless_referenced(where: str, body: object) -> UnlessReferenced:
    given = _mapping(where, body)
    _only_keys(where, given, {"column", "by"})
    by = [reference.rpartition(".") for reference in _names(f"{where}.by", given.get("by", []))]
    if not by:
        raise CatalogueError(f"{where}.by names nothing")
    return UnlessReferenced(
        column=_text(f"{where}.column", given.get("column")),
        by=tuple((TableName.parse(table), column) for table, _, column in by),
    )


def _check_columns_named(table: Table) -> None:
    """Refuse settings of a table that name a column which it does not have."""
    named = {"staff_by": [table.staff_by or ""], "unique": table.unique, "without_purged": table.without_purged}
    for setting, columns in named.items():
        for column in columns:
            if column and column not in table.columns:
                raise CatalogueError(f"{table.name}.{setting}: there is no column {column!r}")
    for name, rules in ((column.name, column.rules.values()) for column in table.columns.values()):
        if any(rule.unless_staff for rule in rules) and not table.staff_by:
            raise CatalogueError(f"{table.name}.{name} spares staff, but the table has no staff_by")


def _check_references(tables: Mapping[TableName, Table]) -> None:
    """Refuse exceptions from a purge that name what is not there, or rows that do not surely stay."""
    for table in tables.values():
        if table.unless_referenced is None:
            continue
        where = f"{table.name}.unless_referenced"
        if table.unless_referenced.column not in table.columns:
            raise CatalogueError(f"{where}: there is no column {table.unless_referenced.column!r}")
        for name, column in table.unless_referenced.by:
            referrer = tables.get(name)
            if referrer is None or column not in referrer.columns:
                raise CatalogueError(f"{where}: there is no {name}.{column}")
            if referrer.may_drop_rows or not all(rule.keeps for rule in referrer.columns[column].rules.values()):
                raise CatalogueError(f"{where}: {name}.{column} is not kept as it stands")


def _mapping(where: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise CatalogueError(f"{where} is missing or is not a table of TOML")
    return value


def _text(where: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise CatalogueError(f"{where} is missing or empty")
    return value


def _names(where: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise CatalogueError(f"{where} is not a list of names")
    if len(set(value)) != len(value):
        raise CatalogueError(f"{where} names something twice")
    return tuple(value)


def _optional(where: str, value: object, read: Callable[[str, object], _T]) -> _T | None:
    return None if value is None else read(where, value)


def _only_keys(where: str, given: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise CatalogueError(f"{where}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}")
