"""What `bucks pull` and `bucks local` print, and how they end.

Belongs here: words, tables, progress and exit codes. Does not belong here: work (see `operations.local_data`). Results
go to standard output, everything else to standard error.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bc_pipelines.archive_output import Bar, stoppable

if TYPE_CHECKING:
    from bc_pipelines.operations.archives import Watch
    from bc_pipelines.operations.local_back import Standing
    from bc_pipelines.operations.local_data import Pulled
    from bc_pipelines.operations.local_wishes import Login

FAILED, REFUSED, BAD_INPUT, NOT_PROVEN, STOPPED = 1, 2, 3, 4, 130
AS_IT_WAS = "The local database is as it was."
_NEXT = {
    FAILED: "Mend that, then run the same command again.",
    REFUSED: "",
    BAD_INPUT: "Correct that, then run the same command again.",
    NOT_PROVEN: "Tell whoever keeps the privacy catalogue; the copy was removed.",
}


class Lines:
    """Progress as plain lines, for logs; or none at all."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def stage(self, title: str, total: int | None) -> None:
        """A part of the work begins."""
        self.wait(title if total is None else f"{title} {total:,} bytes")

    def wait(self, title: str) -> None:
        """A part of the work begins."""
        if not self._quiet:
            typer.echo(f"{title} …", err=True)

    def at(self, done: int) -> None:
        """Lines do not say how far it is."""


def progress(*, quiet: bool) -> AbstractContextManager[Watch]:
    """A bar on a terminal, plain lines elsewhere, nothing if `quiet`."""
    return Bar() if Console(stderr=True).is_terminal and not quiet else nullcontext(Lines(quiet=quiet))


@contextmanager
def ends(state: str, *, as_json: bool, debug: bool) -> Iterator[None]:
    """Turn what can go wrong into three lines and the exit code that belongs to it.

    Args:
        state: what state things are in after a failure.
        as_json: whether standard output gets the outcome as JSON too.
        debug: whether the trace is shown.
    """
    try:
        with stoppable():
            yield
    except (KeyboardInterrupt, typer.Abort):
        raise _end(STOPPED, ("Stopped.", state, "The same command begins anew."), as_json) from None
    except typer.Exit:
        raise
    except Exception as error:
        told = _told(error, state)
        if told is None:
            raise
        if debug:
            typer.echo(traceback.format_exc(), err=True)
        raise _end(*told, as_json) from None


def _told(error: Exception, state: str) -> tuple[int, tuple[str, str, str]] | None:
    """Exit code, what happened, what state things are in, what to do; None for a fault of this program."""
    import psycopg

    from bc_pipelines.database.identity import DatabaseError
    from bc_pipelines.heroku.errors import HerokuError
    from bc_pipelines.media.errors import MediaError
    from bc_pipelines.media.errors import Refused as MediaRefused
    from bc_pipelines.operations.archive_source import BadSource
    from bc_pipelines.operations.archives import NotProven
    from bc_pipelines.operations.errors import GateClosed, OutOfReach, Refused
    from bc_pipelines.operations.local_restore import RestoreFailed
    from bc_pipelines.pgarchive import ArchiveError
    from bc_pipelines.privacy.errors import CatalogueRefusal, PrivacyError
    from bc_pipelines.proof import ProofFailed
    from bc_pipelines.settings import SettingsError
    from bc_pipelines.wagtail_sql.files import UnknownFiles

    if isinstance(error, HerokuError):
        return FAILED, (error.happened, state, error.next_step)
    if isinstance(error, psycopg.Error):
        reason = error.diag.sqlstate or type(error).__name__
        return FAILED, (f"PostgreSQL refused a step ({reason}).", state, _NEXT[FAILED])
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        return FAILED, (f"The system refused: {reason}.", state, _NEXT[FAILED])
    codes: tuple[tuple[int, tuple[type[Exception], ...]], ...] = (
        (REFUSED, (Refused, MediaRefused, CatalogueRefusal, UnknownFiles)),
        (BAD_INPUT, (BadSource, ArchiveError, PrivacyError, SettingsError)),
        (NOT_PROVEN, (NotProven, ProofFailed, GateClosed)),
        (FAILED, (DatabaseError, MediaError, OutOfReach, RestoreFailed)),
    )
    for code, kinds in codes:
        if isinstance(error, kinds):
            return code, (str(error), state, _NEXT[code])
    return None


def _end(code: int, lines: tuple[str, str, str], as_json: bool) -> typer.Exit:
    happened, state, following = lines
    console = Console(stderr=True, highlight=False)
    console.print(Text.assemble(("Not done. ", "bold red"), happened), soft_wrap=True)
    for line in filter(None, (state, following)):
        console.print(Text(line), soft_wrap=True)
    if as_json:
        print_json({"outcome": "not done", "message": happened, "state": state, "next": following})
    return typer.Exit(code)


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(document, indent=1))


def may_show_a_password(*, as_json: bool, quiet: bool) -> bool:
    """Whether what is printed goes to somebody's eyes: a terminal, or a document that was asked for."""
    return as_json or (sys.stdout.isatty() and not quiet)


def print_pulled(done: Pulled, login: Login | None, *, as_json: bool, quiet: bool) -> None:
    """The short table at the end; the login's password is in it this once."""
    if as_json:
        shown = {"login": {"username": login.email, "password": login.password}} if login else {}
        print_json({"outcome": "done", **asdict(done), **shown})
        return
    if quiet:
        return
    page = Table(show_header=False, box=None, pad_edge=False)
    page.add_row("Database", Text(done.database))
    page.add_row("From", Text(f"{done.environment}, {done.backup} of {done.made or 'a time that it does not say'}"))
    page.add_row("Rows", f"{done.rows:,}; {done.rows_left_out:,} left out")
    page.add_row("Accounts", f"{done.accounts_replaced:,} replaced")
    for here, host in done.sites.items():
        page.add_row("Site", Text(f"{here} for {host}"))
    page.add_row("Private pages", Text(f"ask for {done.private_pages}"))
    if login:
        page.add_row("Log in as", Text(f"{login.email} with {login.password} (shown this once)"))
    if done.missing_extensions:
        page.add_row("Left out", Text(f"extensions this server has not: {', '.join(done.missing_extensions)}"))
    if done.migrations:
        page.add_row("Next", Text(f"./manage.py migrate, for {', '.join(done.migrations)}"))
    if done.before:
        until = f", kept until {done.before_until}" if done.before_until else ""
        page.add_row("To undo", Text(f"bucks local undo (the one before is {done.before}{until})"))
    page.add_row("Took", f"{done.seconds:.1f} s")
    Console(highlight=False).print(page)


def print_standing(standing: Standing) -> None:
    """What there is on this machine."""
    page = Table(show_header=False, box=None, pad_edge=False)
    page.add_row("Database", Text(standing.database if standing.there else f"{standing.database}: not there yet"))
    if standing.there:
        page.add_row("Holds", Text(_made_by(standing.made_by)))
        if standing.made_by and "private_pages" in standing.made_by:
            page.add_row("Private pages", Text(f"ask for {standing.made_by['private_pages']}"))
    page.add_row("Before", Text("none" if standing.before is None else _made_by(standing.before)))
    page.add_row("Connected", Text(", ".join(standing.sessions) or "nobody"))
    if standing.leftovers:
        page.add_row("Left behind", Text(f"{', '.join(standing.leftovers)}; the next pull drops them"))
    Console(highlight=False).print(page)


def _made_by(facts: Mapping[str, Any] | None) -> str:
    if facts and "pulled" in facts:
        return f"{facts['environment']}, {facts['backup']} of {facts['made']}, pulled {facts['pulled']}"
    until = f"; kept until {facts['kept_until']}" if facts and facts.get("kept_until") else ""
    return f"not made by a sanitised pull{until}"
