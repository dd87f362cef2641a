"""Resources of the Platform API as JSON (Dev Center, *Platform API Reference*; recorded traffic)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from bc_pipelines.sandbox.heroku.accounts import PERMISSIONS
from bc_pipelines.sandbox.heroku.apps import App
from bc_pipelines.sandbox.heroku.store import Document

Json = dict[str, Any]

CREATED_AT = "2024-05-28T11:19:37Z"
SERVICE = "heroku-postgresql"


def stable_id(*parts: object) -> str:
    """A UUID that is the same at every start."""
    return str(uuid5(NAMESPACE_URL, "/".join(str(part) for part in parts)))


def brief(app: App) -> Json:
    """An app as other resources refer to it."""
    return {"id": app.id, "name": app.name}


def account(email: str) -> Json:
    """`GET /account`."""
    return {
        "id": stable_id("account", email),
        "email": email,
        "name": None,
        "verified": True,
        "beta": False,
        "allow_tracking": False,
        "two_factor_authentication": False,
        "delinquent_at": None,
        "suspended_at": None,
        "created_at": CREATED_AT,
        "updated_at": CREATED_AT,
    }


def user(email: str) -> Json:
    """An account as other resources refer to it."""
    return {"id": stable_id("account", email), "email": email}


def team_email(app: App) -> str:
    """The account by which Heroku shows a team as the owner of an app."""
    return f"{app.team}@herokumanager.com"


def collaborator(app: App, email: str, role: str, permissions: Sequence[str] | None) -> Json:
    """Somebody with access to an app; only the app of a team has permissions."""
    named = [{"name": name, "description": PERMISSIONS[name]} for name in permissions or ()]
    return {
        "id": stable_id("collaborator", app.id, email),
        "app": brief(app),
        "user": {**user(email), "federated": False},
        "role": role,
        "created_at": CREATED_AT,
        "updated_at": CREATED_AT,
    } | ({} if permissions is None else {"permissions": named})


def app(app: App, owner: str, web_url: str) -> Json:
    """`GET /apps/:app`; `owner` is an address."""
    return {
        **brief(app),
        "maintenance": app.maintenance,
        "acm": False,
        "archived_at": None,
        "buildpack_provided_description": "Python",
        "build_stack": {"id": stable_id("stack"), "name": "heroku-24"},
        "stack": {"id": stable_id("stack"), "name": "heroku-24"},
        "generation": {"id": stable_id("generation"), "name": "cedar"},
        "git_url": f"https://git.heroku.com/{app.name}.git",
        "owner": user(owner),
        "region": {"id": stable_id("region"), "name": "eu"},
        "organization": None,
        "team": {"id": stable_id("team", app.team), "name": app.team} if app.team else None,
        "space": None,
        "internal_routing": None,
        "repo_size": None,
        "slug_size": None,
        "web_url": web_url,
        "created_at": CREATED_AT,
        "released_at": app.releases()[-1]["created_at"],
        "updated_at": app.releases()[-1]["created_at"],
    }


def addon(app: App) -> Json:
    """An add-on, with its plan and service expanded as the CLI asks."""
    plan = f"{SERVICE}:{app.addon.plan}"
    price = {"cents": 5000, "contract": False, "unit": "month"}
    return {
        "actions": [],
        "addon_service": {"id": stable_id("service"), "name": SERVICE},
        "app": brief(app),
        "billed_price": price,
        "billing_entity": {**brief(app), "type": "app"},
        "config_vars": list(app.attachments.values()),
        "created_at": CREATED_AT,
        "id": app.addon.id,
        "name": app.addon.name,
        "plan": {"id": stable_id("plan", plan), "name": plan, "price": price},
        "provider_id": stable_id("provider", app.addon.id),
        "state": "provisioned",
        "updated_at": CREATED_AT,
        "web_url": f"https://addons-sso.heroku.com/apps/{app.id}/addons/{app.addon.id}",
    }


def attachments(app: App) -> list[Json]:
    """The attachments of an app, as the CLI's resolver reads them."""
    whole = addon(app)
    reference = {name: whole[name] for name in ("id", "name", "app", "plan", "config_vars")}
    return [
        {
            "id": stable_id("attachment", app.addon.id, name),
            "name": name,
            "namespace": None,
            "app": brief(app),
            "addon": reference,
            "config_vars": [variable],
            "log_input_url": None,
            "web_url": whole["web_url"],
            "created_at": CREATED_AT,
            "updated_at": CREATED_AT,
        }
        for name, variable in app.attachments.items()
    ]


def release(app: App, stored: Document, email: str) -> Json:
    """A release; the newest is the current one."""
    current = stored["version"] == app.releases()[-1]["version"]
    return {
        **stored,
        "addon_plan_names": [f"{SERVICE}:{app.addon.plan}"],
        "app": brief(app),
        "artifacts": [],
        "current": current,
        "eligible_for_rollback": not current,
        "output_stream_url": None,
        "slug": {"id": stored["slug"]} if stored.get("slug") else None,
        "status": "succeeded",
        "user": user(email),
        "updated_at": stored["created_at"],
    }


def slug(app: App, stored: Document, url: str) -> Json:
    """A slug; its code would be at `url`."""
    return {
        "blob": {"method": "GET", "url": url},
        "buildpack_provided_description": "Python",
        "checksum": None,
        "commit": stored["commit"],
        "commit_description": None,
        "created_at": stored["created_at"],
        "id": stored["id"],
        "process_types": {kind: f"process {kind}" for kind in app.formation},
        "size": None,
        "stack": {"id": stable_id("stack"), "name": "heroku-24"},
        "updated_at": stored["created_at"],
    }


def process(app: App, kind: str) -> Json:
    """One process type of the formation."""
    quantity, size = app.formation[kind]
    return {
        "app": brief(app),
        "command": f"process {kind}",
        "id": stable_id("formation", app.id, kind),
        "quantity": quantity,
        "size": size,
        "type": kind,
        "created_at": CREATED_AT,
        "updated_at": CREATED_AT,
    }
