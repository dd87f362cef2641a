"""`bucks reset` and `bucks ui`, typed where something that they need is not there: one sentence, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bc_pipelines_tests.postgres import Cluster

BUCKS = [sys.executable, "-c", "from bc_pipelines.cli import main; main()"]
COMMANDS = (["reset", "--confirm", "buckinghamshire-staging"], ["ui"])
SECRET = "a-password-that-nobody-may-see"
pytestmark = [
    pytest.mark.usefixtures("environments"),
    pytest.mark.parametrize("command", COMMANDS, ids=["reset", "ui"]),
]


def refusal(command: list[str], folder: Path, **variables: str) -> str:
    """What a command prints that cannot begin."""
    done = subprocess.run(
        [*BUCKS, *command],
        env={**os.environ, "DAGSTER_HOME": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Traceback" not in said
    assert SECRET not in said
    assert len(said.splitlines()) == 1, said
    return said


def test_nothing_listens(command: list[str], tmp_path: Path) -> None:
    """Dagster's database refuses the connection: host and database are named, the password is not."""
    said = refusal(command, tmp_path, DAGSTER_DATABASE_URL=f"postgres://council:{SECRET}@127.0.0.1:1/dagster")
    assert "Not done. Dagster's own database, dagster on 127.0.0.1, port 1, does not answer: Connection refused" in said
    assert "Check DAGSTER_DATABASE_URL" in said


def test_a_wrong_password(command: list[str], tmp_path: Path, cluster: Cluster) -> None:
    """The server's reason is given, and no password."""
    said = refusal(command, tmp_path, DAGSTER_DATABASE_URL=cluster.url().replace(cluster.password, SECRET))
    assert "password authentication failed" in said


def test_an_unknown_database(command: list[str], tmp_path: Path, cluster: Cluster) -> None:
    """The database that does not exist is named."""
    assert 'database "nowhere" does not exist' in refusal(
        command, tmp_path, DAGSTER_DATABASE_URL=cluster.url("nowhere")
    )


def test_no_dagster_home(command: list[str], tmp_path: Path) -> None:
    """DAGSTER_HOME is empty, is no folder, or holds a dagster.yaml that Dagster does not accept."""
    (tmp_path / "dagster.yaml").write_text("storage: nonsense\n", encoding="utf-8")
    for home, words in (
        ("", "DAGSTER_HOME is not set."),
        (str(tmp_path / "nowhere"), "DAGSTER_HOME does not name a folder"),
        (str(tmp_path), "Dagster does not accept the dagster.yaml"),
    ):
        said = refusal(command, tmp_path, DAGSTER_HOME=home)
        assert words in said
        assert "copy this project's dagster.yaml into it" in said


def test_a_missing_setting(command: list[str], tmp_path: Path) -> None:
    """The variable that is not set is named."""
    assert "The environment variable HEROKU_API_KEY is not set" in refusal(command, tmp_path, HEROKU_API_KEY="")
