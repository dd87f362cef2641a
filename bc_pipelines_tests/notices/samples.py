"""Resets that notices tell of, invented."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bc_pipelines.notices.texts import Figures, Told

FIGURES = Figures(
    finished=datetime(2026, 11, 2, 9, 41, tzinfo=UTC),
    took=timedelta(minutes=11),
    down=timedelta(seconds=61),
    rows_removed=1_234,
    rows_rewritten=56,
    accounts_kept=8,
    accounts_replaced=2_500,
    accounts_put_back=1,
    files_copied=398,
    bytes_copied=1_800_000,
    files_deleted=2,
    release="v42",
    checks_passed=32,
    checks_warned=1,
    checks_failed=0,
)
TOLD = Told(
    reset_id="2026-11-02-0930-4f2a81c0",
    app="council-staging",
    host="www.staging.council.example",
    asked_by="A colleague",
    source_backup="b012",
    rollback_point="b007",
    lost={"pages": 3, "images": 0},
    keeps_passwords=True,
    staff_domains=("council.example", "agency.example"),
    only_images=False,
    branch=None,
    merged=(),
    report="The report, with every check: https://dagster.example/assets/staging/reset_report",
    figures=FIGURES,
)


def told(**changes: Any) -> Told:  # noqa: ANN401 - as Told has them
    """The same reset with something changed."""
    return replace(TOLD, **changes)
