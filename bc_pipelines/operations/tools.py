"""What every step of a reset is handed: settings, Heroku, the archive store, the records and the lock.

Belongs here: opening and closing these together. Does not belong here: any step.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bc_pipelines import settings as settings_module
from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.operations.archive_store import ArchiveStore
from bc_pipelines.operations.lock import ResetLock
from bc_pipelines.operations.record import Records
from bc_pipelines.settings import Settings


@dataclass(frozen=True)
class Tools:
    """Open connections to the outside world, for the length of one run.

    Attributes:
        settings: what the product was told.
        heroku: client of Heroku's APIs; writes to nothing but the writable apps.
        archives: the private bucket.
        records: reset records.
        lock: this run's hold on "one reset at a time"; free until a step takes it.
    """

    settings: Settings
    heroku: HerokuClient
    archives: ArchiveStore
    records: Records
    lock: ResetLock


@contextmanager
def open_tools(settings: Settings | None = None) -> Iterator[Tools]:
    """Open everything that the steps need and close it at the end, the lock too.

    Args:
        settings: what the product is told; read from the environment if left out.

    Yields:
        The tools. Nothing has been asked of any server yet.

    Raises:
        SettingsError: a setting is missing or wrong.
    """
    settings = settings or settings_module.load()
    lock = ResetLock(settings.dagster_database_url)
    with HerokuClient(
        settings.heroku.platform_url,
        settings.heroku.data_url,
        settings.heroku.api_key,
        poll_interval=settings.heroku.poll_seconds,
        writable_apps=settings.writable_apps,
    ) as heroku:
        try:
            yield Tools(
                settings=settings,
                heroku=heroku,
                archives=ArchiveStore(settings.archive_bucket),
                records=Records(settings.dagster_database_url),
                lock=lock,
            )
        finally:
            lock.release()
