"""The last message of a reset that did not come to its end, added to real runs on a Dagster instance in PostgreSQL."""

from pathlib import Path

import dagster as dg
import pytest

from bc_pipelines.definitions import defs
from bc_pipelines.defs.jobs import plan_config
from bc_pipelines.defs.last_words import where_staging_stands_after_a_failure, where_staging_stands_after_terminate
from bc_pipelines.defs.reaper import report_dead_runs
from bc_pipelines.operations.record import Records, State
from bc_pipelines.sandbox.certificates import make_certificates
from bc_pipelines_tests.defs.sleeper import sleeper
from bc_pipelines_tests.defs.test_reaper import GONE
from bc_pipelines_tests.notices.servers import running_slack

APP = "council-staging"
ENDS = {
    dg.DagsterEventType.RUN_FAILURE: (dg.DagsterRunStatus.FAILURE, where_staging_stands_after_a_failure),
    dg.DagsterEventType.RUN_CANCELED: (dg.DagsterRunStatus.CANCELED, where_staging_stands_after_terminate),
}


def begun(instance: dg.DagsterInstance, *, reset: bool = True, tags: dict[str, str] | None = None) -> str:
    """A run that is under way, of the job reset_staging or of another; returns its id."""
    job = defs.resolve_job_def("reset_staging") if reset else sleeper
    config = plan_config(confirm=APP).to_config_dict() if reset else {}  # type: ignore[no-untyped-call]
    return instance.create_run_for_job(job, run_config=config, status=dg.DagsterRunStatus.STARTED, tags=tags).run_id


def last_message(instance: dg.DagsterInstance, run_id: str) -> str:
    """The newest message on a run's page."""
    return str(instance.all_logs(run_id)[-1].get_dagster_event().message)


def end(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType, message: str = "It is over.") -> None:
    """Let a run end, and the sensor that is meant for such ends look at it."""
    run = instance.get_run_by_id(run_id)
    assert run is not None
    event = dg.DagsterEvent(kind.value, run.job_name, message=message)
    instance.report_dagster_event(event, run_id)
    look(instance, run_id, kind)


def look(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType) -> None:
    """Let the sensor look at a run that has ended."""
    status, sensor = ENDS[kind]
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert run.status is status
    event = instance.get_records_for_run(run_id, of_type=kind).records[-1].event_log_entry.get_dagster_event()
    sensor(
        dg.build_run_status_sensor_context(
            sensor_name=sensor.name, dagster_instance=instance, dagster_run=run, dagster_event=event
        )
    )


@pytest.mark.parametrize("kind", list(ENDS))
def test_a_reset_that_ended_after_the_wipe(
    instance: dg.DagsterInstance, records: Records, kind: dg.DagsterEventType
) -> None:
    """Failed or terminated: the last message is the state of staging and the two ways forward."""
    run_id = begun(instance)
    records.note(records.open_reset(run_id, "staging", APP, "a tester", "typed"), State.WIPING, rollback_point="b007")
    end(instance, run_id, kind)
    words = last_message(instance, run_id)
    assert f"{APP} is in maintenance and must stay there" in words
    assert "To go on:" in words
    assert f"To go back: start the job roll_back_staging, or bucks reset roll-back --confirm {APP}." in words


@pytest.mark.parametrize("kind", list(ENDS))
def test_a_reset_that_ended_before_the_wipe(
    instance: dg.DagsterInstance, records: Records, kind: dg.DagsterEventType
) -> None:
    """Nothing was changed, and the last message says so."""
    run_id = begun(instance)
    records.note(records.open_reset(run_id, "staging", APP, "a tester", "typed"), State.SANITISED)
    end(instance, run_id, kind)
    assert f"{APP} was not touched and is as it was" in last_message(instance, run_id)


def test_a_reset_that_never_had_a_record(instance: dg.DagsterInstance, records: Records) -> None:
    """It stopped in its first step."""
    run_id = begun(instance)
    end(instance, run_id, dg.DagsterEventType.RUN_FAILURE)
    assert "Staging was not touched by this run" in last_message(instance, run_id)


def test_other_runs_are_left_alone(instance: dg.DagsterInstance, records: Records) -> None:
    """A run that was no reset has nothing to do with where staging stands."""
    run_id = begun(instance, reset=False)
    end(instance, run_id, dg.DagsterEventType.RUN_FAILURE)
    assert last_message(instance, run_id) == "It is over."


def test_a_reset_under_another_jobs_name(instance: dg.DagsterInstance, records: Records) -> None:
    """The button for all assets runs the same steps under a job of Dagster's own: what counts is the record."""
    run_id = begun(instance, reset=False)
    records.open_reset(run_id, "staging", APP, "a tester", "typed")
    end(instance, run_id, dg.DagsterEventType.RUN_CANCELED)
    assert f"{APP} was not touched and is as it was" in last_message(instance, run_id)


def test_what_was_said_is_not_said_again(instance: dg.DagsterInstance, records: Records) -> None:
    """A run that the start of the UI found dead ended with these words already."""
    run_id = begun(instance, tags=GONE)
    records.note(records.open_reset(run_id, "staging", APP, "a tester", "typed"), State.WIPING, rollback_point="b007")
    assert report_dead_runs(instance, records) == [run_id]
    before = len(instance.all_logs(run_id))
    assert "is in maintenance and must stay there" in last_message(instance, run_id)
    look(instance, run_id, dg.DagsterEventType.RUN_FAILURE)
    assert len(instance.all_logs(run_id)) == before


def test_colleagues_are_told_however_it_ended(
    instance: dg.DagsterInstance,
    records: Records,
    environments: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also of a run whose page says already where staging stands; each reset once, whoever looks at it."""
    certificates = make_certificates(tmp_path / "tls", [])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    with running_slack(tmp_path, certificates) as slack:
        text = environments.read_text(encoding="utf-8")
        environments.write_text(f'{text}\n[notices]\nslack_channel = "{slack.channel}"\n', encoding="utf-8")
        monkeypatch.setenv("BC_SLACK_TOKEN", slack.token)
        monkeypatch.setenv("BC_SLACK_API_URL", slack.api_url)
        dead = begun(instance, tags=GONE)
        records.note(records.open_reset(dead, "staging", APP, "a tester", "typed"), State.WIPING, rollback_point="b007")
        assert report_dead_runs(instance, records) == [dead]
        for _ in range(2):
            look(instance, dead, dg.DagsterEventType.RUN_FAILURE)
        assert last_message(instance, dead) == "Colleagues were told of it on Slack."
    assert (tmp_path / "messages.json").read_text(encoding="utf-8").count("stopped after its wipe") == 1
