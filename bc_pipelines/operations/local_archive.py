"""Archives of profile `local` in the archive store: made by the team's server, fetched by developers' machines.

Each is two objects, ``local/ENVIRONMENT/TIME-BACKUP.dump`` and beside it a `.json` that says what it is. The second is
written last, so that there is no archive before it is whole. Belongs here: making, finding, fetching and forgetting
them. Does not belong here: what is personal (see `privacy`), and a reset's archives (see `sanitise`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bc_pipelines.heroku.models import Transfer
from bc_pipelines.operations import backups
from bc_pipelines.operations.archive_source import BadSource
from bc_pipelines.operations.archive_store import ArchiveStore
from bc_pipelines.operations.archives import Watch
from bc_pipelines.operations.backups import Backup
from bc_pipelines.operations.local_copy import Copy, Origin
from bc_pipelines.operations.local_fetch import download
from bc_pipelines.operations.local_source import sanitising
from bc_pipelines.operations.sanitise import Sanitised, sanitised_copy
from bc_pipelines.operations.tools import Tools
from bc_pipelines.settings import Environment

KEPT = 2
"""How many of each environment stay: the newest, and the one that somebody may be fetching just now."""

_FORMAT = 1
_URL_VALID_FOR = timedelta(minutes=15)


@dataclass(frozen=True)
class LocalArchive:
    """What the store says of one archive.

    Attributes:
        environment: whose data it holds.
        backup: Heroku's name of the backup that it was made from.
        made: when that was finished, in ISO 8601.
        key: of the archive.
        size_bytes: its size.
        sha256: its digest, in hexadecimal.
        mail_sink: the address that every form in it mails to.
        view_restriction_password: what private pages in it ask for.
        manifest: the sanitiser's.
        format: of this description.
    """

    environment: str
    backup: str
    made: str
    key: str
    size_bytes: int
    sha256: str
    mail_sink: str
    view_restriction_password: str = field(repr=False)
    manifest: Mapping[str, Any] = field(repr=False)
    format: int = _FORMAT


def make(
    tools: Tools,
    environment: Environment,
    on_transfer: Callable[[Transfer], None],
    on_progress: Callable[[int], None],
) -> tuple[Backup, Sanitised]:
    """Make an archive from an environment's recent backup, store it if it is proven, and forget older ones.

    Args:
        tools: the run's tools.
        environment: whose data it holds.
        on_transfer: called with every look at a running capture.
        on_progress: called with the bytes read so far.

    Returns:
        The backup and the evidence. Where `proof.passed` is false, the file is gone and nothing was stored.

    Raises:
        Refused: a backup of staging must not be captured now.
        HerokuError, and as `sanitise.sanitise_backup`: nothing was stored.
        OutOfReach: the store refuses.
    """
    backup = _backup_of(tools, environment, on_transfer)
    choices = sanitising(tools.settings.privacy, tools.settings.declared_public)
    transfer = tools.heroku.transfer(backup.app, backup.uuid)
    with sanitised_copy(tools, backup.app, transfer, choices.rules, choices.public, on_progress) as (path, done):
        if not done.proof.passed:
            return backup, done
        key = f"local/{environment.name}/{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{backup.name}.dump"
        archive = LocalArchive(
            environment=environment.name,
            backup=backup.name,
            made=backup.finished_at.isoformat(timespec="seconds"),
            key=key,
            size_bytes=done.size_bytes,
            sha256=done.sha256,
            mail_sink=choices.rules.mail_sink,
            view_restriction_password=choices.rules.view_restriction_password,
            manifest=_for_developers(done),
        )
        tools.archives.upload_archive(path, key, done.sha256)
        tools.archives.put_text(_description_of(key), json.dumps(asdict(archive), indent=1), "application/json")
    forget_old(tools.archives, environment.name)
    return backup, replace(done, key=key)


def discard(store: ArchiveStore, key: str) -> None:
    """Delete an archive and what is said of it; the latter first, so that nobody begins to fetch it."""
    store.delete(_description_of(key))
    store.delete(key)


def forget_old(store: ArchiveStore, environment: str) -> int:
    """Delete all but the newest archives of an environment, and what broken-off uploads left; gives how many objects.

    Whatever is newer than the newest whole one stays: somebody may be storing it.
    """
    keys = store.keys(f"local/{environment}/")
    whole = [_stem(key) for key in keys if key.endswith(".json")]
    if not whole:
        return 0
    old = [key for key in keys if _stem(key) < whole[-1] and _stem(key) not in whole[-KEPT:]]
    # The description first: without it, nobody begins to fetch the archive.
    for key in sorted(old, key=lambda each: not each.endswith(".json")):
        store.delete(key)
    return len(old)


def newest(store: ArchiveStore, environment: str) -> LocalArchive | None:
    """The newest archive of an environment, or None where there is none.

    Raises:
        OutOfReach: the store refuses, or does not answer.
        BadSource: what it says of the archive cannot be read.
    """
    found = [key for key in store.keys(f"local/{environment}/") if key.endswith(".json")]
    if not found:
        return None
    try:
        described = json.loads(store.get_text(found[-1]))
        if described["format"] == _FORMAT:
            return LocalArchive(**described)
    except (KeyError, TypeError, ValueError):
        pass
    raise BadSource(f"The archive store describes {found[-1]} in a way that this version of bucks cannot read.")


def origin(store: ArchiveStore, archive: LocalArchive) -> Origin:
    """An archive of the store as a pull's origin: fetched by a link that works for minutes, and held to its digest.

    The link stays in this process: whoever has it can read the archive.
    """

    def fetch(folder: Path, watch: Watch) -> Copy:
        path, name = folder / "local.dump", f"{archive.key} of the archive store {store.bucket}"
        watch.stage("Fetching", archive.size_bytes)
        if download(name, lambda: store.signed_url(archive.key, _URL_VALID_FOR), path, watch.at) != archive.sha256:
            raise BadSource(f"{name} is not the archive that was stored there.")
        return Copy(path, archive.sha256, archive.manifest, archive.mail_sink, archive.view_restriction_password)

    made = f"{datetime.fromisoformat(archive.made):%d %B %Y %H:%M}"
    told = f"{archive.backup} of {archive.environment}, made on {made}, comes sanitised from the archive store."
    return Origin(archive.environment, archive.backup, archive.made, told, fetch)


def _backup_of(tools: Tools, environment: Environment, on_transfer: Callable[[Transfer], None]) -> Backup:
    """A recent backup, or a new one; of staging, a new one only where that costs no way back."""
    if environment != tools.settings.staging:
        return backups.recent_or_new(tools, environment, on_transfer)
    return backups.recent_or_fresh(tools, environment, on_transfer)


def _for_developers(done: Sanitised) -> dict[str, Any]:
    """The manifest without the accounts' e-mail domains: somebody's own may name them."""
    manifest = asdict(done.manifest)
    manifest["accounts"]["by_domain"] = []
    return manifest


def _description_of(key: str) -> str:
    return f"{_stem(key)}.json"


def _stem(key: str) -> str:
    return key.rpartition(".")[0]
