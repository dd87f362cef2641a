"""What all commands share: exit codes, and a sentence in place of a traceback.

Belongs here: how a refusal reaches a terminal. Does not belong here: any command.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape

FAILED = 1


@contextmanager
def in_a_sentence(console: Console) -> Iterator[None]:
    """Print what is missing, refused or does not answer as a sentence instead of a traceback, and end with 1."""
    from bc_pipelines.heroku.errors import HerokuError
    from bc_pipelines.operations.errors import OutOfReach, Refused
    from bc_pipelines.settings import SettingsError

    try:
        yield
    except (HerokuError, OutOfReach, Refused, SettingsError) as reason:
        console.print(f"[red]Not done.[/] {escape(str(reason))}", highlight=False, soft_wrap=True)
        raise typer.Exit(FAILED) from None
