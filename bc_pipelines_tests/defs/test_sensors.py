"""The sensor that adopts production's new backups, against the simulator of Heroku over real databases."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import dagster as dg
import pytest

from bc_pipelines.defs.jobs import adopt_production_backup
from bc_pipelines.defs.sensors import new_production_backup
from bc_pipelines.sandbox.certificates import make_certificates
from bc_pipelines_tests.defs.conftest import API_KEY
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.sandbox.heroku.simulated import PRODUCTION, PRODUCTION_HOST, TOKEN, Simulated

# Longer than this, and Dagster's daemon ends the look itself and calls it a failure.
in_time_for_the_daemon = pytest.mark.timeout(60, func_only=True)


class Tick(NamedTuple):
    """What one look came to: the runs requested, the reason for none, and the cursor for the next look."""

    requests: list[dg.RunRequest]
    reason: str | None
    cursor: str | None


def tick(cursor: str | None = None) -> Tick:
    """Let the sensor look once, as the daemon does."""
    with dg.DagsterInstance.ephemeral() as instance:
        seen = new_production_backup.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=cursor))
    return Tick(list(seen.run_requests or ()), seen.skip_message, seen.cursor)


@pytest.fixture(scope="module")
def running(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """The simulator, with one small table in production."""
    for name in ("production", "staging"):
        cluster.create_database(name)
    cluster.execute("CREATE TABLE page AS SELECT 1 AS id", database="production")
    certificates = make_certificates(tmp_path_factory.mktemp("tls") / "private", [PRODUCTION_HOST])
    urls = tuple(cluster.url(name).replace("postgresql://", "postgres://") for name in ("production", "staging"))
    simulated = Simulated(tmp_path_factory.mktemp("heroku"), certificates, cluster.bin_dir, (urls[0], urls[1]))
    with simulated.running():
        yield simulated


@pytest.fixture
def heroku(running: Simulated, environments: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulated]:
    """The simulator without any backup, named by the product's settings."""
    monkeypatch.setenv("HEROKU_HOST", running.base)
    monkeypatch.setenv("HEROKU_DATA_HOST", "127.0.0.1")
    monkeypatch.setenv("HEROKU_API_KEY", TOKEN)
    monkeypatch.setenv("SSL_CERT_FILE", str(running.certificates.ca))
    for backup in running.transfers(PRODUCTION):
        running.api.delete(f"/client/v11/apps/{PRODUCTION}/transfers/{backup['num']}").raise_for_status()
    yield running
    running.api.delete("/sandbox/faults")


def test_without_a_backup_there_is_nothing_to_adopt(heroku: Simulated) -> None:
    """Production was never backed up: skipped with the reason."""
    assert tick() == Tick([], "Production has no finished backup yet.", None)


def test_a_new_backup_is_adopted(heroku: Simulated) -> None:
    """One run for the newest backup, known by Heroku's identity of it, which is also the next look's cursor."""
    heroku.backup()
    newest = heroku.backup()
    found = tick()
    assert [request.run_key for request in found.requests] == [newest["uuid"]]
    assert found.requests[0].tags["bc_pipelines/backup"] == f"b{newest['num']:03}"
    assert found.cursor == newest["uuid"]
    assert new_production_backup.job_name == adopt_production_backup.name


def test_a_backup_is_adopted_once(heroku: Simulated) -> None:
    """At the next look it is the same one: skipped, and the cursor stays."""
    uuid = heroku.backup()["uuid"]
    first = tick()
    again = tick(first.cursor)
    assert again.requests == []
    assert again.reason is not None
    assert "was adopted already" in again.reason
    assert again.cursor == first.cursor == uuid


def test_the_next_backup_is_adopted_too(heroku: Simulated) -> None:
    """A newer one than the cursor's is one more run, under another key."""
    first = tick(heroku.backup()["uuid"])
    assert first.requests == []
    newer = heroku.backup()["uuid"]
    found = tick(first.cursor)
    assert [request.run_key for request in found.requests] == [newer]
    assert found.cursor == newer


def test_a_failed_backup_is_not_adopted(heroku: Simulated) -> None:
    """A capture that failed after the last good one changes nothing."""
    good = heroku.backup()["uuid"]
    heroku.fault(on="transfer", kind="fail", transfer="backup", message="disk quota exceeded")
    heroku.finished(PRODUCTION, heroku.capture())
    again = tick(good)
    assert again.requests == []
    assert again.cursor == good


def test_a_backup_that_is_being_made_is_not_adopted_yet(heroku: Simulated) -> None:
    """A capture counts once it is finished, not while it is in Heroku's queue."""
    heroku.fault(on="transfer", kind="stay_pending", transfer="backup", times=None)
    pending = heroku.capture()
    assert tick() == Tick([], "Production has no finished backup yet.", None)
    heroku.api.delete("/sandbox/faults")
    heroku.finished(PRODUCTION, pending)
    assert [request.run_key for request in tick().requests] == [pending["uuid"]]


@in_time_for_the_daemon
def test_when_heroku_does_not_answer_the_next_look_starts_where_this_one_did(
    heroku: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens at Heroku's address: skipped with the reason, in time for the daemon, and the cursor is kept."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("HEROKU_HOST", f"https://127.0.0.1:{port}")
    looked = tick("an earlier backup")
    assert looked.requests == []
    assert "Heroku could not be reached" in str(looked.reason)
    assert looked.cursor == "an earlier backup"


@in_time_for_the_daemon
def test_when_requests_are_used_up_the_cursor_is_kept(heroku: Simulated) -> None:
    """Heroku answers 429 to everything: skipped with the reason, in time for the daemon."""
    heroku.fault(kind="rate_limit", times=None)
    looked = tick("an earlier backup")
    assert looked.requests == []
    assert looked.reason
    assert looked.cursor == "an earlier backup"


def test_a_wrong_token_is_a_reason_and_is_not_repeated(heroku: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    """Heroku does not know the token: skipped, the reason says so without the token, and the cursor is kept."""
    monkeypatch.setenv("HEROKU_API_KEY", API_KEY)
    looked = tick("an earlier backup")
    assert looked.requests == []
    assert "token" in str(looked.reason)
    assert API_KEY not in str(looked.reason)
    assert looked.cursor == "an earlier backup"


@pytest.mark.usefixtures("heroku")
def test_a_missing_setting_is_a_reason_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """A half configured installation skips and says which variable it lacks."""
    monkeypatch.delenv("HEROKU_API_KEY")
    assert "HEROKU_API_KEY" in str(tick().reason)
