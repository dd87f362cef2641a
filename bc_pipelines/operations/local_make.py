"""Inside the new local database: filled, checked, and made a local one, before anybody uses it.

Belongs here: what stands between an empty database and one that may be swapped in. Does not belong here: the swap (see
`local_data`), pg_restore (see `local_restore`), SQL over Wagtail's tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bc_pipelines.checks import accounts as account_checks
from bc_pipelines.checks import rows, submitted
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.database import counts
from bc_pipelines.database.identity import Connection
from bc_pipelines.laptop import Laptop
from bc_pipelines.operations.archives import Watch
from bc_pipelines.operations.errors import GateClosed
from bc_pipelines.operations.local_copy import Copy
from bc_pipelines.operations.local_migrations import needed_by
from bc_pipelines.operations.local_restore import restore
from bc_pipelines.operations.local_server import connected
from bc_pipelines.operations.local_target import LocalTarget
from bc_pipelines.operations.local_wishes import Wishes
from bc_pipelines.wagtail_sql import accounts, ready, sites
from bc_pipelines.wagtail_sql.tables import has_table

CHECKS = {
    "every_row_arrived": "Counts every table of the local database; it must hold exactly what the archive holds.",
    "nothing_submitted_is_left": "Searches the local database for anything the public submitted, table by table.",
    "nobody_is_kept": "Every account, staff's too, is replaced and unable to log in.",
}


@dataclass(frozen=True)
class Made:
    """What the new database holds.

    Attributes:
        rows: how many rows it has.
        sites: each local address and the host that it stands for.
        missing_extensions: what this server does not have.
        migrations: those that the developer's checkout has and the database has not, as `app.name`.
    """

    rows: int
    sites: dict[str, str]
    missing_extensions: tuple[str, ...]
    migrations: tuple[str, ...]


def fill(target: LocalTarget, new: str, copy: Copy, laptop: Laptop, wishes: Wishes, watch: Watch) -> Made:
    """Fill an empty database, check it, and make it a local one.

    Args:
        target: the server.
        new: the empty database.
        copy: the sanitised archive.
        laptop: ports of the local sites.
        wishes: what the developer chose.
        watch: is told how far the work is.

    Raises:
        GateClosed: it did not pass its checks.
        RestoreFailed, Refused: as `local_restore.restore`.
    """
    with connected(target, new) as connection:
        watch.wait("Restoring")
        missing = restore(copy.path, target, new, connection)
        watch.wait("Checking the new database")
        counted = counts.row_counts(connection)
        looks: tuple[Callable[[], Verdict], ...] = (
            lambda: rows.rows_match(copy.manifest, counted),
            lambda: submitted.nothing_left(
                connection, mail_sink=copy.mail_sink, view_restriction_password=copy.view_restriction_password
            ),
            lambda: account_checks.accounts_replaced(connection, frozenset()),
        )
        for name, look in zip(CHECKS, looks, strict=True):
            _require(name, look(), wishes)
        moved = _move_sites(connection, laptop)
        ready.mark_cleaned(connection)
        ready.empty_cache_table(connection)
        if wishes.login is not None:
            accounts.add_superuser(connection, wishes.login.email, wishes.login.password)
        migrations = needed_by(wishes.checkout, ready.applied_migrations(connection)) if wishes.checkout else ()
        connection.execute("ANALYZE")
    return Made(sum(counted.values()), moved, missing, migrations)


def _require(name: str, verdict: Verdict, wishes: Wishes) -> None:
    wishes.judged(name, verdict)
    if not verdict.passed:
        raise GateClosed(f"The new database did not pass its check and was dropped: {verdict.summary}")


def _move_sites(connection: Connection, laptop: Laptop) -> dict[str, str]:
    """Put every Site record on localhost, each with a port of its own; the default site's comes first."""
    if not has_table(connection, "wagtailcore_site"):
        return {}
    moved: dict[str, str] = {}
    taken: set[int] = set()
    for site in sorted(sites.read_sites(connection), key=lambda each: (not each.is_default_site, each.id)):
        port = laptop.port_of(site.hostname, taken)
        taken.add(port)
        moved[f"http://localhost:{port}"] = site.hostname
        connection.execute(
            "UPDATE wagtailcore_site SET hostname = 'localhost', port = %s WHERE id = %s", [port, site.id]
        )
    return moved
