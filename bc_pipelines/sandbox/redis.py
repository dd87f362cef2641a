"""Redis for the caches of production's and staging's sites: the system's own program, a server for each app.

Where this machine has no redis-server, the apps have no REDIS_URL and their sites cache in the database. A server that
the system runs is never used. Does not belong here: keeping the servers alive (`processes.py`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

from bc_pipelines.sandbox.folder import private_folder, remove, write_private
from bc_pipelines.sandbox.world import CACHED, HOST, World

# Settings that only a build with TLS knows, and only 6.2 and later.
_NEEDED = (b"tls-auth-clients", b"set-proc-title")


def find_program(variables: Mapping[str, str]) -> Path | None:
    """Find the system's redis-server.

    Args:
        variables: environment variables, for `PATH`.

    Returns:
        The program, or None where there is none that is built with TLS.
    """
    found = shutil.which("redis-server", path=variables.get("PATH", os.defpath))
    if found is None:
        return None
    program = Path(found).resolve()
    content = program.read_bytes()
    # Debian has one program under several names, and the name decides what it does.
    return Path(found) if all(setting in content for setting in _NEEDED) else None


def prepare(world: World, variables: Mapping[str, str]) -> None:
    """Write what each server reads at its start, or nothing where there is no program. None of them runs.

    Args:
        world: the sandbox's; its certificates must be there.
        variables: environment variables, for `PATH`.
    """
    program = find_program(variables)
    if program is None:
        remove(_folder(world))
        return
    private_folder(_folder(world))
    _link(world).unlink(missing_ok=True)
    _link(world).symlink_to(program)
    for environment in CACHED:
        private_folder(_folder(world) / environment)
        write_private(_configuration(world, environment), _settings(world, environment))


def cached(world: World) -> tuple[str, ...]:
    """The environments whose site has a Redis here."""
    return tuple(environment for environment in CACHED if _configuration(world, environment).is_file())


def command(world: World, environment: str) -> tuple[str, ...]:
    """Give a server's command line; the password is in the file that it names."""
    return (str(_link(world)), str(_configuration(world, environment)))


def port_of(environment: str) -> str:
    """Give the name of a server, which is also its port's."""
    return f"redis_{environment}"


def url(world: World, environment: str) -> str:
    """Give the address of an app's Redis in Heroku's form, password included; empty where it has none."""
    if environment not in cached(world):
        return ""
    name = port_of(environment)
    return f"rediss://:{world.secrets[name]}@{world.address(name)}"


def answers(world: World, name: str) -> bool:
    """Whether a server speaks, which to strangers it does only to refuse them.

    Args:
        world: the sandbox's.
        name: the server's.
    """
    context = ssl.create_default_context(cafile=str(world.ca))
    try:
        with (
            socket.create_connection((HOST, world.ports[name]), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as server,
        ):
            server.sendall(b"PING\r\n")
            return server.recv(64).startswith((b"-NOAUTH", b"+PONG"))
    except OSError:
        return False


def _folder(world: World) -> Path:
    return world.root / "redis"


def _link(world: World) -> Path:
    return _folder(world) / "redis-server"


def _configuration(world: World, environment: str) -> Path:
    return _folder(world) / f"{environment}.conf"


def _settings(world: World, environment: str) -> str:
    name = port_of(environment)
    quoted = {
        "tls-cert-file": world.certificates / "server.pem",
        "tls-key-file": world.certificates / "server.key",
        "dir": _folder(world) / environment,
    }
    settings = {
        "bind": HOST,
        # TLS alone, as at Heroku.
        "port": 0,
        "tls-port": world.ports[name],
        "tls-auth-clients": "no",
        # The user without a name, whose password this file need not tell.
        "user": f"default on #{hashlib.sha256(world.secrets[name].encode()).hexdigest()} ~* &* +@all",
        # Of Heroku's smallest plan; what a cache should do when it is full.
        "maxmemory": "25mb",
        "maxmemory-policy": "allkeys-lru",
        # A cache that is lost is filled again.
        "save": '""',
        "appendonly": "no",
        # Its own title would stand over its command line and its environment.
        "set-proc-title": "no",
        **{key: '"{}"'.format(str(path).replace("\\", "\\\\").replace('"', '\\"')) for key, path in quoted.items()},
    }
    return "".join(f"{key} {value}\n" for key, value in settings.items())
