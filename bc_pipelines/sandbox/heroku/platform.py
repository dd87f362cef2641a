"""Routes of the Platform API: account, apps, config vars, add-ons, releases, slugs and formation.

Dynos have routes of their own in `dyno_routes.py`. Shapes are in `shapes.py`, effects in `apps.py` and `dynos.py`.
"""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bc_pipelines.sandbox.heroku import shapes
from bc_pipelines.sandbox.heroku.accounts import PERMISSIONS
from bc_pipelines.sandbox.heroku.apps import App
from bc_pipelines.sandbox.heroku.errors import forbidden, invalid, not_found
from bc_pipelines.sandbox.heroku.simulator import (
    account_of,
    app_named,
    app_of,
    apps_of,
    body_of,
    owner_of,
    simulator,
)
from bc_pipelines.sandbox.heroku.store import Document

_PAGE = 200


async def account(request: Request) -> Response:
    """`GET /account`."""
    return JSONResponse(shapes.account(account_of(request).email))


async def list_apps(request: Request) -> Response:
    """`GET /apps` and `GET /users/~/apps`, which differ only for a member of a team, and no account is one."""
    return JSONResponse([_app(request, app) for app in apps_of(request)])


async def get_app(request: Request) -> Response:
    """`GET /apps/:app`."""
    return JSONResponse(_app(request, app_of(request)))


async def patch_app(request: Request) -> Response:
    """`PATCH /apps/:app`, of which only maintenance can be changed."""
    app, body = app_of(request), await body_of(request)
    if not isinstance(body.get("maintenance"), bool):
        raise invalid("Only maintenance can be changed here, to true or false.")
    app.maintenance = body["maintenance"]
    return JSONResponse(_app(request, app))


async def get_config_vars(request: Request) -> Response:
    """`GET /apps/:app/config-vars`, also for a release."""
    return JSONResponse(app_of(request).config_vars)


async def patch_config_vars(request: Request) -> Response:
    """`PATCH /apps/:app/config-vars`: a release, and new dynos."""
    app, changes = app_of(request), await body_of(request)
    if not all(value is None or isinstance(value, str) for value in changes.values()):
        raise invalid("Config vars are strings or null.")
    app.change_config_vars(changes)
    await simulator(request).dynos.restart(app)
    return JSONResponse(app.config_vars)


async def list_addons(request: Request) -> Response:
    """`GET /apps/:app/addons`."""
    return JSONResponse([shapes.addon(app_of(request))])


async def get_addon(request: Request) -> Response:
    """`GET /addons/:addon` and `GET /apps/:app/addons/:addon`."""
    return JSONResponse(shapes.addon(_owner(request)))


async def list_attachments(request: Request) -> Response:
    """`GET /apps/:app/addon-attachments`."""
    return JSONResponse(shapes.attachments(app_of(request)))


async def list_addon_attachments(request: Request) -> Response:
    """`GET /addons/:addon/addon-attachments`."""
    return JSONResponse(shapes.attachments(_owner(request)))


async def list_all_attachments(request: Request) -> Response:
    """`GET /addon-attachments`: those of the whole account."""
    return JSONResponse([found for app in apps_of(request) for found in shapes.attachments(app)])


async def resolve_attachment(request: Request) -> Response:
    """`POST /actions/addon-attachments/resolve`: by name, config var, or the add-on's own name or id."""
    body = await body_of(request)
    app = app_named(request, str(body.get("app")))
    wanted = str(body.get("addon_attachment"))
    found = [
        attachment
        for attachment in shapes.attachments(app)
        if wanted in (attachment["name"], attachment["id"], *attachment["config_vars"])
    ]
    if not found and wanted in (app.addon.id, app.addon.name):
        found = shapes.attachments(app)[:1]
    if not found:
        raise not_found("addon attachment", "add-on attachment")
    return JSONResponse(found)


async def resolve_addon(request: Request) -> Response:
    """`POST /actions/addons/resolve`: by name or id, or by an attachment of the app that is given."""
    body = await body_of(request)
    wanted = str(body.get("addon"))
    if body.get("app"):
        app = app_named(request, str(body["app"]))
        names = (*app.attachments, *app.attachments.values(), app.addon.id, app.addon.name)
        if wanted not in names:
            raise not_found("add_on", "add-on")
        return JSONResponse([shapes.addon(app)])
    return JSONResponse([shapes.addon(owner_of(request, wanted, not_found("add_on", "add-on")))])


async def list_releases(request: Request) -> Response:
    """`GET /apps/:app/releases`, in pages by `Range: version ..; max=N, order=desc`."""
    app, wanted = app_of(request), request.headers.get("range", "")
    most = int(found[1]) if (found := re.search(r"max=(\d+)", wanted)) else _PAGE
    releases = app.releases()
    if "order=desc" in wanted:
        releases.reverse()
    after = re.match(r"version \]?(\d+)\.\.", wanted)
    if after:
        versions = [release["version"] for release in releases]
        position = versions.index(int(after[1])) if int(after[1]) in versions else 0
        releases = releases[position + ("]" in wanted) :]
    page, email = releases[:most], simulator(request).config.account_email
    headers = {"Accept-Ranges": "id, version"}
    if len(releases) > most:
        order = ", order=desc" if "order=desc" in wanted else ""
        headers["Next-Range"] = f"version ]{page[-1]['version']}..; max={most}{order}"
    body = [shapes.release(app, release, email) for release in page]
    return JSONResponse(body, 206 if len(releases) > most else 200, headers=headers)


async def get_release(request: Request) -> Response:
    """`GET /apps/:app/releases/:release`, by id or version."""
    app = app_of(request)
    for release in app.releases():
        if request.path_params["release"] in (release["id"], str(release["version"])):
            return JSONResponse(shapes.release(app, release, simulator(request).config.account_email))
    raise not_found("release")


async def create_release(request: Request) -> Response:
    """`POST /apps/:app/releases` of a slug: it is the current one, and the app gets new dynos."""
    app, body = app_of(request), await body_of(request)
    if app.slug(str(body.get("slug"))) is None:
        raise not_found("slug")
    stored = app.add_release(str(body.get("description") or "Deploy"), body["slug"])
    await simulator(request).dynos.restart(app)
    return JSONResponse(shapes.release(app, stored, account_of(request).email), 201)


async def create_slug(request: Request) -> Response:
    """`POST /apps/:app/slugs`; what is in it nobody asks here, so that nothing need be uploaded."""
    app, body = app_of(request), await body_of(request)
    if not isinstance(body.get("process_types"), dict):
        raise invalid("process_types must be an object.")
    return JSONResponse(_slug(app, app.add_slug(body.get("commit"))), 201)


async def get_slug(request: Request) -> Response:
    """`GET /apps/:app/slugs/:slug`."""
    app = app_of(request)
    stored = app.slug(request.path_params["slug"])
    if stored is None:
        raise not_found("slug")
    return JSONResponse(_slug(app, stored))


async def list_formation(request: Request) -> Response:
    """`GET /apps/:app/formation`."""
    return JSONResponse(_formation(app_of(request)))


async def patch_formation(request: Request) -> Response:
    """`PATCH /apps/:app/formation` with a list of `updates`: all or none."""
    app, body = app_of(request), await body_of(request)
    updates = body.get("updates")
    if not isinstance(updates, list) or not all(isinstance(update, dict) for update in updates):
        raise invalid("updates must be a list of process types.")
    app.scale(updates)
    await simulator(request).dynos.apply_formation(app)
    named = {update["type"] for update in updates}
    return JSONResponse([process for process in _formation(app) if process["type"] in named])


async def one_process_type(request: Request) -> Response:
    """`GET` and `PATCH /apps/:app/formation/:type`."""
    app, kind = app_of(request), request.path_params["type"]
    if kind not in app.formation:
        raise not_found("formation", "process type")
    if request.method == "PATCH":
        app.scale([{**await body_of(request), "type": kind}])
        await simulator(request).dynos.apply_formation(app)
    return JSONResponse(shapes.process(app, kind))


async def list_collaborators(request: Request) -> Response:
    """`GET /apps/:app/collaborators`: every account that has access to the app, and the team that owns it."""
    app = app_of(request)
    team = [shapes.collaborator(app, shapes.team_email(app), "owner", sorted(PERMISSIONS))] if app.team else []
    accounts = [
        shapes.collaborator(app, account.email, grant.role, grant.permissions)
        for account in simulator(request).accounts
        if (grant := account.grants.get(app.name))
    ]
    return JSONResponse(team + accounts)


async def list_members(request: Request) -> Response:
    """`GET /teams/:team/members` and `/apps`: no account here is a member, and only members see them."""
    raise forbidden(f"the team {request.path_params['team']}")


def _app(request: Request, app: App) -> shapes.Json:
    config = simulator(request).config
    owner = shapes.team_email(app) if app.team else config.account_email
    return shapes.app(app, owner, f"https://{app.hosts[0]}:{config.router_port}/" if app.hosts else "")


def _owner(request: Request) -> App:
    return owner_of(request, request.path_params["addon"], not_found("add_on", "add-on"))


def _slug(app: App, stored: Document) -> shapes.Json:
    return shapes.slug(app, stored, f"https://slugs.invalid/{stored['id']}")


def _formation(app: App) -> list[shapes.Json]:
    return [shapes.process(app, kind) for kind in app.formation]


ROUTES = [
    Route("/account", account),
    Route("/actions/addon-attachments/resolve", resolve_attachment, methods=["POST"]),
    Route("/actions/addons/resolve", resolve_addon, methods=["POST"]),
    Route("/addon-attachments", list_all_attachments),
    Route("/addons/{addon}", get_addon),
    Route("/addons/{addon}/addon-attachments", list_addon_attachments),
    Route("/apps", list_apps),
    Route("/apps/{app}", get_app),
    Route("/apps/{app}", patch_app, methods=["PATCH"]),
    Route("/apps/{app}/addon-attachments", list_attachments),
    Route("/apps/{app}/addons", list_addons),
    Route("/apps/{app}/addons/{addon}", get_addon),
    Route("/apps/{app}/collaborators", list_collaborators),
    Route("/apps/{app}/config-vars", get_config_vars),
    Route("/apps/{app}/config-vars", patch_config_vars, methods=["PATCH"]),
    Route("/apps/{app}/formation", list_formation),
    Route("/apps/{app}/formation", patch_formation, methods=["PATCH"]),
    Route("/apps/{app}/formation/{type}", one_process_type, methods=["GET", "PATCH"]),
    Route("/apps/{app}/releases", list_releases),
    Route("/apps/{app}/releases", create_release, methods=["POST"]),
    Route("/apps/{app}/releases/{release}", get_release),
    Route("/apps/{app}/releases/{release}/config-vars", get_config_vars),
    Route("/apps/{app}/slugs", create_slug, methods=["POST"]),
    Route("/apps/{app}/slugs/{slug}", get_slug),
    Route("/teams/{team}/apps", list_members),
    Route("/teams/{team}/members", list_members),
    Route("/users/~/apps", list_apps),
]
