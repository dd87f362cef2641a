"""Commands that change an app or empty a database, and what came of them."""

from __future__ import annotations

import httpx
import psycopg
import pytest

from bc_pipelines.sandbox.apps import PRODUCTION, STAGING
from bc_pipelines_tests.heroku_cli.commands import HerokuCli
from bc_pipelines_tests.heroku_cli.outside import PAGES, Outside

ON_STAGING = ("-a", STAGING.name)


def dynos(outside: Outside) -> dict[str, int]:
    """How many dynos of each type staging is scaled to."""
    return {process["type"]: process["quantity"] for process in outside.get(f"/apps/{STAGING.name}/formation")}


def visit(outside: Outside) -> httpx.Response:
    """What a visitor of staging gets."""
    url = f"https://{outside.world.address('router')}/"
    return outside.heroku.get(url, headers={"Host": STAGING.hosts[0], "Authorization": ""})


def test_maintenance(cli: HerokuCli, outside: Outside) -> None:
    """On, visitors get the maintenance page; off, they do not."""
    assert "Enabling maintenance mode" in cli.good("maintenance:on", *ON_STAGING).errors
    assert "Offline for Maintenance" in visit(outside).text
    assert cli.good("maintenance", *ON_STAGING).output == "on\n"
    cli.good("maintenance:off", *ON_STAGING)
    assert "Offline for Maintenance" not in visit(outside).text


def test_dynos_are_scaled_and_waited_for(cli: HerokuCli, outside: Outside) -> None:
    """Scaled to nothing the site is gone; scaled back, `ps:wait` ends when the real site listens."""
    assert (
        "now running web at 0:Standard-1X, worker at 0" in cli.good("ps:scale", "web=0", "worker=0", *ON_STAGING).shown
    )
    assert dynos(outside) == {"web": 0, "worker": 0}
    assert visit(outside).status_code == 503
    cli.good("ps:scale", "web=1", "worker=2", *ON_STAGING)
    assert cli.good("ps:scale", *ON_STAGING).output == "web=1:Standard-1X worker=2:Standard-1X\n"
    cli.good("ps:wait", *ON_STAGING)
    assert [dyno["state"] for dyno in outside.get(f"/apps/{STAGING.name}/dynos")] == ["up"] * 3
    cli.good("ps:scale", "worker=1", *ON_STAGING)


def test_connections_are_ended(cli: HerokuCli, outside: Outside) -> None:
    """After `pg:killall` a session that was open is closed."""
    with psycopg.connect(outside.world.database_url(STAGING.environment)) as session:
        session.execute("SELECT 1")
        assert "Terminating connections for all credentials... done" in cli.good("pg:killall", *ON_STAGING).errors
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")


def test_a_database_is_reset(cli: HerokuCli, outside: Outside) -> None:
    """Without the app's name nothing happens; with it every table is gone."""
    refused = cli.run("pg:reset", "--confirm", PRODUCTION.name, *ON_STAGING)
    assert (refused.code, outside.tables(STAGING)) == (1, {"only_on_staging"})
    assert f"Confirmation {PRODUCTION.name} did not match {STAGING.name}. Aborted." in refused.shown
    assert f"Resetting {STAGING.addon}... done" in cli.good("pg:reset", "--confirm", STAGING.name, *ON_STAGING).shown
    assert outside.tables(STAGING) == set()


def test_a_database_is_copied(cli: HerokuCli, outside: Outside) -> None:
    """Without the target's name nothing happens; with it the target holds what the source holds, and only that."""
    copy = ("pg:copy", f"{PRODUCTION.name}::DATABASE", "DATABASE", *ON_STAGING, "--confirm")
    refused = cli.run(*copy, STAGING.name)
    assert (refused.code, outside.tables(STAGING)) == (1, {"only_on_staging"})
    assert f"Confirmation {STAGING.name} did not match DATABASE. Aborted." in refused.shown
    assert "Copying... done" in cli.good(*copy, "DATABASE").shown
    assert (outside.tables(STAGING), outside.pages(STAGING)) == ({"page"}, PAGES)
    (newest, *_) = outside.transfers(STAGING)
    assert f"c{newest['num']} {newest['started_at']} Completed" in cli.good("pg:backups", *ON_STAGING).shown
