"""The team's server makes archives for laptops; a laptop without a token pulls them, and the site runs on one."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner, Result

from bc_pipelines.archive_output import BAD_INPUT, REFUSED
from bc_pipelines.cli import app
from bc_pipelines.definitions import build_definitions
from bc_pipelines.defs.jobs import archive_config, pull_config
from bc_pipelines.defs.launch import Outcome, run_job
from bc_pipelines.operations import local_archive
from bc_pipelines.operations.archive_store import ArchiveStore, Seen
from bc_pipelines.sandbox import s3
from bc_pipelines.sandbox.world import BUCKETS
from bc_pipelines_tests.archive_commands import BUCKS, WAIT_SECONDS
from bc_pipelines_tests.journeys.world import PRODUCTION, STAGING, Outside
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.sandbox.site.copies import SITE, Copy

NAME = "laptop"
ME = "me@developers.example"
LOG_IN = """
import os
from django.test import Client
client = Client(HTTP_HOST="localhost:8000")
print(client.login(username=os.environ["NAME"], password=os.environ["PASSWORD"]))
print(client.get("/admin/", secure=True).status_code)
"""


@pytest.fixture(scope="module")
def local(outside: Outside) -> Iterator[Cluster]:
    """A developer's own server, and no token for Heroku."""
    places = outside.world.postgres
    with Cluster(places.bin) as cluster, pytest.MonkeyPatch.context() as variables:
        variables.setenv("PATH", f"{places.bin}{os.pathsep}{os.environ['PATH']}")
        variables.setenv("BC_LOCAL_DATABASE_URL", cluster.url(NAME))
        variables.delenv("DATABASE_URL", raising=False)
        yield cluster


@pytest.fixture(scope="module")
def archives(first: Outcome, outside: Outside) -> dict[str, Outcome]:
    """The job make_local_archive, run for production and for staging as a reset left it."""
    assert first.succeeded, first.failure
    return {name: make(name) for name in ("production", "staging")}


@pytest.fixture
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The laptop has no access to Heroku, and Dagster only as files in a folder of its own."""
    for name in ("HEROKU_API_KEY", "DAGSTER_DATABASE_URL", "BC_VIEW_RESTRICTION_PASSWORD"):
        monkeypatch.delenv(name)


@pytest.fixture
def dagster_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Dagster instance of the laptop's own."""
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    return home


def make(environment: str) -> Outcome:
    """Run the job."""
    return run_job("make_local_archive", archive_config(environment), lambda _step: None)


def bucks(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, arguments)


def store() -> ArchiveStore:
    """The archive store, as the product reaches it."""
    return ArchiveStore(BUCKETS["archives"])


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_the_server_makes_an_archive(environment: str, archives: dict[str, Outcome], outside: Outside) -> None:
    """It is proven, described in the store, and made from a backup that was there or was captured."""
    made = archives[environment]
    assert made.succeeded, made.failure
    assert {check.name for check in made.checks if check.passed} == {
        "every_column_classified",
        "proof_found_nothing",
        "store_is_private",
    }
    found = local_archive.newest(store(), environment)
    assert found is not None
    assert found.environment == environment
    assert store().size(found.key) == found.size_bytes
    assert found.manifest["accounts"]["replaced"] > 0
    assert found.manifest["accounts"]["by_domain"] == [], "a domain of somebody's own would name them"
    assert made.metadata["local/sanitised_archive"]["accounts kept"] == 0


@pytest.mark.usefixtures("archives")
def test_an_archive_in_an_open_store_is_deleted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers could read it: the check is red, and neither the archive nor what is said of it stays."""
    before = store().keys("local/production/")
    monkeypatch.setattr(ArchiveStore, "as_a_stranger", lambda _store, _key: Seen(200, 403))
    made = make("production")
    assert "The archive was deleted again." in made.failure
    assert [check.name for check in made.checks if not check.passed] == ["store_is_private"]
    assert store().keys("local/production/") == before


def test_production_was_not_asked_for_another_backup(archives: dict[str, Outcome], outside: Outside) -> None:
    """The reset's own backup is recent enough to be adopted."""
    assert archives["production"].succeeded
    made_of = archives["production"].metadata["local/sanitised_archive"]["backup"]
    assert made_of in outside.backups(PRODUCTION)


@pytest.mark.usefixtures("archives", "no_token")
def test_a_laptop_pulls_without_a_token(
    local: Cluster, dagster_home: Path, outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store's archive is fetched; the developer logs in to the site; the run is in the laptop's own Dagster."""
    monkeypatch.chdir(SITE)
    result = bucks("pull", "data", "production", "--json", "--superuser", ME)
    assert result.exit_code == 0, result.output
    assert "comes sanitised from the archive store" in result.stderr
    done = json.loads(result.stdout)
    assert done["migrations"] == []
    assert len(done["sites"]) == 5
    site = Copy(local, NAME, tmp_path / "media")
    assert site.rows("SELECT count(*) FROM wagtailforms_formsubmission") == [(0,)]
    emails = {str(email) for (email,) in site.rows("SELECT email FROM users_user")}
    assert emails.isdisjoint({str(row[0]) for row in outside.sql("production", "SELECT email FROM users_user")} - {""})
    said = site.manage("shell", "-c", LOG_IN, ALLOWED_HOSTS="localhost", NAME=ME, PASSWORD=done["login"]["password"])
    assert said.stdout.split() == ["True", "200"], said.stderr
    with dg.DagsterInstance.get() as instance:
        [run] = instance.get_runs()
        assert (run.job_name, run.status) == ("pull_production_data", dg.DagsterRunStatus.SUCCESS)
        checks = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        assert len(checks.records) == 3
        told = str(list(instance.all_logs(run.run_id)))
    assert done["login"]["password"] not in told


@pytest.mark.usefixtures("archives", "no_token")
def test_a_refusal_in_a_recorded_pull_is_the_same_refusal(
    local: Cluster, dagster_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stops a pull ends with the same words and code as without Dagster, and the run has failed there."""
    monkeypatch.setenv("BC_LOCAL_DATABASE_URL", local.url("mine"))
    local.create_database("mine")
    local.execute("CREATE TABLE mine ()", database="mine")
    result = bucks("pull", "data", "production")
    assert result.exit_code == REFUSED
    assert "--old keep" in result.stderr
    with dg.DagsterInstance.get() as instance:
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]


@pytest.mark.usefixtures("archives", "no_token")
def test_a_pull_from_the_ui(local: Cluster, dagster_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job needs none of the team's settings, shows its three checks, and keeps or drops what it was told to."""
    monkeypatch.setenv("BC_LOCAL_DATABASE_URL", local.url("from-the-ui"))
    local.create_database("from-the-ui")
    local.execute("CREATE TABLE mine ()", database="from-the-ui")
    job = build_definitions(on_laptop=True).resolve_job_def("pull_staging_data")
    with dg.DagsterInstance.get() as instance:
        refused = job.execute_in_process(instance=instance, raise_on_error=False)
        assert not refused.success
        [failed] = [event for event in refused.all_events if event.is_step_failure]
        assert "--old keep" in str(failed.step_failure_data.user_failure_data)
        dropped = job.execute_in_process(
            instance=instance, run_config=pull_config("staging", old="drop"), raise_on_error=False
        )
    assert dropped.success
    assert all(evaluation.passed for evaluation in dropped.get_asset_check_evaluations())
    assert len(dropped.get_asset_check_evaluations()) == 3
    [materialised] = dropped.get_asset_materialization_events()
    assert materialised.materialization.metadata["environment"].value == "staging"
    assert local.execute("SELECT to_regclass('mine')", database="from-the-ui") == [(None,)]


@pytest.mark.usefixtures("archives", "no_token")
@pytest.mark.parametrize("step", ["Fetching", "Restoring", "Checking", "Swapping"])
def test_killed_at_each_step(step: str, local: Cluster, dagster_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed with -9 in a recorded pull from the store: the database is there and whole, and the next pull succeeds."""
    monkeypatch.setenv("BC_LOCAL_DATABASE_URL", local.url("killed"))
    if not local.execute("SELECT FROM pg_database WHERE datname = 'killed'"):
        local.create_database("killed")
        local.execute("CREATE TABLE mine ()", database="killed")
    said = stopped(step, signal.SIGKILL)
    assert said[0] == -signal.SIGKILL
    tables = {name for (name,) in local.execute("SELECT relname FROM pg_stat_user_tables", database="killed")}
    assert "mine" in tables or "wagtailcore_site" in tables
    result = bucks("pull", "data", "production", "--old", "drop", "--end-connections")
    assert result.exit_code == 0, result.output
    assert local.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'killed__pull%'") == [(0,)]


@pytest.mark.usefixtures("archives", "no_token")
def test_ctrl_c_ends_a_recorded_pull(local: Cluster, dagster_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with 130 and says what state things are in; Dagster shows a run that did not go through."""
    monkeypatch.setenv("BC_LOCAL_DATABASE_URL", local.url("stopped"))
    code, said = stopped("Restoring", signal.SIGINT)
    assert code == 130, said
    assert "The local database is as it was." in said
    assert local.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'stopped%'") == [(0,)]
    with dg.DagsterInstance.get() as instance:
        assert [run.status for run in instance.get_runs()] != [dg.DagsterRunStatus.SUCCESS]


def stopped(step: str, number: int) -> tuple[int, str]:
    """Pull in a process that gets a signal as soon as it says that a step begins: its exit code and what it said."""
    command = [str(BUCKS), "pull", "data", "production", "--old", "drop", "--end-connections"]
    said = ""
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            said += line
            if line.startswith(step):
                process.send_signal(number)
                break
        said += process.stderr.read()
        return process.wait(WAIT_SECONDS), said


@pytest.fixture
def tampered(archives: dict[str, Outcome], outside: Outside) -> Iterator[None]:
    """Another file in the place of staging's newest archive, for the length of a test."""
    found = local_archive.newest(store(), "staging")
    assert found is not None
    client = s3.client(outside.world)
    kept = client.get_object(Bucket=BUCKETS["archives"], Key=found.key)["Body"].read()
    store().put_text(found.key, "another one", "application/octet-stream")
    yield
    client.put_object(Bucket=BUCKETS["archives"], Key=found.key, Body=kept)


@pytest.mark.usefixtures("tampered", "no_token")
def test_an_archive_that_was_tampered_with_is_not_used(local: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its digest is not the one that was noted: nothing is restored."""
    monkeypatch.delenv("DAGSTER_HOME")
    result = bucks("pull", "data", "staging", "--old", "drop")
    assert result.exit_code == BAD_INPUT
    assert "is not the archive that was stored there" in result.stderr


@pytest.mark.usefixtures("archives", "no_token")
def test_where_no_way_leads_to_the_data_it_says_so(local: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an archive nor a token: which job makes the one, and which variable is the other."""
    monkeypatch.delenv("DAGSTER_HOME")
    result = bucks("pull", "data", "development")
    assert result.exit_code == REFUSED
    assert "make_local_archive" in result.stderr
    assert "HEROKU_API_KEY" in result.stderr


@pytest.mark.usefixtures("archives")
def test_whoever_has_a_token_may_go_past_the_store(local: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --from-production the raw backup streams from Heroku, and the command says what that means."""
    monkeypatch.delenv("DAGSTER_HOME")
    result = bucks("pull", "data", "production", "--from-production", "--old", "drop")
    assert result.exit_code == 0, result.output
    assert "passes through this machine's memory, raw" in result.stderr


@pytest.mark.usefixtures("archives")
def test_where_the_store_refuses_heroku_is_asked(local: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """With keys that the store does not know, the reason is said and the backup streams from Heroku."""
    monkeypatch.delenv("DAGSTER_HOME")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another one")
    result = bucks("pull", "data", "production", "--old", "drop")
    assert result.exit_code == 0, result.output
    assert "could not list its archives" in result.stderr
    assert "passes through this machine's memory, raw" in result.stderr


@pytest.mark.usefixtures("archives")
def test_old_archives_go(outside: Outside) -> None:
    """The two newest stay; so does what is newer than the newest whole one, because somebody may be storing it."""
    for name in ("20200101T000000Z-b001", "20200102T000000Z-b002"):
        for ending in ("dump", "json"):
            store().put_text(f"local/production/{name}.{ending}", "{}", "text/plain")
    store().put_text("local/production/29990101T000000Z-b999.dump", "x", "text/plain")
    assert local_archive.forget_old(store(), "production") == 2
    kept = store().keys("local/production/")
    assert len(kept) == 5
    assert "local/production/20200102T000000Z-b002.json" in kept
    assert STAGING not in str(kept)


@pytest.mark.usefixtures("archives")
def test_the_doctor_finds_everything_well(local: Cluster, outside: Outside) -> None:
    """On the sandbox every credential works, what each may do is said, and nothing stays in a bucket."""
    before = store().keys("")
    done = bucks("doctor", "--json")
    assert done.exit_code == 0, done.output
    found = {finding["about"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert found["Heroku: buckinghamshire-production"]["state"] == "works"
    assert "capture a backup" in found["Heroku: buckinghamshire-staging"]["words"]
    in_store = found[f"Archive store: {BUCKETS['archives']}"]["words"]
    assert "may write" in in_store
    assert re.search(r"production: \d+ \w+ \d{4}", in_store)
    assert "not used to write" in found["Media: production"]["words"]
    assert "may write" in found["Media: staging"]["words"]
    major = outside.world.postgres.major
    assert f"is version {major}; production has {major}" in found["PostgreSQL client"]["words"]
    assert store().keys("") == before
    assert [name for name, secret in outside.world.secrets.items() if secret in done.output] == []
