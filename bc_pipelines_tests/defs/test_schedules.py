"""What is scheduled: when it is due, what must hold for it to begin, and what it asks for."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from bc_pipelines.definitions import defs
from bc_pipelines.defs.jobs import reset_staging
from bc_pipelines.defs.schedules import nightly_local_archives, weekly_staging_reset
from bc_pipelines.operations.lock import ResetLock
from bc_pipelines_tests.postgres import Cluster

LONDON = ZoneInfo("Europe/London")
MONDAY = datetime(2026, 11, 30, 5, tzinfo=LONDON)
STAGING = "buckinghamshire-staging"
APPROVED_BY = "head.of.web@buckinghamshire.example"


def tick(due: datetime = MONDAY) -> dg.RunRequest | str:
    """Let the schedule decide as the daemon does: the run that it requests, or its reason for none."""
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(instance=instance, scheduled_execution_time=due)
        decided = weekly_staging_reset.evaluate_tick(context)
    if decided.run_requests:
        assert len(decided.run_requests) == 1
        return decided.run_requests[0]
    return decided.skip_message or ""


def set_approval(path: Path, until: date | None) -> None:
    """Write a standing approval in place of the one that stands there, or none."""
    table = "[environments.staging.standing_approval]"
    before, _, behind = path.read_text(encoding="utf-8").partition(table)
    others = behind[behind.index("[environments") :]
    approval = f'{table}\nby = "{APPROVED_BY}"\nuntil = {until}\n\n' if until else ""
    path.write_text(before + approval + others, encoding="utf-8")


@pytest.fixture
def approved(environments: Path) -> Path:
    """A standing approval that is valid for another month."""
    set_approval(environments, datetime.now(UTC).date() + timedelta(days=30))
    return environments


@pytest.fixture
def another_reset(cluster: Cluster) -> Iterator[str]:
    """Another run holds the lock; returns its id."""
    lock = ResetLock(cluster.url())
    lock.acquire("4f2a81c0")
    yield "4f2a81c0"
    lock.release()


def test_without_a_standing_approval_nothing_begins(environments: Path) -> None:
    """Nobody gave a standing approval: skipped, and the reason says where one would be written."""
    set_approval(environments, None)
    reason = tick()
    assert isinstance(reason, str)
    assert "environments.staging.standing_approval" in reason


def test_an_expired_approval_counts_no_more(environments: Path) -> None:
    """The last day has passed: skipped, and the reason says that it must still be valid."""
    set_approval(environments, datetime.now(UTC).date() - timedelta(days=1))
    reason = tick()
    assert isinstance(reason, str)
    assert "still valid" in reason


@pytest.mark.usefixtures("approved")
def test_with_a_valid_approval_a_reset_is_requested() -> None:
    """One run of reset_staging, its confirmation baked in, with the words of who approved it and until when."""
    request = tick()
    assert isinstance(request, dg.RunRequest)
    config = request.run_config["ops"]["staging__reset_plan"]["config"]
    assert config["confirm"] == STAGING
    assert config["scheduled"] is True
    assert config["preview"] is False
    assert f"standing approval of {APPROVED_BY} until" in config["requested_by"]
    assert weekly_staging_reset.job_name == reset_staging.name


@pytest.mark.usefixtures("approved")
def test_the_job_takes_what_is_requested() -> None:
    """The configuration fits the job, so that the run does not fail before its first step."""
    request = tick()
    assert isinstance(request, dg.RunRequest)
    assert dg.validate_run_config(defs.resolve_job_def("reset_staging"), request.run_config)


@pytest.mark.usefixtures("approved")
def test_one_monday_is_one_reset() -> None:
    """Asked twice for the same Monday, the run key is the same, so Dagster starts one run; the next one differs."""
    keys = [request.run_key for request in map(tick, (MONDAY, MONDAY, MONDAY + timedelta(days=7)))]  # type: ignore[union-attr]
    assert keys[0] == keys[1]
    assert keys[0] != keys[2]


@pytest.mark.usefixtures("approved")
def test_it_does_not_queue_up_behind_another_reset(another_reset: str) -> None:
    """While another reset holds the lock, this Monday is skipped, and the reason names the run that holds it."""
    reason = tick()
    assert isinstance(reason, str)
    assert f"A reset is under way (run {another_reset}, since " in reason


@pytest.mark.usefixtures("approved", "another_reset")
def test_a_lock_in_another_database_is_none_of_ours(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Advisory locks belong to a database: a neighbour on the same PostgreSQL server does not hold this reset up."""
    cluster.create_database("neighbour")
    monkeypatch.setenv("DAGSTER_DATABASE_URL", cluster.url("neighbour"))
    assert isinstance(tick(), dg.RunRequest)


@pytest.mark.usefixtures("approved")
def test_a_missing_setting_is_a_reason_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """A half configured installation skips and says which variable it lacks."""
    monkeypatch.delenv("HEROKU_API_KEY")
    reason = tick()
    assert isinstance(reason, str)
    assert "HEROKU_API_KEY" in reason


@pytest.mark.parametrize("begin", [date(2026, 10, 5), date(2027, 3, 8)], ids=["autumn", "spring"])
def test_it_is_five_in_the_morning_in_summer_and_in_winter(begin: date) -> None:
    """Across both changes of the clocks it is due every Monday at 05:00 in London, once, whatever that is in UTC."""
    assert weekly_staging_reset.execution_timezone == "Europe/London"
    start = datetime(begin.year, begin.month, begin.day, tzinfo=UTC).timestamp()
    times = schedule_execution_time_iterator(start, str(weekly_staging_reset.cron_schedule), "Europe/London")
    with closing(times):  # type: ignore[type-var]
        due = [moment.astimezone(LONDON) for moment in islice(times, 6)]
    assert {(moment.weekday(), moment.hour, moment.minute) for moment in due} == {(0, 5, 0)}
    assert {later.date() - earlier.date() for earlier, later in pairwise(due)} == {timedelta(days=7)}
    assert {moment.astimezone(UTC).hour for moment in due} == {4, 5}, "the clocks change within these weeks"


@pytest.mark.usefixtures("environments")
def test_every_night_each_environment_gets_an_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    """One run for each environment, once a night, that the job accepts; a missing setting is a reason for none."""

    def night() -> dg.SkipReason | list[dg.RunRequest]:
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_schedule_context(instance=instance, scheduled_execution_time=MONDAY)
            decided = nightly_local_archives.evaluate_tick(context)
        return list(decided.run_requests or ()) or dg.SkipReason(decided.skip_message)

    requests = night()
    assert isinstance(requests, list)
    assert len({request.run_key for request in requests}) == 3
    configs = [request.run_config["ops"]["local__sanitised_archive"]["config"] for request in requests]
    assert {config["environment"] for config in configs} == {"production", "staging", "development"}
    job = defs.resolve_job_def("make_local_archive")
    assert all(dg.validate_run_config(job, request.run_config) for request in requests)
    monkeypatch.delenv("HEROKU_API_KEY")
    assert isinstance(night(), dg.SkipReason)
