"""Resets that stopped after their wipe and were taken up by the next: for people they are one.

Belongs here: which records make up that one, and what follows from it. Does not belong here: what one leaves to the
next (see `reset`), and any words.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bc_pipelines.operations.record import Records, ResetRecord


def first_of(records: Records, record: ResetRecord) -> ResetRecord:
    """The one that closed the site, which may be the record itself.

    What the later ones counted as lost is what the first had left in the database.
    """
    before = records.get(str(record.facts.get("broken_off", "")))
    return record if before is None else first_of(records, before)


def down_for(record: ResetRecord, first: ResetRecord) -> timedelta:
    """How long the site was closed, from the first one's closing on.

    Args:
        record: of the one that opened the site.
        first: as `first_of` found it.
    """
    down = timedelta(seconds=float(record.facts.get("downtime_seconds", 0)))
    if first.id == record.id:
        return down
    closed = [datetime.fromisoformat(each.facts["wiping_since"]) for each in (record, first)]
    return down + closed[0] - closed[1]
