"""The stand-in for GitLab, held to what GitLab's documentation says of its answers, and to what it does at Heroku."""

from __future__ import annotations

import ssl
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from bc_pipelines.sandbox import git, gitlab
from bc_pipelines.sandbox.apps import STAGING
from bc_pipelines.sandbox.world import World

PATH = "/api/v4/projects/council%2Fbuckinghamshire/pipelines"
# The members that GitLab documents for one pipeline in a list, and those of a job that the product reads.
OF_A_PIPELINE = {
    "id", "iid", "project_id", "status", "source", "ref", "sha", "name", "web_url", "created_at", "updated_at",
}  # fmt: skip
OF_A_JOB = {"id", "name", "stage", "status", "ref", "allow_failure", "created_at", "pipeline", "commit", "user"}


@pytest.fixture
def api(world: World) -> Iterator[httpx.Client]:
    """A client with the token."""
    with httpx.Client(
        base_url=world.gitlab_url,
        headers={"PRIVATE-TOKEN": world.secrets["gitlab_token"]},
        verify=ssl.create_default_context(cafile=str(world.ca)),
    ) as client:
        yield client


def move(world: World) -> str:
    """Put one more commit on staging's branch; gives its id."""
    place = ["git", f"--git-dir={git.folder(world) / git.NAME}", "-c", "user.name=A", "-c", "user.email=a@b.example"]
    tree = [*place, "commit-tree", "staging^{tree}", "-p", "staging", "-m", "By us"]
    commit = subprocess.run(tree, capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run([*place, "update-ref", "refs/heads/staging", commit], check=True)
    return commit


def ended(api: httpx.Client, commit: str) -> dict[str, Any]:
    """The newest pipeline of a commit, once it has ended."""
    for _ in range(200):
        newest: dict[str, Any] = api.get(PATH, params={"ref": "staging", "sha": commit}).raise_for_status().json()[0]
        if newest["status"] != "running":
            return newest
        time.sleep(0.05)
    raise AssertionError("the pipeline does not end")


def released(world: World) -> str:
    """The commit of staging's current release."""
    headers = {"Authorization": f"Bearer {world.secrets['heroku_token']}"}
    context = ssl.create_default_context(cafile=str(world.ca))
    with httpx.Client(base_url=world.heroku_url, headers=headers, verify=context) as heroku:
        slug = heroku.get(f"/apps/{STAGING.name}/releases").json()[-1]["slug"]["id"]
        return str(heroku.get(f"/apps/{STAGING.name}/slugs/{slug}").json()["commit"])


def test_a_push_begins_a_pipeline_that_deploys(world: World, api: httpx.Client) -> None:
    """It has the members that GitLab documents, ends well, and Heroku releases the very commit; one pipeline a push."""
    commit = move(world)
    newest = ended(api, commit)
    assert newest.keys() == OF_A_PIPELINE
    assert (newest["status"], newest["source"], newest["ref"], newest["sha"]) == ("success", "push", "staging", commit)
    jobs = api.get(f"{PATH}/{newest['id']}/jobs").json()
    assert all(job.keys() == OF_A_JOB for job in jobs)
    assert [(job["name"], job["status"]) for job in jobs] == [
        ("test", "success"),
        ("deploy_staging", "success"),
        ("copy_prod_to_staging", "manual"),
    ]
    for _ in range(200):
        if released(world) == commit:
            break
        time.sleep(0.05)
    assert released(world) == commit
    assert len(api.get(PATH, params={"sha": commit}).json()) == 1
    assert api.get(PATH, params={"sha": commit, "ref": "master"}).json() == []
    assert len(api.get(PATH, params={"per_page": "1"}).json()) == 1


def test_a_pipeline_that_fails_deploys_nothing_until_it_is_run_again(world: World, api: httpx.Client) -> None:
    """As ordered, with the jobs behind it skipped; a new one by hand is the newest of the same commit."""
    api.post("/sandbox/faults", json={"pipeline": "failed"}).raise_for_status()
    before, commit = released(world), move(world)
    newest = ended(api, commit)
    assert newest["status"] == "failed"
    shown = [job["status"] for job in api.get(f"{PATH}/{newest['id']}/jobs").json()]
    assert shown == ["failed", "skipped", "manual"]
    assert released(world) == before
    made = api.post(PATH.removesuffix("s"), params={"ref": "staging"})
    assert (made.status_code, made.json()["source"]) == (201, "api")
    assert ended(api, commit)["id"] == made.json()["id"]


def test_a_stranger_is_told_nothing(world: World, api: httpx.Client) -> None:
    """Statuses and words as GitLab has them, for a wrong token, another project and no such pipeline."""
    assert api.get(PATH, headers={"PRIVATE-TOKEN": "another"}).json() == {"message": "401 Unauthorized"}
    assert api.get(PATH, headers={"PRIVATE-TOKEN": "another"}).status_code == 401
    assert api.post("/sandbox/faults", headers={"PRIVATE-TOKEN": "another"}, json={}).status_code == 403
    missing = api.get(PATH.replace("council", "other"))
    assert (missing.status_code, missing.json()) == (404, {"message": "404 Project Not Found"})
    assert api.get(f"{PATH}/9999/jobs").status_code == 404
    assert api.post(PATH.removesuffix("s"), params={"ref": "none"}).status_code == 400
    kept = (gitlab.folder(world) / "pipelines.json").read_text(encoding="utf-8")
    assert world.secrets["gitlab_token"] not in kept
    assert world.secrets["heroku_token"] not in kept
