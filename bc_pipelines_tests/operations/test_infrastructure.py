"""The job inspect_infrastructure on a sandbox: it comes to its end and says what it could not know."""

import dagster as dg
import pytest

from bc_pipelines.definitions import defs
from bc_pipelines.defs.infrastructure import AREAS
from bc_pipelines.operations.infrastructure import look_at_file_storage
from bc_pipelines.operations.infrastructure_dns import checks_of_dns
from bc_pipelines.operations.tools import Tools, open_tools
from bc_pipelines.sandbox import s3
from bc_pipelines.sandbox.world import BUCKETS, World


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
    wanted = {(where, name) for where in ("production", "staging") for area in AREAS for name in area.checks(where)}
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
    assert found == dict.fromkeys(checks_of_dns(environment), True)
    observed = {
        event.asset_key.to_user_string(): event.asset_observation_data.asset_observation.metadata
        for event in inspected.get_asset_observation_events()
        if event.asset_key
    }
    assert observed[f"{environment}/dns"]["domain"].value == "buckinghamshire.example"


def test_an_app_that_names_no_bucket(tools: Tools) -> None:
    """It is said that nothing is configured, and nothing fails."""
    looked = look_at_file_storage(tools, "staging")
    assert looked.facts == {"state": "not configured"}
    assert all(verdict.facts == {"state": "not_testable"} for verdict in looked.verdicts.values())


def test_a_token_that_heroku_does_not_know(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the apps cannot be asked, nothing is known of their buckets, and nothing fails."""
    monkeypatch.setenv("HEROKU_API_KEY", "HRKU-00000000-0000-4000-8000-000000000000")
    with open_tools() as strangers:
        looked = look_at_file_storage(strangers, "staging")
    assert all(verdict.facts == {"state": "not_testable"} for verdict in looked.verdicts.values())
