"""A sanitised archive into an empty local database, with the developer's own pg_restore.

Belongs here: calling pg_restore, what of an archive a local server cannot have, and what its complaints mean. Does not
belong here: which database (see `local_target`) and what is checked afterwards (see `local_data`).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bc_pipelines import settings
from bc_pipelines.database.identity import Connection
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.local_target import LocalTarget

_MOST_JOBS = 4
# The database is dropped if anything goes wrong, so nothing needs to be safe on the disk in between.
_FAST = "-c synchronous_commit=off -c maintenance_work_mem=256MB -c statement_timeout=0"
# Drafts are long texts, and half of a restore is their compression by PostgreSQL's own, older algorithm. A server may
# have been built without the newer one (PostgreSQL manual, default_toast_compression, since version 14).
_QUICKER_TO_COMPRESS = "-c default_toast_compression=lz4"
_HAS_IT = "select 'lz4' = any(enumvals) from pg_settings where name = 'default_toast_compression'"
_EXTENSION = re.compile(r"^\d+; \d+ \d+ (?:EXTENSION - (?P<name>\S+)|COMMENT - EXTENSION (?P<commented>\S+))")
# Clients set these for their own session; servers that are older than the client do not know them.
_HARMLESS = re.compile(r'unrecognized configuration parameter "(?:transaction_timeout|idle_session_timeout)"')
_PARAMETERS = {"host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
               "passfile": "PGPASSFILE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}  # fmt: skip


class RestoreFailed(Exception):
    """pg_restore could not fill the new database; the message says why, without any value of a row."""


def restore(archive: Path, target: LocalTarget, database: str, connection: Connection) -> tuple[str, ...]:
    """Fill an empty database from an archive, several tables at a time.

    Args:
        archive: the sanitised archive.
        target: the server.
        database: the empty database.
        connection: an open connection to it.

    Returns:
        Extensions that this server does not have and that were left out.

    Raises:
        Refused: there is no pg_restore, or it is too old for the archive.
        RestoreFailed: anything else that it complained of.
    """
    listed = _run("--list", archive)
    if listed.returncode:
        raise _explained(listed.stderr)
    wanted, missing = _selection(listed.stdout, _available(connection))
    chosen = archive.with_name("contents")
    chosen.write_text(wanted, encoding="utf-8")
    jobs = min(os.cpu_count() or 1, _MOST_JOBS)
    quiet = ("--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions", "--no-security-labels")
    done = _run(
        *("--dbname", database, f"--jobs={jobs}", *quiet, "--no-tablespaces", "--use-list", chosen, archive),
        variables=_environment(target, connection),
    )
    complaints = _complaints(done.stderr)
    if complaints or (done.returncode and not _HARMLESS.search(done.stderr)):
        version = connection.info.server_version // 10000
        raise RestoreFailed(
            f"pg_restore failed on the local server, which is PostgreSQL {version}: "
            f"{'; '.join(complaints[:3]) or 'it gave no reason'}."
        )
    return missing


def client_version() -> int:
    """Major version of the pg_restore in PATH.

    Raises:
        Refused: there is none, or it does not say.
    """
    said = _run("--version").stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    if found is None:
        raise Refused("pg_restore does not say which version it is. Nothing was changed.")
    return int(found[1])


def _available(connection: Connection) -> frozenset[str]:
    return frozenset(str(row[0]) for row in connection.execute("SELECT name FROM pg_available_extensions"))


def _selection(contents: str, available: frozenset[str]) -> tuple[str, tuple[str, ...]]:
    """The list of contents without extensions that the server does not have, and their names."""
    kept, missing = [], set()
    for line in contents.splitlines():
        found = _EXTENSION.match(line)
        name = (found["name"] or found["commented"]) if found else ""
        if name and name not in available:
            missing.add(name)
        else:
            kept.append(line)
    return "\n".join(kept) + "\n", tuple(sorted(missing))


def _run(*arguments: str | Path, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    program = shutil.which("pg_restore")
    if program is None:
        raise Refused(
            "There is no pg_restore on this machine. Install PostgreSQL's client programs. Nothing was changed."
        )
    inherited = settings.inherited(but="PG")
    with subprocess.Popen(
        [program, *map(str, arguments)],
        env=inherited | {"LC_ALL": "C"} | dict(variables or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate()
        except BaseException:
            # Its parallel workers are processes of their own; they all go.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _environment(target: LocalTarget, connection: Connection) -> dict[str, str]:
    has_it = connection.execute(_HAS_IT).fetchone() == (True,)
    options = f"{_FAST} {_QUICKER_TO_COMPRESS}" if has_it else _FAST
    told = {_PARAMETERS[key]: value for key, value in target.parameters.items() if key in _PARAMETERS}
    return told | {"PGOPTIONS": options, "PGAPPNAME": "bc_pipelines pull"}


def _explained(stderr: str) -> Exception:
    if "unsupported version" in stderr:
        return Refused(
            "Your pg_restore is older than the archive. Nothing was changed. Install PostgreSQL's client programs of "
            "the version that the site has on Heroku, and put them first in your PATH."
        )
    return RestoreFailed(f"pg_restore cannot read the archive: {'; '.join(_complaints(stderr)[:1])}.")


def _complaints(stderr: str) -> list[str]:
    """Its errors, without what PostgreSQL quotes from rows: DETAIL, CONTEXT, texts in quotes at the end."""
    lines = [line.partition("error: ")[2] for line in stderr.splitlines() if "error: " in line]
    return [re.sub(r': "[^"]*"$', "", line) for line in lines if not _HARMLESS.search(line)]
