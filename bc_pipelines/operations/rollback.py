"""The way back from a reset: the environment's own recorded backup is put back, judged, and opened as it was.

Belongs here: which reset is undone, what must be typed for it, and the order of steps. Does not belong here: the wipe
(see `wipe`), and resets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bc_pipelines.checks import hidden
from bc_pipelines.checks import rollback as rollback_checks
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.database import counts
from bc_pipelines.heroku.models import Transfer
from bc_pipelines.operations import ready
from bc_pipelines.operations.backups import require_rollback_point
from bc_pipelines.operations.errors import GateClosed, Refused
from bc_pipelines.operations.pages import Page
from bc_pipelines.operations.record import Kind, ResetRecord, State
from bc_pipelines.operations.target import own_database, target_database
from bc_pipelines.operations.tools import Tools
from bc_pipelines.operations.wipe import wipe
from bc_pipelines.pgarchive import ArchiveReader
from bc_pipelines.settings import Environment
from bc_pipelines.wagtail_sql import marker
from bc_pipelines.wagtail_sql.ready import has_index
from bc_pipelines.wagtail_sql.sites import read_sites
from bc_pipelines.wagtail_sql.tables import has_table

# What somebody types who wants back what the public sent in.
RAW_DATA = "raw data"
# What the way back takes over from the reset that it undoes.
_TAKEN_OVER = ("target", "formation", "maintenance_before", "accounts_key", "archive_key", "code")


@dataclass(frozen=True)
class RollbackPlan:
    """What going back would do.

    Attributes:
        undone: record of the reset that is undone.
        began_from: the newest record that wiped: that reset's, or that of a way back that broke off.
        backup: the rollback point as Heroku lists it.
        addon: name of the database's add-on, which is wiped.
        database: where it is.
    """

    undone: ResetRecord
    began_from: ResetRecord
    backup: Transfer
    addon: str
    database: str

    @property
    def raw(self) -> bool:
        """Whether the rollback point was made before this product, and so holds what the public sent in."""
        return bool(self.undone.facts.get("rollback_raw", True))


def plan_rollback(tools: Tools, target: Environment, undo: str = "") -> RollbackPlan:
    """Find out what can be gone back to. Changes nothing.

    Args:
        tools: the run's tools.
        target: the environment.
        undo: id of the reset that is to be undone; must be given where a newer one stopped before its wipe, because
            whoever goes back then may think of the newer one.

    Returns:
        The plan.

    Raises:
        Refused: nothing was wiped, or it was gone back from already; the newest reset touched nothing; the record
            does not say which backup leads back; Heroku has dropped that backup; or the environment has another
            database now.
    """
    newest = tools.records.last_wiped(target.name)
    undone = _undone(tools, newest)
    if newest is None or undone is None or "rolled_back" in undone.facts:
        raise Refused(
            f"No reset of {target.name} is on record that could be gone back from. Nothing was changed. "
            "See bucks reset history."
        )
    latest = tools.records.history(target.name, 1)[0]
    if undo != undone.id and (undo or latest.id != newest.id):
        raise Refused(
            f"The newest {latest.kind}, {latest.id}, stopped before its wipe: it left {undone.app} as it was. What "
            f"could be undone is reset {undone.id}, with everything made since. Nothing was changed. If you mean that "
            f"one, say so: undo = {undone.id} (--undo). {Page.ROLLING_BACK}"
        )
    if "rollback_uuid" not in undone.facts:
        raise Refused(
            f"Reset {undone.id} was made by an earlier version, which did not record Heroku's identity of the rollback "
            f"point {undone.facts.get('rollback_point')}. Nothing was changed. Go back by hand. {Page.LOST_WAY_BACK}"
        )
    database = own_database(tools, target.name, undone)
    backup = require_rollback_point(tools, undone)
    return RollbackPlan(undone, newest, backup, database.addon_name, str(database.address))


def require_consent(plan: RollbackPlan, typed: str) -> None:
    """Refuse to bring raw data back unless somebody typed that this is what they want.

    Raises:
        Refused: the rollback point holds raw data and the words are not the right ones.
    """
    if plan.raw and typed != RAW_DATA:
        raise Refused(
            f"The rollback point {plan.backup.name} was not made from a reset of this product, so it holds raw data: "
            f"what the public sent in, and everybody's account. To bring that back onto {plan.undone.app}, type "
            f"{RAW_DATA!r} as `raw_data_confirm` (--raw-data-confirm). {typed!r} was given. Nothing was changed. "
            f"{Page.ROLLING_BACK}"
        )


def begin(tools: Tools, run_id: str, plan: RollbackPlan, requested_by: str, approval: str) -> ResetRecord:
    """Open the record of the way back; the lock must be held already."""
    tools.lock.assert_held()
    undone = plan.undone
    facts = {name: undone.facts[name] for name in _TAKEN_OVER if name in undone.facts}
    # From here on the search index may hold the reset's pages, wherever the site keeps it.
    facts["indexed"] = undone.state.rank >= State.MENDED.rank and bool(undone.facts["rollback_sites"])
    facts |= {name: value for name, value in undone.facts.items() if name.startswith("rollback_")}
    if "accounts_put_back" in undone.facts:
        facts.pop("accounts_key", None)
    # As with a reset: who opened the site by hand since has ended what broke off.
    if plan.began_from.state.rank < State.READY.rank and tools.heroku.app(undone.app).maintenance:
        facts["broken_off"] = plan.began_from.id
    return tools.records.open_rollback(
        run_id, undone.environment, undone.app, requested_by, approval, undoes=undone.id, **facts
    )


def put_back(tools: Tools, record: ResetRecord, on_progress: Callable[[Transfer], None]) -> tuple[Verdict, ...]:
    """Restore the rollback point, and hold what came of it against what it holds.

    The backup is read once, from beginning to end, before anything is wiped: a damaged one is no way back, and its
    rows are what must be there afterwards. Nothing of it is kept but their numbers.

    Args:
        tools: the run's tools.
        record: of the way back.
        on_progress: called with every look at the running restore.

    Returns:
        Three verdicts: every row is back, the database carries the id that it carried, Site records are as noted.
        Only if all passed does the record move to `mended`.

    Raises:
        ArchiveError: the backup is damaged; nothing was wiped.
        Refused, HerokuError: as `wipe`.
    """
    target = own_database(tools, record.environment, record)
    backup = require_rollback_point(tools, record)
    expected = _rows_in(tools, target.owner_app, backup)

    def ask() -> Transfer:
        source = tools.heroku.database(tools.settings.production.heroku_app)
        return tools.heroku.restore_way_back(
            target,
            backup,
            recorded_uuid=record.facts["rollback_uuid"],
            source=source,
            allowed_apps=tools.settings.writable_apps,
        )

    wipe(tools, record, target, ask, on_progress)
    verdicts = _judge(tools, record, expected)
    if all(verdict.passed for verdict in verdicts):
        tools.records.note(record, State.MENDED)
    return verdicts


def judge_before_lights_on(tools: Tools, record: ResetRecord) -> Verdict:
    """Whether every host of the restored Site records is hidden from search engines, before anybody can open it."""
    hosts = tuple(sorted(_hosts(record)))
    if record.facts["maintenance_before"]:
        return Verdict(True, f"{record.app} was in maintenance before the reset and stays so: nobody can open a page.")
    if not hosts:
        return Verdict(True, "There is no Site record, so there is no page that anybody could find.")
    rendered = ready.run_command(tools, record, hidden.render_command(hosts))
    return hidden.judge_rendered(rendered.output, hosts)


def lights_on(tools: Tools, record: ResetRecord, verdicts: tuple[Verdict, ...]) -> ResetRecord:
    """Give the environment its dynos and its maintenance as they were before the reset, and close the record.

    Raises:
        GateClosed: a verdict failed; maintenance stays on and no dyno is started.
        Refused: the lock was lost, the same.
    """
    failed = [verdict.summary for verdict in verdicts if not verdict.passed]
    if failed:
        raise GateClosed("Maintenance stays on. " + " ".join(failed))
    if record.facts["rollback_sites"]:
        ready.empty_caches(tools, record)
    if record.facts["indexed"] and not _index_came_back(tools, record):
        ready.run_command(tools, record, ready.UPDATE_INDEX)
    # All that took a while, and who has lost the lock could not write down that the site is open.
    tools.lock.assert_held()
    tools.heroku.scale(record.app, record.facts["formation"])
    ready.switch_maintenance(tools, record, on=bool(record.facts["maintenance_before"]))
    downtime = datetime.now(UTC) - datetime.fromisoformat(record.facts["wiping_since"])
    record = tools.records.note(record, State.READY, downtime_seconds=downtime.total_seconds())
    tools.records.note_rolled_back(record)
    # The rolled-back database holds those accounts itself.
    for leftover in ("accounts_key", "archive_key"):
        if leftover in record.facts:
            tools.archives.delete(record.facts[leftover])
    return tools.records.note(record, State.DONE)


def look(tools: Tools, record: ResetRecord) -> Verdict:
    """Whether every host that is open now is hidden from search engines as a visitor gets it."""
    hosts = _hosts(record) & set(tools.settings.environments[record.environment].sites.values())
    if record.facts["maintenance_before"] or not hosts:
        return Verdict(True, "There is no page that anybody could open.")
    return ready.look(tools, hosts)[-1]


def _index_came_back(tools: Tools, record: ResetRecord) -> bool:
    """Whether the site keeps its search index in the database, so that the restored one is right as it is."""
    with target_database(tools, record.environment, record) as connection:
        return has_index(connection)


def _hosts(record: ResetRecord) -> frozenset[str]:
    """Hosts of the Site records as they were."""
    return frozenset(place.rpartition(":")[0] for place in record.facts["rollback_sites"].values())


def _undone(tools: Tools, newest: ResetRecord | None) -> ResetRecord | None:
    """The reset that the newest wipe belongs to: itself, or the one that a broken-off way back was to undo."""
    if newest is None or newest.kind is Kind.RESET:
        return newest
    return tools.records.get(newest.facts["undoes"]) if newest.state.rank < State.READY.rank else None


def _rows_in(tools: Tools, app: str, backup: Transfer) -> Mapping[str, int]:
    with tools.heroku.open_backup(app, backup) as stream:
        return {
            f"{block.table.schema}.{block.table.name}": block.count_rows()
            for block in ArchiveReader(stream).blocks()
            if block.table is not None
        }


def _judge(tools: Tools, record: ResetRecord, expected: Mapping[str, int]) -> tuple[Verdict, ...]:
    with target_database(tools, record.environment, record) as connection:
        found = counts.row_counts(connection)
        carried = marker.read_marker(connection)
        sites = read_sites(connection) if has_table(connection, "wagtailcore_site") else ()
    places = {str(site.id): f"{site.hostname}:{site.port}" for site in sites}
    return (
        rollback_checks.every_row_is_back(expected, found),
        rollback_checks.same_database(record.facts["rollback_holds"], carried),
        rollback_checks.sites_as_noted(record.facts["rollback_sites"], places),
    )


def as_markdown(plan: RollbackPlan) -> str:
    """The plan in words, for the Dagster UI and the terminal."""
    facts, undone = plan.undone.facts, plan.undone
    made = f"{plan.backup.finished_at or plan.backup.created_at:%d %B %Y %H:%M} UTC"
    dynos = ", ".join(f"{name} {quantity}" for name, quantity in facts.get("formation", {}).items())
    lines = [
        f"**Wiped:** `{undone.app}`: database `{plan.database}` ({plan.addon}), with everything made on it since.",
        f"**Replaced by:** its own backup `{plan.backup.name}` of {made}, {plan.backup.processed_bytes / 1e6:.1f} MB, "
        f"taken before reset {undone.id} wiped it.",
        f"**That reset:** came to '{undone.state}'.",
        f"**Afterwards:** maintenance {'on' if facts.get('maintenance_before') else 'off'}, dynos {dynos or 'none'}.",
    ]
    code = facts.get("code")
    if code is not None and code["old"] not in (None, code["new"]):
        lines.append(
            f"**Code:** `{code['branch']}` becomes {code['old'][:12]} again, if nobody has pushed to it. Where your CI "
            "deploys, it releases that soon after, which restarts the site."
        )
    if plan.raw:
        lines.append(
            "**Raw data:** this backup was not made from a reset of this product. It holds what the public sent in, "
            f"and everybody's account. Type `{RAW_DATA}` as `raw_data_confirm` as well."
        )
    return "\n\n".join(lines)
