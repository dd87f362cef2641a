"""A stand-in for GitLab's CI: one project, the pipelines of staging's branch, and the deploy at their end.

It speaks as GitLab's REST API does where pipelines are asked for: `GET /projects/:id/pipelines` by `ref`, `sha` and in
pages, `GET …/pipelines/:id/jobs`, `POST …/pipeline` (a new one by hand); the project as its escaped path, a token in
`PRIVATE-TOKEN`, errors as `{"message": …}`. A pipeline begins when somebody asks and the branch has moved since, takes
a moment, and then does what the council's does: it has the commit released at Heroku. Nothing is built or tested.

Nothing real can be had here: a GitLab of one's own takes gigabytes and minutes. Source: GitLab's documentation of the
*Pipelines API*, the *Jobs API* and *Authentication*.

`POST /sandbox/faults` with the token orders what goes wrong: `{"pipeline": STATUS}` is how the next pipeline ends,
`{"status": N}` how requests are answered, `{"skip_deploy": true}` that the next one deploys nothing, each with `times`;
DELETE forgets it.

`python -m bc_pipelines.sandbox.gitlab PORT REPOSITORY FOLDER CERTIFICATE KEY CA HEROKU APP`, tokens in
`SANDBOX_GITLAB_TOKEN` and `SANDBOX_GITLAB_HEROKU_TOKEN`.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import ssl
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bc_pipelines.sandbox import git, stand_in
from bc_pipelines.sandbox.folder import write_private
from bc_pipelines.sandbox.processes import base_environment
from bc_pipelines.sandbox.world import World

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

TOKEN = "SANDBOX_GITLAB_TOKEN"  # noqa: S105 - a variable's name
HEROKU_TOKEN = "SANDBOX_GITLAB_HEROKU_TOKEN"  # noqa: S105 - a variable's name
PROJECT = "council/buckinghamshire"
_NUMBER = 41
_RUNS_SECONDS = 0.1
_PAGE = 20
_PATIENCE = 200
# Name, stage, and whether it waits for somebody.
_JOBS = (("test", "test", False), ("deploy_staging", "deploy", False), ("copy_prod_to_staging", "deploy", True))


def command(world: World, app: str) -> tuple[str, ...]:
    """Give the server's command line; the tokens are in its environment.

    Args:
        world: the sandbox's.
        app: the app at Heroku that staging's branch is deployed to.
    """
    certificate, key = (str(world.certificates / name) for name in ("server.pem", "server.key"))
    repository = str(git.folder(world) / git.NAME)
    program = (sys.executable, "-m", "bc_pipelines.sandbox.gitlab", str(world.ports["gitlab"]), repository)
    return (*program, str(folder(world)), certificate, key, str(world.ca), world.heroku_url, app)


def server_environment(world: World) -> Mapping[str, str]:
    """Give the server the one token that it accepts, and its own for Heroku."""
    return {TOKEN: world.secrets["gitlab_token"], HEROKU_TOKEN: world.secrets["heroku_token"]}


def folder(world: World) -> Path:
    """The folder with the list of pipelines."""
    return world.root / "gitlab"


@dataclass(frozen=True)
class Deploy:
    """Where a pipeline's last job releases the commit.

    Attributes:
        heroku: base URL of Heroku's API.
        app: the app.
        token: Heroku's.
        ca: the authority whose certificates are trusted.
    """

    heroku: str
    app: str
    token: str = field(repr=False)
    ca: Path


class Ci:
    """The pipelines of one repository.

    Args:
        repository: the bare repository.
        folder: where pipelines are kept.
        token: that callers must have.
        deploy: what a pipeline does at its end; None for nothing.
    """

    def __init__(self, repository: Path, folder: Path, token: str, deploy: Deploy | None) -> None:
        self._repository = repository
        self._path = folder / "pipelines.json"
        self._token = token
        self._deploy = deploy
        self._fault: dict[str, Any] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        self._pipelines: list[dict[str, Any]] = []
        # What was there before is no push.
        self._seen = self._tip()
        if self._path.is_file():
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            self._pipelines, self._seen = kept["pipelines"], kept["seen"]

    def application(self) -> Starlette:
        """The server's application."""
        from starlette.applications import Starlette
        from starlette.routing import Route

        project = "/api/v4/projects/{project:path}"
        return Starlette(
            routes=[
                Route("/healthz", stand_in.healthz),
                Route("/sandbox/faults", self._order, methods=["POST", "DELETE"]),
                Route(f"{project}/pipelines/{{pipeline:int}}/jobs", self._jobs),
                Route(f"{project}/pipelines", self._list),
                Route(f"{project}/pipeline", self._create, methods=["POST"]),
            ]
        )

    async def _order(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        if not self._knows(request):
            return JSONResponse({"message": "403 Forbidden"}, 403)
        # What was pushed before is not meant.
        self._notice()
        self._fault = await request.json() if request.method == "POST" else {}
        return JSONResponse({})

    async def _list(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        if (refusal := self._refusal(request)) is not None:
            return refusal
        self._notice()
        asked = request.query_params
        found = [
            _told(each)
            for each in reversed(self._pipelines)
            if all(each[name] == asked[name] for name in ("ref", "sha", "status") if name in asked)
        ]
        page, size = int(asked.get("page", 1)), min(int(asked.get("per_page", _PAGE)), 100)
        return JSONResponse(found[(page - 1) * size : page * size])

    async def _jobs(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        if (refusal := self._refusal(request)) is not None:
            return refusal
        for each in self._pipelines:
            if each["id"] == request.path_params["pipeline"]:
                return JSONResponse([_job(each, number) for number in range(len(_JOBS))])
        return JSONResponse({"message": "404 Not found"}, 404)

    async def _create(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        if (refusal := self._refusal(request)) is not None:
            return refusal
        if request.query_params.get("ref") != git.STAGING:
            return JSONResponse({"message": {"base": ["Reference not found"]}}, 400)
        return JSONResponse(_told(self._begin(self._tip(), "api")), 201)

    def _refusal(self, request: Request) -> Response | None:
        from starlette.responses import JSONResponse

        status = int(self._strike("status") or 0)
        if status:
            return JSONResponse({"message": f"{status} as ordered"}, status)
        if not self._knows(request):
            return JSONResponse({"message": "401 Unauthorized"}, 401)
        if request.path_params["project"] not in (PROJECT, str(_NUMBER)):
            return JSONResponse({"message": "404 Project Not Found"}, 404)
        return None

    def _knows(self, request: Request) -> bool:
        given = request.headers.get("PRIVATE-TOKEN", "").encode()
        return secrets.compare_digest(given, self._token.encode())

    def _strike(self, kind: str) -> Any:  # noqa: ANN401 - JSON
        """What was ordered of this kind, which counts down."""
        if kind not in self._fault:
            return None
        ordered = self._fault[kind]
        self._fault["times"] = self._fault.get("times", 1) - 1
        if self._fault["times"] <= 0:
            self._fault = {}
        return ordered

    def _notice(self) -> None:
        """Begin a pipeline if the branch has moved, and go on with those that a restart interrupted."""
        tip = self._tip()
        if tip != self._seen:
            self._begin(tip, "push")
        for each in self._pipelines:
            if not each["over"] and each["id"] not in self._running:
                self._running[each["id"]] = asyncio.create_task(self._run(each))

    def _begin(self, commit: str, source: str) -> dict[str, Any]:
        now, number = _now(), len(self._pipelines) + 1
        ordered = self._strike("pipeline")
        pipeline: dict[str, Any] = {
            "id": 1000 + number,
            "iid": number,
            "sha": commit,
            "ref": git.STAGING,
            "status": "running",
            "source": source,
            "created_at": now,
            "updated_at": now,
            "ends": ordered or "success",
            "deploys": ordered is None and not self._strike("skip_deploy"),
            "over": False,
        }
        self._pipelines.append(pipeline)
        self._seen = commit
        self._keep()
        self._running[1000 + number] = asyncio.create_task(self._run(pipeline))
        return pipeline

    async def _run(self, pipeline: dict[str, Any]) -> None:
        """Come to the pipeline's end; as with the council's, what it deploys is there a moment later."""
        await asyncio.sleep(_RUNS_SECONDS)
        pipeline["status"], pipeline["updated_at"] = pipeline["ends"], _now()
        self._keep()
        if pipeline["deploys"] and self._deploy is not None:
            await _release(self._deploy, pipeline["sha"])
        pipeline["over"] = True
        self._keep()

    def _tip(self) -> str:
        shown = subprocess.run(
            ["git", f"--git-dir={self._repository}", "rev-parse", "--verify", "--quiet", f"refs/heads/{git.STAGING}"],  # noqa: S607
            env={**base_environment(), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return shown.stdout.strip()

    def _keep(self) -> None:
        write_private(self._path, json.dumps({"seen": self._seen, "pipelines": self._pipelines}, indent=1))


async def _release(deploy: Deploy, commit: str) -> None:
    """Have Heroku release a commit, however often it must be asked: a simulator may be starting anew just then."""
    import httpx

    headers = {"Authorization": f"Bearer {deploy.token}", "Accept": "application/vnd.heroku+json; version=3"}
    tls = ssl.create_default_context(cafile=str(deploy.ca))
    async with httpx.AsyncClient(base_url=deploy.heroku, headers=headers, verify=tls, trust_env=False) as heroku:
        for _ in range(_PATIENCE):
            try:
                made = await heroku.post(f"/apps/{deploy.app}/slugs", json={"commit": commit, "process_types": {}})
                order = {"slug": made.raise_for_status().json()["id"], "description": f"Deploy {commit[:8]}"}
                (await heroku.post(f"/apps/{deploy.app}/releases", json=order)).raise_for_status()
            except httpx.HTTPError:
                await asyncio.sleep(0.2)
            else:
                return


def _told(pipeline: Mapping[str, Any]) -> dict[str, Any]:
    """A pipeline as the API lists it."""
    names = ("id", "iid", "sha", "ref", "status", "source", "created_at", "updated_at")
    page = f"https://gitlab.invalid/{PROJECT}/-/pipelines/{pipeline['id']}"
    return {**{name: pipeline[name] for name in names}, "project_id": _NUMBER, "web_url": page, "name": None}


def _job(pipeline: Mapping[str, Any], number: int) -> dict[str, Any]:
    """One of a pipeline's jobs: the first ends as the pipeline does, and what needs it follows."""
    (name, stage, by_hand), ended = _JOBS[number], pipeline["status"]
    later = {"success": "success", "running": "created", "manual": "manual"}.get(ended, "skipped")
    first = "success" if ended == "manual" else ended
    return {
        "id": pipeline["id"] * 10 + number,
        "name": name,
        "stage": stage,
        "status": "manual" if by_hand else first if number == 0 else later,
        "ref": pipeline["ref"],
        "allow_failure": by_hand,
        "created_at": pipeline["created_at"],
        "pipeline": {name: pipeline[name] for name in ("id", "ref", "sha", "status")} | {"project_id": _NUMBER},
        "commit": {"id": pipeline["sha"], "short_id": pipeline["sha"][:8]},
        "user": None,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def main() -> None:
    """Run the server that the command line describes."""
    port, repository, folder, certificate, key, ca, heroku, app = sys.argv[1:]
    deploy = Deploy(heroku, app, os.environ[HEROKU_TOKEN], Path(ca))
    ci = Ci(Path(repository), Path(folder), os.environ[TOKEN], deploy)
    stand_in.serve(ci.application(), int(port), certificate, key)


if __name__ == "__main__":
    main()
