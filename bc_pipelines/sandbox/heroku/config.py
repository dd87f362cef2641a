"""The simulator's configuration file. What the API changes later belongs in `apps.py` and `store.py`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

Json = Mapping[str, Any]


class ConfigError(Exception):
    """The configuration cannot be used."""


@dataclass(frozen=True)
class Addon:
    """A Heroku Postgres add-on.

    Args:
        id: UUID of the add-on.
        name: Its name, such as `postgresql-round-12345`.
        plan: The plan without its service, such as `standard-0`.
        attachment: Name of its first attachment, as a rule `DATABASE`.
        colour: Second attachment of a promoted database, such as `NAVY`; empty for a database that has only one.
        num_keep: Manual backups that are kept; None takes the plan's own number.
    """

    id: str
    name: str
    plan: str
    attachment: str = "DATABASE"
    colour: str = ""
    num_keep: int | None = None


@dataclass(frozen=True)
class AppConfig:
    """One app as it is when the simulator first starts.

    Args:
        id: UUID of the app.
        name: Its name.
        hosts: Its hosts, the first one its address.
        config_vars: All but those of the add-on's other attachments.
        addon: Its database.
        formation: Process type -> how many.
        site_port: Where its web dyno listens.
        team: Name of the team that owns it; empty for an app of the account itself.
    """

    id: str
    name: str
    hosts: tuple[str, ...]
    config_vars: Mapping[str, str] = field(repr=False)
    addon: Addon
    formation: Mapping[str, int]
    site_port: int
    team: str = ""

    @classmethod
    def from_json(cls, data: Json) -> AppConfig:
        """Read one element of `apps`."""
        return cls(
            id=data["id"],
            name=data["name"],
            hosts=tuple(host.lower() for host in data["hosts"]),
            config_vars=dict(data["config_vars"]),
            addon=Addon(**data["addon"]),
            formation=dict(data["formation"]),
            site_port=int(data["site_port"]),
            team=data.get("team", ""),
        )


@dataclass(frozen=True)
class Config:
    """Everything that the simulator is told at its start. See `load` for the file."""

    host: str
    api_port: int
    router_port: int
    rendezvous_port: int
    certificate: Path
    key: Path
    ca: Path
    token: str = field(repr=False)
    account_email: str
    pg_bin: Path
    state_dir: Path
    python: Path
    site_dir: Path
    apps: tuple[AppConfig, ...]
    web_command: tuple[str, ...] | None = None
    die_with_parent: bool = False

    def __post_init__(self) -> None:
        if not ip_address(self.host).is_loopback:
            raise ConfigError(
                f"The simulator of Heroku listens on loopback only, not on {self.host}. Nothing was started."
            )

    @property
    def api_url(self) -> str:
        """Address of the API and of backup downloads, without a slash at its end."""
        return f"https://{self.host}:{self.api_port}"

    @classmethod
    def load(cls, path: Path) -> Config:
        """Read the JSON file that the sandbox writes.

        Args:
            path: The file. Keys are this class's fields; `web_command` and `die_with_parent` may be left out.

        Returns:
            The configuration.

        Raises:
            ConfigError: The file is missing a key, cannot be read, or names an address outside loopback.
        """
        try:
            return cls._from_json(json.loads(path.read_text()))
        except (OSError, KeyError, TypeError, ValueError) as error:
            # The error's own text could quote a value of the file, so only its kind is told.
            problem = f"key {error}" if isinstance(error, KeyError) else type(error).__name__
            raise ConfigError(f"{path} cannot be read as the simulator's configuration: {problem}.") from None

    @classmethod
    def _from_json(cls, data: Json) -> Config:
        command = data.get("web_command")
        return cls(
            host=data["host"],
            api_port=int(data["api_port"]),
            router_port=int(data["router_port"]),
            rendezvous_port=int(data["rendezvous_port"]),
            certificate=Path(data["certificate"]),
            key=Path(data["key"]),
            ca=Path(data["ca"]),
            token=data["token"],
            account_email=data["account_email"],
            pg_bin=Path(data["pg_bin"]),
            state_dir=Path(data["state_dir"]),
            python=Path(data["python"]),
            site_dir=Path(data["site_dir"]),
            apps=tuple(AppConfig.from_json(app) for app in data["apps"]),
            web_command=tuple(command) if command else None,
            die_with_parent=bool(data.get("die_with_parent", False)),
        )
