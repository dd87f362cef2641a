"""Real PostgreSQL for the sandbox: its clusters and the databases in them.

Belongs here: everything that is PostgreSQL's own. Does not belong here: where its programs and data are (`places.py`),
keeping the servers alive (`processes.py`) and what production's database holds (`production.py`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

from bc_pipelines.sandbox.account import Account, unprivileged
from bc_pipelines.sandbox.errors import SandboxError
from bc_pipelines.sandbox.folder import remove, write_private
from bc_pipelines.sandbox.world import CLUSTERS, HOST, World

if TYPE_CHECKING:
    import psycopg

SUPERUSER = "postgres"

SERVER_OPTIONS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    # The sandbox can be made anew in a minute, so that it need not survive a loss of power; restores gain much.
    "fsync": "off",
    "full_page_writes": "off",
    # But what it has committed must survive its own end, as on Heroku; a reset's record and its lock rely on it.
    "synchronous_commit": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Errors quote statements and values of rows; neither may stand in a log. The server's own notes stay.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True)
class Cluster:
    """One PostgreSQL cluster of the sandbox.

    Attributes:
        name: `production` or `other`.
        data: its data directory.
        port: where it listens on 127.0.0.1.
        bin: folder with PostgreSQL's programs.
        major: their major version.
        account: the user that it runs as.
        password: the superuser's.
    """

    name: str
    data: Path
    port: int
    bin: Path
    major: int
    account: Account
    password: str = field(repr=False)

    @property
    def command(self) -> tuple[str, ...]:
        """The server's command line, to run in the foreground."""
        options = [f"{name}={value}" for name, value in SERVER_OPTIONS.items()]
        options += [f"port={self.port}", f"cluster_name=sandbox-{self.name}"]
        return (str(self.bin / "postgres"), "-D", str(self.data), *(part for each in options for part in ("-c", each)))


def clusters(world: World) -> tuple[Cluster, ...]:
    """Describe a world's clusters, production's first."""
    account = unprivileged()
    return tuple(
        Cluster(
            name=name,
            data=world.postgres.home / name,
            port=world.ports[f"postgres_{name}"],
            bin=world.postgres.bin,
            major=world.postgres.major,
            account=account,
            password=world.secrets[f"superuser_{name}"],
        )
        for name in CLUSTERS
    )


def initialise(cluster: Cluster) -> None:
    """Make a cluster's data directory unless it is there: passwords by SCRAM, no trust for anybody.

    Args:
        cluster: the cluster; its parent folder must exist.

    Raises:
        SandboxError: initdb failed.
    """
    if (cluster.data / "PG_VERSION").is_file():
        return
    # Under another name first: a data directory that initdb did not finish looks much like a good one.
    unfinished = cluster.data.with_name(f"{cluster.name}.part")
    remove(unfinished)
    unfinished.mkdir(mode=0o700)
    cluster.account.own(unfinished)
    password = cluster.data.with_name(f"{cluster.name}.password")
    try:
        write_private(password, cluster.password + "\n")
        cluster.account.own(password)
        _initdb(cluster, unfinished, password)
    finally:
        remove(password)
    unfinished.rename(cluster.data)


def _initdb(cluster: Cluster, folder: Path, password: Path) -> None:
    # Case folding beyond ASCII, which Wagtail's searches use, needs a UTF-8 locale; macOS has no C.UTF-8.
    locale = "C.UTF-8" if sys.platform == "linux" else "C"
    command = [str(cluster.bin / "initdb"), "-D", str(folder), "-U", SUPERUSER, f"--pwfile={password}"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", f"--locale={locale}", "--no-sync"]
    done = cluster.account.run(command, {"PATH": os.defpath, "LC_ALL": locale})
    if done.returncode != 0:
        raise SandboxError(f"initdb could not make the cluster {cluster.name}:\n{done.stdout.strip()}")


@contextmanager
def superuser(cluster: Cluster, database: str = "postgres") -> Iterator[psycopg.Connection]:
    """Connect to a running cluster as its superuser, each statement a transaction of its own.

    Args:
        cluster: the cluster.
        database: which of its databases.

    Yields:
        The connection.
    """
    import psycopg

    with psycopg.connect(
        host=HOST,
        port=cluster.port,
        user=SUPERUSER,
        password=cluster.password,
        dbname=database,
        sslmode="disable",
        connect_timeout=10,
        autocommit=True,
    ) as connection:
        yield connection


def provide_databases(cluster: Cluster, passwords: Mapping[str, str]) -> None:
    """Make each database and its owner, as far as they are missing; nobody but the owner may connect to it.

    Args:
        cluster: a running cluster.
        passwords: database -> its owner's password; the owner has the database's name.
    """
    with superuser(cluster) as connection:
        for name, password in passwords.items():
            _provide_role(connection, name, password)
            if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", name):
                _create_database(cluster, connection, name)


def empty_database(cluster: Cluster, name: str) -> None:
    """Put an empty database in the place of one, ending what is connected to it.

    Args:
        cluster: a running cluster.
        name: the database's name, and its owner's.
    """
    from psycopg import sql

    with superuser(cluster) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        _create_database(cluster, connection, name)


def _provide_role(connection: psycopg.Connection, name: str, password: str) -> None:
    from psycopg import sql

    verb = "ALTER" if _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", name) else "CREATE"
    # Hashed here, so that the server never sees the password itself.
    hashed = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    statement = sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}")
    connection.execute(statement.format(sql.Identifier(name), sql.Literal(hashed)))


def _create_database(cluster: Cluster, connection: psycopg.Connection, name: str) -> None:
    from psycopg import sql

    database = sql.Identifier(name)
    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, database))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    with superuser(cluster, name) as inside:
        inside.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(database))


def _exists(connection: psycopg.Connection, query: LiteralString, name: str) -> bool:
    return connection.execute(query, (name,)).fetchone() is not None


def answers(port: int) -> bool:
    """Say whether a PostgreSQL server accepts connections on a port of 127.0.0.1."""
    from psycopg.pq import PGconn, Ping

    return PGconn.ping(f"host={HOST} port={port} connect_timeout=2".encode()) == Ping.OK
