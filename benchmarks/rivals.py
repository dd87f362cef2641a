"""The ways from a backup to a staging database that the product competes with, and its own, by the clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bc_pipelines_tests.postgres import Cluster
from benchmarks import resources
from benchmarks.production import dump, restore

_DATABASE = "restored"
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
    return _measured(cluster, lambda: _restored(cluster, archive))


def documented(cluster: Cluster, archive: Path, folder: Path) -> Restore:
    """Restore, change by SQL, dump again, restore that: no row of the first copy is left in the second."""

    def work() -> None:
        _restored(cluster, archive)
        cluster.execute(_DOCUMENTED, database=_DATABASE)
        cleaned = folder / "cleaned.dump"
        dump(cluster, _DATABASE, cleaned)
        _restored(cluster, cleaned)
        cleaned.unlink()

    return _measured(cluster, work)


def _restored(cluster: Cluster, archive: Path) -> None:
    cluster.create_database(_DATABASE)
    restore(cluster, archive, _DATABASE)


def _measured(cluster: Cluster, work: Callable[[], None]) -> Restore:
    postmaster = int(cluster.execute("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")[0][0])
    client, server, started = resources.of_children(), resources.of_server(postmaster), time.monotonic()
    work()
    wall = time.monotonic() - started
    return Restore(resources.of_children() - client, resources.of_server(postmaster) - server, wall)
