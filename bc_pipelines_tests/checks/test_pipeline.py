"""Verdicts on a pipeline and on a release, each status that GitLab and Heroku document."""

import pytest

from bc_pipelines.checks.pipeline import ci_passes, is_released, same_commit

COMMIT, PAGE = "a91957a858320c0e17f3a0eca7cfacbff50ea29a", "https://git.example/council/site/-/pipelines/47"


@pytest.mark.parametrize(
    ("status", "passed", "severity", "words"),
    [
        ("success", True, "error", "succeeded"),
        ("manual", False, "error", "failed (test). Look at"),
        ("skipped", False, "warn", "nothing has tested this code"),
        ("failed", False, "error", "failed (test). Look at"),
        ("canceled", False, "error", "was cancelled (test). Look at"),
        ("canceling", False, "error", "has not ended within 60 minutes: it is canceling"),
        ("running", False, "error", "has not ended within 60 minutes: it is running"),
        ("waiting_for_resource", False, "error", "has not ended"),
        (None, False, "error", "has begun no pipeline of a91957a85832 within 60 minutes"),
    ],
)
def test_each_status_has_its_verdict(status: str | None, passed: bool, severity: str, words: str) -> None:
    """Only success counts; nothing tested is a warning; the rest stops."""
    jobs = [("test", "failed", False), ("lint", "failed", True), ("copy", "manual", True)]
    verdict = ci_passes(COMMIT, status, PAGE, jobs, "60 minutes")
    assert (verdict.passed, verdict.severity) == (passed, severity)
    assert words in verdict.summary
    assert ("start the reset again" in verdict.summary) == (not passed and severity == "error")


@pytest.mark.parametrize(
    ("others", "passed", "severity", "words"),
    [
        ((), True, "error", "did all but what somebody starts by hand (copy)"),
        ((("lint", "failed", True), ("deploy", "skipped", False)), True, "error", "did all but"),
        ((("browsers", "created", False),), False, "warn", "to start copy. Until then, this has not run: browsers"),
        ((("browsers", "created", False), ("build", "failed", False)), False, "error", "failed (build). Look at"),
        ((("build", "canceled", False),), False, "error", "failed (build). Look at"),
    ],
)
def test_a_pipeline_that_waits_for_somebody_has_not_passed_by_that(
    others: tuple[tuple[str, str, bool], ...], passed: bool, severity: str, words: str
) -> None:
    """GitLab says `manual` before it says `failed`: what counts is the jobs that start by themselves."""
    jobs = [("test", "success", False), ("copy", "manual", False), *others]
    verdict = ci_passes(COMMIT, "manual", PAGE, jobs, "60 minutes")
    assert (verdict.passed, verdict.severity) == (passed, severity)
    assert words in verdict.summary


def test_a_release_is_of_the_pushed_commit() -> None:
    """In full, or shortened as whoever deploys may have it, and never by a few letters or by nothing."""
    assert is_released(COMMIT, 12, COMMIT, None, "").passed
    assert is_released(COMMIT, 12, COMMIT[:8].upper(), None, "").passed
    for other in (None, "", "a", "a91957", "b" * 40, f"{COMMIT}0"):
        assert not same_commit(COMMIT, other)
        assert not is_released(COMMIT, 12, other, None, "20 minutes").passed


def test_a_release_that_is_not_there_says_what_is() -> None:
    """What runs instead, and what to do: another thing where the release phase failed."""
    late = is_released(COMMIT, 12, "b" * 40, None, "20 minutes")
    assert "within 20 minutes Heroku did not release a91957a85832: the app runs v12 of bbbbbbbbbbbb" in late.summary
    assert "the app runs no release" in is_released(COMMIT, None, None, None, "20 minutes").summary
    assert "Run the deploy job of the pipeline again" in late.summary
    assert "can never pass" in is_released(COMMIT, 12, None, None, "20 minutes").summary
    failed = is_released(COMMIT, 12, None, 13, "20 minutes")
    assert "heroku releases:output v13" in failed.summary
    assert "v12 of no commit that it tells" in failed.summary
