"""Secrets pass through the client and are shown by nothing that it logs, prints or gives back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bc_pipelines.heroku.access import access
from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.sandbox.certificates import Certificates
from bc_pipelines_tests.heroku import world
from bc_pipelines_tests.heroku.conftest import TOKEN
from bc_pipelines_tests.heroku.rendezvous_server import followed
from bc_pipelines_tests.heroku.scripted import ScriptedServer
from bc_pipelines_tests.heroku.shapes import PRODUCTION, STAGING, backup, done, read

SECRETS = (TOKEN, world.PASSWORD, world.SIGNATURE, world.SESSION)


@pytest.fixture
def heroku(server: ScriptedServer, certificates: Certificates) -> Iterator[world.World]:
    """An account in which the token, a password, a signature and a session's secret are planted."""
    with followed(certificates, world.end_of_dyno()) as rendezvous:
        yield world.World(server, rendezvous)


def test_a_whole_day_shows_no_secret(
    heroku: world.World,
    server: ScriptedServer,
    client: HerokuClient,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Everything that a reset does, with every log at its most talkative: the secrets were used and are not shown."""
    caplog.set_level(logging.DEBUG)
    results: list[object] = [access(client, ("production", "staging")), client.database("staging")]
    results.append(client.wait("production", client.capture(PRODUCTION), deadline=timedelta(seconds=10)))
    results.append(client.public_url("production", 100))
    with client.open_backup("production", read(done(backup(100)))) as stream:
        results += [stream, len(stream.read())]
    restored = client.restore(STAGING, world.ARCHIVE, source=PRODUCTION, allowed_apps={"staging"})
    results.append(client.wait("staging", restored, deadline=timedelta(seconds=10)))
    results.append(client.run("staging", "python manage.py migrate"))
    shown = repr([*results, client, vars(client), vars(client._transport)]) + caplog.text + "".join(capsys.readouterr())
    assert [secret for secret in SECRETS if secret in shown] == []
    assert heroku.accepted == ["backup", "restore", "dyno"]
    assert all(seen.headers["authorization"] == f"Bearer {TOKEN}" for seen in server.seen if seen.path != world.OBJECT)
    assert not any("authorization" in seen.headers for seen in server.seen if seen.path == world.OBJECT)


def test_config_vars_are_the_only_secret_given_back(heroku: world.World, client: HerokuClient) -> None:
    """Whoever asks for config vars gets passwords, and says so by asking; a database's address has none."""
    assert world.PASSWORD in client.config_vars("staging")["DATABASE_URL"]
    assert world.PASSWORD not in repr(client.database("staging"))
