"""What a check answers. Only the shape belongs here; how an answer is reached belongs in the check's own module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Fact = str | int | float | bool
Row = Mapping[str, Fact]


@dataclass(frozen=True)
class Verdict:
    """A check's answer, in words for a council's web team.

    Attributes:
        passed: whether what was looked at is as it must be.
        summary: one or two sentences: what was looked at, what was found and, if it failed, what to do.
        facts: single figures by name, for plots over time.
        rows: a table, every row with the same columns; never a person's data, never a secret.
        severity: `error` where a failure must stop the reset, `warn` where somebody should only know of it.
    """

    passed: bool
    summary: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()
    severity: Literal["error", "warn"] = "error"

    @property
    def stops(self) -> bool:
        """Whether it failed, and not only warns."""
        return not self.passed and self.severity == "error"


def listed(names: Iterable[str], limit: int = 10) -> str:
    """Join names for a sentence, `a, b and 3 more`.

    Args:
        names: what to list, in the order to list it.
        limit: how many are spelt out.

    Returns:
        The names, or `none` if there are none.
    """
    everything = list(names)
    shown, more = everything[:limit], len(everything) - limit
    if not shown:
        return "none"
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def not_testable(why: str) -> Verdict:
    """Say that nothing is known, which is never green and stops nothing.

    Args:
        why: what was asked, why there is no answer, and what to do.

    Returns:
        A verdict that did not pass, with `state` among its facts.
    """
    return Verdict(False, f"Not testable: {why}", {"state": "not_testable"}, severity="warn")
