"""Routes of the Data API: databases, backups, restores, copies, schedules and credentials.

The queue behind them is in `transfers.py`, SQL in `database.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from psycopg.conninfo import conninfo_to_dict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bc_pipelines.heroku.models import data_time
from bc_pipelines.sandbox.heroku import database
from bc_pipelines.sandbox.heroku.apps import App
from bc_pipelines.sandbox.heroku.database_info import database_info
from bc_pipelines.sandbox.heroku.errors import ApiError, invalid, nothing
from bc_pipelines.sandbox.heroku.simulator import Simulator, app_of, body_of, owner_of, simulator
from bc_pipelines.sandbox.heroku.store import Document, now
from bc_pipelines.sandbox.heroku.work import kind_of

DEFAULT_TTL = 3600
LONGEST_TTL = 7 * 24 * 3600
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


async def get_database(request: Request) -> Response:
    """`GET /client/v11/databases/:database`, by the add-on's id or name."""
    return JSONResponse(await database_info(_owner(request)))


async def wait_status(request: Request) -> Response:
    """`GET …/wait_status`: nothing is ever being prepared here."""
    _owner(request)
    return JSONResponse({"message": "available", "waiting?": False})


async def capture(request: Request) -> Response:
    """`POST …/backups`."""
    return JSONResponse(simulator(request).transfers.capture(_owner(request)), 201)


async def restore(request: Request) -> Response:
    """`POST …/restores` with a `backup_url`, which must be https."""
    app, url = _owner(request), str((await body_of(request)).get("backup_url", ""))
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise invalid("The backup_url must be an https address.")
    return JSONResponse(simulator(request).transfers.restore(app, url), 201)


async def copy(request: Request) -> Response:
    """`POST …/transfers` with names and connection strings of both ends (`pg:copy`)."""
    app, body = _owner(request), await body_of(request)
    ends = [str(body.get(name, "")) for name in ("from_name", "from_url", "to_name", "to_url")]
    if not all(urlsplit(url).scheme in ("postgres", "postgresql") for url in (ends[1], ends[3])):
        raise invalid("from_url and to_url must be postgres addresses.")
    return JSONResponse(simulator(request).transfers.copy(app, *ends), 201)


async def reset(request: Request) -> Response:
    """`PUT …/reset`: everything in the database goes."""
    app = _owner(request)
    await _in_database(database.wipe, app)
    return JSONResponse({"message": "Reset successful."})


async def reset_connections(request: Request) -> Response:
    """`POST …/connection_reset`."""
    app = _owner(request)
    await _in_database(database.end_connections, app)
    return JSONResponse({"message": "Connections terminated."})


async def list_transfers(request: Request) -> Response:
    """`GET /client/v11/apps/:app/transfers`: the whole array, newest first, without logs."""
    return JSONResponse(simulator(request).transfers.list(app_of(request)))


async def get_transfer(request: Request) -> Response:
    """`GET …/transfers/:transfer`, by number or UUID; with its log when `verbose=true`."""
    return JSONResponse(_seen(simulator(request), app_of(request), request))


async def delete_transfer(request: Request) -> Response:
    """`DELETE …/transfers/:transfer`."""
    return JSONResponse(simulator(request).transfers.delete(app_of(request), request.path_params["transfer"]))


async def cancel_transfer(request: Request) -> Response:
    """`POST …/transfers/:transfer/actions/cancel`."""
    transfer = simulator(request).transfers.cancel(app_of(request), request.path_params["transfer"])
    return JSONResponse({"canceled_at": transfer["canceled_at"]})


async def public_url(request: Request) -> Response:
    """`POST …/transfers/:transfer/actions/public-url`: a signed address, good for `ttl` seconds."""
    here = simulator(request)
    transfer = here.transfers.find(app_of(request), request.path_params["transfer"])
    ttl = (await body_of(request)).get("ttl", DEFAULT_TTL)
    if not isinstance(ttl, int) or not 1 <= ttl <= LONGEST_TTL:
        raise invalid(f"ttl must be a number of seconds from 1 to {LONGEST_TTL}.")
    if transfer["to_type"] != "gof3r" or not transfer["succeeded"]:
        raise nothing()
    url, expires_at = here.backups.signed_url(transfer["to_url"], ttl)
    return JSONResponse({"expires_at": data_time(expires_at), "url": url})


async def list_schedules(request: Request) -> Response:
    """`GET …/transfer-schedules`."""
    return JSONResponse(_schedules(request))


async def create_schedule(request: Request) -> Response:
    """`POST …/transfer-schedules`, in place of one with the same name. Schedules are kept, not run."""
    app, body = _owner(request), await body_of(request)
    try:
        hour, name = int(body["hour"]), str(body["schedule_name"])
    except (KeyError, TypeError, ValueError):
        raise invalid("A schedule needs an hour and a schedule_name.") from None
    for old in _schedules(request):
        if old["name"] == name:
            simulator(request).store.drop("schedule", old["uuid"])
    moment = now()
    schedule: Document = {
        "uuid": str(uuid4()),
        "name": name,
        "hour": hour,
        "days": list(_DAYS),
        "timezone": str(body.get("timezone", "UTC")),
        "created_at": moment,
        "updated_at": moment,
        "deleted_at": None,
        "retain_weeks": 1,
        "retain_months": 0,
    }
    simulator(request).store.put("schedule", schedule["uuid"], app.id, schedule)
    return JSONResponse(schedule, 201)


async def delete_schedule(request: Request) -> Response:
    """`DELETE …/transfer-schedules/:schedule`."""
    for schedule in _schedules(request):
        if schedule["uuid"] == request.path_params["schedule"]:
            simulator(request).store.drop("schedule", schedule["uuid"])
            return JSONResponse({**schedule, "deleted_at": now()})
    raise nothing()


async def list_credentials(request: Request) -> Response:
    """`GET /postgres/v0/databases/:database/credentials`: the default one, with its password."""
    app = _owner(request)
    parts = conninfo_to_dict(app.database_url)
    role = {"user": parts["user"], "password": parts.get("password"), "state": "active", "connections": 0}
    shown: Mapping[str, Any] = {
        "uuid": app.addon.id,
        "name": "default",
        "state": "active",
        "database": parts["dbname"],
        "host": parts["host"],
        "port": str(parts.get("port", 5432)),
        "credentials": [role],
    }
    return JSONResponse([shown])


def _owner(request: Request) -> App:
    return owner_of(request, request.path_params["database"])


def _schedules(request: Request) -> list[Document]:
    return simulator(request).store.all("schedule", _owner(request).id)


def _seen(here: Simulator, app: App, request: Request) -> Document:
    transfer = here.transfers.find(app, request.path_params["transfer"])
    if transfer["finished_at"] and here.faults.on_transfer("zero_bytes", kind_of(transfer), app.name):
        transfer["processed_bytes"] = 0
    if request.query_params.get("verbose") == "true":
        transfer["logs"] = here.store.logs(transfer["uuid"])
    return transfer


async def _in_database(work: Callable[[str], Awaitable[object]], app: App) -> None:
    """Do one of `database.py`'s things to an app's database."""
    try:
        await work(app.database_url)
    except psycopg.Error as error:
        message = f"The database could not do this: {type(error).__name__}."
        raise ApiError(503, "service_unavailable", message) from None


_DATABASE = "/client/v11/databases/{database}"
_TRANSFERS = "/client/v11/apps/{app}/transfers"
_TRANSFER = f"{_TRANSFERS}/{{transfer}}"

ROUTES = [
    Route(_DATABASE, get_database),
    Route(f"{_DATABASE}/wait_status", wait_status),
    Route(f"{_DATABASE}/backups", capture, methods=["POST"]),
    Route(f"{_DATABASE}/restores", restore, methods=["POST"]),
    Route(f"{_DATABASE}/transfers", copy, methods=["POST"]),
    Route(f"{_DATABASE}/reset", reset, methods=["PUT"]),
    Route(f"{_DATABASE}/connection_reset", reset_connections, methods=["POST"]),
    Route(f"{_DATABASE}/transfer-schedules", list_schedules),
    Route(f"{_DATABASE}/transfer-schedules", create_schedule, methods=["POST"]),
    Route(f"{_DATABASE}/transfer-schedules/{{schedule}}", delete_schedule, methods=["DELETE"]),
    Route("/postgres/v0/databases/{database}/credentials", list_credentials),
    Route(_TRANSFERS, list_transfers),
    Route(_TRANSFER, get_transfer),
    Route(_TRANSFER, delete_transfer, methods=["DELETE"]),
    Route(f"{_TRANSFER}/actions/cancel", cancel_transfer, methods=["POST"]),
    Route(f"{_TRANSFER}/actions/public-url", public_url, methods=["POST"]),
]
