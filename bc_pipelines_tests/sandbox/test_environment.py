"""The variables of `bucks sandbox env`, read by a real shell and a real boto3."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bc_pipelines.sandbox import environment
from bc_pipelines.sandbox import world as worlds
from bc_pipelines.sandbox.processes import base_environment
from bc_pipelines.sandbox.world import World

PLACES = worlds.PostgresPlaces(Path("/pg/bin"), Path("/pg/bin"), 15, Path("/data"))

HERMETIC = {
    "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "TERM",
    "NO_COLOR", "HEROKU_HOST", "HEROKU_DATA_HOST", "HEROKU_PARTICLEBOARD_URL", "HEROKU_API_KEY", "NODE_EXTRA_CA_CERTS",
    "DISABLE_TELEMETRY", "HEROKU_SKIP_NEW_VERSION_CHECK", "HEROKU_DISABLE_AUTOUPDATE",
}  # fmt: skip


@pytest.fixture
def new(tmp_path: Path) -> World:
    """A world below a folder whose name a careless shell would take apart, not started."""
    root = tmp_path / "a b'c$(false)"
    root.mkdir()
    new = worlds.create(root, "0123456789abcdef", PLACES, seed=2026, scale=1)
    environment.write_files(new)
    return new


def test_a_shell_gets_exactly_these_values(new: World) -> None:
    """After `eval`, a POSIX shell has each variable with its value, quotes, blanks and dollars included."""
    variables = environment.environment(new)
    script = 'eval "$1"; env -0'
    shown = subprocess.run(
        ["/bin/sh", "-c", script, "sh", environment.exports(variables)],
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    seen = dict(line.split("=", 1) for line in shown.rstrip("\0").split("\0"))
    assert variables.items() <= seen.items()


def test_every_line_has_the_same_form(new: World) -> None:
    """Each line is `export NAME='…'`."""
    lines = environment.exports(environment.product_environment(new)).splitlines()
    assert all(re.fullmatch(r"export [A-Z][A-Z0-9_]*='.*'", line) for line in lines)


def test_the_clis_part_is_the_hermetic_block(new: World) -> None:
    """The part for the Heroku CLI has exactly the documented names, and all its folders lie in the sandbox."""
    variables = environment.cli_environment(new)
    assert set(variables) == HERMETIC
    assert all(str(new.root) in variables[name] for name in ("HOME", "GIT_CONFIG_GLOBAL", "XDG_DATA_HOME"))


def test_the_products_part_leaves_home_and_git_alone(new: World) -> None:
    """The product's own processes keep the user's home and git configuration."""
    assert not {"HOME", "GIT_CONFIG_GLOBAL", "TERM", "PATH"} & set(environment.product_environment(new))


def test_boto3_signs_as_the_server_needs(new: World) -> None:
    """A plain boto3 client in this environment addresses by path and presigns with Signature Version 4."""
    program = (
        "import boto3; print(boto3.client('s3').generate_presigned_url("
        "'get_object', Params={'Bucket': 'pictures', 'Key': 'a.jpg'}))"
    )
    url = subprocess.run(
        [sys.executable, "-c", program],
        env={**base_environment(), **environment.product_environment(new)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert url.startswith(f"{new.s3_url}/pictures/a.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256")


def test_dagsters_configuration_is_the_checkouts(new: World) -> None:
    """Dagster's home holds a link to dagster.yaml, renewed when it leads elsewhere."""
    link = new.root / "dagster" / "dagster.yaml"
    assert link.resolve().name == "dagster.yaml"
    link.unlink()
    link.write_text("stale")
    environment.write_files(new)
    assert link.is_symlink()
