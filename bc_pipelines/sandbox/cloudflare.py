"""A stand-in for Cloudflare's API: one zone with one token, and a note of whose cached pages were purged.

It knows one call, `POST /client/v4/zones/:zone/purge_cache` with `hosts`, and answers as Cloudflare does: `success`,
`errors` with a code each, `result`. No cache stands in front of the sandbox's sites. Nothing real can be had here.
Source: Cloudflare's documentation, *Purge Cached Content* and *Purge cache by hostname*.

`python -m bc_pipelines.sandbox.cloudflare PORT FOLDER CERTIFICATE KEY ZONE`, the token in `SANDBOX_CLOUDFLARE_TOKEN`.
"""

from __future__ import annotations

import http.server
import json
import os
import secrets
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bc_pipelines.sandbox.folder import write_private
from bc_pipelines.sandbox.world import HOST, World

TOKEN = "SANDBOX_CLOUDFLARE_TOKEN"  # noqa: S105 - a variable's name
MOST_HOSTS = 100


@dataclass(frozen=True)
class Zone:
    """A domain at Cloudflare.

    Attributes:
        folder: where is kept what was purged.
        id: the zone's.
        token: that may purge its cache.
    """

    folder: Path
    id: str
    token: str = field(repr=False)

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and JSON of an answer to a `POST`."""
        given = headers.get("Authorization", "").encode()
        if not secrets.compare_digest(given, f"Bearer {self.token}".encode()):
            return _refusal(401, 10000, "Authentication error")
        if path != f"/client/v4/zones/{self.id}/purge_cache":
            return _refusal(404, 7003, "Could not route to this path, perhaps your object identifier is invalid?")
        try:
            hosts = json.loads(body)["hosts"]
        except (ValueError, KeyError, TypeError):
            return _refusal(400, 1012, "Request must contain one of purge_everything, files, tags, hosts or prefixes")
        if not isinstance(hosts, list) or len(hosts) > MOST_HOSTS:
            return _refusal(400, 1092, "Unable to purge this many hosts")
        kept = [*_purges(self.folder), hosts]
        write_private(_file(self.folder), json.dumps(kept, indent=1))
        return 200, json.dumps({"success": True, "errors": [], "messages": [], "result": {"id": self.id}}).encode()


class Server(http.server.ThreadingHTTPServer):
    """Answers for a zone over TLS.

    Args:
        zone: the zone.
        port: on loopback; 0 for any.
        certificate: the server's, as PEM.
        key: its private key.
    """

    daemon_threads = True

    def __init__(self, zone: Zone, port: int, certificate: Path, key: Path) -> None:
        super().__init__((HOST, port), _Handler)
        self.zone = zone
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        # Whoever connects and says nothing holds up nobody else.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hangs up is no news."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server
    timeout = 10

    def do_GET(self) -> None:
        """Whether the server is there."""
        self._send(http.HTTPStatus.OK if self.path == "/healthz" else http.HTTPStatus.NOT_FOUND, b"{}")

    def do_POST(self) -> None:
        """A call of the API."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._send(*self.server.zone.answer(self.path, dict(self.headers), body))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
        """The request line and the status; no header, since one of them holds the token."""
        sys.stderr.write(f"{format % args}\n")

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def command(world: World) -> tuple[str, ...]:
    """Give the server's command line; the token is in its environment."""
    certificate, key = (str(world.certificates / name) for name in ("server.pem", "server.key"))
    program = (sys.executable, "-m", "bc_pipelines.sandbox.cloudflare")
    return (*program, str(world.ports["cloudflare"]), str(folder(world)), certificate, key, zone_id(world))


def server_environment(world: World) -> Mapping[str, str]:
    """Give the server the one token that it accepts."""
    return {TOKEN: world.secrets["cloudflare_token"]}


def zone_id(world: World) -> str:
    """The zone that the sandbox's hosts lie in."""
    return world.id("zone").replace("-", "")


def folder(world: World) -> Path:
    """The folder with what was purged."""
    return world.root / "cloudflare"


def purges(world: World) -> list[list[str]]:
    """The hosts of each purge, oldest first."""
    return _purges(folder(world))


def _purges(folder: Path) -> list[list[str]]:
    path = _file(folder)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def _file(folder: Path) -> Path:
    return folder / "purges.json"


def _refusal(status: int, code: int, message: str) -> tuple[int, bytes]:
    answer: dict[str, Any] = {"success": False, "errors": [{"code": code, "message": message}], "messages": []}
    return status, json.dumps(answer | {"result": None}).encode()


def main() -> None:
    """Serve until SIGTERM."""
    port, folder, certificate, key, zone = sys.argv[1:]
    os.umask(0o077)
    with Server(Zone(Path(folder), zone, os.environ[TOKEN]), int(port), Path(certificate), Path(key)) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
