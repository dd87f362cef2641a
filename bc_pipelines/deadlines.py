"""How long each wait may take at most: `[deadlines]` in `environments.toml`.

Belongs here: the names of the waits and what is usual for them. Does not belong here: waiting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from bc_pipelines.tables import SettingsError, only


@dataclass(frozen=True)
class Deadlines:
    """The longest that each wait may take; what is not done by then is a failure.

    Attributes:
        capture: for a backup. Heroku means PGBackups for databases of up to 20 GB, which take less by far.
        restore: for a restore, the same.
        cancel: for a transfer that was asked to stop, to have stopped.
        command: for one command of the site in a one-off dyno.
        git: for one command of git on the site's repository.
        pipeline: for CI to end once a branch is pushed.
        release: for Heroku to run what CI deploys, from CI's end on.
        boot: for the site's own dynos to answer. Heroku gives one 60 seconds; five sites on one get some more.
    """

    capture: timedelta = timedelta(hours=3)
    restore: timedelta = timedelta(hours=3)
    cancel: timedelta = timedelta(minutes=10)
    command: timedelta = timedelta(minutes=30)
    git: timedelta = timedelta(minutes=10)
    pipeline: timedelta = timedelta(hours=1)
    release: timedelta = timedelta(minutes=20)
    boot: timedelta = timedelta(minutes=3)


def read_deadlines(table: Mapping[str, Any]) -> Deadlines:
    """Read `[deadlines]`: minutes by name; what is left out stays as it is usual.

    Raises:
        SettingsError: a name that is none, or no number of minutes above 0.
    """
    only(table, "deadlines", *(f"{field.name}_minutes" for field in fields(Deadlines)))
    for name, minutes in table.items():
        if isinstance(minutes, bool) or not isinstance(minutes, int | float) or minutes <= 0:
            raise SettingsError(f"deadlines.{name} must be a number of minutes above 0.")
    return Deadlines(**{name.removesuffix("_minutes"): timedelta(minutes=value) for name, value in table.items()})
