"""What a catalogue says of a table and its columns, as data. Reading the file is ``catalogue.py``'s work."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Profile = Literal["staging", "local"]
PROFILES: tuple[Profile, ...] = ("staging", "local")

# Kinds of rules, and whether they take an argument (as in "fixed:TEXT").
KINDS: Mapping[str, bool] = MappingProxyType(
    {
        "keep": False,
        "null": False,
        "empty": False,
        "fixed": True,
        "person_name": False,
        "username": False,
        "email": False,
        "phone": False,
        "postcode": False,
        "free_text": False,
        "token": False,
        "ip_address": False,
        "password": False,
        "mail_sink": False,
        "view_restriction_password": False,
        "url_without_query": False,
        "json": True,
    }
)


@dataclass(frozen=True, order=True)
class TableName:
    """A table's schema and name."""

    schema: str
    name: str

    @classmethod
    def parse(cls, text: str) -> "TableName":
        """Read ``schema.name``, or a name of the schema public."""
        schema, dot, name = text.rpartition(".")
        return cls(schema if dot else "public", name)

    def __str__(self) -> str:
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class RuleSpec:
    """A rule as the catalogue writes it, such as ``email unless staff`` or ``json:revision``.

    Attributes:
        kind: one of ``KINDS``.
        argument: what stands behind the colon.
        unless_staff: whether rows of staff are spared.
    """

    kind: str
    argument: str | None = None
    unless_staff: bool = False

    @property
    def keeps(self) -> bool:
        """Whether values pass untouched."""
        return self.kind == "keep"

    @property
    def name(self) -> str:
        """The rule without its exception for staff."""
        return self.kind if self.argument is None else f"{self.kind}:{self.argument}"

    def __str__(self) -> str:
        return f"{self.name} unless staff" if self.unless_staff else self.name


KEEP = RuleSpec("keep")


@dataclass(frozen=True)
class Column:
    """What happens to a column's values.

    Attributes:
        name: the column.
        rules: the rule of each profile.
        reason: why the column is personal, in a few words; empty where it is not.
    """

    name: str
    rules: Mapping[Profile, RuleSpec]
    reason: str = ""


@dataclass(frozen=True)
class UnlessReferenced:
    """Which rows of a purged table stay: those that a kept row refers to.

    Attributes:
        column: the column of the purged table that is referred to.
        by: the tables and columns that refer to it.
    """

    column: str
    by: tuple[tuple[TableName, str], ...]


@dataclass(frozen=True)
class Table:
    """What happens to a table.

    Attributes:
        name: the table.
        area: the area that it is listed under.
        columns: every column, by name.
        purge: whether the table loses its rows.
        reason: what a purged table held; empty for others.
        unless_referenced: rows of a purged table that stay.
        staff_by: the column whose e-mail address says whether a row belongs to staff.
        unique: columns that are unique together and stay so: later rows that become the same are left out.
        without_purged: columns that hold a content type's id: rows that name a purged table are left out.
    """

    name: TableName
    area: str
    columns: Mapping[str, Column] = field(repr=False)
    purge: bool = False
    reason: str = ""
    unless_referenced: UnlessReferenced | None = None
    staff_by: str | None = None
    unique: tuple[str, ...] = ()
    without_purged: tuple[str, ...] = ()

    @property
    def purged_whole(self) -> bool:
        """Whether no row stays at all."""
        return self.purge and self.unless_referenced is None

    @property
    def may_drop_rows(self) -> bool:
        """Whether some or all rows may be left out."""
        return self.purge or bool(self.unique) or bool(self.without_purged)


@dataclass(frozen=True)
class JsonRule:
    """How a JSON value is rewritten, by path.

    Attributes:
        name: the rule's name in the catalogue.
        empty: keys, at any depth, whose value becomes ``[]`` if it is a list, ``""`` if a text, else null.
        mail_sink: keys, at any depth, whose addresses become the mail sink.
        allow: paths of keys that stay; all others are left out. None: everything stays.
    """

    name: str
    empty: frozenset[str] = frozenset()
    mail_sink: frozenset[str] = frozenset()
    allow: frozenset[tuple[str, ...]] | None = None
