"""The runbook's names for `fab`: here, and in the fabfile of another repository."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bc_pipelines.archive_output import BAD_INPUT, REFUSED

CHECKOUT = Path(__file__).parents[1]
FAB = Path(sys.executable).with_name("fab")
DATA = {"pull-dev-data", "pull-staging-data", "pull-production-data"}
MEDIA = {
    *("pull-dev-media", "pull-staging-media", "pull-production-media", "pull-production-images"),
    *("push-staging-images", "push-staging-media"),
}
NAMES = DATA | MEDIA | {"reset-staging", "preview-reset"}


def fab(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Type `fab` in a folder, on a machine where nothing is configured but what is given."""
    return subprocess.run(
        [FAB, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true", **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def listed(folder: Path) -> dict[str, str]:
    """Names and what `fab --list` says of each."""
    done = fab(folder, "--list")
    assert done.returncode == 0, done.stderr
    return dict(re.findall(r"^  ([a-z-]+)(?: +(\S.*))?$", done.stdout, re.MULTILINE))


def test_each_name_has_a_line_of_help() -> None:
    """`fab --list` shows the runbook's names, each with one line."""
    found = listed(CHECKOUT)
    assert found.keys() == NAMES
    assert all(text.endswith(".") for text in found.values()), found


def test_another_fabfile_takes_them_with_the_import_that_the_readme_shows(tmp_path: Path) -> None:
    """The site's own tasks stay beside them."""
    imported = re.search(r"^from bc_pipelines\.fab import .*$", (CHECKOUT / "README.md").read_text(), re.MULTILINE)
    assert imported is not None
    own = 'from invoke import task\n\n\n@task\ndef production_shell(context):\n    """Open a shell."""\n'
    (tmp_path / "fabfile.py").write_text(f"{imported[0]}\n{own}", encoding="utf-8")
    assert listed(tmp_path).keys() == NAMES | {"production-shell"}


@pytest.mark.parametrize("name", sorted(DATA))
def test_a_pull_is_the_command(name: str) -> None:
    """Words and exit codes are those of `bucks pull data`: nothing is configured; and then, it refuses."""
    done = fab(CHECKOUT, name)
    assert done.returncode == BAD_INPUT
    assert "No local database is named" in done.stderr
    url = "postgresql://production.council.example/site"
    refused = fab(CHECKOUT, name, "--old", "keep", "--end-connections", "--from-heroku", BC_LOCAL_DATABASE_URL=url)
    assert refused.returncode == REFUSED
    assert "Nothing was changed." in refused.stderr


def test_options_arrive() -> None:
    """An option that `bucks` refuses is refused with its words."""
    done = fab(CHECKOUT, "pull-dev-data", "--superuser", "nobody")
    assert done.returncode == REFUSED
    assert "an e-mail address" in done.stderr
    typed = fab(CHECKOUT, "reset-staging")
    assert "BC_" in typed.stdout or "HEROKU_API_KEY" in typed.stdout
    assert typed.returncode == 1


def test_a_preview_needs_the_teams_settings() -> None:
    """On a machine without them it says which is missing."""
    done = fab(CHECKOUT, "preview-reset")
    assert done.returncode == 1
    assert "is not set" in done.stdout
