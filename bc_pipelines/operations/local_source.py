"""Where a pull's raw data comes from: an environment's newest backup on Heroku, or a file that somebody has.

Belongs here: choosing the backup and opening it as a stream. Does not belong here: what is done with the bytes, which
are never written to a disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.operations.archive_source import Source, open_source
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.local_data import RawArchive
from bc_pipelines.settings import Environment, Heroku, SettingsError

_EVER = timedelta(days=36500)


def environment_named(name: str, environments: Mapping[str, Environment]) -> Environment:
    """The environment that somebody typed.

    Raises:
        SettingsError: there is none of that name.
    """
    if name not in environments:
        raise SettingsError(f"environments.toml has no {name}; it has {', '.join(sorted(environments))}.")
    return environments[name]


@contextmanager
def heroku_client(heroku: Heroku | None) -> Iterator[HerokuClient | None]:
    """A client that may change nothing at all, or None where there is no token."""
    if heroku is None:
        yield None
        return
    with HerokuClient(
        heroku.platform_url,
        heroku.data_url,
        heroku.api_key,
        poll_interval=heroku.poll_seconds,
        writable_apps=frozenset(),
    ) as client:
        yield client


def from_heroku(client: HerokuClient | None, environment: Environment) -> RawArchive:
    """The newest completed backup of an environment's database.

    Raises:
        SettingsError: there is no token.
        Refused: there is no backup.
        HerokuError: Heroku does not say.
    """
    if client is None:
        raise SettingsError(
            "The environment variable HEROKU_API_KEY is not set; `heroku auth:token` prints one. Who has a dump "
            "already can do without: --from FILE"
        )
    database = client.database(environment.heroku_app)
    backup = client.recent_backup(database, newer_than=_EVER)
    if backup is None:
        raise Refused(
            f"{environment.heroku_app} has no completed backup. Nothing was changed. Make one with: "
            f"heroku pg:backups:capture -a {environment.heroku_app}"
        )
    made = (backup.finished_at or backup.created_at).isoformat(timespec="seconds")

    @contextmanager
    def opened() -> Iterator[Source]:
        with client.open_backup(database.owner_app, backup) as stream:
            yield Source(f"{backup.name} of {environment.heroku_app}", stream, backup.processed_bytes or None)

    return RawArchive(environment.name, backup.name, made, opened)


def from_file(where: str, environment: Environment) -> RawArchive:
    """A dump that somebody has: a path, - for standard input, or an https address."""
    return RawArchive(environment.name, where.partition("?")[0], "", lambda: open_source(where))
