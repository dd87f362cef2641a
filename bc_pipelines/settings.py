"""What the product is told from outside: `environments.toml` and environment variables, as frozen dataclasses.

Belongs here: every name of an environment variable that the product reads, the shape of `environments.toml`, and the
errors for what is missing or wrong in either. Does not belong here: anything that opens a connection, and Dagster.

Environment variables (standard ones keep their standard meaning):

====================================  ===================================================================
``BC_ENVIRONMENTS``                   path of another `environments.toml` (default: the one in this package)
``HEROKU_API_KEY``                    token for Heroku's APIs
``HEROKU_HOST``, ``HEROKU_DATA_HOST`` other hosts for Heroku's APIs, read as the Heroku CLI reads them
``DAGSTER_DATABASE_URL``              Dagster's own PostgreSQL; the lock and the reset records live there too
``DAGSTER_HOME``                      folder of Dagster's instance; read by Dagster itself
``BC_VIEW_RESTRICTION_PASSWORD``      the one password that staging's private pages get
``BC_CONNECT_TO``                     ``host:port`` that answers for every site host (as curl's ``--connect-to``)
``BC_RESOLVER``                       address, or ``address:port``, of the DNS resolver to ask (default: the system's)
``BC_GIT_USER``, ``BC_GIT_PASSWORD``  for the site's repository: a user (any, with most access tokens) and a token
``BC_GITLAB_TOKEN``                   for GitLab, where its CI is waited for: a token that may read pipelines
``BC_GIT_CACHE``                      folder for a copy of that repository (default: one in the folder for work files)
``BC_SCRATCH``                        folder for work files (default: the system's temporary folder)
``BC_LOCAL_DATABASE_URL``             the database on a developer's machine that pulls replace (else ``DATABASE_URL``)
``BC_LOCAL_HOSTS``                    hosts that count as that machine, as a container's name; commas between them
``BC_PRODUCTION_MEDIA_…``             ``…ACCESS_KEY_ID`` and ``…SECRET_ACCESS_KEY``: S3 keys for production's media, in
                                      place of its app's own; likewise for staging and development
``BC_SLACK_TOKEN``                    token of the Slack app that tells colleagues; ``BC_SLACK_API_URL`` another Slack
``BC_CLOUDFLARE_API_URL``             another API than Cloudflare's, by which the front-end cache is emptied
``BC_SMTP_PASSWORD``                  password for the mail server by which the client is told
``BC_HEROKU_POLL_SECONDS``            pause between two looks at a transfer (default 3)
``AWS_*``, ``SSL_CERT_FILE``          read by boto3, httpx and OpenSSL themselves
====================================  ===================================================================
"""

from __future__ import annotations

import os
import secrets
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from bc_pipelines.contacts import Contacts, read_contacts
from bc_pipelines.deadlines import Deadlines, read_deadlines
from bc_pipelines.environments import Environment as Environment
from bc_pipelines.environments import StandingApproval as StandingApproval
from bc_pipelines.environments import read_instances
from bc_pipelines.heroku_access import Heroku as Heroku
from bc_pipelines.heroku_access import read_heroku
from bc_pipelines.laptop import LOCAL_DATABASE_VARIABLES, Laptop, read_laptop, read_media_folder
from bc_pipelines.repository import Repository, network_of, read_repository
from bc_pipelines.storage import MediaSettings, read_media
from bc_pipelines.tables import SettingsError as SettingsError
from bc_pipelines.tables import only, required, text, texts

CLOUDFLARE_API = "https://api.cloudflare.com/client/v4"
_TABLES = (
    "archive_store",
    "backups",
    "deadlines",
    "local",
    "media",
    "notices",
    "privacy",
    "proof",
    "repository",
    "environments",
)


@dataclass(frozen=True)
class Privacy:
    """What the privacy profiles leave to the council.

    Attributes:
        staff_domains: e-mail domains, lower case, whose accounts are staff.
        staff_passwords: whether staff keep their password hash on staging.
        mail_sink: the address that every form on a copy mails to.
        view_restriction_password: what private pages on a copy ask for.
    """

    staff_domains: frozenset[str]
    staff_passwords: Literal["keep", "replace"]
    mail_sink: str
    view_restriction_password: str = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """Everything the product is told from outside.

    Attributes:
        environments: by name.
        archive_bucket: private bucket for sanitised archives, manifests and reports.
        archive_region: region in which that bucket must be; empty where it does not matter.
        privacy: what the privacy profiles leave to the council.
        declared_public: e-mail addresses, telephone numbers, names and words that somebody looked at and declared to be
            nobody's secret, so that the proof may find them.
        media: where the environments' media are and how they may be moved.
        repository: the site's code; None where it is not configured.
        backup_max_age: how old a backup of production may be to be adopted instead of capturing a new one.
        deadlines: how long each wait may take at most.
        contacts: who is told of a reset.
        heroku: how Heroku is reached.
        dagster_database_url: Dagster's own PostgreSQL.
        connect_to: `host:port` that answers for every site host, or None for the ordinary way.
        cloudflare_api_url: where Cloudflare's API is.
        resolver: address and port of the DNS resolver to ask, or None for the system's.
        scratch: folder for work files.
    """

    environments: Mapping[str, Environment]
    archive_bucket: str
    archive_region: str
    privacy: Privacy
    declared_public: tuple[str, ...] = field(repr=False)
    media: MediaSettings
    repository: Repository | None
    backup_max_age: timedelta
    deadlines: Deadlines
    contacts: Contacts
    heroku: Heroku
    dagster_database_url: str = field(repr=False)
    connect_to: str | None
    cloudflare_api_url: str
    resolver: tuple[str, int] | None
    scratch: Path

    @property
    def production(self) -> Environment:
        """The instance that is only ever read."""
        return self.environments["production"]

    @property
    def staging(self) -> Environment:
        """The instance that a reset overwrites."""
        return self.environments["staging"]

    @property
    def writable_apps(self) -> frozenset[str]:
        """Names of the Heroku apps that may be changed at all."""
        return frozenset(e.heroku_app for e in self.environments.values() if e.writable)


def load(variables: Mapping[str, str] | None = None) -> Settings:
    """Read `environments.toml` and the environment.

    Args:
        variables: environment variables; the process's own if left out.

    Returns:
        The settings, complete and checked.

    Raises:
        SettingsError: something is missing, unknown or contradictory.
    """
    variables = os.environ if variables is None else variables
    table = read_environments(variables)
    return Settings(
        environments=environments(variables),
        archive_bucket=text(table["archive_store"], "bucket", "archive_store"),
        archive_region=_archive_region(table["archive_store"]),
        privacy=_privacy(table["privacy"], variables),
        declared_public=_declared_public(table.get("proof", {})),
        media=read_media(table.get("media", {}), table["environments"], variables),
        repository=repository(variables),
        backup_max_age=_max_age(table.get("backups", {})),
        deadlines=read_deadlines(table.get("deadlines", {})),
        contacts=contacts(variables),
        heroku=read_heroku(variables),
        dagster_database_url=required(variables, "DAGSTER_DATABASE_URL", "the URL of Dagster's own PostgreSQL"),
        connect_to=variables.get("BC_CONNECT_TO") or None,
        cloudflare_api_url=_cloudflare(variables.get("BC_CLOUDFLARE_API_URL") or CLOUDFLARE_API),
        resolver=_resolver(variables.get("BC_RESOLVER") or ""),
        scratch=_scratch(variables),
    )


def archive_choices(variables: Mapping[str, str] | None = None) -> tuple[Privacy, tuple[str, ...]]:
    """What `bucks archive` needs to know of the council: no app, no token, no server.

    Args:
        variables: environment variables; the process's own if left out. Without BC_VIEW_RESTRICTION_PASSWORD, private
            pages of a copy get a password that nobody knows.

    Returns:
        The council's choices, and the texts that the proof need not report.

    Raises:
        SettingsError: something is missing, unknown or contradictory.
    """
    variables = os.environ if variables is None else variables
    table = read_environments(variables)
    password = variables.get("BC_VIEW_RESTRICTION_PASSWORD") or secrets.token_urlsafe(16)
    chosen = _privacy(table["privacy"], {"BC_VIEW_RESTRICTION_PASSWORD": password})
    return chosen, _declared_public(table.get("proof", {}))


def laptop(variables: Mapping[str, str] | None = None) -> tuple[Laptop, Mapping[str, Environment], Heroku | None, Path]:
    """What a pull needs to know beside `archive_choices`; neither Dagster's database nor the archive store.

    Args:
        variables: environment variables; the process's own if left out.

    Returns:
        The developer's machine, the environments, how Heroku is reached (None without a token), the scratch folder.

    Raises:
        SettingsError: something is missing, unknown or contradictory.
    """
    variables = os.environ if variables is None else variables
    scratch = Path(variables.get("BC_SCRATCH") or tempfile.gettempdir())
    return local_database(variables), environments(variables), heroku(variables), scratch


def local_database(variables: Mapping[str, str] | None = None) -> Laptop:
    """The developer's machine; raises SettingsError where no local database is named."""
    variables = os.environ if variables is None else variables
    return read_laptop(variables, read_environments(variables).get("local", {}))


def environments(variables: Mapping[str, str] | None = None) -> Mapping[str, Environment]:
    """The council's instances by name; raises SettingsError where `environments.toml` is wrong."""
    variables = os.environ if variables is None else variables
    return read_instances(read_environments(variables)["environments"])


def heroku(variables: Mapping[str, str] | None = None) -> Heroku | None:
    """How Heroku is reached, or None without a token; raises SettingsError where the token can be none."""
    variables = os.environ if variables is None else variables
    return read_heroku(variables) if variables.get("HEROKU_API_KEY") else None


def repository(variables: Mapping[str, str] | None = None) -> Repository | None:
    """The site's code; None where it is not configured; raises SettingsError where it is wrong."""
    variables = os.environ if variables is None else variables
    return read_repository(read_environments(variables).get("repository", {}), variables, _scratch(variables))


def contacts(variables: Mapping[str, str] | None = None) -> Contacts:
    """Who is told of a reset; raises SettingsError where that is half set or wrong."""
    variables = os.environ if variables is None else variables
    return read_contacts(read_environments(variables).get("notices", {}), variables)


def has_view_restriction_password(variables: Mapping[str, str] | None = None) -> bool:
    """Whether the one password for staging's private pages is set."""
    variables = os.environ if variables is None else variables
    return bool(variables.get("BC_VIEW_RESTRICTION_PASSWORD"))


@dataclass(frozen=True)
class LaptopMedia:
    """What pulling and pushing media needs to know.

    Attributes:
        media: where the environments' media are and how they may be moved.
        environments: by name.
        heroku: how Heroku is reached; None without a token.
        folder: that is pulled into and pushed from.
        bandwidth: the most that is moved in a second, as rclone has it; empty for no limit.
        laptop: the local database; None where none is configured.
        network: variables about proxies and certificates, for a program that moves files.
    """

    media: MediaSettings
    environments: Mapping[str, Environment]
    heroku: Heroku | None
    folder: Path
    bandwidth: str
    laptop: Laptop | None
    network: Mapping[str, str]


def laptop_media(variables: Mapping[str, str] | None = None) -> LaptopMedia:
    """What pulling and pushing media needs to know; neither Dagster's database nor the archive store.

    Args:
        variables: environment variables; the process's own if left out.

    Raises:
        SettingsError: something is missing, unknown or contradictory.
    """
    variables = os.environ if variables is None else variables
    table = read_environments(variables)
    folder, bandwidth = read_media_folder(table.get("local", {}))
    return LaptopMedia(
        media=read_media(table.get("media", {}), table["environments"], variables),
        environments=environments(variables),
        heroku=heroku(variables),
        folder=folder,
        bandwidth=bandwidth,
        laptop=local_database(variables) if names_local_database(variables) else None,
        network=network_of(variables),
    )


def archive_bucket(variables: Mapping[str, str] | None = None) -> str:
    """The archive store's bucket, for who needs nothing else of the team's settings.

    Raises:
        SettingsError: it is missing or wrong.
    """
    variables = os.environ if variables is None else variables
    return text(read_environments(variables)["archive_store"], "bucket", "archive_store")


def names_local_database(variables: Mapping[str, str] | None = None) -> bool:
    """Whether this is a machine with a database for pulls to replace."""
    variables = os.environ if variables is None else variables
    return any(variables.get(name) for name in LOCAL_DATABASE_VARIABLES)


def own_dagster(variables: Mapping[str, str] | None = None) -> tuple[str | None, str | None]:
    """Folder and database of this machine's Dagster instance, None each where there is none; a laptop needs neither."""
    variables = os.environ if variables is None else variables
    return variables.get("DAGSTER_HOME") or None, variables.get("DAGSTER_DATABASE_URL") or None


def inherited(but: str) -> dict[str, str]:
    """The process's variables for a program that it starts, except those whose names begin with `but`."""
    return {name: value for name, value in os.environ.items() if not name.startswith(but)}


def environments_file(variables: Mapping[str, str] | None = None) -> Path:
    """Which file describes the council's instances."""
    variables = os.environ if variables is None else variables
    return Path(variables.get("BC_ENVIRONMENTS") or Path(__file__).with_name("environments.toml"))


def read_environments(variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Parse `environments.toml` and nothing else, so that definitions can name apps before any secret is set.

    Args:
        variables: environment variables; the process's own if left out.

    Returns:
        The parsed file: tables `archive_store`, `privacy` and `environments` and, where given, the others.

    Raises:
        SettingsError: the file is missing, not TOML, or lacks a table.
    """
    variables = os.environ if variables is None else variables
    path = environments_file(variables)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist; BC_ENVIRONMENTS must name a file.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    only(table, str(path), *_TABLES)
    missing = {"archive_store", "privacy", "environments"} - table.keys()
    if missing:
        raise SettingsError(f"{path} lacks the table(s) {', '.join(sorted(missing))}.")
    return table


def _cloudflare(url: str) -> str:
    if urlsplit(url).scheme != "https":
        raise SettingsError("BC_CLOUDFLARE_API_URL must begin with https://, because the token is sent there.")
    return url.rstrip("/")


def _resolver(value: str) -> tuple[str, int] | None:
    if not value:
        return None
    try:
        # Bare, the colons of an IPv6 address are no ports.
        parts = urlsplit(f"//[{value}]" if value.count(":") > 1 and "[" not in value else f"//{value}")
        if parts.path or parts.query or parts.fragment or parts.username is not None:
            raise ValueError
        return str(ip_address(parts.hostname or "")), parts.port or 53
    except ValueError:
        raise SettingsError("BC_RESOLVER must be an address, as 192.0.2.53 or 127.0.0.1:5353.") from None


def _scratch(variables: Mapping[str, str]) -> Path:
    return Path(variables.get("BC_SCRATCH") or tempfile.gettempdir())


def _privacy(table: Mapping[str, Any], variables: Mapping[str, str]) -> Privacy:
    only(table, "privacy", "staff_domains", "staff_passwords", "mail_sink")
    passwords = table.get("staff_passwords", "keep")
    if passwords not in ("keep", "replace"):
        raise SettingsError('privacy.staff_passwords must be "keep" or "replace".')
    domains = frozenset(domain.strip().lower() for domain in texts(table, "staff_domains", "privacy"))
    if not domains:
        raise SettingsError("privacy.staff_domains is empty; without it every account would be replaced.")
    if any("@" in domain or "." not in domain for domain in domains):
        raise SettingsError("privacy.staff_domains must hold domains, as council.example, not addresses or words.")
    return Privacy(
        staff_domains=domains,
        staff_passwords=passwords,
        mail_sink=text(table, "mail_sink", "privacy"),
        view_restriction_password=required(
            variables, "BC_VIEW_RESTRICTION_PASSWORD", "the one password for private pages on staging"
        ),
    )


def _declared_public(table: Mapping[str, Any]) -> tuple[str, ...]:
    only(table, "proof", "public")
    public = texts(table, "public", "proof")
    if any(not any(letter.isalnum() for letter in text) for text in public):
        raise SettingsError("proof.public holds a text without any letter or digit; remove it.")
    return public


def _archive_region(table: Mapping[str, Any]) -> str:
    only(table, "archive_store", "bucket", "region")
    return text(table, "region", "archive_store") if "region" in table else ""


def _max_age(table: Mapping[str, Any]) -> timedelta:
    only(table, "backups", "max_age_hours")
    hours = table.get("max_age_hours", 24)
    if not isinstance(hours, int) or isinstance(hours, bool) or hours <= 0:
        raise SettingsError("backups.max_age_hours must be a whole number of hours above 0.")
    return timedelta(hours=hours)
