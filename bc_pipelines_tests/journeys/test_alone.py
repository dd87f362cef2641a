"""Each destructive asset materialised alone, where it must not be: refused in words, and nothing is changed."""

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from bc_pipelines.definitions import defs
from bc_pipelines.defs.launch import Outcome
from bc_pipelines.operations import restore
from bc_pipelines.operations.lock import holder_of
from bc_pipelines.operations.record import Records, State
from bc_pipelines.operations.tools import open_tools
from bc_pipelines.settings import SettingsError
from bc_pipelines.wagtail_sql.marker import read_marker, write_marker
from bc_pipelines_tests.journeys.test_killed import everything, newest, records
from bc_pipelines_tests.journeys.world import PRODUCTION, STAGING, Outside

pytestmark = pytest.mark.usefixtures("first")
DESTRUCTIVE = ("branch", "database", "accounts", "site_records", "ready", "rolled_back")


@pytest.fixture(autouse=True)
def nothing_changes(outside: Outside) -> Iterator[None]:
    """Asserts that staging's rows, dynos, maintenance, backups, restores and records stay as they are."""
    rows = outside.rows("staging")
    yield
    assert outside.rows("staging") == rows


def alone(name: str) -> dg.ExecuteInProcessResult:
    """Materialise one of staging's assets alone, as somebody does who selects it in the UI."""
    job = defs.resolve_implicit_global_asset_job_def()
    keys = [dg.AssetKey(["staging", name])]
    with dg.DagsterInstance.get() as instance:
        return job.execute_in_process(instance=instance, asset_selection=keys, raise_on_error=False)


def refused(name: str) -> str:
    """What materialising one of staging's assets alone is refused with."""
    result = alone(name)
    assert not result.success
    failures = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    told = [f.user_failure_data.description or "" if f.user_failure_data else str(f.error) for f in failures]
    return " ".join(told)


@pytest.mark.parametrize("name", DESTRUCTIVE)
def test_after_a_reset_that_came_to_its_end(outside: Outside, name: str) -> None:
    """A record that is done opens nothing."""
    before = everything(outside)
    assert "Nothing was changed. Start the job" in refused(name)
    assert everything(outside) == before


@pytest.fixture
def stopped_before_the_wipe(first: Outcome, outside: Outside) -> Iterator[Records]:
    """Somebody else's open record: its archive is proven, and its run is gone."""
    done = records(outside).of_run(first.run_id)
    assert done is not None
    opened = records(outside).open_reset("somebody-else", "staging", STAGING, "Ada", "typed", **done.facts)
    records(outside).note(opened, State.SANITISED)
    yield records(outside)
    outside.sql("dagster", "delete from bc_pipelines.reset where run_id = 'somebody-else'")


@pytest.mark.parametrize("name", DESTRUCTIVE)
def test_with_somebody_elses_record(outside: Outside, stopped_before_the_wipe: Records, name: str) -> None:
    """A reset of another run that stands before its wipe is not carried through by whoever comes along."""
    before = everything(outside)
    assert "Nothing was changed. Start the job" in refused(name)
    assert everything(outside) == before


@pytest.fixture
def stopped_after_the_restore(outside: Outside, stopped_before_the_wipe: Records) -> Records:
    """Somebody else's open record of a reset that restored; but staging holds what another one made."""
    theirs = stopped_before_the_wipe.of_run("somebody-else")
    assert theirs is not None
    stopped_before_the_wipe.note(theirs, State.MENDED, accounts_put_back=0)
    return stopped_before_the_wipe


@pytest.mark.parametrize("name", ["accounts", "site_records", "ready"])
def test_on_a_database_of_another_reset(outside: Outside, stopped_after_the_restore: Records, name: str) -> None:
    """The database carries another id than the open record's: both are named, with what can be done."""
    theirs, before = newest(outside), everything(outside)
    words = refused(name)
    assert f"staging/{name} was not begun" in words
    assert f"not {theirs.id}, the reset that is unfinished" in words
    assert f"bucks reset roll-back --confirm {STAGING}" in words
    assert everything(outside) == before


def test_with_productions_name_in_the_settings(
    outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Staging's entry names production's app: no step even begins, neither alone nor in a whole reset or way back."""
    path = tmp_path / "environments.toml"
    text = (outside.world.root / "environments.toml").read_text(encoding="utf-8")
    path.write_text(text.replace(f'"{STAGING}"', f'"{PRODUCTION}"'), encoding="utf-8")
    monkeypatch.setenv("BC_ENVIRONMENTS", str(path))
    before = everything(outside)
    for name in DESTRUCTIVE:
        result = alone(name)
        assert not result.success
        assert not [event for event in result.all_events if event.is_step_start]
    for wipe in (outside.reset, outside.roll_back):
        with pytest.raises(SettingsError, match="Two environments name the same Heroku app"):
            wipe(confirm=PRODUCTION)
    assert everything(outside) == before


def test_the_control(outside: Outside, first: Outcome, stopped_after_the_restore: Records) -> None:
    """On the database that carries the open record's id, the same step goes on."""
    theirs = newest(outside)
    with psycopg.connect(outside.world.database_url("staging"), autocommit=True) as connection:
        made_by = read_marker(connection)
        assert made_by
        write_marker(connection, theirs.id)
        try:
            with open_tools() as tools:
                made_first = restore.manifest_of(tools, str(first.metadata["staging/database"]["reset"]))
                key = f"archives/{theirs.id}.manifest.json"
                tools.archives.put_text(key, json.dumps(made_first), "application/json")
            result = alone("accounts")
            assert result.success
            assert newest(outside).facts["continued_by"] == [result.run_id]
        finally:
            write_marker(connection, made_by)


def test_the_clean_up_changes_nothing_on_staging(outside: Outside) -> None:
    """The job tidy_history finds nothing old on a young sandbox, says so in numbers, and gives the lock back."""
    before = everything(outside)
    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def("tidy_history").execute_in_process(instance=instance)
        handled = next(event for event in result.all_events if event.is_handled_output or event.is_successful_output)
    told = handled.event_specific_data.metadata  # type: ignore[union-attr]
    assert {label: value.value for label, value in told.items()} == {
        "objects deleted": 0,
        "folders deleted": 0,
        "runs deleted": 0,
    }
    assert everything(outside) == before
    assert holder_of(outside.world.database_url("dagster")) is None
