"""Mail servers and Slacks on loopback: the sandbox's own, and ones that misbehave by a script."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bc_pipelines.contacts import Mail, SlackChannel
from bc_pipelines.sandbox import mail as mail_server
from bc_pipelines.sandbox import slack as slack_server
from bc_pipelines.sandbox.apps import CLIENT_ADDRESSES, MAIL_FROM, SLACK_CHANNEL, SMTP_USER
from bc_pipelines.sandbox.certificates import Certificates
from bc_pipelines.sandbox.processes import base_environment
from bc_pipelines_tests.waiting import until

PASSWORD = "planted-password-of-the-mail-server"
TOKEN = "xoxb-planted-token-of-the-app"
CLOSE = "close"
HANG = "hang"


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def _process(arguments: Sequence[str], variables: Mapping[str, str], port: int) -> Iterator[None]:
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(command, env={**base_environment(), **variables}, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: process.poll() is not None or _listens(port))
            assert process.poll() is None, "the server did not start"
            yield
        finally:
            process.terminate()
            process.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running_mail(folder: Path, certificates: Certificates) -> Iterator[Mail]:
    """The sandbox's mail server, and how it is reached."""
    port = free_port()
    arguments = ("bc_pipelines.sandbox.mail", str(port), str(folder), str(certificates.certificate))
    with _process([*arguments, str(certificates.key), SMTP_USER], {mail_server.PASSWORD: PASSWORD}, port):
        yield Mail(CLIENT_ADDRESSES, MAIL_FROM, "127.0.0.1", port, "required", SMTP_USER, PASSWORD)


@contextmanager
def running_slack(folder: Path, certificates: Certificates) -> Iterator[SlackChannel]:
    """The sandbox's stand-in for Slack, and how it is reached."""
    port = free_port()
    arguments = ("bc_pipelines.sandbox.slack", str(port), str(folder), str(certificates.certificate))
    with _process([*arguments, str(certificates.key), SLACK_CHANNEL], {slack_server.TOKEN: TOKEN}, port):
        yield SlackChannel(SLACK_CHANNEL, TOKEN, f"https://127.0.0.1:{port}/api/")


@contextmanager
def fault(slack: SlackChannel, **order: object) -> Iterator[None]:
    """Let something go wrong at the stand-in for Slack inside the block."""
    with httpx.Client(
        base_url=slack.api_url.removesuffix("api/"),
        headers={"Authorization": f"Bearer {slack.token}"},
        verify=ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"]),
    ) as client:
        client.post("/sandbox/faults", json=order).raise_for_status()
        try:
            yield
        finally:
            client.delete("/sandbox/faults").raise_for_status()


@contextmanager
def _listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A socket that a thread serves, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            # Closing wakes nobody: the thread would go on with whatever gets the same number next.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(30)


@dataclass
class Scripted:
    """A mail server without encryption that answers by a script.

    Attributes:
        answers: by the first word of a command, in capitals; `GREETING` for the first line, `.` for the end of the
            message, `RCPT` for each recipient in turn where it is a list. `CLOSE` ends the connection, `HANG` says
            nothing.
        heard: every line that was said to it.
    """

    answers: Mapping[str, str | list[str]]
    heard: list[str] = field(default_factory=list)

    def answer(self, line: str) -> str:
        """The answer to a command."""
        verb = line.split()[0].upper() if line.strip() else ""
        usual = {"GREETING": "220 scripted", "EHLO": "250 scripted", "DATA": "354 go on", "QUIT": "221 bye"}
        said = {**usual, **self.answers}.get(verb, "250 OK")
        return said.pop(0) if isinstance(said, list) else said

    @contextmanager
    def running(self) -> Iterator[Mail]:
        """The server for one connection after another."""
        with _listening(self._serve) as port:
            yield Mail(CLIENT_ADDRESSES, MAIL_FROM, "127.0.0.1", port, "offered")

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            # Who gives up while this server still has something to say resets the connection.
            with connection, connection.makefile("rb") as lines, suppress(OSError):
                self._talk(connection, lines)

    def _talk(self, connection: socket.socket, lines: Iterator[bytes]) -> None:
        verb, in_message = "GREETING", False
        while True:
            said = self.answer(verb)
            if said == CLOSE:
                return
            if said != HANG:
                connection.sendall(f"{said}\r\n".encode())
            in_message = verb.upper().startswith("DATA") and said.startswith("354")
            for raw in lines:
                verb = raw.decode().rstrip("\r\n")
                self.heard.append(verb)
                if not in_message or verb == ".":
                    break
            else:
                return


@contextmanager
def scripted_http(answer: bytes | None) -> Iterator[tuple[SlackChannel, list[bytes]]]:
    """A server that takes a request and gives these bytes, or closes the connection for none; and what it was asked."""
    asked: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                asked.append(connection.recv(65536))
                if answer is not None:
                    connection.sendall(answer)
                if answer == b"":
                    connection.recv(1)

    with _listening(serve) as port:
        yield SlackChannel(SLACK_CHANNEL, TOKEN, f"http://127.0.0.1:{port}/api/"), asked
