"""Answers of the documented shape that are untrue: another's transfer, a null for a name, a clock of its own."""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import (
    DownloadFailed,
    HerokuError,
    NotFound,
    OutcomeUnknown,
    RefusedByGuard,
    UnexpectedAnswer,
    Unreachable,
)
from bc_pipelines.heroku.guards import require_archive_url
from bc_pipelines.heroku.models import App, DatabaseAddress, Transfer, data_time
from bc_pipelines.heroku.rendezvous import MARK
from bc_pipelines.heroku.transport import LONGEST_ANSWER
from bc_pipelines.sandbox.certificates import Certificates
from bc_pipelines_tests.heroku.conftest import TOKEN
from bc_pipelines_tests.heroku.rendezvous_server import followed
from bc_pipelines_tests.heroku.scripted import Reply, ScriptedServer
from bc_pipelines_tests.heroku.shapes import PRODUCTION, STAGING, attachment, backup, done, read, restore

LIST = "/client/v11/apps/production/transfers"
BACKUPS = f"/client/v11/databases/{PRODUCTION.addon_id}/backups"
RESOLVE = "/actions/addon-attachments/resolve"
MISSING = Reply(404, {"id": "not_found", "message": "Couldn't find that addon attachment."})


def test_another_transfer_is_not_taken_for_the_one_asked_for(server: ScriptedServer, client: HerokuClient) -> None:
    """The good end of somebody else's transfer is not the end of ours."""
    server.on("GET", f"{LIST}/{backup()['uuid']}", Reply(body=done(backup(99))))
    with pytest.raises(HerokuError, match="another transfer than the one asked for"):
        client.wait("production", read(backup()), deadline=timedelta(seconds=10))


@pytest.mark.parametrize("accepted", [backup(100), restore(101)])
def test_a_capture_answered_with_another_transfer_is_looked_up(
    server: ScriptedServer, client: HerokuClient, accepted: dict[str, Any]
) -> None:
    """A transfer that was there before, or is no backup, is not what was begun; there is no second POST."""
    server.on("GET", LIST, Reply(body=[backup(100)]))
    server.on("POST", BACKUPS, Reply(201, accepted))
    with pytest.raises(OutcomeUnknown):
        client.capture(PRODUCTION)
    assert server.count("POST", BACKUPS) == 1


def test_a_scheduled_backup_is_not_taken_for_the_lost_one(server: ScriptedServer, client: HerokuClient) -> None:
    """A nightly backup that begins while the answer to a capture is lost is not that capture."""
    nightly = backup(101, schedule={"uuid": "nightly"}, to_name="SCHEDULED BACKUP")
    server.on("GET", LIST, Reply(body=[backup(100)]), Reply(body=[nightly, backup(100)]))
    server.on("POST", BACKUPS, Reply(502))
    with pytest.raises(OutcomeUnknown):
        client.capture(PRODUCTION)


def test_two_transfers_of_one_number_are_refused(server: ScriptedServer, client: HerokuClient) -> None:
    """Addresses are signed by number, so a number must mean one backup; one listed twice is one."""
    server.on("GET", LIST, Reply(body=[backup(101), backup(101)]))
    assert [transfer.num for transfer in client.transfers("production")] == [101]
    server.on("GET", LIST, Reply(body=[backup(101), backup(101, uuid="another")]))
    with pytest.raises(UnexpectedAnswer, match="two transfers of one number"):
        client.transfers("production")


def test_a_backup_of_the_future_is_not_recent(server: ScriptedServer, client: HerokuClient) -> None:
    """Where Heroku's clock is far ahead of ours, the age of a backup is not known and another one is captured."""
    for ahead, adopted in ((timedelta(minutes=1), True), (timedelta(hours=1), False)):
        server.on("GET", LIST, Reply(body=[done(backup(created_at=data_time(datetime.now(UTC) + ahead)))]))
        assert (client.recent_backup(PRODUCTION, timedelta(hours=1)) is not None) is adopted


def test_retention_is_that_of_a_backup_that_tells_it(server: ScriptedServer, client: HerokuClient) -> None:
    """That the newest backup does not say how many are kept does not mean that all are."""
    server.on("GET", LIST, Reply(body=[done(backup(102, num_keep=None)), done(backup(101, num_keep=2))]))
    assert [transfer.num for transfer in client.evicted_by_capture(PRODUCTION)] == [101]


@pytest.mark.parametrize(
    ("read_it", "json", "changes"),
    [
        (App.from_json, {"id": "1", "name": "staging", "maintenance": True}, {"maintenance": "false"}),
        (App.from_json, {"id": "1", "name": "staging", "maintenance": True}, {"id": None}),
        (App.from_json, {"id": "1", "name": "staging", "maintenance": True}, {"name": "\ud800"}),
        (Transfer.from_json, backup(), {"uuid": None}),
        (Transfer.from_json, backup(), {"from_type": ""}),
    ],
)
def test_identities_and_switches_are_never_made_up(
    read_it: Callable[[Any], object], json: dict[str, Any], changes: dict[str, Any]
) -> None:
    """A null is no name, and `"false"` is not true."""
    read_it(json)
    with pytest.raises((TypeError, ValueError)):
        read_it({**json, **changes})


def test_a_config_var_without_value_is_not_the_word_none(server: ScriptedServer, client: HerokuClient) -> None:
    """Config vars are texts, the empty one included."""
    server.on("GET", "/apps/staging/config-vars", Reply(body={"A": "", "B": None}))
    with pytest.raises(UnexpectedAnswer):
        client.config_vars("staging")


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:SECRET@db2.example/staging?host=db1.example",
        "postgres://u:SECRET@db2.example/staging?sslmode=require&HOSTADDR=127.0.0.1",
        "postgres://u:SECRET@db2.example/staging?%64bname=production",
        "postgres://u:SECRET@db2.example,db1.example/staging",
        "postgres://u:SECRET@db%31.example/staging",
    ],
)
def test_an_address_that_leads_elsewhere_is_refused(url: str) -> None:
    """A connection string that libpq would follow to another host or database than it seems to name is no identity."""
    with pytest.raises(ValueError, match="more than one database") as refused:
        DatabaseAddress.from_url(url)
    assert "SECRET" not in str(refused.value)


def test_an_attachment_of_another_app_is_not_the_apps(server: ScriptedServer, client: HerokuClient) -> None:
    """One database attached to two apps is looked up through the app that was asked about."""
    server.on("POST", RESOLVE, Reply(body=[attachment(replace(STAGING, app="production"))]))
    with pytest.raises(NotFound, match="no Heroku Postgres database"):
        client.database("staging")


@pytest.mark.parametrize("listed", [[None], [{"addon": None}], [{"addon": {"plan": {"name": 7}}}], {"addon": 1}])
def test_nulls_among_attachments_are_one_clear_error(
    server: ScriptedServer, client: HerokuClient, listed: object
) -> None:
    """The list that is read where the resolver knows nothing may be of any shape too."""
    server.on("POST", RESOLVE, MISSING)
    server.on("GET", "/apps/staging/addon-attachments", Reply(body=listed))
    with pytest.raises(UnexpectedAnswer):
        client.database("staging")


def _packed_twice() -> bytes:
    """A quarter of a gigabyte of nothing in a few kilobytes."""
    inner, outer = zlib.compressobj(wbits=31), zlib.compressobj(wbits=31)
    nothing = bytes(16 << 20)
    packed = b"".join(outer.compress(inner.compress(nothing)) for _ in range(16))
    return packed + outer.compress(inner.flush()) + outer.flush()


@pytest.mark.parametrize(("encoding", "body"), [("gzip, gzip", _packed_twice()), ("br", b"{}"), ("gzip", b"{}")])
def test_an_answer_packed_otherwise_is_not_unpacked(
    server: ScriptedServer, client: HerokuClient, encoding: str, body: bytes
) -> None:
    """Only gzip was asked for; a bomb of two layers takes no memory and is one clear error."""
    server.on("GET", "/account", Reply(body=body, headers={"Content-Encoding": encoding}))
    tracemalloc.start()
    with pytest.raises(Unreachable, match="GET /account"):
        client.account()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * LONGEST_ANSWER


def test_an_error_that_repeats_the_request_shows_no_token(server: ScriptedServer, client: HerokuClient) -> None:
    """Words and identifiers of any length that quote the token become one short line without it."""
    long = {"id": "x" * 9000, "message": f"Bad header\nAuthorization: Bearer {TOKEN} " + "y" * 9000}
    server.on("GET", "/account", Reply(422, long))
    with pytest.raises(HerokuError) as told:
        client.account()
    assert TOKEN not in str(told.value)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 1200


def test_a_next_page_that_cannot_be_asked_for_is_an_error(server: ScriptedServer, client: HerokuClient) -> None:
    """A list is never given short."""
    server.on("GET", LIST, Reply(206, [backup()], {"Next-Range": "id \xe9.."}))
    with pytest.raises(UnexpectedAnswer, match="next page"):
        client.transfers("production")


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Content-Range": "bytes 0-4/5"}, "without an ETag"),
        ({"Content-Range": "bytes 0-4/5", "ETag": '"\xe9"'}, "without an ETag"),
        ({"Content-Range": f"bytes 0-4/{'9' * 5000}", "ETag": '"one"'}, "ignores Range"),
    ],
)
def test_a_download_that_could_not_be_resumed_is_refused(
    server: ScriptedServer, client: HerokuClient, headers: dict[str, str], words: str
) -> None:
    """What has no mark by which a change would be seen, or no length, is not begun."""
    signed = {"url": f"{server.url}/object", "expires_at": "2026-11-02 03:00:00 +0000"}
    server.on("POST", f"{LIST}/101/actions/public-url", Reply(body=signed))
    server.on("GET", "/object", Reply(206, b"PGDMP", headers))
    with pytest.raises(DownloadFailed, match=words):
        client.open_backup("production", read(done(backup())))


def test_steps_in_an_address_do_not_hide_a_raw_backup() -> None:
    """A path that only becomes a raw backup's when its steps are taken is refused before it is compared."""
    with pytest.raises(RefusedByGuard, match="where it leads is unclear"):
        require_archive_url("https://bucket.s3.example/backups/./object-101?s=1", [read(done(backup()))])


def test_an_exit_code_without_an_end_is_none(
    server: ScriptedServer, client: HerokuClient, certificates: Certificates
) -> None:
    """A code of thousands of digits is read as far as exit codes go."""
    with followed(certificates, f"{MARK}{'1' * 5000}\r\n") as rendezvous:
        dyno = {"id": "d", "name": "run.1", "state": "up", "attach_url": f"rendezvous://{rendezvous}/secret"}
        server.on("POST", "/apps/staging/dynos", Reply(201, dyno))
        assert client.run("staging", "true").exit_code == 111
