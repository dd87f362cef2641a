"""What holds for every test, and the PostgreSQL server and archive that tests of several folders use."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bc_pipelines_tests.archive_samples import dump_site
from bc_pipelines_tests.postgres import Cluster, oldest_bindir

# A busy machine makes examples slow, not wrong.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

# A shell's job in the background ignores Ctrl-C. Dagster then has SIGTERM ignored as well, and every server that a test
# starts would inherit that and could not be stopped.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A server of the oldest version that this machine has; whoever uses a database of it makes it anew."""
    with Cluster(oldest_bindir()) as running:
        yield running


@pytest.fixture(scope="module")
def raw(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small site's archive, as `bucks archive` reads it."""
    return dump_site(cluster, tmp_path_factory.mktemp("raw") / "production.dump")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for what `bucks archive` writes."""
    made = tmp_path / "out"
    made.mkdir()
    return made
