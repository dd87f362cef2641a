"""The connection to an attached one-off dyno: what it writes, and the exit code at the end of it.

The protocol is that of `heroku run --exit-code` (Heroku CLI 11.10.0): connect over TLS, send the secret of the dyno's
`attach_url`, drop the greeting `rendezvous`, then read until the far end closes. The exit code is no part of the
protocol: the command line is made to print it. Starting the dyno is the client's business.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from bc_pipelines.heroku.errors import DynoFailed
from bc_pipelines.heroku.models import DynoResult

GREETING = b"rendezvous\r\n"
MARK = "\uffff heroku-command-exit-status: "
# What a migration prints is far below this; only the end of more is kept.
MOST_OUTPUT = 8 << 20
_EXIT = re.compile(re.escape(MARK) + r"([0-9]{1,3})")


def reporting(command: str) -> str:
    """Make a command line print its exit code; in brackets, so that an `exit` in it cannot skip that."""
    return f'( {command} ) ; echo "{MARK}$?"'


@dataclass(frozen=True)
class _Address:
    host: str
    port: int
    secret: bytes


def follow(attach_url: str, app: str, dyno: str, deadline: float) -> DynoResult:
    """Read an attached dyno to its end.

    Args:
        attach_url: `rendezvous://host:port/secret`, as Heroku gave it.
        app: The app's name, for errors.
        dyno: The dyno's name, for errors: `run.1234`.
        deadline: Seconds after which to give up.

    Raises:
        DynoFailed: No connection, no end before the deadline, or no exit code at the end.
    """
    until = time.monotonic() + deadline
    try:
        received = _receive(_address(attach_url), until)
    except TimeoutError:
        raise _failed(app, dyno, f"had not ended after {deadline:.0f} seconds") from None
    except (OSError, ValueError) as error:
        raise _failed(app, dyno, f"could not be followed ({type(error).__name__})") from None
    output = received.removeprefix(GREETING).decode("utf-8", "replace").replace("\r\n", "\n")
    codes = list(_EXIT.finditer(output))
    if not codes:
        raise _failed(app, dyno, "closed the connection without telling an exit code")
    return DynoResult(output=output[: codes[-1].start()], exit_code=int(codes[-1][1]))


def _address(attach_url: str) -> _Address:
    parts = urlsplit(attach_url)
    if parts.scheme != "rendezvous" or not parts.hostname or not parts.port:
        raise ValueError("an attach_url of another kind")
    secret = parts.path.removeprefix("/") + (f"?{parts.query}" if parts.query else "")
    return _Address(parts.hostname, parts.port, secret.encode())


def _receive(address: _Address, until: float) -> bytes:
    # The same trust as for the APIs: SSL_CERT_FILE and SSL_CERT_DIR, else certifi's certificates.
    trust = httpx.create_ssl_context()
    received = bytearray()
    with (
        socket.create_connection((address.host, address.port), timeout=_left(until)) as plain,
        trust.wrap_socket(plain, server_hostname=address.host) as connection,
    ):
        connection.sendall(address.secret + b"\r\n")
        while True:
            connection.settimeout(_left(until))
            try:
                chunk = connection.recv(65536)
            except ssl.SSLEOFError:
                # Closed without TLS's goodbye. The exit code's line tells whether the output is complete.
                break
            if not chunk:
                break
            received += chunk
            del received[:-MOST_OUTPUT]
    return bytes(received)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _failed(app: str, dyno: str, what: str) -> DynoFailed:
    return DynoFailed(
        f"The one-off dyno {dyno} of {app} {what}.",
        state="Whether its command was carried out is not known, and it may still be running.",
        next_step=f"Look at `heroku ps -a {app}` and `heroku logs -d {dyno} -a {app}`; "
        f"stop it with `heroku ps:stop {dyno} -a {app}`.",
    )
