"""Which database a pull replaces, and the proof that it is the developer's own.

Belongs here: everything that a wrong address is refused for, before anything is opened. Does not belong here: what is
done with the database. Identity is decided by address, port and name, as libpq would resolve them, not by how the
address is written.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg
from psycopg import conninfo
from psycopg.pq import Conninfo

from bc_pipelines.database import beside
from bc_pipelines.database.identity import DEFAULT_PORT
from bc_pipelines.heroku.errors import NotFound
from bc_pipelines.heroku.models import DatabaseAddress
from bc_pipelines.laptop import Laptop
from bc_pipelines.operations.errors import Refused

if TYPE_CHECKING:
    from bc_pipelines.heroku.client import HerokuClient
    from bc_pipelines.settings import Environment

_KEPT = ("host", "hostaddr", "port", "dbname", "user", "password", "passfile", "sslmode", "sslrootcert")


@dataclass(frozen=True)
class LocalTarget:
    """The database on the developer's machine, with everything that libpq would have filled in.

    Attributes:
        parameters: libpq's, `dbname` among them; holds a password.
        name: of the database.
        where: host or socket folder, and port, for people.
    """

    parameters: Mapping[str, str] = field(repr=False)
    name: str
    where: str

    def url(self, database: str) -> str:
        """A connection string of a database on the same server."""
        return conninfo.make_conninfo(**{**self.parameters, "dbname": database})

    def __str__(self) -> str:
        return f"{self.name} on {self.where}"


def local_target(laptop: Laptop, forbidden: Mapping[str, DatabaseAddress]) -> LocalTarget:
    """Read the address of the local database, and refuse every other one.

    Args:
        laptop: what the developer's machine is told.
        forbidden: the databases of configured environments, by the name of the environment.

    Raises:
        Refused: the address cannot be read, is not local, or is an environment's. Nothing was opened.
    """
    parameters = _resolved(laptop)
    host, name = parameters.get("hostaddr") or parameters.get("host", ""), parameters["dbname"]
    port = _port(laptop, parameters)
    if len(name.encode()) > beside.LONGEST_NAME:
        raise Refused(f"The name {name} is too long: two databases beside it get longer ones. Nothing was changed.")
    # Where host and hostaddr differ, libpq connects to hostaddr; both must be harmless all the same.
    for each in {host, parameters.get("host", host)}:
        _require_local(each, laptop)
        for environment, address in forbidden.items():
            if (port, name) == (address.port, address.name) and _addresses(each) & _addresses(address.host):
                raise Refused(
                    f"{laptop.variable} is the database of {environment}. A pull replaces a local database only. "
                    f"Nothing was changed. Name a database of your own in BC_LOCAL_DATABASE_URL."
                )
    return LocalTarget(parameters, name, f"{host}:{port}")


def addresses_of(heroku: HerokuClient | None, environments: Iterable[Environment]) -> dict[str, DatabaseAddress]:
    """The databases of every environment that the token sees; empty without a token.

    Raises:
        HerokuError: Heroku does not say. A pull must not go on then.
    """
    found: dict[str, DatabaseAddress] = {}
    if heroku is None:
        return found
    for environment in environments:
        try:
            found[environment.name] = heroku.database(environment.heroku_app).address
        except NotFound:
            continue
    return found


def _resolved(laptop: Laptop) -> dict[str, str]:
    """The address as libpq completes it from PGHOST and the like, so that what is checked is what is opened."""
    refusal = f"{laptop.variable} cannot be read (it is not shown: it may hold a password). Nothing was changed."
    try:
        given = {key: str(value) for key, value in conninfo.conninfo_to_dict(laptop.database_url).items()}
        told = {each.keyword.decode(): (each.val or b"").decode() for each in Conninfo.get_defaults()}
    except (psycopg.Error, ValueError):
        raise Refused(refusal) from None
    if given.get("service") or told.get("service"):
        raise Refused(
            f"{laptop.variable} or PGSERVICE names a service file's entry; write host, port and name instead."
        )
    merged = {key: given.get(key) or told.get(key, "") for key in _KEPT}
    if "host" in given or "hostaddr" in given:
        # An address of its own must not be bent by PGHOSTADDR.
        merged |= {"host": given.get("host", ""), "hostaddr": given.get("hostaddr", "")}
    merged = {key: value for key, value in merged.items() if value}
    if not given.get("dbname"):
        raise Refused(f"{laptop.variable} names no database. Nothing was changed.")
    if any("," in merged.get(key, "") for key in ("host", "hostaddr", "port")):
        raise Refused(f"{laptop.variable} names several servers; a pull needs exactly one. Nothing was changed.")
    if merged["dbname"] in ("postgres", "template0", "template1"):
        raise Refused(f"{laptop.variable} names PostgreSQL's own database {merged['dbname']}. Name one of your own.")
    return merged


def _port(laptop: Laptop, parameters: Mapping[str, str]) -> int:
    try:
        return int(parameters.get("port") or DEFAULT_PORT)
    except ValueError:
        raise Refused(f"{laptop.variable} has a port that is no number. Nothing was changed.") from None


def _require_local(host: str, laptop: Laptop) -> None:
    if _is_socket(host) or host.lower().rstrip(".") in laptop.hosts:
        return
    addresses = _addresses(host)
    if not addresses:
        raise Refused(f"The host {host} in {laptop.variable} is not known here. Nothing was changed.")
    if not all(ipaddress.ip_address(address).is_loopback for address in addresses):
        raise Refused(
            f"The host {host} in {laptop.variable} is not this machine, and a pull replaces a local database only. "
            "Nothing was changed. If it is your own (a container, for instance), add its name to BC_LOCAL_HOSTS."
        )


def _is_socket(host: str) -> bool:
    return not host or host.startswith(("/", "@"))


def _addresses(host: str) -> set[str]:
    """Every address that a host has; those of this machine for a socket."""
    if _is_socket(host):
        return {"127.0.0.1", "::1"}
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return set()
    addresses = {str(each[4][0]).partition("%")[0] for each in found}
    # All loopback addresses lead to this machine.
    if any(ipaddress.ip_address(address).is_loopback for address in addresses):
        addresses |= {"127.0.0.1", "::1"}
    return addresses
