"""One-off dynos: started once, followed over TLS to the exit code, and never taken for ended when they are not."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import DynoFailed, OutcomeUnknown, Rejected
from bc_pipelines.heroku.rendezvous import GREETING, MARK
from bc_pipelines.sandbox.certificates import Certificates, make_certificates
from bc_pipelines_tests.heroku.scripted import NO_ANSWER, Reply, ScriptedServer, Seen

DYNOS = "/apps/staging/dynos"
Script = Callable[[ssl.SSLSocket], None]


@contextmanager
def rendezvous(certificates: Certificates, script: Script) -> Iterator[str]:
    """A rendezvous server for one connection; gives the dyno's `attach_url`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)

        def serve() -> None:
            try:
                with listening.accept()[0] as plain, context.wrap_socket(plain, server_side=True) as connection:
                    connection.settimeout(10)
                    script(connection)
            except OSError:
                pass  # The client hung up, as some tests make it.

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"rendezvous://127.0.0.1:{listening.getsockname()[1]}/the/SECRET?x=1"
        thread.join(10)


def saying(*portions: str, secrets: list[bytes] | None = None) -> Script:
    """Greet, then send portions one by one, then close."""

    def script(connection: ssl.SSLSocket) -> None:
        received = connection.recv(100)
        if secrets is not None:
            secrets.append(received)
        connection.sendall(GREETING)
        for portion in portions:
            time.sleep(0.01)
            connection.sendall(portion.encode())

    return script


def dyno(attach_url: str | None) -> Reply:
    """Heroku's answer to a new one-off dyno."""
    return Reply(201, {"id": "1", "name": "run.1234", "state": "starting", "attach_url": attach_url})


def test_output_and_exit_code_come_back(
    server: ScriptedServer, client: HerokuClient, certificates: Certificates
) -> None:
    """The secret is sent, the greeting dropped, line ends mended, and the last exit code counted."""
    secrets: list[bytes] = []
    portions = (f"Applying\r\n  é… {MARK}", "9\r\nOK\r\n", MARK[:9], f"{MARK[9:]}3\r\n")
    with rendezvous(certificates, saying(*portions, secrets=secrets)) as url:
        server.on("POST", DYNOS, dyno(url))
        result = client.run("staging", "python manage.py migrate", timedelta(seconds=10))
    assert (result.output, result.exit_code) == (f"Applying\n  é… {MARK}9\nOK\n", 3)
    assert secrets == [b"the/SECRET?x=1\r\n"]


def test_the_command_reports_its_exit_code(
    server: ScriptedServer, client: HerokuClient, certificates: Certificates
) -> None:
    """The dyno is attached, and its command line prints the exit code even where the command exits the shell."""
    with rendezvous(certificates, saying(f"{MARK}0\r\n")) as url:
        server.on("POST", DYNOS, dyno(url))
        assert client.run("staging", "exit 0").exit_code == 0
    body = server.seen[0].body
    assert body["attach"] is True
    assert body["command"] == f'( exit 0 ) ; echo "{MARK}$?"'


@pytest.mark.parametrize("said", [(), ("half of the output\r\n",), (f"{MARK}",)])
def test_a_connection_closed_early_is_a_failure(
    server: ScriptedServer, client: HerokuClient, certificates: Certificates, said: tuple[str, ...]
) -> None:
    """Without the line with the exit code nothing is known, and that is said without the secret."""
    with rendezvous(certificates, saying(*said)) as url:
        server.on("POST", DYNOS, dyno(url))
        with pytest.raises(DynoFailed, match=r"without telling an exit code.*ps:stop run\.1234") as caught:
            client.run("staging", "true", timedelta(seconds=10))
    assert "SECRET" not in str(caught.value)


def test_a_dyno_that_does_not_end_is_left_at_the_deadline(
    server: ScriptedServer, client: HerokuClient, certificates: Certificates
) -> None:
    """A dyno that keeps talking or keeps silent does not hold the client beyond its deadline."""

    def silent(connection: ssl.SSLSocket) -> None:
        connection.recv(100)
        connection.sendall(GREETING)
        connection.recv(100)  # Returns when the client hangs up.

    with rendezvous(certificates, silent) as url:
        server.on("POST", DYNOS, dyno(url))
        with pytest.raises(DynoFailed, match="had not ended"):
            client.run("staging", "sleep 9", timedelta(seconds=0.3))


@pytest.mark.parametrize("attach_url", [None, "https://h:1/SECRET", "rendezvous://h/SECRET"])
def test_another_kind_of_attachment_is_a_failure(
    server: ScriptedServer, client: HerokuClient, attach_url: str | None
) -> None:
    """Private spaces attach in another way, which is not followed."""
    server.on("POST", DYNOS, dyno(attach_url))
    with pytest.raises(DynoFailed, match="could not be followed"):
        client.run("staging", "true")


def test_a_server_that_is_not_trusted_is_not_told_the_secret(
    server: ScriptedServer, client: HerokuClient, tmp_path: Path
) -> None:
    """The certificate is checked before anything is sent."""
    secrets: list[bytes] = []
    strange = make_certificates(tmp_path / "strange", [])
    with rendezvous(strange, saying(secrets=secrets)) as url:
        server.on("POST", DYNOS, dyno(url))
        with pytest.raises(DynoFailed, match="SSLCertVerificationError"):
            client.run("staging", "true")
    assert secrets == []


def test_a_release_that_is_not_known_yet_is_waited_for(
    server: ScriptedServer, client: HerokuClient, certificates: Certificates
) -> None:
    """409 starts nothing, so the dyno is asked for again, as the CLI does; but not for ever."""
    conflict = Reply(409, {"id": "conflict", "message": "Release not found."})
    with rendezvous(certificates, saying(f"{MARK}0\r\n")) as url:
        server.on("POST", DYNOS, conflict, conflict, dyno(url))
        assert client.run("staging", "true").exit_code == 0
    server.on("POST", DYNOS, conflict)
    with pytest.raises(Rejected, match="conflict"):
        client.run("staging", "true")


@pytest.mark.parametrize("lost", [NO_ANSWER, Reply(503), Reply(201, b"<html>"), Reply(201, {})])
def test_a_dyno_is_never_started_twice(server: ScriptedServer, client: HerokuClient, lost: Reply) -> None:
    """Where the answer is lost the command may be running, so the client stops and says so."""
    server.on("POST", DYNOS, lost)
    with pytest.raises(OutcomeUnknown, match="may be running the command"):
        client.run("staging", "python manage.py migrate")
    assert server.count("POST", DYNOS) == 1


def test_maintenance_scaling_and_connections(server: ScriptedServer, client: HerokuClient) -> None:
    """What changes a writable app is sent as the documentation has it."""

    def patched(seen: Seen) -> Reply:
        return Reply(body={"id": "1", "name": "staging", **seen.body})

    server.on("PATCH", "/apps/staging", Reply(503), patched)
    server.on("PATCH", "/apps/staging/formation", Reply(body=[{"type": "web", "quantity": 0, "size": "Basic"}]))
    server.on("GET", "/addons/some-id", Reply(body={"app": {"name": "staging"}}))
    server.on("POST", "/client/v11/databases/some-id/connection_reset", Reply(body={"message": "Connections reset."}))
    assert client.set_maintenance("staging", True).maintenance
    assert client.scale("staging", {"web": 0})[0].quantity == 0
    client.reset_connections("some-id")
    bodies = [seen.body for seen in server.seen if seen.method == "PATCH"]
    assert bodies == [*[{"maintenance": True}] * 2, {"updates": [{"type": "web", "quantity": 0}]}]
