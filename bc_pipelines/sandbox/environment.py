"""The environment variables with which programs find the sandbox instead of the real outside world.

Belongs here: names and values, and the few small files that they name. Does not belong here: what the simulated apps
get (`apps.py`).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from bc_pipelines.sandbox import git
from bc_pipelines.sandbox.apps import environments_toml
from bc_pipelines.sandbox.folder import CHECKOUT, private_folder, remove, write_private
from bc_pipelines.sandbox.world import BUCKETS, World

AWS_CONFIG = """\
[default]
region = eu-west-2
request_checksum_calculation = when_required
response_checksum_validation = when_required
s3 =
    addressing_style = path
    signature_version = s3v4
"""
"""What boto3 needs for `rclone serve s3`: it knows path-style addresses and version 4 signatures only, and sends an
object's checksum with a part of it."""


def cli_environment(world: World) -> dict[str, str]:
    """Give a hermetic environment for the real Heroku CLI (seen with 11.10.0): all of it but PATH.

    Args:
        world: the sandbox's.

    Returns:
        Names and values, the token among them. HOME is another one, so this is not for the product's own processes.
    """
    home = world.root / "cli"
    return {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "c"),
        "XDG_CONFIG_HOME": str(home / "f"),
        "XDG_DATA_HOME": str(home / "d"),
        # The CLI writes a credential helper into the user's own git configuration on nearly every command.
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "TERM": "dumb",
        "NO_COLOR": "1",
        **_heroku(world),
        "HEROKU_PARTICLEBOARD_URL": world.heroku_url,
        "NODE_EXTRA_CA_CERTS": str(world.ca),
        "DISABLE_TELEMETRY": "true",
        "HEROKU_SKIP_NEW_VERSION_CHECK": "true",
        "HEROKU_DISABLE_AUTOUPDATE": "1",
    }


def product_environment(world: World) -> dict[str, str]:
    """Give what the product itself needs to work on the sandbox; HOME stays as it is.

    Args:
        world: the sandbox's.

    Returns:
        Names and values, secrets among them.
    """
    access_key, secret_key = world.s3_keys("worker")
    return {
        **_heroku(world),
        "SSL_CERT_FILE": str(world.ca),
        "AWS_CA_BUNDLE": str(world.ca),
        # Where the way out leads through a proxy, the way to the sandbox must not.
        "NO_PROXY": "127.0.0.1,localhost,.buckinghamshire.example",
        "AWS_ENDPOINT_URL_S3": world.s3_url,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_DEFAULT_REGION": "eu-west-2",
        "AWS_CONFIG_FILE": str(world.root / "aws.ini"),
        # Not the user's own: a profile there must not reach the real cloud.
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "DAGSTER_DATABASE_URL": world.database_url("dagster"),
        "DAGSTER_HOME": str(world.root / "dagster"),
        "DAGSTER_COMPUTE_LOGS_BUCKET": BUCKETS["compute_logs"],
        "DAGSTER_COMPUTE_LOGS_FOLDER": str(world.root / "dagster" / "compute-logs"),
        "BC_GIT_USER": git.USER,
        "BC_GIT_PASSWORD": world.secrets["git_password"],
        "BC_GITLAB_TOKEN": world.secrets["gitlab_token"],
        "BC_ENVIRONMENTS": str(world.root / "environments.toml"),
        "BC_VIEW_RESTRICTION_PASSWORD": world.secrets["view_restriction_password"],
        "BC_SMTP_PASSWORD": world.secrets["smtp_password"],
        "BC_SLACK_TOKEN": world.secrets["slack_token"],
        "BC_SLACK_API_URL": world.slack_url,
        "BC_CLOUDFLARE_API_URL": world.cloudflare_url,
        "BC_CONNECT_TO": world.address("router"),
        "BC_RESOLVER": world.address("dns"),
        "BC_HEROKU_POLL_SECONDS": "0.3",
        "BC_UI_PORT": str(world.ports["dagster_ui"]),
        "BC_UI_URL": f"http://{world.address('dagster_ui')}",
        "BC_SCRATCH": str(world.root / "scratch"),
    }


def environment(world: World) -> dict[str, str]:
    """Give both parts, for a shell in which the Heroku CLI and the product are tried out by hand.

    Args:
        world: the sandbox's.

    Returns:
        Names and values, secrets among them.
    """
    return {**cli_environment(world), **product_environment(world)}


def exports(variables: Mapping[str, str]) -> str:
    """Write variables for a POSIX shell to `eval`.

    Args:
        variables: names and values.

    Returns:
        One `export NAME='value'` line each.
    """
    return "".join(f"export {name}={_quoted(value)}\n" for name, value in variables.items())


def write_files(world: World) -> None:
    """Write the files and make the folders that the variables name.

    Args:
        world: the sandbox's.
    """
    for name in ("cli", "dagster", "scratch"):
        private_folder(world.root / name)
    write_private(world.root / "aws.ini", AWS_CONFIG)
    write_private(world.root / "environments.toml", environments_toml(world))
    _link(world.root / "dagster" / "dagster.yaml", CHECKOUT / "dagster.yaml")


def _link(link: Path, target: Path) -> None:
    if not link.is_symlink() or link.readlink() != target:
        remove(link)
        link.symlink_to(target)


def _heroku(world: World) -> dict[str, str]:
    return {
        "HEROKU_HOST": world.heroku_url,
        # A name only: the CLI takes scheme and port from HEROKU_HOST.
        "HEROKU_DATA_HOST": "127.0.0.1",
        "HEROKU_API_KEY": world.secrets["heroku_token"],
    }


def _quoted(value: str) -> str:
    quoted = shlex.quote(value)
    return quoted if quoted.startswith("'") else f"'{quoted}'"
