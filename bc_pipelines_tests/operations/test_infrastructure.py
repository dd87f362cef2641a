"""The job inspect_infrastructure on a sandbox: it comes to its end and says what it could not know."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dagster as dg
import pytest

from bc_pipelines.checks.verdict import Fact, Verdict
from bc_pipelines.definitions import defs
from bc_pipelines.defs.infrastructure import AREAS
from bc_pipelines.operations.infrastructure import Looked
from bc_pipelines.operations.infrastructure_cache import look_at_cache
from bc_pipelines.operations.infrastructure_dns import CHECKS as OF_DNS
from bc_pipelines.operations.infrastructure_storage import look_at_file_storage
from bc_pipelines.operations.tools import Tools, open_tools
from bc_pipelines.sandbox import s3
from bc_pipelines.sandbox.redis import cached
from bc_pipelines.sandbox.world import BUCKETS, World
from bc_pipelines_tests.probes.redis_server import PASSWORD, redis_server
from bc_pipelines_tests.sandbox.heroku.simulated import PRODUCTION, STAGING, Simulated

PLANTED = "a-password-that-nobody-may-see"


@pytest.fixture(scope="module")
def inspected(world: World) -> dg.ExecuteInProcessResult:
    """One run of the job."""
    s3.client(world).put_object(Bucket=BUCKETS["production"], Key="images/bridge.jpg", Body=b"picture")
    return defs.resolve_job_def("inspect_infrastructure").execute_in_process()


def test_the_job_comes_to_its_end(inspected: dg.ExecuteInProcessResult) -> None:
    """Each area of production and staging is observed, with a version, and each check is answered."""
    assert inspected.success
    observed = {
        event.asset_key.to_user_string(): event for event in inspected.get_asset_observation_events() if event.asset_key
    }
    assert observed.keys() == {f"{where}/{area.name}" for where in ("production", "staging") for area in AREAS}
    wanted = {(where, name) for where in ("production", "staging") for area in AREAS for name in area.checks.of(where)}
    results = inspected.get_asset_check_evaluations()
    assert {(each.asset_key.path[0], each.check_name) for each in results} == wanted
    assert all(each.description for each in results)


def test_nothing_in_the_sandbox_is_alarming(inspected: dg.ExecuteInProcessResult) -> None:
    """Whoever tries it out sees no failure; that strangers get no image of its bucket is told as a warning."""
    results = inspected.get_asset_check_evaluations()
    alarming = [each for each in results if not each.passed and each.severity is dg.AssetCheckSeverity.ERROR]
    assert [(each.asset_key.to_user_string(), each.check_name) for each in alarming] == []
    images = [each for each in results if each.check_name == "images_are_public" and "bridge" in str(each.description)]
    assert [(each.asset_key.path[0], each.passed) for each in images] == [("production", False)]


def test_no_secret_is_shown(inspected: dg.ExecuteInProcessResult, world: World) -> None:
    """No event of the run holds a key or password of the sandbox."""
    told = "\n".join(str(event) for event in inspected.all_events)
    assert [name for name, value in world.secrets.items() if value in told] == []
    assert not any(secret in told for name in ("production", "staging") for secret in world.s3_keys(name)[1:])


def test_the_sandboxes_bucket(inspected: dg.ExecuteInProcessResult) -> None:
    """Strangers get no list; what its server does not know is not testable, and staging's bucket is its own."""
    found = {
        each.check_name: each
        for each in inspected.get_asset_check_evaluations()
        if each.asset_key.path == ["staging", "file_storage"]
    }
    assert found["list_is_not_public"].passed
    assert found["is_not_productions"].passed
    assert found["nobody_else_can_write"].metadata["state"].value == "not_testable"


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_the_sandboxes_caches(inspected: dg.ExecuteInProcessResult, world: World, environment: str) -> None:
    """Each site's Redis is as it must be; without one, nothing is testable."""
    found = [each for each in inspected.get_asset_check_evaluations() if each.asset_key.path == [environment, "cache"]]
    assert all(each.passed for each in found) is bool(cached(world))
    assert cached(world) or {each.metadata["state"].value for each in found} == {"not_testable"}


def test_the_sandboxes_hosts_are_not_up(inspected: dg.ExecuteInProcessResult) -> None:
    """Without a database no site answers, so that nothing of front-end caches is testable."""
    found = [each for each in inspected.get_asset_check_evaluations() if each.asset_key.path[-1] == "front_end_cache"]
    assert {each.metadata["state"].value for each in found} == {"not_testable"}


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_the_sandboxes_tls(inspected: dg.ExecuteInProcessResult, environment: str) -> None:
    """Its certificate is good for every host; plain http, of which nobody says where it is, is not testable."""
    found = {
        each.check_name: each
        for each in inspected.get_asset_check_evaluations()
        if each.asset_key.path == [environment, "tls"]
    }
    good = {"certificate_is_current", "certificate_is_for_its_host", "chain_is_trusted"}
    assert {name for name in good if found[name].passed} == good
    assert found["http_leads_to_https"].metadata["state"].value == "not_testable"
    assert environment == "staging" or found["hsts_is_set"].passed
    assert found["old_versions_are_refused"].passed or "state" in found["old_versions_are_refused"].metadata


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_the_sandboxes_dns(inspected: dg.ExecuteInProcessResult, environment: str) -> None:
    """Its own name server is asked, and its zone is one with which nothing is wrong."""
    found = {
        each.check_name: each.passed
        for each in inspected.get_asset_check_evaluations()
        if each.asset_key.path == [environment, "dns"]
    }
    assert found == dict.fromkeys(OF_DNS.of(environment), True)
    observed = {
        event.asset_key.to_user_string(): event.asset_observation_data.asset_observation.metadata
        for event in inspected.get_asset_observation_events()
        if event.asset_key
    }
    assert observed[f"{environment}/dns"]["domain"].value == "buckinghamshire.example"
    # Whom reports are sent to may be a person.
    assert "mailto" not in str(inspected.all_events)


def test_an_app_that_names_no_bucket(tools: Tools) -> None:
    """It is said that nothing is configured, and nothing fails."""
    looked = look_at_file_storage(tools, "staging")
    assert looked.facts == {"state": "not configured"}
    assert all(verdict.facts == {"state": "not_testable"} for verdict in looked.verdicts.values())


def test_an_app_that_names_no_redis(tools: Tools) -> None:
    """That its site caches in its database is a fact; nothing is testable, and nothing fails."""
    looked = look_at_cache(tools, "staging")
    assert looked.facts == {"backend": "the site's database"}
    assert all(verdict.facts == {"state": "not_testable"} for verdict in looked.verdicts.values())


@contextmanager
def redis_urls(running: Simulated, urls: Mapping[str, str]) -> Iterator[None]:
    """Let apps name a Redis inside the block."""
    for app, url in urls.items():
        running.api.patch(f"/apps/{app}/config-vars", json={"REDIS_URL": url}).raise_for_status()
    try:
        yield
    finally:
        for app in urls:
            running.api.patch(f"/apps/{app}/config-vars", json={"REDIS_URL": None}).raise_for_status()


def test_productions_redis_under_another_name(tools: Tools, running: Simulated) -> None:
    """It is known by what the server calls itself, whatever its address is."""
    with redis_server() as port:
        urls = {PRODUCTION: f"redis://:{PASSWORD}@127.0.0.1:{port}", STAGING: f"redis://:{PASSWORD}@localhost:{port}"}
        with redis_urls(running, urls):
            verdict = look_at_cache(tools, "staging").verdicts["is_not_productions"]
    assert (verdict.passed, verdict.severity) == (False, "error")


@pytest.mark.parametrize("address", [f"redis://:{PLANTED}/@127.0.0.1:1", f"redis://:{PLANTED}@127.0.0.1:1"])
def test_a_password_of_a_redis_is_shown_to_nobody(tools: Tools, running: Simulated, address: str) -> None:
    """Not where its address cannot be read, nor where nobody answers there; and production's is told from staging's."""
    with redis_urls(running, {STAGING: address}):
        looked = look_at_cache(tools, "staging")
    assert not any(verdict.passed for verdict in looked.verdicts.values())
    assert PLANTED not in repr(looked)


def test_a_token_that_heroku_does_not_know(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the apps cannot be asked, nothing is known of their buckets and caches, and nothing fails."""
    monkeypatch.setenv("HEROKU_API_KEY", "HRKU-00000000-0000-4000-8000-000000000000")
    with open_tools() as strangers:
        areas = [look(strangers, "staging") for look in (look_at_file_storage, look_at_cache)]
    assert all(verdict.facts == {"state": "not_testable"} for looked in areas for verdict in looked.verdicts.values())


def test_what_foreign_servers_say_is_shown_tamely() -> None:
    """A text of the DNS or a header may hold anything, and be of any length; figures stay as they are."""
    odd = "v=spf1\x1b[2J\u202e\x00" + "a" * 60_000
    row: dict[str, Fact] = {"host": odd, "days": 3}
    shown = Looked({"policy": odd, "days": 3}, "1", {"sound": Verdict(True, odd, rows=(row,))}, (row,)).to_show()
    (verdict,) = shown.verdicts.values()
    assert (shown.facts["days"], verdict.rows[0]["days"], verdict.passed) == (3, 3, True)
    for text in map(str, (shown.facts["policy"], verdict.summary, verdict.rows[0]["host"], shown.rows[0]["host"])):
        assert text.isprintable()
        assert text.startswith("v=spf1")
        assert len(text) < 5000
