"""Which of Dagster's runs the job tidy_history deletes, on a real instance in PostgreSQL."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.events import StepMaterializationData

from bc_pipelines.defs.tidy import old_runs
from bc_pipelines_tests.defs.sleeper import sleeper
from bc_pipelines_tests.postgres import Cluster

AGES = (400, 300, 200, 10)


@pytest.fixture
def runs(instance: dg.DagsterInstance, cluster: Cluster) -> list[str]:
    """Runs that ended so many days ago, the oldest first."""
    made = []
    for days in AGES:
        run = instance.create_run_for_job(sleeper, status=dg.DagsterRunStatus.SUCCESS)
        then = datetime.now(UTC) - timedelta(days=days)
        cluster.execute(
            "update runs set create_timestamp = %s where run_id = %s", (then, run.run_id), database="dagster"
        )
        made.append(run.run_id)
    return made


def test_old_runs_go_oldest_first_and_no_more_than_the_limit(instance: dg.DagsterInstance, runs: list[str]) -> None:
    """Young runs stay whatever the limit is."""
    assert list(old_runs(instance, days=90, limit=2)) == runs[:2]
    assert list(old_runs(instance, days=90, limit=99)) == runs[:3]
    assert list(old_runs(instance, days=500, limit=99)) == []


def test_the_last_good_materialisation_stays(instance: dg.DagsterInstance, runs: list[str]) -> None:
    """A run that holds the newest materialisation of an asset is kept, so that the UI shows what is there."""
    asset = dg.AssetMaterialization(dg.AssetKey(["staging", "database"]))
    for run_id in runs[:2]:
        event = dg.DagsterEvent(
            dg.DagsterEventType.ASSET_MATERIALIZATION.value,
            sleeper.name,
            event_specific_data=StepMaterializationData(asset),
        )
        instance.report_dagster_event(event, run_id)
    assert list(old_runs(instance, days=90, limit=99)) == [runs[0], runs[2]]
    assert list(old_runs(instance, days=90, limit=1)) == [runs[0]]
