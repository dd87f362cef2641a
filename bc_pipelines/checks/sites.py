"""Whether the Site records of a restored database are the environment's own, and what hangs on them still does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from psycopg import sql

from bc_pipelines.checks.tables import Connection, number, table_names
from bc_pipelines.checks.verdict import Row, Verdict, listed

# What hangs on a Site record's id, in a web team's words.
_ATTACHED = {
    "navigation_navigationsettings": "Navigation of each site",
    "utils_importantpages": "Important pages of each site",
    "utils_socialmediasettings": "Social media settings of each site",
    "utils_systemmessagessettings": "System messages of each site",
    "wagtailredirects_redirect": "Redirects",
}


def sites_moved(connection: Connection, mapping: Mapping[str, str], production_hosts: Collection[str]) -> Verdict:
    """Whether every Site record is on a host of this environment and exactly one is the default.

    Args:
        connection: an open connection to the restored database.
        mapping: production's host -> this environment's host, one for every Site record.
        production_hosts: hosts that must not appear.

    Returns:
        The verdict; its rows are the Site records.
    """
    with connection.transaction():
        if "wagtailcore_site" not in table_names(connection):
            return Verdict(False, "There is no table of Site records in this database, so nothing could be judged.")
        found = connection.execute(
            "SELECT s.hostname, s.port, s.is_default_site, s.site_name, p.id IS NOT NULL FROM wagtailcore_site s"
            " LEFT JOIN wagtailcore_page p ON p.id = s.root_page_id ORDER BY s.id"
        ).fetchall()
    rows: tuple[Row, ...] = tuple(
        {"host": host, "port": port, "default": default, "site": name, "root page exists": rooted}
        for host, port, default, name, rooted in found
    )
    problems = _problems(rows, mapping, production_hosts)
    facts = {"sites": len(rows), "default_sites": sum(bool(row["default"]) for row in rows)}
    if problems:
        return Verdict(False, f"The Site records are not right: {'; '.join(problems)}.", facts, rows)
    hosts = listed(str(row["host"]) for row in rows)
    return Verdict(True, f"All {len(rows)} Site records are on this environment's hosts: {hosts}.", facts, rows)


def settings_attached(connection: Connection, rows_written: Mapping[str, int]) -> Verdict:
    """Whether the settings of each site and the redirects are all there and hang on a Site record that exists.

    Args:
        connection: an open connection to the restored database.
        rows_written: `schema.table` to the number of rows that the archive was written with.

    Returns:
        The verdict; its rows list the tables.
    """
    with connection.transaction():
        tables = table_names(connection)
        if "wagtailcore_site" not in tables:
            return Verdict(False, "There is no table of Site records in this database, so nothing could be judged.")
        rows = tuple(_attached(connection, table, tables, rows_written) for table in _ATTACHED)
    wrong = [row for row in rows if row["before"] != row["now"] or row["without a site"]]
    facts = {str(row["table"]): row["now"] for row in rows if isinstance(row["now"], int)}
    if wrong:
        names = listed(str(row["what"]) for row in wrong)
        summary = f"Something that hangs on a site was lost or lost its site: {names}. Restore again or roll back."
        return Verdict(False, summary, facts, rows)
    return Verdict(True, "The settings of every site and all redirects are still attached.", facts, rows)


def _problems(rows: Collection[Row], mapping: Mapping[str, str], production_hosts: Collection[str]) -> list[str]:
    hosts = {str(row["host"]).lower() for row in rows}
    production = {host.lower() for host in production_hosts}
    wanted = {host.lower() for host in mapping.values()}
    defaults = sum(bool(row["default"]) for row in rows)
    found = {
        "still on production's hosts: ": hosts & production,
        "on hosts that nobody configured: ": hosts - production - wanted,
        "no Site record for ": wanted - hosts,
        "without a root page: ": {str(row["host"]) for row in rows if not row["root page exists"]},
    }
    problems = [words + listed(sorted(names)) for words, names in found.items() if names]
    if defaults != 1:
        problems.append(f"{defaults} records are the default, it must be exactly one")
    return problems


def _attached(
    connection: Connection, table: str, tables: Collection[str], rows_written: Mapping[str, int]
) -> dict[str, Any]:
    before = sum(count for name, count in rows_written.items() if name.rpartition(".")[2] == table)
    if table not in tables:
        return {"what": _ATTACHED[table], "table": table, "before": before, "now": 0, "without a site": 0}
    name = sql.Identifier(table)
    now = number(connection, sql.SQL("SELECT count(*) FROM {}").format(name))
    orphans = sql.SQL(
        "SELECT count(*) FROM {} t WHERE t.site_id IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM wagtailcore_site s WHERE s.id = t.site_id)"
    )
    return {
        "what": _ATTACHED[table],
        "table": table,
        "before": before,
        "now": now,
        "without a site": number(connection, orphans.format(name)),
    }
