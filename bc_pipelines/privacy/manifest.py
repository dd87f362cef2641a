"""What was done to an archive, in numbers: the sanitiser writes it, checks compare it with what they find.

It holds counts, names of tables and columns, and e-mail domains of accounts; never a value of a row.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bc_pipelines.privacy.entries import Profile
from bc_pipelines.privacy.errors import PrivacyError

FORMAT = 1
Treatment = Literal["keep", "purge", "rewrite"]


@dataclass(frozen=True)
class ColumnCount:
    """What a rule did to a column.

    Attributes:
        rule: the rule's name.
        changed: how many rows have another value than before.
    """

    rule: str
    changed: int


@dataclass(frozen=True)
class TableCount:
    """What was done to a table; ``rows_read`` is ``rows_written`` and ``rows_purged`` together.

    Attributes:
        schema: the table's schema.
        table: its name.
        treatment: keep (every row as it was), purge (left out but for exceptions) or rewrite (row by row).
        rows_read: rows in the source.
        rows_written: rows in the target.
        rows_purged: rows left out.
        rows_rewritten: rows written with at least one value changed.
        columns: every column that has a rule, by name.
    """

    schema: str
    table: str
    treatment: Treatment
    rows_read: int
    rows_written: int
    rows_purged: int
    rows_rewritten: int
    columns: dict[str, ColumnCount]


@dataclass(frozen=True)
class DomainCount:
    """How many accounts of an e-mail domain were kept and replaced."""

    domain: str
    kept: int
    replaced: int


@dataclass(frozen=True)
class Accounts:
    """How many accounts were kept as staff's, and how many were replaced."""

    kept: int
    replaced: int
    by_domain: tuple[DomainCount, ...]


@dataclass(frozen=True)
class Unknown:
    """What the catalogue does not know and the policy had taken out; all empty where the policy refuses.

    Attributes:
        tables_purged: tables that lost their rows.
        columns_emptied: columns whose values became NULL, as ``table.column``.
        columns_purged: columns whose table lost its rows, because they refuse NULL or because it does so anyway.
    """

    tables_purged: tuple[str, ...]
    columns_emptied: tuple[str, ...]
    columns_purged: tuple[str, ...]


@dataclass(frozen=True)
class SourceArchive:
    """What the source says of itself.

    Attributes:
        version: archive version.
        server_version: PostgreSQL that was dumped.
        dump_version: pg_dump that dumped it.
        created_at: when, in ISO 8601, in the dumping machine's own time zone; None if the archive has no valid time.
    """

    version: str
    server_version: str | None
    dump_version: str | None
    created_at: str | None


@dataclass(frozen=True)
class Manifest:
    """What was done to an archive.

    Attributes:
        profile: which copy was made.
        catalogue_sha256: of the catalogue's file.
        archive: what the source says of itself.
        tables: one for each table that has data entries, sorted by name.
        accounts: on which side the accounts fell.
        unknown: what the catalogue does not know and was taken out.
        bytes_read: size of the source.
        bytes_written: size of the target.
        seconds: how long it took.
    """

    profile: Profile
    catalogue_sha256: str
    archive: SourceArchive
    tables: tuple[TableCount, ...]
    accounts: Accounts
    unknown: Unknown
    bytes_read: int
    bytes_written: int
    seconds: float

    def to_json(self) -> str:
        """The manifest as JSON text, indented, with a format number."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Read what ``to_json`` wrote.

        Raises:
            PrivacyError: it is no manifest, or one of another format.
        """
        try:
            document = json.loads(text)
            if document.pop("format") != FORMAT:
                raise PrivacyError(f"the manifest's format is not {FORMAT}")
            return _manifest(document)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise PrivacyError("the text is no manifest of a sanitised archive") from None


def _manifest(document: dict[str, Any]) -> Manifest:
    accounts = document.pop("accounts")
    return Manifest(
        archive=SourceArchive(**document.pop("archive")),
        tables=tuple(_table(table) for table in document.pop("tables")),
        accounts=Accounts(
            kept=accounts["kept"],
            replaced=accounts["replaced"],
            by_domain=tuple(DomainCount(**domain) for domain in accounts["by_domain"]),
        ),
        unknown=Unknown(**{name: tuple(places) for name, places in document.pop("unknown").items()}),
        **document,
    )


def _table(document: dict[str, Any]) -> TableCount:
    columns = {name: ColumnCount(**count) for name, count in document.pop("columns").items()}
    return TableCount(columns=columns, **document)
