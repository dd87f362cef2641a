"""The queue of transfers: who waits, who runs, how they end, and which backups are kept.

Fields and their course are Heroku's (recorded 2020-12 to 2025-03): a transfer is accepted pending, starts a moment
later, shows its progress, and finishes with `succeeded` true or false. What a transfer does is in `work.py`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from bc_pipelines.sandbox.heroku import database
from bc_pipelines.sandbox.heroku.apps import App, Apps
from bc_pipelines.sandbox.heroku.backups import Backups
from bc_pipelines.sandbox.heroku.errors import nothing
from bc_pipelines.sandbox.heroku.faults import Faults
from bc_pipelines.sandbox.heroku.pgtools import TransferError
from bc_pipelines.sandbox.heroku.store import Document, Store, now
from bc_pipelines.sandbox.heroku.work import Kind, Task, Worker, kind_of

# Heroku's numbers begin somewhere; the CLI pads them to three digits.
FIRST_NUM = 101
RESTORES_KEPT = 5
# Manual backups kept, by the first word of the plan (recorded: 2 and 25; the others as documented).
BACKUPS_KEPT = {"hobby": 2, "mini": 2, "basic": 2, "essential": 2, "standard": 25, "premium": 50, "private": 50}
WORKERS = 4
CANCELLED = "The transfer was canceled."


@dataclass
class _Job:
    """A transfer that is not finished; connection strings stay here, in memory."""

    task: Task
    running: asyncio.Task[None] | None = None


class Transfers:
    """Transfers of all apps. They are listed under the app that owns the database."""

    def __init__(self, apps: Apps, store: Store, backups: Backups, faults: Faults, worker: Worker) -> None:
        self._apps = apps
        self._store = store
        self._backups = backups
        self._faults = faults
        self._worker = worker
        self._jobs: dict[str, _Job] = {}
        self._finished = asyncio.Event()
        self._stopping = False
        for app in apps:
            for transfer in store.all("transfer", app.id):
                if transfer["finished_at"] is None:
                    self._resume(app, transfer)

    def list(self, app: App) -> list[Document]:
        """All transfers of an app but the deleted ones, newest first (recorded)."""
        alive = [transfer for transfer in self._store.all("transfer", app.id) if transfer["deleted_at"] is None]
        return alive[::-1]

    def find(self, app: App, ident: str) -> Document:
        """A transfer by number or UUID.

        Raises:
            ApiError: 404.
        """
        for transfer in self.list(app):
            if ident in (str(transfer["num"]), transfer["uuid"]):
                return transfer
        raise nothing()

    def capture(self, app: App) -> Document:
        """Accept a backup of an app's database."""
        uuid = str(uuid4())
        kept = app.addon.num_keep or BACKUPS_KEPT.get(app.addon.plan.split("-")[0], 25)
        source = {"from_name": app.database_name, "from_type": "pg_dump", "from_url": _shown(app)}
        target = {"to_name": "BACKUP", "to_type": "gof3r", "to_url": self._backups.raw_url(app.id, uuid)}
        return self._accept(Task(uuid, "backup", app, source=app.database_url), source | target, kept)

    def restore(self, app: App, backup_url: str) -> Document:
        """Accept a restore of an app's database from an address."""
        source = {"from_name": "BACKUP", "from_type": "htcat", "from_url": backup_url}
        task = Task(str(uuid4()), "restore", app, source=backup_url, target=app.database_url)
        return self._accept(task, source | _into(app.database_name, app.database_url), RESTORES_KEPT)

    def copy(self, app: App, source_name: str, source_url: str, target_name: str, target_url: str) -> Document:
        """Accept a copy from one database into another; `app` owns the target."""
        shown = database.without_credentials(source_url)
        source = {"from_name": source_name, "from_type": "pg_dump", "from_url": shown}
        task = Task(str(uuid4()), "copy", app, source=source_url, target=target_url)
        return self._accept(task, source | _into(target_name, target_url), RESTORES_KEPT)

    def cancel(self, app: App, ident: str) -> Document:
        """Cancel an unfinished transfer; one that has ended stays as it is."""
        uuid = self.find(app, ident)["uuid"]
        job = self._jobs.get(uuid)
        if job is None:
            return self.find(app, ident)
        self._store.change("transfer", uuid, canceled_at=now(), updated_at=now())
        if self._faults.on_transfer("ignore_cancel", job.task.kind, app.name) is None:
            if job.running:
                job.running.cancel()
            else:
                self._finish(uuid, CANCELLED)
        return self.find(app, ident)

    def delete(self, app: App, ident: str) -> Document:
        """Delete a transfer with its backup; one that is still running is cancelled first."""
        transfer = self.cancel(app, ident)
        return self._delete(transfer["uuid"])

    async def run(self) -> None:
        """Start pending transfers, the oldest first, for as long as the simulator runs."""
        while True:
            self._start_pending()
            self._finished.clear()
            try:
                await asyncio.wait_for(self._finished.wait(), timeout=0.5)
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """Stop what runs; unfinished transfers stay unfinished, for the next start."""
        self._stopping = True
        running = [job.running for job in self._jobs.values() if job.running]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _resume(self, app: App, transfer: Document) -> None:
        """Put a transfer that an earlier process left back into the queue; one that was cancelled ends."""
        uuid, task = transfer["uuid"], self._task_again(app, transfer)
        if transfer["canceled_at"] or task is None:
            self._finish(uuid, CANCELLED if transfer["canceled_at"] else "The transfer worker was restarted.")
            return
        beginning = {"started_at": None, "source_bytes": None, "processed_bytes": 0}
        self._store.change("transfer", uuid, updated_at=now(), **beginning)
        self._store.log(uuid, "info", "The transfer worker was restarted.")
        self._jobs[uuid] = _Job(task)

    def _task_again(self, app: App, transfer: Document) -> Task | None:
        """What a transfer is to do, from what it shows; None for a copy between databases that are no app's.

        Passwords are not kept with transfers, so a copy finds its ends among the apps.
        """
        uuid, kind = transfer["uuid"], kind_of(transfer)
        if kind == "backup":
            return Task(uuid, kind, app, source=app.database_url)
        if kind == "restore":
            return Task(uuid, kind, app, source=transfer["from_url"], target=app.database_url)
        known = {_shown(each): each.database_url for each in self._apps}
        source, target = known.get(transfer["from_url"]), known.get(transfer["to_url"])
        return Task(uuid, kind, app, source=source, target=target) if source and target else None

    def _accept(self, task: Task, ends: Document, num_keep: int) -> Document:
        numbers = [transfer["num"] for transfer in self._store.all("transfer", task.app.id)]
        body = {
            "uuid": task.uuid,
            "num": max(numbers, default=FIRST_NUM - 1) + 1,
            **ends,
            "options": {},
            "source_bytes": None,
            "processed_bytes": 0,
            "succeeded": None,
            "warnings": 0,
            "created_at": now(),
            **dict.fromkeys(("started_at", "canceled_at", "updated_at", "finished_at", "deleted_at", "purged_at")),
            "num_keep": num_keep,
        }
        self._store.put("transfer", task.uuid, task.app.id, body)
        self._jobs[task.uuid] = _Job(task)
        self._finished.set()
        return body

    def _start_pending(self) -> None:
        running = [job.task for job in self._jobs.values() if job.running]
        for job in self._jobs.values():
            task = job.task
            clash = task.target is not None and task.target in [other.target for other in running]
            if job.running or clash or len(running) >= WORKERS:
                continue
            if self._faults.on_transfer("stay_pending", task.kind, task.app.name) is None:
                job.running = asyncio.create_task(self._do(task))
                running.append(task)

    async def _do(self, task: Task) -> None:
        """Run one transfer to its end, whatever that is, unless the simulator's own end interrupts it."""
        failure: str | None = None
        try:
            await self._worker.work(task)
        except asyncio.CancelledError:
            if self._stopping:
                return
            failure = CANCELLED
        except TransferError as error:
            failure = str(error)
        except Exception as error:
            # A mistake of the simulator's own must end the transfer, too.
            failure = f"Could not run the transfer: {type(error).__name__}"
        self._finish(task.uuid, failure)

    def _finish(self, uuid: str, failure: str | None) -> None:
        job = self._jobs.pop(uuid, None)
        if failure is not None:
            for line in failure.splitlines():
                self._store.log(uuid, "error", line)
            self._backups.delete(uuid)
        moment = now()
        done = self._store.change("transfer", uuid, finished_at=moment, updated_at=moment, succeeded=failure is None)
        self._finished.set()
        if job:
            self._evict(job.task.kind, job.task.app, done)

    def _evict(self, kind: Kind, app: App, done: Document) -> None:
        """Delete the oldest finished transfers of the same kind beyond the number that the plan keeps."""
        same = [
            transfer
            for transfer in self.list(app)
            if (transfer["to_type"], transfer["from_name"]) == (done["to_type"], done["from_name"])
            and (transfer["succeeded"] if kind == "backup" else transfer["finished_at"])
        ]
        for transfer in same[done["num_keep"] :]:
            self._delete(transfer["uuid"])

    def _delete(self, uuid: str) -> Document:
        self._backups.delete(uuid)
        return self._store.change("transfer", uuid, deleted_at=now(), purged_at=now())


def _shown(app: App) -> str:
    return database.without_credentials(app.database_url)


def _into(name: str, url: str) -> dict[str, Any]:
    return {"to_name": name, "to_type": "pg_restore", "to_url": database.without_credentials(url)}
