"""Verdicts on branches, from figures alone."""

from bc_pipelines.checks.branches import every_branch_merges, migrations_come_together, nothing_only_on_staging
from bc_pipelines.checks.verdict import Row


def row(branch: str, files: str = "", rivals: str = "") -> Row:
    """What came of trying one branch."""
    return {"branch": branch, "merges": not files, "files": files, "conflicts with": rivals}


def test_all_merge() -> None:
    """Each is counted."""
    verdict = every_branch_merges((row("a"), row("b")), "master")
    assert verdict.passed
    assert verdict.facts == {"branches": 2, "conflicts": 0}


def test_none_to_merge() -> None:
    """That is no failure, and it is said what becomes of staging."""
    verdict = every_branch_merges((), "master")
    assert verdict.passed
    assert "staging becomes master" in verdict.summary


def test_a_conflict_names_branch_and_files() -> None:
    """The words name what to mend and how; it stops a reset."""
    verdict = every_branch_merges((row("a"), row("b", "shared.txt", "a")), "master")
    assert (verdict.passed, verdict.severity) == (False, "error")
    assert "b (shared.txt)" in verdict.summary
    assert "repository.merge" in verdict.summary


def test_migrations_that_do_not_know_each_other() -> None:
    """The words name the app, the migrations, who brought them and what to do; it stops a reset."""
    clash: Row = {"migrations of": "bc/news", "last ones": "0002_a, 0002_b", "brought by": "a, b"}
    verdict = migrations_come_together((clash,))
    assert (verdict.passed, verdict.severity) == (False, "error")
    assert "bc/news (0002_a, 0002_b; brought by a, b)" in verdict.summary
    assert migrations_come_together(()).passed


def test_commits_that_only_staging_has_warn() -> None:
    """A person may accept the loss, so it is a warning; short ids and dates, no more."""
    verdict = nothing_only_on_staging([("0123456789abcdef", "26 Nov 2026", True)], "staging")
    assert (verdict.passed, verdict.severity) == (False, "warn")
    assert verdict.rows == ({"commit": "0123456789ab", "date": "26 Nov 2026", "merge": True},)
    assert nothing_only_on_staging([], "staging").passed
