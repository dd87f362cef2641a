"""The plan of a reset: what a schedule may not decide by itself."""

from dataclasses import replace
from datetime import date

import pytest

from bc_pipelines.operations import code
from bc_pipelines.operations.plan import unacknowledged
from bc_pipelines.settings import Environment, StandingApproval

STAGING = Environment("staging", "council-staging", writable=True, hosts=(), sites={}, standing_approval=None)
BY, UNTIL = "web@council.example", date(2027, 3, 31)


def test_commits_that_only_staging_has_are_a_loss_too() -> None:
    """They are acknowledged as what was made on the site is: by typing the name, or by the standing approval."""
    lost = {code.LOST.format("staging"): 2}
    assert "2 commits that only the branch staging has" in next(unacknowledged(STAGING, lost))
    accepting = replace(STAGING, standing_approval=StandingApproval(BY, UNTIL, accepts_losses=True))
    assert list(unacknowledged(accepting, lost)) == []


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
