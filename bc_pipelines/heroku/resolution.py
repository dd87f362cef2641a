"""Finds out which database an app's attachment leads to, as the Heroku CLI does it.

Source: `pg:*` commands of the Heroku CLI 11.10.0. What is then done with a database stands elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bc_pipelines.heroku.errors import NotFound, RefusedByGuard
from bc_pipelines.heroku.models import Database, DatabaseAddress, Json, text
from bc_pipelines.heroku.transport import V3_SDK, Transport, path

SERVICE = "heroku-postgresql:"
_SPELT_OUT = {"Accept": V3_SDK, "Accept-Inclusion": "addon:plan,config_vars"}
# These plans have another API (`/data/postgres/v1`) and no backups of this kind.
_OTHER_API = re.compile(r"advanced|performance")
_STATE = "Nothing was changed."


@dataclass(frozen=True)
class _Attachment:
    """An add-on attached to an app; `namespace` is set for extra credentials and for connection pooling."""

    name: str
    app: str
    namespace: str | None
    config_vars: tuple[str, ...]
    addon_id: str
    addon_name: str
    owner_app: str
    plan: str

    @classmethod
    def from_json(cls, json: Json) -> _Attachment:
        """Read one element of the answer to `POST /actions/addon-attachments/resolve`."""
        addon = json["addon"]
        return cls(
            name=text(json["name"]),
            app=text(json["app"]["name"]),
            namespace=json.get("namespace") or None,
            config_vars=tuple(json.get("config_vars") or ()),
            addon_id=text(addon["id"]),
            addon_name=text(addon["name"]),
            owner_app=text(addon["app"]["name"]),
            plan=text(addon["plan"]["name"]),
        )


def resolve(transport: Transport, app: str, attachment: str) -> Database:
    """Find the database behind an attachment or config var of an app.

    Args:
        transport: Where to ask.
        app: The app's name.
        attachment: An attachment's name or its config var: `DATABASE`, `DATABASE_URL`, `HEROKU_POSTGRESQL_NAVY_URL`.

    Raises:
        NotFound: The app has no such database, or more than one fits.
        RefusedByGuard: The database is of a plan whose API is another one.
        HerokuError: Any other kind, from the requests.
    """
    found = _one(_candidates(transport, app, attachment), app, attachment)
    if _OTHER_API.search(found.plan.removeprefix(SERVICE)):
        raise RefusedByGuard(
            f"The database {found.addon_name} is on the plan {found.plan}, whose backups work differently.",
            state=_STATE,
            next_step="Use a database on an Essential, Standard or Premium plan.",
        )
    return Database(
        addon_id=found.addon_id,
        addon_name=found.addon_name,
        attachment=found.name,
        app=found.app,
        owner_app=found.owner_app,
        plan=found.plan,
        address=_address(transport, found),
        transfer_names=_transfer_names(transport, found),
    )


def _candidates(transport: Transport, app: str, attachment: str) -> tuple[_Attachment, ...]:
    try:
        answer = transport.send(
            "POST",
            "platform",
            "/actions/addon-attachments/resolve",
            body={"addon_attachment": attachment, "app": app},
            headers=_SPELT_OUT,
        )
    except NotFound:
        # Perhaps it is the config var of an attachment with another name; an unknown app is told here again.
        return tuple(found for found in _attachments(transport, app) if attachment in found.config_vars)
    return answer.read(lambda body: tuple(_Attachment.from_json(one) for one in body))


def _one(candidates: tuple[_Attachment, ...], app: str, attachment: str) -> _Attachment:
    found = [one for one in candidates if one.plan.startswith(SERVICE) and one.app == app]
    plain = [one for one in found if one.namespace is None] or found
    if len({one.addon_id for one in plain}) == 1:
        return plain[0]
    what = "more than one database" if plain else "no Heroku Postgres database"
    raise NotFound(
        f"{app} has {what} under the name {attachment}.",
        state=_STATE,
        next_step=f"Choose a name from `heroku addons -a {app}` for the settings.",
    )


def _attachments(transport: Transport, app: str) -> tuple[_Attachment, ...]:
    """All Postgres attachments of an app; those of other services are left out, whatever their shape."""

    def read(json: Json) -> _Attachment | None:
        return _Attachment.from_json(json) if json["addon"]["plan"]["name"].startswith(SERVICE) else None

    found = transport.get_list("platform", path("apps", app, "addon-attachments"), read, _SPELT_OUT)
    return tuple(one for one in found if one)


def _address(transport: Transport, found: _Attachment) -> DatabaseAddress:
    """Read host and database name from the config var; the password in it is dropped at once."""
    name = next(iter(found.config_vars), f"{found.name}_URL")
    answer = transport.get("platform", path("apps", found.app, "config-vars"))
    return answer.read(lambda body: DatabaseAddress.from_url(body[name]))


def _transfer_names(transport: Transport, found: _Attachment) -> frozenset[str]:
    """What transfers call the database: its attachments on the app that owns it, without Heroku's prefix."""
    attachments = _attachments(transport, found.owner_app)
    names = {one.name for one in attachments if one.addon_id == found.addon_id and one.namespace is None}
    return frozenset(name.removeprefix("HEROKU_POSTGRESQL_") for name in names | {found.name})
