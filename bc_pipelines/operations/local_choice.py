"""What stands before a pull: which database is replaced, and which way the data comes.

Out of a file, from the archive store, or straight from Heroku. Belongs here: the order of preference, and the words
where no way leads there. Does not belong here: the ways themselves (see `local_source` and `local_archive`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bc_pipelines import settings
from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.laptop import Laptop
from bc_pipelines.operations import archive_store, local_archive, local_source
from bc_pipelines.operations.archive_store import ArchiveStore
from bc_pipelines.operations.errors import OutOfReach, Refused
from bc_pipelines.operations.local_archive import LocalArchive
from bc_pipelines.operations.local_copy import Origin
from bc_pipelines.operations.local_source import Sanitising, environment_named, heroku_client, sanitising
from bc_pipelines.operations.local_target import LocalTarget, addresses_of, local_target
from bc_pipelines.privacy.policy import UnknownColumns, UnknownTables
from bc_pipelines.settings import Environment


@dataclass(frozen=True)
class Way:
    """What the developer said about where the data comes from.

    Attributes:
        file: a dump; None for none.
        straight: from Heroku, past the archive store.
        unknown_tables: what becomes of tables that the catalogue does not know.
        unknown_columns: what becomes of such columns.
        catalogue: another catalogue than the site's own.
    """

    file: str | None = None
    straight: bool = False
    unknown_tables: UnknownTables = "refuse"
    unknown_columns: UnknownColumns = "refuse"
    catalogue: Path | None = None

    @property
    def past_the_store(self) -> bool:
        """Whether the copy must be made on this machine: an archive of the store was made by other choices."""
        return self != Way(file=self.file)


@dataclass(frozen=True)
class Prepared:
    """Everything that a pull needs, while the connection to Heroku is open.

    Attributes:
        origin: where the data comes from.
        target: the local database.
        laptop: the developer's machine.
        scratch: folder for work files.
    """

    origin: Origin
    target: LocalTarget
    laptop: Laptop
    scratch: Path


@contextmanager
def prepared(environment: str, way: Way) -> Iterator[Prepared]:
    """Read the settings, hold the local database against every environment, and choose where the data comes from.

    Args:
        environment: its name.
        way: what the developer said.

    Raises:
        Refused: the target is not the developer's own, or no way leads to the data.
        SettingsError: a setting is missing or wrong.
        HerokuError: Heroku does not say.
    """
    laptop, environments, heroku, scratch = settings.laptop()
    chosen = environment_named(environment, environments)
    choices = sanitising(
        *settings.archive_choices(),
        unknown_tables=way.unknown_tables,
        unknown_columns=way.unknown_columns,
        catalogue=way.catalogue,
    )
    with heroku_client(heroku) as client:
        target = local_target(laptop, addresses_of(client, environments.values()))
        origin = origin_of(chosen, way, client, settings.archive_bucket(), choices)
        yield Prepared(origin, target, laptop, scratch)


def origin_of(
    environment: Environment, way: Way, client: HerokuClient | None, bucket: str, choices: Sanitising
) -> Origin:
    """Choose where a pull's data comes from.

    Args:
        environment: whose data is wanted.
        way: what the developer said.
        client: of Heroku; None without a token.
        bucket: the archive store's.
        choices: how a copy is made on this machine.

    Raises:
        Refused: no way leads there, and the message names them all.
        HerokuError: Heroku does not say.
        SettingsError: it must be Heroku, and there is no token.
    """
    if way.file is not None:
        return local_source.from_file(way.file, environment, choices)
    if way.past_the_store:
        return local_source.from_heroku(client, environment, choices)
    found = _in_store(environment.name, bucket)
    if isinstance(found, LocalArchive):
        return local_archive.origin(ArchiveStore(bucket), found)
    if client is None:
        raise Refused(
            f"{found} And HEROKU_API_KEY, the other way to the data of {environment.name}, is not set. Nothing was "
            "changed. docs/pulling.md says how to get either; who has a dump can do without: --from FILE"
        )
    straight = local_source.from_heroku(client, environment, choices)
    return replace(straight, told=f"{found} {straight.told}")


def _in_store(environment: str, bucket: str) -> LocalArchive | str:
    """The newest archive in the store, or a sentence saying why there is none."""
    try:
        if archive_store.credentials_from() is None:
            return f"There are no AWS credentials here for the archive store {bucket}."
        found = local_archive.newest(ArchiveStore(bucket), environment)
    except OutOfReach as reason:
        return str(reason)
    return found or f"The archive store {bucket} has no archive of {environment}; the job make_local_archive makes one."
