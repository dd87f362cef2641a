"""A real HTTPS server on loopback that answers exactly what a test tells it to, faults included.

For behaviour on the wire that the sandbox's simulator does not have by itself. Nothing here knows of Heroku.
"""

from __future__ import annotations

import json
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from bc_pipelines.sandbox.certificates import Certificates


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    """An answer. `body` that is no bytes is sent as JSON.

    With `cut` the connection ends after so many bytes of it; `drip` is a pause in seconds after every byte.
    """

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    drip: float = 0

    @property
    def payload(self) -> bytes:
        """The body as bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


# The connection is closed without a word.
NO_ANSWER = Reply(cut=-1)
Answerer = Callable[[Seen], Reply]


class _QuietServer(ThreadingHTTPServer):
    """A client that hangs up, as an impatient one must, is no error of the server's."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a connection that is gone; of anything else, as usual."""
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class ScriptedServer:
    """Answers each route with its replies in turn; the last one again and again. An unknown route is a 404.

    Args:
        certificates: What to serve TLS with.

    Attributes:
        seen: Every request, in the order of arrival.
        otherwise: What routes answer for which nothing was set.
    """

    def __init__(self, certificates: Certificates) -> None:
        self.seen: list[Seen] = []
        self.otherwise = Reply(404, {"id": "not_found", "message": "Couldn't find that app.", "resource": "app"})
        self._routes: dict[tuple[str, str], list[Reply | Answerer]] = {}
        self._server = _QuietServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.certificate, certificates.key)
        # The handshake is left to the connection's own thread, so that a bad one disturbs no other.
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def url(self) -> str:
        """Base URL, https."""
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    def on(self, method: str, path: str, *answers: Reply | Answerer) -> None:
        """Set what a route answers, in turn; whatever was set before is forgotten."""
        self._routes[method, path] = list(answers)

    def forget(self) -> None:
        """Forget every answer that was set and every request that was seen."""
        self._routes.clear()
        self.seen.clear()

    def answers(self, method: str, path: str) -> tuple[Reply | Answerer, ...]:
        """What a route is set to answer from now on."""
        return tuple(self._routes[method, path])

    def count(self, method: str, path: str) -> int:
        """How often a route was asked."""
        return sum((seen.method, seen.path) == (method, path) for seen in self.seen)

    def _answer(self, seen: Seen) -> Reply:
        self.seen.append(seen)
        answers = self._routes.get((seen.method, seen.path))
        if not answers:
            return self.otherwise
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer if isinstance(answer, Reply) else answer(seen)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            """Reads one request and writes the reply that is next for it."""

            protocol_version = "HTTP/1.1"
            timeout = 30
            # Head and body are written apart; without this the second waits 40 ms for the first to be acknowledged.
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                path, _, query = self.path.partition("?")
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                headers = {name.lower(): value for name, value in self.headers.items()}
                self._write(server._answer(Seen(self.command, path, query, headers, body)))

            do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 the names that http.server calls

            def _write(self, reply: Reply) -> None:
                if reply.cut is None or reply.cut >= 0:
                    self.send_response(reply.status)
                    headers = {"Content-Type": "application/json", "Content-Length": str(len(reply.payload))}
                    for name, value in (headers | dict(reply.headers)).items():
                        self.send_header(name, value)
                    self.end_headers()
                    self._write_body(reply.payload[: reply.cut], reply.drip)
                self.close_connection = reply.cut is not None

            def _write_body(self, body: bytes, drip: float) -> None:
                if not drip:
                    self.wfile.write(body)
                    return
                for number in range(len(body)):
                    self.wfile.write(body[number : number + 1])
                    time.sleep(drip)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name of http.server
                """Say nothing."""

        return Handler
