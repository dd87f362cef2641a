"""Verdicts on one backup: each way of being unusable fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bc_pipelines.checks.backup import backup_complete, backup_recent, backup_succeeded

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("succeeded", "finished_at", "passed"),
    [(True, NOW, True), (True, None, False), (None, None, False), (False, NOW, False), (None, NOW, False)],
)
def test_succeeded(succeeded: bool | None, finished_at: datetime | None, passed: bool) -> None:
    """Only Heroku's own word together with an end counts as success."""
    assert backup_succeeded("b101", succeeded, finished_at).passed is passed


@pytest.mark.parametrize(
    ("first_bytes", "length", "listed", "words"),
    [
        (b"", 100, 100, "does not begin"),
        (b"<?xml", 100, 100, "does not begin"),
        (b"PGDMP\x01", 0, 0, "empty"),
        (b"PGDMP\x01", None, None, "empty"),
        (b"PGDMP\x01", 99, 100, "99 bytes can be downloaded, but Heroku lists 100"),
    ],
)
def test_incomplete(first_bytes: bytes, length: int | None, listed: int | None, words: str) -> None:
    """Wrong first bytes, no bytes and fewer bytes than listed each fail, in words."""
    verdict = backup_complete("b101", first_bytes, length, listed)
    assert not verdict.passed
    assert words in verdict.summary


@pytest.mark.parametrize(("length", "listed"), [(100, 100), (100, None), (100, 0), (None, 100)])
def test_complete(length: int | None, listed: int | None) -> None:
    """An archive of pg_dump whose length agrees wherever it is known passes; Heroku may still list 0."""
    verdict = backup_complete("b101", b"PGDMP\x01\x0e", length, listed)
    assert verdict.passed
    assert verdict.facts["bytes"] == 100


@pytest.mark.parametrize(
    ("age", "passed"),
    [
        (timedelta(hours=1), True),
        (timedelta(hours=24), True),
        (timedelta(hours=24, seconds=1), False),
        (timedelta(minutes=-5), True),
        (timedelta(hours=-1), False),
    ],
)
def test_recent(age: timedelta, passed: bool) -> None:
    """The limit is inclusive, a little difference of clocks is forgiven, a backup of the future is not."""
    assert backup_recent("b101", NOW - age, NOW, timedelta(hours=24)).passed is passed


def test_a_backup_without_an_end_is_not_recent() -> None:
    """A backup that is still running has no age."""
    assert not backup_recent("b101", None, NOW, timedelta(hours=24)).passed
