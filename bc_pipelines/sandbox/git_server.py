"""A git server on loopback: `python -m bc_pipelines.sandbox.git_server FOLDER PORT CERTIFICATE KEY`.

Git's own `git http-backend` (git-http-backend(1)) behind TLS and a password, for all bare repositories of a folder. The
user and the password are in BC_SANDBOX_GIT_USER and BC_SANDBOX_GIT_PASSWORD. Does not belong here: what is served.
"""

from __future__ import annotations

import base64
import hmac
import http
import http.server
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bc_pipelines.sandbox.world import HOST

_PATIENCE = 60


class Server(http.server.ThreadingHTTPServer):
    """Serves a folder of bare repositories.

    Args:
        folder: where they are.
        port: on loopback; 0 for any.
        certificate: PEM files of the server's certificate and its key.
        user: the one that is let in.
        password: the user's.
    """

    daemon_threads = True

    def __init__(self, folder: Path, port: int, certificate: tuple[Path, Path], user: str, password: str) -> None:
        super().__init__((HOST, port), _Handler)
        self.folder = folder
        self.credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        # The handshake belongs to the connection's own thread, or one silent client would hold up all others.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server
    timeout = _PATIENCE
    # With a length for each answer: a connection that is only closed would look cut off to clients of TLS.
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
        """The request line and the status; no header, since one of them holds the password."""
        sys.stderr.write(f"{format % args}\n")

    def _answer(self) -> None:
        # Read in any case: what is left of a body would be taken for the next request.
        body = b"".join(self._body())
        if self.path == "/healthz":
            self._send(http.HTTPStatus.OK)
            return
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Basic {self.server.credentials}".encode()):
            self._send(http.HTTPStatus.UNAUTHORIZED, [("WWW-Authenticate", 'Basic realm="git"')])
            return
        program = shutil.which("git")
        if program is None:
            self._send(http.HTTPStatus.INTERNAL_SERVER_ERROR)
            return
        done = subprocess.run(
            [program, "http-backend"], env=self._variables(len(body)), input=body, stdout=subprocess.PIPE, check=False
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode("latin-1").splitlines() if ": " in line)
        self._send(int(headers.pop("Status", "200").split()[0]), list(headers.items()), content)

    def _variables(self, length: int) -> dict[str, str]:
        """What RFC 3875 says of a request, and what git-http-backend(1) says beside that."""
        parts = urlsplit(self.path)
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": os.devnull,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PROJECT_ROOT": str(self.server.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "PATH_INFO": unquote(parts.path),
            "QUERY_STRING": parts.query,
            "REMOTE_ADDR": self.client_address[0],
            # Whoever comes here has given the password, and may push.
            "REMOTE_USER": "robot",
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
        }

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            yield self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _send(self, status: int, headers: list[tuple[str, str]] | None = None, content: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (*(headers or ()), ("Content-Length", str(len(content)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    """Serve until SIGTERM."""
    folder, port, certificate, key = sys.argv[1:5]
    user, password = (os.environ[f"BC_SANDBOX_GIT_{name}"] for name in ("USER", "PASSWORD"))
    with Server(Path(folder), int(port), (Path(certificate), Path(key)), user, password) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
