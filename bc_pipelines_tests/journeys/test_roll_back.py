"""The way back: staging's database as it was before a reset, row by row, whatever became of that reset."""

import pytest

from bc_pipelines.defs.launch import Outcome
from bc_pipelines.operations.record import Kind, State
from bc_pipelines_tests.journeys.test_killed import newest
from bc_pipelines_tests.journeys.world import Outside

pytestmark = [pytest.mark.usefixtures("first"), pytest.mark.timeout(900)]
# Rendering a page and opening the site fill it.
CACHE = "database_cache"


def content(outside: Outside) -> dict[str, str]:
    """Every row of staging's database, but for what is only cached."""
    return {table: digest for table, digest in outside.rows("staging").items() if table != CACHE}


def test_a_reset_that_went_through_is_undone(outside: Outside, first: Outcome) -> None:
    """What an editor made on staging is back, and so are maintenance, dynos, Site records and the mark."""
    outside.sql("staging", "update wagtailcore_page set title = 'Made on staging' where depth = 2")
    before, formation, sites = content(outside), outside.running(), outside.sites("staging")
    again = outside.reset()
    assert again.failure == ""
    assert content(outside) != before
    undone = newest(outside)

    back = outside.roll_back()
    assert back.failure == ""
    assert back.failed_checks == ()
    assert content(outside) == before
    assert (outside.running(), outside.sites("staging"), outside.maintenance()) == (formation, sites, False)
    record = newest(outside)
    assert (record.kind, record.state, record.facts["undoes"]) == (Kind.ROLLBACK, State.DONE, undone.id)
