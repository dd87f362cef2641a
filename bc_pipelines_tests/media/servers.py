"""Two real S3 servers for the tests of media, because neither shows everything that Amazon's does.

rclone's keeps files in a folder and knows no parts, tags or policies. Moto's knows them.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bc_pipelines.media.bucket import client
from bc_pipelines.sandbox import s3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PATIENCE_SECONDS = 60
ACCESS_KEY, SECRET_KEY = "media-tests", "a-secret-that-nobody-may-see"


@contextmanager
def rclone(folder: Path) -> Iterator[str]:
    """`rclone serve s3` on a folder; gives its address."""
    port = _free_port()
    command = (str(s3.rclone()), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--config", "/dev/null", str(folder))
    with _running(command, {"RCLONE_AUTH_KEY": f'"{ACCESS_KEY},{SECRET_KEY}"'}, port) as address:
        yield address


@contextmanager
def moto(log: Path = Path(os.devnull)) -> Iterator[str]:
    """Moto's server in a process of its own, with a line in the log for each request; gives its address."""
    port = _free_port()
    with _running((sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)), {}, port, log) as address:
        yield address


@contextmanager
def evasive(status: int, said: bytes = b"") -> Iterator[str]:
    """A server that takes whatever is put and deleted, and answers every question the same; its address."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(status, said)

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._answer(200)

        def do_DELETE(self) -> None:
            self._answer(204)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

        def _answer(self, code: int, body: bytes = b"") -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@contextmanager
def _running(
    command: tuple[str, ...], variables: dict[str, str], port: int, log: Path = Path(os.devnull)
) -> Iterator[str]:
    address = f"http://127.0.0.1:{port}"
    environment = {"PATH": os.defpath, **variables}
    with log.open("wb") as said, subprocess.Popen(command, env=environment, stdout=said, stderr=said) as process:
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not _answers(address):
                assert process.poll() is None, "the server ended by itself"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.05)
            yield address
        finally:
            process.kill()


def _answers(address: str) -> bool:
    # Not at the top: whoever needs the keys alone, as a benchmark of a start does, has no use for it.
    import httpx

    try:
        httpx.get(address, timeout=5, trust_env=False)
    except httpx.TransportError:
        return False
    return True


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def nowhere() -> "S3Client":
    """A client whose server does not answer."""
    return client(ACCESS_KEY, SECRET_KEY, region="eu-west-2", endpoint=f"http://127.0.0.1:{_free_port()}")
