"""What is chosen once, and how it is kept."""

from __future__ import annotations

import json
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from bc_pipelines.sandbox import world as worlds
from bc_pipelines.sandbox.errors import SandboxError
from bc_pipelines.sandbox.world import World

PLACES = worlds.PostgresPlaces(Path("/pg/bin"), Path("/pg/bin"), 15, Path("/data"))


@pytest.fixture
def new(tmp_path: Path) -> World:
    """A world that was chosen but not started."""
    return worlds.create(tmp_path, "0123456789abcdef", PLACES, seed=2026, scale=1)


def test_a_world_is_kept_whole_and_private(new: World) -> None:
    """What is read back equals what was kept, in a file of mode 0600."""
    worlds.save(new)
    assert worlds.load(new.root) == new
    assert stat.S_IMODE((new.root / "world.json").stat().st_mode) == 0o600


def test_there_may_be_none(tmp_path: Path) -> None:
    """An empty folder holds no world."""
    assert worlds.load(tmp_path) is None


@pytest.mark.parametrize("damage", ["{", "[]", '{"format": 99}', '{"format": 1}', '{"format": 1, "postgres": 3}'])
def test_a_damaged_file_is_refused_without_quoting_it(new: World, damage: str) -> None:
    """The refusal says what to do and shows nothing of a file that holds passwords."""
    (new.root / "world.json").write_text(damage)
    with pytest.raises(SandboxError, match="damaged or was written by another version") as caught:
        worlds.load(new.root)
    assert caught.value.__suppress_context__


def test_secrets_are_not_shown(new: World) -> None:
    """The text form of a world holds none of its secrets."""
    assert not [name for name, value in new.secrets.items() if value in repr(new)]


def test_every_secret_is_another(new: World, tmp_path: Path) -> None:
    """No secret serves two purposes or two sandboxes."""
    other = worlds.create(tmp_path, "fedcba9876543210", PLACES, seed=2026, scale=1)
    values = [*new.secrets.values(), *other.secrets.values()]
    assert len(set(values)) == len(values)


def test_ports_that_others_took_are_chosen_anew(new: World) -> None:
    """Only the occupied port changes, and never to one that the world uses already."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        occupied = replace(new, ports={**new.ports, "s3": other.getsockname()[1]})
        again = worlds.with_free_ports(occupied)
    changed = {name for name in worlds.PORTS if again.ports[name] != occupied.ports[name]}
    assert changed == {"s3"}
    assert len(set(again.ports.values())) == len(worlds.PORTS)


def test_a_world_keeps_away_from_another_on_whose_ports_nobody_listens_yet(
    new: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One port of another's that is in use tells that those beside it are its own too."""
    first, count = min(new.ports.values()), len(worlds.PORTS)
    monkeypatch.setattr(worlds, "PORT_RANGE", range(first, first + 2 * count + 1))
    with socket.create_server(("127.0.0.1", first + count - 1)):
        other = worlds.create(tmp_path, "fedcba9876543210", PLACES, seed=2026, scale=1)
    assert set(other.ports.values()) == set(range(first + count, first + 2 * count))


def test_no_port_is_postgresqls_own(new: World) -> None:
    """A system's own cluster on 5432 is out of reach."""
    assert all(port in worlds.PORT_RANGE for port in new.ports.values())
    assert 5432 not in worlds.PORT_RANGE


def test_ids_stay_the_same(new: World) -> None:
    """Heroku's ids depend on the sandbox and the label only."""
    assert new.id("app x") == replace(new, seed=7).id("app x")
    assert new.id("app x") != new.id("app y")
    assert new.id("app x") != replace(new, identity="f" * 16).id("app x")


def test_database_urls_have_herokus_form(new: World) -> None:
    """Each database has its own role and password, and production's a server of its own."""
    assert new.database_url("production").startswith("postgres://production:")
    assert new.database_url("production").endswith(f"@127.0.0.1:{new.ports['postgres_production']}/production")
    assert new.database_url("dagster").endswith(f"@127.0.0.1:{new.ports['postgres_other']}/dagster")


def test_the_file_is_json_with_a_version(new: World) -> None:
    """The file says which version of its form it has."""
    worlds.save(new)
    assert json.loads((new.root / "world.json").read_text())["format"] == worlds.FORMAT
