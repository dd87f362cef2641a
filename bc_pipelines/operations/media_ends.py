"""The two ends between which media move, whatever they are: opened, planned, and ready to be carried out.

Belongs here: choosing between this machine and two buckets, and what each needs. Does not belong here: words on a
terminal (see `media_output`), and the work itself (see `media_local` and `media_sync`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from bc_pipelines import settings
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.media import guard
from bc_pipelines.media.move import Moved, OnProgress
from bc_pipelines.media.plan import Plan
from bc_pipelines.media.rclone import Mover
from bc_pipelines.operations import media_local, media_look, media_sync
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.local_source import heroku_client
from bc_pipelines.operations.local_target import LocalTarget, addresses_of, local_target
from bc_pipelines.operations.lock import ResetLock, who_asks
from bc_pipelines.operations.media_places import MediaPlaces
from bc_pipelines.operations.record import Records
from bc_pipelines.operations.tools import open_tools
from bc_pipelines.settings import LaptopMedia
from bc_pipelines.storage import LOCAL, Scope


@dataclass(frozen=True)
class Ends:
    """Both ends and the plan between them.

    Attributes:
        source: for people.
        target: for people.
        plan: every change.
        objections: of the guard.
        notes: what a person should know, a sentence each.
        carry_out: moves, and deletes if told to.
    """

    source: str
    target: str
    plan: Plan
    objections: tuple[str, ...]
    notes: tuple[str, ...]
    carry_out: Callable[[OnProgress | None, bool], Moved]

    def insist(self) -> None:
        """Refuse where the guard has an objection; nothing was copied and nothing deleted."""
        guard.insist(self.objections)


def both_ends(source: str, target: str, scope: Scope, *, deletes: bool) -> AbstractContextManager[Ends]:
    """Open both ends, and plan.

    Args:
        source: an environment's name, or `LOCAL`.
        target: likewise.
        scope: which files.
        deletes: whether what is too much on the target may go, so that the guard looks at that too.

    Raises:
        As `between` and `on_this_machine`.
    """
    open_ends = on_this_machine if LOCAL in (source, target) else between
    return open_ends(source, target, scope, deletes=deletes)


@contextmanager
def between(source: str, target: str, scope: Scope, *, deletes: bool) -> Iterator[Ends]:
    """Two environments' buckets, under the team's lock once something is carried out.

    Raises:
        Refused: the target may not be written, or another run is under way.
        MediaError: a bucket could not be listed.
        SettingsError: a setting is missing or wrong.
    """
    with open_tools() as tools:
        planned = media_sync.plan_between(tools, source, target, scope, deletes=deletes)

        def carry_out(on_progress: OnProgress | None, also_delete: bool) -> Moved:
            tools.lock.acquire(str(uuid.uuid4()), "push", who_asks())
            # A reset may have run while somebody looked at the plan.
            anew = media_sync.plan_between(tools, source, target, scope, deletes=deletes)
            if (anew.plan.changes, anew.plan.personal) != (planned.plan.changes, planned.plan.personal):
                raise Refused("What differs has changed since the plan was shown. Nothing was moved. Look at it anew.")
            return media_sync.carry_out(tools, planned, on_progress, deletes=also_delete)

        way = planned.way
        yield Ends(str(way.source), str(way.target), planned.plan, planned.objections, (), carry_out)


@contextmanager
def on_this_machine(source: str, target: str, scope: Scope, *, deletes: bool) -> Iterator[Ends]:
    """A bucket and this machine's folder.

    Raises:
        Refused: both ends are this machine; the environment may not be written; a push has no Dagster of the team's to
            take the lock from.
        MediaError: the bucket could not be listed, or the folder not be read.
        SettingsError: a setting is missing or wrong.
    """
    if source == target:
        raise Refused("Both ends are this machine. Nothing was moved.")
    told = settings.laptop_media()
    mover = Mover(variables=told.network, bandwidth=told.bandwidth)
    with heroku_client(told.heroku) as client:
        places = MediaPlaces(told.media, told.environments, client.config_vars if client else None)
        if target == LOCAL:
            database = _local_database(told, client)
            named = media_local.named_locally(database, source) if database else None
            planned = media_local.plan_pull(places, source, told.folder, scope, named, mover)
        else:
            planned = media_local.plan_push(places, target, told.folder, scope, mover, deletes=deletes)
            database = None

        def carry_out(on_progress: OnProgress | None, also_delete: bool) -> Moved:
            with _unlocked() if target == LOCAL else _locked() as assert_held:
                moved = media_local.carry_out(planned, on_progress, deletes=also_delete, before_deleting=assert_held)
            if database and scope is Scope.IMAGES:
                media_local.forget_renditions(database)
            return moved

        yield Ends(str(planned.source), str(planned.target), planned.plan, planned.objections, planned.notes, carry_out)


def look_there(source: str, target: str) -> dict[str, Verdict]:
    """The verdicts on an environment's bucket, by name.

    Raises:
        Refused: the target is not a writable environment's own.
        MediaError: a bucket could not be listed.
    """
    with open_tools() as tools:
        return dict(zip(media_look.LOOKS, media_look.look(tools, source, target), strict=True))


def look_here(scope: Scope = Scope.MEDIA) -> dict[str, Verdict]:
    """The verdicts on this machine's folder, by name, as far as one scope goes.

    Raises:
        Refused: there is no local database to hold it against.
        MediaError: the folder could not be read.
    """
    told = settings.laptop_media()
    with heroku_client(told.heroku) as client:
        database = _local_database(told, client)
    if database is None:
        raise Refused("No local database is configured (BC_LOCAL_DATABASE_URL), so nothing says which files are named.")
    return media_local.look(database, told.folder, told.media, scope)


def _unlocked() -> AbstractContextManager[Callable[[], None]]:
    """A folder of one's own needs no lock of the team's."""
    return nullcontext(lambda: None)


@contextmanager
def _locked() -> Iterator[Callable[[], None]]:
    """One run at a time changes staging: a push never meets a reset. Gives what refuses once the lock is lost."""
    _, url = settings.own_dagster()
    if url is None:
        raise Refused(
            "A push must not meet a reset, so it needs the team's Dagster: set DAGSTER_DATABASE_URL. Nothing was moved."
        )
    if not Records(url).exist():
        raise Refused(
            "The Dagster that DAGSTER_DATABASE_URL names has no records of resets. Nothing was moved. A push takes the "
            "lock of resets, which is in the team's database; if this is the team's, run `bucks preview` there once."
        )
    lock = ResetLock(url)
    lock.acquire(str(uuid.uuid4()), "push", who_asks())
    try:
        yield lock.assert_held
    finally:
        lock.release()


def _local_database(told: LaptopMedia, client: HerokuClient | None) -> LocalTarget | None:
    """The local database, held against every environment's; None where none is configured."""
    return local_target(told.laptop, addresses_of(client, told.environments.values())) if told.laptop else None
