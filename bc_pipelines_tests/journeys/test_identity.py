"""Heroku's answers change while a reset runs: the wrong database is neither opened nor wiped."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from bc_pipelines.defs.launch import Outcome
from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.models import Database
from bc_pipelines.operations import restore
from bc_pipelines.operations.errors import GateClosed, Refused
from bc_pipelines.operations.record import Records, ResetRecord
from bc_pipelines.operations.target import own_database, target_database
from bc_pipelines.operations.tools import Tools, open_tools
from bc_pipelines_tests.journeys.world import PRODUCTION, STAGING, Outside

DEVELOPMENT = "buckinghamshire-development"


class Moved:
    """The real client, but for what Heroku answers about staging: the simulator cannot move an attachment."""

    def __init__(self, real: HerokuClient, database: Database | None = None, url: str | None = None) -> None:
        self._real, self._database, self._url = real, database, url

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - everything else is the real client's
        return getattr(self._real, name)

    def database(self, app: str) -> Database:
        """Staging's add-on as it is said to be now."""
        return self._database if app == STAGING and self._database else self._real.database(app)

    def config_vars(self, app: str) -> dict[str, str]:
        """Staging's config vars with another DATABASE_URL."""
        variables = self._real.config_vars(app)
        return {**variables, "DATABASE_URL": self._url} if app == STAGING and self._url is not None else variables


@contextmanager
def tools_with(**moved: Any) -> Iterator[Tools]:  # noqa: ANN401 - as Moved takes them
    """Real tools whose Heroku answers differently about staging."""
    with open_tools() as tools:
        yield replace(tools, heroku=Moved(tools.heroku, **moved))  # type: ignore[arg-type]


@pytest.fixture
def record(first: Outcome, outside: Outside) -> ResetRecord:
    """The record of the first reset, which knows staging's own database."""
    found = Records(outside.world.database_url("dagster")).of_run(first.run_id)
    assert found is not None
    return found


def test_the_own_database_is_opened(record: ResetRecord) -> None:
    """The control: with Heroku's true answers, staging's database opens."""
    with open_tools() as tools, target_database(tools, "staging", record) as connection:
        assert connection.execute("select current_database()").fetchone() == ("staging",)


def test_a_url_that_leads_to_production_is_not_opened(record: ResetRecord, outside: Outside) -> None:
    """Staging's DATABASE_URL names production's database while the add-on is still staging's."""
    with (
        tools_with(url=outside.world.database_url("production")) as tools,
        pytest.raises(Refused, match="does not lead to its add-on"),
        target_database(tools, "staging", record),
    ):
        pytest.fail("production was opened")


def test_an_app_without_a_url_is_not_opened(record: ResetRecord) -> None:
    """Staging's DATABASE_URL is gone: the message says so."""
    with (
        tools_with(url="") as tools,
        pytest.raises(Refused, match="has no DATABASE_URL"),
        target_database(tools, "staging", record),
    ):
        pytest.fail("something was opened")


def test_productions_address_under_another_addon_is_refused(record: ResetRecord) -> None:
    """An add-on with another id whose database is production's is production's."""
    with open_tools() as real:
        elsewhere = replace(real.heroku.database(STAGING), address=real.heroku.database(PRODUCTION).address)
    with tools_with(database=elsewhere) as tools, pytest.raises(Refused, match="production's database"):
        own_database(tools, "staging", record)


def test_another_environments_database_is_refused(record: ResetRecord) -> None:
    """Staging's attachment leads to development's add-on: typed was staging, so development is not wiped."""
    with open_tools() as real:
        development = replace(real.heroku.database(DEVELOPMENT), app=STAGING)
    with tools_with(database=development) as tools, pytest.raises(Refused, match=f"belongs to {DEVELOPMENT}"):
        own_database(tools, "staging")


def test_a_database_that_moved_since_the_plan_is_refused(record: ResetRecord) -> None:
    """An add-on of staging's own that is not the planned one has no rollback point: it is left alone."""
    with open_tools() as real:
        promoted = replace(real.heroku.database(STAGING), addon_id="00000000-0000-4000-8000-000000000000")
    with tools_with(database=promoted) as tools, pytest.raises(Refused, match="has another database now"):
        own_database(tools, "staging", record)


def test_an_archive_that_was_swapped_is_not_the_proven_one(record: ResetRecord, outside: Outside) -> None:
    """Somebody replaced the stored archive: its digest differs, and staging is not even put into maintenance."""
    with open_tools() as tools:
        tools.archives.put_text("archives/swapped.dump", "PGDMP, but another", "application/octet-stream")
        swapped = {**record.facts, "archive_key": "archives/swapped.dump"}
        with pytest.raises(GateClosed, match="not the one that was proven"):
            restore.wipe_and_restore(tools, replace(record, facts=swapped), lambda _: None)
        tools.archives.delete("archives/swapped.dump")
    assert not outside.maintenance()
