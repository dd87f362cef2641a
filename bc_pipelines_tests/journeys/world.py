"""A sandbox for the journeys, with the few questions that they ask it beside the product's back."""

import os
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
from redis import Redis

from bc_pipelines.defs.launch import Outcome, run_reset, run_rollback
from bc_pipelines.sandbox import git, redis, slack
from bc_pipelines.sandbox.world import World

STAGING = "buckinghamshire-staging"
_WHO = {f"GIT_{who}_{what}": "us@council.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
PRODUCTION = "buckinghamshire-production"


@dataclass(frozen=True)
class Seen:
    """What the outside world showed at one moment of things that the next reset, of whichever file, changes.

    Attributes:
        refs: every branch and tag of the site's repository, and where it points.
        backups: names of the backups of production and of staging, newest first.
    """

    refs: dict[str, str]
    backups: dict[str, list[str]]


@dataclass(frozen=True)
class Outside:
    """The outside world as a test sees it.

    Attributes:
        world: ports, secrets and folders of the sandbox.
    """

    world: World

    def reset(self, confirm: str = STAGING, on_step: Callable[[str], None] = lambda _step: None) -> Outcome:
        """Run the job reset_staging in this process, on the real Dagster storage."""
        return run_reset(confirm, "a journey", on_step)

    def roll_back(
        self, confirm: str = STAGING, raw_data: str = "", on_step: Callable[[str], None] = lambda _step: None
    ) -> Outcome:
        """Run the job roll_back_staging in this process, on the real Dagster storage."""
        return run_rollback(confirm, raw_data, "", "a journey", on_step)

    def rows(self, database: str) -> dict[str, str]:
        """What is in every table of a database, as a digest of all its rows in an order of their own."""
        names = b"select relname from pg_stat_user_tables where schemaname = 'public' order by 1"
        digest = "select md5(coalesce(string_agg(t::text, chr(10) order by t::text), '')) from public.\"{}\" t"
        # On one connection: for each, PostgreSQL starts a process, which takes longer than most tables.
        with psycopg.connect(self.world.database_url(database), autocommit=True) as connection:
            tables = [str(name) for (name,) in connection.execute(names)]
            return {name: str(connection.execute(digest.format(name).encode()).fetchall()[0][0]) for name in tables}

    def sql(self, database: str, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement on a database of the sandbox, past the product."""
        with psycopg.connect(self.world.database_url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def caches(self, environment: str) -> list[Redis]:
        """Both databases of a site's Redis, pages' and renditions', past the product; none where there is no Redis."""
        url = redis.url(self.world, environment)
        trusted = str(self.world.ca)
        return [Redis.from_url(url, db=number, ssl_ca_certs=trusted) for number in (0, 1)] if url else []

    def sites(self, database: str) -> list[str]:
        """Hosts of the Site records of a database."""
        return [row[0] for row in self.sql(database, "select hostname from wagtailcore_site order by hostname")]

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Ask the Heroku simulator."""
        with self.heroku() as client:
            return client.get(path).raise_for_status().json()

    def refs(self) -> dict[str, str]:
        """Every branch and tag of the site's repository, past the product."""
        shown = self._git("for-each-ref", "--format=%(refname) %(objectname)")
        return dict(line.split(" ") for line in shown.splitlines())

    def backups(self, app: str) -> list[str]:
        """Names of an app's backups, as `b101`, newest first."""
        return [f"b{transfer['num']:03}" for transfer in self.transfers(app, "gof3r")]

    def seen(self) -> Seen:
        """What is there now of what does not stay."""
        return Seen(self.refs(), {app: self.backups(app) for app in (PRODUCTION, STAGING)})

    def release(self) -> None:
        """Put one more commit on the site's main branch, so that the next reset has something to push."""
        self._commit("master", "master^{tree}", "master")

    def feature(self, name: str, file: str, text: str) -> None:
        """Put one file on a branch of its own, and on staging as somebody does who resolves every conflict."""
        blob = self._git("hash-object", "-w", "--stdin", stdin=text)
        entry = f"100644 blob {blob}\t{file}\n"
        for branch, parents in ((name, ("master",)), ("staging", ("staging", name))):
            there = [line for line in self._git("ls-tree", parents[0]).splitlines() if not line.endswith(f"\t{file}")]
            tree = self._git("mktree", stdin="\n".join(there) + f"\n{entry}")
            self._commit(branch, tree, *parents)

    def put_back(self, refs: dict[str, str]) -> None:
        """Make every branch and tag what it was."""
        for name in self.refs().keys() - refs.keys():
            self._git("update-ref", "-d", name)
        for name, commit in refs.items():
            self._git("update-ref", name, commit)

    def _commit(self, branch: str, tree: str, *parents: str) -> None:
        above = [word for parent in parents for word in ("-p", parent)]
        self._git("update-ref", f"refs/heads/{branch}", self._git("commit-tree", tree, *above, "-m", "By us"))

    def _git(self, *arguments: str, stdin: str = "") -> str:
        command = ["git", f"--git-dir={git.folder(self.world) / git.NAME}", *arguments]
        done = subprocess.run(
            command, env={**os.environ, **_WHO}, input=stdin, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def transfers(self, app: str, kind: str) -> list[dict[str, Any]]:
        """Backups (`gof3r`) or restores (`pg_restore`) of an app, newest first."""
        return [t for t in self.get(f"/client/v11/apps/{app}/transfers") if t["to_type"] == kind]

    def maintenance(self) -> bool:
        """Whether staging is in maintenance."""
        return bool(self.get(f"/apps/{STAGING}")["maintenance"])

    def running(self) -> dict[str, int]:
        """How many dynos of each type staging has."""
        return {process["type"]: process["quantity"] for process in self.get(f"/apps/{STAGING}/formation")}

    def messages(self) -> list[dict[str, str]]:
        """What is in the channel at Slack, oldest first."""
        return slack.messages(self.world)

    @contextmanager
    def fault(self, **order: object) -> Iterator[None]:
        """Let something go wrong at Heroku inside the block."""
        with self.heroku() as client:
            client.post("/sandbox/faults", json=order).raise_for_status()
            try:
                yield
            finally:
                client.delete("/sandbox/faults").raise_for_status()

    def gitlab(self) -> httpx.Client:
        """A client of the stand-in for GitLab, past the product."""
        return httpx.Client(
            base_url=self.world.gitlab_url,
            headers={"PRIVATE-TOKEN": self.world.secrets["gitlab_token"]},
            verify=ssl.create_default_context(cafile=str(self.world.ca)),
        )

    def heroku(self) -> httpx.Client:
        """A client of the simulator, past the product."""
        return httpx.Client(
            base_url=self.world.heroku_url,
            headers={"Authorization": f"Bearer {self.world.secrets['heroku_token']}"},
            verify=ssl.create_default_context(cafile=str(self.world.ca)),
            timeout=30,
        )
