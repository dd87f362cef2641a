"""The ways from a backup to a staging database that the product competes with, and its own, by the clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bc_pipelines_tests.postgres import Cluster
from benchmarks import resources
from benchmarks.production import dump, restore

DATABASE = "restored"
# What the council's documents have somebody run on the restored copy: their tables of people, and no others.
_DOCUMENTED = """
    DELETE FROM wagtailforms_formsubmission;
    DELETE FROM recruitment_jobalertsubscription;
    DELETE FROM blogs_blogalertsubscription;
    DELETE FROM feedback_feedbackcomment;
    UPDATE users_user SET username = 'user.' || id, first_name = 'User', last_name = id::text,
        email = 'user.' || id || '@example.com', password = '!'
        WHERE email NOT LIKE '%@buckinghamshire.example' AND email NOT LIKE '%@torchbox.example'"""


@dataclass(frozen=True)
class Restore:
    """What one way into a database took.

    Attributes:
        client: processor seconds of the client programs.
        server: of all processes of the server.
        wall: seconds by the clock.
    """

    client: float
    server: float
    wall: float

    @property
    def cpu(self) -> float:
        """Processor seconds of both together."""
        return self.client + self.server


def plain(cluster: Cluster, archive: Path) -> Restore:
    """``pg_restore -j 2`` of an archive as it is."""
    return measured(cluster, lambda: restored(cluster, archive))


def documented(cluster: Cluster, archive: Path, folder: Path) -> Restore:
    """Restore, change by SQL, dump again, restore that: no row of the first copy is left in the second."""

    def work() -> None:
        restored(cluster, archive)
        cluster.execute(_DOCUMENTED, database=DATABASE)
        cleaned = folder / "cleaned.dump"
        dump(cluster, DATABASE, cleaned)
        restored(cluster, cleaned)
        cleaned.unlink()

    return measured(cluster, work)


def restored(cluster: Cluster, archive: Path) -> None:
    """Restore an archive as it is, with two jobs, into ``DATABASE``, made anew."""
    cluster.create_database(DATABASE)
    restore(cluster, archive, DATABASE)


def measured(cluster: Cluster, work: Callable[[], None]) -> Restore:
    """What some work took: this process's children, the server, and the clock."""
    postmaster = resources.postmaster_of(cluster)
    client, server, started = resources.of_children(), resources.of_server(postmaster), time.monotonic()
    work()
    wall = time.monotonic() - started
    return Restore(resources.of_children() - client, resources.of_server(postmaster) - server, wall)
