"""Guards: what is refused, before anything is sent that changes anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from inspect import signature

import pytest

from bc_pipelines.heroku import guards
from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import RefusedByGuard
from bc_pipelines.heroku.models import Database, DatabaseAddress, Transfer
from bc_pipelines_tests.heroku.scripted import NO_ANSWER, Reply, ScriptedServer
from bc_pipelines_tests.heroku.shapes import PRODUCTION, STAGING, attachment, backup, done, read, restore

ARCHIVE = "https://store.example/archive?signature=1"
RESTORES = f"/client/v11/databases/{STAGING.addon_id}/restores"
Call = Callable[[HerokuClient], object]


@pytest.fixture
def account(server: ScriptedServer) -> ScriptedServer:
    """A server with both apps, idle, that accepts a restore to staging."""
    for database, colour in ((PRODUCTION, "NAVY"), (STAGING, "JADE")):
        attachments = [attachment(database), attachment(database, f"HEROKU_POSTGRESQL_{colour}")]
        server.on("GET", f"/apps/{database.app}/addon-attachments", Reply(body=attachments))
        url = f"postgres://user:SECRET@{database.address}"
        server.on("GET", f"/apps/{database.app}/config-vars", Reply(body={"DATABASE_URL": url}))
    server.on("POST", "/actions/addon-attachments/resolve", Reply(body=[attachment(STAGING)]))
    server.on("GET", "/client/v11/apps/production/transfers", Reply(body=[done(backup())]))
    server.on("GET", "/client/v11/apps/staging/transfers", Reply(body=[done(backup(90))]))
    server.on("POST", RESTORES, Reply(201, restore()))
    return server


def restore_to(client: HerokuClient, target: Database = STAGING, url: str = ARCHIVE) -> object:
    """Ask for a restore of production's archive."""
    return client.restore(target, url, source=PRODUCTION, allowed_apps={"staging"})


def test_a_restore_that_every_guard_allows_is_sent_once(account: ScriptedServer, client: HerokuClient) -> None:
    """With nothing against it, a restore is one POST of the archive's address."""
    assert client.restore(STAGING, ARCHIVE, source=PRODUCTION, allowed_apps={"staging"}).name == "r102"
    assert [seen.body for seen in account.seen if seen.path == RESTORES] == [{"backup_url": ARCHIVE}]


def test_a_restore_whose_answer_is_lost_is_found(account: ScriptedServer, client: HerokuClient) -> None:
    """The restore of the very address is looked up, not one that somebody else began, and none is begun again."""
    account.on("POST", RESTORES, NO_ANSWER)
    idle = Reply(body=[done(backup(90))])
    begun = Reply(body=[restore(103, from_url="https://store.example/other"), restore(102), done(backup(90))])
    account.on("GET", "/client/v11/apps/staging/transfers", idle, idle, begun)
    assert client.restore(STAGING, ARCHIVE, source=PRODUCTION, allowed_apps={"staging"}).name == "r102"
    assert account.count("POST", RESTORES) == 1


WAY_BACK = read(done(backup(90, from_name="JADE")))


def go_back(client: HerokuClient, target: Database = STAGING, made: Transfer = WAY_BACK, uuid: str = "") -> Transfer:
    """Ask for a restore of staging's own recorded backup."""
    recorded = uuid or WAY_BACK.uuid
    return client.restore_way_back(target, made, recorded_uuid=recorded, source=PRODUCTION, allowed_apps={"staging"})


def test_the_recorded_way_back_is_restored(account: ScriptedServer, client: HerokuClient) -> None:
    """Staging's own backup, recorded before the wipe, is one POST of the address under which Heroku stored it."""
    assert go_back(client).name == "r102"
    assert [seen.body for seen in account.seen if seen.path == RESTORES] == [{"backup_url": WAY_BACK.to_url}]


@pytest.mark.parametrize(
    ("made", "uuid", "words"),
    [
        (WAY_BACK, "another", "not the one that was recorded"),
        (read(done(backup(101))), read(done(backup(101))).uuid, "not the one that was recorded"),
        (replace(WAY_BACK, from_name="RED"), "", "not made of"),
        (replace(WAY_BACK, to_url=None), "", "cannot be restored from"),
        (replace(WAY_BACK, succeeded=False), "", "not completed"),
    ],
)
def test_any_other_backup_is_no_way_back(
    account: ScriptedServer, client: HerokuClient, made: Transfer, uuid: str, words: str
) -> None:
    """Not the recorded one, not listed by staging, of another database, incomplete: nothing is sent that changes."""
    with pytest.raises(RefusedByGuard, match=words):
        go_back(client, made=made, uuid=uuid)
    assert account.count("POST", RESTORES) == 0


def test_a_backup_of_a_writable_app_can_be_deleted(account: ScriptedServer, client: HerokuClient) -> None:
    """It is gone at Heroku; that somebody else was faster is no failure."""
    address = f"/client/v11/apps/staging/transfers/{WAY_BACK.num}"
    account.on("DELETE", address, Reply(body=done(backup(90))), Reply(404, {"id": "not_found", "message": "gone"}))
    client.delete_backup("staging", WAY_BACK)
    client.delete_backup("staging", WAY_BACK)
    assert account.count("DELETE", address) == 2


@pytest.mark.parametrize(("app", "what"), [("production", WAY_BACK), ("staging", read(done(restore())))])
def test_no_other_transfer_is_deleted(server: ScriptedServer, client: HerokuClient, app: str, what: Transfer) -> None:
    """Production's backups stay, and so does whatever is no backup: refused without a request."""
    with pytest.raises(RefusedByGuard):
        client.delete_backup(app, what)
    assert server.seen == []


@pytest.mark.parametrize("target", [PRODUCTION, replace(STAGING, addon_id=PRODUCTION.addon_id)])
def test_the_way_back_leads_nowhere_else(server: ScriptedServer, client: HerokuClient, target: Database) -> None:
    """Production, under its own name or as staging's add-on, is refused without a request."""
    with pytest.raises(RefusedByGuard):
        go_back(client, target)
    assert server.seen == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (PRODUCTION, "not one of the apps"),
        (replace(STAGING, app="development"), "not one of the apps"),
        (replace(STAGING, owner_app="production"), "not one of the apps"),
        (replace(STAGING, addon_id=PRODUCTION.addon_id), "one database: both are the add-on"),
        (
            replace(STAGING, address=DatabaseAddress("db1.example", 6432, "production")),
            "one database: both are the dat",
        ),
    ],
)
def test_a_wrong_target_is_refused_before_any_request(
    server: ScriptedServer, client: HerokuClient, target: Database, words: str
) -> None:
    """A target off the list, owned by another app, or the same database as the source: refused without a request."""
    with pytest.raises(RefusedByGuard, match=words):
        restore_to(client, target)
    assert server.seen == []


def test_the_allowed_apps_of_a_call_cannot_widen_those_of_the_client(
    server: ScriptedServer, client: HerokuClient
) -> None:
    """An app must be on both lists."""
    target = replace(STAGING, app="development", owner_app="development")
    with pytest.raises(RefusedByGuard, match="not one of the apps"):
        client.restore(target, ARCHIVE, source=PRODUCTION, allowed_apps={"development"})
    assert server.seen == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://store.example/archive", "not an https address"),
        ("https:///archive", "not an https address"),
        ("production::b101", "not an https address"),
        ("https://bucket.s3.example/backups/object-101?X-Amz-Signature=1", "raw backup b101"),
        ("https://s3.example/bucket/backups/object%2D101", "raw backup b101"),
        (f"https://elsewhere.example/{backup()['uuid']}", "raw backup b101"),
    ],
)
def test_a_raw_backup_is_refused_as_archive(
    account: ScriptedServer, client: HerokuClient, url: str, words: str
) -> None:
    """An address that is not https, or any spelling of a raw backup's, is refused and not repeated."""
    with pytest.raises(RefusedByGuard, match=words) as caught:
        restore_to(client, url=url)
    assert account.count("POST", RESTORES) == 0
    assert "Signature" not in str(caught.value)


def test_a_target_that_moved_is_refused(account: ScriptedServer, client: HerokuClient) -> None:
    """When the attachment leads elsewhere than at the time of the plan, nothing is wiped."""
    moved = replace(STAGING, addon_id="33333333-0000-4000-8000-000000000000", addon_name="postgresql-new-1")
    account.on("POST", "/actions/addon-attachments/resolve", Reply(body=[attachment(moved)]))
    with pytest.raises(RefusedByGuard, match="is postgresql-new-1 now"):
        restore_to(client)
    assert account.count("POST", RESTORES) == 0


def test_a_busy_target_is_refused(account: ScriptedServer, client: HerokuClient) -> None:
    """While any transfer of the target has not ended, nothing is wiped."""
    account.on("GET", "/client/v11/apps/staging/transfers", Reply(body=[restore(91), done(backup(90))]))
    with pytest.raises(RefusedByGuard, match="unfinished transfers: r091"):
        restore_to(client)
    assert account.count("POST", RESTORES) == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.set_maintenance("production", True),
        lambda client: client.scale("production", {"web": 0}),
        lambda client: client.run("production", "true"),
        lambda client: client.cancel("production", read(restore())),
    ],
    ids=["maintenance", "scale", "run", "cancel"],
)
def test_an_app_off_the_list_is_not_changed(server: ScriptedServer, client: HerokuClient, call: Call) -> None:
    """Every call that would change production is refused without a request."""
    with pytest.raises(RefusedByGuard, match=r"production: it is not one of the apps that may be changed \(staging\)"):
        call(client)
    assert server.seen == []


def test_connections_of_an_app_off_the_list_are_left_alone(server: ScriptedServer, client: HerokuClient) -> None:
    """Who owns an add-on is asked of Heroku; production's keeps its connections."""
    server.on("GET", "/addons/some-id", Reply(body={"app": {"name": "production"}}))
    with pytest.raises(RefusedByGuard, match="end the connections"):
        client.reset_connections("some-id")
    assert [seen.method for seen in server.seen] == ["GET"]


@pytest.mark.parametrize("transfer", [backup(), done(backup(), succeeded=False), done(restore())])
def test_what_is_no_good_backup_is_not_read(
    server: ScriptedServer, client: HerokuClient, transfer: dict[str, object]
) -> None:
    """Only a completed backup is opened, whole or in part."""
    with pytest.raises(RefusedByGuard):
        client.open_backup("production", read(transfer))
    with pytest.raises(RefusedByGuard):
        client.beginning("production", read(transfer), 5)
    assert server.seen == []


def test_a_client_without_a_list_changes_nothing() -> None:
    """No list means no app, and the message says so."""
    with pytest.raises(RefusedByGuard, match=r"\(none\)"):
        guards.require_writable("staging", frozenset(), "scale")


def test_no_argument_lifts_a_guard() -> None:
    """Neither the client nor a restore has an argument to force anything with."""
    assert set(signature(HerokuClient.restore).parameters) == {"self", "target", "backup_url", "source", "allowed_apps"}
    patience = {"poll_interval", "retry_for", "timeout"}
    apis = {"self", "platform_url", "data_url", "token"}
    assert set(signature(HerokuClient.__init__).parameters) == apis | patience | {"writable_apps"}


def test_the_list_cannot_be_changed_later(client: HerokuClient) -> None:
    """Which apps may be changed is fixed when the client is made."""
    with pytest.raises(AttributeError):
        client.writable_apps = frozenset({"production"})  # type: ignore[misc]


@pytest.mark.parametrize("name", ["b101", "production::b101", "postgres://db1.example/production", "", "//host/x"])
def test_a_backup_cannot_be_restored_by_its_name(account: ScriptedServer, client: HerokuClient, name: str) -> None:
    """What the CLI would take for a backup of an app, or for a database to copy, is no address of an archive."""
    with pytest.raises(RefusedByGuard, match="not an https address"):
        restore_to(client, url=name)
    assert account.count("POST", RESTORES) == 0


@pytest.mark.parametrize(
    "transfer",
    [backup(91), backup(91, schedule={"uuid": "s"}), restore(91), restore(91, from_type="pg_dump")],
    ids=["backup", "scheduled backup", "restore", "copy"],
)
def test_any_unfinished_transfer_of_the_target_refuses(
    account: ScriptedServer, client: HerokuClient, transfer: dict[str, object]
) -> None:
    """Pending or running, of whatever kind: nothing is wiped under it."""
    running = {**transfer, "started_at": transfer["created_at"]}
    for state in (transfer, running):
        account.on("GET", "/client/v11/apps/staging/transfers", Reply(body=[state]))
        with pytest.raises(RefusedByGuard, match=r"unfinished transfers: .091"):
            restore_to(client)
    assert account.count("POST", RESTORES) == 0
