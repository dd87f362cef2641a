"""From a mended database to a site that people can open: migrations, index, caches, and only then the lights on.

Belongs here: the one-off dynos and the order of things before maintenance ends. Does not belong here: looking at the
served pages afterwards (see `checks.served`).
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bc_pipelines.checks import accounts, hidden, served, submitted
from bc_pipelines.checks import migrations as migration_checks
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.heroku.errors import HerokuError
from bc_pipelines.heroku.models import DynoResult
from bc_pipelines.operations.errors import GateClosed
from bc_pipelines.operations.record import ResetRecord, State
from bc_pipelines.operations.target import target_database
from bc_pipelines.operations.tools import Tools
from bc_pipelines.storage import Scope
from bc_pipelines.wagtail_sql import ready as ready_sql
from bc_pipelines.wagtail_sql import sites
from bc_pipelines.wagtail_sql.files import empty_renditions
from bc_pipelines.wagtail_sql.tables import Connection

MIGRATE = "python manage.py migrate --noinput"
UPDATE_INDEX = "python manage.py update_index"
CLEAR_CACHES = "from django.core.cache import caches; [caches[alias].clear() for alias in caches]"


@dataclass(frozen=True)
class Prepared:
    """What was done to the database, and what was seen of the code on the way.

    Attributes:
        migrations: how many were applied.
        complete: whether the code has every migration that its models need.
    """

    migrations: int
    complete: Verdict


@dataclass(frozen=True)
class Readiness:
    """What was done before the lights went on.

    Attributes:
        release: version of the release that the dynos ran.
        migrations: lines that `migrate` printed about applied migrations.
        downtime: how long the target was in maintenance.
    """

    release: int
    migrations: int
    downtime: timedelta


def prepare(tools: Tools, record: ResetRecord) -> Prepared:
    """Apply migrations, mark the database as cleaned, rebuild the search index and empty the caches.

    Args:
        tools: the run's tools.
        record: of the reset; must have come to `mended`.

    Returns:
        What was done, and whether the code lacks a migration.

    Raises:
        GateClosed: a command of the site failed; maintenance stays on.
    """
    with target_database(tools, record.environment, record) as connection:
        ready_sql.mark_cleaned(connection)
        ready_sql.empty_cache_table(connection)
        if tools.settings.media.scope is Scope.IMAGES:
            # Their files were not copied.
            empty_renditions(connection)
    migrated = run_command(tools, record, MIGRATE)
    run_command(tools, record, UPDATE_INDEX)
    # In the process that empties the caches: each start of Django is a second or two of maintenance more.
    asked = run_command(tools, record, _shell(f"{CLEAR_CACHES}\n{migration_checks.program()}"))
    applied = sum(line.rstrip().endswith("... OK") for line in migrated.output.splitlines())
    return Prepared(applied, migration_checks.none_is_missing(asked.output))


def empty_caches(tools: Tools, record: ResetRecord) -> None:
    """Empty every cache of the site: what is in them was made from another database."""
    run_command(tools, record, _shell(CLEAR_CACHES))


def _shell(program: str) -> str:
    """A program as one physical line: it travels through Heroku's API and two shells, and repr() makes one line."""
    return f"python manage.py shell -c {shlex.quote(f'exec({program!r})')}"


def run_command(tools: Tools, record: ResetRecord, command: str) -> DynoResult:
    """Run a command of the site in a one-off dyno of the release that is there.

    Raises:
        GateClosed: it ended with another code than 0.
    """
    result = tools.heroku.run(record.app, command, deadline=tools.settings.deadlines.command)
    if result.exit_code != 0:
        short = " ".join(command.split()[:3])
        raise GateClosed(
            f"`{short}` ended with code {result.exit_code} on {record.app}. "
            f"Run it there by hand to read why: heroku run -a {record.app} -- {short} …"
        )
    return result


def judge_before_lights_on(tools: Tools, record: ResetRecord) -> tuple[Verdict, ...]:
    """Ask once more, on the database as it now is, everything that must hold before anybody can open a page.

    Returns:
        Three verdicts: hidden from search engines (as the site itself renders its pages), nothing submitted by the
        public left, and accounts as the profile says.
    """
    hosts = tuple(tools.settings.environments[record.environment].sites.values())
    # The database first: rendering pages leaves rows in the cache table.
    with target_database(tools, record.environment, record) as connection:
        left, others = nothing_submitted(tools, connection), others_replaced(tools, connection)
    rendered = run_command(tools, record, hidden.render_command(hosts))
    return hidden.judge_rendered(rendered.output, hosts), left, others


def nothing_submitted(tools: Tools, connection: Connection) -> Verdict:
    """Whether anything that must not be in a copy of production is in this database."""
    privacy = tools.settings.privacy
    return submitted.nothing_left(
        connection, mail_sink=privacy.mail_sink, view_restriction_password=privacy.view_restriction_password
    )


def others_replaced(tools: Tools, connection: Connection) -> Verdict:
    """Whether every account that is not staff's has been replaced in this database."""
    return accounts.accounts_replaced(connection, tools.settings.privacy.staff_domains)


def lights_on(tools: Tools, record: ResetRecord, verdicts: tuple[Verdict, ...], migrations: int) -> Readiness:
    """Scale the dynos back and end maintenance, if every verdict passed.

    Raises:
        GateClosed: a verdict failed; maintenance stays on and no dyno is started.
        Refused: the lock was lost, the same.
    """
    failed = [verdict.summary for verdict in verdicts if not verdict.passed]
    if failed:
        raise GateClosed("Maintenance stays on. " + " ".join(failed))
    # Rendering took a while, and who has lost the lock could not write down that the site is open.
    tools.lock.assert_held()
    # Asked before the site opens: what failed between opening and the note would be told as still closed.
    release = tools.heroku.releases(record.app, 1)[0].version
    tools.heroku.scale(record.app, record.facts["formation"])
    switch_maintenance(tools, record, on=False)
    downtime = datetime.now(UTC) - datetime.fromisoformat(record.facts["wiping_since"])
    tools.records.note(record, State.READY, downtime_seconds=downtime.total_seconds(), release=release)
    return Readiness(release=release, migrations=migrations, downtime=downtime)


def switch_maintenance(tools: Tools, record: ResetRecord, *, on: bool) -> None:
    """Switch maintenance, and look what it is where Heroku's answer was lost: an open site is not told as closed.

    Raises:
        HerokuError: it is not as it should be, or cannot be asked.
    """
    try:
        tools.heroku.set_maintenance(record.app, on=on)
    except HerokuError:
        if tools.heroku.app(record.app).maintenance is not on:
            raise


def look(tools: Tools, among: Collection[str] | None = None) -> tuple[Verdict, ...]:
    """Open every staging host over HTTP as a visitor would, and judge what is served.

    Args:
        tools: the run's tools.
        among: hosts that are looked at, where not all of them are to be.

    Returns:
        Four verdicts: every host answers with its own title, nothing that the site generates points at production,
        links in editors' content (a warning only), and hidden from search engines.
    """
    settings = tools.settings
    app = settings.staging.heroku_app
    variables = tools.heroku.config_vars(app)
    login = login_of(variables)
    with target_database(tools, settings.staging.name) as connection:
        names = {site.hostname: site.site_name for site in sites.read_sites(connection)}
    pages = served.look(
        tuple(host for host in settings.staging.sites.values() if among is None or host in among),
        connect_to=settings.connect_to,
        patience=settings.deadlines.boot.total_seconds(),
        login=login,
    )
    return (
        served.pages_answer(pages, names, login is not None),
        served.generated_links(pages, settings.production.hosts),
        served.editors_links(pages, settings.production.hosts),
        served.hidden_as_served(pages),
    )


def login_of(variables: Mapping[str, str]) -> tuple[str, str] | None:
    """The name and password for which an app's site asks every visitor, by its config vars; None where it does not."""
    if variables.get("BASIC_AUTH_ENABLED", "").lower() != "true":
        return None
    return variables.get("BASIC_AUTH_LOGIN", ""), variables.get("BASIC_AUTH_PASSWORD", "")


def close_if_found(tools: Tools, record: ResetRecord, hidden_as_served: Verdict) -> None:
    """Close a site again if search engines could find it.

    Raises:
        GateClosed: they could.
    """
    if not hidden_as_served.passed:
        lights_out(tools, record, hidden_as_served.summary)


def lights_out(tools: Tools, record: ResetRecord, why: str) -> None:
    """Close a site again that turned out to be open to search engines.

    Raises:
        GateClosed: always, with whether maintenance is on.
    """
    try:
        switch_maintenance(tools, record, on=True)
    except HerokuError as error:
        raise GateClosed(
            f"{why} {record.app} could not be put back into maintenance, so it is open and may be found. "
            f"Close it now: heroku maintenance:on -a {record.app}. {error}"
        ) from None
    tools.records.note(record, State.MENDED)
    raise GateClosed(f"{record.app} was put back into maintenance. {why}")
