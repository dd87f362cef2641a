"""Which servers a sandbox consists of, how each is started, and how one sees that it answers.

Does not belong here: keeping them alive (`supervisor.py`) and putting anything into them.
"""

from __future__ import annotations

import http.client
import signal
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path

from bc_pipelines.sandbox import cloudflare, dns, git, gitlab, mail, postgres, redis, s3, slack
from bc_pipelines.sandbox.apps import STAGING
from bc_pipelines.sandbox.processes import Server, recorded
from bc_pipelines.sandbox.world import HOST, World

HEROKU = "heroku"
MAIL = "mail"
SLACK = "slack"
DNS = "dns"
S3 = "s3"
CLOUDFLARE = "cloudflare"
GIT = "git"
GITLAB = "gitlab"
SUPERVISOR = "supervisor"


@dataclass(frozen=True)
class ServerStatus:
    """What one looks like just now.

    Attributes:
        name: the server's.
        state: `running`, `not answering` or `stopped`.
        pid: its process id, or None.
        address: where it answers.
    """

    name: str
    state: str
    pid: int | None
    address: str


def servers(world: World) -> tuple[Server, ...]:
    """List the servers in the order in which they are started; they are stopped in the opposite one.

    Args:
        world: the sandbox's.

    Returns:
        How to start and end each.
    """
    databases = tuple(
        Server(
            name=f"postgres_{cluster.name}",
            command=cluster.command,
            # Fast shutdown: does not wait for clients to go (PostgreSQL's documentation, "Shutting Down the Server").
            stop_signal=signal.SIGINT,
            account=cluster.account,
        )
        for cluster in postgres.clusters(world)
    )
    objects = Server(name=S3, command=s3.command(world), environment=s3.server_environment(world))
    code = Server(name=GIT, command=git.command(world), environment=git.server_environment(world))
    pipelines = Server(
        name=GITLAB, command=gitlab.command(world, STAGING.name), environment=gitlab.server_environment(world)
    )
    simulator = (sys.executable, "-m", "bc_pipelines.sandbox.heroku", str(simulator_file(world)))
    told = (
        Server(name=MAIL, command=mail.command(world), environment=mail.server_environment(world)),
        Server(name=SLACK, command=slack.command(world), environment=slack.server_environment(world)),
    )
    caches = (
        Server(name=redis.port_of(environment), command=redis.command(world, environment))
        for environment in redis.cached(world)
    )
    front = Server(name=CLOUDFLARE, command=cloudflare.command(world), environment=cloudflare.server_environment(world))
    names = Server(name=DNS, command=dns.command(world))
    heroku = Server(name=HEROKU, command=simulator)
    return (*databases, *caches, objects, code, pipelines, heroku, *told, front, names)


def simulator_file(world: World) -> Path:
    """Where the simulator's configuration is kept."""
    return world.root / "heroku.json"


def records(world: World) -> Path:
    """The folder with the records of running processes."""
    return world.root / "run"


def status(world: World) -> tuple[ServerStatus, ...]:
    """Look at every server, by its process and by asking it.

    Args:
        world: the sandbox's.

    Returns:
        One entry each, in the order of starting.
    """
    return tuple(_status(world, server.name) for server in servers(world))


def _status(world: World, name: str) -> ServerStatus:
    process = recorded(records(world), name)
    if process is None:
        return ServerStatus(name, "stopped", None, world.address(port_of(name)))
    state = "running" if answers(world, name) else "not answering"
    return ServerStatus(name, state, process.pid, world.address(port_of(name)))


def port_of(name: str) -> str:
    """Give the name of the port on which a server answers."""
    return "api" if name == HEROKU else name


def answers(world: World, name: str) -> bool:
    """Ask a server whether it is ready.

    Args:
        world: the sandbox's.
        name: the server's.

    Returns:
        True for any sensible answer.
    """
    if name == HEROKU:
        return _https(world, "api", "/healthz") == http.client.OK
    if name in (GIT, GITLAB, SLACK, CLOUDFLARE):
        return _https(world, name, "/healthz") == http.client.OK
    if name == S3:
        # It refuses strangers, but it speaks.
        return _https(world, "s3", "/") is not None
    if name == MAIL:
        return mail.answers(world)
    if name == DNS:
        return dns.answers(world)
    if name in map(redis.port_of, redis.cached(world)):
        return redis.answers(world, name)
    return postgres.answers(world.ports[name])


def _https(world: World, port: str, path: str) -> int | None:
    context = ssl.create_default_context(cafile=str(world.ca))
    connection = http.client.HTTPSConnection(HOST, world.ports[port], timeout=5, context=context)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
