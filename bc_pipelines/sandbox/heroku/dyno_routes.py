"""Routes of the Platform API for dynos. What a dyno does is in `dynos.py` and `oneoff.py`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bc_pipelines.sandbox.heroku import shapes
from bc_pipelines.sandbox.heroku.apps import DEFAULT_SIZE, App
from bc_pipelines.sandbox.heroku.errors import invalid, not_found
from bc_pipelines.sandbox.heroku.oneoff import OneOff
from bc_pipelines.sandbox.heroku.simulator import Simulator, app_of, body_of, simulator


async def list_dynos(request: Request) -> Response:
    """`GET /apps/:app/dynos`."""
    return JSONResponse(_dynos(simulator(request), app_of(request)))


async def create_dyno(request: Request) -> Response:
    """`POST /apps/:app/dynos`: a one-off dyno."""
    app, body = app_of(request), await body_of(request)
    command, extra = body.get("command"), body.get("env") or {}
    if not isinstance(command, str) or not command or not isinstance(extra, dict):
        raise invalid("A dyno needs a command; env is an object.")
    variables = {str(name): str(value) for name, value in extra.items()}
    size, attach = str(body.get("size") or DEFAULT_SIZE), bool(body.get("attach"))
    here = simulator(request)
    dyno = here.oneoffs.create(app, command, variables, size, attach=attach)
    return JSONResponse(_one_off(here, dyno), 201)


async def get_dyno(request: Request) -> Response:
    """`GET /apps/:app/dynos/:dyno`, by name or id; 404 once it has ended."""
    app, wanted = app_of(request), request.path_params["dyno"]
    for dyno in _dynos(simulator(request), app):
        if wanted in (dyno["id"], dyno["name"]):
            return JSONResponse(dyno)
    raise not_found("dyno")


async def restart_dynos(request: Request) -> Response:
    """`DELETE /apps/:app/dynos`: `ps:restart`."""
    await simulator(request).dynos.restart(app_of(request))
    return JSONResponse({}, 202)


async def stop_dyno(request: Request) -> Response:
    """`DELETE /apps/:app/dynos/:dyno` and `POST …/actions/stop`: a one-off ends, a web dyno starts anew."""
    app, here, wanted = app_of(request), simulator(request), request.path_params["dyno"]
    for dyno in here.oneoffs.of(app):
        if wanted in (dyno.id, dyno.name):
            await here.oneoffs.kill(dyno)
            return JSONResponse({}, 202)
    if wanted.split(".")[0] not in app.formation:
        raise not_found("dyno")
    await here.dynos.restart(app)
    return JSONResponse({}, 202)


def _dynos(here: Simulator, app: App) -> list[shapes.Json]:
    """The formation's dynos, then the one-off ones. A web dyno that sleeps begins to boot, for now someone looks."""
    release = app.releases()[-1]
    found = []
    for kind, (quantity, size) in app.formation.items():
        web = here.dynos.web(app) if kind == "web" and quantity else None
        if web:
            web.wake()
        found += [
            {
                "id": shapes.stable_id("dyno", app.id, kind, number, release["version"]),
                "name": f"{kind}.{number}",
                "type": kind,
                "command": f"process {kind}",
                "size": size,
                "state": web.state if web else "up",
                "attach_url": None,
                "app": shapes.brief(app),
                "release": {"id": release["id"], "version": release["version"]},
                "created_at": release["created_at"],
                "updated_at": release["created_at"],
            }
            for number in range(1, quantity + 1)
        ]
    return found + [_one_off(here, dyno) for dyno in here.oneoffs.of(app)]


def _one_off(here: Simulator, dyno: OneOff) -> shapes.Json:
    release = dyno.app.releases()[-1]
    address = f"{here.config.host}:{here.config.rendezvous_port}"
    return {
        "id": dyno.id,
        "name": dyno.name,
        "type": "run",
        "command": dyno.command,
        "size": dyno.size,
        "state": dyno.state,
        "attach_url": f"rendezvous://{address}/{dyno.secret}" if dyno.secret else None,
        "app": shapes.brief(dyno.app),
        "release": {"id": release["id"], "version": release["version"]},
        "created_at": dyno.created_at,
        "updated_at": dyno.created_at,
    }


ROUTES = [
    Route("/apps/{app}/dynos", list_dynos),
    Route("/apps/{app}/dynos", create_dyno, methods=["POST"]),
    Route("/apps/{app}/dynos", restart_dynos, methods=["DELETE"]),
    Route("/apps/{app}/dynos/{dyno}", get_dyno),
    Route("/apps/{app}/dynos/{dyno}", stop_dyno, methods=["DELETE"]),
    Route("/apps/{app}/dynos/{dyno}/actions/stop", stop_dyno, methods=["POST"]),
]
