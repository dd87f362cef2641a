"""What `bucks archive` prints, and how it ends.

Belongs here: words, tables, the bar, JSON and exit codes. Does not belong here: work (see `operations.archives`).
Results go to standard output, everything else to standard error; the bar is shown on a terminal only.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column, Table
from rich.text import Text

if TYPE_CHECKING:
    from types import FrameType, TracebackType

    from bc_pipelines.operations.archives import Sanitised
    from bc_pipelines.operations.inspection import InspectedTable, Inspection
    from bc_pipelines.proof import Hit, Match, Proof

FAILED = 1
REFUSED = 2
BAD_INPUT = 3
NOT_PROVEN = 4
_OUTCOMES = {FAILED: "failed", REFUSED: "refused", BAD_INPUT: "bad input", NOT_PROVEN: "not proven"}

_TITLE_WIDTH = 24
_PAGE_WIDTH = 160
_MOST_LINES = 40
_MOST_ROWS = 5
_STYLES = {"keep": "", "rewrite": "yellow", "purge": "red", "purge unless referenced": "red", "no entry": "bold red"}


class Bar:
    """How far the work is, on a terminal: bytes, bytes per second, time left. A context manager."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._shown: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def stage(self, title: str, total: int | None) -> None:
        """Work whose bytes are counted begins; without a total, no time left is shown."""
        counted = (BarColumn(), DownloadColumn(), TransferSpeedColumn())
        left = () if total is None else (TextColumn("left"), TimeRemainingColumn())
        self._start(title, total, *counted, TimeElapsedColumn(), *left)

    def wait(self, title: str) -> None:
        """Work begins that says nothing until it is done."""
        self._start(title, None, SpinnerColumn(), TimeElapsedColumn())

    def at(self, done: int) -> None:
        """Move the bar."""
        if self._shown is not None:
            self._shown.update(self._shown.task_ids[-1], completed=done)

    def _start(self, title: str, total: int | None, *columns: ProgressColumn) -> None:
        self._stop()
        described = TextColumn("{task.description}")
        self._shown = Progress(described, *columns, console=self._console, disable=not self._console.is_terminal)
        self._shown.add_task(title.ljust(_TITLE_WIDTH), total=total)
        self._shown.start()

    def _stop(self) -> None:
        if self._shown is not None:
            self._shown.stop()


@contextmanager
def ends(aftermath: str, *, as_json: bool) -> Iterator[None]:
    """Turn what can go wrong into sentences and the exit code that belongs to it.

    Args:
        aftermath: a sentence that says what state things are in after a failure.
        as_json: whether standard output gets the outcome as JSON too.
    """
    from bc_pipelines.operations.archive_source import BadSource
    from bc_pipelines.operations.archives import NotProven
    from bc_pipelines.operations.errors import Refused
    from bc_pipelines.pgarchive import ArchiveError
    from bc_pipelines.privacy.errors import CatalogueRefusal, PrivacyError
    from bc_pipelines.proof import ProofFailed
    from bc_pipelines.settings import SettingsError

    try:
        with stoppable():
            yield
    except (Refused, CatalogueRefusal) as error:
        raise _end(REFUSED, str(error), as_json) from None
    except (BadSource, ArchiveError, PrivacyError, SettingsError) as error:
        raise _end(BAD_INPUT, _sentences(str(error), aftermath), as_json) from None
    except NotProven as error:
        _print_hits(error.proof)
        raise _end(NOT_PROVEN, _sentences(str(error), aftermath), as_json, error.proof) from None
    except ProofFailed as error:
        raise _end(NOT_PROVEN, _sentences(str(error), aftermath), as_json) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _end(FAILED, _sentences(f"A file could not be written: {reason}", aftermath), as_json) from None


@contextmanager
def stoppable() -> Iterator[None]:
    """SIGTERM ends the command in good order, so that private folders are removed; exit code 143, as shells have it."""

    def stop(number: int, _: FrameType | None) -> None:
        # `timeout` sends it twice, and the second must not stop the tidying up.
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def prints(done: str) -> Iterator[None]:
    """Print a result, and say in a sentence that it could not be printed, on a full disk for instance.

    Args:
        done: what was done nevertheless, as the beginning of that sentence; empty if nothing.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        _drop_output()
        message = f"{f'{done}, but the' if done else 'The'} result could not be printed: {error.strerror}."
        raise _end(FAILED, message, as_json=False) from None


def _drop_output() -> None:
    """Point standard output nowhere, as Python would complain at its end about what it still holds back."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextmanager
def matches(*, show: bool, as_json: bool) -> Iterator[Callable[[Match], None] | None]:
    """Show texts that the proof found, which are values of rows: on a terminal, and nowhere else.

    Args:
        show: whether to show any.
        as_json: whether machines read standard output.

    Yields:
        What takes them; None where none are wanted. They are printed at the end, also of a proof that failed.

    Raises:
        Refused: there is no terminal to show them on.
    """
    from bc_pipelines.operations.errors import Refused

    if not show:
        yield None
        return
    if as_json or not sys.stdout.isatty():
        raise Refused("--show prints personal data: it needs a terminal, and no --json. Nothing was written.")
    page = Table("table", "column", "row", "kind", "text", box=None, pad_edge=False)
    try:
        yield lambda match: page.add_row(match.table, match.column, str(match.key), match.kind, Text(match.text))
    finally:
        if page.row_count:
            _page().print(page, "These are the first of each column; the sums are below.\n")


def _end(code: int, message: str, as_json: bool, proof: Proof | None = None) -> typer.Exit:
    """Say how it ended."""
    words = Text.assemble((f"{_OUTCOMES[code].capitalize()}. ", "bold red"), message)
    Console(stderr=True, highlight=False).print(words, soft_wrap=True)
    if as_json:
        try:
            print_json({"outcome": _OUTCOMES[code], "message": message} | ({"proof": asdict(proof)} if proof else {}))
        except OSError:
            _drop_output()  # The sentence above and the exit code have said it.
    return typer.Exit(code)


def _sentences(message: str, aftermath: str) -> str:
    ended = message if message.endswith(".") else f"{message[:1].upper()}{message[1:]}."
    return f"{ended} {aftermath}".strip()


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(document, indent=1))


def print_inspection(inspection: Inspection) -> None:
    """An archive for people: its head, its tables, and what the catalogue does not know."""
    console = _page()
    console.print(
        f"Archive version {inspection.version}, compression {inspection.compression}, PostgreSQL "
        f"{inspection.server_version}, pg_dump {inspection.dump_version}, made {inspection.created_at}"
    )
    counted = any(table.rows is not None for table in inspection.tables)
    page = Table("table", *(["rows"] if counted else []), "columns", inspection.profile, "", box=None, pad_edge=False)
    for column in page.columns[1:-2]:
        column.justify = "right"
    page.columns[0].no_wrap = True
    for table in inspection.tables:
        rows = [f"{table.rows:,}"] if table.rows is not None else []
        page.add_row(table.name, *rows, str(table.columns), _treatment(table), _particulars(table))
    console.print(page)
    _print_list(console, "Tables without an entry in the catalogue", inspection.unclassified_tables)
    _print_list(console, "Columns without an entry in the catalogue", inspection.unclassified_columns)
    _print_list(console, "Other reasons to refuse it", inspection.refused)
    _print_list(console, "Entries that name nothing in this archive", inspection.stale_entries)


def _treatment(table: InspectedTable) -> Text:
    return Text(table.treatment, _STYLES[table.treatment])


def _particulars(table: InspectedTable) -> Text:
    rules = ", ".join(f"{column}: {rule}" for column, rule in table.rules.items())
    unknown = ", ".join(f"{column}: no entry" for column in table.unclassified)
    return Text.assemble(rules, "; " if rules and unknown else "", (unknown, "bold red"))


def _print_list(console: Console, title: str, names: tuple[str, ...]) -> None:
    if names:
        console.print(f"\n{title} ({len(names)}):")
        for name in names[:_MOST_LINES]:
            console.print(Text(f"  {name}"))
        if len(names) > _MOST_LINES:
            console.print(f"  and {len(names) - _MOST_LINES} more; --json lists them all")


def print_sanitised(done: Sanitised) -> None:
    """What was done, in a few lines."""
    tables = done.manifest.tables
    page = Table(show_header=False, box=None, pad_edge=False)
    page.add_row("Archive", Text(str(done.target)))
    page.add_row("Size", f"{done.size_bytes:,} bytes, from {done.manifest.bytes_read:,}")
    page.add_row("SHA-256", done.sha256)
    page.add_row("Rows read", f"{sum(table.rows_read for table in tables):,} in {len(tables):,} tables")
    page.add_row("Rows left out", f"{sum(table.rows_purged for table in tables):,}")
    page.add_row("Rows rewritten", f"{sum(table.rows_rewritten for table in tables):,}")
    accounts = done.manifest.accounts
    page.add_row("Accounts", f"{accounts.kept:,} kept, {accounts.replaced:,} replaced")
    page.add_row("Proof", Text(done.proof.summary()))
    _page().print(page)


def print_proof(proof: Proof) -> None:
    """What a search that passed has looked for."""
    _page().print(Text(proof.summary()))


def _print_hits(proof: Proof) -> None:
    """Where identifiers were found, a line for each kind in a column."""
    places: dict[tuple[str, str, str], list[Hit]] = {}
    for hit in proof.hits:
        places.setdefault((hit.table, hit.column, hit.kind), []).append(hit)
    page = Table("table", "column", "kind", Column("finds", justify="right"), "rows", box=None, pad_edge=False)
    for place, hits in places.items():
        rows = [str(hit.key) for hit in hits if hit.key is not None]
        more = ", …" if len(rows) > _MOST_ROWS or len(rows) < len(hits) else ""
        page.add_row(*place, f"{sum(hit.count for hit in hits):,}", ", ".join(rows[:_MOST_ROWS]) + more)
    if places:
        _wide(Console(stderr=True, highlight=False)).print(page)


def _page() -> Console:
    return _wide(Console(highlight=False))


def _wide(console: Console) -> Console:
    """In a file or a pipe, lines are wide enough to be searched one by one."""
    if not console.is_terminal:
        console.width = _PAGE_WIDTH
    return console
