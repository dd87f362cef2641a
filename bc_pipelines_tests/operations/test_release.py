"""Waiting for CI and for Heroku's release, at the simulator of Heroku and a server that answers as GitLab does."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.operations import release
from bc_pipelines.operations.errors import GateClosed, OutOfReach
from bc_pipelines.operations.tools import Tools
from bc_pipelines.repository import GitLab, Repository
from bc_pipelines_tests.heroku.scripted import Reply, ScriptedServer, Seen
from bc_pipelines_tests.operations.begun import begin
from bc_pipelines_tests.sandbox.heroku.simulated import STAGING, Simulated

TOKEN, COMMIT = "glpat-planted-token-of-gitlab", "c0ffee" * 6 + "beef"
LIST = "/api/v4/projects/council%2Fsite/pipelines"
FACTS = {"code": {"branch": "staging", "new": COMMIT, "before": "b" * 40, "old": "b" * 40, "tag": None}}
BRIEFLY = timedelta(milliseconds=1)


def listed(status: str, number: int = 5, commit: str = COMMIT) -> dict[str, Any]:
    """A pipeline of the branch, as GitLab lists it."""
    return {"id": number, "status": status, "ref": "staging", "sha": commit}


@pytest.fixture
def server(running: Simulated) -> Iterator[ScriptedServer]:
    """GitLab."""
    with ScriptedServer(running.certificates) as server:
        server.on("GET", f"{LIST}/5/jobs", Reply(body=[{"name": "test", "status": "failed", "allow_failure": False}]))
        yield server


@pytest.fixture
def ci(tools: Tools, server: ScriptedServer, tmp_path: Path) -> Tools:
    """Tools whose settings name it, for a CI that deploys."""
    gitlab = GitLab(server.url, "council/site", deploys=True, token=TOKEN)
    site = Repository("https://git.invalid/site.git", "master", "staging", None, 90, "", "", tmp_path, {}, gitlab)
    return replace(tools, settings=replace(tools.settings, repository=site))


def hurried(tools: Tools, **deadlines: timedelta) -> Tools:
    """Tools that wait no longer than these."""
    return replace(tools, settings=replace(tools.settings, deadlines=replace(tools.settings.deadlines, **deadlines)))


def deploy(simulated: Simulated, commit: str) -> None:
    """Release a commit at Heroku."""
    made = simulated.api.post(f"/apps/{STAGING}/slugs", json={"commit": commit, "process_types": {}}).json()
    simulated.api.post(f"/apps/{STAGING}/releases", json={"slug": made["id"]}).raise_for_status()


def silent(_: str) -> None:
    """Say nothing."""


def test_it_waits_for_the_end_of_the_pipeline(ci: Tools, server: ScriptedServer) -> None:
    """Not begun, then pending, then run: each is told once it is so, and success is what counts."""
    told: list[str] = []
    bodies: list[list[dict[str, Any]]] = [[], [listed("pending")], [listed("running")], [listed("success")]]
    server.on("GET", LIST, *(Reply(body=body) for body in bodies))
    verdict = release.await_pipeline(ci, begin(ci, "run-1", **FACTS), told.append)
    assert verdict.passed, verdict.summary
    assert [words.rpartition("c0ffeec0ffee ")[2] for words in told] == ["has not begun", "is pending", "is running"]


def test_a_failed_pipeline_closes_the_gate(ci: Tools, server: ScriptedServer) -> None:
    """The verdict names the job, and what depends on it does not begin."""
    server.on("GET", LIST, Reply(body=[listed("failed")]))
    verdict = release.await_pipeline(ci, begin(ci, "run-1", **FACTS), silent)
    assert "failed (test). Look at" in verdict.summary
    with pytest.raises(GateClosed, match="#ci-does-not-pass"):
        release.require(verdict)


def test_it_does_not_wait_forever(ci: Tools, server: ScriptedServer) -> None:
    """The deadline ends it, whatever GitLab says by then."""
    server.on("GET", LIST, Reply(body=[listed("running")]))
    verdict = release.await_pipeline(hurried(ci, pipeline=BRIEFLY), begin(ci, "run-1", **FACTS), silent)
    assert "has not ended within" in verdict.summary
    server.on("GET", LIST, Reply(body=[]))
    verdict = release.await_pipeline(hurried(ci, pipeline=BRIEFLY), begin(ci, "run-2", **FACTS), silent)
    assert "has begun no pipeline" in verdict.summary


def test_an_earlier_push_of_the_same_commit_tells_nothing_of_this_one(ci: Tools, server: ScriptedServer) -> None:
    """After a way back, the same merges make the same commit: its pipeline of then succeeded, that of now may not."""
    then, back = listed("success", 3), listed("running", 4, "b" * 40)
    over = listed("success", 4, "b" * 40)
    told: list[str] = []
    bodies = [[back, then], [over, then], [listed("running"), over, then], [listed("failed"), over, then]]
    server.on("GET", LIST, *(Reply(body=body) for body in bodies))
    verdict = release.await_pipeline(ci, begin(ci, "run-1", **FACTS), told.append)
    assert "failed (test). Look at" in verdict.summary
    assert [words.rpartition("c0ffeec0ffee ")[2] for words in told] == ["has not begun"] * 2 + ["is running"]


def test_a_commit_that_is_not_the_newest_is_not_waited_for_in_silence(ci: Tools, server: ScriptedServer) -> None:
    """Somebody pushed since: the message has the address of that pipeline."""
    server.on("GET", LIST, Reply(body=[listed("running", 6, "b" * 40), listed("success")]))
    verdict = release.await_pipeline(hurried(ci, pipeline=BRIEFLY), begin(ci, "run-1", **FACTS), silent)
    assert not verdict.passed
    assert "has begun no pipeline of c0ffeec0ffee" in verdict.summary
    assert "/-/pipelines/6, is of another commit" in verdict.summary


def test_an_older_pipeline_may_still_release_what_was_there(ci: Tools, server: ScriptedServer) -> None:
    """It is waited for, as long as for the commit's own, and only where that has not failed."""
    older = listed("running", 4, "b" * 40)
    told: list[str] = []
    server.on(
        "GET",
        LIST,
        Reply(body=[listed("success"), older]),
        Reply(body=[listed("success"), {**older, "status": "success"}]),
    )
    assert release.await_pipeline(ci, begin(ci, "run-1", **FACTS), told.append).passed
    assert told == [f"An older pipeline, {server.url}/council/site/-/pipelines/4, is running"]
    server.on("GET", LIST, Reply(body=[listed("success"), older]))
    verdict = release.await_pipeline(hurried(ci, pipeline=BRIEFLY), begin(ci, "run-2", **FACTS), silent)
    with pytest.raises(GateClosed, match="an older one of the branch has not, which may release another commit"):
        release.require(verdict)
    server.on("GET", LIST, Reply(body=[listed("failed"), older]))
    assert "failed (test)" in release.await_pipeline(ci, begin(ci, "run-3", **FACTS), silent).summary


def test_it_waits_for_the_release_of_the_commit(ci: Tools, running: Simulated) -> None:
    """Another one runs until CI has deployed; then the check passes, and the record says so for the wipe."""
    deploy(running, "d" * 40)
    told: list[str] = []

    def say(words: str) -> None:
        told.append(words)
        deploy(running, COMMIT)

    record = begin(ci, "run-1", **FACTS)
    verdict = release.await_release(ci, record, say)
    assert verdict.passed, verdict.summary
    assert len(told) == 1
    assert release.settle(ci, record).facts["release_settled"] == COMMIT


def test_a_release_that_does_not_come_closes_the_gate(ci: Tools, running: Simulated) -> None:
    """What runs instead is said, and what to do."""
    deploy(running, "d" * 40)
    verdict = release.await_release(hurried(ci, release=BRIEFLY), begin(ci, "run-1", **FACTS), silent)
    assert "Heroku did not release c0ffeec0ffee" in verdict.summary
    assert "of dddddddddddd" in verdict.summary


def test_a_release_phase_that_still_runs_is_waited_for(ci: Tools, server: ScriptedServer) -> None:
    """It has the database open, whatever commit it is of; what the app runs meanwhile is the older release."""
    made = {"created_at": "2026-11-02T02:00:00Z", "description": "", "slug": {"id": "s"}}
    current = {**made, "id": "r1", "version": 7, "status": "succeeded", "current": True}
    newer = {**made, "id": "r2", "version": 8, "status": "pending", "current": False}
    then = [{**newer, "status": "succeeded", "current": True}, {**current, "current": False}]
    path = f"/apps/{STAGING}/releases"
    server.on("GET", path, Reply(body=[newer, current]), Reply(body=then))
    server.on("GET", f"/apps/{STAGING}/slugs/s", Reply(body={"id": "s", "commit": COMMIT}))
    told: list[str] = []
    with HerokuClient(server.url, server.url, "x", poll_interval=0.05) as heroku:
        asking = replace(ci, heroku=heroku)
        assert "v8" in release.await_release(asking, begin(ci, "run-1", **FACTS), told.append).summary
        assert told == [f"{STAGING} runs v7; v8 is under way"]
        server.on("GET", path, Reply(body=[newer, current]))
        verdict = release.await_release(hurried(asking, release=BRIEFLY), begin(ci, "run-2", **FACTS), silent)
    assert not verdict.passed
    assert "release v8 did not come to its end" in verdict.summary


def test_a_failed_release_phase_is_not_waited_for(ci: Tools, server: ScriptedServer) -> None:
    """Heroku's newest release is of the commit and failed; the current one is older, and stays so."""
    made = {"created_at": "2026-11-02T02:00:00Z", "description": ""}
    releases = [
        {**made, "id": "r2", "version": 8, "status": "failed", "current": False, "slug": {"id": "s2"}},
        {**made, "id": "r1", "version": 7, "status": "succeeded", "current": True, "slug": {"id": "s1"}},
    ]
    server.on("GET", f"/apps/{STAGING}/releases", Reply(body=releases))

    def slug(seen: Seen) -> Reply:
        number = seen.path[-1]
        return Reply(body={"id": f"s{number}", "commit": COMMIT if number == "2" else "d" * 40})

    for number in (1, 2):
        server.on("GET", f"/apps/{STAGING}/slugs/s{number}", slug)
    record = begin(ci, "run-1", **FACTS)
    with HerokuClient(server.url, server.url, "x", poll_interval=0.05) as heroku:
        verdict = release.await_release(replace(ci, heroku=heroku), record, silent)
    assert "Heroku's release v8 of c0ffeec0ffee failed" in verdict.summary
    assert server.count("GET", f"/apps/{STAGING}/slugs/s2") == 1


def test_what_is_not_configured_is_not_waited_for(tools: Tools, ci: Tools) -> None:
    """No repository, no GitLab, a CI that does not deploy: it passes and says why, and the wipe may begin."""
    record = begin(tools, "run-1")
    for wait in (release.await_pipeline, release.await_release):
        assert "names no repository" in wait(tools, record, silent).summary
    assert release.settle(tools, record).facts["release_settled"] == "not configured"
    assert (list(release.objections(tools)), release.in_words(tools)) == ([], "")
    site = ci.settings.repository
    assert site is not None
    assert site.gitlab is not None
    without = _with(ci, replace(site, gitlab=None))
    coded = begin(tools, "run-2", **FACTS)
    for wait in (release.await_pipeline, release.await_release):
        assert "names no [repository.gitlab]" in wait(without, coded, silent).summary
    idle = _with(ci, replace(site, gitlab=replace(site.gitlab, deploys=False)))
    assert "deploys does not say" in release.await_release(idle, coded, silent).summary


def test_a_gitlab_that_refuses_stops_the_plan_already(ci: Tools, server: ScriptedServer) -> None:
    """Before anything is pushed; and its token stands in no message, whoever is told."""
    server.on("GET", LIST, Reply(401, {"message": TOKEN}))
    [objection] = release.objections(ci)
    assert "does not accept the token" in objection
    assert TOKEN not in objection
    with pytest.raises(OutOfReach, match="does not accept the token") as raised:
        release.await_pipeline(ci, begin(ci, "run-1", **FACTS), silent)
    assert TOKEN not in str(raised.value)
    server.on("GET", LIST, Reply(body=[]))
    assert list(release.objections(ci)) == []


def _with(tools: Tools, site: Repository) -> Tools:
    return replace(tools, settings=replace(tools.settings, repository=site))
