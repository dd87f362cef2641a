"""The way back: staging's database as it was before a reset, row by row, wherever that reset stopped.

After every way back the database is the one from before the first, so each test begins where the last one ended. What
is not repeated because it is the same: a reset that failed, was killed or was terminated at one place leaves one state,
and going back looks at nothing else, so of a site that is open again one failure is enough; how a killed one is found
is test_killed_at_each_step.py's.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from bc_pipelines.defs.launch import Outcome
from bc_pipelines.operations import mend, ready
from bc_pipelines.operations.record import Kind, State
from bc_pipelines_tests.journeys.test_killed import newest
from bc_pipelines_tests.journeys.world import STAGING, Outside

pytestmark = [pytest.mark.usefixtures("first"), pytest.mark.timeout(900)]
# Rendering a page fills it, and it is emptied before the site opens.
CACHE = "database_cache"
Spoil = Callable[[Outside, pytest.MonkeyPatch], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def before(outside: Outside, first: Outcome) -> Iterator[dict[str, str]]:
    """Staging before all this, with a title that an editor made there and that is taken back in the end."""
    outside.sql("staging", "update wagtailcore_page set title = 'Made on staging' where depth = 2")
    yield content(outside)
    outside.sql("staging", "update wagtailcore_page set title = draft_title where depth = 2")


def content(outside: Outside) -> dict[str, str]:
    """Every row of staging's database, but for what is only cached."""
    return {table: digest for table, digest in outside.rows("staging").items() if table != CACHE}


def went_back(outside: Outside, before: dict[str, str], formation: dict[str, int]) -> None:
    """Go back from the newest reset, and assert that everything is as it was."""
    undone, sites = newest(outside), outside.sites("production")
    back = outside.roll_back()
    assert back.failure == ""
    assert back.failed_checks == ()
    assert content(outside) == before
    assert (outside.running(), outside.maintenance()) == (formation, False)
    assert not set(outside.sites("staging")) & set(sites)
    record = newest(outside)
    assert (record.kind, record.state, record.facts["undoes"]) == (Kind.ROLLBACK, State.DONE, undone.id)
    [told] = [each["text"] for each in outside.messages() if f"Undone: {record.id}" in each["text"]]
    assert f"before the reset {undone.id} is back" in told


def half_way(outside: Outside, _patch: pytest.MonkeyPatch) -> AbstractContextManager[None]:
    """Heroku's restore ends half-way."""
    return outside.fault(on="transfer", kind="half_way", transfer="restore", app=STAGING)


def fails_at(module: object, name: str) -> Spoil:
    """A function of the product that fails."""

    @contextmanager
    def spoil(_outside: Outside, patch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]  # noqa: ANN202
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("made to fail")

        with patch.context() as patched:
            patched.setattr(module, name, fail)
            yield

    return spoil


FAILURES = {
    "6 half restored": (half_way, State.WIPING),
    "7 mended by half": (fails_at(mend, "put_back_accounts"), State.MENDED),
    "8 migrated and indexed": (fails_at(ready, "lights_on"), State.MENDED),
    "9 open": (fails_at(ready, "look"), State.READY),
}


@pytest.mark.parametrize(("spoil", "state"), FAILURES.values(), ids=FAILURES.keys())
def test_a_reset_that_failed_is_undone(
    outside: Outside, before: dict[str, str], spoil: Spoil, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, Site records, dynos and maintenance are as before it."""
    formation = outside.running()
    with spoil(outside, monkeypatch):
        stopped = outside.reset()
    assert not stopped.succeeded
    assert newest(outside).state is state, stopped.failure
    assert f"bucks reset roll-back --confirm {STAGING}" in stopped.failure
    went_back(outside, before, formation)


def test_a_reset_that_went_through_is_undone(outside: Outside, before: dict[str, str]) -> None:
    """It is no failure to want the old staging back; the next reset does not carry the old rollback point over."""
    formation, branch = outside.running(), outside.refs()["refs/heads/staging"]
    outside.release()
    again = outside.reset()
    assert again.failure == ""
    assert content(outside) != before
    assert outside.refs()["refs/heads/staging"] != branch
    went_back(outside, before, formation)
    assert outside.refs()["refs/heads/staging"] == branch
    assert "No reset of staging is on record" in outside.roll_back().failure


@pytest.mark.parametrize("typed", ["", "buckinghamshire-production"])
def test_without_the_right_name_nothing_is_rolled_back(outside: Outside, before: dict[str, str], typed: str) -> None:
    """The name of the app is typed for every wipe."""
    refused = outside.roll_back(confirm=typed)
    assert f"To wipe {STAGING}, its name must be typed" in refused.failure
    assert content(outside) == before
