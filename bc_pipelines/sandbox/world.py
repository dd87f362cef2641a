"""What one sandbox consists of: its ports, passwords, tokens and ids, chosen once and kept in `world.json`.

Belongs here: the choice of what is random, and the names and places that follow from it. Does not belong here: starting
anything (`servers.py`), what the apps are told (`apps.py`) and what a shell is told (`environment.py`).
"""

from __future__ import annotations

import json
import secrets
import socket
import string
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from uuid import UUID, uuid5

from bc_pipelines.sandbox.errors import SandboxError
from bc_pipelines.sandbox.folder import WORLD_FILE, write_private

HOST = "127.0.0.1"
"""Every server of the sandbox binds to this address and to no other; there is no setting for it."""

CLUSTERS: Mapping[str, tuple[str, ...]] = {
    "production": ("production",),
    "other": ("staging", "development", "local", "dagster"),
}
"""The PostgreSQL clusters and the databases in each."""

BUCKETS = {
    "production": "buckinghamshire-production-media",
    "staging": "buckinghamshire-staging-media",
    "development": "buckinghamshire-development-media",
    "archives": "buckinghamshire-archives",
    "compute_logs": "buckinghamshire-dagster-compute-logs",
}

ENVIRONMENTS = ("production", "staging", "development")

CACHED = ("production", "staging")
"""Whose site has a Redis of its own, where this machine has the program."""

S3_IDENTITIES = ("worker", *ENVIRONMENTS)
"""Who has a pair of S3 keys: the product's own worker, and each app."""

PORTS = (
    "postgres_production",
    "postgres_other",
    "s3",
    "git",
    "gitlab",
    "api",
    "router",
    "rendezvous",
    "mail",
    "slack",
    "dns",
    "cloudflare",
    *(f"redis_{environment}" for environment in CACHED),
    "site_production",
    "site_staging",
    "site_development",
    # Not a server of the sandbox: kept for Dagster's UI, so that links to runs stay good.
    "dagster_ui",
)

# Below the range from which Linux and macOS take ports for outgoing connections, so that a kept port stays free.
PORT_RANGE = range(20_000, 32_000)

FORMAT = 4


@dataclass(frozen=True)
class PostgresPlaces:
    """Where this sandbox's PostgreSQL is, decided once.

    Attributes:
        source: the folder with PostgreSQL's programs that was found.
        bin: the folder that they are run from; another one only where PostgreSQL's user cannot get to `source`.
        major: their major version.
        home: folder with the data directories; below the root wherever PostgreSQL's user can get there.
    """

    source: Path
    bin: Path
    major: int
    home: Path


@dataclass(frozen=True)
class World:
    """Everything about a sandbox that is not the same in every sandbox.

    Attributes:
        root: the root folder.
        identity: 16 hexadecimal digits that set this sandbox apart from all others.
        seed: where the site's invented content starts from.
        scale: how much of it there is; 1 is a small council.
        ports: by the names in `PORTS`.
        secrets: passwords, tokens and keys by name.
        postgres: where PostgreSQL's programs and data are.
    """

    root: Path
    identity: str
    seed: int
    scale: int
    ports: Mapping[str, int]
    secrets: Mapping[str, str] = field(repr=False)
    postgres: PostgresPlaces

    def address(self, port: str) -> str:
        """Give `host:port` of a server by its port's name."""
        return f"{HOST}:{self.ports[port]}"

    def id(self, label: str) -> str:
        """Give an id that Heroku would have made up, the same every time for the same label."""
        return str(uuid5(UUID(hex=self.identity * 2), label))

    def database_url(self, database: str) -> str:
        """Give a database's URL in Heroku's form, password included."""
        cluster = next(name for name, databases in CLUSTERS.items() if database in databases)
        password = self.secrets[f"database_{database}"]
        return f"postgres://{database}:{password}@{self.address(f'postgres_{cluster}')}/{database}"

    def s3_keys(self, holder: str) -> tuple[str, str]:
        """Give the access key and the secret key of one of `S3_IDENTITIES`."""
        return self.secrets[f"s3_access_key_{holder}"], self.secrets[f"s3_secret_key_{holder}"]

    @property
    def s3_url(self) -> str:
        """The S3 server's address."""
        return f"https://{self.address('s3')}"

    @property
    def heroku_url(self) -> str:
        """The base URL of both of Heroku's APIs."""
        return f"https://{self.address('api')}"

    @property
    def gitlab_url(self) -> str:
        """GitLab's address."""
        return f"https://{self.address('gitlab')}"

    @property
    def cloudflare_url(self) -> str:
        """The base URL of Cloudflare's API."""
        return f"https://{self.address('cloudflare')}/client/v4"

    @property
    def slack_url(self) -> str:
        """The base URL of Slack's Web API."""
        return f"https://{self.address('slack')}/api/"

    @property
    def certificates(self) -> Path:
        """Folder of the certificate authority and the servers' certificate."""
        return self.root / "certificates"

    @property
    def ca(self) -> Path:
        """The authority's certificate, which every client of the sandbox must trust."""
        return self.certificates / "ca.pem"

    @property
    def logs(self) -> Path:
        """Folder of the servers' logs."""
        return self.root / "logs"


def load(root: Path) -> World | None:
    """Read the world that is kept in a root folder.

    Args:
        root: the sandbox's root folder.

    Returns:
        The world, or None where there is none yet.

    Raises:
        SandboxError: the file is damaged, of another version of this package, or of another folder.
    """
    path = root / WORLD_FILE
    if not path.is_file():
        return None
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if table.pop("format") != FORMAT:
            raise ValueError
        made_for = Path(table.pop("root"))
        places = table.pop("postgres")
        postgres = PostgresPlaces(
            Path(places["source"]), Path(places["bin"]), int(places["major"]), Path(places["home"])
        )
        world = World(root=root, postgres=postgres, **table)
    except (ValueError, KeyError, TypeError, AttributeError):
        # The file holds passwords, so nothing of it may be quoted.
        raise SandboxError(
            f"{path} is damaged or was written by another version. Nothing was changed; "
            f"end what still runs, delete {root}, and start anew."
        ) from None
    if made_for != root:
        # Its records name the other one's processes, and its data may be the other one's.
        raise SandboxError(
            f"{root} was moved or copied from {made_for}. Nothing was changed; "
            "move it back, or delete it and start anew."
        )
    return world


def save(world: World) -> None:
    """Keep a world in its root folder, mode 0600.

    Args:
        world: what to keep.
    """
    table = {"format": FORMAT, **asdict(world)}
    write_private(world.root / WORLD_FILE, json.dumps(table, indent=1, default=str) + "\n")


def create(root: Path, identity: str, postgres: PostgresPlaces, seed: int, scale: int) -> World:
    """Choose everything that is chosen once.

    Args:
        root: the sandbox's root folder.
        identity: 16 hexadecimal digits, chosen by the caller because the places depend on them.
        postgres: where PostgreSQL's programs and data are.
        seed: where the site's invented content starts from.
        scale: how much of it there is.

    Returns:
        A new world, not yet kept.
    """
    names = [f"superuser_{cluster}" for cluster in CLUSTERS]
    names += [f"database_{database}" for databases in CLUSTERS.values() for database in databases]
    names += [
        "heroku_token",
        "git_password",
        "gitlab_token",
        "view_restriction_password",
        "smtp_password",
        "slack_token",
        "cloudflare_token",
    ]
    names += [f"secret_key_{environment}" for environment in ENVIRONMENTS]
    names += [f"redis_{environment}" for environment in CACHED]
    names += [f"s3_secret_key_{holder}" for holder in S3_IDENTITIES]
    chosen = {name: secrets.token_urlsafe(30) for name in names}
    # rclone refuses access keys of fewer than 16 characters; AWS's have 20.
    for holder in S3_IDENTITIES:
        key = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(20))
        chosen[f"s3_access_key_{holder}"] = key
    ports = dict(zip(PORTS, _free_block(len(PORTS)), strict=True))
    return World(root=root, identity=identity, seed=seed, scale=scale, ports=ports, secrets=chosen, postgres=postgres)


def with_free_ports(world: World) -> World:
    """Choose other ports for those that something else has taken meanwhile; only while no server of this world runs.

    Args:
        world: the world as it was kept.

    Returns:
        The same world, or one with some other ports.
    """
    taken = [name for name, port in world.ports.items() if not is_free(port)]
    others = _free_ports(len(taken), avoid=frozenset(world.ports.values()))
    return replace(world, ports={**world.ports, **dict(zip(taken, others, strict=True))})


def is_free(port: int) -> bool:
    """Say whether a server could listen on a port of 127.0.0.1."""
    with socket.socket() as probe, socket.socket(type=socket.SOCK_DGRAM) as other:
        # As servers do: a connection that lingers after its end does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
            # A name server needs the same port by UDP.
            other.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_block(count: int) -> range:
    """Ports that lie together: nobody listens yet on some ports of another sandbox, but on their neighbours."""
    starts = range(PORT_RANGE.start, PORT_RANGE.stop - count, count)
    for start in secrets.SystemRandom().sample(starts, len(starts)):
        if all(map(is_free, range(start, start + count))):
            return range(start, start + count)
    raise _no_free_ports(count)


def _no_free_ports(count: int) -> SandboxError:
    return SandboxError(f"There are no {count} free ports on {HOST} between {PORT_RANGE.start} and {PORT_RANGE.stop}.")


def _free_ports(count: int, avoid: frozenset[int] = frozenset()) -> list[int]:
    candidates = secrets.SystemRandom().sample(PORT_RANGE, len(PORT_RANGE))
    found = list(islice((port for port in candidates if port not in avoid and is_free(port)), count))
    if len(found) == count:
        return found
    raise _no_free_ports(count)
