"""By whose word a reset may begin."""

from dataclasses import replace
from datetime import date

import pytest

from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.reset import approve
from bc_pipelines.settings import Environment, StandingApproval

STAGING = Environment("staging", "council-staging", writable=True, hosts=(), sites={}, standing_approval=None)
APPROVED = replace(STAGING, standing_approval=StandingApproval("web@council.example", date(2027, 3, 31)))
LAST_DAY = date(2027, 3, 31)


def test_a_typed_name_is_enough() -> None:
    """Whoever types the app's exact name may reset it."""
    assert approve(STAGING, "council-staging", scheduled=False) == "typed"


@pytest.mark.parametrize("typed", ["", "council-production", "Council-Staging", "council-staging "])
def test_anything_else_is_refused(typed: str) -> None:
    """Near misses are misses."""
    with pytest.raises(Refused, match="its name must be typed"):
        approve(STAGING, typed, scheduled=False)


def test_a_repeated_run_was_not_typed_for() -> None:
    """Dagster's "re-execute" brings the old run's words along; they were not meant for this wipe."""
    with pytest.raises(Refused, match="nobody typed council-staging for it"):
        approve(APPROVED, "council-staging", scheduled=False, repeated=True)


def test_a_schedule_needs_a_standing_approval() -> None:
    """It counts up to and on its last day, and says who gave it."""
    words = approve(APPROVED, "council-staging", scheduled=True, today=LAST_DAY)
    assert words == "standing approval of web@council.example until 2027-03-31"
    for target, today in ((STAGING, LAST_DAY), (APPROVED, date(2027, 4, 1))):
        with pytest.raises(Refused, match="standing approval that is still valid"):
            approve(target, "council-staging", scheduled=True, today=today)
