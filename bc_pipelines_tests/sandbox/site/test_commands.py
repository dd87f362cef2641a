"""The site's other commands, and `manage.py` run as a module."""

import subprocess
import sys
from pathlib import Path

from bc_pipelines_tests.sandbox.site.copies import COMMAND_SECONDS, Copy


def test_a_worker_waits_until_it_is_told_to_stop(migrated: Copy) -> None:
    """`run_worker`, started as a module from anywhere, says that it is ready and ends well on SIGTERM."""
    process = subprocess.Popen(
        (sys.executable, "-m", "bc_pipelines.sandbox.site.manage", "run_worker"),
        cwd=Path(__file__).parents[3],
        env=migrated.environment({}),
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "worker ready\n"
        process.terminate()
        assert process.wait(COMMAND_SECONDS) == 0


def test_a_database_without_tables_is_not_seeded(migrated: Copy, tmp_path: Path) -> None:
    """Seeding before migrating stops with a sentence that says what to do."""
    migrated.cluster.create_database("bare")
    done = Copy(migrated.cluster, "bare", tmp_path).manage("seed")
    assert (done.returncode, done.stdout) == (1, "")
    assert "run `manage.py migrate` first" in done.stderr


def test_missing_settings_are_named(migrated: Copy) -> None:
    """Without its secret key the site does not start, and says which variable it lacks."""
    done = migrated.manage("check", SECRET_KEY="")
    assert done.returncode == 1
    assert "SECRET_KEY is not set" in done.stderr
