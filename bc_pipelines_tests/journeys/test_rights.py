"""A token without the rights, through the jobs: the reset stops before anything is begun, and says what is missing."""

from collections.abc import Callable, Iterator

import dagster as dg
import pytest

from bc_pipelines.definitions import defs
from bc_pipelines.defs.preflight import BRANCHES, PLAN
from bc_pipelines.operations.lock import holder_of
from bc_pipelines_tests.journeys.world import PRODUCTION, STAGING, Outside

TOKEN = "invented-token-of-somebody-else"
EMAIL = "somebody.else@buckinghamshire.example"
WORKER = {"permissions": ["view", "deploy", "operate"]}
VIEWER = {"permissions": ["view"]}
MISSING = f"{STAGING}: {EMAIL} may not capture a backup, restore its database"

Grants = dict[str, dict[str, list[str]]]


@pytest.fixture
def grant(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Grants], None]]:
    """Gives the product the token of another account with these rights."""
    monkeypatch.setenv("HEROKU_API_KEY", TOKEN)
    with outside.heroku() as client:

        def grant(apps: Grants) -> None:
            body = {"token": TOKEN, "email": EMAIL, "apps": apps}
            client.post("/sandbox/accounts", json=body).raise_for_status()

        yield grant
        client.delete("/sandbox/accounts").raise_for_status()


@pytest.fixture
def untouched(outside: Outside) -> Iterator[None]:
    """Asserts that nothing of Heroku's is changed, that no record is opened, and that nobody holds the lock."""

    def state() -> object:
        paths = ("/apps/{}", "/apps/{}/formation", "/client/v11/apps/{}/transfers")
        heroku = [outside.get(path.format(app)) for app in (PRODUCTION, STAGING) for path in paths]
        return heroku, outside.sql("dagster", "select count(*) from bc_pipelines.reset")

    # Without a backup to adopt, the reset would have to capture one.
    with outside.heroku() as client:
        for backup in outside.transfers(PRODUCTION, "gof3r"):
            client.delete(f"/client/v11/apps/{PRODUCTION}/transfers/{backup['num']}").raise_for_status()
    before = state()
    yield
    assert state() == before
    assert holder_of(outside.world.database_url("dagster")) is None


@pytest.mark.usefixtures("first", "untouched")
@pytest.mark.parametrize(
    ("apps", "missing"),
    [
        ({PRODUCTION: WORKER, STAGING: VIEWER}, MISSING),
        ({STAGING: WORKER}, f"{PRODUCTION}: {EMAIL} may not see the app"),
    ],
    ids=["may only look at staging", "does not see production"],
)
def test_a_reset_stops_before_anything_is_begun(
    outside: Outside, grant: Callable[[Grants], None], apps: Grants, missing: str
) -> None:
    """The first step refuses in words: no backup is captured, no lock is left, no maintenance, no record."""
    grant(apps)
    outcome = outside.reset()
    assert not outcome.succeeded
    assert [(step.name, step.succeeded) for step in outcome.steps] == [("production/backup", False)]
    assert missing in outcome.failure
    assert "docs/heroku.md says how to give it the right. Nothing was changed." in outcome.failure
    assert TOKEN not in outcome.failure


@pytest.mark.usefixtures("first", "untouched")
def test_a_preview_shows_the_check_failed(grant: Callable[[Grants], None]) -> None:
    """The job that changes nothing ends with the failed check, whose rows say what may be done on each app."""
    grant({PRODUCTION: WORKER, STAGING: VIEWER})
    with dg.DagsterInstance.get() as instance:
        job = defs.resolve_job_def("preview_staging_reset")
        result = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "token_may_reset"]
    assert (check.asset_key, check.passed, check.severity) == (PLAN, False, dg.AssetCheckSeverity.ERROR)
    assert MISSING in str(check.description)
    assert [event.materialization.asset_key for event in result.get_asset_materialization_events()] == [BRANCHES]


@pytest.mark.usefixtures("first")
def test_what_cannot_be_known_is_a_warning(outside: Outside, grant: Callable[[Grants], None]) -> None:
    """One permission of the two does not stop a preview: it shows branches and plan, with a warning beside it."""
    grant({PRODUCTION: WORKER, STAGING: {"permissions": ["view", "deploy"]}})
    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def("preview_staging_reset").execute_in_process(instance=instance)
    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "token_may_reset"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert [event.materialization.asset_key for event in result.get_asset_materialization_events()] == [BRANCHES, PLAN]
