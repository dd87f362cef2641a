"""Going back, and raw copies, against the simulator of Heroku over real databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from bc_pipelines.deadlines import Deadlines
from bc_pipelines.heroku.errors import HerokuError
from bc_pipelines.operations import backups, raw_backups, reset, rollback
from bc_pipelines.operations.errors import GateClosed, Refused
from bc_pipelines.operations.lock import ResetLock
from bc_pipelines.operations.record import Kind, ResetRecord, State
from bc_pipelines.operations.standing import standing
from bc_pipelines.operations.tools import Tools
from bc_pipelines.settings import Environment
from bc_pipelines.wagtail_sql.marker import write_marker
from bc_pipelines_tests.operations.begun import begin, kept
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.sandbox.heroku.simulated import STAGING, Simulated

BEFORE = [(1, "made before this product"), (2, "and never asked about")]
RESET_ID = "2026-11-01-0930-4f2a81c0"


@pytest.fixture(autouse=True)
def content(cluster: Cluster) -> None:
    """What staging holds before the reset: a table of migrations, and one of people's."""
    for statement in (
        "drop schema public cascade",
        "create schema public",
        "create table django_migrations (id int)",
        "create table person (id int, said text)",
        "insert into person values (1, 'made before this product'), (2, 'and never asked about')",
    ):
        cluster.execute(statement, database="staging")


def people(cluster: Cluster) -> list[object]:
    """Every row of the table of people's on staging."""
    return cluster.execute("select id, said from person order by id", database="staging")


def mark(cluster: Cluster) -> None:
    """Make staging's content that of a reset."""
    with psycopg.connect(cluster.url("staging"), autocommit=True) as connection:
        write_marker(connection, RESET_ID)


def wiped(tools: Tools, cluster: Cluster, run_id: str = "run-1") -> ResetRecord:
    """A reset that put something else into staging's database and stopped there, with the site closed."""
    tools.heroku.set_maintenance(STAGING, on=False)
    tools.heroku.scale(STAGING, {"web": 1})
    record = begin(tools, run_id)
    backups.set_rollback_point(tools, record, lambda _: None)
    tools.heroku.set_maintenance(STAGING, on=True)
    cluster.execute("update person set said = 'from a reset'", database="staging")
    return tools.records.note(record, State.WIPING, formation={"web": 1}, maintenance_before=False)


def go_back(tools: Tools, run_id: str = "run-2") -> ResetRecord:
    """The whole way back, as the assets walk it."""
    plan = rollback.plan_rollback(tools, staging(tools))
    record = rollback.begin(tools, run_id, plan, "a tester", "typed")
    verdicts = rollback.put_back(tools, record, lambda _: None)
    now = tools.records.get(record.id)
    assert now is not None
    return rollback.lights_on(tools, now, (*verdicts, rollback.judge_before_lights_on(tools, now)))


def staging(tools: Tools) -> Environment:
    """The environment that is reset."""
    return tools.settings.staging


@pytest.fixture
def locked(tools: Tools) -> Tools:
    """Tools that hold the lock."""
    tools.lock.acquire("run-2", "roll back")
    return tools


def test_the_database_of_before_comes_back(locked: Tools, cluster: Cluster) -> None:
    """Rows, dynos and maintenance are as they were, and the record says which reset was undone."""
    undone = wiped(locked, cluster)
    record = go_back(locked)
    assert people(cluster) == BEFORE
    assert not locked.heroku.app(STAGING).maintenance
    assert {p.type: p.quantity for p in locked.heroku.formation(STAGING)}["web"] == 1
    assert (record.kind, record.state, record.facts["undoes"]) == (Kind.ROLLBACK, State.DONE, undone.id)
    assert locked.records.broken_off("staging") is None


def test_maintenance_that_was_on_stays_on(locked: Tools, cluster: Cluster) -> None:
    """Somebody had closed staging before the reset: the way back leaves it closed."""
    locked.records.note(wiped(locked, cluster), maintenance_before=True)
    go_back(locked)
    assert locked.heroku.app(STAGING).maintenance


def test_after_a_way_back_the_next_reset_captures_anew(locked: Tools, cluster: Cluster) -> None:
    """The old rollback point is not carried over, even if somebody switches maintenance on again."""
    point = wiped(locked, cluster).facts["rollback_point"]
    go_back(locked)
    locked.heroku.set_maintenance(STAGING, on=True)
    assert reset._carried_over(locked, staging(locked)) == {}
    fresh = backups.set_rollback_point(locked, begin(locked, "run-3"), lambda _: None)
    assert fresh.name != point


def test_what_was_gone_back_from_is_not_gone_back_from_again(locked: Tools, cluster: Cluster) -> None:
    """Once is enough, and without any reset there is nothing to go back from."""
    with pytest.raises(Refused, match="No reset of staging is on record"):
        rollback.plan_rollback(locked, staging(locked))
    wiped(locked, cluster)
    go_back(locked)
    with pytest.raises(Refused, match="No reset of staging is on record"):
        rollback.plan_rollback(locked, staging(locked))


def test_after_a_reset_that_touched_nothing_it_is_asked_which_one_is_meant(locked: Tools, cluster: Cluster) -> None:
    """Going back would undo the reset before it, with everything made since: only for whoever names that one."""
    done = locked.records.note(wiped(locked, cluster), State.DONE)
    newer = begin(locked, "run-2")
    for undo in ("", newer.id):
        with pytest.raises(Refused, match=f"{newer.id}, stopped before its wipe.*undo = {done.id}"):
            rollback.plan_rollback(locked, staging(locked), undo)
    assert rollback.plan_rollback(locked, staging(locked), done.id).undone.id == done.id


def test_a_way_back_that_broke_off_is_taken_again(locked: Tools, cluster: Cluster) -> None:
    """It undoes the same reset from the same point; a reset in its place keeps that point, too."""
    undone = wiped(locked, cluster)
    broken = rollback.begin(locked, "run-2", rollback.plan_rollback(locked, staging(locked)), "a tester", "typed")
    locked.records.note(broken, State.WIPING)
    assert reset._carried_over(locked, staging(locked))["rollback_uuid"] == undone.facts["rollback_uuid"]
    record = go_back(locked, "run-3")
    assert record.facts["undoes"] == undone.id
    assert people(cluster) == BEFORE


def test_a_way_back_that_stops_early_says_what_it_found(locked: Tools, cluster: Cluster) -> None:
    """The site is as the one that broke off left it, unless somebody has opened it by hand."""
    wiped(locked, cluster)
    broken = rollback.begin(locked, "run-2", rollback.plan_rollback(locked, staging(locked)), "a tester", "typed")
    locked.records.note(broken, State.WIPING)
    said = standing(rollback.begin(locked, "run-3", rollback.plan_rollback(locked, staging(locked)), "", "typed"))
    assert f"This rollback touched no site. But {STAGING} is still as the broken-off run {broken.id} left it" in said
    assert "start the job roll_back_staging again" in said
    locked.heroku.set_maintenance(STAGING, on=False)
    undone = broken.facts["undoes"]
    said = standing(
        rollback.begin(locked, "run-4", rollback.plan_rollback(locked, staging(locked), undone), "", "typed")
    )
    assert f"{STAGING} was not touched and is as it was" in said


def test_the_plan_names_the_branch(locked: Tools, cluster: Cluster) -> None:
    """It is pushed by force, so whoever types the app's name reads of it; not where the reset left it alone."""
    wiped(locked, cluster)
    plan = rollback.plan_rollback(locked, staging(locked))
    assert "Code:" not in rollback.as_markdown(plan)
    code = {"branch": "staging", "old": "a" * 40, "new": "b" * 40}
    pushed = replace(plan, undone=replace(plan.undone, facts={**plan.undone.facts, "code": code}))
    assert "**Code:** `staging` becomes aaaaaaaaaaaa again" in rollback.as_markdown(pushed)
    assert "Where your CI deploys, it releases that" in rollback.as_markdown(pushed)


@pytest.mark.parametrize("typed", ["", "yes", STAGING])
def test_raw_data_comes_back_only_for_whoever_says_so(locked: Tools, cluster: Cluster, typed: str) -> None:
    """A point that carries no reset's id holds what the public sent in: it is said, and words are asked for."""
    wiped(locked, cluster)
    plan = rollback.plan_rollback(locked, staging(locked))
    assert plan.raw
    assert "Raw data:" in rollback.as_markdown(plan)
    with pytest.raises(Refused, match=r"holds raw data.*type 'raw data'"):
        rollback.require_consent(plan, typed)
    rollback.require_consent(plan, rollback.RAW_DATA)


def test_what_a_reset_made_is_not_raw(locked: Tools, cluster: Cluster) -> None:
    """The point carries a reset's id: nothing more is asked, and the id is back afterwards."""
    mark(cluster)
    wiped(locked, cluster)
    plan = rollback.plan_rollback(locked, staging(locked))
    rollback.require_consent(plan, "")
    assert go_back(locked).facts["rollback_holds"] == RESET_ID


def test_another_content_than_the_backups_stays_closed(
    locked: Tools, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows do not match: staging stays in maintenance, and the record tells no success."""
    wiped(locked, cluster)
    monkeypatch.setattr(rollback, "_rows_in", lambda *_: {"public.person": 3, "public.django_migrations": 0})
    with pytest.raises(GateClosed, match=r"Maintenance stays on\. .*person"):
        go_back(locked)
    assert locked.heroku.app(STAGING).maintenance
    left = locked.records.broken_off("staging")
    assert left is not None
    assert (left.kind, left.state) == (Kind.ROLLBACK, State.WIPING)


def test_a_backup_that_cannot_be_read_wipes_nothing(locked: Tools, cluster: Cluster, running: Simulated) -> None:
    """It is read from beginning to end first; nothing is asked of staging before that."""
    wiped(locked, cluster)
    plan = rollback.plan_rollback(locked, staging(locked))
    record = rollback.begin(locked, "run-2", plan, "a tester", "typed")
    running.fault(kind="status", status=404, method="GET", path="/xfer-bucket/*", times=None)
    try:
        with pytest.raises(HerokuError):
            rollback.put_back(locked, record, lambda _: None)
    finally:
        running.api.delete("/sandbox/faults")
    now = locked.records.get(record.id)
    assert now is not None
    assert now.state is State.PLANNED
    assert [t for t in locked.heroku.transfers(STAGING) if t.kind == "restore" and not t.finished] == []
    assert people(cluster)[0] == (1, "from a reset")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"rollback_uuid": "of another backup"}, "not in Heroku's list of good backups"),
        ({"target": {"addon_id": "another", "owner_app": STAGING, "address": "x:1/y"}}, "has another database now"),
    ],
)
def test_a_record_that_is_not_true_any_more(locked: Tools, cluster: Cluster, facts: dict[str, Any], words: str) -> None:
    """The point was dropped, or staging has another database: nothing is changed."""
    locked.records.note(wiped(locked, cluster), **facts)
    with pytest.raises(Refused, match=words):
        rollback.plan_rollback(locked, staging(locked))


def test_a_record_of_an_earlier_version(locked: Tools, cluster: Cluster) -> None:
    """It did not note Heroku's identity of the backup, and a number alone is not enough to wipe for."""
    record = wiped(locked, cluster)
    cluster.execute("update bc_pipelines.reset set facts = facts - 'rollback_uuid'", database="dagster")
    with pytest.raises(Refused, match=f"Reset {record.id} was made by an earlier version"):
        rollback.plan_rollback(locked, staging(locked))


def test_the_next_run_says_what_it_found(locked: Tools, cluster: Cluster, running: Simulated) -> None:
    """A restore that a killed reset left pending is cancelled by the way back; both is said."""
    record = wiped(locked, cluster)
    running.fault(kind="stay_pending", on="transfer", transfer="restore", app=STAGING, times=None)
    started = running.restore(str(locked.heroku.transfers(STAGING)[0].to_url))
    locked.records.note(record, restore_uuid=started["uuid"])
    words = reset.take_stock(locked, staging(locked), lambda _: None, going_back=True)
    running.api.delete("/sandbox/faults")
    assert f"Found reset {record.id}" in words
    assert "broken off when 'wiping'" in words
    assert "It was cancelled. Heroku's restore" in words
    assert f"{STAGING} gets its rollback point" in words


def test_what_somebody_else_restores_is_never_cancelled(locked: Tools, cluster: Cluster, running: Simulated) -> None:
    """It is waited for, up to the deadline, and then the run ends with what to do."""
    wiped(locked, cluster)
    running.fault(kind="stay_pending", on="transfer", transfer="restore", app=STAGING, times=None)
    running.restore(str(locked.heroku.transfers(STAGING)[0].to_url))
    hasty = replace(locked.settings, deadlines=Deadlines(restore=timedelta(seconds=0.1)))
    with pytest.raises(HerokuError, match="wait for it or cancel it"):
        reset.take_stock(replace(locked, settings=hasty), staging(locked), lambda _: None, going_back=True)
    running.api.delete("/sandbox/faults")


def test_raw_copies_are_told_from_sanitised_ones(tools: Tools, cluster: Cluster) -> None:
    """By the mark inside the archive: the one made before the first reset is raw, the one after is not."""
    backups.fresh(tools, staging(tools), lambda _: None)
    mark(cluster)
    backups.fresh(tools, staging(tools), lambda _: None)
    newer, older = raw_backups.kept_backups(tools, staging(tools))
    assert (newer.raw, older.raw) == (False, True)
    assert newer.why == f"made from reset {RESET_ID}"
    verdict = raw_backups.raw_copies((newer, older))
    assert not verdict.passed
    assert verdict.severity == "warn"
    assert older.name in verdict.summary


def test_only_raw_copies_that_were_named_and_confirmed_are_deleted(tools: Tools, cluster: Cluster) -> None:
    """A sanitised one, an unknown one, a wrong app's name, a way back: refused, and nothing is gone."""
    backups.fresh(tools, staging(tools), lambda _: None)
    mark(cluster)
    backups.fresh(tools, staging(tools), lambda _: None)
    sanitised, raw = kept(tools)
    for names, confirm, words in (
        ([raw], "buckinghamshire-production", "must be typed"),
        ([raw, "b999"], STAGING, "no finished backup b999"),
        ([raw, sanitised], STAGING, "holds no raw data"),
    ):
        with pytest.raises(Refused, match=words):
            raw_backups.delete_raw(tools, staging(tools), names, confirm)
    assert kept(tools) == [sanitised, raw]
    assert [each.name for each in raw_backups.delete_raw(tools, staging(tools), [raw], STAGING)] == [raw]
    assert kept(tools) == [sanitised]


def test_the_way_back_from_a_wreck_is_not_deleted(tools: Tools, cluster: Cluster) -> None:
    """It may hold raw data, but without it there is no way back."""
    point = wiped(tools, cluster).facts["rollback_point"]
    with pytest.raises(Refused, match="the way back from a broken-off reset"):
        raw_backups.delete_raw(tools, staging(tools), [point], STAGING)


def test_nothing_is_deleted_beside_a_reset(tools: Tools) -> None:
    """Another run holds the lock and may need any of them."""
    other = ResetLock(tools.settings.dagster_database_url)
    other.acquire("run-9")
    try:
        with pytest.raises(Refused, match="A reset is under way"):
            raw_backups.delete_raw(tools, staging(tools), ["b001"], STAGING)
    finally:
        other.release()
