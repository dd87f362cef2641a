"""Runs of the real `pg_dump` and `pg_restore`, as Heroku's transfer worker runs them (heroku/transferatu).

The flags are the worker's, and so is the rule by which an exit status of 1 can be a success. Secrets go by environment
variable. What a transfer is and when it runs belongs in `transfers.py`.
"""

from __future__ import annotations

import asyncio
import re
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from bc_pipelines.sandbox.heroku import database, processes
from bc_pipelines.sandbox.heroku.store import Level

FLAGS = ("--no-owner", "--no-privileges", "--verbose")
_CHUNK = 256 * 1024
_HARMLESS = re.compile(
    r"COMMENT ON EXTENSION |CREATE (OR REPLACE )?(PROCEDURAL )?LANGUAGE plpgsql|CREATE EXTENSION .*plpgsql"
)


class TransferError(Exception):
    """A transfer failed; the message is the last line of its log."""


@dataclass(frozen=True)
class Watch:
    """Who is told of a transfer's progress: bytes as they pass, lines as they are written."""

    on_bytes: Callable[[int], None]
    on_line: Callable[[Level, str], None]


@dataclass
class _Run:
    process: Process
    lines: list[str] = field(default_factory=list)


class PgTools:
    """The programs of one PostgreSQL installation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def dump(self, url: str, target: BinaryIO, watch: Watch) -> None:
        """Capture a database in custom format through a pipe, so that the archive carries no offsets.

        Raises:
            TransferError: pg_dump failed.
        """
        async with self._running("pg_dump", ["--format=custom"], url, watch) as run:
            async for chunk in _chunks(run.process):
                target.write(chunk)
                watch.on_bytes(len(chunk))
            status = await run.process.wait()
        if status != 0:
            raise TransferError(f"pg_dump ended with status {status}")

    async def restore(self, archive: Path, url: str, watch: Watch, only: Path | None = None) -> None:
        """Restore an archive into an empty database.

        Args:
            archive: The archive.
            url: Connection string of the target.
            watch: Told of every line.
            only: A list of entries to restore, as `pg_restore --use-list` takes it; None restores all.

        Raises:
            TransferError: pg_restore failed, by the worker's rule.
        """
        listed = [f"--use-list={only}"] if only else []
        arguments = [f"--dbname={_database(url)}", *listed, str(archive)]
        async with self._running("pg_restore", arguments, url, watch) as run:
            status = await run.process.wait()
        judge(status, run.lines)

    async def copy(self, source: str, target: str, watch: Watch) -> None:
        """Stream one database into another, which must be empty.

        Raises:
            TransferError: Either program failed.
        """
        into = self._running("pg_restore", [f"--dbname={_database(target)}"], target, watch, stdin=PIPE)
        async with into as restore, self._running("pg_dump", ["--format=custom"], source, watch) as dump:
            await _pump(dump.process, restore.process, watch)
            dumped, restored = await dump.process.wait(), await restore.process.wait()
        if dumped != 0:
            raise TransferError(f"pg_dump ended with status {dumped}")
        judge(restored, restore.lines)

    async def contents(self, archive: Path) -> list[str]:
        """The archive's table of contents, one entry a line, as `pg_restore --list` prints it.

        Raises:
            TransferError: It cannot be read.
        """
        process = await processes.start([self._folder / "pg_restore", "--list", archive], {"LC_ALL": "C"})
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise TransferError("the archive's table of contents cannot be read")
        return [line for line in output.decode(errors="replace").splitlines() if not line.startswith(";")]

    @asynccontextmanager
    async def _running(
        self, program: str, arguments: Sequence[str], url: str, watch: Watch, stdin: int = asyncio.subprocess.DEVNULL
    ) -> AsyncIterator[_Run]:
        """A program whose errors are logged line by line; one that is still running at the end gets SIGINT."""
        command: list[str | Path] = [self._folder / program, *FLAGS, *arguments]
        run = _Run(await processes.start(command, _environment(url), stdin=stdin))
        reader = asyncio.create_task(_log(run, watch))
        try:
            yield run
        finally:
            await processes.end(run.process, signal.SIGINT, patience=5)
            await reader


def judge(status: int, lines: Sequence[str]) -> None:
    """Judge a run of pg_restore as Heroku's worker does.

    Status 1 is a success if every error is about a comment on an extension or about plpgsql, which a database's own
    user may not touch.

    Args:
        status: Its exit status.
        lines: What it wrote to standard error.

    Raises:
        TransferError: It failed.
    """
    errors = sum("pg_restore: error:" in line for line in lines)
    harmless = sum(line.startswith("Command was: ") and bool(_HARMLESS.search(line)) for line in lines)
    if status == 0 or (status == 1 and 0 < errors == harmless):
        return
    raise TransferError(f"pg_restore ended with status {status} after {errors} errors")


async def _chunks(process: Process) -> AsyncIterator[bytes]:
    assert process.stdout is not None  # noqa: S101 - it was started with a pipe
    while chunk := await process.stdout.read(_CHUNK):
        yield chunk


async def _pump(source: Process, target: Process, watch: Watch) -> None:
    assert target.stdin is not None  # noqa: S101 - it was started with a pipe
    try:
        async for chunk in _chunks(source):
            target.stdin.write(chunk)
            await target.stdin.drain()
            watch.on_bytes(len(chunk))
        target.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        # The reader has ended, and its own status tells why; the writer would wait for it for ever.
        await processes.end(source, signal.SIGINT, patience=5)


async def _log(run: _Run, watch: Watch) -> None:
    assert run.process.stderr is not None  # noqa: S101 - it was started with a pipe
    while line := await _line(run.process.stderr):
        text = line.decode(errors="replace").rstrip()
        run.lines.append(text)
        level: Level = "error" if "error:" in text else "warning" if "warning:" in text else "info"
        watch.on_line(level, text)


async def _line(stream: asyncio.StreamReader) -> bytes:
    """One line; one that is longer than the reader's buffer (a statement, a row) is taken as it comes."""
    try:
        return await stream.readline()
    except ValueError:
        return b"(a line too long to be kept)\n"


def _database(url: str) -> str:
    return database.environment(url)["PGDATABASE"]


def _environment(url: str) -> Mapping[str, str]:
    return {"LC_ALL": "C", **database.environment(url)}
