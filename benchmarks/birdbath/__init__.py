"""The documented way: the backup restored raw, then django-birdbath with processors like the council's own.

Belongs here: measuring it once, and keeping the figure, because it takes minutes to hours. `settings` and `processors`
are Django's, on top of the sandbox's site. Nothing here proves anything, and neither does birdbath.
"""

import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bc_pipelines_tests.postgres import Cluster
from benchmarks.production import ACCOUNTS, ALERTS, CHECKOUT, SUBMISSIONS
from benchmarks.rivals import DATABASE, Restore, measured, restored

_SECONDS = 6 * 3600
_LEFT = "SELECT (SELECT count(*) FROM wagtailforms_formsubmission), (SELECT count(*) FROM birdbath_execution)"
_PROGRAM = "from django.core.management import execute_from_command_line as run; run(['manage.py', 'run_birdbath'])"


@dataclass(frozen=True)
class Birdbath:
    """What the documented way took, and what the product took on the same day for the same archive.

    Attributes:
        date: in ISO 8601.
        scale: of the production.
        restore: the raw archive restored.
        birdbath: its processors, run on that.
        refresh: seconds by the clock of the product's whole refresh.
    """

    date: str
    scale: int
    restore: Restore
    birdbath: Restore
    refresh: float

    @property
    def wall(self) -> float:
        """Seconds by the clock of restore and birdbath together."""
        return self.restore.wall + self.birdbath.wall

    @property
    def people(self) -> str:
        """How much there was to clean, in words."""
        return (
            f"{self.scale * ACCOUNTS:,} accounts, {self.scale * SUBMISSIONS:,} form submissions and "
            f"{self.scale * ALERTS:,} alerts"
        )

    @classmethod
    def from_json(cls, known: dict[str, object]) -> "Birdbath":
        """Read what an earlier run wrote."""
        sides = {name: Restore(**known[name]) for name in ("restore", "birdbath")}  # type: ignore[arg-type]
        return cls(**{**known, **sides})  # type: ignore[arg-type]


def birdbath(cluster: Cluster, archive: Path, scale: int, refresh: float) -> Birdbath:
    """Measure it.

    Args:
        cluster: where it is restored.
        archive: the raw archive.
        scale: of its production.
        refresh: seconds by the clock of the product's whole refresh of this archive.

    Raises:
        RuntimeError: it failed, or left rows that it should have deleted.
    """
    restore = measured(cluster, lambda: restored(cluster, archive))
    [(_, before)] = cluster.execute(_LEFT, database=DATABASE)
    took = measured(cluster, lambda: _run(cluster))
    # Its exit code says nothing: a refusal is a success.
    if cluster.execute(_LEFT, database=DATABASE) != [(0, before + 1)]:
        raise RuntimeError("birdbath did not do its work, so there is nothing to measure")
    return Birdbath(date.today().isoformat(), scale, restore, took, refresh)  # noqa: DTZ011  a day is precise enough


def _run(cluster: Cluster) -> None:
    variables = {
        "PYTHONPATH": str(CHECKOUT),
        "DJANGO_SETTINGS_MODULE": "benchmarks.birdbath.settings",
        "DATABASE_URL": cluster.url(DATABASE),
        "SECRET_KEY": "a key for benchmarks",
        "AWS_S3_ENDPOINT_URL": "https://s3.example",
    }
    command = (sys.executable, "-c", _PROGRAM)
    done = subprocess.run(
        command, env=variables, cwd=CHECKOUT, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"birdbath failed:\n{done.stderr[-2000:]}")
