"""The council's instances, as `[environments]` in `environments.toml` describes them.

Belongs here: their shape, and what contradicts itself in it. Does not belong here: which file that is, and every other
table of it (see `settings`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from bc_pipelines.tables import SettingsError, flag, only, text, texts


@dataclass(frozen=True)
class StandingApproval:
    """Somebody's word that scheduled resets may run without being typed in.

    Attributes:
        by: who gave it, as an address that colleagues know.
        until: the last day on which it counts.
        accepts_losses: whether scheduled resets may also take away what was made on the target since the last one.
    """

    by: str
    until: date
    accepts_losses: bool = False


@dataclass(frozen=True)
class Environment:
    """One of the council's instances.

    Attributes:
        name: `production`, `staging` or `development`.
        heroku_app: the app's name on Heroku.
        writable: whether this product may ever change it; production's is false and nothing lifts that.
        hosts: the hosts of its Wagtail Site records.
        sites: for a writable environment, production's host -> this environment's host, one for every Site record.
        standing_approval: for scheduled resets, or None.
    """

    name: str
    heroku_app: str
    writable: bool
    hosts: tuple[str, ...]
    sites: Mapping[str, str]
    standing_approval: StandingApproval | None


def read_instances(table: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Environment]:
    """Read `[environments]`.

    Args:
        table: as parsed.

    Returns:
        The instances by name.

    Raises:
        SettingsError: something is unknown, missing or wrong, or two of them contradict each other.
    """
    found = {name: _environment(name, entry) for name, entry in table.items()}
    _refuse_contradictions(found)
    return found


def _environment(name: str, entry: Mapping[str, Any]) -> Environment:
    where = f"environments.{name}"
    only(entry, where, "heroku_app", "writable", "hosts", "media_bucket", "sites", "standing_approval")
    # Host names are the same in capitals; everything that compares them relies on lower case.
    sites = {str(k).lower(): str(v).lower() for k, v in entry.get("sites", {}).items()}
    return Environment(
        name=name,
        heroku_app=text(entry, "heroku_app", where),
        writable=flag(entry, "writable", where),
        hosts=tuple(host.lower() for host in texts(entry, "hosts", where)) or tuple(sites.values()),
        sites=sites,
        standing_approval=_standing_approval(entry.get("standing_approval"), where),
    )


def _standing_approval(entry: Mapping[str, Any] | None, where: str) -> StandingApproval | None:
    if entry is None:
        return None
    where = f"{where}.standing_approval"
    only(entry, where, "by", "until", "accepts_losses")
    until = entry.get("until")
    if not isinstance(until, date):
        raise SettingsError(f"{where}.until must be a date without quotes, as 2027-03-31.")
    return StandingApproval(
        by=text(entry, "by", where), until=until, accepts_losses=flag(entry, "accepts_losses", where)
    )


def _refuse_contradictions(environments: Mapping[str, Environment]) -> None:
    if "production" not in environments or "staging" not in environments:
        raise SettingsError("environments.toml must describe both production and staging.")
    if environments["production"].writable:
        raise SettingsError("environments.production says writable = true; production is never written.")
    apps = [e.heroku_app for e in environments.values()]
    if len(set(apps)) != len(apps):
        raise SettingsError("Two environments name the same Heroku app; each needs its own.")
    production = set(environments["production"].hosts)
    for environment in environments.values():
        becomes = list(environment.sites.values())
        twice = sorted({host for host in becomes if becomes.count(host) > 1})
        if twice:
            raise SettingsError(f"environments.{environment.name}.sites gives two sites one host: {twice}.")
        shared = production & set(becomes)
        if shared:
            raise SettingsError(f"environments.{environment.name}.sites leads to production hosts: {sorted(shared)}.")
