"""A running simulator for tests: its process, its files, and a plain HTTP client. No product client."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from bc_pipelines.sandbox.certificates import Certificates
from bc_pipelines_tests.waiting import PATIENCE, until

TOKEN = "invented-token-of-the-tests"
PRODUCTION, STAGING = "buckinghamshire-production", "buckinghamshire-staging"
PRODUCTION_ADDON, STAGING_ADDON = "postgresql-round-12345", "postgresql-curved-23456"
PRODUCTION_HOST, STAGING_HOST = "www.buckinghamshire.example", "www.staging.buckinghamshire.example"
EMAIL = "robot@buckinghamshire.example"
TEAM = "council"
CHECKOUT = Path(__file__).parents[3]

# A site that tells what it was asked; it boots in a moment and needs no database.
WSGI_SITE = """
import json, os
from wsgiref.simple_server import make_server, WSGIRequestHandler

class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass

def site(environ, start_response):
    size = int(environ.get("CONTENT_LENGTH") or 0)
    body = {name: value for name, value in environ.items() if name.startswith(("HTTP_", "PATH_INFO", "QUERY"))}
    body |= {"greeting": os.environ.get("GREETING"), "pid": os.getpid()}
    body["body"] = environ["wsgi.input"].read(size).decode()
    cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    start_response("200 OK", [("Content-Type", "application/json"), *cookies])
    return [json.dumps(body).encode()]

make_server("127.0.0.1", int(os.environ["PORT"]), site, handler_class=Quiet).serve_forever()
"""


class Simulated:
    """A simulator, running or not: a team owns its production app, and the account itself the staging one.

    Args:
        folder: For its configuration and state; kept when it is stopped.
        certificates: For all its ports.
        pg_bin: The PostgreSQL programs that it runs.
        databases: Connection strings of the production and the staging database.
        options: More members of the configuration.
    """

    def __init__(
        self, folder: Path, certificates: Certificates, pg_bin: Path, databases: tuple[str, str], **options: object
    ) -> None:
        self.folder = folder
        self.certificates = certificates
        self.databases = databases
        self.api_port, self.router_port, self.rendezvous_port, *sites = free_ports(5)
        self.config: dict[str, Any] = {
            "host": "127.0.0.1",
            "api_port": self.api_port,
            "router_port": self.router_port,
            "rendezvous_port": self.rendezvous_port,
            "certificate": str(certificates.certificate),
            "key": str(certificates.key),
            "ca": str(certificates.ca),
            "token": TOKEN,
            "account_email": EMAIL,
            "pg_bin": str(pg_bin),
            "state_dir": str(folder / "state"),
            "python": sys.executable,
            "site_dir": str(folder),
            "web_command": [sys.executable, "-c", WSGI_SITE],
            "apps": [
                _app(PRODUCTION, PRODUCTION_HOST, PRODUCTION_ADDON, "standard-0", "NAVY", databases[0], sites[0])
                | {"team": TEAM},
                _app(STAGING, STAGING_HOST, STAGING_ADDON, "essential-1", "", databases[1], sites[1]),
            ],
            **options,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.context = ssl.create_default_context(cafile=certificates.ca)
        self.base = f"https://127.0.0.1:{self.api_port}"
        self.api = httpx.Client(
            base_url=self.base, verify=self.context, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=PATIENCE
        )

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        path = self.folder / "config.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(self.config))
        self.process = subprocess.Popen([sys.executable, "-m", "bc_pipelines.sandbox.heroku", path], cwd=CHECKOUT)
        until(self.ready)

    def stop(self) -> int:
        """Stop the process and return its exit status."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)

    def kill(self) -> None:
        """End the process without any warning."""
        assert self.process
        self.process.kill()
        self.process.wait(timeout=PATIENCE)

    @contextmanager
    def running(self) -> Iterator[Simulated]:
        """Run for the length of a block."""
        self.start()
        try:
            yield self
        finally:
            self.stop()
            self.api.close()

    def fault(self, **fault: object) -> None:
        """Order a fault."""
        assert self.api.post("/sandbox/faults", json=fault).status_code == 201

    def order_account(self, token: str, apps: dict[str, dict[str, object]], scope: str = "global") -> httpx.Client:
        """Order an account, in place of the one that had its token; a client with it."""
        body = {"token": token, "email": f"{token}@buckinghamshire.example", "scope": scope, "apps": apps}
        assert self.api.post("/sandbox/accounts", json=body).status_code == 201
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.base, verify=self.context, headers=headers, timeout=PATIENCE)

    def capture(self, addon: str = PRODUCTION_ADDON) -> dict[str, Any]:
        """Ask for a backup; the accepted transfer."""
        return created(self.api.post(f"/client/v11/databases/{addon}/backups"))

    def restore(self, url: str, addon: str = STAGING_ADDON) -> dict[str, Any]:
        """Ask for a restore; the accepted transfer."""
        return created(self.api.post(f"/client/v11/databases/{addon}/restores", json={"backup_url": url}))

    def transfer(self, app: str, ident: object) -> dict[str, Any]:
        """A transfer with its log."""
        answer = self.api.get(f"/client/v11/apps/{app}/transfers/{ident}", params={"verbose": "true"})
        assert answer.status_code == 200
        return dict(answer.json())

    def transfers(self, app: str) -> list[dict[str, Any]]:
        """All transfers of an app."""
        return list(self.api.get(f"/client/v11/apps/{app}/transfers").json())

    def finished(self, app: str, transfer: dict[str, Any]) -> dict[str, Any]:
        """Wait for the end of a transfer."""
        until(lambda: self.transfer(app, transfer["uuid"])["finished_at"])
        return self.transfer(app, transfer["uuid"])

    def backup(self) -> dict[str, Any]:
        """Capture production, which must succeed."""
        transfer = self.finished(PRODUCTION, self.capture())
        assert transfer["succeeded"], transfer["logs"]
        return transfer

    def public_url(self, num: int, app: str = PRODUCTION, **body: object) -> str:
        """A signed address of a backup."""
        answer = self.api.post(f"/client/v11/apps/{app}/transfers/{num}/actions/public-url", json=body or None)
        assert answer.status_code == 200
        return str(answer.json()["url"])

    def visit(self, host: str, path: str = "/", **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own options
        """GET a page of a site through the router."""
        headers = {"Host": host, **options.pop("headers", {})}
        url = f"https://127.0.0.1:{self.router_port}{path}"
        method = options.pop("method", "GET")
        return httpx.request(method, url, headers=headers, verify=self.context, timeout=PATIENCE, **options)

    def run(self, app: str, command: str, given: bytes = b"") -> str:
        """Run a command on an attached dyno; what it wrote, after the greeting."""
        dyno = created(self.api.post(f"/apps/{app}/dynos", json={"command": command, "attach": True}))
        address = urlsplit(dyno["attach_url"])
        assert address.scheme == "rendezvous"
        raw = socket.create_connection((str(address.hostname), address.port or 0), timeout=PATIENCE)
        with closing(self.context.wrap_socket(raw, server_hostname=address.hostname)) as connection:
            connection.sendall(address.path[1:].encode() + b"\r\n")
            assert connection.recv(4096) == b"rendezvous\r\n"
            connection.sendall(given)
            return b"".join(iter(lambda: connection.recv(4096), b"")).decode()

    def ready(self) -> bool:
        """Whether the running process answers."""
        assert self.process
        assert self.process.poll() is None
        try:
            return httpx.get(f"{self.base}/healthz", verify=self.context).status_code == 200
        except httpx.TransportError:
            return False


def _app(name: str, host: str, addon: str, plan: str, colour: str, database: str, port: int) -> dict[str, Any]:
    return {
        "id": f"00000000-0000-4000-8000-{port:012}",
        "name": name,
        "hosts": [host],
        "config_vars": {"DATABASE_URL": database, "GREETING": "hello"},
        "addon": {"id": f"00000000-0000-4000-9000-{port:012}", "name": addon, "plan": plan, "colour": colour},
        "formation": {"web": 1, "worker": 1},
        "site_port": port,
    }


def created(answer: httpx.Response) -> dict[str, Any]:
    """The body of a 201."""
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def alive(pid: int) -> bool:
    """Whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports
