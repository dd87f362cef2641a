"""The plan of a reset: what would be wiped, from which backup, what would be lost, and every reason not to.

Belongs here: reading (never writing) whatever a person must know before typing the target's name. Does not belong
here: taking the lock or opening a record (see `reset`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from bc_pipelines.branches.survey import Survey
from bc_pipelines.checks import hidden
from bc_pipelines.database import counts, identity
from bc_pipelines.heroku.models import Transfer
from bc_pipelines.operations import code, release
from bc_pipelines.operations.record import ResetRecord
from bc_pipelines.operations.target import facts_of, own_database, target_database
from bc_pipelines.operations.tools import Tools
from bc_pipelines.pgarchive import ArchiveReader, copytext
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.coverage import coverage
from bc_pipelines.settings import Environment
from bc_pipelines.wagtail_sql import content
from bc_pipelines.wagtail_sql.marker import read_marker
from bc_pipelines.wagtail_sql.sites import SiteRecord, read_sites, site_rows
from bc_pipelines.wagtail_sql.tables import has_table


@dataclass(frozen=True)
class Plan:
    """What one reset would do.

    Attributes:
        app: the Heroku app whose database is wiped.
        addon: name of that database's add-on.
        addon_id: its identity.
        host: where it runs.
        database: its name there.
        target: what tells this database from every other one.
        size_bytes: how large it is now.
        tables: how many tables it holds now.
        source_backup: production's backup that replaces it, as `b012`, or None where there is none yet.
        source_uuid: Heroku's identity of that backup, or None.
        source_bytes: size of that backup.
        source_finished: when it was finished.
        sites: production's Site hosts and what each becomes; an empty text where no mapping is set.
        lost: what was made on the target since its last reset, by kind of content, and commits that only it has.
        code: what becomes of its branch; None where no repository is configured.
        last_reset: when it was last reset.
        expected_downtime: how long the target was down in earlier resets (median), or None.
        objections: every reason not to go on; empty when the reset may begin.
        warnings: what a person should know and may accept.
        waits: what of its CI is waited for before the wipe, in a sentence; empty for nothing.
    """

    app: str
    addon: str
    addon_id: str
    host: str
    database: str
    target: Mapping[str, str]
    size_bytes: int
    tables: int
    source_backup: str | None
    source_uuid: str | None
    source_bytes: int
    source_finished: datetime | None
    sites: Mapping[str, str]
    lost: Mapping[str, int]
    code: Survey | None
    last_reset: datetime | None
    expected_downtime: timedelta | None
    objections: tuple[str, ...]
    warnings: tuple[str, ...]
    waits: str = ""


def make_plan(tools: Tools, target: Environment, *, scheduled: bool = False) -> Plan:
    """Look at both apps and production's newest backup, and say what a reset would do. Changes nothing.

    Args:
        tools: the run's tools.
        target: the environment that would be reset.
        scheduled: whether a schedule asks, so that nobody has seen what would be lost.

    Returns:
        The plan, with its objections; it is for the caller to refuse.

    Raises:
        Refused: the target's database is not its own.
        HerokuError: Heroku cannot be reached or refuses the token.
        OutOfReach: the site's repository cannot be read.
    """
    database = own_database(tools, target.name)
    variables = tools.heroku.config_vars(target.heroku_app)
    production = tools.heroku.database(tools.settings.production.heroku_app)
    last = tools.records.last_done(target.name)
    there = _what_is_there(tools, target, last.finished_at if last else None)
    branches = code.look(tools)
    lost = {**there.lost, **code.lost(branches)}
    backup = tools.heroku.recent_backup(production, newer_than=tools.settings.backup_max_age)
    sites, unclassified = _read_backup(tools, backup, target) if backup else ({}, "")
    objections = [
        *_unmapped(target, sites),
        *([unclassified] if unclassified else []),
        *_would_be_found(variables, target),
        *_looks_like_production(tools, target, there),
        *code.objections(branches),
        *release.objections(tools),
        *(unacknowledged(target, lost) if scheduled else ()),
    ]
    return Plan(
        app=target.heroku_app,
        addon=database.addon_name,
        addon_id=database.addon_id,
        host=database.address.host,
        database=database.address.name,
        target=facts_of(database),
        size_bytes=there.size_bytes,
        tables=there.tables,
        source_backup=backup.name if backup else None,
        source_uuid=backup.uuid if backup else None,
        source_bytes=backup.processed_bytes if backup else 0,
        source_finished=backup.finished_at if backup else None,
        sites=sites,
        lost=lost,
        code=branches,
        last_reset=last.finished_at if last else None,
        expected_downtime=_downtime(last),
        objections=tuple(objections),
        warnings=(*(() if backup else (_no_backup(tools.settings.backup_max_age),)), *code.warnings(branches)),
        waits=release.in_words(tools),
    )


def _no_backup(limit: timedelta) -> str:
    return (
        f"Production has no backup of the last {limit.total_seconds() / 3600:.0f} hours, so its Site records could not "
        "be read yet. The job reset_staging captures one first and plans again."
    )


def unacknowledged(target: Environment, lost: Mapping[str, int]) -> Iterator[str]:
    """What stands against a scheduled reset: nobody typed a name after seeing what would be lost.

    Args:
        target: the environment that would be reset.
        lost: what was made on it since its last reset, by kind of content.
    """
    approval = target.standing_approval
    if any(lost.values()) and not (approval and approval.accepts_losses):
        yield (
            f"A schedule asks, and nobody has acknowledged what {target.name} would lose: {_counted(lost)}. Start the "
            f"job by hand, or set accepts_losses in environments.{target.name}.standing_approval."
        )


def _counted(lost: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in lost.items() if count)


def _unmapped(target: Environment, sites: Mapping[str, str]) -> Iterator[str]:
    unmapped = sorted(host for host, becomes in sites.items() if not becomes)
    if unmapped:
        yield (
            f"Production has Site records that {target.name} has no host for: {', '.join(unmapped)}. "
            f"Add them to environments.{target.name}.sites in environments.toml."
        )


def _would_be_found(variables: Mapping[str, str], target: Environment) -> Iterator[str]:
    """Updating the Site records is what takes the noindex away, so the app's settings must bring it back."""
    prediction = hidden.judge_config(
        tuple(target.sites.values()),
        nonindexed_hosts=variables.get("NONINDEXED_HOSTS"),
        seo_noindex=variables.get("SEO_NOINDEX"),
        basic_auth=variables.get("BASIC_AUTH_ENABLED"),
    )
    if not prediction.passed:
        yield prediction.summary


def _read_backup(tools: Tools, backup: Transfer, target: Environment) -> tuple[Mapping[str, str], str]:
    """Read production's Site records and table of contents from its backup, streaming, up to the rows that matter.

    Returns:
        Each Site host with what it becomes (an empty text where nothing is set), and what the catalogue lacks.
    """
    with tools.heroku.open_backup(tools.settings.production.heroku_app, backup) as stream:
        reader = ArchiveReader(stream)
        covered = coverage(reader.entries, reader.tables, Catalogue.load(), "staging")
        sites = {site.hostname: target.sites.get(site.hostname.lower(), "") for site in _sites_in(reader)}
    return sites, "" if covered.ok else covered.message()


def _sites_in(reader: ArchiveReader) -> tuple[SiteRecord, ...]:
    for block in reader.blocks():
        if block.table is not None and block.table.name == "wagtailcore_site":
            return site_rows(block.table.columns, (copytext.split(line) for line in block.rows()))
    return ()


_THE_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _There:
    """What the target's database holds now."""

    size_bytes: int
    tables: int
    lost: Mapping[str, int]
    hosts: frozenset[str]
    made_by: str | None


def _what_is_there(tools: Tools, target: Environment, since: datetime | None) -> _There:
    with target_database(tools, target.name) as connection:
        changed = content.changed_since(connection, since or _THE_BEGINNING)
        sites = read_sites(connection) if has_table(connection, "wagtailcore_site") else ()
        return _There(
            size_bytes=identity.size_bytes(connection),
            tables=len(counts.row_counts(connection)),
            lost={each.kind: each.count for each in changed},
            hosts=frozenset(site.hostname.lower() for site in sites),
            made_by=read_marker(connection),
        )


def _looks_like_production(tools: Tools, target: Environment, there: _There) -> Iterator[str]:
    """Settings may name production's app as the target: then its name is typed in good faith; the data tells."""
    production = sorted(there.hosts & set(tools.settings.production.hosts))
    if production and there.made_by is None and tools.records.broken_off(target.name) is None:
        yield (
            f"The database of {target.heroku_app} has Site records on production's hosts ({', '.join(production)}), "
            "and no reset made it. Is that app production? If it is a raw copy, put its Site records on its own hosts "
            "first."
        )


def _downtime(last: ResetRecord | None) -> timedelta | None:
    seconds = [float(s) for s in (last.facts.get("downtimes", ()) if last else ())]
    return timedelta(seconds=median(seconds)) if seconds else None


def as_markdown(plan: Plan) -> str:
    """The plan in words, for the Dagster UI and the terminal."""
    source = (
        f"production's `{plan.source_backup}` of {_moment(plan.source_finished)}, {plan.source_bytes / 1e6:.1f} MB"
        if plan.source_finished
        else "a backup of production that is still to be made"
    )
    down = f"{plan.expected_downtime.total_seconds():.0f} s, as before" if plan.expected_downtime else "not known yet"
    lost = _counted(plan.lost) or "nothing that was counted"
    lines = [
        f"**Wiped:** `{plan.app}`: database `{plan.database}` on `{plan.host}` ({plan.addon}), "
        f"{plan.size_bytes / 1e6:.1f} MB in {plan.tables} tables.",
        f"**Replaced by:** {source}.",
        f"**Last reset:** {_moment(plan.last_reset) if plan.last_reset else 'none on record'}.",
        f"**Down for about:** {down}.",
        f"**Lost:** {lost}.",
        f"**Code:** {_code(plan)}",
        *(f"**Warning:** {text}" for text in plan.warnings),
        *(f"**Stops the reset:** {text}" for text in plan.objections),
    ]
    return "\n\n".join(lines)


def _code(plan: Plan) -> str:
    return f"{code.in_words(plan.code)} {plan.waits}".strip() if plan.code else "not configured, and left alone."


def _moment(when: datetime) -> str:
    return f"{when:%d %B %Y %H:%M} UTC"
