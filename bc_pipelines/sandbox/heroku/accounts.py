"""Who asks, and what each account may do on each app.

Here belong accounts, their grants, and the rules of scopes and permissions. Where a request is held against them
stands in `gateway.py` (token and scope) and `simulator.py` (apps).

Sources: Dev Center, *OAuth* (scopes), *App Permissions and Allowed Actions*: `view` shows the app and its processes;
config vars, add-ons, maintenance, scaling and one-off dynos take `deploy` or `operate`. It does not name the Data API,
which here takes one of the two as well. How Heroku words a refusal by permission is not recorded anywhere.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bc_pipelines.sandbox.heroku.config import AppConfig, Config
from bc_pipelines.sandbox.heroku.errors import ApiError, forbidden, invalid, unauthorised

PERMISSIONS = {
    "view": "Can view the app",
    "deploy": "Can push code and change config vars",
    "operate": "Can scale and restart the app",
    "manage": "Can give others access",
}
"""Names and descriptions."""
ROBOT = ("deploy", "operate", "view")
SCOPES = ("global", "read", "identity")
_ROLES = ("owner", "admin", "member", "collaborator")
_WORK = {"deploy", "operate"}
_VIEW = re.compile(r"/apps/[^/]+(/(collaborators|dynos|formation|releases)(/[^/]+)?)?")


@dataclass(frozen=True)
class Grant:
    """What an account is on an app.

    Args:
        role: `owner`, `admin`, `member` or `collaborator`.
        permissions: Names; None on the app of a personal account, which knows none.
    """

    role: str
    permissions: tuple[str, ...] | None

    def covers(self, method: str, path: str) -> bool:
        """Whether a request about the app is within these permissions."""
        if self.permissions is None or _WORK & set(self.permissions):
            return True
        return method == "GET" and _VIEW.fullmatch(path) is not None


@dataclass(frozen=True)
class Account:
    """An account with one token.

    Args:
        token: Its token.
        email: Its address.
        scope: What the token may do with the account: one of `SCOPES`.
        grants: By the app's name; it sees no other app.
    """

    token: str = field(repr=False)
    email: str
    scope: str
    grants: Mapping[str, Grant]

    def covers(self, method: str, path: str) -> bool:
        """Whether a request is within the token's scope. Config vars hold secrets, which `read` does not show."""
        if self.scope == "identity":
            return path == "/account"
        return self.scope == "global" or (method == "GET" and not path.endswith("/config-vars"))


class Accounts:
    """The configuration's account, and those that a test orders with `POST /sandbox/accounts`.

    The first owns its own apps, and is a robot on those of a team. Ordered ones are not kept when the process ends.
    """

    def __init__(self, config: Config) -> None:
        self._apps = {app.name: app for app in config.apps}
        grants = {app.name: _grant(app, "collaborator" if app.team else "owner", ROBOT) for app in config.apps}
        self._first = Account(config.token, config.account_email, "global", grants)
        self._ordered: dict[str, Account] = {}

    def __iter__(self) -> Iterator[Account]:
        return iter((self._first, *self._ordered.values()))

    def of_token(self, token: str) -> Account:
        """The account that a token belongs to.

        Raises:
            ApiError: 401.
        """
        for account in self:
            if secrets.compare_digest(token.encode(), account.token.encode()):
                return account
        raise unauthorised()

    async def endpoint(self, request: Request) -> Response:
        """`/sandbox/accounts`: POST adds an account or replaces that of the token, DELETE forgets all ordered ones.

        Only the configuration's account may. The body is `{"token", "email", "scope"?, "apps": {NAME: {"role"?,
        "permissions"?}}}`; permissions count on the apps of a team only.
        """
        if request.state.account is not self._first:
            raise forbidden("the sandbox")
        if request.method == "DELETE":
            self._ordered.clear()
            return JSONResponse([])
        account = self._read(await request.json())
        self._ordered[account.token] = account
        return JSONResponse({"email": account.email}, 201)

    def _read(self, body: Mapping[str, Any]) -> Account:
        try:
            grants = {
                name: _grant(self._apps[name], one.get("role", "collaborator"), one.get("permissions", ()))
                for name, one in body["apps"].items()
            }
            account = Account(str(body["token"]), str(body["email"]), str(body.get("scope", "global")), grants)
        except (KeyError, TypeError, AttributeError):
            raise _unusable() from None
        if account.scope not in SCOPES or account.token == self._first.token:
            raise _unusable()
        return account


def _grant(app: AppConfig, role: str, permissions: Collection[str]) -> Grant:
    if role not in _ROLES or not set(permissions) <= set(PERMISSIONS):
        raise _unusable()
    if role == "admin":
        permissions = PERMISSIONS
    return Grant(role, tuple(sorted(permissions)) if app.team else None)


def _unusable() -> ApiError:
    return invalid("An account needs a token and an email of its own, a known scope, and apps, roles and permissions.")
