"""The parts of the simulator, put together once, and what every route needs from a request."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from bc_pipelines.sandbox.heroku.apps import App, Apps
from bc_pipelines.sandbox.heroku.backups import Backups
from bc_pipelines.sandbox.heroku.config import Config
from bc_pipelines.sandbox.heroku.dynos import Dynos
from bc_pipelines.sandbox.heroku.errors import ApiError
from bc_pipelines.sandbox.heroku.faults import Faults
from bc_pipelines.sandbox.heroku.oneoff import OneOffs
from bc_pipelines.sandbox.heroku.store import Store
from bc_pipelines.sandbox.heroku.transfers import Transfers
from bc_pipelines.sandbox.heroku.work import Worker


class Simulator:
    """Everything that lives as long as the process."""

    def __init__(self, config: Config) -> None:
        config.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.config = config
        self.store = Store(config.state_dir / "state.sqlite3")
        self.apps = Apps(config.apps, self.store)
        self.faults = Faults()
        self.backups = Backups(config)
        worker = Worker(config, self.store, self.backups, self.faults)
        self.transfers = Transfers(self.apps, self.store, self.backups, self.faults, worker)
        self.dynos = Dynos(config, self.apps)
        self.oneoffs = OneOffs(config)

    async def stop(self) -> None:
        """End transfers and dynos, then close the store."""
        await self.transfers.stop()
        await self.oneoffs.stop()
        await self.dynos.stop()
        self.store.close()


def simulator(request: Request) -> Simulator:
    """The simulator that answers a request."""
    found: Simulator = request.app.state.simulator
    return found


def app_of(request: Request) -> App:
    """The app that a route names.

    Raises:
        ApiError: 404.
    """
    return simulator(request).apps.find(request.path_params["app"])


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that a request carries; empty where it carries nothing.

    Raises:
        ApiError: 400, because the body is not a JSON object.
    """
    raw = await request.body()
    try:
        data = json.loads(raw or b"{}")
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise ApiError(400, "bad_request", "Unable to parse the JSON request body.")
    return data
