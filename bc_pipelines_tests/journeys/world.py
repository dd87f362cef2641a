"""A sandbox for the journeys, with the few questions that they ask it beside the product's back."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from bc_pipelines.defs.launch import Outcome, run_reset, run_rollback
from bc_pipelines.sandbox.world import World

STAGING = "buckinghamshire-staging"
PRODUCTION = "buckinghamshire-production"


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
        tables = self.sql(database, "select relname from pg_stat_user_tables where schemaname = 'public' order by 1")
        digest = "select md5(coalesce(string_agg(t::text, chr(10) order by t::text), '')) from {} t"
        return {table: str(self.sql(database, digest.format(f'public."{table}"'))[0][0]) for (table,) in tables}

    def sql(self, database: str, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement on a database of the sandbox, past the product."""
        with psycopg.connect(self.world.database_url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def sites(self, database: str) -> list[str]:
        """Hosts of the Site records of a database."""
        return [row[0] for row in self.sql(database, "select hostname from wagtailcore_site order by hostname")]

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Ask the Heroku simulator."""
        with self.heroku() as client:
            return client.get(path).raise_for_status().json()

    def transfers(self, app: str, kind: str) -> list[dict[str, Any]]:
        """Backups (`gof3r`) or restores (`pg_restore`) of an app, newest first."""
        return [t for t in self.get(f"/client/v11/apps/{app}/transfers") if t["to_type"] == kind]

    def maintenance(self) -> bool:
        """Whether staging is in maintenance."""
        return bool(self.get(f"/apps/{STAGING}")["maintenance"])

    def running(self) -> dict[str, int]:
        """How many dynos of each type staging has."""
        return {process["type"]: process["quantity"] for process in self.get(f"/apps/{STAGING}/formation")}

    @contextmanager
    def fault(self, **order: object) -> Iterator[None]:
        """Let something go wrong at Heroku inside the block."""
        with self.heroku() as client:
            client.post("/sandbox/faults", json=order).raise_for_status()
            try:
                yield
            finally:
                client.delete("/sandbox/faults").raise_for_status()

    def heroku(self) -> httpx.Client:
        """A client of the simulator, past the product."""
        return httpx.Client(
            base_url=self.world.heroku_url,
            headers={"Authorization": f"Bearer {self.world.secrets['heroku_token']}"},
            verify=ssl.create_default_context(cafile=str(self.world.ca)),
            timeout=30,
        )
