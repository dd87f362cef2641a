"""The parts of the simulator, put together once, and what every route needs from a request."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from bc_pipelines.sandbox.heroku.accounts import Account, Accounts
from bc_pipelines.sandbox.heroku.apps import App, Apps
from bc_pipelines.sandbox.heroku.backups import Backups
from bc_pipelines.sandbox.heroku.config import Config
from bc_pipelines.sandbox.heroku.dynos import Dynos
from bc_pipelines.sandbox.heroku.errors import ApiError, forbidden, not_found, nothing
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
        self.accounts = Accounts(config)
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


def account_of(request: Request) -> Account:
    """The account whose token a request carries."""
    found: Account = request.state.account
    return found


def apps_of(request: Request) -> list[App]:
    """The apps that the account sees."""
    return [app for app in simulator(request).apps if app.name in account_of(request).grants]


def app_of(request: Request) -> App:
    """The app that a route names.

    Raises:
        ApiError: As `app_named`.
    """
    return app_named(request, request.path_params["app"])


def app_named(request: Request, ident: str) -> App:
    """The app with this name or id.

    Raises:
        ApiError: 404, as both APIs answer it, also where the account does not see the app; 403, because it may only
            look at the app and the request does more.
    """
    return _granted(request, simulator(request).apps.find(ident), not_found("app"))


def owner_of(request: Request, addon: str, unknown: ApiError | None = None) -> App:
    """The app that owns the add-on with this name or id.

    Raises:
        ApiError: `unknown`, or the Data API's 404, also where the account does not see the app; 403 as `app_named`.
    """
    unseen = unknown or nothing()
    return _granted(request, simulator(request).apps.owner(addon, unseen), unseen)


def _granted(request: Request, app: App, unseen: ApiError) -> App:
    grant = account_of(request).grants.get(app.name)
    if grant is None:
        raise unseen
    if not grant.covers(request.method, request.url.path):
        raise forbidden(f"the app {app.name}")
    return app


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
