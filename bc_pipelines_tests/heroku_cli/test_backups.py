"""`pg:backups` and what hangs on it: capture, list, address, download, restore, cancel, delete, schedules."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bc_pipelines.sandbox.apps import DEVELOPMENT, PRODUCTION, STAGING
from bc_pipelines_tests.heroku_cli.commands import HerokuCli
from bc_pipelines_tests.heroku_cli.outside import PAGES, Outside
from bc_pipelines_tests.waiting import until

ON_PRODUCTION = ("-a", PRODUCTION.name)
ONTO_STAGING = ("DATABASE", "-a", STAGING.name, "--confirm", STAGING.name)


def test_a_backup_is_captured_and_listed(cli: HerokuCli, outside: Outside) -> None:
    """`:capture` waits for its end, and list and `:info` tell its number, database, sizes and log."""
    captured = cli.good("pg:backups:capture", *ON_PRODUCTION)
    (backup, *_) = outside.transfers(PRODUCTION)
    assert (
        f"Starting backup of {PRODUCTION.addon}... done Backing up NAVY to b{backup['num']}... done" in captured.shown
    )
    row = f"b{backup['num']} {backup['created_at']} Completed {backup['finished_at']}"
    assert row in cli.good("pg:backups", *ON_PRODUCTION).shown
    info = cli.good("pg:backups:info", *ON_PRODUCTION).shown
    assert f"=== Backup b{backup['num']} Database: NAVY Started at: {backup['started_at']}" in info
    assert "Status: Completed Type: Manual Original DB Size:" in info
    assert 'pg_dump: dumping contents of table "public.page"' in info


def test_a_backup_is_downloaded(cli: HerokuCli, outside: Outside, tmp_path: Path) -> None:
    """The file that `:download` writes is an archive with the captured rows, which pg_restore reads."""
    outside.capture()
    archive = tmp_path / "latest.dump"
    assert "done" in cli.good("pg:backups:download", "-o", str(archive), *ON_PRODUCTION).shown
    command: list[str | Path] = [outside.world.postgres.bin / "pg_restore", "--data-only", "--file=-", archive]
    rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert sum(line.count("\t") == 1 for line in rows) == PAGES


def test_a_restore_from_an_address(cli: HerokuCli, outside: Outside) -> None:
    """What `:url` prints for the latest backup and by number is restored: everything else on the target is gone."""
    backup = outside.capture()
    url = cli.good("pg:backups:url", f"b{backup['num']}", *ON_PRODUCTION).output.strip()
    latest = cli.good("pg:backups:url", *ON_PRODUCTION).output.strip()
    assert url.partition("?")[0] == latest.partition("?")[0] == backup["to_url"]
    assert "Restoring... done" in cli.good("pg:backups:restore", url, *ONTO_STAGING).shown
    assert (outside.tables(STAGING), outside.pages(STAGING)) == ({"page"}, PAGES)


def test_a_restore_of_another_apps_backup(cli: HerokuCli, outside: Outside) -> None:
    """`app::bNNN` restores that very backup, not the latest, and the list of the target tells it."""
    wanted = f"b{outside.capture()['num']}"
    outside.sql(PRODUCTION, "DELETE FROM page")
    outside.capture()
    restored = cli.good("pg:backups:restore", f"{PRODUCTION.name}::{wanted}", *ONTO_STAGING)
    assert f"Starting restore of {wanted} to {STAGING.addon}... done Restoring... done" in restored.shown
    assert outside.pages(STAGING) == PAGES
    (newest, *_) = outside.transfers(STAGING)
    assert f"r{newest['num']} {newest['started_at']} Completed" in cli.good("pg:backups", "-a", STAGING.name).shown


@pytest.mark.parametrize("named", [True, False])
def test_a_backup_is_cancelled(cli: HerokuCli, outside: Outside, named: bool) -> None:
    """`:cancel` ends the transfer that runs, by number or the newest; after that there is none to cancel."""
    outside.fault(on="transfer", kind="never_end")
    backup = outside.capture(wait=False)
    chosen = (f"b{backup['num']}",) if named else ()
    assert f"Cancelling b{backup['num']}... done" in cli.good("pg:backups:cancel", *chosen, *ON_PRODUCTION).shown
    path = f"/client/v11/apps/{PRODUCTION.name}/transfers/{backup['num']}"
    until(lambda: outside.get(path)["finished_at"])
    assert outside.get(path)["succeeded"] is False
    if not named:
        nothing = cli.run("pg:backups:cancel", *ON_PRODUCTION)
        assert (nothing.code, "No active backups/transfers" in nothing.shown) == (2, True)


def test_a_backup_that_fails_is_told_with_its_log(cli: HerokuCli, outside: Outside) -> None:
    """`:capture` ends with 2 and shows the end of the log."""
    outside.fault(on="transfer", kind="fail", message="pg_dump: error: query failed\npg_dump: detail: out of memory")
    failed = cli.run("pg:backups:capture", *ON_PRODUCTION)
    assert failed.code == 2
    told = "An error occurred and the backup did not finish."
    assert (
        f"{told} pg_dump: error: query failed pg_dump: detail: out of memory Run heroku pg:backups:info" in failed.shown
    )


def test_a_backup_is_deleted(cli: HerokuCli, outside: Outside) -> None:
    """A wrong name deletes nothing; the app's own name deletes the backup, and its address leads nowhere."""
    backup = outside.capture()
    delete = ("pg:backups:delete", f"b{backup['num']}", *ON_PRODUCTION, "--confirm")
    refused = cli.run(*delete, STAGING.name)
    assert (refused.code, outside.transfers(PRODUCTION)[0]["num"]) == (1, backup["num"])
    assert "did not match" in refused.shown
    assert f"Deleting backup b{backup['num']} on {PRODUCTION.name}... done" in cli.good(*delete, PRODUCTION.name).shown
    assert backup["num"] not in [transfer["num"] for transfer in outside.transfers(PRODUCTION)]


def test_the_oldest_backup_makes_room(cli: HerokuCli, outside: Outside) -> None:
    """Of a plan that keeps two, `pg:backups` lists the last two of three."""
    first, second, third = (outside.capture(DEVELOPMENT)["num"] for _ in range(3))
    listed = cli.good("pg:backups", "-a", DEVELOPMENT.name).output
    assert [f"b{num} " in listed for num in (first, second, third)] == [False, True, True]


def test_backups_are_scheduled(cli: HerokuCli, outside: Outside) -> None:
    """A schedule is made, shown and removed."""
    made = cli.good("pg:backups:schedule", "DATABASE_URL", "--at", "02:00 Europe/London", *ON_PRODUCTION)
    assert f"daily backups of {PRODUCTION.addon} at 02:00 Europe/London... done" in made.shown
    path = f"/client/v11/databases/{PRODUCTION.addon}/transfer-schedules"
    assert [(each["hour"], each["timezone"]) for each in outside.get(path)] == [(2, "Europe/London")]
    shown = cli.good("pg:backups:schedules", *ON_PRODUCTION).shown
    assert "DATABASE_URL: daily at 2:00 Europe/London" in shown
    assert "done" in cli.good("pg:backups:unschedule", "DATABASE_URL", *ON_PRODUCTION).shown
    assert outside.get(path) == []


def test_transfers_outlive_the_simulator(cli: HerokuCli, outside: Outside) -> None:
    """A backup that waited when the simulator was killed is captured by the next one, and can be restored."""
    outside.fault(on="transfer", kind="stay_pending", times=None)
    backup = outside.capture(wait=False)
    outside.kill_heroku()
    until(lambda: outside.transfers(PRODUCTION)[0]["finished_at"])
    assert f"b{backup['num']} {backup['created_at']} Completed" in cli.good("pg:backups", *ON_PRODUCTION).shown
    cli.good("pg:backups:restore", f"{PRODUCTION.name}::b{backup['num']}", *ONTO_STAGING)
    assert outside.pages(STAGING) == PAGES
