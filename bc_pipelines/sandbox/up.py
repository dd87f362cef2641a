"""Bringing a sandbox up, taking it down, and having one for as long as a block of code runs.

Belongs here: the order in which the parts are prepared, started and waited for. Does not belong here: the parts.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from bc_pipelines.sandbox import apps, environment, git, places, postgres, production, redis, s3, servers
from bc_pipelines.sandbox.certificates import make_certificates
from bc_pipelines.sandbox.errors import SandboxError
from bc_pipelines.sandbox.folder import (
    CHECKOUT,
    WORLD_FILE,
    claim,
    locked,
    open_private,
    private_folder,
    remove,
    write_private,
)
from bc_pipelines.sandbox.processes import GRACE, Process, base_environment, recorded, wait_until
from bc_pipelines.sandbox.supervisor import DEFAULT_HOURS
from bc_pipelines.sandbox.world import CLUSTERS, World, create, load, save, with_free_ports

DEFAULT_SEED = 2026
DEFAULT_SCALE = 1
READY_LIMIT = 90.0
"""Seconds that all servers together have to answer; two seconds are usual."""
START_LIMIT = 30.0
"""Seconds that the supervisor has to start."""

PARTS = (
    "aws.ini",
    "certificates",
    "cli",
    "cloudflare",
    "dagster",
    "environments.toml",
    "git",
    "gitlab",
    "heroku",
    "heroku.json",
    "logs",
    "mail",
    "postgres",
    "production",
    "redis",
    "report.html",
    "run",
    "s3",
    "scratch",
    "slack",
)
"""What a sandbox makes in its root folder, besides `world.json`, and where `make demo` has the report put."""


@dataclass(frozen=True)
class Wish:
    """What production is wished to hold; None leaves it as it was.

    Attributes:
        seed: where the invented content starts from.
        scale: how much of it there is.
        fill: whether to put it there at all.
    """

    seed: int | None
    scale: int | None
    fill: bool


def _silent(_: str) -> None:
    """Say nothing."""


def up(
    root: Path,
    *,
    seed: int | None = None,
    scale: int | None = None,
    fill: bool = True,
    hours: float = DEFAULT_HOURS,
    say: Callable[[str], None] = _silent,
) -> World:
    """Bring a sandbox up and leave it running in the background; what already runs stays as it is.

    Args:
        root: its root folder; made if it does not exist.
        seed: where the site's invented content starts from; left out: as before, or 2026.
        scale: how much of it there is; left out: as before, or 1.
        fill: whether production gets its content; a little site's takes half a minute the first time.
        hours: after this time it ends by itself; what already runs keeps its own.
        say: told, in a few words, what is being done.

    Returns:
        The running world.

    Raises:
        SandboxError: the folder is not the sandbox's own, or something could not be started or filled.
    """
    world, _ = _up(root, Wish(seed, scale, fill), hours, say, tied=False)
    return world


@contextmanager
def sandbox(
    root: Path,
    *,
    seed: int | None = None,
    scale: int | None = None,
    fill: bool = True,
    say: Callable[[str], None] = _silent,
) -> Iterator[World]:
    """Have a sandbox for as long as a block of code runs; it ends even if this process is killed.

    One that was already running is used, and left running.

    Args:
        root: its root folder; made if it does not exist.
        seed: as for `up`.
        scale: as for `up`.
        fill: as for `up`.
        say: as for `up`.

    Yields:
        The running world.

    Raises:
        SandboxError: as for `up`.
    """
    world, ours = _up(root, Wish(seed, scale, fill), DEFAULT_HOURS, say, tied=True)
    try:
        yield world
    finally:
        if ours is not None:
            down(root)
            _part_with(ours)


def run_inside(world: World, command: Sequence[str]) -> int:
    """Run a command with the product's environment of a running world.

    Ctrl-C and SIGTERM reach the command, and it is waited for, so that it can end in good order.

    Args:
        world: the running world.
        command: the program and its arguments.

    Returns:
        Its exit code; 128 and the signal's number where a signal ended it, as shells have it.
    """
    process = subprocess.Popen(command, env={**os.environ, **environment.product_environment(world)})

    def pass_on(number: int, _: FrameType | None) -> None:
        # Ctrl-C reaches the command by itself: a terminal sends it to both.
        if number != signal.SIGINT:
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code


def down(root: Path, *, destroy: bool = False) -> None:
    """Stop every process of a sandbox, and with `destroy` delete everything that it made.

    Args:
        root: its root folder.
        destroy: whether to delete databases, objects, logs and passwords too.

    Raises:
        SandboxError: the folder is not a sandbox's own, or files of somebody else's are left in it.
    """
    root = root.resolve()
    if not root.exists():
        return
    claim(root)
    with locked(root):
        world = load(root)
        if world is None:
            return
        _stop(world)
        if destroy:
            _destroy(world)


def _up(
    root: Path, wish: Wish, hours: float, say: Callable[[str], None], *, tied: bool
) -> tuple[World, subprocess.Popen[bytes] | None]:
    root = root.resolve()
    claim(root)
    with locked(root):
        world, supervisor = _find_world(root, wish)
        child = None
        if supervisor is None:
            world = _prepare(world, say)
            say("starting the servers")
            child = _start_supervisor(world, hours, tied=tied)
        else:
            _start_ended(world, supervisor, say)
        try:
            _make_ready(world, say, fill=wish.fill)
        except BaseException:
            # What is tied to the caller ends with its attempt; what is meant to stay can be looked at, and tried again.
            if child is not None:
                _stop(world)
                _part_with(child)
            raise
    return world, child


def _find_world(root: Path, wish: Wish) -> tuple[World, Process | None]:
    """Read the world, or choose one and keep it before anything else is made; and find its supervisor."""
    world = load(root)
    if world is None:
        identity = secrets.token_hex(8)
        found = places.find_places(root, identity, os.environ)
        world = create(root, identity, found, DEFAULT_SEED, DEFAULT_SCALE)
        save(world)
    content = (world.seed if wish.seed is None else wish.seed, world.scale if wish.scale is None else wish.scale)
    if content != (world.seed, world.scale):
        world = replace(world, seed=content[0], scale=content[1])
        save(world)
    return world, _supervisor(world)


def _prepare(world: World, say: Callable[[str], None]) -> World:
    """Make everything that the servers need before they start. None of them runs."""
    _end_leftovers(world)
    places.remove_orphans()
    world = with_free_ports(places.with_present_programs(world, os.environ))
    save(world)
    for name in ("run", "logs", "s3", "heroku", "git", "gitlab", "mail", "slack", "cloudflare"):
        private_folder(world.root / name)
    make_certificates(world.certificates, apps.all_hosts())
    environment.write_files(world)
    redis.prepare(world, os.environ)
    write_private(servers.simulator_file(world), apps.simulator_config(world))
    git.fill(world)
    places.make_home(world.root, world.postgres)
    clusters = postgres.clusters(world)
    if not all(cluster.data.is_dir() for cluster in clusters):
        say(f"making PostgreSQL {world.postgres.major} clusters")
    with ThreadPoolExecutor() as pool:
        list(pool.map(postgres.initialise, clusters))
    return world


def _start_supervisor(world: World, hours: float, *, tied: bool) -> subprocess.Popen[bytes] | None:
    """Start the process that owns the servers: as our child if it is tied to us, else as nobody's."""
    command = [sys.executable, "-m", "bc_pipelines.sandbox.supervisor", str(world.root), "--hours", str(hours)]
    log = open_private(world.logs / f"{servers.SUPERVISOR}.log")
    try:
        child = subprocess.Popen(
            [*command, "--tied" if tied else "--detach"],
            env=base_environment(),
            cwd=CHECKOUT,
            # The supervisor sees the end of this pipe when we are gone, however we went.
            stdin=subprocess.PIPE if tied else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    finally:
        os.close(log)
    if not tied:
        child.wait(START_LIMIT)
    if not wait_until(lambda: _supervisor(world) is not None, START_LIMIT):
        raise SandboxError(f"The supervisor did not start; {world.logs / 'supervisor.log'} may say why. Nothing runs.")
    return child if tied else None


def _supervisor(world: World) -> Process | None:
    return recorded(servers.records(world), servers.SUPERVISOR)


def _start_ended(world: World, supervisor: Process, say: Callable[[str], None]) -> None:
    ended = [each.name for each in servers.status(world) if each.state == "stopped"]
    if not ended:
        return
    say(f"starting what had ended: {', '.join(ended)}")
    for name in ended:
        # An old record would look like a server that ended again.
        remove(servers.records(world) / f"{name}.json")
    supervisor.send(signal.SIGHUP)


def _make_ready(world: World, say: Callable[[str], None], *, fill: bool) -> None:
    with ThreadPoolExecutor() as pool:
        ready = {server.name: pool.submit(_wait_for, world, server.name) for server in servers.servers(world)}
        for cluster in postgres.clusters(world):
            ready[f"postgres_{cluster.name}"].result()
            passwords = {name: world.secrets[f"database_{name}"] for name in CLUSTERS[cluster.name]}
            postgres.provide_databases(cluster, passwords)
        ready[servers.S3].result()
        s3.create_buckets(world)
        if fill:
            production.fill(world, say)
        for each in ready.values():
            each.result()


def _wait_for(world: World, name: str) -> None:
    """Wait until a server answers, but no longer once it has ended."""
    folder = servers.records(world)

    def settled() -> bool:
        return servers.answers(world, name) or (started() and recorded(folder, name) is None)

    def started() -> bool:
        return (folder / f"{name}.json").is_file()

    if not wait_until(settled, READY_LIMIT) or recorded(folder, name) is None:
        raise SandboxError(
            f"The server {name} does not answer on {world.address(servers.port_of(name))}; "
            f"{world.logs / f'{name}.log'} and {world.logs / 'supervisor.log'} may say why. "
            "`bucks sandbox status` shows what runs, `bucks sandbox down` stops it."
        )


def _part_with(supervisor: subprocess.Popen[bytes]) -> None:
    """Let go of the pipe and the exit code of a supervisor that was tied to us."""
    if supervisor.stdin is not None:
        supervisor.stdin.close()
    supervisor.wait(GRACE)


def _stop(world: World) -> None:
    """End the supervisor, which ends the servers; then whatever is still there."""
    supervisor = _supervisor(world)
    if supervisor is not None:
        supervisor.end(grace=GRACE * (len(servers.servers(world)) + 1))
    _end_leftovers(world)


def _end_leftovers(world: World) -> None:
    """End servers whose supervisor was killed, the last one first, and forget them."""
    folder = servers.records(world)
    for server in reversed(servers.servers(world)):
        process = recorded(folder, server.name)
        if process is not None:
            process.end(server.stop_signal)
    remove(folder)


def _destroy(world: World) -> None:
    if world.postgres.home.parent != world.root:
        remove(world.postgres.home)
    for name in PARTS:
        remove(world.root / name)
    # The last of all: without it, nobody could tell that the rest is ours.
    remove(world.root / WORLD_FILE)
    foreign = sorted(path.name for path in world.root.iterdir())
    if foreign:
        raise SandboxError(f"The sandbox is gone, but {world.root} is kept: it holds {', '.join(foreign)}.")
    world.root.rmdir()
