"""What is configured on this machine and from where, what is missing, and whether what is there works.

Belongs here: asking each place one harmless question, and words for the answer and the mend. Does not belong here:
printing, and any secret: a finding says where a credential comes from, never what it is. Nothing is changed anywhere;
whether S3 may be written is tried by an upload that is begun and taken back, never in production's bucket.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bc_pipelines import settings
from bc_pipelines.branches.errors import BranchesError
from bc_pipelines.branches.pipelines import pipelines
from bc_pipelines.checks.repository import advertised
from bc_pipelines.contacts import SLACK_TOKEN
from bc_pipelines.database import beside
from bc_pipelines.database.identity import DatabaseError
from bc_pipelines.heroku.access import access
from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import HerokuError
from bc_pipelines.notices import mail, slack
from bc_pipelines.notices.errors import NotSent, PerhapsSent
from bc_pipelines.operations import doctor_s3
from bc_pipelines.operations.dagster_database import require_answer
from bc_pipelines.operations.errors import OutOfReach, Refused
from bc_pipelines.operations.finding import Finding
from bc_pipelines.operations.local_restore import client_version
from bc_pipelines.operations.local_server import connected
from bc_pipelines.operations.local_target import addresses_of, local_target
from bc_pipelines.repository import GitLab
from bc_pipelines.settings import Environment, SettingsError

_PATIENCE_SECONDS = 5.0
_HEROKU = "Heroku"


def examine() -> Iterator[Finding]:
    """Look at everything, in the order in which one thing needs another. A failure is a finding, never an exception."""
    file = settings.environments_file()
    try:
        environments, heroku = settings.environments(), settings.heroku()
        media, bucket = settings.laptop_media().media, settings.archive_bucket()
    except SettingsError as error:
        yield Finding("Settings", "wrong", str(error), f"Correct {file}, or the variable that it names.")
        return
    yield Finding("Settings", "works", f"{file} describes {', '.join(environments)}.")
    client = None
    if heroku is not None:
        client = HerokuClient(heroku.platform_url, heroku.data_url, heroku.api_key, retry_for=_PATIENCE_SECONDS)
    try:
        found = list(_heroku(client, environments))
        yield from found
        # Where Heroku does not let us in at all, it is not asked five times more.
        answering = None if [each.about for each in found] == [_HEROKU] else client
        versions = _versions(answering, environments)
        yield from doctor_s3.store(bucket, environments)
        yield from doctor_s3.media(media, environments, answering)
        yield from _local_database(answering, environments, versions)
    finally:
        if client is not None:
            client.close()
    yield _client_programs(versions)
    yield _view_restriction()
    yield from _repository()
    yield from _contacts()
    yield _dagster()


def _heroku(client: HerokuClient | None, environments: Mapping[str, Environment]) -> Iterator[Finding]:
    if client is None:
        yield Finding(
            _HEROKU,
            "not set",
            "HEROKU_API_KEY is not set. A reset needs it; a pull only where the archive store has nothing.",
            "docs/heroku.md says how to make a token.",
        )
        return
    apps = [environment.heroku_app for environment in environments.values()]
    try:
        found = access(client, apps, apps)
    except HerokuError as error:
        yield Finding(_HEROKU, "wrong", f"HEROKU_API_KEY: {error.happened}", error.next_step)
        return
    for app in found:
        objections = " ".join(app.objections)
        yield Finding(
            f"{_HEROKU}: {app.app}",
            "wrong" if objections else "works",
            " ".join([app.words.removeprefix(f"{app.app}: "), *app.doubts]),
            objections and "Give the account that access, or take the environment out of environments.toml.",
        )


def _versions(client: HerokuClient | None, environments: Mapping[str, Environment]) -> dict[str, int]:
    """Major version of each environment's PostgreSQL, where Heroku tells."""
    found: dict[str, int] = {}
    if client is None:
        return found
    for environment in environments.values():
        try:
            told = client.database_info(client.database(environment.heroku_app).addon_id).postgres_version
            found[environment.name] = int(told.partition(".")[0])
        except (HerokuError, ValueError):
            continue
    return found


def _local_database(
    client: HerokuClient | None, environments: Mapping[str, Environment], versions: Mapping[str, int]
) -> Iterator[Finding]:
    about = "Local database"
    try:
        laptop = settings.local_database()
    except SettingsError as error:
        yield Finding(about, "not set", "Nothing can be pulled to this machine.", str(error))
        return
    try:
        target = local_target(laptop, addresses_of(client, environments.values()))
        with connected(target, "postgres") as server:
            version, may_create = server.info.server_version // 10000, beside.may_create(server)
            there = beside.exists(server, target.name)
    except (Refused, DatabaseError) as error:
        yield Finding(about, "wrong", f"{laptop.variable}: {error}", "A pull needs a database server of your own.")
        return
    except HerokuError as error:
        yield Finding(about, "wrong", f"It cannot be told from an environment's: {error.happened}", error.next_step)
        return
    words = f"{target} (from {laptop.variable}), {'there' if there else 'not there yet'}, PostgreSQL {version}."
    if not may_create:
        yield Finding(about, "wrong", f"{words} The role may not create databases.", "ALTER ROLE … CREATEDB")
        return
    newer = [f"{name} has {major}" for name, major in versions.items() if major > version]
    yield Finding(
        about,
        "works",
        words,
        f"It is older than the site's: {', '.join(newer)}. A pull may be refused; upgrade it when you can."
        if newer
        else "",
    )


def _client_programs(versions: Mapping[str, int]) -> Finding:
    about, program = "PostgreSQL client", shutil.which("pg_restore")
    needed = max(versions.values(), default=0)
    install = f"Install PostgreSQL's client programs{f', version {needed} or newer' if needed else ''}."
    if program is None:
        return Finding(about, "not set", "There is no pg_restore in PATH; a pull needs it.", install)
    try:
        version = client_version()
    except Refused as error:
        return Finding(about, "wrong", str(error), install)
    told = ", ".join(f"{name} has {major}" for name, major in versions.items()) or "Heroku was not asked for the site's"
    words = f"{program} is version {version}; {told}."
    if version < needed:
        return Finding(about, "wrong", words, f"{install} Put them first in PATH.")
    return Finding(about, "works", words)


def _view_restriction() -> Finding:
    about = "Private pages"
    if settings.has_view_restriction_password():
        return Finding(about, "set", "BC_VIEW_RESTRICTION_PASSWORD is set: what private pages on staging ask for.")
    return Finding(about, "not set", "BC_VIEW_RESTRICTION_PASSWORD is not set.", "Only a reset needs it.")


def _repository() -> Iterator[Finding]:
    """Whether the site's code can be read, and its CI asked; nothing is fetched or pushed."""
    about, mend = "Repository", "Look at repository.url, BC_GIT_USER and BC_GIT_PASSWORD; bucks preview says more."
    try:
        remote = settings.repository()
    except SettingsError as error:
        yield Finding(about, "wrong", str(error), mend)
        return
    if remote is None:
        yield Finding(about, "not set", "[repository] is not set: a reset leaves the site's branches alone.")
        return
    refs = advertised(remote.url, remote.user, remote.password)
    if refs is None:
        yield Finding(about, "wrong", f"{remote.url} gives no answer that could be read.", mend)
    elif f"refs/heads/{remote.main}" not in refs:
        yield Finding(about, "wrong", f"{remote.url} has no branch {remote.main}.", "Correct repository.main.")
    else:
        yield Finding(
            about, "works", f"{remote.url} can be read from here. Whether it takes a push, only a reset shows."
        )
    yield _gitlab(remote.gitlab)


def _gitlab(gitlab: GitLab | None) -> Finding:
    about = "GitLab"
    if gitlab is None:
        return Finding(about, "not set", "[repository.gitlab] is not set: a reset does not wait for CI.")
    try:
        with pipelines(gitlab, _PATIENCE_SECONDS / 10) as found:
            found.reach(_PATIENCE_SECONDS)
    except BranchesError as error:
        return Finding(about, "wrong", str(error), "docs/operating.md, 'CI does not pass', says what it needs.")
    return Finding(about, "works", f"The pipelines of {gitlab.project} at {gitlab.url} can be read from here.")


def _contacts() -> Iterator[Finding]:
    """Whether people could be told of a reset; nothing is sent."""
    try:
        contacts = settings.contacts()
    except SettingsError as error:
        yield Finding("Notices", "wrong", str(error), "docs/notices.md says what each of them needs.")
        return
    channel, letters = contacts.slack, contacts.mail
    if channel is None:
        yield Finding("Slack", "not set", "notices.slack_channel is not set: colleagues are not told of a reset.")
    else:
        words = f"The app of {SLACK_TOKEN} may read the channel {channel.channel}."
        yield _reached("Slack", words, lambda: slack.reach(channel, patience=int(_PATIENCE_SECONDS)))
    if letters is None:
        yield Finding("E-mail", "not set", "notices.client_addresses is not set: the client is not told of a reset.")
    else:
        words = f"{letters.host}:{letters.port} takes mails from here."
        yield _reached("E-mail", words, lambda: mail.reach(letters, patience=_PATIENCE_SECONDS))


def _reached(about: str, words: str, reach: Callable[[], None]) -> Finding:
    try:
        reach()
    except (NotSent, PerhapsSent) as error:
        return Finding(about, "wrong", str(error), "docs/notices.md says what it needs.")
    return Finding(about, "works", words)


def _dagster() -> Finding:
    about, (home, url) = "Dagster", settings.own_dagster()
    if home is None:
        return Finding(
            about,
            "not set",
            "DAGSTER_HOME is not set: pulls are not recorded, and there is no UI.",
            "For an instance of your own, make an empty folder and set DAGSTER_HOME to its path.",
        )
    if not Path(home).is_dir():
        return Finding(about, "wrong", f"DAGSTER_HOME, {home}, is no folder.", "Make it, or correct the variable.")
    if url is None:
        return Finding(
            about, "works", f"DAGSTER_HOME is {home}; DAGSTER_DATABASE_URL is not set.", "Only a reset needs it."
        )
    try:
        require_answer(url)
    except OutOfReach as error:
        return Finding(about, "wrong", f"DAGSTER_HOME is {home}. {error}", "Start it, or correct the variable.")
    return Finding(about, "works", f"DAGSTER_HOME is {home}; the database of DAGSTER_DATABASE_URL answers.")
