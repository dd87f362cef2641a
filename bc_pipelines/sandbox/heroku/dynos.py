"""Web dynos: one real WSGI server per app, started, stopped and restarted as Heroku would.

A dyno boots when someone could first tell the difference: at a routed request, when scaled up from nothing, or when
dynos are listed. Other process types are numbers only. One-off dynos are in `oneoff.py`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import bc_pipelines
from bc_pipelines.sandbox.heroku import processes
from bc_pipelines.sandbox.heroku.apps import App, Apps
from bc_pipelines.sandbox.heroku.config import Config

# Heroku gives a web process 60 seconds to bind its port (R10) and a dyno 30 to stop (R12).
BOOT_SECONDS = 60.0
STOP_SECONDS = 10.0
# A dyno that has just crashed is not tried again at once.
CRASH_PAUSE = 5.0

State = Literal["idle", "starting", "up", "crashed"]

logger = logging.getLogger(__name__)


def environment(config: Config, app: App, dyno: str) -> dict[str, str]:
    """The whole environment of a dyno: the app's config vars over the few variables that any program needs."""
    path = f"{config.python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    package = Path(bc_pipelines.__file__).parent.parent
    needed = {"PATH": path, "HOME": str(config.state_dir), "LANG": "C.UTF-8", "PYTHONPATH": str(package)}
    return {**needed, "PYTHONUNBUFFERED": "1", **app.config_vars, "DYNO": dyno, "PORT": str(app.site_port)}


def log_file(config: Config, app: App) -> Path:
    """Where an app's dynos write, readable by its owner only."""
    path = config.state_dir / "logs" / f"{app.name}.log"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600)
    return path


class WebDyno:
    """The web process of one app."""

    def __init__(self, config: Config, app: App) -> None:
        self._config = config
        self._app = app
        self._process: Process | None = None
        self._booting: asyncio.Task[None] | None = None
        self._crashed_at: float | None = None

    @property
    def state(self) -> State:
        """What Heroku would call it; `idle` has not been needed yet."""
        if self._booting and not self._booting.done():
            return "starting"
        if self._process and self._process.returncode is None:
            return "up"
        return "crashed" if self._process or self._crashed_at else "idle"

    def wake(self) -> None:
        """Begin to boot, unless it is up, booting, or has just crashed."""
        loop = asyncio.get_running_loop()
        rests = self._crashed_at is not None and loop.time() - self._crashed_at < CRASH_PAUSE
        if self.state in ("idle", "crashed") and not rests:
            self._booting = asyncio.create_task(self._boot())

    async def ready(self, patience: float) -> State:
        """Boot if need be, and wait for the end of booting, but no longer than `patience` seconds."""
        self.wake()
        if self._booting:
            await asyncio.wait({self._booting}, timeout=patience)
        return self.state

    async def stop(self) -> None:
        """Stop it, booting or up."""
        if self._booting:
            self._booting.cancel()
            await asyncio.wait({self._booting})
        if self._process:
            await processes.end(self._process, patience=STOP_SECONDS)
        self._process = self._booting = self._crashed_at = None

    async def _boot(self) -> None:
        """Start the server and wait until it accepts connections."""
        if await self._listening():
            logger.error("port %s of %s is taken by another process", self._app.site_port, self._app.name)
            self._crash()
            return
        with log_file(self._config, self._app).open("ab") as log:
            self._process = await processes.start(
                self._command(),
                environment(self._config, self._app, "web.1"),
                folder=self._config.site_dir,
                stdin=DEVNULL,
                stdout=log,
                stderr=STDOUT,
            )
        for _ in range(int(BOOT_SECONDS / 0.1)):
            if self._process.returncode is not None:
                break
            if await self._listening():
                self._crashed_at = None
                return
            await asyncio.sleep(0.1)
        await processes.end(self._process, patience=STOP_SECONDS)
        self._crash()

    def _crash(self) -> None:
        self._crashed_at = asyncio.get_running_loop().time()

    async def _listening(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(self._config.host, self._app.site_port)
        except OSError:
            return False
        writer.close()
        return True

    def _command(self) -> tuple[str, ...]:
        if self._config.web_command:
            return self._config.web_command
        bind = f"{self._config.host}:{self._app.site_port}"
        server = (str(self._config.python), "-m", "gunicorn", "--bind", bind, "--worker-class", "gthread")
        limits = ("--workers", "1", "--threads", "4", "--graceful-timeout", "5", "--no-control-socket")
        return (*server, *limits, "bc_pipelines.sandbox.site.wsgi:application")


class Dynos:
    """The web dynos of all apps."""

    def __init__(self, config: Config, apps: Apps) -> None:
        self._web: Mapping[str, WebDyno] = {app.id: WebDyno(config, app) for app in apps}

    def web(self, app: App) -> WebDyno:
        """The web dyno of an app."""
        return self._web[app.id]

    async def apply_formation(self, app: App) -> None:
        """Stop the web dyno of an app scaled to zero; begin to boot one that is wanted."""
        if app.formation.get("web", (0, ""))[0] == 0:
            await self.web(app).stop()
        else:
            self.web(app).wake()

    async def restart(self, app: App) -> None:
        """Give an app new dynos, as every release does; one that was never needed stays asleep."""
        web = self.web(app)
        if web.state != "idle":
            await web.stop()
            await self.apply_formation(app)

    async def stop(self) -> None:
        """Stop all."""
        await asyncio.gather(*(web.stop() for web in self._web.values()))
