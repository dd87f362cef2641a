"""One-off dynos: a command of the app's, run by a real shell in its environment.

An attached one begins when its owner has connected through `rendezvous.py`; a detached one at once, into the app's log.
Its exit status is nowhere in the API: the CLI appends `echo` of the status to the command and reads it from the output.
"""

from __future__ import annotations

import asyncio
import secrets
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from bc_pipelines.heroku.models import platform_time
from bc_pipelines.sandbox.heroku import processes
from bc_pipelines.sandbox.heroku.apps import App
from bc_pipelines.sandbox.heroku.config import Config
from bc_pipelines.sandbox.heroku.dynos import environment, log_file

# An attached dyno that nobody connects to is given up.
ATTACH_SECONDS = 60.0
END_OF_INPUT = b"\x04"


@dataclass
class OneOff:
    """A one-off dyno. `secret` is the last part of its attach_url, None when detached."""

    app: App
    name: str
    command: str
    extra: Mapping[str, str] = field(repr=False)
    size: str
    secret: str | None = field(repr=False)
    id: str = field(default_factory=lambda: str(uuid4()))
    created_at: str = field(default_factory=lambda: platform_time(datetime.now(UTC)))
    state: Literal["starting", "up"] = "starting"
    process: Process | None = None


class OneOffs:
    """One-off dynos that have not ended; Heroku answers 404 for those that have."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._dynos: dict[str, OneOff] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def of(self, app: App) -> list[OneOff]:
        """Those of one app, oldest first."""
        return [dyno for dyno in self._dynos.values() if dyno.app is app]

    def create(self, app: App, command: str, extra: Mapping[str, str], size: str, *, attach: bool) -> OneOff:
        """Make a dyno; a detached one starts at once."""
        secret = secrets.token_urlsafe(24) if attach else None
        dyno = OneOff(app, f"run.{1000 + secrets.randbelow(9000)}", command, extra, size, secret)
        self._dynos[dyno.id] = dyno
        self._spawn(self._give_up(dyno) if attach else self._run_detached(dyno))
        return dyno

    async def attach(self, secret: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Run the dyno with this secret over a connection, if one is waiting for it."""
        waiting = [dyno for dyno in self._dynos.values() if dyno.secret and dyno.state == "starting"]
        for dyno in waiting:
            if secrets.compare_digest(str(dyno.secret), secret):
                await self._run_attached(dyno, reader, writer)

    async def kill(self, dyno: OneOff) -> None:
        """End a dyno, running or not."""
        if dyno.process:
            await processes.end(dyno.process)
        self._dynos.pop(dyno.id, None)

    async def stop(self) -> None:
        """End all."""
        for dyno in list(self._dynos.values()):
            await self.kill(dyno)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run_detached(self, dyno: OneOff) -> None:
        with log_file(self._config, dyno.app).open("ab") as log:
            dyno.process = await self._start(dyno, DEVNULL, log.fileno())
        await dyno.process.wait()
        self._dynos.pop(dyno.id, None)

    async def _run_attached(self, dyno: OneOff, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dyno.state = "up"
        dyno.process = await self._start(dyno, PIPE, PIPE)
        feeding = asyncio.create_task(_feed(dyno.process, reader))
        try:
            await _show(dyno.process, writer)
            await dyno.process.wait()
        except ConnectionError:
            """Its owner has gone; the process goes too."""
        finally:
            feeding.cancel()
            await self.kill(dyno)

    async def _start(self, dyno: OneOff, stdin: int, stdout: int) -> Process:
        dyno.state = "up"
        variables = {**environment(self._config, dyno.app, dyno.name), **dyno.extra}
        command = ("sh", "-c", dyno.command)
        folder = self._config.site_dir
        return await processes.start(command, variables, folder=folder, stdin=stdin, stdout=stdout, stderr=STDOUT)

    async def _give_up(self, dyno: OneOff) -> None:
        await asyncio.sleep(ATTACH_SECONDS)
        if dyno.state == "starting":
            self._dynos.pop(dyno.id, None)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _feed(process: Process, reader: asyncio.StreamReader) -> None:
    """Pass the owner's input on until its end; when the connection is lost, end the process."""
    assert process.stdin is not None  # noqa: S101 - it was started with a pipe
    try:
        while chunk := await reader.read(4096):
            text, end, _ = chunk.partition(END_OF_INPUT)
            process.stdin.write(text)
            await process.stdin.drain()
            if end:
                process.stdin.close()
        await processes.end(process)
    except ConnectionError:
        """The process has closed its input, or the owner has gone: the output tells."""


async def _show(process: Process, writer: asyncio.StreamWriter) -> None:
    """Pass the output on as a terminal would, with carriage returns."""
    assert process.stdout is not None  # noqa: S101 - it was started with a pipe
    while chunk := await process.stdout.read(4096):
        writer.write(chunk.replace(b"\n", b"\r\n"))
        await writer.drain()
