"""Assembly: the API and the router as ASGI applications, and the one application that serves both ports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bc_pipelines.sandbox.heroku import data, dyno_routes, platform, rendezvous
from bc_pipelines.sandbox.heroku.backups import BUCKET
from bc_pipelines.sandbox.heroku.config import Config
from bc_pipelines.sandbox.heroku.errors import ApiError, answer_error
from bc_pipelines.sandbox.heroku.faults import FaultyPath
from bc_pipelines.sandbox.heroku.gateway import Gateway
from bc_pipelines.sandbox.heroku.router import Router
from bc_pipelines.sandbox.heroku.simulator import Simulator

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


async def healthz(_request: Request) -> Response:
    """`GET /healthz`: the simulator is ready."""
    return JSONResponse({"status": "ok"})


def build(config: Config) -> ASGIApp:
    """Make the application that serves API, downloads and sites, told apart by the port that a request came to.

    Args:
        config: The configuration.

    Returns:
        An ASGI application; its lifespan starts and stops transfers, dynos and the rendezvous server.
    """
    here = Simulator(config)
    router = Router(config, here.apps, here.dynos)
    api, sites = _api(here), FaultyPath(_sites(router), here.faults, "router")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        queue = asyncio.create_task(here.transfers.run())
        meeting = await rendezvous.serve(config, here.oneoffs)
        yield
        meeting.close()
        queue.cancel()
        await here.stop()
        await router.close()

    life = Starlette(lifespan=lifespan)

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await life(scope, receive, send)
        elif scope["server"][1] == config.router_port:
            await sites(scope, receive, send)
        else:
            await api(scope, receive, send)

    return both


def _api(here: Simulator) -> ASGIApp:
    app = Starlette(exception_handlers={ApiError: answer_error, HTTPException: answer_error, 500: answer_error})
    app.state.simulator = here
    gateway = Gateway(FaultyPath(app, here.faults, "api"), here.accounts)
    app.router.routes.extend(
        [
            Route("/healthz", healthz),
            Route("/sandbox/accounts", here.accounts.endpoint, methods=["POST", "DELETE"]),
            Route("/sandbox/faults", here.faults.endpoint, methods=["GET", "POST", "DELETE"]),
            Route("/sandbox/requests", gateway.requests),
            Route("/account/rate-limits", gateway.rate_limits),
            Route(f"/{BUCKET}/{{app}}/{{name}}", here.backups.download, methods=["GET", "HEAD"]),
            *platform.ROUTES,
            *dyno_routes.ROUTES,
            *data.ROUTES,
        ]
    )
    return gateway


def _sites(router: Router) -> ASGIApp:
    return Starlette(routes=[Route("/{path:path}", router.serve, methods=_METHODS)])
