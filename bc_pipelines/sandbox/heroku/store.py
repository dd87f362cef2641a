"""What survives a restart of the simulator: one SQLite file that only its owner can read.

Documents are JSON objects with a kind, an id and the app that they belong to; what they mean is for their own modules.
Backups themselves are files (`backups.py`).
"""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from bc_pipelines.heroku.models import data_time

Document = dict[str, Any]
Kind = Literal["setting", "release", "slug", "transfer", "schedule"]
Level = Literal["info", "warning", "error"]

_TABLES = """
CREATE TABLE IF NOT EXISTS documents (
    position INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, app TEXT NOT NULL, body TEXT NOT NULL,
    UNIQUE (kind, id)
);
CREATE TABLE IF NOT EXISTS logs (
    transfer TEXT NOT NULL, created_at TEXT NOT NULL, level TEXT NOT NULL, message TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS logs_of_transfer ON logs (transfer);
"""


def now() -> str:
    """The present moment as the Data API writes it."""
    return data_time(datetime.now(UTC))


class Store:
    """Documents and transfer logs in one SQLite file, which is created readable by its owner only."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._database = sqlite3.connect(path, isolation_level=None)
        # Every commit is in the file at once, and survives the death of this process, without waiting for the disk.
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def put(self, kind: Kind, ident: str, app: str, body: Document) -> None:
        """Write a document, in place of the one with the same kind and id if there is one."""
        self._database.execute(
            "INSERT INTO documents (kind, id, app, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (kind, ident, app, json.dumps(body)),
        )

    def change(self, kind: Kind, ident: str, **changes: object) -> Document:
        """Change some members of a document that exists, and return all of it."""
        app, body = self._database.execute(
            "SELECT app, body FROM documents WHERE kind = ? AND id = ?", (kind, ident)
        ).fetchone()
        changed: Document = {**json.loads(body), **changes}
        self.put(kind, ident, app, changed)
        return changed

    def get(self, kind: Kind, ident: str) -> Document | None:
        """One document, or None."""
        row = self._database.execute("SELECT body FROM documents WHERE kind = ? AND id = ?", (kind, ident)).fetchone()
        return json.loads(row[0]) if row else None

    def all(self, kind: Kind, app: str | None = None) -> list[Document]:
        """All documents of a kind, of one app or of all, oldest first."""
        rows = self._database.execute(
            "SELECT body FROM documents WHERE kind = ? AND (? IS NULL OR app = ?) ORDER BY position", (kind, app, app)
        )
        return [json.loads(body) for (body,) in rows]

    def drop(self, kind: Kind, ident: str) -> None:
        """Forget a document."""
        self._database.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, ident))

    def log(self, transfer: str, level: Level, message: str) -> None:
        """Add a line to a transfer's log."""
        self._database.execute("INSERT INTO logs VALUES (?, ?, ?, ?)", (transfer, now(), level, message))

    def logs(self, transfer: str) -> list[Document]:
        """A transfer's log, oldest line first, in the Data API's shape."""
        rows = self._database.execute(
            "SELECT created_at, level, message FROM logs WHERE transfer = ? ORDER BY rowid", (transfer,)
        )
        return [{"created_at": created_at, "level": level, "message": message} for created_at, level, message in rows]
