"""Real Redis servers of a test's own; whoever needs one is skipped where this machine has no program."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from bc_pipelines.sandbox.redis import find_program
from bc_pipelines_tests.waiting import until

PASSWORD = "of-a-test-alone"


@contextmanager
def redis_server(*settings: str, tls: tuple[Path, Path] | None = None, password: str = PASSWORD) -> Iterator[int]:
    """Run a Redis on a free port of loopback until the block ends.

    Args:
        settings: lines of its configuration.
        tls: certificate and key, where it is to speak TLS and nothing else.
        password: that it asks for; none if empty.

    Yields:
        Its port.
    """
    program = find_program(os.environ)
    if program is None:
        pytest.skip("this machine has no redis-server")
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="bc-redis-") as folder:
        lines = ["bind 127.0.0.1", f"dir {folder}", 'save ""', f"port {0 if tls else port}", *settings]
        if tls:
            files = f"tls-cert-file {tls[0]}\ntls-key-file {tls[1]}"
            lines += [f"tls-port {port}", "tls-auth-clients no", files]
        if password:
            lines.append(f"requirepass {password}")
        server = subprocess.Popen([program, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        try:
            assert server.stdin is not None
            server.stdin.write("\n".join(lines).encode())
            server.stdin.close()
            until(lambda: _listens(port))
            yield port
        finally:
            server.terminate()
            server.wait(10)


@contextmanager
def owner(port: int, *, tls: bool = False) -> Iterator[Redis]:
    """A connection past the product."""
    # Whose certificate it is does not matter here.
    more = {"ssl": True, "ssl_cert_reqs": "none"} if tls else {}
    with Redis(port=port, password=PASSWORD, protocol=2, driver_info=None, **more) as client:  # type: ignore[arg-type]
        yield client


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
