"""One cluster and one migration for all tests of the site; a seeded database made from it, twice."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bc_pipelines_tests.postgres import Cluster, oldest_bindir
from bc_pipelines_tests.sandbox.site.copies import SCALE, SEED, Copy


def succeeded(done: subprocess.CompletedProcess[str]) -> str:
    """What a command printed, once it is sure that it ended well."""
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """A database that the site's migrations made from nothing."""
    with Cluster(oldest_bindir()) as cluster:
        cluster.create_database("migrated")
        copy = Copy(cluster, "migrated", tmp_path_factory.mktemp("no-media"))
        succeeded(copy.manage("migrate", "--no-input"))
        yield copy


@pytest.fixture(scope="session")
def twins(migrated: Copy, tmp_path_factory: pytest.TempPathFactory) -> tuple[Copy, Copy]:
    """Two databases seeded with the same figures by processes that hash strings differently."""
    first = migrated.copied("first", tmp_path_factory.mktemp("first"))
    second = migrated.copied("second", tmp_path_factory.mktemp("second"))

    def seed(copy: Copy, hash_seed: str) -> subprocess.CompletedProcess[str]:
        return copy.manage("seed", "--seed", str(SEED), "--scale", str(SCALE), PYTHONHASHSEED=hash_seed)

    with ThreadPoolExecutor() as pool:
        for done in pool.map(seed, (first, second), ("1", "2")):
            succeeded(done)
    return first, second


@pytest.fixture(scope="session")
def seeded(twins: tuple[Copy, Copy]) -> Copy:
    """A seeded database to read from."""
    return twins[0]


@pytest.fixture(scope="session")
def visited(twins: tuple[Copy, Copy], tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A seeded database that visitors may write to."""
    return twins[0].copied("visited", tmp_path_factory.mktemp("visited"))
