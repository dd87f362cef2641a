"""Shapes of the Platform API that say who may do what: the token's account, and the people of an app.

What follows from them for a reset is `access`'s business. Other shapes are in `models`.

Sources: Dev Center, *Platform API Reference* (schema 1.0.25), and *OAuth* for scopes.
"""

from __future__ import annotations

from dataclasses import dataclass

from bc_pipelines.heroku.models import Json, text


@dataclass(frozen=True)
class Account:
    """The account behind the token.

    Attributes:
        id: Heroku's id of it.
        email: Its e-mail address.
        scope: What the token may do with the account, as Heroku's header says: `global`, `read`, …; empty where
            Heroku did not say.
    """

    id: str
    email: str
    scope: frozenset[str]

    @classmethod
    def from_json(cls, json: Json, oauth_scope: str) -> Account:
        """Read `GET /account` and the header `Oauth-Scope` of its answer."""
        scope = frozenset(oauth_scope.replace(",", " ").split())
        return cls(id=text(json["id"]), email=text(json["email"]), scope=scope)


@dataclass(frozen=True)
class Collaborator:
    """Somebody with access to an app.

    Attributes:
        user_id: Heroku's id of the account.
        role: `owner`, `collaborator`, `member`, `admin`, or empty.
        permissions: Names such as `view`, `deploy`, `operate` and `manage`; None for an app that has none of them,
            as those of personal accounts.
    """

    user_id: str
    role: str
    permissions: frozenset[str] | None

    @classmethod
    def from_json(cls, json: Json) -> Collaborator:
        """Read one element of `GET /apps/:app/collaborators`."""
        permissions = json.get("permissions")
        return cls(
            user_id=text(json["user"]["id"]),
            role=str(json.get("role") or ""),
            permissions=None if permissions is None else frozenset(text(one["name"]) for one in permissions),
        )
