"""Every route of the client by every fault: each call ends in success or in one clear error, and begins nothing twice.

The rows are calls of the client, with the route that the fault strikes; the columns are the faults. What is expected
follows from three questions: does Heroku say no, may the request be sent again, and if not, was it carried out?
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import pytest

from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import (
    Conflict,
    DownloadFailed,
    HerokuError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TransferFailed,
    TransferUnfinished,
    Unauthorised,
    UnexpectedAnswer,
    Unreachable,
)
from bc_pipelines.heroku.models import Transfer
from bc_pipelines.sandbox.certificates import Certificates
from bc_pipelines_tests.heroku import world
from bc_pipelines_tests.heroku.conftest import TOKEN
from bc_pipelines_tests.heroku.rendezvous_server import followed
from bc_pipelines_tests.heroku.scripted import NO_ANSWER, Answerer, Reply, ScriptedServer, Seen
from bc_pipelines_tests.heroku.shapes import PRODUCTION, STAGING, Json, backup, done, read, restore
from bc_pipelines_tests.heroku.world import BACKUPS, CANCEL, DYNOS, OBJECT, RESOLVE, RESTORES, SIGN, TRANSFERS, World

PACE = 0.002
TIMEOUT = 0.25
"""Seconds that the client bears where an answer is late or has no end; elsewhere it bears ten times as much."""
HANGS = 30
"""Seconds after which a call that has not ended is a failure of the client, far beyond every deadline here."""
SECRETS = (TOKEN, world.PASSWORD, world.SIGNATURE, world.SESSION)


def too_late(_seen: Seen) -> Reply:
    """An answer that comes after the client has stopped waiting."""
    time.sleep(TIMEOUT * 2)
    return NO_ANSWER


@dataclass(frozen=True)
class Fault:
    """What goes wrong on a route.

    Attributes:
        reply: What comes instead of the answer.
        lasting: The error of a call on which it lasts.
        says_no: It is an answer: nothing was done, and asking again does not help.
        passes: The same request, sent again a moment later, may succeed.
    """

    reply: Reply | Answerer
    lasting: type[HerokuError]
    says_no: bool = False
    passes: bool = True


def no(status: int, error: type[HerokuError]) -> Fault:
    """Heroku answers, and the answer is no."""
    return Fault(Reply(status, {"id": "no", "message": f"No, because of {world.ARCHIVE}."}), error, says_no=True)


FAULTS = {
    "400": no(400, Rejected),
    "401": no(401, Unauthorised),
    "403": no(403, Unauthorised),
    "404": no(404, NotFound),
    "404 in HTML as JSON": Fault(Reply(404, b"<h1>Not Found</h1>"), NotFound, says_no=True),
    "409": no(409, Conflict),
    "422": no(422, Rejected),
    "429": Fault(Reply(429), RateLimited),
    "429, tokens left": Fault(Reply(429, headers={"Ratelimit-Remaining": "4000"}), RateLimited),
    "429, Retry-After": Fault(Reply(429, headers={"Retry-After": "0"}), RateLimited),
    "500": Fault(Reply(500), Unreachable),
    "502": Fault(Reply(502, b"<html>Bad Gateway</html>"), Unreachable),
    "503": Fault(Reply(503), Unreachable),
    "too late": Fault(too_late, Unreachable),
    "no answer": Fault(NO_ANSWER, Unreachable),
    "cut off": Fault(Reply(body={"id": "half"}, cut=5), Unreachable),
    "truncated": Fault(Reply(body=b'{"id": "ha'), UnexpectedAnswer),
    "HTML": Fault(Reply(body=b"<html>Hello</html>"), UnexpectedAnswer),
    "without end": Fault(Reply(body=b"[" + b" " * 2000, drip=0.01), Unreachable, passes=False),
}
UNKNOWABLE = [name for name, fault in FAULTS.items() if not fault.says_no and fault.lasting is not RateLimited]


@dataclass(frozen=True)
class Row:
    """A call of the client and the route of it that a fault strikes.

    Attributes:
        call: The call.
        method: Of the route.
        path: Of the route.
        begins: The route begins something that must not begin twice.
        ends_as: The one error that the call ends in, whatever the fault.
        bears: Faults that the call gets round however long they last.
        without: Faults that mean nothing on this route.
    """

    call: Callable[[HerokuClient], object]
    method: str
    path: str
    begins: bool = False
    ends_as: type[HerokuError] | None = None
    bears: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def lasting(self, name: str) -> type[HerokuError] | None:
        """The error in which the call ends where this fault lasts; None for success."""
        if name in self.bears:
            return None
        if self.begins and name in UNKNOWABLE:
            return OutcomeUnknown
        return self.ends_as or FAULTS[name].lasting


def restored(client: HerokuClient) -> Transfer:
    """Begin a restore of production's archive to staging."""
    return client.restore(STAGING, world.ARCHIVE, source=PRODUCTION, allowed_apps={"staging"})


def downloaded(client: HerokuClient) -> bytes:
    """Read a backup of production."""
    with client.open_backup("production", read(done(backup(100)))) as stream:
        return stream.read()


def waited(client: HerokuClient) -> Transfer:
    """Follow a restore to its end."""
    return client.wait("staging", read(restore()), deadline=timedelta(seconds=0.5))


ONE = f"{TRANSFERS.format('staging')}/{restore()['uuid']}"
DATABASE = f"/client/v11/databases/{STAGING.addon_id}"
# An attachment that Heroku does not find by name is looked for among all attachments.
BY_NAME = ("404", "404 in HTML as JSON")
# Of an object they are what test_download.py shows: lengths and ranges, not JSON.
OF_JSON = ("cut off", "truncated", "HTML", "without end")

ROWS = {
    "account": Row(lambda c: c.account(), "GET", "/account"),
    "apps": Row(lambda c: c.apps(), "GET", "/apps"),
    "app": Row(lambda c: c.app("staging"), "GET", "/apps/staging"),
    "collaborators": Row(lambda c: c.collaborators("staging"), "GET", "/apps/staging/collaborators"),
    "config_vars": Row(lambda c: c.config_vars("staging"), "GET", "/apps/staging/config-vars"),
    "releases": Row(lambda c: c.releases("staging", 1), "GET", "/apps/staging/releases"),
    "slug": Row(lambda c: c.slug("staging", "s"), "GET", "/apps/staging/slugs/s"),
    "formation": Row(lambda c: c.formation("staging"), "GET", "/apps/staging/formation"),
    "database: resolver": Row(lambda c: c.database("staging"), "POST", RESOLVE, bears=BY_NAME),
    "database: attachments": Row(lambda c: c.database("staging"), "GET", "/apps/staging/addon-attachments"),
    "database: config vars": Row(lambda c: c.database("staging"), "GET", "/apps/staging/config-vars"),
    "database_info": Row(lambda c: c.database_info(STAGING.addon_id), "GET", DATABASE),
    "transfers": Row(lambda c: c.transfers("production"), "GET", TRANSFERS.format("production")),
    "transfer": Row(lambda c: c.transfer("staging", restore()["uuid"]), "GET", ONE),
    "public_url": Row(lambda c: c.public_url("production", 100), "POST", SIGN),
    "open_backup: address": Row(downloaded, "POST", SIGN),
    "open_backup: object": Row(downloaded, "GET", OBJECT, ends_as=DownloadFailed, without=OF_JSON),
    "capture: list": Row(lambda c: c.capture(PRODUCTION), "GET", TRANSFERS.format("production")),
    "capture": Row(lambda c: c.capture(PRODUCTION), "POST", BACKUPS, begins=True),
    "restore: source's backups": Row(restored, "GET", TRANSFERS.format("production")),
    "restore: resolver": Row(restored, "POST", RESOLVE),
    "restore: config vars": Row(restored, "GET", "/apps/staging/config-vars"),
    "restore: target's transfers": Row(restored, "GET", TRANSFERS.format("staging")),
    "restore": Row(restored, "POST", RESTORES, begins=True),
    "wait": Row(waited, "GET", ONE, ends_as=TransferUnfinished),
    "cancel": Row(lambda c: c.cancel("staging", read(restore())), "POST", CANCEL),
    "cancel: transfer": Row(lambda c: c.cancel("staging", read(restore())), "GET", ONE),
    "set_maintenance": Row(lambda c: c.set_maintenance("staging", True), "PATCH", "/apps/staging"),
    "scale": Row(lambda c: c.scale("staging", {"web": 0}), "PATCH", "/apps/staging/formation"),
    "reset_connections: owner": Row(
        lambda c: c.reset_connections(STAGING.addon_id), "GET", f"/addons/{STAGING.addon_id}"
    ),
    "reset_connections": Row(lambda c: c.reset_connections(STAGING.addon_id), "POST", f"{DATABASE}/connection_reset"),
    "run": Row(lambda c: c.run("staging", "true"), "POST", DYNOS, begins=True),
}
MATRIX = [(row, fault) for row in ROWS for fault in FAULTS if fault not in ROWS[row].without]
BEGINNINGS = [row for row in ROWS if ROWS[row].begins]


@dataclass(frozen=True)
class Account:
    """Heroku as one test finds it: all goes well until the test says otherwise."""

    server: ScriptedServer
    world: World
    clients: Callable[[float, float], HerokuClient]

    def ending(self, call: Callable[[HerokuClient], object], fault: str, retry_for: float) -> object:
        """What a call of an impatient client ends in: its result or its error."""
        timeout = TIMEOUT if fault in ("too late", "without end") else TIMEOUT * 20
        client = self.clients(retry_for, timeout)
        outcome: list[object] = []

        def run() -> None:
            try:
                outcome.append(call(client))
            except BaseException as error:
                outcome.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(HANGS)
        assert outcome, "the call does not end"
        return outcome[0]


@pytest.fixture(scope="module")
def _servers(certificates: Certificates) -> Iterator[tuple[ScriptedServer, str]]:
    with ScriptedServer(certificates) as server, followed(certificates, world.end_of_dyno()) as rendezvous:
        yield server, rendezvous


@pytest.fixture(scope="module")
def _clients(_servers: tuple[ScriptedServer, str]) -> Iterator[Callable[[float, float], HerokuClient]]:
    """Clients by their deadlines, kept because to make one takes longer than most tests here."""
    url = _servers[0].url
    with ExitStack() as stack:

        @cache
        def client(retry_for: float, timeout: float) -> HerokuClient:
            apps = frozenset({"staging"})
            return stack.enter_context(
                HerokuClient(
                    url, url, TOKEN, writable_apps=apps, poll_interval=PACE, retry_for=retry_for, timeout=timeout
                )
            )

        yield client


@pytest.fixture
def heroku(_servers: tuple[ScriptedServer, str], _clients: Callable[[float, float], HerokuClient]) -> Account:
    """An account at Heroku on which all goes well so far."""
    server, rendezvous = _servers
    server.forget()
    return Account(server, World(server, rendezvous), _clients)


def clear(error: object, kind: type[HerokuError], log: str = "") -> HerokuError:
    """Show that it is an error of the kind, with happening, state and next step and without a secret; give it back."""
    assert isinstance(error, kind), error
    assert error.happened
    assert error.state
    assert error.next_step
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error)) + log
    assert not [secret for secret in SECRETS if secret in shown]
    return error


@pytest.mark.parametrize(("row", "fault"), MATRIX)
def test_a_lasting_fault_ends_in_one_clear_error(
    heroku: Account, caplog: pytest.LogCaptureFixture, row: str, fault: str
) -> None:
    """However long it lasts, the call ends, in the error that belongs to it, and nothing was begun behind our back."""
    caplog.set_level(logging.DEBUG)
    struck = ROWS[row]
    heroku.server.on(struck.method, struck.path, FAULTS[fault].reply)
    outcome = heroku.ending(struck.call, fault, retry_for=0.02)
    expected = struck.lasting(fault)
    if expected is None:
        assert not isinstance(outcome, BaseException)
        return
    clear(outcome, expected, caplog.text)
    assert heroku.world.accepted == []
    if struck.begins and fault in UNKNOWABLE:
        assert heroku.server.count(struck.method, struck.path) == 1


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (row, fault)
        for row, fault in MATRIX
        if FAULTS[fault].passes and not FAULTS[fault].says_no and not (ROWS[row].begins and fault in UNKNOWABLE)
    ],
)
def test_a_passing_fault_is_survived(heroku: Account, row: str, fault: str) -> None:
    """A fault that strikes once is got over, wherever the request may be sent again, and at most one thing begins."""
    struck = ROWS[row]
    good = heroku.server.answers(struck.method, struck.path)
    heroku.server.on(struck.method, struck.path, FAULTS[fault].reply, *good)
    outcome = heroku.ending(struck.call, fault, retry_for=20)
    assert not isinstance(outcome, BaseException), outcome
    assert len(heroku.world.accepted) <= 1


@pytest.mark.parametrize("fault", UNKNOWABLE)
@pytest.mark.parametrize("row", BEGINNINGS)
def test_what_began_behind_a_lost_answer_is_found(
    heroku: Account, caplog: pytest.LogCaptureFixture, row: str, fault: str
) -> None:
    """Where only the answer is lost, backup and restore are looked up and a dyno is named; none begins twice."""
    caplog.set_level(logging.DEBUG)
    struck = ROWS[row]
    (work,) = heroku.server.answers(struck.method, struck.path)
    assert callable(work)
    heroku.server.on(struck.method, struck.path, world.working_first(work, FAULTS[fault].reply))
    outcome = heroku.ending(struck.call, fault, retry_for=0.02)
    assert len(heroku.world.accepted) == 1
    assert heroku.server.count(struck.method, struck.path) == 1
    if row == "run":
        error = clear(outcome, OutcomeUnknown, caplog.text)
        assert "run.1234 of staging is running the command" in error.state
    else:
        assert isinstance(outcome, Transfer), outcome
        assert outcome.name == {"capture": "b101", "restore": "r102"}[row]


@pytest.mark.parametrize(("app", "transfer"), [("production", backup()), ("staging", restore())])
class TestTransfers:
    """What can go wrong with a transfer itself, for a backup and for a restore."""

    @staticmethod
    def waited(heroku: Account, app: str, transfer: Json, *looks: Reply | Answerer, fault: str = "") -> object:
        """What waiting ends in where looking at the transfer gives these answers."""
        heroku.server.on("GET", f"{TRANSFERS.format(app)}/{transfer['uuid']}", *looks)
        deadline = timedelta(seconds=0.2)
        return heroku.ending(lambda c: c.wait(app, read(transfer), deadline=deadline), fault, retry_for=0.02)

    def test_figures_that_come_late(self, heroku: Account, app: str, transfer: Json) -> None:
        """`processed_bytes` of 0 on the first finished look is looked at again."""
        looks = (world.ended(transfer, processed_bytes=0), world.ended(transfer))
        outcome = self.waited(heroku, app, transfer, *looks)
        assert isinstance(outcome, Transfer), outcome
        assert outcome.processed_bytes == 1000

    @pytest.mark.parametrize("fault", FAULTS)
    def test_figures_that_cannot_be_had(self, heroku: Account, app: str, transfer: Json, fault: str) -> None:
        """A transfer that has succeeded stays a success, whatever goes wrong with a later look."""
        looks = (world.ended(transfer, processed_bytes=0), FAULTS[fault].reply)
        outcome = self.waited(heroku, app, transfer, *looks, fault=fault)
        assert isinstance(outcome, Transfer), outcome
        assert outcome.good

    def test_no_end(self, heroku: Account, app: str, transfer: Json) -> None:
        """A transfer that never ends is left at the deadline, and the error says that it may go on."""
        error = clear(self.waited(heroku, app, transfer, Reply(body=transfer)), TransferUnfinished)
        assert "may still be running" in error.state

    def test_a_bad_end(self, heroku: Account, app: str, transfer: Json) -> None:
        """A transfer that fails is told with the end of its log, and with what it leaves behind."""
        logs = [{"created_at": None, "level": "info", "message": f"pg_restore: error: at {world.ARCHIVE}"}]
        outcome = self.waited(heroku, app, transfer, world.ended(transfer, succeeded=False, logs=logs))
        error = clear(outcome, TransferFailed)
        assert "pg_restore: error: at https://…" in error.happened
        assert ("wiped first" in error.state) == (app == "staging")
