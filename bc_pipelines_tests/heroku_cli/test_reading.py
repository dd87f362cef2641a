"""Commands that only look: account, apps, config vars, add-ons, releases and databases."""

from __future__ import annotations

import json

import pytest

from bc_pipelines.sandbox.apps import ACCOUNT_EMAIL, PRODUCTION, STAGING, TEAM
from bc_pipelines_tests.heroku_cli.commands import HerokuCli
from bc_pipelines_tests.heroku_cli.outside import Outside

ON_STAGING = ("-a", STAGING.name)


def test_whoami(cli: HerokuCli) -> None:
    """The token's account is shown by its address."""
    assert cli.good("whoami").output == f"{ACCOUNT_EMAIL}\n"


def test_apps(cli: HerokuCli) -> None:
    """The robot owns no app and collaborates on the team's; of the team itself it sees nothing."""
    for arguments in (("apps",), ("apps", "--all")):
        shown = cli.good(*arguments).shown
        assert "Collaborated Apps" in shown
        assert all(f"{app.name} (eu)" in shown for app in (PRODUCTION, STAGING))
    refused = cli.run("apps", "--team", TEAM)
    assert (refused.code, "You do not have access to the team" in refused.shown) == (2, True), refused.shown


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("apps:info",), f"=== {STAGING.name} Addons: heroku-postgresql:{STAGING.plan}"),
        (("apps:info",), f"Owner: {TEAM}@herokumanager.com Region: eu Dynos: web: 1, worker: 1 Stack: heroku-24"),
        (("apps:info",), f"Collaborators: {ACCOUNT_EMAIL}"),
        (("addons",), f"heroku-postgresql ({STAGING.addon}) {STAGING.plan} ~$0.069/hour $50/month created"),
        (("addons",), "├─ as DATABASE └─ as HEROKU_POSTGRESQL_OLIVE"),
        (("pg:credentials",), "default active ├─ as DATABASE └─ as HEROKU_POSTGRESQL_OLIVE"),
        (("pg:wait",), ""),
        (("maintenance",), "off"),
    ],
)
def test_what_an_app_has(cli: HerokuCli, arguments: tuple[str, ...], expected: str) -> None:
    """App, add-on, attachments and credentials are shown as the sandbox has them."""
    assert expected in cli.good(*arguments, *ON_STAGING).shown


def test_who_has_access(cli: HerokuCli) -> None:
    """The robot is shown as a collaborator with its permissions, and the team itself is left out, as for a person."""
    for app in (PRODUCTION, STAGING):
        table = cli.good("access", "-a", app.name).shown
        assert f"{ACCOUNT_EMAIL} collaborator deploy, operate, view" in table
        assert "herokumanager" not in table
        manager, robot = json.loads(cli.good("access", "--json", "-a", app.name).output)
        assert (manager["role"], manager["user"]["email"]) == ("owner", f"{TEAM}@herokumanager.com")
        assert robot["user"]["email"] == ACCOUNT_EMAIL


def test_config_vars(cli: HerokuCli, outside: Outside) -> None:
    """All config vars and one by its name are the app's own; a missing one is an empty line and no failure."""
    config_vars = json.loads(cli.good("config", "--json", *ON_STAGING).output)
    assert config_vars["DATABASE_URL"] == outside.world.database_url(STAGING.environment)
    shown = cli.good("config", *ON_STAGING).output.splitlines()
    assert [line.partition(":")[0] for line in shown if line][1:] == sorted(config_vars)
    assert cli.good("config:get", "SEO_NOINDEX", *ON_STAGING).output == "false\n"
    assert cli.good("config:get", "NO_SUCH_VAR", *ON_STAGING).output == "\n"


def test_an_app_in_json(cli: HerokuCli, outside: Outside) -> None:
    """The app's and its add-on's ids are those that the API gives."""
    info = json.loads(cli.good("apps:info", "--json", *ON_STAGING).output)
    assert (info["app"]["id"], info["app"]["maintenance"]) == (outside.world.id(f"app {STAGING.name}"), False)
    (addon,) = json.loads(cli.good("addons", "--json", *ON_STAGING).output)
    assert (addon["id"], addon["name"]) == (outside.world.id(f"addon {STAGING.addon}"), STAGING.addon)


def test_releases(cli: HerokuCli) -> None:
    """The newest release comes first and is the current one, in a table, in JSON and by itself."""
    newest, second = json.loads(cli.good("releases", "--json", "-n", "2", *ON_STAGING).output)
    assert newest["version"] == second["version"] + 1
    assert (newest["current"], second["current"]) == (True, False)
    table = cli.good("releases", *ON_STAGING).shown
    assert f"{STAGING.name} Releases - Current: v{newest['version']}" in table
    assert "v1 Initial release" in table
    latest = cli.good("releases:info", *ON_STAGING).shown
    assert f"=== Release v{newest['version']} Add-ons: heroku-postgresql:{STAGING.plan} By: {ACCOUNT_EMAIL}" in latest
    assert "Change: Initial release" in cli.good("releases:info", "v1", *ON_STAGING).shown


def test_a_databases_figures_are_postgresqls_own(cli: HerokuCli, outside: Outside) -> None:
    """Version, size, tables and the name of the add-on are what the database itself says."""
    ((version, size),) = outside.sql(
        PRODUCTION,
        "SELECT split_part(current_setting('server_version'), ' ', 1), pg_database_size(current_database())",
    )
    shown = cli.good("pg:info", "-a", PRODUCTION.name).shown
    assert "=== DATABASE_URL, HEROKU_POSTGRESQL_NAVY_URL" in shown
    assert f"Plan: {PRODUCTION.plan} Status: Available" in shown
    assert f"PG Version: {version} " in shown
    assert f"Data Size: {size / 2**20:.1f} MB Tables: 1 " in shown
    assert f"Add-on: {PRODUCTION.addon}" in shown
