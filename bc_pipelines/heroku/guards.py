"""Refusals, decided before anything is sent that could do harm. No argument or setting lifts one.

Heroku itself guards nothing here: `--confirm` exists only in its command line. Functions of this module send nothing;
they are given what they judge, return nothing, and raise `RefusedByGuard`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from urllib.parse import unquote, urlsplit

from bc_pipelines.heroku.errors import RefusedByGuard
from bc_pipelines.heroku.models import Database, Transfer

NOTHING_TOUCHED = "Nothing was sent to Heroku that changes anything."


def require_writable(app: str, writable_apps: Collection[str], doing: str) -> None:
    """Refuse to change an app that is not on the list of apps that may be changed.

    Args:
        app: The app's name.
        writable_apps: Names of the apps that may be changed.
        doing: What was about to be done, to complete "Refused to …".
    """
    if app not in writable_apps:
        allowed = ", ".join(sorted(writable_apps)) or "none"
        raise RefusedByGuard(
            f"Refused to {doing} the app {app}: it is not one of the apps that may be changed ({allowed}).",
            state=NOTHING_TOUCHED,
            next_step="If this really is a staging app, mark its environment as writable in the settings.",
        )


def require_target(target: Database, source: Database, allowed_apps: Collection[str]) -> None:
    """Refuse a target that is not an allowed app's own database, or that is the source under another name.

    An add-on of production that is merely attached to staging is production's, so the owner counts too. Identity is
    the add-on's id and, for two ids that lead to one database, host and database name.
    """
    for app in (target.app, target.owner_app):
        require_writable(app, allowed_apps, f"restore {target} with the database of")
    if target.addon_id == source.addon_id:
        raise _same(target, source, f"both are the add-on {target.addon_name}")
    if (target.address.host, target.address.name) == (source.address.host, source.address.name):
        raise _same(target, source, f"both are the database {target.address.name} on {target.address.host}")


def require_unmoved(target: Database, now: Database) -> None:
    """Refuse when the target's attachment leads to another database than when the plan was made."""
    if (target.addon_id, target.owner_app, target.address) != (now.addon_id, now.owner_app, now.address):
        raise RefusedByGuard(
            f"{target.app}::{target.attachment} was {target.addon_name} when this began and is {now.addon_name} now, "
            "or has moved.",
            state=NOTHING_TOUCHED,
            next_step="Find out who promoted or moved the database, then start again with a new plan.",
        )


def require_idle(target: Database, transfers: Iterable[Transfer]) -> None:
    """Refuse while a backup, restore or copy of the target's app has not ended."""
    unfinished = [transfer.name for transfer in transfers if not transfer.finished]
    if unfinished:
        raise RefusedByGuard(
            f"{target.owner_app} has unfinished transfers: {', '.join(unfinished)}.",
            state=NOTHING_TOUCHED,
            next_step=f"Wait for them (`heroku pg:backups -a {target.owner_app}`), or cancel them, then start again.",
        )


def require_archive_url(backup_url: str, source_transfers: Iterable[Transfer]) -> None:
    """Refuse a URL that is not https, or that leads to one of the source's own, raw backups.

    A raw backup of production holds what the public submitted and must never be restored to another environment.
    Compared are host and path, because a signature changes with every request; a path is also recognised where it
    follows the bucket's name (`https://bucket.host/key` and `https://host/bucket/key` are one object).
    """
    parts = urlsplit(backup_url)
    if parts.scheme != "https" or not parts.hostname:
        raise RefusedByGuard(
            "The address of the archive to restore is not an https address.",
            state=NOTHING_TOUCHED,
            next_step="Give Heroku a signed https address of the sanitised archive.",
        )
    path = unquote(parts.path)
    if {".", ".."} & set(path.split("/")):
        raise RefusedByGuard(
            "The address of the archive to restore has `.` or `..` in its path, so where it leads is unclear.",
            state=NOTHING_TOUCHED,
            next_step="Give Heroku a signed https address of the sanitised archive.",
        )
    for transfer in source_transfers:
        raw = unquote(urlsplit(transfer.to_url or "").path)
        if (len(raw) > 1 and path.endswith(raw)) or transfer.uuid in path:
            raise RefusedByGuard(
                f"The address to restore from is the raw backup {transfer.name} of the source.",
                state=NOTHING_TOUCHED,
                next_step="Restore the sanitised archive; a raw backup holds what the public submitted.",
            )


def require_way_back(target: Database, backup: Transfer, recorded_uuid: str, listed: Iterable[Transfer]) -> None:
    """Refuse any backup but the one recorded as the way back of this very database, as its own app lists it now.

    It is the one backup that is restored as it is. Compared are Heroku's identity of the transfer (numbers can be
    those of another app) and the name under which the add-on was backed up (an app can have several).
    """
    if backup.uuid != recorded_uuid or backup.uuid not in {transfer.uuid for transfer in listed}:
        raise RefusedByGuard(
            f"The backup {backup.name} is not the one that was recorded as the way back of {target}.",
            state=NOTHING_TOUCHED,
            next_step=f"Look at `heroku pg:backups -a {target.owner_app}` and at `bucks reset history`.",
        )
    if backup.from_name not in target.transfer_names or not backup.to_url:
        raise RefusedByGuard(
            f"The backup {backup.name} was not made of {target}, or cannot be restored from.",
            state=NOTHING_TOUCHED,
            next_step="Find out which database it was made of; no other one is put in its place.",
        )
    require_good_backup(backup)


def require_backup(backup: Transfer) -> None:
    """Refuse a restore or a copy where a backup is meant."""
    if backup.kind != "backup":
        raise RefusedByGuard(
            f"{backup.name} is no backup.", state=NOTHING_TOUCHED, next_step="Choose one from `heroku pg:backups`."
        )


def require_good_backup(backup: Transfer) -> None:
    """Refuse anything but a backup that ended and of which Heroku says that it succeeded."""
    require_backup(backup)
    if not backup.good:
        raise RefusedByGuard(
            f"The backup {backup.name} is {backup.state}, not completed.",
            state=NOTHING_TOUCHED,
            next_step="Wait for it, or capture another one.",
        )


def _same(target: Database, source: Database, why: str) -> RefusedByGuard:
    return RefusedByGuard(
        f"The target {target} and the source {source} are one database: {why}.",
        state=NOTHING_TOUCHED,
        next_step="Correct the apps in the settings; restoring would wipe the source.",
    )
