"""Transfers: begun exactly once, followed to a real end, and never taken for good when they are not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import (
    NotFound,
    OutcomeUnknown,
    TransferFailed,
    TransferUnfinished,
    Unauthorised,
)
from bc_pipelines.heroku.models import Transfer, data_time
from bc_pipelines_tests.heroku.scripted import NO_ANSWER, Reply, ScriptedServer
from bc_pipelines_tests.heroku.shapes import PRODUCTION, backup, done, read, restore

BACKUPS = f"/client/v11/databases/{PRODUCTION.addon_id}/backups"
LISTING = "/client/v11/apps/production/transfers"
ONE = f"{LISTING}/{backup()['uuid']}"
RUNNING = backup(started_at="2026-11-02 02:00:01 +0000")


def test_a_capture_is_asked_for_once(server: ScriptedServer, client: HerokuClient) -> None:
    """A capture is one POST without a body, to any app, and comes back as Heroku accepted it."""
    server.on("GET", LISTING, Reply(body=[done(backup(100))]))
    server.on("POST", BACKUPS, Reply(201, backup()))
    assert client.capture(PRODUCTION).name == "b101"
    assert [seen.body for seen in server.seen if seen.method == "POST"] == [None]


@pytest.mark.parametrize(
    "lost",
    [
        NO_ANSWER,
        Reply(500),
        Reply(503),
        Reply(520),
        Reply(201, b"<html>"),
        Reply(201, b"{}"),
        Reply(201, {"num": 1}, cut=4),
    ],
)
def test_a_lost_answer_is_looked_up(server: ScriptedServer, client: HerokuClient, lost: Reply) -> None:
    """Where the answer to a POST is lost, the new transfer is found in the list, and nothing is asked for twice."""
    server.on("POST", BACKUPS, lost)
    others = [restore(103), backup(104, from_name="OLIVE"), done(backup(100))]
    server.on("GET", LISTING, Reply(body=[others[2]]), Reply(body=others), Reply(body=[*others, backup()]))
    assert client.capture(PRODUCTION).name == "b101"
    assert server.count("POST", BACKUPS) == 1


def test_a_lost_answer_without_a_trace_is_told(server: ScriptedServer, client: HerokuClient) -> None:
    """Where no new transfer shows up, nothing is asked for twice and the operator is told to look."""
    server.on("POST", BACKUPS, NO_ANSWER)
    server.on("GET", LISTING, Reply(body=[done(backup(100))]))
    with pytest.raises(OutcomeUnknown, match="heroku pg:backups -a production"):
        client.capture(PRODUCTION)
    assert server.count("POST", BACKUPS) == 1


def test_looking_up_ends_where_the_list_cannot_be_had_either(server: ScriptedServer, client: HerokuClient) -> None:
    """In an outage the look-up takes no longer than one call may, and the outcome is told as unknown."""
    server.on("POST", BACKUPS, Reply(503))
    server.on("GET", LISTING, Reply(body=[]), Reply(503))
    with pytest.raises(OutcomeUnknown, match="503"):
        client.capture(PRODUCTION)
    assert server.count("POST", BACKUPS) == 1
    assert server.count("GET", LISTING) < 60


def test_a_refused_capture_is_not_looked_up(server: ScriptedServer, client: HerokuClient) -> None:
    """An answer that says no is an answer."""
    server.on("POST", BACKUPS, Reply(404, b"<h1>Not Found</h1>"))
    server.on("GET", LISTING, Reply(body=[]))
    with pytest.raises(NotFound):
        client.capture(PRODUCTION)
    assert server.count("GET", LISTING) == 1


def test_used_up_requests_delay_a_capture(server: ScriptedServer, client: HerokuClient) -> None:
    """429 means that nothing was done, so that even a capture is asked for again."""
    server.on("POST", BACKUPS, Reply(429), Reply(201, backup()))
    server.on("GET", LISTING, Reply(body=[]))
    server.on("GET", "/account/rate-limits", Reply(body={"remaining": 4000}))
    assert client.capture(PRODUCTION).name == "b101"


def test_waiting_ends_with_success(server: ScriptedServer, client: HerokuClient) -> None:
    """Every look is reported, the last with the figures that Heroku fills in late."""
    server.on("GET", ONE, *map(_reply, (backup(), RUNNING, done(backup(), processed_bytes=0), done(backup()))))
    seen: list[Transfer] = []
    assert client.wait("production", read(backup()), seen.append).good
    assert [transfer.state for transfer in seen] == ["pending", "running", "completed"]
    assert seen[-1].processed_bytes == 1000


def test_a_backup_of_nothing_is_still_a_success(server: ScriptedServer, client: HerokuClient) -> None:
    """`processed_bytes` that stays 0 is no reason to wait for ever, nor to call it failed."""
    server.on("GET", ONE, Reply(body=done(backup(), processed_bytes=0)))
    assert client.wait("production", read(backup())).good


@pytest.mark.parametrize(
    "ended",
    [{"succeeded": False}, {"succeeded": None}, {"succeeded": False, "canceled_at": "2026-11-02 02:00:05 +0000"}],
)
def test_an_end_without_success_is_a_failure(
    server: ScriptedServer, client: HerokuClient, ended: dict[str, object]
) -> None:
    """Failed, cancelled and undecided ends raise, with the end of the log but no row's value in it."""
    logs = [
        {"created_at": "2026-11-02 02:00:08 +0000", "level": "info", "message": message}
        for message in ("waiting for restore to complete", "DETAIL: Key (email)=(ann@example.com) already exists.")
    ]
    last = done(restore(), logs=logs, **ended)
    server.on("GET", f"/client/v11/apps/staging/transfers/{last['uuid']}", Reply(body=last))
    with pytest.raises(TransferFailed, match="waiting for restore to complete") as caught:
        client.wait("staging", read(restore()))
    assert caught.value.transfer.name == "r102"
    assert "wiped first" in caught.value.state
    assert "ann@example.com" not in str(caught.value)


def test_a_failure_without_its_log_is_still_told(server: ScriptedServer, client: HerokuClient) -> None:
    """That the log cannot be read does not hide the failure."""
    last = Reply(body=done(backup(), succeeded=False))
    server.on("GET", ONE, last, Reply(404))
    with pytest.raises(TransferFailed, match="log could not be read"):
        client.wait("production", read(backup()))


def test_a_deadline_leaves_the_transfer_running(server: ScriptedServer, client: HerokuClient) -> None:
    """At the deadline the message says that the transfer may go on, and how to look at it."""
    server.on("GET", ONE, Reply(body=RUNNING))
    with pytest.raises(TransferUnfinished, match="may still be running"):
        client.wait("production", read(backup()), deadline=timedelta(seconds=0.1))


def test_passing_trouble_does_not_end_the_waiting(server: ScriptedServer, client: HerokuClient) -> None:
    """A 404 or a 500 now and then while a transfer runs is waited out."""
    server.on(
        "GET",
        ONE,
        Reply(404, b"<h1>Not Found</h1>"),
        Reply(500),
        Reply(body=RUNNING),
        NO_ANSWER,
        _reply(done(backup())),
    )
    assert client.wait("production", read(backup())).good


@pytest.mark.parametrize(("lasting", "words"), [(404, "no longer listed"), (503, "could not be followed")])
def test_lasting_trouble_names_the_transfer(
    server: ScriptedServer, client: HerokuClient, lasting: int, words: str
) -> None:
    """A transfer that cannot be followed is not given up silently: it may still be running."""
    server.on("GET", ONE, Reply(lasting))
    with pytest.raises(TransferUnfinished, match=words):
        client.wait("production", read(backup()), deadline=timedelta(seconds=2))


def test_a_token_revoked_while_waiting_is_the_cause(server: ScriptedServer, client: HerokuClient) -> None:
    """The error says which transfer was left, and carries why it could not be followed."""
    server.on("GET", ONE, Reply(401))
    with pytest.raises(TransferUnfinished) as caught:
        client.wait("production", read(backup()))
    assert isinstance(caught.value.__cause__, Unauthorised)


def test_only_a_good_recent_backup_of_the_database_is_adopted(server: ScriptedServer, client: HerokuClient) -> None:
    """The newest completed backup of this very database counts, if it is recent; nothing else does."""
    now = datetime.now(UTC)

    def ago(hours: float) -> str:
        return data_time(now - timedelta(hours=hours))

    server.on(
        "GET",
        LISTING,
        Reply(
            body=[
                backup(109, created_at=ago(0.1)),
                done(backup(108), created_at=ago(0.2), succeeded=False),
                done(backup(107), created_at=ago(0.3), from_name="OLIVE"),
                done(restore(106), created_at=ago(0.4)),
                done(backup(104), created_at=ago(3)),
                done(backup(105), created_at=ago(2)),
            ]
        ),
    )
    found = client.recent_backup(PRODUCTION, timedelta(hours=24))
    assert found is not None
    assert found.name == "b105"
    assert client.recent_backup(PRODUCTION, timedelta(hours=1)) is None


def test_what_another_capture_would_drop_is_known(server: ScriptedServer, client: HerokuClient) -> None:
    """With as many manual backups as Heroku keeps, the oldest is the price of another one."""
    times = [f"2026-11-0{number} 02:00:00 +0000" for number in range(1, 4)]
    kept = [done(backup(number, created_at=time, num_keep=3)) for number, time in enumerate(times, 101)]
    scheduled = done(backup(99, schedule={"uuid": "s"}, num_keep=3))
    server.on("GET", LISTING, Reply(body=[*kept, scheduled]), Reply(body=[*kept[1:], scheduled]))
    assert [transfer.name for transfer in client.evicted_by_capture(PRODUCTION)] == ["b101"]
    assert client.evicted_by_capture(PRODUCTION) == ()


def test_a_cancelled_transfer_is_read_again(server: ScriptedServer, client: HerokuClient) -> None:
    """Cancelling is asked for by uuid, and what comes back is what Heroku says then."""
    base = f"/client/v11/apps/staging/transfers/{restore()['uuid']}"
    server.on("POST", f"{base}/actions/cancel", Reply(body={"canceled_at": "2026-11-02 02:00:05 +0000"}))
    server.on("GET", base, Reply(body=restore(canceled_at="2026-11-02 02:00:05 +0000")))
    assert client.cancel("staging", read(restore())).canceled_at is not None


def _reply(transfer: dict[str, object]) -> Reply:
    return Reply(body=transfer)
