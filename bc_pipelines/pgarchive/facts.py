"""What is known about tables, columns and keys: data classes only."""

from dataclasses import dataclass, replace

TableName = tuple[str, str]
"""Schema and name of a table."""


@dataclass(frozen=True)
class Column:
    """A column as its table's CREATE statement gives it.

    Attributes:
        name: name, unquoted.
        type: type as SQL, such as ``character varying(20)`` or ``public.citext[]``.
        not_null: whether NULL is refused.
        default: default expression as SQL.
        generated: expression of a generated column; such a column is in no COPY statement.
        identity: whether an identity sequence fills it.
    """

    name: str
    type: str
    not_null: bool = False
    default: str | None = None
    generated: str | None = None
    identity: bool = False


@dataclass(frozen=True)
class Table:
    """A table with all its columns, inherited ones included.

    Attributes:
        schema: its schema.
        name: its name.
        columns: its columns; none for a table that takes them from a composite type (``CREATE TABLE … OF``).
        parents: the tables it inherits from, or whose partition it is.
    """

    schema: str
    name: str
    columns: tuple[Column, ...]
    parents: tuple[TableName, ...] = ()

    def column(self, name: str) -> Column | None:
        """The column of that name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)

    def with_column(self, name: str, *, default: str | None = None, identity: bool = False) -> "Table":
        """The table, one of its columns having been given a default or an identity."""
        columns = list(self.columns)
        for place, column in enumerate(columns):
            if column.name == name:
                columns[place] = replace(column, default=default, identity=identity)
        return replace(self, columns=tuple(columns))


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key.

    Attributes:
        constraint: its name.
        table: the table that refers.
        columns: its columns.
        referenced_table: the table referred to.
        referenced_columns: that table's columns; none if the statement leaves them out (then its primary key).
        deferrable: whether it can be checked at the end of a transaction.
    """

    constraint: str
    table: TableName
    columns: tuple[str, ...]
    referenced_table: TableName
    referenced_columns: tuple[str, ...]
    deferrable: bool


@dataclass(frozen=True)
class Key:
    """A primary key, a unique constraint or a unique index.

    Attributes:
        name: its name.
        table: its table.
        columns: the plain columns in it.
        expressions: the expressions in it, as SQL; where there are any, columns alone need not be unique.
        primary: whether it is the primary key.
        predicate: condition of a partial index, as SQL.
    """

    name: str
    table: TableName
    columns: tuple[str, ...]
    expressions: tuple[str, ...] = ()
    primary: bool = False
    predicate: str | None = None
