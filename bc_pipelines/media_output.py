"""What the commands about media print: the plan before anything moves, the bar, and the short table at the end.

Belongs here: words and tables. Does not belong here: work (see `operations.media_local` and `operations.media_sync`)
and how commands end (see `pull_output`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from bc_pipelines.checks.verdict import Verdict
    from bc_pipelines.media.move import Moved, OnProgress
    from bc_pipelines.media.plan import Plan

_SAMPLES = 5


def plan_document(
    source: str, target: str, plan: Plan, objections: Sequence[str], notes: Sequence[str]
) -> dict[str, Any]:
    """A plan for machines: counts, bytes, a few keys of each kind, and the guard's verdict."""
    from bc_pipelines.media.plan import Action

    return {
        "source": source,
        "target": target,
        "files_at_the_source": plan.source_count,
        "files_the_same": plan.kept,
        "changes": {
            action.value: {
                "count": len(changes := plan.of(action)) + (len(plan.personal) if action is Action.DELETE else 0),
                "bytes": sum(change.size for change in changes),
                "some": [{"key": change.key, "reason": change.reason} for change in changes[:_SAMPLES]],
            }
            for action in Action
        },
        "left_out": {
            "personal": sum(plan.excluded.values()),
            "restricted": plan.withheld_count,
            "personal_and_at_the_target": len(plan.personal),
            "named_by_no_row": plan.unnamed_count,
        },
        "named_and_not_at_the_source": plan.absent_count,
        "objections": list(objections),
        "notes": list(notes),
    }


def print_plan(document: dict[str, Any]) -> None:
    """A plan for people."""
    page = Table(show_header=False, box=None, pad_edge=False)
    page.add_row("From", Text(document["source"]))
    page.add_row("To", Text(document["target"]))
    page.add_row("The same", f"{document['files_the_same']:,} files")
    for action, words in (("copy", "New"), ("replace", "Changed"), ("delete", "Too much")):
        changes = document["changes"][action]
        some = "; ".join(f"{each['key']} ({each['reason']})" for each in changes["some"][:2])
        size = f", {changes['bytes'] / 1e6:.1f} MB" if changes["count"] else ""
        page.add_row(words, Text(f"{changes['count']:,} files{size}{': ' if some else ''}{some}"))
    left = document["left_out"]
    there = f" (of these go from there: {left['personal_and_at_the_target']:,})"
    personal = f"{left['personal']:,} personal{there if left['personal_and_at_the_target'] else ''}"
    counts = (personal, f"{left['restricted']:,} restricted")
    page.add_row("Stay away", f"{', '.join(counts)}, {left['named_by_no_row']:,} named by no row")
    if document["named_and_not_at_the_source"]:
        page.add_row("Missing", f"{document['named_and_not_at_the_source']:,} that the database names are not there")
    console = Console(stderr=True, highlight=False)
    console.print(page)
    for note in document["notes"]:
        console.print(Text(note), soft_wrap=True)
    for objection in document["objections"]:
        console.print(Text.assemble(("Refused: ", "bold red"), objection), soft_wrap=True)


@contextmanager
def moving(files: int, size: int, *, quiet: bool) -> Iterator[OnProgress | None]:
    """A bar with bytes, rate and time left on a terminal; a line elsewhere; nothing if `quiet`."""
    console = Console(stderr=True)
    if quiet or not size:
        yield None
    elif not console.is_terminal:
        typer.echo(f"Moving {files:,} files, {size:,} bytes …", err=True)
        yield None
    else:
        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        with Progress(TextColumn("{task.description}"), *columns, console=console) as bar:
            task = bar.add_task("files", total=size)
            yield lambda done, moved: bar.update(task, completed=moved, description=f"{done:,} of {files:,} files")


def print_moved(document: dict[str, Any], moved: Moved, seconds: float, *, kept: int) -> None:
    """The short table at the end."""
    page = Table(show_header=False, box=None, pad_edge=False)
    page.add_row("Copied", f"{len(moved.copied):,} files, {moved.bytes_copied / 1e6:.1f} MB")
    page.add_row("Deleted", f"{len(moved.deleted):,} files")
    if kept:
        page.add_row("Not deleted", f"{kept:,} files that are too much: nobody asked for it, or they are in use again")
    page.add_row("In", Text(document["target"]))
    page.add_row("Took", f"{seconds:.1f} s")
    Console(highlight=False).print(page)


def print_verdicts(verdicts: Mapping[str, Verdict]) -> None:
    """Checks, one line each."""
    console = Console(highlight=False)
    for name, verdict in verdicts.items():
        mark = ("✓", "green") if verdict.passed else ("!", "yellow") if verdict.severity == "warn" else ("✗", "red")
        console.print(Text.assemble(mark, f" {name}: {verdict.summary}"), soft_wrap=True)
