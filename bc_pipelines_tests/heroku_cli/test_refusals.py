"""Commands that must fail: how they end, what they say, and that nothing has changed."""

from __future__ import annotations

import pytest

from bc_pipelines.sandbox.apps import PRODUCTION, STAGING
from bc_pipelines_tests.heroku_cli.commands import HerokuCli
from bc_pipelines_tests.heroku_cli.outside import Outside

ON_PRODUCTION = ("-a", PRODUCTION.name)
ONTO_STAGING = ("DATABASE", "-a", STAGING.name, "--confirm", STAGING.name)
NOT_FOUND = "Error: Not found. Error ID: not_found"
NOBODY = "https://127.0.0.1:1/backup.dump"

REFUSED = [
    pytest.param(("config", "-a", "no-such-app"), 2, "Couldn't find that app. Error ID: not_found", id="unknown app"),
    pytest.param(
        ("pg:backups:capture", "GREEN_URL", *ON_PRODUCTION),
        1,
        "Unknown database: GREEN. Valid options are: DATABASE, HEROKU_POSTGRESQL_NAVY",
        id="unknown database",
    ),
    pytest.param(("pg:backups:info", "b999", *ON_PRODUCTION), 2, NOT_FOUND, id="unknown backup's info"),
    pytest.param(("pg:backups:url", "b999", *ON_PRODUCTION), 2, NOT_FOUND, id="unknown backup's address"),
    pytest.param(
        ("pg:backups:restore", f"{PRODUCTION.name}::b999", *ONTO_STAGING),
        1,
        f"Backup b999 not found for {PRODUCTION.name}",
        id="unknown backup restored",
    ),
    pytest.param(
        ("pg:backups:restore", NOBODY, "DATABASE", "-a", STAGING.name, "--confirm", PRODUCTION.name),
        1,
        f"Confirmation {PRODUCTION.name} did not match {STAGING.name}. Aborted.",
        id="wrong confirmation",
    ),
    pytest.param(
        ("pg:backups:restore", NOBODY, *ONTO_STAGING),
        2,
        "An error occurred and the backup did not finish. waiting for download to complete Could not download the",
        id="unreachable address",
    ),
    pytest.param(
        ("pg:backups:restore", "http://127.0.0.1/backup.dump", *ONTO_STAGING),
        2,
        "The backup_url must be an https address. Error ID: invalid_params",
        id="address without TLS",
    ),
]


@pytest.mark.parametrize(("arguments", "code", "message"), REFUSED)
def test_what_cannot_be_done(
    cli: HerokuCli, outside: Outside, arguments: tuple[str, ...], code: int, message: str
) -> None:
    """The CLI ends with its code for it and Heroku's words, and staging's database is as it was."""
    refused = cli.run(*arguments)
    assert (refused.code, message in refused.shown) == (code, True), refused.shown
    assert outside.tables(STAGING) == {"only_on_staging"}


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (("whoami",), 2, "Invalid credentials provided. Error ID: unauthorized"),
        (("pg:backups", *ON_PRODUCTION), 1, "The token provided to HEROKU_API_KEY is invalid."),
    ],
)
def test_a_wrong_token(cli: HerokuCli, command: tuple[str, ...], code: int, message: str) -> None:
    """The CLI ends with Heroku's words, or its own that blame the variable, and shows nothing."""
    refused = cli.run(*command, HEROKU_API_KEY="HRKU-nobodys")
    assert (refused.code, message in refused.shown) == (code, True), refused.shown
    assert refused.output == ""


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("apps:info", "-a", STAGING.name), "Couldn't find that app. Error ID: not_found"),
        (("config", *ON_PRODUCTION), f"You do not have access to the app {PRODUCTION.name}. Error ID: forbidden"),
        (("pg:backups", *ON_PRODUCTION), f"You do not have access to the app {PRODUCTION.name}. Error ID: forbidden"),
        (("maintenance:on", *ON_PRODUCTION), f"You do not have access to the app {PRODUCTION.name}."),
    ],
)
def test_an_account_that_only_looks(cli: HerokuCli, outside: Outside, command: tuple[str, ...], message: str) -> None:
    """An app that is not granted does not exist for the CLI, and what a permission does not cover is refused."""
    apps = {PRODUCTION.name: {"permissions": ["view"]}}
    with outside.account(apps) as token:
        refused = cli.run(*command, HEROKU_API_KEY=token)
        looked = cli.run("maintenance", *ON_PRODUCTION, HEROKU_API_KEY=token)
    assert (refused.code, message in refused.shown) == (2, True), refused.shown
    assert (looked.code, looked.output) == (0, "off\n"), looked.shown
