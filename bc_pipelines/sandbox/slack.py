"""A stand-in for Slack's Web API: one workspace with one channel, one app with one token, and its messages kept.

It speaks as Slack does as far as slack-sdk's own client can tell: `auth.test`, `chat.postMessage` and
`conversations.history`, arguments as a form or as JSON, a bearer token, `ok` and `error` in answers of status 200, 429
with `Retry-After`. Its folder holds the messages twice: `messages.json` as Slack tells them, `channel.txt` for people.

Nothing real can be had here: Slack has no server of its own to install. Source: Slack's documentation of these methods,
*Using the Web API* and *Rate limits*.

`POST /sandbox/faults` with the token orders what goes wrong with the next requests: `{"error": NAME}`, `{"status": N}`,
`{"retry_after": SECONDS}`, `{"half_way": true}` (the message is kept, and the answer is an error of the server), each
with `times`.

`python -m bc_pipelines.sandbox.slack PORT FOLDER CERTIFICATE KEY CHANNEL`, the token in `SANDBOX_SLACK_TOKEN`.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bc_pipelines.sandbox import stand_in
from bc_pipelines.sandbox.apps import SLACK_CHANNEL
from bc_pipelines.sandbox.folder import write_private
from bc_pipelines.sandbox.world import World

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

TOKEN = "SANDBOX_SLACK_TOKEN"  # noqa: S105 - a variable's name
CHANNEL_FILE = "channel.txt"
BOT = "B0SANDBOX1"
_PAGE = 100


def command(world: World) -> tuple[str, ...]:
    """Give the server's command line; the token is in its environment."""
    certificate, key = (str(world.certificates / name) for name in ("server.pem", "server.key"))
    program = (sys.executable, "-m", "bc_pipelines.sandbox.slack")
    return (*program, str(world.ports["slack"]), str(folder(world)), certificate, key, SLACK_CHANNEL)


def server_environment(world: World) -> Mapping[str, str]:
    """Give the server the one token that it accepts."""
    return {TOKEN: world.secrets["slack_token"]}


def folder(world: World) -> Path:
    """The folder with the channel's messages."""
    return world.root / "slack"


def messages(world: World) -> list[dict[str, Any]]:
    """What was written into the channel, oldest first."""
    path = folder(world) / "messages.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


class Workspace:
    """A channel and what is in it.

    Args:
        folder: where messages are kept.
        channel: the channel's id.
        token: of the app that is a member of it.
    """

    def __init__(self, folder: Path, channel: str, token: str) -> None:
        self._path = folder / "messages.json"
        self._channel = channel
        self._token = token
        self._faults: list[dict[str, Any]] = []
        self._messages: list[dict[str, Any]] = []
        if self._path.is_file():
            self._messages = json.loads(self._path.read_text(encoding="utf-8"))

    def application(self) -> Starlette:
        """The server's application."""
        from starlette.applications import Starlette
        from starlette.routing import Route

        return Starlette(
            routes=[
                Route("/healthz", stand_in.healthz),
                Route("/sandbox/faults", self._order, methods=["POST", "DELETE"]),
                Route("/api/{method}", self._call, methods=["GET", "POST"]),
            ]
        )

    async def _order(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        if not self._knows(request):
            return JSONResponse({"ok": False}, 403)
        self._faults = [await request.json()] if request.method == "POST" else []
        return JSONResponse({"ok": True})

    async def _call(self, request: Request) -> Response:
        """One call of the API: what is wrong is said in the answer, with status 200."""
        from starlette.responses import JSONResponse, Response

        fault = self._strike()
        if "retry_after" in fault:
            limited = {"ok": False, "error": "ratelimited"}
            return JSONResponse(limited, 429, headers={"Retry-After": str(fault["retry_after"])})
        if "status" in fault:
            return JSONResponse(None, int(fault["status"]))
        error = str(fault.get("error", "")) or ("" if self._knows(request) else "invalid_auth")
        answer = {"ok": False, "error": error} if error else self._answer(request, await _arguments(request))
        return JSONResponse(answer) if not fault.get("half_way") else Response(status_code=500)

    def _strike(self) -> dict[str, Any]:
        if not self._faults:
            return {}
        fault = self._faults[0]
        fault["times"] = fault.get("times", 1) - 1
        if fault["times"] <= 0:
            self._faults.clear()
        return fault

    def _knows(self, request: Request) -> bool:
        given = request.headers.get("Authorization", "").encode()
        return secrets.compare_digest(given, f"Bearer {self._token}".encode())

    def _answer(self, request: Request, arguments: Mapping[str, Any]) -> dict[str, Any]:
        method = request.path_params["method"]
        if method == "auth.test":
            return {"ok": True, "team": "Sandbox", "user": "bc-pipelines", "bot_id": BOT}
        if method not in ("chat.postMessage", "conversations.history"):
            return {"ok": False, "error": "unknown_method"}
        if arguments.get("channel") != self._channel:
            return {"ok": False, "error": "channel_not_found"}
        return self._post(arguments) if method == "chat.postMessage" else self._history(arguments)

    def _post(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        text, thread = str(arguments.get("text", "")), str(arguments.get("thread_ts", ""))
        if not text:
            return {"ok": False, "error": "no_text"}
        if thread and thread not in {message["ts"] for message in self._messages}:
            return {"ok": False, "error": "cannot_reply_to_message"}
        message = {"type": "message", "bot_id": BOT, "text": text, "ts": self._next_ts()}
        if thread:
            message["thread_ts"] = thread
            if arguments.get("reply_broadcast") in (True, "1", "true"):
                message["subtype"] = "thread_broadcast"
        self._messages.append(message)
        write_private(self._path, json.dumps(self._messages, indent=1, ensure_ascii=False))
        write_private(self._path.with_name(CHANNEL_FILE), "\n\n".join(map(_for_people, self._messages)) + "\n")
        return {"ok": True, "channel": self._channel, "ts": message["ts"], "message": message}

    def _next_ts(self) -> str:
        """Seconds with six digits behind the point, each another: what Slack calls a message."""
        now = time.time()
        if self._messages:
            now = max(now, float(self._messages[-1]["ts"]) + 0.000002)
        return f"{now:.6f}"

    def _history(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Newest first; answers in threads only where the channel was to see them."""
        oldest, latest = (float(arguments.get(name) or usual) for name, usual in (("oldest", 0), ("latest", 1e12)))
        inclusive = arguments.get("inclusive") in (True, "1", "true")
        shown = [
            message
            for message in reversed(self._messages)
            if "thread_ts" not in message or message.get("subtype") == "thread_broadcast"
            if oldest < float(message["ts"]) < latest or (inclusive and float(message["ts"]) in (oldest, latest))
        ]
        start, size = int(arguments.get("cursor") or 0), min(int(arguments.get("limit") or _PAGE), 999)
        more = len(shown) > start + size
        answer = {"ok": True, "messages": shown[start : start + size], "has_more": more}
        return answer | ({"response_metadata": {"next_cursor": str(start + size)}} if more else {})


def _for_people(message: Mapping[str, Any]) -> str:
    when = datetime.fromtimestamp(float(message["ts"]), UTC)
    where = " (answers another message)" if "thread_ts" in message else ""
    return f"-- {when:%d %B %Y %H:%M:%S} UTC{where}\n{unescape(str(message['text']))}"


async def _arguments(request: Request) -> Mapping[str, Any]:
    """A call's arguments, in whichever of Slack's ways they were sent."""
    from urllib.parse import parse_qsl

    body = (await request.body()).decode()
    if body and request.headers.get("Content-Type", "").startswith("application/json"):
        return {**request.query_params, **json.loads(body)}
    return {**request.query_params, **dict(parse_qsl(body))}


def main() -> None:
    """Run the server that the command line describes."""
    port, folder, certificate, key, channel = sys.argv[1:]
    workspace = Workspace(Path(folder), channel, os.environ[TOKEN])
    stand_in.serve(workspace.application(), int(port), certificate, key)


if __name__ == "__main__":
    main()
