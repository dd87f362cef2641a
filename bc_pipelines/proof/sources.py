"""The list of identifiers, read from identifiers.toml: where they stand, and what is published anyway.

Belongs here: the list's shape. Does not belong here: how a column's value becomes an identifier (extract.py), which
rows are published (published.py).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bc_pipelines.proof.errors import BadIdentifierList

DEFAULT_LIST = Path(__file__).with_name("identifiers.toml")
KINDS_OF_COLUMNS = (
    *("email", "username", "token", "session_key", "password_hash", "password"),
    *("free_text", "url", "file_name", "form", "query"),
)


@dataclass(frozen=True)
class Column:
    """A column that holds identifiers.

    Attributes:
        kind: one of ``KINDS_OF_COLUMNS``.
        name: the column.
        path: keys on the way to the value inside JSON; ``*`` is any item of a list. Empty for the whole value.
    """

    kind: str
    name: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Collect:
    """What is taken from one table.

    Attributes:
        columns: where identifiers stand.
        full_names: pairs of columns that make a name together.
        account_of: column whose address says whether a row is a kept account; None where no row is.
        everything: whether any address and telephone number anywhere in the table counts.
    """

    columns: tuple[Column, ...] = ()
    full_names: tuple[tuple[str, str], ...] = ()
    account_of: str | None = None
    everything: bool = False


UNKNOWN_TABLE = Collect(everything=True)


@dataclass(frozen=True)
class Published:
    """What everybody can read anyway.

    Attributes:
        tables: whole tables.
        of_page: tables, with the column that names the page that must be live.
        of_image: tables of renditions, with the table of their images.
        where: tables, with the column that must be true.
        hidden_columns: tables, with columns that nobody sees.
    """

    tables: frozenset[str] = frozenset()
    of_page: Mapping[str, str] = field(default_factory=dict)
    of_image: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    hidden_columns: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Sources:
    """The whole list.

    Attributes:
        collect: tables that identifiers are taken from.
        published: what everybody can read anyway.
        drafts: tables that are only searched.
    """

    collect: Mapping[str, Collect]
    published: Published
    drafts: frozenset[str]

    @classmethod
    def load(cls, path: Path = DEFAULT_LIST) -> "Sources":
        """Read a list.

        Raises:
            BadIdentifierList: the file is missing, or says something that is not understood.
        """
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
            if document.pop("format") != 1:
                raise BadIdentifierList(f"{path.name} is of a format that this version does not know")
            published = document["published"]
            return cls(
                {table: _collect(table, dict(entry)) for table, entry in document["collect"].items()},
                Published(
                    frozenset(published["tables"]),
                    published["of_page"],
                    published["of_image"],
                    published["where"],
                    {table: frozenset(columns) for table, columns in published["hidden_columns"].items()},
                ),
                frozenset(document["drafts"]["tables"]),
            )
        except (OSError, KeyError, TypeError, AttributeError, tomllib.TOMLDecodeError) as error:
            raise BadIdentifierList(f"{path.name} cannot be used: {type(error).__name__}: {error}") from error

    @property
    def accounts(self) -> frozenset[tuple[str, str]]:
        """Where accounts' own identifiers stand, as table and column; the two columns of a name as one pair.

        The two by themselves are ``half_names``: what stands in one of them need not be an identifier.
        """
        return frozenset(
            (table, column)
            for table, collect in self.collect.items()
            if collect.account_of
            for column in (*(each.name for each in collect.columns), *map(", ".join, collect.full_names))
        )

    @property
    def half_names(self) -> frozenset[tuple[str, str]]:
        """Where half of an account's name stands, as table and column."""
        return frozenset(
            (table, column)
            for table, collect in self.collect.items()
            if collect.account_of
            for pair in collect.full_names
            for column in pair
        )

    def for_table(self, name: str, columns: tuple[str, ...]) -> Collect | None:
        """What is taken from a table; None for one that is only searched."""
        if name in self.collect:
            return self.collect[name]
        published = self.published
        if name in published.tables or name in published.of_page or name in published.where or name in self.drafts:
            return None
        return None if name == "wagtailcore_page" or "page_ptr_id" in columns else UNKNOWN_TABLE


def _collect(table: str, entry: dict[str, Any]) -> Collect:
    full_names = tuple((first, last) for first, last in entry.pop("full_name", ()))
    account_of = entry.pop("account_of", None)
    everything = entry.pop("everything", False)
    if unknown := entry.keys() - set(KINDS_OF_COLUMNS):
        raise BadIdentifierList(f"{table} names kinds that do not exist: {', '.join(sorted(unknown))}")
    columns = tuple(_column(kind, where) for kind, places in entry.items() for where in places)
    return Collect(columns, full_names, account_of, everything)


def _column(kind: str, where: str) -> Column:
    name, *path = where.split("/")
    return Column(kind, name, tuple(path))
