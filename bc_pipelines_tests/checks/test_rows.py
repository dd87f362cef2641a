"""The archive's rows against the database's: a difference on either side fails."""

from __future__ import annotations

from typing import Any

import pytest

from bc_pipelines.checks.rows import rows_match


def manifest(**written: int) -> dict[str, Any]:
    """A manifest with these tables of schema public."""
    return {"tables": [{"schema": "public", "table": name, "rows_written": n} for name, n in written.items()]}


def test_equal() -> None:
    """The same tables with the same numbers pass."""
    verdict = rows_match(manifest(page=3, site=5), {"public.page": 3, "public.site": 5})
    assert verdict.passed
    assert verdict.facts == {"tables": 2, "tables_that_differ": 0, "rows_written": 8, "rows_restored": 8}


@pytest.mark.parametrize(
    "counts",
    [
        {"public.page": 3},
        {"public.page": 3, "public.site": 5, "public.leftover": 0},
        {"public.page": 3, "public.site": 4},
        {"public.page": 3, "public.site": 6},
        {"public.page": 3, "other.site": 5},
    ],
)
def test_different(counts: dict[str, int]) -> None:
    """A table missing, one too many (even empty), too few rows, too many, another schema: each fails and leads."""
    verdict = rows_match(manifest(page=3, site=5), counts)
    assert not verdict.passed
    assert verdict.rows[0]["same"] is False
    assert str(verdict.rows[0]["table"]) in verdict.summary
    assert verdict.rows[-1]["same"] is True


@pytest.mark.parametrize(("written", "counts"), [({}, {}), ({"page": 0}, {}), ({}, {"public.page": 0})])
def test_nothing_to_compare(written: dict[str, int], counts: dict[str, int]) -> None:
    """An empty side proves nothing, so it does not pass."""
    assert not rows_match(manifest(**written), counts).passed
