"""What one transfer does: capture, restore or copy, with its progress and its log.

The order of steps and the log lines are those of Heroku's worker (heroku/transferatu). Queueing is in `transfers.py`.
"""

from __future__ import annotations

import asyncio
import shutil
import ssl
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx
import psycopg

from bc_pipelines.sandbox.heroku import database
from bc_pipelines.sandbox.heroku.apps import App
from bc_pipelines.sandbox.heroku.backups import Backups
from bc_pipelines.sandbox.heroku.config import Config
from bc_pipelines.sandbox.heroku.faults import Faults
from bc_pipelines.sandbox.heroku.pgtools import PgTools, TransferError, Watch
from bc_pipelines.sandbox.heroku.store import Document, Level, Store, now

Kind = Literal["backup", "restore", "copy"]

# Heroku writes progress every 5 seconds or so; the sandbox's databases are small.
PROGRESS_SECONDS = 0.25
DOWNLOAD_TIMEOUT = 30.0


@dataclass(frozen=True)
class Task:
    """One transfer to be done.

    Args:
        uuid: The transfer.
        kind: What it is.
        app: The app under which it is listed.
        source: Connection string, or the address of a backup.
        target: Connection string; None for a backup.
    """

    uuid: str
    kind: Kind
    app: App
    source: str = field(repr=False)
    target: str | None = field(default=None, repr=False)


def kind_of(transfer: Document) -> Kind:
    """What a transfer is, by the types of its two ends."""
    if transfer["to_type"] == "gof3r":
        return "backup"
    return "copy" if transfer["from_type"] == "pg_dump" else "restore"


class Worker:
    """Does transfers; one worker serves all of them."""

    def __init__(self, config: Config, store: Store, backups: Backups, faults: Faults) -> None:
        self._config = config
        self._store = store
        self._backups = backups
        self._faults = faults
        self._tools = PgTools(config.pg_bin)
        self._scratch = config.state_dir / "scratch"
        self._scratch.mkdir(mode=0o700, exist_ok=True)
        for leftover in self._scratch.iterdir():
            leftover.unlink()

    async def work(self, task: Task) -> None:
        """Do a transfer.

        Raises:
            TransferError: It failed.
        """
        self._store.change("transfer", task.uuid, started_at=now(), updated_at=now())
        await self._obey_faults(task)
        try:
            match task.kind:
                case "backup":
                    await self._capture(task)
                case "restore":
                    await self._restore(task)
                case "copy":
                    await self._copy(task)
        except psycopg.errors.LockNotAvailable:
            raise TransferError("Could not reset the database: other sessions hold locks in it") from None
        except psycopg.OperationalError:
            raise TransferError("Could not connect to database to initialize transfer") from None

    async def _capture(self, task: Task) -> None:
        size = (await database.facts(task.source)).num_bytes
        self._store.change("transfer", task.uuid, source_bytes=size, updated_at=now())
        progress = _Progress(self._store, task.uuid)
        self._say(task, "waiting for pg_dump to complete")
        with self._backups.create(task.uuid) as target:
            await self._tools.dump(task.source, target, progress.watch)
        self._say(task, "pg_dump done", "waiting for upload to complete", "upload done")
        self._backups.keep(task.uuid)
        progress.write()

    async def _restore(self, task: Task) -> None:
        with tempfile.NamedTemporaryFile(dir=self._scratch, suffix=".dump") as scratch:
            archive, progress = Path(scratch.name), _Progress(self._store, task.uuid)
            self._say(task, "waiting for download to complete")
            await self._fetch(task.source, archive, progress)
            self._say(task, "download done", "waiting for restore to complete")
            await self._fill(task, archive, progress)
        self._say(task, "restore done")

    async def _fill(self, task: Task, archive: Path, progress: _Progress) -> None:
        target = str(task.target)
        await database.wipe(target)
        fault = self._faults.on_transfer("half_way", task.kind, task.app.name)
        if fault is None:
            await self._tools.restore(archive, target, progress.watch)
            return
        entries = await self._tools.contents(archive)
        tables = [number for number, entry in enumerate(entries) if " TABLE DATA " in entry]
        with tempfile.NamedTemporaryFile("w", dir=self._scratch, suffix=".list") as listed:
            listed.write("\n".join(entries[: tables[len(tables) // 2]] if tables else ()))
            listed.flush()
            await self._tools.restore(archive, target, progress.watch, only=Path(listed.name))
        raise TransferError(fault.message)

    async def _copy(self, task: Task) -> None:
        progress, target = _Progress(self._store, task.uuid), str(task.target)
        await database.wipe(target)
        self._say(task, "waiting for pg_dump to complete", "waiting for restore to complete")
        await self._tools.copy(task.source, target, progress.watch)
        self._say(task, "pg_dump done", "restore done")
        progress.write()

    async def _fetch(self, url: str, archive: Path, progress: _Progress) -> None:
        """Bring a backup here: one of ours from its file, any other over HTTPS with its certificate verified."""
        ours = self._backups.behind(url)
        if ours:
            await asyncio.to_thread(shutil.copyfile, ours, archive)
            progress.add(archive.stat().st_size)
        else:
            await self._download(url, archive, progress)
        progress.write()

    async def _download(self, url: str, archive: Path, progress: _Progress) -> None:
        try:
            context = ssl.create_default_context(cafile=self._config.ca)
            client = httpx.AsyncClient(verify=context, timeout=DOWNLOAD_TIMEOUT, trust_env=False)
            async with client, client.stream("GET", url) as response:
                if response.status_code != 200:
                    raise TransferError(f"Could not download the backup: HTTP status {response.status_code}")
                with archive.open("wb") as target:
                    async for chunk in response.aiter_raw(256 * 1024):
                        target.write(chunk)
                        progress.add(len(chunk))
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            # The error's own text can quote the address, whose signature is a secret.
            raise TransferError(f"Could not download the backup: {type(error).__name__}") from None

    async def _obey_faults(self, task: Task) -> None:
        if fault := self._faults.on_transfer("delay", task.kind, task.app.name):
            await asyncio.sleep(fault.seconds)
        if fault := self._faults.on_transfer("fail", task.kind, task.app.name):
            raise TransferError(fault.message)
        if self._faults.on_transfer("never_end", task.kind, task.app.name):
            await asyncio.Event().wait()

    def _say(self, task: Task, *messages: str) -> None:
        for message in messages:
            self._store.log(task.uuid, "info", message)


class _Progress:
    """Counts bytes, writes them to the transfer from time to time, and collects its log."""

    def __init__(self, store: Store, uuid: str) -> None:
        self._store = store
        self._uuid = uuid
        self._bytes = 0
        self._written = time.monotonic()

    @property
    def watch(self) -> Watch:
        return Watch(on_bytes=self.add, on_line=self._line)

    def add(self, count: int) -> None:
        self._bytes += count
        if time.monotonic() - self._written > PROGRESS_SECONDS:
            self.write()

    def write(self) -> None:
        self._written = time.monotonic()
        self._store.change("transfer", self._uuid, processed_bytes=self._bytes, updated_at=now())

    def _line(self, level: Level, message: str) -> None:
        self._store.log(self._uuid, level, message)
