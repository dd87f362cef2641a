"""An account at Heroku on the scripted server: production and staging, where every route of the client answers well.

It counts what it accepts, so that a test can say how often something was really begun. Faults are put over single
routes by the test; each POST that begins something can be told to do its work before the fault strikes.
"""

from __future__ import annotations

import re

from bc_pipelines.heroku.models import Database
from bc_pipelines.heroku.rendezvous import MARK
from bc_pipelines_tests.heroku.scripted import Answerer, Reply, ScriptedServer, Seen
from bc_pipelines_tests.heroku.shapes import PRODUCTION, STAGING, Json, attachment, backup, done, restore

TRANSFERS = "/client/v11/apps/{}/transfers"
BACKUPS = f"/client/v11/databases/{PRODUCTION.addon_id}/backups"
RESTORES = f"/client/v11/databases/{STAGING.addon_id}/restores"
CANCEL = f"/client/v11/apps/staging/transfers/{restore()['uuid']}/actions/cancel"
SIGN = "/client/v11/apps/production/transfers/100/actions/public-url"
OBJECT = "/bucket/object-100"
DYNOS = "/apps/staging/dynos"
RESOLVE = "/actions/addon-attachments/resolve"
CONTENT = b"PGDMP" + bytes(3000)
PASSWORD = "PASSWORD-of-the-database"
SIGNATURE = "SIGNATURE-of-an-address"
SESSION = "SESSION-of-a-dyno"
ARCHIVE = f"https://store.example/archive?X-Amz-Signature={SIGNATURE}"


class World:
    """Production with one good backup, staging with none.

    Args:
        server: The server on which it answers.
        rendezvous: `host:port` of where dynos are followed.

    Attributes:
        accepted: What was begun, in order: `backup`, `restore`, `dyno`.
    """

    def __init__(self, server: ScriptedServer, rendezvous: str) -> None:
        self.accepted: list[str] = []
        self._server = server
        self._rendezvous = rendezvous
        self._listed: dict[str, list[Json]] = {"production": [done(backup(100))], "staging": []}
        self._dynos: list[Json] = []
        for app, database in (("production", PRODUCTION), ("staging", STAGING)):
            self._serve_app(app, f"postgres://user:{PASSWORD}@{database.address}")
        self._serve_transfers()
        self._serve_changes()

    def _serve_app(self, app: str, url: str) -> None:
        on, database = self._server.on, PRODUCTION if app == "production" else STAGING
        colour = "NAVY" if app == "production" else "JADE"
        attachments = [attachment(database), attachment(database, f"HEROKU_POSTGRESQL_{colour}")]
        on("GET", f"/apps/{app}", Reply(body=_app(app)))
        on("GET", f"/apps/{app}/config-vars", Reply(body={"DATABASE_URL": url}))
        on("GET", f"/apps/{app}/addon-attachments", Reply(body=attachments))
        on("GET", f"/apps/{app}/formation", Reply(body=[{"type": "web", "quantity": 1}]))
        on("GET", f"/apps/{app}/collaborators", Reply(body=[{"user": {"id": "robot"}, "role": "owner"}]))
        release = {"id": "r", "version": 7, "status": "succeeded", "created_at": "2026-11-02T02:00:00Z"}
        on("GET", f"/apps/{app}/releases", Reply(body=[release]))
        on("GET", f"/apps/{app}/slugs/s", Reply(body={"id": "s", "commit": "0" * 40}))
        on("GET", TRANSFERS.format(app), lambda _: Reply(body=self._listed[app]))
        on("GET", "/account", Reply(body={"id": "robot", "email": "robot@council.example"}))
        on("GET", "/apps", Reply(body=[_app("production"), _app("staging")]))

    def _serve_transfers(self) -> None:
        on = self._server.on
        on("POST", RESOLVE, lambda seen: Reply(body=[attachment(_database(seen))]))
        on("POST", BACKUPS, self.begin_backup)
        on("POST", RESTORES, self.begin_restore)
        on("POST", CANCEL, Reply(body={"canceled_at": "2026-11-02 02:00:05 +0000"}))
        on("GET", f"{TRANSFERS.format('production')}/{backup()['uuid']}", Reply(body=done(backup())))
        on("GET", f"{TRANSFERS.format('staging')}/{restore()['uuid']}", Reply(body=done(restore())))
        url = f"{self._server.url}{OBJECT}?X-Amz-Signature={SIGNATURE}"
        on("POST", SIGN, Reply(body={"url": url, "expires_at": "2026-11-02 03:00:00 +0000"}))
        on("GET", OBJECT, _part)

    def _serve_changes(self) -> None:
        on, database = self._server.on, f"/client/v11/databases/{STAGING.addon_id}"
        on("GET", "/account/rate-limits", Reply(body={"remaining": 0}))
        on("PATCH", "/apps/staging", Reply(body=_app("staging")))
        on("PATCH", "/apps/staging/formation", Reply(body=[{"type": "web", "quantity": 0}]))
        on("GET", f"/addons/{STAGING.addon_id}", Reply(body={"app": {"name": "staging"}}))
        on("POST", f"{database}/connection_reset", Reply(body={"message": "Connections reset."}))
        info = {"addon_id": STAGING.addon_id, "name": "n", "plan": "standard-0", "num_bytes": 1}
        on("GET", database, Reply(body={**info, "waiting?": False, "info": []}))
        on("POST", DYNOS, self.begin_dyno)
        on("GET", DYNOS, lambda _: Reply(body=self._dynos))

    def begin_backup(self, _seen: Seen) -> Reply:
        """Accept a capture of production."""
        return self._begin("production", backup())

    def begin_restore(self, seen: Seen) -> Reply:
        """Accept a restore to staging."""
        return self._begin("staging", restore(from_url=seen.body["backup_url"]))

    def begin_dyno(self, seen: Seen) -> Reply:
        """Accept a one-off dyno."""
        self.accepted.append("dyno")
        url = f"rendezvous://{self._rendezvous}/{SESSION}"
        dyno = {"id": "d", "name": "run.1234", "state": "up", "command": seen.body["command"], "attach_url": url}
        self._dynos.append(dyno)
        return Reply(201, dyno)

    def _begin(self, app: str, transfer: Json) -> Reply:
        self.accepted.append("backup" if app == "production" else "restore")
        self._listed[app].insert(0, transfer)
        return Reply(201, transfer)


def working_first(work: Answerer, fault: Reply | Answerer) -> Answerer:
    """Do the work, then answer with the fault: the loss of an answer, not of a request."""

    def answer(seen: Seen) -> Reply:
        work(seen)
        return fault if isinstance(fault, Reply) else fault(seen)

    return answer


def ended(transfer: Json, **changes: object) -> Reply:
    """The answer to a look at a transfer that has ended."""
    return Reply(body=done(transfer, **changes))


def end_of_dyno() -> str:
    """What a dyno writes whose command succeeds."""
    return f"done\r\n{MARK}0\r\n"


def _app(name: str) -> Json:
    return {"id": f"id-of-{name}", "name": name, "maintenance": False}


def _database(seen: Seen) -> Database:
    return PRODUCTION if seen.body["app"] == "production" else STAGING


def _part(seen: Seen) -> Reply:
    """Answer a Range as S3 does."""
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", seen.headers["range"])
    assert found
    start, last = int(found[1]), int(found[2] or len(CONTENT) - 1)
    body = CONTENT[start : last + 1]
    headers = {"Content-Range": f"bytes {start}-{start + len(body) - 1}/{len(CONTENT)}", "ETag": '"one"'}
    return Reply(206, body, headers)
