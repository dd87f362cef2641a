"""The edges of the wipe, at the sandbox's servers: what is asked before it, and what is told when it goes wrong."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import HerokuError
from bc_pipelines.operations import backups, ready, restore, tidy
from bc_pipelines.operations.errors import GateClosed, Refused
from bc_pipelines.operations.record import ResetRecord, State
from bc_pipelines.operations.standing import standing
from bc_pipelines.operations.target import facts_of
from bc_pipelines.operations.tools import Tools, open_tools
from bc_pipelines.sandbox.world import World

ARCHIVE = "archives/proven.dump"
ACCOUNTS = "archives/an-earlier-reset.accounts.json"
CONTENT = "PGDMP, proven"
PASSED = (Verdict(passed=True, summary="Hidden.", facts={}),)


@pytest.fixture
def heroku(world: World) -> Iterator[httpx.Client]:
    """The simulator of Heroku, for ordering faults; none is left behind."""
    headers = {"Authorization": f"Bearer {world.secrets['heroku_token']}"}
    context = ssl.create_default_context(cafile=world.ca)
    with httpx.Client(base_url=world.heroku_url, headers=headers, verify=context) as client:
        yield client
        client.delete("/sandbox/faults").raise_for_status()


@pytest.fixture
def tools(world: World) -> Iterator[Tools]:
    """Tools that hold the lock; staging is open."""
    with open_tools() as tools:
        tools.lock.acquire("run-1")
        tools.heroku.set_maintenance(tools.settings.staging.heroku_app, on=False)
        yield tools


@pytest.fixture
def hasty(tools: Tools) -> Iterator[Tools]:
    """The same tools, which give up asking Heroku after a second."""
    told = tools.settings.heroku
    with HerokuClient(
        told.platform_url,
        told.data_url,
        told.api_key,
        poll_interval=told.poll_seconds,
        writable_apps=tools.settings.writable_apps,
        retry_for=1.0,
    ) as heroku:
        yield replace(tools, heroku=heroku)


@pytest.fixture
def record(tools: Tools) -> ResetRecord:
    """A reset whose rollback point is captured and whose archive is proven and stored."""
    app = tools.settings.staging.heroku_app
    target = facts_of(tools.heroku.database(app))
    new = tools.records.open_reset(uuid4().hex, "staging", app, "a tester", "typed", target=target)
    backups.set_rollback_point(tools, new, lambda _: None)
    tools.archives.put_text(ARCHIVE, CONTENT, "application/octet-stream")
    facts = {"archive_key": ARCHIVE, "archive_sha256": sha256(CONTENT.encode()).hexdigest()}
    return tools.records.note(new, State.SANITISED, **facts)


def order(heroku: httpx.Client, method: str, path: str, **fault: object) -> None:
    """Order a refusal of the next request like this, or another fault."""
    fault = {"kind": "status", "status": 422, "body": {"id": "invalid", "message": "invented"}} | fault
    heroku.post("/sandbox/faults", json={"method": method, "path": path, **fault}).raise_for_status()


def now(tools: Tools, record: ResetRecord) -> ResetRecord:
    """The record as it stands."""
    found = tools.records.of_run(record.run_id)
    assert found is not None
    return found


def test_without_its_way_back_nothing_is_wiped(tools: Tools, record: ResetRecord) -> None:
    """The rollback point went since its capture: refused before the site is even closed."""
    gone = tools.records.note(record, rollback_point="b999")
    with pytest.raises(Refused, match=r"b999 .* not in Heroku's list of good backups any more. Nothing was wiped"):
        restore.wipe_and_restore(tools, gone, lambda _: None)
    assert now(tools, record).state is State.SANITISED
    assert not tools.heroku.app(record.app).maintenance


def test_a_site_that_could_not_be_closed_was_not_touched(
    tools: Tools, record: ResetRecord, heroku: httpx.Client
) -> None:
    """Heroku refuses to switch maintenance on: nobody is told that the database may be empty."""
    order(heroku, "PATCH", f"/apps/{record.app}")
    with pytest.raises(HerokuError):
        restore.wipe_and_restore(tools, record, lambda _: None)
    words = standing(now(tools, record))
    assert f"The database of {record.app} was not touched" in words
    assert "may be empty" not in words
    assert not tools.heroku.app(record.app).maintenance


def test_a_closing_whose_answer_was_lost_is_a_closing(hasty: Tools, record: ResetRecord, heroku: httpx.Client) -> None:
    """Maintenance went on and nobody heard of it; whatever stops the reset next, the site is told as closed."""
    order(heroku, "PATCH", f"/apps/{record.app}", kind="lose_answer", times=None)
    order(heroku, "PATCH", f"/apps/{record.app}/formation")
    with pytest.raises(HerokuError):
        restore.wipe_and_restore(hasty, record, lambda _: None)
    assert hasty.heroku.app(record.app).maintenance
    assert now(hasty, record).facts["maintenance_on"] is True


def test_a_restore_whose_answer_was_lost_may_be_running(
    tools: Tools, record: ResetRecord, heroku: httpx.Client
) -> None:
    """That a restore was asked for stands in the record although its name never came."""
    order(heroku, "POST", "/client/v11/databases/*/restores", kind="drop", times=None)
    with pytest.raises(HerokuError):
        restore.wipe_and_restore(tools, record, lambda _: None)
    stopped = now(tools, record)
    assert "restore_transfer" not in stopped.facts
    assert f"may be running at Heroku: look with heroku pg:backups -a {record.app}" in standing(stopped)


def test_what_may_fail_is_asked_before_the_site_opens(tools: Tools, record: ResetRecord, heroku: httpx.Client) -> None:
    """The releases cannot be read: the site is still closed, as the words say."""
    since = datetime.now(UTC).isoformat()
    mended = tools.records.note(record, State.MENDED, wiping_since=since, formation={"web": 0, "worker": 0})
    tools.heroku.set_maintenance(record.app, on=True)
    order(heroku, "GET", f"/apps/{record.app}/releases")
    with pytest.raises(HerokuError):
        ready.lights_on(tools, mended, PASSED, migrations=0)
    assert tools.heroku.app(record.app).maintenance
    assert "is in maintenance and must stay there" in standing(now(tools, record))


def test_an_opening_whose_answer_was_lost_is_an_opening(
    hasty: Tools, record: ResetRecord, heroku: httpx.Client
) -> None:
    """Heroku ended maintenance and nobody heard of it: the site is looked at, and told as the open one that it is."""
    since = datetime.now(UTC).isoformat()
    mended = hasty.records.note(record, State.MENDED, wiping_since=since, formation={"web": 0, "worker": 0})
    hasty.heroku.set_maintenance(record.app, on=True)
    order(heroku, "PATCH", f"/apps/{record.app}", kind="lose_answer", times=None)
    ready.lights_on(hasty, mended, PASSED, migrations=0)
    assert not hasty.heroku.app(record.app).maintenance
    assert now(hasty, record).state is State.READY


def test_an_opening_that_did_not_happen_is_none(hasty: Tools, record: ResetRecord, heroku: httpx.Client) -> None:
    """The same without the deed: the error is told, and the site is closed, as the words say."""
    since = datetime.now(UTC).isoformat()
    mended = hasty.records.note(record, State.MENDED, wiping_since=since, formation={"web": 0, "worker": 0})
    hasty.heroku.set_maintenance(record.app, on=True)
    order(heroku, "PATCH", f"/apps/{record.app}", kind="drop", times=None)
    with pytest.raises(HerokuError):
        ready.lights_on(hasty, mended, PASSED, migrations=0)
    assert hasty.heroku.app(record.app).maintenance
    assert "is in maintenance and must stay there" in standing(now(hasty, record))


def test_a_site_that_cannot_be_closed_again_is_said_to_be_open(
    tools: Tools, record: ResetRecord, heroku: httpx.Client
) -> None:
    """Search engines may find it: the reason and the command to close it are told."""
    opened = tools.records.note(record, State.READY)
    order(heroku, "PATCH", f"/apps/{record.app}")
    with pytest.raises(GateClosed, match=r"No robots rule\. .* it is open and may be found") as caught:
        ready.lights_out(tools, opened, "No robots rule.")
    assert f"heroku maintenance:on -a {record.app}" in str(caught.value)
    assert now(tools, record).state is State.READY


def test_accounts_that_a_reset_took_over_outlive_the_leftovers(
    tools: Tools, record: ResetRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of a broken-off reset is old enough to be deleted, but it is the only one of staging's own accounts."""
    tools.archives.put_text(ACCOUNTS, "[]", "application/json")
    resumed = tools.records.note(record, accounts_key=ACCOUNTS)
    monkeypatch.setattr(tidy, "LEFTOVER_AGE", timedelta(seconds=-60))
    tidy.delete_leftovers(tools, resumed)
    assert tools.archives.get_text(ACCOUNTS) == "[]"
    assert tools.archives.size(ARCHIVE) is not None
    tidy.delete_leftovers(tools, tools.records.note(resumed, accounts_key="another"))
    assert tools.archives.size(ACCOUNTS) is None


def test_reports_and_manifests_of_old_resets_go(tools: Tools, record: ResetRecord) -> None:
    """Those of the last resets stay whatever their age; others go once they are old enough."""
    ours, others = f"archives/{record.id}.manifest.json", ("archives/2020-1.manifest.json", "reports/2020-1.html")
    for key in (ours, *others):
        tools.archives.put_text(key, "{}", "text/plain")
    assert tidy.delete_attachments(tools, timedelta(days=90)) == 0
    assert tidy.delete_attachments(tools, timedelta(seconds=-60)) >= len(others)
    assert tools.archives.size(ours) is not None
    assert [key for key in others if tools.archives.size(key) is not None] == []
