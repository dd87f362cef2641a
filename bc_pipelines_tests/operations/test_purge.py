"""The front-end cache is told to drop staging's hosts and no others; what goes wrong is a warning without a secret."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bc_pipelines.operations.purge import purge
from bc_pipelines.operations.tools import Tools, open_tools
from bc_pipelines.sandbox.apps import PRODUCTION as PRODUCTIONS_APP
from bc_pipelines.sandbox.apps import STAGING as STAGINGS_APP
from bc_pipelines.sandbox.cloudflare import Server, Zone
from bc_pipelines_tests.sandbox.heroku.simulated import STAGING, Simulated

PLANTED = "a-token-that-nobody-may-see"
ZONE = "0123456789abcdef0123456789abcdef"
PREFIX = "FRONTEND_CACHE_CLOUDFLARE_"
NAMED = {"BEARER_TOKEN": PLANTED, "ZONEID": ZONE}


class Answering(Zone):
    """A zone that notes the headers, and gives one answer to whatever it is asked."""

    content = b""
    status = 200

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """The one answer."""
        told = {"path": path, "headers": dict(headers), "body": json.loads(body)}
        (self.folder / "asked.json").write_text(json.dumps(told))
        return self.status, self.content


@contextmanager
def cloudflare(tools: Tools, running: Simulated, zone: Zone) -> Iterator[Tools]:
    """Tools that find the zone behind Cloudflare's API."""
    certificates = running.certificates
    with Server(zone, 0, certificates.certificate, certificates.key) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        url = f"https://127.0.0.1:{server.server_address[1]}/client/v4"
        yield replace(tools, settings=replace(tools.settings, cloudflare_api_url=url))
        server.shutdown()
        thread.join(10)


@pytest.fixture
def named(running: Simulated) -> Iterator[None]:
    """Staging's app names a zone and a token."""
    with config_vars(running, NAMED):
        yield


@contextmanager
def config_vars(running: Simulated, named: Mapping[str, str]) -> Iterator[None]:
    """Give staging's app some config vars inside the block."""
    address = f"/apps/{STAGING}/config-vars"
    running.api.patch(address, json={PREFIX + name: value for name, value in named.items()}).raise_for_status()
    try:
        yield
    finally:
        running.api.patch(address, json=dict.fromkeys(PREFIX + name for name in named)).raise_for_status()


def purges(folder: Path) -> list[list[str]]:
    """The hosts of each purge."""
    path = folder / "purges.json"
    return json.loads(path.read_text()) if path.is_file() else []


@pytest.mark.usefixtures("named")
def test_stagings_hosts_are_purged_and_no_others(tools: Tools, running: Simulated, tmp_path: Path) -> None:
    """By name, in one call; the zone may hold production's pages too."""
    with cloudflare(tools, running, Zone(tmp_path, ZONE, PLANTED)) as reaching:
        verdict = purge(reaching, "staging")
    assert verdict.passed
    assert purges(tmp_path) == [list(STAGINGS_APP.hosts)]
    assert not set(PRODUCTIONS_APP.hosts) & set(STAGINGS_APP.hosts)


@pytest.mark.usefixtures("named")
def test_a_token_that_cloudflare_does_not_know(tools: Tools, running: Simulated, tmp_path: Path) -> None:
    """It is a warning with Cloudflare's code, and says by when what is kept goes; the token is not shown."""
    for zone in (Zone(tmp_path, ZONE, "another"), Zone(tmp_path, "another", PLANTED)):
        with cloudflare(tools, running, zone) as reaching:
            verdict = purge(reaching, "staging")
        assert (verdict.passed, verdict.severity) == (False, "warn")
        assert "code 10000" in verdict.summary or "code 7003" in verdict.summary
        assert STAGINGS_APP.hosts[0] in verdict.summary
        assert PLANTED not in repr(verdict)
    assert purges(tmp_path) == []


def test_an_account_wide_key_goes_first(
    tools: Tools, running: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the site itself has it, with its e-mail address."""
    monkeypatch.setattr(Answering, "content", b'{"success": true}')
    with (
        config_vars(running, {**NAMED, "TOKEN": "key", "EMAIL": "web.team@council.example"}),
        cloudflare(tools, running, Answering(tmp_path, ZONE, PLANTED)) as reaching,
    ):
        assert purge(reaching, "staging").passed
    asked = json.loads((tmp_path / "asked.json").read_text())
    assert asked["path"] == f"/client/v4/zones/{ZONE}/purge_cache"
    assert asked["body"] == {"hosts": list(STAGINGS_APP.hosts)}
    assert (asked["headers"]["X-Auth-Key"], asked["headers"]["X-Auth-Email"]) == ("key", "web.team@council.example")
    assert "Authorization" not in asked["headers"]


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (500, b"<html>"),
        (200, b""),
        (200, b"[]"),
        (200, b'{"success": "no"}'),
        (200, b'{"success": false, "errors": [{"code": "x"}]}'),
        (429, b'{"success": false, "errors": []}'),
    ],
)
@pytest.mark.usefixtures("named")
def test_an_answer_that_is_none(
    tools: Tools, running: Simulated, tmp_path: Path, status: int, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes back, nothing is raised, and it is not taken for a purge."""
    monkeypatch.setattr(Answering, "status", status)
    monkeypatch.setattr(Answering, "content", content)
    with cloudflare(tools, running, Answering(tmp_path, ZONE, PLANTED)) as reaching:
        verdict = purge(reaching, "staging")
    assert (verdict.passed, verdict.severity) == (False, "warn")
    assert PLANTED not in verdict.summary


@pytest.mark.parametrize("token", [PLANTED, f"{PLANTED}\u2026", f"{PLANTED}\nX: y"])
def test_a_cloudflare_that_is_not_there(tools: Tools, running: Simulated, token: str) -> None:
    """It is a warning, and so is a token that no request can carry; neither is shown."""
    away = replace(tools, settings=replace(tools.settings, cloudflare_api_url="https://127.0.0.1:1"))
    with config_vars(running, {**NAMED, "BEARER_TOKEN": token}):
        verdict = purge(away, "staging")
    assert (verdict.passed, verdict.severity) == (False, "warn")
    assert PLANTED not in verdict.summary


def test_an_app_without_a_front_end_cache(tools: Tools) -> None:
    """There is nothing to do, which is said and is no warning."""
    verdict = purge(tools, "staging")
    assert verdict.passed
    assert "none to empty" in verdict.summary


@pytest.mark.parametrize("half", [{"ZONEID": ZONE}, {"BEARER_TOKEN": PLANTED}, {"ZONEID": ZONE, "TOKEN": PLANTED}])
def test_half_of_what_is_needed(tools: Tools, running: Simulated, half: dict[str, str]) -> None:
    """A zone without a token, a token without a zone, a key without its e-mail address: a warning."""
    with config_vars(running, half):
        verdict = purge(tools, "staging")
    assert (verdict.passed, verdict.severity) == (False, "warn")
    assert PLANTED not in verdict.summary


def test_a_heroku_that_does_not_tell(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even then nothing stops: it is a warning."""
    assert tools.settings.staging.hosts
    monkeypatch.setenv("HEROKU_API_KEY", "HRKU-00000000-0000-4000-8000-000000000000")
    with open_tools() as strangers:
        verdict = purge(strangers, "staging")
    assert (verdict.passed, verdict.severity) == (False, "warn")
