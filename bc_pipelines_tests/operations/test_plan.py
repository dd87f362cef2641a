"""The plan of a reset: what a schedule may not decide by itself."""

from dataclasses import replace
from datetime import date

import pytest

from bc_pipelines.operations.plan import unacknowledged
from bc_pipelines.settings import Environment, StandingApproval

STAGING = Environment("staging", "council-staging", writable=True, hosts=(), sites={}, standing_approval=None)
BY, UNTIL = "web@council.example", date(2027, 3, 31)


@pytest.mark.parametrize(
    ("accepts", "lost", "objections"),
    [(False, {"pages": 3, "images": 0}, 1), (False, {"pages": 0}, 0), (False, {}, 0), (True, {"pages": 3}, 0)],
)
def test_a_schedule_takes_nothing_away_that_nobody_acknowledged(
    accepts: bool, lost: dict[str, int], objections: int
) -> None:
    """What was made on staging since its last reset stops a scheduled one, unless the approval accepts that."""
    target = replace(STAGING, standing_approval=StandingApproval(BY, UNTIL, accepts))
    found = list(unacknowledged(target, lost))
    assert len(found) == objections
    assert all("3 pages" in words and "images" not in words and "accepts_losses" in words for words in found)
