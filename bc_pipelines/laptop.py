"""What a pull to a developer's machine is told from outside.

Belongs here: the local database's address, which hosts count as local, the ports of the local sites. Does not belong
here: opening anything (see `operations.local_target`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bc_pipelines.tables import SettingsError, only

LOCAL_DATABASE_VARIABLES = ("BC_LOCAL_DATABASE_URL", "DATABASE_URL")
_LINE = "BC_LOCAL_DATABASE_URL=postgresql://localhost/buckinghamshire"
_FIRST_PORT = 8000


@dataclass(frozen=True)
class Laptop:
    """The developer's own machine.

    Attributes:
        database_url: of the database that pulls replace.
        variable: the environment variable that it comes from.
        hosts: hosts that count as local although they are not loopback addresses, as a container's name.
        ports: production's host -> port of the site on localhost.
    """

    database_url: str = field(repr=False)
    variable: str
    hosts: frozenset[str]
    ports: Mapping[str, int]

    def port_of(self, host: str, taken: set[int]) -> int:
        """The port of a site, or the next free one from 8000 on where none is given."""
        if host.lower() in self.ports:
            return self.ports[host.lower()]
        port = _FIRST_PORT
        while port in taken or port in self.ports.values():
            port += 1
        return port


def read_laptop(variables: Mapping[str, str], table: Mapping[str, Any]) -> Laptop:
    """Read the variables and `[local]` of `environments.toml`.

    Raises:
        SettingsError: no local database is named, or a port is none.
    """
    only(table, "local", "ports", "media", "bandwidth")
    ports = table.get("ports", {})
    if not isinstance(ports, Mapping) or not all(type(port) is int and 0 < port < 65536 for port in ports.values()):
        raise SettingsError('local.ports must hold a port for each host, as "www.council.example" = 8000.')
    if len(set(ports.values())) != len(ports):
        raise SettingsError("local.ports gives two sites one port; each needs its own.")
    for variable in LOCAL_DATABASE_VARIABLES:
        if variables.get(variable):
            return Laptop(
                database_url=variables[variable],
                variable=variable,
                hosts=frozenset(re.split(r"[,\s]+", variables.get("BC_LOCAL_HOSTS", "").lower().strip())) - {""},
                ports={str(host).lower(): port for host, port in ports.items()},
            )
    raise SettingsError(f"No local database is named. Add this line to your .env, with your own name for it: {_LINE}")


def read_media_folder(table: Mapping[str, Any]) -> tuple[Path, str]:
    """The folder that media are pulled into and pushed from, and how fast, as `[local]` says.

    Returns:
        The folder, `media` below the current one unless set; and a limit as rclone has it, such as `4M` for four
        megabytes a second, empty for none.

    Raises:
        SettingsError: one of them is not what it must be.
    """
    folder, bandwidth = table.get("media", "media"), table.get("bandwidth", "")
    if not isinstance(folder, str) or not folder:
        raise SettingsError('local.media must name a folder, as "media".')
    if not isinstance(bandwidth, str) or not re.fullmatch(r"([0-9.]+[BKMG]?)?", bandwidth):
        raise SettingsError('local.bandwidth must be an amount a second, as "4M" for four megabytes.')
    return Path(folder), bandwidth
