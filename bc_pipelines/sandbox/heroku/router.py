"""Heroku's router: picks the app by host, answers for apps that cannot, and passes everything else to the web dyno.

Sources: Dev Center, *HTTP Routing* (headers) and *Heroku Error Codes* (which answer has which status).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from html import escape
from uuid import uuid4

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from bc_pipelines.sandbox.heroku.apps import App, Apps
from bc_pipelines.sandbox.heroku.config import Config
from bc_pipelines.sandbox.heroku.dynos import BOOT_SECONDS, Dynos

# Headers of one connection, which a proxy must not pass on (RFC 9110, 7.6.1).
_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
_REQUEST_SECONDS = 30.0

logger = logging.getLogger(__name__)


class Router:
    """The way to the sites of all apps."""

    def __init__(self, config: Config, apps: Apps, dynos: Dynos) -> None:
        self._config = config
        self._apps = apps
        self._dynos = dynos
        # The transport, not a client: a client would follow cookies from one visitor to the next.
        self._transport = httpx.AsyncHTTPTransport(trust_env=False)

    async def close(self) -> None:
        """Close the connections to dynos."""
        await self._transport.aclose()

    async def serve(self, request: Request) -> Response:
        """Answer a request to a site."""
        host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
        app = self._apps.serving(host.lower())
        if app is None:
            return _page(404, "No such app", "There is no app configured at that hostname.")
        if app.maintenance:
            return _page(503, "Offline for Maintenance", "This application is undergoing maintenance.")
        if app.formation.get("web", (0, ""))[0] == 0:
            return _error(app, "H14", "No web processes running")
        state = await self._dynos.web(app).ready(BOOT_SECONDS)
        if state == "starting":
            return _error(app, "H20", "App boot timeout")
        if state != "up":
            return _error(app, "H10", "App crashed")
        return await self._pass_on(app, request)

    async def _pass_on(self, app: App, request: Request) -> Response:
        url = httpx.URL(
            scheme="http",
            host=self._config.host,
            port=app.site_port,
            raw_path=_target(request),
        )
        timeout = httpx.Timeout(_REQUEST_SECONDS).as_dict()
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        content = request.stream() if has_body else None
        outgoing = httpx.Request(
            request.method, url, headers=self._headers(request), content=content, extensions={"timeout": timeout}
        )
        try:
            response = await self._transport.handle_async_request(outgoing)
        except httpx.TimeoutException:
            return _error(app, "H12", "Request timeout")
        except httpx.HTTPError:
            return _error(app, "H13", "Connection closed without response")
        answer = StreamingResponse(_body(response), response.status_code)
        answer.raw_headers = [
            (name.lower(), value) for name, value in response.headers.raw if name.decode().lower() not in _HOP
        ]
        return answer

    def _headers(self, request: Request) -> list[tuple[str, str]]:
        """The visitor's headers, and those that Heroku sets."""
        visitor = request.client.host if request.client else self._config.host
        came_by = request.headers.get("x-forwarded-for")
        own = {
            "x-forwarded-for": f"{came_by}, {visitor}" if came_by else visitor,
            "x-forwarded-proto": "https",
            "x-forwarded-port": "443",
            "x-request-id": request.headers.get("x-request-id") or str(uuid4()),
            "via": "1.1 vegur",
            "connection": "close",
        }
        passed = [(name, value) for name, value in request.headers.items() if name not in _HOP and name not in own]
        return passed + list(own.items())


def _target(request: Request) -> bytes:
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope["query_string"]
    return path + b"?" + query if query else path


async def _body(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_raw():
            yield chunk
    finally:
        await response.aclose()


def _error(app: App, code: str, description: str) -> Response:
    logger.warning('at=error code=%s desc="%s" app=%s status=503', code, description, app.name)
    return _page(503, "Application error", "An error occurred in the application and your page could not be served.")


def _page(status: int, title: str, text: str) -> Response:
    heading, body = f"<title>{escape(title)}</title>", f"<h1>{escape(title)}</h1><p>{escape(text)}</p>"
    html = f"<!DOCTYPE html><html><head>{heading}</head><body>{body}</body></html>"
    return HTMLResponse(html, status, headers={"Cache-Control": "no-cache, no-store"})
