"""The shape of a verdict and its little helper."""

from __future__ import annotations

from bc_pipelines.checks.verdict import Verdict, listed


def test_a_verdict_stops_the_reset_unless_it_says_otherwise() -> None:
    """A failure is an error by default, so that forgetting the severity is safe."""
    assert Verdict(False, "No.").severity == "error"


def test_listed() -> None:
    """Long lists are cut with a count, and an empty one says so."""
    assert listed([]) == "none"
    assert listed(["a", "b"]) == "a, b"
    assert listed("abcd", limit=2) == "a, b and 2 more"
