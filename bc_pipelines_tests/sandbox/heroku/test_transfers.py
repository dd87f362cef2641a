"""Backups, restores and copies: real programs, Heroku's fields, the queue, retention, restarts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg
import pytest

from bc_pipelines.heroku.models import Transfer
from bc_pipelines.pgarchive.reader import ArchiveReader
from bc_pipelines.pgarchive.toc import DataState
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.sandbox.heroku.simulated import (
    PRODUCTION,
    PRODUCTION_ADDON,
    STAGING,
    STAGING_ADDON,
    Simulated,
    created,
)
from bc_pipelines_tests.waiting import until

STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000")


def count(url: str, table: str) -> int:
    """How many rows a table has."""
    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - names of this file
    assert row
    return int(row[0])


def tables(url: str) -> set[str]:
    """Names of all tables, with their schema."""
    query = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname !~ '^pg_|information_schema'"
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute(query)}


def test_an_accepted_backup_has_herokus_fields(simulated: Simulated) -> None:
    """The answer to a capture has the members and types of the recorded one."""
    simulated.fault(on="transfer", kind="stay_pending", times=None)
    transfer = simulated.capture()
    empty = ("source_bytes", "succeeded", "started_at", "canceled_at", "updated_at", "finished_at", "deleted_at")
    assert all(transfer[name] is None for name in (*empty, "purged_at"))
    assert (transfer["from_name"], transfer["from_type"], transfer["to_type"]) == ("NAVY", "pg_dump", "gof3r")
    assert (transfer["processed_bytes"], transfer["warnings"], transfer["options"]) == (0, 0, {})
    assert transfer["num_keep"] == 25
    assert STAMP.fullmatch(transfer["created_at"])
    assert "@" not in transfer["from_url"]
    assert Transfer.from_json(transfer).kind == "backup"


def test_a_backup_is_a_real_archive_made_through_a_pipe(simulated: Simulated, cluster: Cluster, tmp_path: Path) -> None:
    """A capture ends with success, sizes and worker's log, and pg_restore reads the archive, which has no offsets."""
    transfer = simulated.backup()
    archive = tmp_path / "backup.dump"
    archive.write_bytes(simulated_download(simulated, transfer))
    assert transfer["processed_bytes"] == archive.stat().st_size
    assert transfer["source_bytes"] > 0
    messages = [line["message"] for line in transfer["logs"]]
    assert [line for line in messages if not line.startswith("pg_dump:")] == [
        "waiting for pg_dump to complete",
        "pg_dump done",
        "waiting for upload to complete",
        "upload done",
    ]
    assert any("dumping contents of table" in line for line in messages)
    with archive.open("rb") as stream:
        states = {entry.data_state for entry in ArchiveReader(stream).entries if entry.desc == "TABLE DATA"}
    assert states == {DataState.POSITION_NOT_SET}
    cluster.restore(archive, "--no-owner", database="looked_at")
    assert cluster.execute("SELECT count(*) FROM page", database="looked_at") == [(3000,)]


def simulated_download(simulated: Simulated, transfer: dict[str, object]) -> bytes:
    """The bytes of a backup."""
    answer = httpx.get(simulated.public_url(int(str(transfer["num"]))), verify=simulated.context)
    assert answer.status_code == 200
    return answer.content


def test_backups_are_private_files(simulated: Simulated) -> None:
    """Nothing that the simulator writes can be read by another user."""
    simulated.backup()
    state = Path(simulated.config["state_dir"])
    modes = {path: path.stat().st_mode & 0o077 for path in [state, *state.rglob("*")]}
    assert len(modes) > 5
    assert set(modes.values()) == {0}


def test_transfers_are_listed_newest_first_and_found_by_number_uuid_and_app_id(simulated: Simulated) -> None:
    """Every way in which the CLI asks for a transfer finds the same one, without its log unless asked."""
    first, second = simulated.backup(), simulated.backup()
    listed = simulated.transfers(PRODUCTION)
    assert [transfer["num"] for transfer in listed[:2]] == [second["num"], first["num"]]
    assert second["num"] == first["num"] + 1
    app_id = simulated.config["apps"][0]["id"]
    for app in (PRODUCTION, app_id):
        for ident in (second["num"], second["uuid"]):
            found = simulated.api.get(f"/client/v11/apps/{app}/transfers/{ident}").json()
            assert found == {name: value for name, value in second.items() if name != "logs"}


def test_a_restore_replaces_everything(simulated: Simulated, databases: tuple[str, str]) -> None:
    """A restore from a signed address empties the target, all schemas included, and fills it from the archive."""
    backup = simulated.backup()
    transfer = simulated.restore(simulated.public_url(backup["num"]))
    assert (transfer["from_type"], transfer["to_type"], transfer["num_keep"]) == ("htcat", "pg_restore", 5)
    assert (transfer["from_name"], transfer["to_name"]) == ("BACKUP", "DATABASE")
    finished = simulated.finished(STAGING, transfer)
    assert finished["succeeded"], finished["logs"]
    assert finished["processed_bytes"] == backup["processed_bytes"]
    assert tables(databases[1]) == {"public.page", "public.visitor"}
    assert count(databases[1], "page") == 3000
    assert finished["logs"][-1]["message"] == "restore done"


def test_a_dump_of_a_restored_database_has_no_leftovers(simulated: Simulated, cluster: Cluster, tmp_path: Path) -> None:
    """After a restore the public schema is as new, so that the next archive has the same entries as the first."""
    backup = simulated.backup()
    simulated.finished(STAGING, simulated.restore(simulated.public_url(backup["num"])))
    again = simulated.finished(STAGING, simulated.capture(STAGING_ADDON))
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(simulated_download(simulated, backup))
    second.write_bytes(httpx.get(simulated.public_url(again["num"], STAGING), verify=simulated.context).content)
    assert contents(cluster, first) - contents(cluster, second) <= {"SCHEMA - public", "COMMENT - SCHEMA public"}
    assert contents(cluster, second) <= contents(cluster, first)


def contents(cluster: Cluster, archive: Path) -> set[str]:
    """The entries of an archive, without numbers and owners."""
    text = cluster.run("pg_restore", "--list", archive).stdout.decode()
    lines = [line.split() for line in text.splitlines() if not line.startswith(";")]
    return {" ".join(words[3:-1]) for words in lines}


def test_a_raw_address_works_for_the_worker_only(simulated: Simulated, databases: tuple[str, str]) -> None:
    """`pg:backups:restore app::bNNN` sends the stored address: the worker may read it, a visitor may not."""
    backup = simulated.backup()
    assert httpx.get(backup["to_url"], verify=simulated.context).status_code == 403
    assert simulated.finished(STAGING, simulated.restore(backup["to_url"]))["succeeded"]
    assert count(databases[1], "page") == 3000


@pytest.mark.parametrize("url", ["http://127.0.0.1/backup.dump", "ftp://example.com/x", "https://", ""])
def test_a_restore_from_anything_but_https_is_refused(
    simulated: Simulated, databases: tuple[str, str], url: str
) -> None:
    """A plain-http or broken address is refused with 422, and nothing happens to the database."""
    path = f"/client/v11/databases/{STAGING_ADDON}/restores"
    answer = simulated.api.post(path, json={"backup_url": url})
    assert answer.status_code == 422
    assert answer.json()["id"] == "invalid_params"
    assert "leftover.thing" in tables(databases[1])


@pytest.mark.parametrize("problem", ["gone", "forged", "untrusted", "no archive"])
def test_a_restore_that_cannot_be_done_fails_and_says_why(
    simulated: Simulated, databases: tuple[str, str], problem: str
) -> None:
    """An unreachable source, a refused download, an unknown authority and a file that is no archive all end failed."""
    url = simulated.public_url(simulated.backup()["num"])
    wrong = {
        "gone": "https://127.0.0.1:1/backup.dump",
        "forged": url[:-2] + ("00" if url[-2:] != "00" else "11"),
        "untrusted": url.replace("127.0.0.1", "127.0.0.2"),
        "no archive": f"{simulated.base}/healthz",
    }
    transfer = simulated.finished(STAGING, simulated.restore(wrong[problem]))
    assert transfer["succeeded"] is False
    assert transfer["logs"][-1]["level"] == "error"
    assert "X-Amz-Signature" not in str(transfer["logs"])
    emptied = problem == "no archive"
    assert tables(databases[1]) == (set() if emptied else {"leftover.thing", "public.only_on_staging"})


def test_a_restore_that_stops_half_way_leaves_half_a_database(simulated: Simulated, databases: tuple[str, str]) -> None:
    """The fault `half_way` leaves the tables of the archive, of which only the first has its rows."""
    url = simulated.public_url(simulated.backup()["num"])
    simulated.fault(on="transfer", kind="half_way", transfer="restore")
    transfer = simulated.finished(STAGING, simulated.restore(url))
    assert transfer["succeeded"] is False
    assert tables(databases[1]) == {"public.page", "public.visitor"}
    assert (count(databases[1], "page"), count(databases[1], "visitor")) == (3000, 0)


def test_a_restore_onto_a_locked_database_fails(simulated: Simulated, databases: tuple[str, str]) -> None:
    """A session that holds a lock makes the reset fail in bounded time, and resetting connections clears the way."""
    url = simulated.public_url(simulated.backup()["num"])
    with psycopg.connect(databases[1]) as connection:
        connection.execute("SELECT * FROM only_on_staging")
        failed = simulated.finished(STAGING, simulated.restore(url))
        assert failed["succeeded"] is False
        assert "locks" in failed["logs"][-1]["message"]
        answer = simulated.api.post(f"/client/v11/databases/{STAGING_ADDON}/connection_reset")
        assert answer.status_code == 200
        assert simulated.finished(STAGING, simulated.restore(url))["succeeded"]
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_restores_of_one_database_queue(simulated: Simulated) -> None:
    """A second restore of the same database is accepted, waits while the first runs, and then succeeds."""
    url = simulated.public_url(simulated.backup()["num"])
    simulated.fault(on="transfer", kind="delay", transfer="restore", seconds=2)
    first, second = simulated.restore(url), simulated.restore(url)
    until(lambda: simulated.transfer(STAGING, first["num"])["started_at"])
    assert simulated.transfer(STAGING, second["num"])["started_at"] is None
    assert simulated.finished(STAGING, first)["succeeded"]
    assert simulated.finished(STAGING, second)["succeeded"]


def test_a_copy_streams_one_database_into_another(simulated: Simulated, databases: tuple[str, str]) -> None:
    """`pg:copy` is listed under the target's app as a copy, and shows no password."""
    body = {"from_name": "NAVY", "from_url": databases[0], "to_name": "DATABASE", "to_url": databases[1]}
    answer = simulated.api.post(f"/client/v11/databases/{STAGING_ADDON}/transfers", json=body)
    assert answer.status_code == 201
    transfer = simulated.finished(STAGING, answer.json())
    assert transfer["succeeded"], transfer["logs"]
    assert Transfer.from_json(transfer).name.startswith("c")
    assert count(databases[1], "visitor") == 100
    password = databases[0].split(":")[2].split("@")[0]
    assert password not in str(transfer)


@pytest.mark.parametrize("fault", ["never_end", "stay_pending"])
def test_a_transfer_can_be_cancelled(simulated: Simulated, fault: str) -> None:
    """Cancelling a running or a waiting transfer finishes it, failed and with `canceled_at`."""
    simulated.fault(on="transfer", kind=fault, times=None)
    transfer = simulated.capture()
    if fault == "never_end":
        until(lambda: simulated.transfer(PRODUCTION, transfer["num"])["started_at"])
    path = f"/client/v11/apps/{PRODUCTION}/transfers/{transfer['uuid']}/actions/cancel"
    assert simulated.api.post(path).json()["canceled_at"]
    finished = simulated.finished(PRODUCTION, transfer)
    assert Transfer.from_json(finished).state == "cancelled"


def test_a_cancelled_transfer_can_succeed_all_the_same(simulated: Simulated) -> None:
    """As Heroku's worker may, the fault `ignore_cancel` finishes a cancelled backup with success."""
    simulated.fault(on="transfer", kind="delay", seconds=1)
    simulated.fault(on="transfer", kind="ignore_cancel")
    transfer = simulated.capture()
    simulated.api.post(f"/client/v11/apps/{PRODUCTION}/transfers/{transfer['uuid']}/actions/cancel")
    finished = simulated.finished(PRODUCTION, transfer)
    assert finished["succeeded"]
    assert finished["canceled_at"]


def test_a_deleted_backup_is_gone(simulated: Simulated) -> None:
    """A deleted backup answers with itself, is listed no more, and cannot be downloaded by an old address."""
    backup = simulated.backup()
    url = simulated.public_url(backup["num"])
    path = f"/client/v11/apps/{PRODUCTION}/transfers/{backup['num']}"
    assert simulated.api.delete(path).json()["deleted_at"]
    assert simulated.api.get(path).status_code == 404
    assert backup["num"] not in [transfer["num"] for transfer in simulated.transfers(PRODUCTION)]
    assert httpx.get(url, verify=simulated.context).status_code == 404


def test_the_oldest_backup_makes_room(simulated: Simulated) -> None:
    """An essential plan keeps two manual backups: the third capture evicts the first, and numbers go on."""
    transfers = [simulated.finished(STAGING, simulated.capture(STAGING_ADDON)) for _ in range(3)]
    kept = [transfer["num"] for transfer in simulated.transfers(STAGING) if transfer["to_type"] == "gof3r"]
    assert kept == [transfers[2]["num"], transfers[1]["num"]]


def test_backups_and_settings_survive_a_restart(simulated: Simulated, make_simulated: Callable[..., Simulated]) -> None:
    """A simulator that was killed keeps backups, their addresses, settings and numbers."""
    with make_simulated().running() as own:
        backup = own.backup()
        url = own.public_url(backup["num"])
        own.api.patch(f"/apps/{STAGING}", json={"maintenance": True})
        own.api.patch(f"/apps/{STAGING}/config-vars", json={"GREETING": None, "NEW": "1"})
        own.kill()
        own.start()
        assert own.transfer(PRODUCTION, backup["uuid"]) == backup
        assert httpx.get(url, verify=own.context).content[:5] == b"PGDMP"
        assert own.api.get(f"/apps/{STAGING}").json()["maintenance"] is True
        assert set(own.api.get(f"/apps/{STAGING}/config-vars").json()) == {"DATABASE_URL", "NEW"}
        assert own.capture()["num"] == backup["num"] + 1


@pytest.mark.parametrize("fault", ["never_end", "stay_pending"])
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_transfers_begin_anew_after_a_restart(
    simulated: Simulated,
    make_simulated: Callable[..., Simulated],
    databases: tuple[str, str],
    fault: str,
    end: str,
) -> None:
    """Backup, restore and copy that waited or ran when the simulator ended are done by the next one, in their order."""
    with make_simulated().running() as own:
        old = own.backup()
        own.fault(on="transfer", kind=fault, times=None)
        copy = {"from_name": "NAVY", "from_url": databases[0], "to_name": "DATABASE", "to_url": databases[1]}
        begun = [
            (PRODUCTION, own.capture()),
            (STAGING, created(own.api.post(f"/client/v11/databases/{STAGING_ADDON}/transfers", json=copy))),
            (STAGING, own.restore(own.public_url(old["num"]))),
        ]
        if fault == "never_end":
            until(lambda: own.transfer(PRODUCTION, begun[0][1]["num"])["started_at"])
        getattr(own, end)()
        assert "leftover.thing" in tables(databases[1])
        own.start()
        ended = [own.finished(app, transfer) for app, transfer in begun]
        assert [transfer["succeeded"] for transfer in ended] == [True, True, True], ended
        assert [transfer["num"] for transfer in ended] == [transfer["num"] for _, transfer in begun]
        assert "The transfer worker was restarted." in [line["message"] for line in ended[0]["logs"]]
        assert ended[1]["finished_at"] <= ended[2]["started_at"]
        assert (tables(databases[1]), count(databases[1], "page")) == ({"public.page", "public.visitor"}, 3000)


def test_what_cannot_begin_anew_ends(simulated: Simulated, make_simulated: Callable[..., Simulated]) -> None:
    """After a restart a cancelled transfer is over, and a copy from a database of no app has failed."""
    with make_simulated().running() as own:
        own.fault(on="transfer", kind="never_end", times=None)
        own.fault(on="transfer", kind="ignore_cancel")
        backup = own.capture()
        own.api.post(f"/client/v11/apps/{PRODUCTION}/transfers/{backup['uuid']}/actions/cancel")
        foreign = "postgres://nobody:secret@127.0.0.1:1/nothing"
        copy = {"from_name": "X", "from_url": foreign, "to_name": "DATABASE", "to_url": foreign}
        copied = created(own.api.post(f"/client/v11/databases/{STAGING_ADDON}/transfers", json=copy))
        own.kill()
        own.start()
        assert Transfer.from_json(own.transfer(PRODUCTION, backup["num"])).state == "cancelled"
        failed = own.transfer(STAGING, copied["num"])
        assert (failed["succeeded"], failed["logs"][-1]["message"]) == (False, "The transfer worker was restarted.")


def test_an_unreachable_database_fails_its_backup(
    make_simulated: Callable[..., Simulated], simulated: Simulated
) -> None:
    """A capture of a database that does not answer fails with the worker's words, and its info says unavailable."""
    own = make_simulated()
    own.config["apps"][0]["config_vars"]["DATABASE_URL"] = "postgres://nobody:secret@127.0.0.1:1/nothing"
    with own.running():
        transfer = own.finished(PRODUCTION, own.capture())
        assert transfer["succeeded"] is False
        assert transfer["logs"][-1]["message"] == "Could not connect to database to initialize transfer"
        info = own.api.get(f"/client/v11/databases/{PRODUCTION_ADDON}").json()
        assert {"name": "Status", "values": ["Unavailable"]} in info["info"]
