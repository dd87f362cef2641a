"""Faults that a test orders: what goes wrong, where, and how often.

`POST /sandbox/faults` with the account's token adds one, `GET` lists and `DELETE` forgets them all. A fault of
`"on": "api"` (which includes downloads) or `"on": "router"` meets requests by method and path (with `*`); one of
`"on": "transfer"` meets backups, restores and copies. All take `times` (how often; null for always; 1 unless given) and
`skip` (how many are let through first).

On requests, `kind` is one of
`status` (answers `status`, with the JSON `body` if given), `delay` (waits `seconds`, then goes on), `drop` (closes the
connection without an answer), `lose_answer` (does the work, then closes the connection), `truncate` (closes it after
`bytes` bytes of the body), `html_not_found` (HTML labelled as JSON, as the Data API has been recorded to answer),
`rate_limit` (429 with `remaining` tokens, none unless given) and `expired_url` (S3's 403).

On transfers (`transfer` says which, `app` of which owner), `kind` is one of
`fail` (with the lines of `message` as the end of its log), `half_way` (a restore that stops in the middle of the data),
`never_end`, `stay_pending` (while it is in force: order it with `times` null), `delay` (runs `seconds` later),
`zero_bytes` (0 processed bytes at the first reading after its end) and `ignore_cancel` (a cancelled transfer that goes
on).

Faults are not kept: a simulator that starts anew has none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bc_pipelines.sandbox.heroku import backups
from bc_pipelines.sandbox.heroku.errors import invalid, rate_limited

Place = Literal["api", "router", "transfer"]

_REQUEST_KINDS = {"status", "delay", "drop", "lose_answer", "truncate", "html_not_found", "rate_limit", "expired_url"}
_TRANSFER_KINDS = {"fail", "half_way", "never_end", "stay_pending", "delay", "zero_bytes", "ignore_cancel"}
_SPARED = ("/sandbox/", "/healthz")


@dataclass
class Fault:
    """One ordered fault; `times` and `skip` count down as it strikes."""

    kind: str
    on: Place = "api"
    method: str = "*"
    path: str = "*"
    transfer: str = "*"
    app: str = "*"
    times: int | None = 1
    skip: int = 0
    status: int = 500
    seconds: float = 0
    bytes: int = 0
    remaining: int = 0
    message: str = "pg_restore: error: could not execute query: ERROR:  out of shared memory"
    body: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Fault:
        """Read an order.

        Raises:
            ApiError: 422, because it names an unknown kind or member.
        """
        try:
            fault = cls(**data)
        except TypeError:
            raise invalid("A fault has a kind and the members that the simulator's faults.py lists.") from None
        if fault.kind not in (_TRANSFER_KINDS if fault.on == "transfer" else _REQUEST_KINDS):
            raise invalid(f"There is no fault {fault.kind} on {fault.on}.")
        return fault

    def strike(self) -> bool:
        """Count one match; true if the fault is to happen now."""
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """The faults in force, in the order in which they were ordered."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    async def endpoint(self, request: Request) -> Response:
        """`/sandbox/faults`."""
        if request.method == "DELETE":
            self._faults.clear()
        if request.method == "POST":
            self._faults.append(Fault.from_json(await request.json()))
        return JSONResponse([vars(fault) for fault in self._faults], 201 if request.method == "POST" else 200)

    def on_request(self, place: Place, method: str, path: str) -> Fault | None:
        """The fault that strikes this request, if any."""
        for fault in self._faults:
            if fault.on == place and fault.method in ("*", method) and fnmatchcase(path, fault.path):
                return self._struck(fault)
        return None

    def on_transfer(self, kind: str, transfer: str, app: str) -> Fault | None:
        """The fault of this kind that strikes a transfer (`backup`, `restore`, `copy`) of an app, if any."""
        for fault in self._faults:
            place = fault.on == "transfer" and fault.kind == kind
            if place and fault.transfer in ("*", transfer) and fault.app in ("*", app):
                return self._struck(fault)
        return None

    def _struck(self, fault: Fault) -> Fault | None:
        happens = fault.strike()
        if fault.times == 0:
            self._faults.remove(fault)
        return fault if happens else None


class FaultyPath:
    """ASGI middleware: lets requests through to `app`, but for those that a fault strikes."""

    def __init__(self, app: ASGIApp, faults: Faults, place: Place) -> None:
        self._app = app
        self._faults = faults
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope.get("path", "")
        spared = scope["type"] != "http" or path.startswith(_SPARED)
        fault = None if spared else self._faults.on_request(self._place, scope["method"], path)
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, send)
        elif fault.kind in ("drop", "lose_answer", "truncate"):
            await self._cut(fault, scope, receive, send)
        else:
            await _answer(fault)(scope, receive, send)

    async def _cut(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Close the connection before, in the middle of, or instead of the answer."""
        connection: asyncio.Transport = scope["extensions"]["sandbox.connection"]
        left = fault.bytes

        async def send_some(message: Message) -> None:
            nonlocal left
            if connection.is_closing() or fault.kind == "lose_answer":
                return
            body = message.get("body", b"")
            if message["type"] == "http.response.body" and len(body) >= left:
                await send({**message, "body": body[:left], "more_body": True})
                connection.close()
                return
            left -= len(body)
            await send(message)

        if fault.kind != "drop":
            await self._app(scope, receive, send_some)
        if fault.kind == "truncate":
            connection.close()
        else:
            connection.abort()
        while (await receive())["type"] != "http.disconnect":
            """What is left of the request's body is of no interest."""


def _answer(fault: Fault) -> Response:
    if fault.kind == "html_not_found":
        return Response("<h1>Not Found</h1>", 404, media_type="application/json")
    if fault.kind == "rate_limit":
        error = rate_limited()
        return JSONResponse(error.body, error.status, headers={"RateLimit-Remaining": str(fault.remaining)})
    if fault.kind == "expired_url":
        return backups.refusal("expired")
    body = fault.body or {"id": "sandbox_fault", "message": f"The sandbox was told to answer {fault.status}."}
    return JSONResponse(body, fault.status)
