"""What every request to the API passes: authentication, the token's scope, the account's rate limit, Heroku's headers.

Downloads of backups and `/healthz` pass by: the first are known by their signature, the second by nobody.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections import defaultdict, deque
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bc_pipelines.sandbox.heroku.accounts import Account, Accounts
from bc_pipelines.sandbox.heroku.backups import BUCKET
from bc_pipelines.sandbox.heroku.errors import ApiError, forbidden, rate_limited

# Dev Center, "Rate limits": 4500 tokens per account, about 75 more a minute.
POOL = 4500
REFILL_PER_SECOND = 75 / 60
_OPEN = ("/healthz", f"/{BUCKET}/")
_FREE = ("/client/", "/postgres/", "/data/", "/sandbox/", "/account/rate-limits")


class Tokens:
    """The requests that an account has left."""

    def __init__(self) -> None:
        self._left = float(POOL)
        self._counted = time.monotonic()

    @property
    def left(self) -> int:
        """Whole tokens at this moment."""
        moment = time.monotonic()
        self._left = min(POOL, self._left + (moment - self._counted) * REFILL_PER_SECOND)
        self._counted = moment
        return int(self._left)

    def take(self) -> None:
        """Use one.

        Raises:
            ApiError: 429, because none is left.
        """
        if self.left < 1:
            raise rate_limited()
        self._left -= 1


class Gateway:
    """ASGI middleware around the API."""

    def __init__(self, app: ASGIApp, accounts: Accounts) -> None:
        self._app = app
        self._accounts = accounts
        self._tokens: defaultdict[str, Tokens] = defaultdict(Tokens)
        self._seen: deque[str] = deque(maxlen=2000)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        self._note(scope)
        scope.setdefault("state", {})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Request-Id"] = str(uuid4())
                account: Account | None = scope["state"].get("account")
                if account and not scope["path"].startswith(_FREE):
                    headers["Oauth-Scope"] = account.scope
                    headers.setdefault("RateLimit-Remaining", str(self._tokens[account.email].left))
                    headers["RateLimit-Multiplier"] = "1"
            await send(message)

        try:
            self._check(scope)
        except ApiError as error:
            await JSONResponse(error.body, error.status)(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    async def rate_limits(self, request: Request) -> Response:
        """`GET /account/rate-limits`, which costs nothing."""
        return JSONResponse({"remaining": self._tokens[request.state.account.email].left})

    async def requests(self, _request: Request) -> Response:
        """`GET /sandbox/requests`: method and path of the latest requests, oldest first, so that tests can count."""
        return JSONResponse(list(self._seen))

    def _note(self, scope: Scope) -> None:
        if not scope["path"].startswith("/sandbox/"):
            self._seen.append(f"{scope['method']} {scope['path']}")

    def _check(self, scope: Scope) -> None:
        """Note whose request it is, as `request.state.account`, and whether it may be made at all."""
        account = self._accounts.of_token(_credential(Headers(scope=scope).get("authorization", "")))
        scope["state"]["account"] = account
        if not scope["path"].startswith(_FREE):
            self._tokens[account.email].take()
        if not account.covers(scope["method"], scope["path"]):
            raise forbidden("this with the token's scope")


def _credential(header: str) -> str:
    """The token of `Bearer TOKEN`, or of `Basic base64(":TOKEN")`, which some calls of the CLI use."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2] if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""
