"""The mail server: aiosmtpd on loopback, which asks for STARTTLS and a login and keeps every mail as a file.

Nothing is passed on: whoever the mail is for, it stays in the sandbox's folder `mail`. Addresses of the domain
`refused.invalid` are refused, as an address that does not exist.

`python -m bc_pipelines.sandbox.mail PORT FOLDER CERTIFICATE KEY USER`, the password in `SANDBOX_SMTP_PASSWORD`.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
import smtplib
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bc_pipelines.sandbox.apps import SMTP_USER
from bc_pipelines.sandbox.folder import write_private
from bc_pipelines.sandbox.world import HOST, World

PASSWORD = "SANDBOX_SMTP_PASSWORD"  # noqa: S105 - a variable's name
REFUSED = "@refused.invalid"
_ID = re.compile(rb"^Message-ID:\s*<([\w.-]+)@", re.IGNORECASE | re.MULTILINE)


def command(world: World) -> tuple[str, ...]:
    """Give the server's command line; the password is in its environment."""
    certificate, key = (str(world.certificates / name) for name in ("server.pem", "server.key"))
    program = (sys.executable, "-m", "bc_pipelines.sandbox.mail")
    return (*program, str(world.ports["mail"]), str(folder(world)), certificate, key, SMTP_USER)


def server_environment(world: World) -> Mapping[str, str]:
    """Give the server the one password that it accepts."""
    return {PASSWORD: world.secrets["smtp_password"]}


def folder(world: World) -> Path:
    """The folder with the mails, one `.eml` file each, numbered as they came."""
    return world.root / "mail"


def mails(world: World) -> list[Path]:
    """What was sent, oldest first."""
    return sorted(folder(world).glob("*.eml"))


def answers(world: World) -> bool:
    """Whether the server greets."""
    try:
        with smtplib.SMTP(HOST, world.ports["mail"], local_hostname="localhost", timeout=5) as server:
            return server.noop()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


class Keeper:
    """What aiosmtpd asks for each recipient and each message.

    Args:
        folder: where mails are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: object,
        _session: object,
        envelope: Any,  # noqa: ANN401
        address: str,
        _options: list[str],
    ) -> str:
        """Refuse who does not exist."""
        if address.lower().endswith(REFUSED):
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802, ANN401
        """Keep a message before it is said to be accepted."""
        found = _ID.search(envelope.content)
        name = found[1].decode() if found else "without-an-id"
        number = sum(1 for _ in self._folder.glob("*.eml")) + 1
        write_private(self._folder / f"{number:04}-{name}.eml", envelope.content)
        return f"250 2.0.0 OK: queued as {number:04}"


async def serve(port: int, folder: Path, certificate: Path, key: Path, login: tuple[str, str]) -> None:
    """Serve until SIGTERM.

    Args:
        port: on loopback.
        folder: where mails are kept.
        certificate: the server's, as PEM.
        key: its private key.
        login: the user and the password that are accepted.
    """
    from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    def authenticate(
        _server: object, _session: object, _envelope: object, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        pairs = zip(login, (given.login, given.password), strict=True)
        known = all(secrets.compare_digest(ours.encode(), theirs) for ours, theirs in pairs)
        return AuthResult(success=known, handled=False)

    def protocol() -> SMTP:
        return SMTP(
            Keeper(folder),
            hostname="mail.sandbox.invalid",
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=authenticate,
        )

    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    loop.add_signal_handler(signal.SIGINT, stopped.set)
    server = await loop.create_server(protocol, HOST, port)
    await stopped.wait()
    server.close()


def main() -> None:
    """Run the server that the command line describes."""
    port, folder, certificate, key, user = sys.argv[1:]
    os.umask(0o077)
    login = (user, os.environ[PASSWORD])
    asyncio.run(serve(int(port), Path(folder), Path(certificate), Path(key), login))


if __name__ == "__main__":
    main()
