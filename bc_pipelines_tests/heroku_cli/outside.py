"""The sandbox beside the CLI's back: what its databases hold, and what its simulator of Heroku says by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from bc_pipelines.sandbox import servers
from bc_pipelines.sandbox.apps import PRODUCTION, STAGING, App
from bc_pipelines.sandbox.up import up
from bc_pipelines.sandbox.world import World
from bc_pipelines_tests.waiting import until

PAGES = 500
EMPTY = """
SET client_min_messages = warning;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
"""
CONTENT = (
    (PRODUCTION, "CREATE TABLE page AS SELECT id, md5(id::text) AS body FROM generate_series(1, 500) AS id"),
    (STAGING, "CREATE TABLE only_on_staging (id integer)"),
)


@dataclass(frozen=True)
class Outside:
    """A running sandbox.

    Attributes:
        world: its ports, secrets and folders.
        heroku: a plain client of the simulator.
    """

    world: World
    heroku: httpx.Client

    def sql(self, app: App, statement: str) -> list[Any]:
        """Run SQL in an app's database; the rows of the last statement."""
        with psycopg.connect(self.world.database_url(app.environment), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def fill(self) -> None:
        """Give production its pages and staging its own table, and nothing else to either."""
        for app, statement in CONTENT:
            self.sql(app, EMPTY + statement)

    def tables(self, app: App) -> set[str]:
        """Names of the tables in an app's database."""
        return {name for (name,) in self.sql(app, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}

    def pages(self, app: App) -> int:
        """How many pages an app's database holds."""
        return int(self.sql(app, "SELECT count(*) FROM page")[0][0])

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Ask the simulator."""
        return self.heroku.get(path).raise_for_status().json()

    def transfers(self, app: App) -> list[dict[str, Any]]:
        """The transfers of an app, newest first."""
        return list(self.get(f"/client/v11/apps/{app.name}/transfers"))

    def capture(self, app: App = PRODUCTION, *, wait: bool = True) -> dict[str, Any]:
        """Capture a backup without the CLI."""
        transfer = self.heroku.post(f"/client/v11/databases/{app.addon}/backups").raise_for_status().json()
        path = f"/client/v11/apps/{app.name}/transfers/{transfer['uuid']}"
        if wait:
            until(lambda: self.get(path)["finished_at"])
        return dict(self.get(path))

    def fault(self, **order: object) -> None:
        """Let something go wrong at Heroku."""
        self.heroku.post("/sandbox/faults", json=order).raise_for_status()

    def forget_faults(self) -> None:
        """Let everything go well again."""
        self.heroku.delete("/sandbox/faults").raise_for_status()

    @contextmanager
    def account(self, apps: dict[str, dict[str, list[str]]]) -> Iterator[str]:
        """Have another account with these grants inside the block; its token."""
        order: dict[str, Any] = {
            "token": "HRKU-somebody-elses",
            "email": "somebody.else@buckinghamshire.example",
            "apps": apps,
        }
        self.heroku.post("/sandbox/accounts", json=order).raise_for_status()
        try:
            yield str(order["token"])
        finally:
            self.heroku.delete("/sandbox/accounts").raise_for_status()

    def kill_heroku(self) -> None:
        """End the simulator without warning, and start it again."""
        (pid,) = [each.pid for each in servers.status(self.world) if each.name == servers.HEROKU]
        assert pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: "stopped" in [each.state for each in servers.status(self.world)])
        up(self.world.root, fill=False)
