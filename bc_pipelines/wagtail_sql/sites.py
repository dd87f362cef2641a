"""Wagtail's Site records: reading them, and moving them to another environment's hosts in place.

A Site row is never deleted and made again: four tables of site settings and the redirects hang on its id. Judging the
result belongs in `checks`; reading an archive belongs to the caller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from bc_pipelines.wagtail_sql.tables import Connection

_FIELDS = ("id", "hostname", "port", "is_default_site", "root_page_id", "site_name")
CopyValue = str | bytes | None


class SitesRefused(Exception):
    """The Site records cannot be moved as asked; nothing was written. The message says which one and why."""


@dataclass(frozen=True)
class SiteRecord:
    """One row of `wagtailcore_site`, under the names of its columns."""

    id: int
    hostname: str
    port: int
    is_default_site: bool
    root_page_id: int
    site_name: str


@dataclass(frozen=True)
class SiteChange:
    """Where one Site record was, and where it is (or would be) now.

    Attributes:
        id: of the record.
        site_name: as Wagtail shows it.
        is_default_site: whether unknown hosts get this site.
        from_host: host before.
        from_port: port before.
        to_host: host after.
        to_port: port after.
    """

    id: int
    site_name: str
    is_default_site: bool
    from_host: str
    from_port: int
    to_host: str
    to_port: int

    @property
    def changes(self) -> bool:
        """Whether the record has to move at all."""
        return (self.from_host, self.from_port) != (self.to_host, self.to_port)


def read_sites(connection: Connection) -> tuple[SiteRecord, ...]:
    """Read every Site record.

    Args:
        connection: an open connection to a database that has Wagtail's tables.

    Returns:
        The records, by id.
    """
    query = sql.SQL("SELECT {} FROM wagtailcore_site ORDER BY id").format(
        sql.SQL(", ").join(map(sql.Identifier, _FIELDS))
    )
    with connection.transaction():
        return tuple(SiteRecord(*row) for row in connection.execute(query))


def site_rows(columns: Sequence[str], rows: Iterable[Sequence[CopyValue]]) -> tuple[SiteRecord, ...]:
    """Make Site records of the rows of a `COPY wagtailcore_site` block.

    Args:
        columns: the column names of the COPY statement, in its order.
        rows: one sequence of unescaped values a row, in that order; text or UTF-8 bytes.

    Returns:
        The records, by id.

    Raises:
        SitesRefused: a column that a Site record needs is not there, or a value is not of its type.
    """
    missing = [name for name in _FIELDS if name not in columns]
    if missing:
        raise SitesRefused(f"wagtailcore_site in this archive has no column {', '.join(missing)}.")
    places = [columns.index(name) for name in _FIELDS]
    return tuple(sorted((_from_copy([row[place] for place in places]) for row in rows), key=lambda site: site.id))


def plan_sites(sites: Iterable[SiteRecord], mapping: Mapping[str, str], port: int = 443) -> tuple[SiteChange, ...]:
    """Work out where every Site record has to go; nothing is written.

    Args:
        sites: the records as they stand.
        mapping: host to take -> host to give, whatever the case they are written in.
        port: port to give to every record.

    Returns:
        One change for every record, in the order given; records that already are on a target host stay on it.

    Raises:
        SitesRefused: there are no records, one has no mapping, two would end on one host, or there would not be
            exactly one default site.
    """
    sites = tuple(sites)
    targets = {source.strip().lower(): target.strip().lower() for source, target in mapping.items()}
    _refuse_unmapped(sites, targets)
    changes = tuple(_change(site, targets, port) for site in sites)
    _refuse_collisions(changes)
    defaults = sum(site.is_default_site for site in sites)
    if defaults != 1:
        raise SitesRefused(
            f"{defaults} Site records are marked as the default; Wagtail needs exactly one. "
            "Nothing was written. Correct it under Settings > Sites on production and take a new backup."
        )
    return changes


def update_sites(connection: Connection, mapping: Mapping[str, str], port: int = 443) -> tuple[SiteChange, ...]:
    """Move every Site record to its host in another environment, in place and in one transaction.

    Running it again changes nothing, as long as no target host is itself mapped elsewhere. Wagtail caches the hosts for
    up to an hour: the site's cache has to be cleared afterwards.

    Args:
        connection: an open connection to a database that may be written to.
        mapping: host to take -> host to give.
        port: port to give to every record.

    Returns:
        One change for every record, moved or not.

    Raises:
        SitesRefused: as `plan_sites`; nothing was written.
    """
    with connection.transaction():
        connection.execute("LOCK TABLE wagtailcore_site IN SHARE ROW EXCLUSIVE MODE")
        changes = plan_sites(read_sites(connection), mapping, port)
        moving = [change for change in changes if change.changes]
        # UNIQUE (hostname, port) is checked row by row, so records that swap hosts first step aside.
        for change in moving:
            _write(connection, change.id, f"site-{change.id}.moving.invalid", change.to_port)
        for change in moving:
            _write(connection, change.id, change.to_host, change.to_port)
    return changes


def _write(connection: Connection, site_id: int, hostname: str, port: int) -> None:
    connection.execute("UPDATE wagtailcore_site SET hostname = %s, port = %s WHERE id = %s", [hostname, port, site_id])


def _change(site: SiteRecord, targets: Mapping[str, str], port: int) -> SiteChange:
    host = site.hostname.lower()
    return SiteChange(
        id=site.id,
        site_name=site.site_name,
        is_default_site=site.is_default_site,
        from_host=site.hostname,
        from_port=site.port,
        to_host=targets.get(host, host),
        to_port=port,
    )


def _refuse_unmapped(sites: Sequence[SiteRecord], targets: Mapping[str, str]) -> None:
    if not sites:
        raise SitesRefused("There are no Site records at all: this is not a database of a Wagtail site in use.")
    known = targets.keys() | set(targets.values())
    unmapped = sorted({site.hostname for site in sites if site.hostname.lower() not in known})
    if unmapped:
        raise SitesRefused(
            f"These hosts of Site records have no mapping: {', '.join(unmapped)}. Nothing was written. "
            "Add each of them to the environment's sites in environments.toml."
        )


def _refuse_collisions(changes: Sequence[SiteChange]) -> None:
    ends = Counter((change.to_host, change.to_port) for change in changes)
    shared = sorted(f"{host}:{port}" for (host, port), count in ends.items() if count > 1)
    if shared:
        raise SitesRefused(
            f"Two Site records would end on the same host: {', '.join(shared)}. Nothing was written. "
            "Give each of them a host of its own in environments.toml."
        )


def _from_copy(values: Sequence[CopyValue]) -> SiteRecord:
    text = [value.decode() if isinstance(value, bytes) else value for value in values]
    try:
        site_id, hostname, port, default, root_page_id, site_name = (_given(value) for value in text)
        return SiteRecord(
            int(site_id), hostname, int(port), {"t": True, "f": False}[default], int(root_page_id), site_name
        )
    except (KeyError, ValueError):
        raise SitesRefused("A row of wagtailcore_site in this archive is not a Site record.") from None


def _given(value: str | None) -> str:
    if value is None:
        raise ValueError("a column that is never empty is empty")
    return value
