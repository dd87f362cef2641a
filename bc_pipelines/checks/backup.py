"""Verdicts on one backup at Heroku, from figures that the caller read there: is it whole, is it recent?"""

from __future__ import annotations

from datetime import datetime, timedelta

from bc_pipelines.checks.verdict import Verdict

# What every custom-format archive of pg_dump begins with (PostgreSQL source, pg_backup_archiver.c, ReadHead).
MAGIC = b"PGDMP"


def backup_succeeded(name: str, succeeded: bool | None, finished_at: datetime | None) -> Verdict:
    """Whether Heroku says that a backup ended and ended well.

    Args:
        name: Heroku's name for it, for instance `b101`.
        succeeded: Heroku's own word; None while it is running.
        finished_at: when it ended, or None.

    Returns:
        The verdict.
    """
    passed = succeeded is True and finished_at is not None
    facts = {"backup": name, "finished_at": finished_at.isoformat() if finished_at else "not yet"}
    if passed:
        return Verdict(True, f"Heroku says that backup {name} succeeded.", facts)
    state = "failed" if finished_at else "has not finished"
    advice = "Look at it with `heroku pg:backups:info`, then take another."
    return Verdict(False, f"Backup {name} {state}; it must not be used. {advice}", facts)


def backup_complete(name: str, first_bytes: bytes, content_length: int | None, listed_bytes: int | None) -> Verdict:
    """Whether what can be downloaded looks like a whole archive of pg_dump.

    Args:
        name: Heroku's name for it.
        first_bytes: how the download begins; at least five bytes of it.
        content_length: how many bytes the download server announces for the whole of it, or None if it does not say.
        listed_bytes: how many bytes Heroku lists; None or 0 if it lists none yet.

    Returns:
        The verdict.
    """
    problems = []
    if not first_bytes.startswith(MAGIC):
        problems.append("it does not begin like an archive of pg_dump")
    size = listed_bytes if content_length is None else content_length
    if not size:
        problems.append("it is empty, or nobody says how long it is")
    if content_length and listed_bytes and content_length != listed_bytes:
        problems.append(f"{content_length} bytes can be downloaded, but Heroku lists {listed_bytes}")
    facts: dict[str, str | int | float | bool] = {"backup": name, "bytes": size or 0}
    if problems:
        return Verdict(False, f"Backup {name} is not usable: {'; '.join(problems)}. Take another.", facts)
    return Verdict(True, f"Backup {name} is {size:,} bytes long and begins like an archive of pg_dump.", facts)


def backup_recent(name: str, finished_at: datetime | None, now: datetime, limit: timedelta) -> Verdict:
    """Whether a backup is young enough to be worth copying.

    Args:
        name: Heroku's name for it.
        finished_at: when it ended, with a time zone; None if it has not.
        now: the present moment, with a time zone.
        limit: how old it may be.

    Returns:
        The verdict. A backup from the future fails: a clock is wrong.
    """
    if finished_at is None:
        return Verdict(False, f"Backup {name} has not finished, so it has no age.", {"backup": name})
    hours = (now - finished_at).total_seconds() / 3600
    allowed = limit.total_seconds() / 3600
    facts: dict[str, str | int | float | bool] = {
        "backup": name,
        "finished_at": finished_at.isoformat(),
        "age_hours": round(hours, 2),
        "limit_hours": allowed,
    }
    # Heroku's clock and ours may differ by a little.
    if hours < -0.25:
        return Verdict(False, f"Backup {name} ended in the future: one of the clocks is wrong.", facts)
    if hours > allowed:
        advice = "Capture a new one first."
        return Verdict(
            False, f"Backup {name} is {hours:.1f} hours old; at most {allowed:g} are allowed. {advice}", facts
        )
    return Verdict(True, f"Backup {name} is {max(hours, 0):.1f} hours old; up to {allowed:g} are allowed.", facts)
