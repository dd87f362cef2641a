"""What goes wrong, made to happen: where staging stands afterwards, and what the message says."""

import resource
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from bc_pipelines.definitions import defs
from bc_pipelines.defs.database import DATABASE, RELEASE
from bc_pipelines.defs.jobs import RESET_ASSETS, plan_config
from bc_pipelines.operations.tidy import SCRATCH_PREFIX
from bc_pipelines.sandbox import gitlab as gitlab_server
from bc_pipelines_tests.journeys.world import PRODUCTION, STAGING, Outside

# What is there to lose: a staging that was reset before.
pytestmark = pytest.mark.usefixtures("first")

# The fourth download of production's backup in a reset is the one that is sanitised.
DOWNLOADS = f"/xfer-bucket/{PRODUCTION}/*"


@pytest.fixture
def untouched(outside: Outside) -> Iterator[None]:
    """Asserts that staging's data, its dynos and its restores are the same before and after the test."""

    def state() -> tuple[object, ...]:
        tables = "select table_name from information_schema.tables where table_schema = 'public' order by 1"
        restores = [transfer["uuid"] for transfer in outside.transfers(STAGING, "pg_restore")]
        return outside.sql("staging", tables), restores, outside.running(), outside.maintenance()

    before = state()
    yield
    assert state() == before


@pytest.fixture
def environments(outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sandbox's environments.toml that the product reads instead, to be changed by the test."""
    path = tmp_path / "environments.toml"
    path.write_text((outside.world.root / "environments.toml").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("BC_ENVIRONMENTS", str(path))
    return path


def change(path: Path, old: str, new: str) -> None:
    """Replace a text in a file that must hold it."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.usefixtures("untouched")
def test_a_wrong_token(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that Heroku does not know stops the run in its first step, and is not repeated in the message."""
    monkeypatch.setenv("HEROKU_API_KEY", "11111111-2222-3333-4444-555555555555")
    outcome = outside.reset()
    assert not outcome.succeeded
    assert "token" in outcome.failure
    assert "11111111-2222" not in outcome.failure


@pytest.mark.usefixtures("untouched")
def test_an_unknown_app(outside: Outside, environments: Path) -> None:
    """An app that does not exist is named."""
    change(environments, f'"{PRODUCTION}"', '"buckinghamshire-produktion"')
    outcome = outside.reset()
    assert not outcome.succeeded
    assert "buckinghamshire-produktion" in outcome.failure


@pytest.mark.usefixtures("untouched")
def test_the_two_apps_exchanged(outside: Outside, environments: Path) -> None:
    """Settings that take production for staging are found out by the data, although that app's name is typed."""
    exchanged = f'heroku_app = "{PRODUCTION}"\nwritable = false', f'heroku_app = "{STAGING}"\nwritable = true'
    change(environments, exchanged[0], 'heroku_app = "x"\nwritable = false')
    change(environments, exchanged[1], f'heroku_app = "{PRODUCTION}"\nwritable = true')
    change(environments, 'heroku_app = "x"', f'heroku_app = "{STAGING}"')
    rows, backups = outside.rows("production"), outside.backups(PRODUCTION)
    outcome = outside.reset(confirm=PRODUCTION)
    assert not outcome.succeeded
    assert "Is that app production?" in outcome.failure
    assert outside.rows("production") == rows
    assert outside.backups(PRODUCTION) == backups
    assert outside.transfers(PRODUCTION, "pg_restore") == []
    assert not outside.get(f"/apps/{PRODUCTION}")["maintenance"]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("typed", ["", PRODUCTION, "buckinghamshire-stagin"])
def test_a_wrong_name_typed(outside: Outside, typed: str) -> None:
    """Anything but the exact name of staging's app is refused, before production is asked for a backup."""
    for backup in outside.transfers(PRODUCTION, "gof3r"):
        _delete_backup(outside, backup["num"])
    outcome = outside.reset(confirm=typed)
    assert not outcome.succeeded
    assert f"To wipe {STAGING}, its name must be typed" in outcome.failure
    assert outside.transfers(PRODUCTION, "gof3r") == []


@pytest.mark.usefixtures("untouched")
def test_a_failed_capture(outside: Outside) -> None:
    """When staging cannot be backed up there is no way back, so nothing is wiped."""
    with outside.fault(on="transfer", kind="fail", transfer="backup", app=STAGING, message="disk quota exceeded"):
        outcome = outside.reset()
    assert not outcome.succeeded
    assert STAGING in outcome.failure
    assert [step.name for step in outcome.steps][-1] == "staging/backup"


@pytest.mark.usefixtures("untouched")
def test_a_full_disk(outside: Outside) -> None:
    """The archive cannot be written: refused before the wipe, the file is gone, and the message says where to look."""
    # What a run left that was killed with signal 9, of any other file, is not this one's.
    before = set(outside.world.root.rglob(f"{SCRATCH_PREFIX}*"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        outcome = outside.reset()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert outcome.steps[-1].name == "staging/sanitised_archive"
    assert "The system refused: File too large" in outcome.failure
    assert "docs/operating.md#the-disk-is-full" in outcome.failure
    assert set(outside.world.root.rglob(f"{SCRATCH_PREFIX}*")) == before


@pytest.mark.usefixtures("untouched")
def test_a_denied_upload(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    """The archive store does not let this key write: refused before the wipe, with S3's reason and without the key."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-key-that-was-withdrawn")
    outcome = outside.reset()
    assert not outcome.succeeded
    assert "could not store a text: it answered" in outcome.failure
    assert "docs/operating.md#the-archive-store-refuses" in outcome.failure
    assert "withdrawn" not in outcome.failure


@pytest.mark.usefixtures("untouched")
def test_an_unknown_column(outside: Outside) -> None:
    """A site release added a column: the backup's table of contents is enough to refuse, and the message names it."""
    outside.sql("production", "alter table feedback_feedbackcomment add column phone varchar(40)")
    try:
        for backup in outside.transfers(PRODUCTION, "gof3r"):
            _delete_backup(outside, backup["num"])
        outcome = outside.reset()
    finally:
        outside.sql("production", "alter table feedback_feedbackcomment drop column phone")
        for backup in outside.transfers(PRODUCTION, "gof3r"):
            _delete_backup(outside, backup["num"])
    assert not outcome.succeeded
    failed = {check.name: check.summary for check in outcome.failed_checks}
    assert "feedback_feedbackcomment.phone" in failed["catalogue_covers_backup"]


@pytest.mark.usefixtures("untouched")
def test_a_site_without_a_mapping(outside: Outside, environments: Path) -> None:
    """A production host that staging has no host for is named by the plan, which then refuses."""
    change(environments, '"fis.buckinghamshire.example" = "fis.staging.buckinghamshire.example"', "")
    outcome = outside.reset()
    assert not outcome.succeeded
    failed = {check.name: check.summary for check in outcome.failed_checks}
    assert "fis.buckinghamshire.example" in failed["plan_is_acceptable"]


@pytest.mark.usefixtures("untouched")
def test_a_branch_that_conflicts(outside: Outside) -> None:
    """Two features in each other's way, resolved on staging by hand: the plan names branch and file, and stops."""
    before = outside.refs()
    for number in (1, 2):
        outside.feature(f"feature/conflict-{number}", "clash.txt", f"{number}\n")
    refs = outside.refs()
    try:
        outcome = outside.reset()
        assert outside.refs() == refs, "something was pushed"
    finally:
        outside.put_back(before)
    assert not outcome.succeeded
    assert "feature/conflict-2 (clash.txt)" in outcome.failure
    assert outcome.steps[-1].name == "staging/reset_plan"
    failed = {check.name: check for check in outcome.checks if not check.passed}
    assert failed.keys() == {"every_branch_merges", "nothing_only_on_staging", "plan_is_acceptable"}


@pytest.mark.usefixtures("untouched")
def test_a_pipeline_that_fails(outside: Outside) -> None:
    """CI fails on the new branch: the reset stops before the wipe, and says where things stand; so does the next."""
    outside.release()
    rows = outside.rows("staging")
    with outside.gitlab() as gitlab:
        gitlab.post("/sandbox/faults", json={"pipeline": "failed"}).raise_for_status()
        for outcome in (outside.reset(), outside.reset()):
            assert outcome.steps[-1].name == "staging/release"
            assert [check.name for check in outcome.failed_checks] == ["ci_passes"]
            assert f"{STAGING} was not touched and is as it was." in outcome.failure
            assert "failed (test). Look at" in outcome.failure
            assert "docs/operating.md#ci-does-not-pass" in outcome.failure
            assert outside.world.secrets["gitlab_token"] not in outcome.failure
        # As somebody does who starts it anew, so that those that follow find it passed.
        project = f"/api/v4/projects/{gitlab_server.PROJECT.replace('/', '%2F')}"
        gitlab.post(f"{project}/pipeline", params={"ref": "staging"}).raise_for_status()
    assert outside.rows("staging") == rows


@pytest.mark.usefixtures("untouched")
def test_a_run_that_leaves_the_release_out(outside: Outside) -> None:
    """Everything up to the wipe but that step, as somebody may select it in the UI: the wipe is refused."""
    keys = [key for key in RESET_ASSETS[: RESET_ASSETS.index(DATABASE) + 1] if key != RELEASE]
    words = plan_config(confirm=STAGING, requested_by="a journey")
    with dg.DagsterInstance.get() as instance:
        job = defs.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(instance=instance, asset_selection=keys, run_config=words, raise_on_error=False)
        [failure] = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert failure.user_failure_data is not None
    said = str(failure.user_failure_data.description)
    assert "needs a step that was left out of this run: nothing noted release_settled" in said
    assert f"{STAGING} was not touched" in said


@pytest.mark.usefixtures("untouched")
def test_staging_database_alone(outside: Outside) -> None:
    """Materialised alone in the UI, the destructive asset refuses and says which job to start."""
    with dg.DagsterInstance.get() as instance:
        job = defs.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(["staging", "database"])], raise_on_error=False
        )
        events = [event for event in result.all_events if event.is_step_failure]
    assert not result.success
    description = events[0].step_failure_data.user_failure_data
    assert description is not None
    assert "Start the job reset_staging instead" in str(description.description)


@pytest.mark.usefixtures("untouched")
def test_a_preview_changes_nothing(outside: Outside) -> None:
    """The preview shows the plan, opens no record and takes no lock."""
    before = outside.sql("dagster", "select count(*) from bc_pipelines.reset")
    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def("preview_staging_reset").execute_in_process(instance=instance)
        shown = result.asset_materializations_for_node("staging__reset_plan")[0].metadata
    assert STAGING in str(shown["plan"].value)
    assert outside.sql("dagster", "select count(*) from bc_pipelines.reset") == before


def test_a_broken_download_is_resumed(outside: Outside) -> None:
    """The connection breaks in the middle of the backup, twice: the stream goes on where it stopped."""
    with outside.fault(kind="truncate", path=DOWNLOADS, method="GET", bytes=200_000, times=2, skip=3):
        outcome = outside.reset()
    assert outcome.failure == ""
    assert outcome.failed_checks == ()


def test_an_expired_url_is_renewed(outside: Outside) -> None:
    """The signed address has run out by the time the backup is read: a new one is asked for."""
    with outside.fault(kind="expired_url", path=DOWNLOADS, method="GET", times=1, skip=3):
        outcome = outside.reset()
    assert outcome.failure == ""
    assert outcome.failed_checks == ()


def test_a_restore_that_stops_half_way(outside: Outside) -> None:
    """Staging is left half restored: maintenance stays on, no dyno runs, the message names the way back.

    The next reset keeps that rollback point, brings the dynos back as they were before the first, and goes through.
    Nothing is captured of the wreck, so that Heroku, which keeps few backups, never drops the way back for it.
    """
    before = outside.running()
    with outside.fault(on="transfer", kind="half_way", transfer="restore", app=STAGING):
        broken = outside.reset()
    assert not broken.succeeded
    rollback = outside.backups(STAGING)[0]
    assert f"backup {rollback} of {STAGING}" in broken.failure
    assert "is in maintenance and must stay there" in broken.failure
    assert "is over: failed" in broken.failure
    assert "still be running" not in broken.failure
    assert outside.maintenance()
    assert set(outside.running().values()) == {0}

    healed = outside.reset()
    assert healed.failure == ""
    assert healed.failed_checks == ()
    assert outside.running() == before
    facts = outside.sql("dagster", "select facts from bc_pipelines.reset order by started_at desc limit 1")[0][0]
    assert facts["rollback_point"] == rollback
    assert outside.backups(STAGING)[0] == rollback, "the wreck was backed up"
    age = next(check for check in healed.checks if (check.asset, check.name) == ("staging/backup", "backup_is_recent"))
    assert f"is the rollback point of the broken-off reset {facts['broken_off']}" in age.summary


def _delete_backup(outside: Outside, num: int) -> None:
    """Delete a backup at Heroku, so that the next reset captures anew."""
    with outside.heroku() as client:
        client.delete(f"/client/v11/apps/{PRODUCTION}/transfers/{num}").raise_for_status()
