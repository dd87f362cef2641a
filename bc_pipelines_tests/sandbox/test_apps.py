"""What the simulator and the product are told about the apps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bc_pipelines import settings
from bc_pipelines.sandbox import apps, environment, redis, servers
from bc_pipelines.sandbox import world as worlds
from bc_pipelines.sandbox.world import World

PLACES = worlds.PostgresPlaces(Path("/pg/bin"), Path("/pg/bin"), 15, Path("/data"))


@pytest.fixture
def new(tmp_path: Path) -> World:
    """A world with its files, not started."""
    new = worlds.create(tmp_path, "0123456789abcdef", PLACES, seed=2026, scale=1)
    environment.write_files(new)
    return new


def test_the_product_reads_its_settings(new: World) -> None:
    """The product's own loader accepts what the sandbox writes, and finds every production host mapped."""
    read = settings.load(environment.product_environment(new))
    assert set(read.staging.sites) == set(read.production.hosts) == set(apps.PRODUCTION.hosts)
    assert tuple(read.staging.sites.values()) == apps.STAGING.hosts
    assert read.writable_apps == {apps.STAGING.name, apps.DEVELOPMENT.name}
    assert read.heroku.platform_url == read.heroku.data_url == new.heroku_url
    assert read.privacy.staff_domains == set(apps.STAFF_DOMAINS)
    assert read.staging.standing_approval is not None
    assert read.connect_to == new.address("router")


def test_apps_share_no_secret_key_database_host_or_bucket(new: World) -> None:
    """What must differ between the apps does."""
    told = [apps.config_vars(new, app) for app in apps.APPS]
    for name in ("SECRET_KEY", "DATABASE_URL", "ALLOWED_HOSTS", "AWS_STORAGE_BUCKET_NAME"):
        assert len({each[name] for each in told}) == len(apps.APPS)
    assert len(set(apps.all_hosts())) == 15


@pytest.mark.parametrize("there", [True, False])
def test_each_site_has_a_redis_of_its_own_or_none(new: World, tmp_path: Path, there: bool) -> None:
    """Production's and staging's where this machine has a program with TLS; else the sites cache in their database."""
    program = tmp_path / "bin" / "redis-server"
    program.parent.mkdir()
    program.write_bytes(b"tls-auth-clients set-proc-title" if there else b"built without")
    program.chmod(0o700)
    redis.prepare(new, {"PATH": str(program.parent)})
    told = [apps.config_vars(new, app).get("REDIS_URL") for app in apps.APPS]
    assert [bool(url) for url in told] == [there, there, False]
    assert len(set(told)) == (3 if there else 1)
    assert [name for name in (each.name for each in servers.servers(new)) if "redis" in name] == (
        ["redis_production", "redis_staging"] if there else []
    )


def test_no_file_tells_the_password_of_a_redis(new: World, tmp_path: Path) -> None:
    """What a server reads at its start holds a digest of it only."""
    test_each_site_has_a_redis_of_its_own_or_none(new, tmp_path, there=True)
    texts = [path.read_text(encoding="utf-8") for path in (new.root / "redis").glob("*.conf")]
    assert len(texts) == 2
    assert not [name for name, value in new.secrets.items() if any(value in text for text in texts)]


def test_a_redis_that_is_gone_is_forgotten(new: World, tmp_path: Path) -> None:
    """Where the program was removed since, nothing of it is told any more."""
    test_each_site_has_a_redis_of_its_own_or_none(new, tmp_path, there=True)
    redis.prepare(new, {"PATH": str(tmp_path)})
    assert redis.cached(new) == ()
    assert not (new.root / "redis").exists()


def test_staging_is_hidden_from_search_engines(new: World) -> None:
    """Staging's config names all its hosts as not to be indexed; production's names none."""
    assert apps.config_vars(new, apps.STAGING)["NONINDEXED_HOSTS"].split(",") == list(apps.STAGING.hosts)
    assert apps.config_vars(new, apps.PRODUCTION)["NONINDEXED_HOSTS"] == ""


def test_everybody_invented_lives_in_reserved_domains() -> None:
    """No host or address of the sandbox can belong to anyone (RFC 2606)."""
    names = [*apps.all_hosts(), *apps.STAFF_DOMAINS, apps.ACCOUNT_EMAIL]
    assert all(name.endswith(".example") for name in names)


def test_the_simulator_is_told_only_of_loopback(new: World) -> None:
    """The simulator's configuration is JSON, binds to 127.0.0.1 and gives each app its own ids and port."""
    told = json.loads(apps.simulator_config(new))
    assert told["host"] == "127.0.0.1"
    assert len({app["id"] for app in told["apps"]} | {app["addon"]["id"] for app in told["apps"]}) == 6
    assert len({app["site_port"] for app in told["apps"]}) == 3
