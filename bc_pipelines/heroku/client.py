"""The one door to Heroku: every call that the product makes, typed, retried where that is safe, and guarded.

Here stand the calls that are one request, and the order of guards and requests for those that are more. How transfers
are followed, backups read and dynos listened to stands in the modules named after that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from datetime import timedelta
from types import TracebackType
from typing import BinaryIO, Self

from bc_pipelines.heroku import download, dynos, guards, resolution
from bc_pipelines.heroku.accounts import Account, Collaborator
from bc_pipelines.heroku.errors import NotFound
from bc_pipelines.heroku.models import (
    App,
    Beginning,
    Database,
    DatabaseInfo,
    DynoResult,
    Process,
    Release,
    SignedUrl,
    Slug,
    Transfer,
    text,
    variables,
)
from bc_pipelines.heroku.transfers import OnProgress, Transfers
from bc_pipelines.heroku.transport import V3_SDK, Patience, Transport, path


class HerokuClient:
    """A client of Heroku's Platform and Data APIs; a context manager that closes its connections.

    Every method raises a `HerokuError`; those that change an app raise `RefusedByGuard` before any request where the
    app is not in `writable_apps`. The one exception is `capture`, which may be done to any app.

    Args:
        platform_url: Base URL of the Platform API, https.
        data_url: Base URL of the Data API, https.
        token: An authorisation token (`heroku authorizations:create`).
        writable_apps: Names of the apps that may be changed.
        poll_interval: Seconds between two looks at a transfer. All pauses before retries are scaled from it.
        retry_for: Seconds after which one call that keeps failing gives up.
        timeout: Seconds of silence after which a connection counts as lost.

    Certificates are trusted as the standard variables SSL_CERT_FILE and SSL_CERT_DIR say, else certifi's.
    """

    def __init__(
        self,
        platform_url: str,
        data_url: str,
        token: str,
        *,
        writable_apps: frozenset[str] = frozenset(),
        poll_interval: float = 3.0,
        retry_for: float = 180.0,
        timeout: float = 60.0,
    ) -> None:
        self._patience = Patience(poll_interval, retry_for, timeout)
        self._transport = Transport(platform_url, data_url, token, self._patience)
        self._transfers = Transfers(self._transport)
        self._writable_apps = writable_apps

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    @property
    def writable_apps(self) -> frozenset[str]:
        """Names of the apps that this client may change."""
        return self._writable_apps

    # What there is

    def account(self) -> Account:
        """The account that the token belongs to, and the token's scope."""
        answer = self._transport.get("platform", "/account")
        return answer.read(lambda body: Account.from_json(body, answer.oauth_scope))

    def apps(self) -> tuple[App, ...]:
        """All apps that the account sees."""
        return self._transport.get_list("platform", "/apps", App.from_json)

    def collaborators(self, app: str) -> tuple[Collaborator, ...]:
        """Who has access to an app, and which; of a team's app its admins need not be listed."""
        return self._transport.get_list("platform", path("apps", app, "collaborators"), Collaborator.from_json)

    def app(self, name: str) -> App:
        """One app."""
        return self._transport.get("platform", path("apps", name)).read(App.from_json)

    def config_vars(self, app: str) -> dict[str, str]:
        """All config vars of an app. They hold passwords: take out what is needed and keep the rest nowhere."""
        answer = self._transport.get("platform", path("apps", app, "config-vars"))
        return answer.read(variables)

    def releases(self, app: str, count: int) -> tuple[Release, ...]:
        """The newest `count` releases of an app, newest first."""
        headers = {"Accept": V3_SDK, "Range": f"version ..; max={count}, order=desc"}
        answer = self._transport.get("platform", path("apps", app, "releases"), headers)
        return answer.read(lambda body: tuple(Release.from_json(one) for one in body))

    def slug(self, app: str, slug_id: str) -> Slug:
        """The code of a release, by the release's `slug_id`."""
        return self._transport.get("platform", path("apps", app, "slugs", slug_id)).read(Slug.from_json)

    def formation(self, app: str) -> tuple[Process, ...]:
        """The process types of an app, and how many dynos each has."""
        return self._transport.get_list("platform", path("apps", app, "formation"), Process.from_json)

    def database(self, app: str, attachment: str = "DATABASE_URL") -> Database:
        """Which database an app's attachment or config var leads to. Raises `NotFound` if none or several do."""
        return resolution.resolve(self._transport, app, attachment)

    def database_info(self, addon_id: str) -> DatabaseInfo:
        """Size, version and condition of a database."""
        answer = self._transport.get("data", path("client", "v11", "databases", addon_id))
        return answer.read(DatabaseInfo.from_json)

    # Backups

    def transfers(self, app: str) -> tuple[Transfer, ...]:
        """All backups, restores and copies of an app, newest first. `app` is the one that owns the database."""
        return self._transfers.of_app(app)

    def transfer(self, app: str, transfer_id: str | int, *, verbose: bool = False) -> Transfer:
        """One transfer by its number or uuid, with its log if `verbose`."""
        return self._transfers.one(app, transfer_id, verbose=verbose)

    def capture(self, database: Database) -> Transfer:
        """Begin a backup of a database, of any app; follow it with `wait`.

        Raises:
            OutcomeUnknown: Heroku's answer was lost and no new backup is listed. It was asked for once only.
        """
        return self._transfers.capture(database)

    def recent_backup(self, database: Database, newer_than: timedelta) -> Transfer | None:
        """The newest completed backup of a database that was begun at most `newer_than` ago, or None."""
        return self._transfers.recent_backup(database, newer_than)

    def evicted_by_capture(self, database: Database) -> tuple[Transfer, ...]:
        """The manual backups of a database that Heroku would drop if another one were captured now."""
        return self._transfers.evicted_by_capture(database)

    def public_url(self, app: str, num: int) -> SignedUrl:
        """A signed address of the backup with this number; whoever has it can download the backup for an hour."""
        return self._transfers.public_url(app, num)

    def beginning(self, app: str, backup: Transfer, count: int) -> Beginning:
        """The first `count` bytes of a completed backup, or all of a shorter one. Raises `DownloadFailed`."""
        guards.require_good_backup(backup)
        return download.beginning(
            f"{backup.name} of {app}",
            lambda: self.public_url(app, backup.num),
            count,
            self._patience,
        )

    def open_backup(self, app: str, backup: Transfer) -> BinaryIO:
        """Open a completed backup for reading; a context manager.

        Lost connections are resumed at the same byte and expired addresses renewed. That `read` gives `b""` means that
        every byte announced was read.

        Raises:
            DownloadFailed: Now or while reading: it is no backup, is incomplete, or changed meanwhile.
        """
        guards.require_good_backup(backup)
        return download.open_stream(
            f"{backup.name} of {app}",
            lambda: self.public_url(app, backup.num),
            self._patience,
        )

    # What wipes

    def restore(
        self, target: Database, backup_url: str, *, source: Database, allowed_apps: Collection[str]
    ) -> Transfer:
        """Begin to wipe a database and restore an archive into it; follow it with `wait`.

        Args:
            target: The database that will be wiped.
            backup_url: A signed https address of a sanitised archive, good for as long as Heroku may queue.
            source: The database that the archive was made from: production's.
            allowed_apps: Apps that may be restored to; they must be in `writable_apps` as well.

        Raises:
            RefusedByGuard: Any guard of `guards` says no. Nothing was sent that changes anything.
            OutcomeUnknown: Heroku's answer was lost and no new restore is listed. It was asked for once only.
        """
        guards.require_target(target, source, self._writable_apps & frozenset(allowed_apps))
        guards.require_archive_url(backup_url, self.transfers(source.owner_app))
        guards.require_unmoved(target, self.database(target.app, target.attachment))
        guards.require_idle(target, self.transfers(target.owner_app))
        return self._transfers.restore(target, backup_url)

    def restore_way_back(
        self, target: Database, backup: Transfer, *, recorded_uuid: str, source: Database, allowed_apps: Collection[str]
    ) -> Transfer:
        """Begin to wipe a database and restore its own recorded backup into it; follow it with `wait`.

        Args:
            target: The database that will be wiped.
            backup: The backup, from the list of the target's own app.
            recorded_uuid: Heroku's identity of the backup that was recorded as the way back, before the wipe.
            source: Production's database, which must be another one.
            allowed_apps: Apps that may be restored to; they must be in `writable_apps` as well.

        Raises:
            RefusedByGuard: Any guard of `guards` says no. Nothing was sent that changes anything.
            OutcomeUnknown: Heroku's answer was lost and no new restore is listed. It was asked for once only.
        """
        guards.require_target(target, source, self._writable_apps & frozenset(allowed_apps))
        listed = self.transfers(target.owner_app)
        guards.require_way_back(target, backup, recorded_uuid, listed)
        guards.require_unmoved(target, self.database(target.app, target.attachment))
        guards.require_idle(target, listed)
        # Heroku's own worker reads the address under which it stored the backup; its command line sends the same.
        return self._transfers.restore(target, str(backup.to_url))

    def wait(
        self,
        app: str,
        transfer: Transfer,
        on_progress: OnProgress | None = None,
        deadline: timedelta = timedelta(hours=3),
    ) -> Transfer:
        """Follow a transfer until it has succeeded.

        Args:
            app: The app that owns the database.
            transfer: As `capture` or `restore` gave it.
            on_progress: Called with the transfer at every look, the last one included.
            deadline: How long to wait at most.

        Raises:
            TransferFailed: It ended without success; the last lines of its log are in the message.
            TransferUnfinished: It has not ended, or cannot be followed any longer, and may go on at Heroku.
        """
        return self._transfers.wait(app, transfer, on_progress, deadline)

    def cancel(self, app: str, transfer: Transfer) -> Transfer:
        """Ask Heroku to stop a transfer of a writable app. It can still end with success: `wait` for it."""
        guards.require_writable(app, self._writable_apps, f"cancel {transfer.name} of")
        return self._transfers.cancel(app, transfer)

    def delete_backup(self, app: str, backup: Transfer) -> None:
        """Delete a backup of a writable app at Heroku, for good."""
        guards.require_writable(app, self._writable_apps, f"delete {backup.name} of")
        guards.require_backup(backup)
        # That it is gone already is what a repeated request finds.
        with contextlib.suppress(NotFound):
            self._transport.send("DELETE", "data", path("client", "v11", "apps", app, "transfers", backup.num))

    # What changes an app

    def set_maintenance(self, app: str, on: bool) -> App:
        """Switch maintenance mode of a writable app on or off."""
        guards.require_writable(app, self._writable_apps, "switch maintenance of")
        return self._transport.send("PATCH", "platform", path("apps", app), body={"maintenance": on}).read(
            App.from_json
        )

    def scale(self, app: str, quantities: Mapping[str, int]) -> tuple[Process, ...]:
        """Set how many dynos process types of a writable app have; types left out stay as they are."""
        guards.require_writable(app, self._writable_apps, "scale")
        body = {"updates": [{"type": kind, "quantity": quantity} for kind, quantity in quantities.items()]}
        answer = self._transport.send("PATCH", "platform", path("apps", app, "formation"), body=body)
        return answer.read(lambda processes: tuple(Process.from_json(one) for one in processes))

    def reset_connections(self, addon_id: str) -> None:
        """End every connection to a database that a writable app owns; as `heroku pg:killall`."""
        owner = self._transport.get("platform", path("addons", addon_id)).read(lambda body: text(body["app"]["name"]))
        guards.require_writable(owner, self._writable_apps, "end the connections to the database of")
        self._transport.send("POST", "data", path("client", "v11", "databases", addon_id, "connection_reset"))

    def run(self, app: str, command: str, deadline: timedelta = timedelta(minutes=30)) -> DynoResult:
        """Run a command in a one-off dyno of a writable app and wait for it.

        Args:
            app: The app's name.
            command: A line for the dyno's shell. Heroku shows it to everyone with access: put no secret in it.
            deadline: How long to wait at most; the dyno is not stopped then.

        Returns:
            What it wrote and its exit code; an exit code other than 0 is no error here.

        Raises:
            DynoFailed: The dyno could not be followed to its exit code.
            OutcomeUnknown: Heroku's answer was lost, so that a dyno may be running the command. Asked for once only.
        """
        guards.require_writable(app, self._writable_apps, "run a command on")
        return dynos.run(self._transport, app, command, deadline.total_seconds())
