"""What is asked of GitLab and what is made of its answers, by a server that answers as its documentation has it."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from bc_pipelines.branches.pipelines import Job, Pipeline, PipelinesError, pipelines
from bc_pipelines.repository import GitLab
from bc_pipelines.sandbox.certificates import Certificates
from bc_pipelines_tests.heroku.scripted import NO_ANSWER, Reply, ScriptedServer

TOKEN = "glpat-planted-token-of-gitlab"
COMMIT = "a91957a858320c0e17f3a0eca7cfacbff50ea29a"
LIST = "/api/v4/projects/council%2Fsite/pipelines"
# The example of GitLab's *Pipelines API*, "List project pipelines".
LISTED: dict[str, Any] = {
    "id": 47,
    "iid": 12,
    "project_id": 1,
    "status": "pending",
    "source": "push",
    "ref": "staging",
    "sha": COMMIT,
    "name": "Build pipeline",
    "web_url": "https://example.com/foo/bar/pipelines/47",
    "created_at": "2016-08-11T11:28:34.085Z",
    "updated_at": "2016-08-11T11:32:35.169Z",
}


@pytest.fixture
def server(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A server whose certificate is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    with ScriptedServer(certificates) as server:
        yield server


def asked(server: ScriptedServer, limit: float = 0.2) -> tuple[Pipeline, ...]:
    """What the product takes for the branch's pipelines."""
    with pipelines(GitLab(server.url, "council/site", deploys=True, token=TOKEN), pace=0.01) as found:
        return found.of_branch("staging", limit)


def test_the_pipelines_of_the_branch(server: ScriptedServer) -> None:
    """Asked for by branch, with the token in GitLab's own header, newest first; another branch's are passed over."""
    server.on(
        "GET", LIST, Reply(body=[LISTED, {**LISTED, "id": 48, "ref": "master"}, {**LISTED, "id": 49, "sha": "b"}])
    )
    page = f"{server.url}/council/site/-/pipelines"
    assert asked(server) == (Pipeline(49, "pending", f"{page}/49", "b"), Pipeline(47, "pending", f"{page}/47", COMMIT))
    [seen] = server.seen
    assert seen.headers["private-token"] == TOKEN
    assert "ref=staging&order_by=id" in seen.query


def test_the_jobs_of_a_pipeline(server: ScriptedServer) -> None:
    """Name, status and whether a failure counts; what the documentation's example has beside that is passed over."""
    jobs = [
        {"id": 7, "name": "teaspoon", "stage": "test", "status": "failed", "allow_failure": False, "user": {"id": 1}},
        {"id": 6, "name": "rspec:other", "stage": "test", "status": "manual", "allow_failure": True, "user": None},
    ]
    server.on("GET", f"{LIST}/47/jobs", Reply(body=jobs))
    with pipelines(GitLab(server.url, "council/site", deploys=True, token=TOKEN), pace=0.01) as found:
        assert found.jobs(Pipeline(47, "failed", "", COMMIT), 1) == (
            Job("teaspoon", "failed", optional=False),
            Job("rspec:other", "manual", optional=True),
        )


def test_the_jobs_of_a_large_pipeline(server: ScriptedServer) -> None:
    """What stands on the second page counts as well."""
    passed = [{"name": f"rspec {number}", "status": "success", "allow_failure": False} for number in range(100)]
    last = {"name": "deploy", "status": "failed", "allow_failure": False}
    server.on("GET", f"{LIST}/47/jobs", Reply(body=passed), Reply(body=[last]))
    with pipelines(GitLab(server.url, "council/site", deploys=True, token=TOKEN), pace=0.01) as found:
        jobs = found.jobs(Pipeline(47, "manual", "", COMMIT), 1)
    assert jobs[100:] == (Job("deploy", "failed", optional=False),)
    assert [seen.query for seen in server.seen] == ["per_page=100&page=1", "per_page=100&page=2"]


@pytest.mark.parametrize(
    "first", [Reply(500), Reply(503), Reply(429, {"message": "Retry later"}), NO_ANSWER, Reply(body=b"[" * 9, cut=3)]
)
def test_what_passes_is_asked_again(server: ScriptedServer, first: Reply) -> None:
    """Trouble, a limit, or a lost connection: the second answer counts."""
    server.on("GET", LIST, first, Reply(body=[LISTED]))
    assert [each.id for each in asked(server, limit=20)] == [47]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(401, {"message": f"401 Unauthorized {TOKEN}"}), "does not accept the token (status 401)"),
        (Reply(403, {"message": "403 Forbidden"}), "with the scope read_api and, in that project, the role Reporter"),
        (Reply(404, {"message": "404 Project Not Found"}), "shows no project council/site"),
        (Reply(302, headers={"Location": "https://elsewhere.invalid/"}), "not as documented"),
        (Reply(body=b"<html>Sign in</html>"), "not as documented"),
        (Reply(body={"message": TOKEN}), "not as documented"),
        (Reply(body=[{**LISTED, "id": TOKEN}]), "not as documented"),
        (Reply(body=["x"]), "not as documented"),
        (Reply(500, {"message": TOKEN}), "is in trouble: it answered with status 500"),
        (NO_ANSWER, "cannot be reached"),
    ],
)
def test_the_token_is_never_told(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture, reply: Reply, words: str
) -> None:
    """Whatever GitLab answers, its token stands neither in the error nor in anything that is logged."""
    server.on("GET", LIST, reply)
    with caplog.at_level(logging.DEBUG), pytest.raises(PipelinesError) as raised:
        asked(server)
    assert words in str(raised.value)
    assert TOKEN not in f"{raised.value!r} {raised.value} {caplog.text}"
    assert TOKEN not in repr(GitLab(server.url, "council/site", deploys=True, token=TOKEN))
    assert raised.value.__cause__ is None


def test_an_answer_without_end_is_given_up(server: ScriptedServer) -> None:
    """More than any list has is not read."""
    server.on("GET", LIST, Reply(body=b"[" + b" " * (5 << 20) + b"]"))
    with pytest.raises(PipelinesError, match="cannot be reached"):
        asked(server)
