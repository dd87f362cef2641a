"""A copy made on this machine: from an environment's newest backup on Heroku, or from a file that somebody has.

Belongs here: choosing the backup, opening it as a stream, and having it sanitised on the way; the raw bytes are never
written to a disk. Does not belong here: copies that were made elsewhere (see `local_archive`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.operations.archive_places import Places
from bc_pipelines.operations.archive_source import Source, open_source, printable
from bc_pipelines.operations.archives import Watch, sanitise_archive
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.local_copy import Copy, Origin
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.policy import Policy, UnknownColumns, UnknownTables
from bc_pipelines.settings import Environment, Heroku, Privacy, SettingsError

_EVER = timedelta(days=36500)


@dataclass(frozen=True)
class Sanitising:
    """How a copy is made.

    Attributes:
        rules: profile `local` and the council's choices.
        public: texts that the proof need not report.
        catalogue: what is decided about each table and column; the site's own if None.
    """

    rules: Policy
    public: tuple[str, ...]
    catalogue: Path | None = None


def sanitising(
    council: Privacy,
    public: tuple[str, ...],
    *,
    unknown_tables: UnknownTables = "refuse",
    unknown_columns: UnknownColumns = "refuse",
    catalogue: Path | None = None,
) -> Sanitising:
    """The council's choices for a local copy.

    Private pages get a password of the copy's own: staging's have the council's already, and the proof would rightly
    find it in the copy. For the same reason the sink's address is nobody's secret.
    """
    rules = Policy(
        profile="local",
        staff_domains=council.staff_domains,
        staff_passwords=council.staff_passwords,
        mail_sink=council.mail_sink,
        view_restriction_password=secrets.token_urlsafe(16),
        unknown_tables=unknown_tables,
        unknown_columns=unknown_columns,
    )
    return Sanitising(rules, (*public, council.mail_sink), catalogue)


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


def from_heroku(client: HerokuClient | None, environment: Environment, choices: Sanitising) -> Origin:
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

    told = f"{backup.name} of {environment.name} passes through this machine's memory, raw."
    return _origin(environment, backup.name, made, told, opened, choices)


def from_file(where: str, environment: Environment, choices: Sanitising) -> Origin:
    """A dump that somebody has: a path, - for standard input, or an https address.

    Raises:
        Refused: an address that is not https.
    """
    name = printable(where) if "://" in where else where
    return _origin(environment, name, "", "", lambda: open_source(where), choices)


def _origin(
    environment: Environment,
    backup: str,
    made: str,
    told: str,
    opened: Callable[[], AbstractContextManager[Source]],
    choices: Sanitising,
) -> Origin:
    def fetch(folder: Path, watch: Watch) -> Copy:
        with opened() as source:
            catalogue = Catalogue.load(choices.catalogue)
            places = Places(folder / "local.dump")
            done = sanitise_archive(source, places, catalogue, choices.rules, watch, public=choices.public)
        rules = choices.rules
        manifest = asdict(done.manifest)
        return Copy(done.target, done.sha256, manifest, rules.mail_sink, rules.view_restriction_password)

    return Origin(environment.name, backup, made, told, fetch)
