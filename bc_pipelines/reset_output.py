"""What is printed about resets: a run's outcome, and the records.

Belongs here: tables, marks, JSON. Does not belong here: commands (see `reset_cli`) and work.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Column, Table

if TYPE_CHECKING:
    from bc_pipelines.defs.launch import Outcome
    from bc_pipelines.operations.raw_backups import KeptBackup
    from bc_pipelines.operations.record import ResetRecord


_PREVIEWED = ("notice to colleagues", "notice to the client")


def print_outcome(console: Console, outcome: Outcome, ui_url: str) -> None:
    """Print what came of a run: steps, checks, figures, and why it stopped where it did."""
    console.print(_steps_table(outcome))
    _print_checks(console, outcome)
    console.print(_figures_table(outcome))
    _print_failure_and_link(console, outcome, ui_url)


def print_preview(console: Console, outcome: Outcome, ui_url: str) -> None:
    """Print the plan of a reset that was not begun, and each check."""
    plan = outcome.metadata.get("staging/reset_plan", {})
    if "plan" in plan:
        console.print(Markdown(str(plan["plan"])))
    for label in _PREVIEWED:
        if label in plan:
            print_notice(console, f"What would be told, {label}", str(plan[label]))
    _print_checks(console, outcome)
    _print_failure_and_link(console, outcome, ui_url)


def print_notice(console: Console, title: str, text: str) -> None:
    """Print a notice as it is read."""
    console.print(Panel(Markdown(text), title=escape(title), title_align="left"))


def print_notices_sent(console: Console, outcome: Outcome, ui_url: str) -> None:
    """Print who was told, and each check."""
    for asset, words in (("staging/colleague_notice", "Colleagues"), ("staging/client_notice", "The client")):
        told = outcome.metadata.get(asset)
        if told is not None:
            console.print(f"{words}: {told['in words']}", highlight=False)
    _print_checks(console, outcome)
    _print_failure_and_link(console, outcome, ui_url)


def _print_failure_and_link(console: Console, outcome: Outcome, ui_url: str) -> None:
    if not outcome.succeeded:
        console.print(f"\n[bold red]The run stopped.[/] {escape(outcome.failure)}", highlight=False, soft_wrap=True)
    if ui_url:
        console.print(f"In the UI, once `make ui` runs: {ui_url}/runs/{outcome.run_id}", soft_wrap=True)


def _steps_table(outcome: Outcome) -> Table:
    table = Table("", Column("seconds", justify="right"), box=None, title="Steps", title_justify="left")
    for step in outcome.steps:
        done = "[green]✓[/]" if step.succeeded else "[red]✗[/]"
        table.add_row(f"{done} {step.name}", f"{step.seconds:.1f}")
    return table


def _print_checks(console: Console, outcome: Outcome) -> None:
    """One line for a check that passed, its words for one that did not."""
    passed = sum(check.passed for check in outcome.checks)
    console.print(f"\n[italic]Checks: {passed} of {len(outcome.checks)} passed[/]", highlight=False)
    for check in outcome.checks:
        name = f"{check.asset}: {check.name.replace('_', ' ')}"
        if check.passed:
            console.print(f"  [green]✓[/] {name}", highlight=False)
        else:
            mark = "[yellow]! warning:[/]" if check.warning else "[red]✗ failed:[/]"
            console.print(Padding(f"{mark} {name}. {escape(check.summary)}", (0, 0, 0, 2)), highlight=False)


_FIGURES = (
    ("Rows removed", "staging/sanitised_archive", "rows purged"),
    ("Rows rewritten", "staging/sanitised_archive", "rows rewritten"),
    ("Accounts kept", "staging/sanitised_archive", "accounts kept"),
    ("Accounts replaced", "staging/sanitised_archive", "accounts replaced"),
    ("Staff accounts put back", "staging/accounts", "put back"),
    ("Images and documents copied", "staging/incoming_media", "files copied"),
    ("Images and documents deleted", "staging/media", "files deleted"),
    ("Branches merged back", "staging/branches", "merged back"),
    ("Site records changed", "staging/site_records", "changed"),
    ("Seconds in maintenance", "staging/ready", "seconds in maintenance"),
    ("Notice to colleagues", "staging/colleague_notice", "state"),
    ("Notice to the client", "staging/client_notice", "state"),
)


def _figures_table(outcome: Outcome) -> Table:
    table = Table(title="\nWhat happened", title_justify="left", show_header=False, box=None)
    for words, asset, label in _FIGURES:
        if label in outcome.metadata.get(asset, {}):
            table.add_row(words, str(outcome.metadata[asset][label]))
    return table


def records_table(records: Iterable[ResetRecord]) -> Table:
    """Records as a table, in the order given."""
    table = Table("", "began", "how far it came", "asked for by", "way back", box=None, title_justify="left")
    for record in records:
        point = str(record.facts.get("rollback_point", "none yet"))
        raw = ", raw data" if record.facts.get("rollback_raw") else ""
        undone = f", undone by {record.facts['rolled_back']}" if "rolled_back" in record.facts else ""
        table.add_row(
            f"{record.kind} {record.id}",
            f"{record.started_at.astimezone(UTC):%d %b %Y %H:%M}",
            f"{record.state}{undone}",
            escape(record.requested_by or "not said"),
            f"{point}{raw}",
        )
    return table


def as_json(records: Iterable[ResetRecord]) -> str:
    """Records as JSON, with every fact; none holds a secret or a value of a row."""
    return json.dumps([_plain(record) for record in records], indent=2, default=str)


def backups_as_json(backups: Iterable[KeptBackup]) -> str:
    """Backups as JSON."""
    listed = [
        {
            "name": each.name,
            "finished": each.finished_at.isoformat(),
            "bytes": each.size_bytes,
            "raw": each.raw,
            "why": each.why,
            "way_back": each.way_back,
        }
        for each in backups
    ]
    return json.dumps(listed, indent=2)


def backups_table(backups: Iterable[KeptBackup]) -> Table:
    """Backups as a table."""
    table = Table("backup", Column("age", justify="right"), Column("MB", justify="right"), "why", box=None)
    for each in backups:
        days = (datetime.now(UTC) - each.finished_at).total_seconds() / 86400
        table.add_row(each.name, f"{days:.1f} days", f"{each.size_bytes / 1e6:.1f}", each.why)
    return table


def _plain(record: ResetRecord) -> dict[str, Any]:
    names = ("id", "kind", "run_id", "environment", "app", "requested_by", "approval", "state", "facts")
    moments = ("started_at", "updated_at", "finished_at")
    return {name: getattr(record, name) for name in (*names, *moments)}
