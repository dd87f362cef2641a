"""Backups and restores of the Data API: begin, list, follow to the end, cancel.

Whether something may be begun at all is judged by `guards`; reading a backup's bytes is `download`'s business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bc_pipelines.heroku.answers import Answer
from bc_pipelines.heroku.errors import (
    HerokuError,
    NotFound,
    OutcomeUnknown,
    TransferFailed,
    TransferUnfinished,
    UnexpectedAnswer,
)
from bc_pipelines.heroku.models import Database, SignedUrl, Transfer, TransferKind
from bc_pipelines.heroku.redact import safe_log
from bc_pipelines.heroku.transport import LostReply, Transport, path

# As often as this is looked again: for a transfer whose POST was not answered, for one that is briefly not found,
# and for figures that Heroku fills in only after it has set `finished_at`.
LOOKS_FOR_LOST = 10
LOOKS_FOR_MISSING = 5
LOOKS_FOR_FIGURES = 3
# So far may Heroku's clock be ahead of ours before an age that is told by both is worth nothing.
CLOCKS_DIFFER = timedelta(minutes=5)

OnProgress = Callable[[Transfer], None]


class Transfers:
    """The transfers of any app that the token sees.

    Args:
        transport: Where to ask; its pace is the time between two looks at a transfer.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._poll_interval = transport.patience.pace

    def of_app(self, app: str, *, retry_for: float | None = None) -> tuple[Transfer, ...]:
        """All transfers of an app, newest first."""
        address = path("client", "v11", "apps", app, "transfers")
        listed = self._transport.get_list("data", address, Transfer.from_json, retry_for=retry_for)
        # A page can repeat what moved on while the list was read.
        found = {transfer.uuid: transfer for transfer in listed}.values()
        if len({transfer.num for transfer in found}) < len(found):
            raise Answer(f"GET {address}", None).unexpected("two transfers of one number")
        return tuple(sorted(found, key=lambda transfer: (transfer.created_at, transfer.num), reverse=True))

    def one(
        self, app: str, transfer_id: str | int, *, verbose: bool = False, retry_for: float | None = None
    ) -> Transfer:
        """One transfer by number or uuid; its log too if `verbose`."""
        address = _address(app, transfer_id) + ("?verbose=true" if verbose else "")
        answer = self._transport.send("GET", "data", address, retry_for=retry_for)
        transfer = answer.read(Transfer.from_json)
        if str(transfer_id) not in (transfer.uuid, str(transfer.num)):
            raise answer.unexpected("another transfer than the one asked for")
        return transfer

    def capture(self, database: Database) -> Transfer:
        """Begin a backup and return it as Heroku accepted it."""
        return self._begin(
            database.owner_app,
            path("client", "v11", "databases", database.addon_id, "backups"),
            None,
            "backup",
            lambda transfer: not transfer.schedule and transfer.from_name in database.transfer_names,
        )

    def restore(self, target: Database, backup_url: str) -> Transfer:
        """Begin to wipe the target and to restore an archive into it. The guards must have been asked before."""
        return self._begin(
            target.owner_app,
            path("client", "v11", "databases", target.addon_id, "restores"),
            {"backup_url": backup_url},
            "restore",
            lambda transfer: transfer.from_url in (None, backup_url),
        )

    def recent_backup(self, database: Database, newer_than: timedelta) -> Transfer | None:
        """The newest good backup of a database that was begun at most `newer_than` ago.

        One that was begun in the future tells that the clocks differ, so that its age is not known.
        """
        now = datetime.now(UTC)
        backups = self._good_backups(database)
        return backups[0] if backups and now - newer_than <= backups[0].created_at <= now + CLOCKS_DIFFER else None

    def evicted_by_capture(self, database: Database) -> tuple[Transfer, ...]:
        """The manual backups that Heroku would drop for another one: it keeps `num_keep` of them per database."""
        manual = [backup for backup in self._good_backups(database) if not backup.schedule]
        keep = next((backup.num_keep for backup in manual if backup.num_keep), None)
        return tuple(manual[max(keep - 1, 0) :]) if keep else ()

    def _good_backups(self, database: Database) -> list[Transfer]:
        """The completed backups of a database, newest first."""
        return [
            transfer
            for transfer in self.of_app(database.owner_app)
            if transfer.kind == "backup" and transfer.good and transfer.from_name in database.transfer_names
        ]

    def public_url(self, app: str, num: int) -> SignedUrl:
        """A fresh signed address of a backup, good for an hour."""
        address = path("client", "v11", "apps", app, "transfers", num, "actions", "public-url")
        return self._transport.send("POST", "data", address).read(SignedUrl.from_json)

    def cancel(self, app: str, transfer: Transfer) -> Transfer:
        """Ask Heroku to stop a transfer, and return it as it is then; it can still end with success."""
        self._transport.send("POST", "data", _address(app, transfer.uuid) + "/actions/cancel")
        return self.one(app, transfer.uuid)

    def wait(self, app: str, transfer: Transfer, on_progress: OnProgress | None, deadline: timedelta) -> Transfer:
        """Follow a transfer to its end.

        Success is `finished_at` together with `succeeded`; a loop that ends proves nothing.

        Raises:
            TransferFailed: It ended without success.
            TransferUnfinished: It had not ended by the deadline, or could not be followed any longer.
        """
        until = time.monotonic() + deadline.total_seconds()
        transfer = self._look(app, transfer, until)
        while not transfer.finished:
            if on_progress:
                on_progress(transfer)
            if time.monotonic() >= until:
                raise _unfinished(app, transfer, f"had not ended after {deadline}.")
            time.sleep(self._poll_interval)
            transfer = self._look(app, transfer, until)
        transfer = self._with_figures(app, transfer, until)
        if on_progress:
            on_progress(transfer)
        if not transfer.good:
            raise self._failed(app, transfer)
        return transfer

    def _with_figures(self, app: str, transfer: Transfer, until: float) -> Transfer:
        """Look at an ended transfer again for its figures; that they cannot be had makes no failure of a success."""
        for _ in range(LOOKS_FOR_FIGURES):
            if _settled(transfer):
                break
            time.sleep(self._poll_interval)
            try:
                transfer = self._look(app, transfer, until)
            except TransferUnfinished:
                break
        return transfer

    def _look(self, app: str, transfer: Transfer, until: float) -> Transfer:
        """Read a transfer once; that it is not found is believed only when it stays so."""
        for _ in range(LOOKS_FOR_MISSING):
            try:
                return self.one(app, transfer.uuid, retry_for=max(0.01, until - time.monotonic()))
            except NotFound:
                time.sleep(self._poll_interval)
            except HerokuError as error:
                raise _unfinished(app, transfer, f"could not be followed to its end. {error.happened}") from error
        raise _unfinished(app, transfer, "is no longer listed by Heroku.")

    def _begin(
        self,
        app: str,
        address: str,
        body: Mapping[str, Any] | None,
        kind: TransferKind,
        fits: Callable[[Transfer], bool],
    ) -> Transfer:
        """POST once. Where the answer is lost, look for a new transfer that fits, and never POST again.

        What is new is told by the list from before, not by a time, because Heroku's clock is not ours.
        """
        known = {transfer.uuid for transfer in self.of_app(app)}
        try:
            answer = self._transport.send("POST", "data", address, body=body, repeatable=False)
            accepted = answer.read(Transfer.from_json)
            if accepted.uuid in known or accepted.kind != kind:
                raise answer.unexpected("another transfer than the one asked for")
            return accepted
        except (LostReply, UnexpectedAnswer) as error:
            lost = error
        begun = self._look_up(
            app, lambda transfer: transfer.uuid not in known and transfer.kind == kind and fits(transfer)
        )
        if begun:
            return begun
        raise OutcomeUnknown(
            f"{lost.happened} No new transfer of this kind is listed for {app}.",
            state="Heroku has probably not begun it, but may yet do so.",
            next_step=f"Look at `heroku pg:backups -a {app}` before you start again.",
            request_id=lost.request_id,
        )

    def _look_up(self, app: str, fits: Callable[[Transfer], bool]) -> Transfer | None:
        """Look for a transfer a few times, in all for no longer than one call may take."""
        until = time.monotonic() + self._transport.patience.retry_for
        for _ in range(LOOKS_FOR_LOST):
            time.sleep(self._poll_interval)
            try:
                found = self.of_app(app, retry_for=max(0.01, until - time.monotonic()))
            except HerokuError:
                found = ()
            fitting = [transfer for transfer in found if fits(transfer)]
            if fitting:
                return fitting[0]
            if time.monotonic() >= until:
                break
        return None

    def _failed(self, app: str, transfer: Transfer) -> TransferFailed:
        try:
            log = safe_log(self.one(app, transfer.uuid, verbose=True).logs, 5)
        except HerokuError:
            log = ("(its log could not be read)",)
        return TransferFailed(
            f"{app}: {transfer.name} {transfer.state}. The last lines of its log: {' | '.join(log) or 'none'}.",
            state=_consequence(app, transfer),
            next_step=f"Read `heroku pg:backups:info {transfer.name} -a {app}`; leave maintenance on where it is on.",
            transfer=transfer,
        )


def _address(app: str, transfer_id: str | int) -> str:
    return path("client", "v11", "apps", app, "transfers", transfer_id)


def _settled(transfer: Transfer) -> bool:
    """Whether Heroku has filled in what it sometimes leaves open in the first answer with `finished_at`."""
    return transfer.succeeded is False or (transfer.succeeded is True and transfer.processed_bytes > 0)


def _unfinished(app: str, transfer: Transfer, why: str) -> TransferUnfinished:
    return TransferUnfinished(
        f"{app}: {transfer.name}, last seen {transfer.state}, {why}",
        state="It may still be running at Heroku. " + _consequence(app, transfer),
        next_step=f"Read `heroku pg:backups:info {transfer.name} -a {app}`; wait for it or cancel it before going on.",
        transfer=transfer,
    )


def _consequence(app: str, transfer: Transfer) -> str:
    """What an end without success leaves behind: Heroku wipes the target before it restores, and rolls nothing back."""
    if transfer.kind == "backup":
        return "The database itself was not changed."
    return f"The database of {app} was wiped first and is empty or incomplete."
