"""Which addresses a pull accepts: this machine's, and never an environment's, however it is written."""

import pytest

from bc_pipelines.heroku.models import DatabaseAddress
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.local_target import local_target
from bc_pipelines.settings import SettingsError, laptop

FORBIDDEN = {
    "production": DatabaseAddress("127.0.0.1", 5433, "live"),
    "staging": DatabaseAddress("db.council.invalid", 5432, "live"),
}
SECRET = "hush-hush"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of libpq's bends an address."""
    for name in ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)


def accepted(url: str, hosts: str = "") -> str:
    """Where a pull would go."""
    told, _, _, _ = laptop({"BC_LOCAL_DATABASE_URL": url, "BC_LOCAL_HOSTS": hosts})
    return str(local_target(told, FORBIDDEN))


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("postgresql://localhost/site", "site on localhost:5432"),
        ("postgres://me:x@127.0.0.1:5440/site", "site on 127.0.0.1:5440"),
        ("postgresql://[::1]/site", "site on ::1:5432"),
        ("postgresql:///site?host=/var/run/postgresql", "site on /var/run/postgresql:5432"),
        ("dbname=site host=localhost", "site on localhost:5432"),
        ("postgresql://localhost:5434/live", "live on localhost:5434"),
        ("postgresql://localhost:5433/other", "other on localhost:5433"),
    ],
)
def test_own_addresses(url: str, where: str) -> None:
    """Loopback and sockets are local; a database of production's name on another server, too."""
    assert accepted(url) == where


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}@127.0.0.1:5433/live",
        f"postgresql://me:{SECRET}@localhost:5433/live",
        f"postgresql://me:{SECRET}@LOCALHOST.:5433/live",
        f"postgresql://me:{SECRET}@[::1]:5433/live",
        f"postgresql://me:{SECRET}@127.0.0.2:5433/live",
        f"postgresql://me:{SECRET}@2130706433:5433/live",
        f"host=localhost hostaddr=127.0.0.1 port=5433 dbname=live password={SECRET}",
        f"postgresql:///live?host=/tmp&port=5433&password={SECRET}",
        f"postgresql://me:{SECRET}@192.0.2.1/site",
        f"postgresql://me:{SECRET}@localhost/site?hostaddr=192.0.2.1",
        f"postgresql://me:{SECRET}@192.0.2.1/site?hostaddr=127.0.0.1",
        f"postgresql://me:{SECRET}@no-such-host.invalid/site",
        f"postgresql://me:{SECRET}@localhost,192.0.2.1/site",
        f"postgresql://me:{SECRET}@localhost/",
        f"postgresql://me:{SECRET}@localhost/postgres",
        f"postgresql://me:{SECRET}@localhost/{'x' * 60}",
        f"postgresql://me:{SECRET}@localhost:none/site",
        f"postgresql://me:{SECRET}@localhost/site?service=live",
    ],
)
def test_addresses_that_are_refused(url: str) -> None:
    """Production's by any of its names, remote hosts, several hosts and unreadable ones; no password is printed."""
    with pytest.raises(Refused) as caught:
        accepted(url)
    assert SECRET not in str(caught.value)


def test_variables_of_libpq_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """What libpq would fill in is checked; what an address says itself is not bent by it."""
    monkeypatch.setenv("PGHOST", "192.0.2.1")
    with pytest.raises(Refused, match="not this machine"):
        accepted("postgresql:///site")
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.1")
    assert accepted("postgresql://localhost/site") == "site on localhost:5432"


def test_a_listed_host_is_local() -> None:
    """A container's host counts once it is listed, but not where it is an environment's."""
    assert accepted("postgresql://db/site", "cache, db") == "site on db:5432"


def test_none_configured() -> None:
    """Without an address, the line to add is named."""
    with pytest.raises(SettingsError, match="BC_LOCAL_DATABASE_URL=postgresql://localhost/"):
        laptop({})
