"""The client against the sandbox's simulator of Heroku: real dumps and restores of real databases, and faults."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import (
    DownloadFailed,
    DynoFailed,
    HerokuError,
    NotFound,
    RefusedByGuard,
    TransferFailed,
    TransferUnfinished,
    Unauthorised,
)
from bc_pipelines.heroku.models import Transfer
from bc_pipelines.sandbox.certificates import Certificates
from bc_pipelines_tests.heroku.scripted import Reply, ScriptedServer
from bc_pipelines_tests.heroku.simulated import Heroku

MINUTE = timedelta(minutes=1)


def captured(client: HerokuClient, app: str = "production") -> Transfer:
    """A completed backup of an app."""
    return client.wait(app, client.capture(client.database(app)), deadline=MINUTE)


@pytest.fixture
def archive(real: HerokuClient, certificates: Certificates) -> Iterator[str]:
    """The address of an archive of production's database on a server of our own."""
    with real.open_backup("production", captured(real)) as stream:
        content = stream.read()
    with ScriptedServer(certificates) as store:
        store.on("GET", "/archive", Reply(body=content))
        yield f"{store.url}/archive?signature=SECRET"


def restored(client: HerokuClient, url: str) -> Transfer:
    """Begin a restore of staging with production as its source."""
    target, source = client.database("staging"), client.database("production")
    return client.restore(target, url, source=source, allowed_apps={"staging"})


def people(heroku: Heroku) -> int:
    """How many people staging's database holds."""
    return int(heroku.cluster.execute("SELECT count(*) FROM person", database="staging")[0][0])


def restores(client: HerokuClient) -> int:
    """The number of the newest transfer of staging; the first has 101."""
    return max((transfer.num for transfer in client.transfers("staging")), default=100)


def test_what_there_is(heroku: Heroku, real: HerokuClient) -> None:
    """Account, app, config vars, database, its figures, formation and releases are read."""
    assert real.account().email == "robot@buckinghamshire.example"
    assert not real.app("staging").maintenance
    assert real.config_vars("staging")["GREETING"] == "staging"
    database = real.database("production")
    assert database.transfer_names == {"DATABASE", "NAVY"}
    assert (database.address.port, database.address.name) == (heroku.cluster.port, "production")
    info = real.database_info(database.addon_id)
    assert (info.waiting, info.status) == (False, "Available")
    assert info.num_bytes > 1_000_000
    assert {process.type for process in real.formation("production")} == {"web", "worker"}
    releases = real.releases("production", 2)
    assert len(releases) == 2
    assert releases[0].version > releases[1].version
    slug = real.slug("production", str(releases[0].slug_id))
    assert releases[0].description == f"Deploy {str(slug.commit)[:8]}"


def test_a_backup_is_captured_adopted_and_read(heroku: Heroku, real: HerokuClient) -> None:
    """A captured backup is found again as recent, and its bytes are an archive with the table in it."""
    backup = captured(real)
    assert real.recent_backup(real.database("production"), MINUTE) == real.transfer("production", backup.num)
    start = real.beginning("production", backup, 1000).data
    with real.open_backup("production", backup) as stream:
        content = stream.read()
    assert content.startswith(start)
    assert b"person" in content
    assert real.transfer("production", backup.uuid, verbose=True).logs


def test_an_archive_is_restored(heroku: Heroku, real: HerokuClient, archive: str) -> None:
    """A restore from an https address replaces staging's database, and its progress is reported."""
    seen: list[Transfer] = []
    transfer = real.wait("staging", restored(real, archive), seen.append, MINUTE)
    assert (transfer.kind, transfer.good) == ("restore", True)
    assert seen[-1] == transfer
    assert people(heroku) == 3


def test_a_raw_backup_is_not_restored(heroku: Heroku, real: HerokuClient) -> None:
    """Production's backup is refused as archive, by its signed and by its stored address."""
    backup, before = captured(real), restores(real)
    assert backup.to_url
    for url in (real.public_url("production", backup.num).url, backup.to_url):
        with pytest.raises(RefusedByGuard, match=f"raw backup {backup.name}"):
            restored(real, url)
    assert restores(real) == before


def test_production_is_never_a_target(heroku: Heroku, real: HerokuClient, archive: str) -> None:
    """Not even where a caller allows it."""
    with pytest.raises(RefusedByGuard):
        real.restore(real.database("production"), archive, source=real.database("staging"), allowed_apps={"production"})


@pytest.mark.parametrize("fault", ["lose_answer", "drop"])
def test_a_capture_is_never_made_twice(heroku: Heroku, real: HerokuClient, fault: str) -> None:
    """A capture whose answer is lost is found if it exists and told as unknown if not; there is never a second one."""
    database = real.database("production")
    before = len(real.transfers("production"))
    heroku.fault(fault, method="POST", path="*/backups")
    if fault == "lose_answer":
        assert real.wait("production", real.capture(database), deadline=MINUTE).good
    else:
        with pytest.raises(HerokuError, match="heroku pg:backups -a production"):
            real.capture(database)
    assert len(real.transfers("production")) - before == (fault == "lose_answer")


def test_a_restore_is_never_made_twice(heroku: Heroku, real: HerokuClient, archive: str) -> None:
    """A restore whose answer is lost is found by its address, and followed to its end."""
    before = restores(real)
    heroku.fault("lose_answer", method="POST", path="*/restores")
    assert real.wait("staging", restored(real, archive), deadline=MINUTE).good
    assert restores(real) == before + 1
    assert people(heroku) == 3


def test_a_restore_that_stops_half_way_is_a_failure(heroku: Heroku, real: HerokuClient, archive: str) -> None:
    """The error says that the database was wiped; the address is in no text of it."""
    heroku.fault("half_way", on="transfer", transfer="restore")
    with pytest.raises(TransferFailed, match="wiped first") as caught:
        real.wait("staging", restored(real, archive), deadline=MINUTE)
    assert "SECRET" not in str(caught.value) + repr(caught.value.transfer)


def test_a_restore_from_nowhere_is_a_failure(heroku: Heroku, real: HerokuClient) -> None:
    """An archive that cannot be fetched ends in a failed transfer, not in waiting."""
    with pytest.raises(TransferFailed, match="failed"):
        real.wait("staging", restored(real, "https://127.0.0.1:9/nothing"), deadline=MINUTE)


def test_a_backup_that_fails_is_a_failure(heroku: Heroku, real: HerokuClient) -> None:
    """A failed capture is told with its log, and never adopted."""
    database = real.database("production")
    heroku.fault("fail", on="transfer", message="pg_dump: error: connection to server was lost")
    with pytest.raises(TransferFailed, match="connection to server was lost"):
        captured(real)
    assert all(backup.good for backup in filter(None, [real.recent_backup(database, MINUTE)]))


def test_a_transfer_without_end_is_left_and_cancelled(heroku: Heroku, real: HerokuClient, archive: str) -> None:
    """At the deadline the transfer goes on, the target counts as busy, and cancelling ends it without success."""
    heroku.fault("never_end", on="transfer", transfer="restore")
    transfer = restored(real, archive)
    with pytest.raises(TransferUnfinished):
        real.wait("staging", transfer, deadline=timedelta(seconds=0.2))
    with pytest.raises(RefusedByGuard, match=transfer.name):
        restored(real, archive)
    real.cancel("staging", transfer)
    with pytest.raises(TransferFailed, match="cancelled"):
        real.wait("staging", transfer, deadline=MINUTE)


@pytest.mark.parametrize("kind", ["status", "drop", "truncate", "rate_limit", "html_not_found", "lose_answer"])
def test_faults_while_waiting_are_survived(heroku: Heroku, real: HerokuClient, kind: str) -> None:
    """Whatever strikes the looks at a transfer once, the waiting goes on to its end."""
    transfer = real.capture(real.database("production"))
    heroku.fault(kind, method="GET", path="*/transfers/*", status=503, times=2)
    assert real.wait("production", transfer, deadline=MINUTE).good
    assert heroku.faults_left() == []


def test_figures_that_come_late_are_waited_for(heroku: Heroku, real: HerokuClient) -> None:
    """No bytes at the first reading after the end are not the last word."""
    heroku.fault("zero_bytes", on="transfer")
    assert captured(real).processed_bytes > 0
    assert heroku.faults_left() == []


@pytest.mark.parametrize("kind", ["truncate", "drop", "expired_url", "status"])
def test_faults_while_downloading_are_survived(heroku: Heroku, real: HerokuClient, kind: str) -> None:
    """A download that is cut, dropped, refused or answered with 503 gives the same bytes as one without a fault."""
    backup = captured(real)
    with real.open_backup("production", backup) as stream:
        whole = stream.read()
    heroku.fault(kind, method="GET", path="/xfer-bucket/*", bytes=100, status=503, times=2)
    with real.open_backup("production", backup) as stream:
        assert stream.read() == whole
    assert heroku.faults_left() == []


def test_a_download_that_is_always_refused_ends(heroku: Heroku, real: HerokuClient) -> None:
    """Fresh addresses that are refused again and again are given up."""
    backup = captured(real)
    heroku.fault("expired_url", method="GET", path="/xfer-bucket/*", times=None)
    with pytest.raises(DownloadFailed, match="fresh addresses"), real.open_backup("production", backup) as stream:
        stream.read()


def test_wrong_names_and_tokens_are_told(heroku: Heroku, real: HerokuClient) -> None:
    """A token that Heroku does not know, and an app and a backup that do not exist, each have their error."""
    with HerokuClient(heroku.url, heroku.url, "HRKU-wrong", poll_interval=0.05, retry_for=1) as stranger:
        with pytest.raises(Unauthorised):
            stranger.account()
        with pytest.raises(Unauthorised):
            stranger.transfers("production")
    with pytest.raises(NotFound):
        real.database("nothing")
    with pytest.raises(NotFound):
        real.transfer("production", 9999)


@pytest.mark.parametrize(
    ("command", "code", "output"),
    [
        ('echo "from $GREETING"', 0, "from staging\n"),
        ("exit 3", 3, ""),
        ("false", 1, ""),
        ("nonesuch 2>/dev/null", 127, ""),
    ],
)
def test_a_command_is_run(heroku: Heroku, real: HerokuClient, command: str, code: int, output: str) -> None:
    """A one-off dyno has the app's config vars, and its output and exit code come back."""
    result = real.run("staging", command, MINUTE)
    assert (result.output, result.exit_code) == (output, code)


def test_a_command_without_end_is_left(heroku: Heroku, real: HerokuClient) -> None:
    """At the deadline the connection is closed, and the error says how to stop the dyno."""
    with pytest.raises(DynoFailed, match="ps:stop run"):
        real.run("staging", "sleep 30", timedelta(seconds=0.5))


def test_staging_is_closed_and_opened(heroku: Heroku, real: HerokuClient) -> None:
    """Maintenance and formation are changed for staging and stay for production."""
    assert real.set_maintenance("staging", True).maintenance
    assert {process.quantity for process in real.scale("staging", {"web": 0, "worker": 0})} == {0}
    assert real.app("staging").maintenance
    assert {process.quantity for process in real.formation("staging")} == {0}
    assert not real.app("production").maintenance
    assert {process.quantity for process in real.formation("production")} == {1}
    real.scale("staging", {"web": 1, "worker": 1})
    assert not real.set_maintenance("staging", False).maintenance


def test_connections_are_ended(heroku: Heroku, real: HerokuClient) -> None:
    """Who is connected to staging's database is cut off; production's connections stay."""
    with (
        psycopg.connect(heroku.cluster.url("staging")) as staging,
        psycopg.connect(heroku.cluster.url("production")) as production,
    ):
        real.reset_connections(real.database("staging").addon_id)
        with pytest.raises(psycopg.OperationalError):
            staging.execute("SELECT 1")
        assert production.execute("SELECT 1").fetchone() == (1,)
