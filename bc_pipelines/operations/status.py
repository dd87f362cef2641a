"""Where an environment stands, from the lock and the records alone: asked by a person, without any token.

Belongs here: putting that together. Does not belong here: the words for a stopped run (see `standing`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from bc_pipelines.operations.lock import Holder, holder_of
from bc_pipelines.operations.record import Kind, Records, ResetRecord, State
from bc_pipelines.operations.standing import standing


@dataclass(frozen=True)
class Status:
    """Where an environment stands.

    Attributes:
        environment: its name.
        holder: who has it now, or None.
        newest: the newest record, or None.
        broken_off: whether a run stopped after its wipe and nobody goes on with it now.
    """

    environment: str
    holder: Holder | None
    newest: ResetRecord | None
    broken_off: bool

    @property
    def words(self) -> str:
        """In a sentence or two."""
        if self.holder is not None:
            return f"{self.holder}."
        if self.newest is None:
            return f"{self.environment.capitalize()} was never reset by this product."
        when = _moment(self.newest.finished_at or self.newest.updated_at)
        done = "was rolled back" if self.newest.kind is Kind.ROLLBACK else "was reset"
        if self.newest.state is State.DONE:
            asked = f", as {self.newest.requested_by} asked" if self.newest.requested_by else ""
            return f"{self.newest.app} {done} on {when}{asked} ({self.newest.kind} {self.newest.id})."
        return f"{self.newest.kind.capitalize()} {self.newest.id} stopped on {when}. {standing(self.newest)}"

    def as_json(self) -> str:
        """The same for programs."""
        newest, holder = self.newest, self.holder
        return json.dumps(
            {
                "environment": self.environment,
                "under_way": holder and {"kind": holder.kind, "run": holder.run_id, "since": holder.since.isoformat()},
                "broken_off": self.broken_off,
                "newest": newest and {"id": newest.id, "kind": newest.kind, "state": newest.state},
                "words": self.words,
            },
            indent=2,
        )


def status_of(url: str, environment: str) -> Status:
    """Ask the lock and the records.

    Args:
        url: of Dagster's own database.
        environment: whose state is asked for.

    Raises:
        OutOfReach: Dagster's database does not answer.
    """
    records, holder = Records(url), holder_of(url)
    newest = next(iter(records.history(environment, 1)), None)
    broken_off = holder is None and records.broken_off(environment) is not None
    return Status(environment, holder, newest, broken_off)


def _moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%d %B %Y %H:%M} UTC"
