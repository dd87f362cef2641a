"""One server of each major version at hand, each with the database of ``world.sql``."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bc_pipelines_tests.postgres import Cluster, find_bindirs

WORLD = Path(__file__).with_name("world.sql")


@dataclass(frozen=True)
class World:
    """A server with a database ``world``, and archives of it.

    Attributes:
        major: the server's and pg_dump's major version.
        cluster: the server.
        folder: where archives may be put.
        archive: ``pg_dump -Fc`` of the database, with recorded places and default compression.
    """

    major: int
    cluster: Cluster
    folder: Path
    archive: Path

    def contents(self, database: str) -> dict[str, list[str]]:
        """Every row of every ordinary table and materialised view as text, by table."""
        tables = self.cluster.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'm') AND relnamespace::regnamespace::text"
            " NOT IN ('pg_catalog', 'information_schema') ORDER BY 1",
            database=database,
        )
        return {
            name: [row for (row,) in self.cluster.execute(self._rows_of(name), database=database)] for (name,) in tables
        }

    @staticmethod
    def _rows_of(name: str) -> str:
        return f"SELECT t::text FROM ONLY {name} AS t ORDER BY 1"  # noqa: S608

    def loads(self, archive: Path) -> dict[str, list[str]]:
        """Restore an archive without a single error or warning, and give what then stands in the database."""
        self.cluster.restore(archive, database="restored")
        return self.contents("restored")


@pytest.fixture(scope="session", params=sorted(find_bindirs()), ids=lambda major: f"postgresql{major}")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server of one major version; a test that uses it runs once for each."""
    folder = tmp_path_factory.mktemp("archives")
    with Cluster(find_bindirs()[request.param], settings={"wal_level": "logical", "max_wal_senders": "2"}) as cluster:
        cluster.create_database("world")
        cluster.execute(WORLD.read_text(), database="world")
        archive = cluster.dump(folder / "world.dump", database="world")
        yield World(request.param, cluster, folder, archive)
