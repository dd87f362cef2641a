"""The `bucks` command.

Belongs here: command names, help texts, exit codes, and what is printed. Does not belong here: work (see `operations`)
and running jobs (see `defs.launch`). Heavy modules are imported inside the commands, so that help answers at once.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Column, Table

from bc_pipelines.archive_cli import app as archive_app
from bc_pipelines.sandbox.cli import app as sandbox_app

if TYPE_CHECKING:
    from bc_pipelines.defs.launch import Outcome

app = typer.Typer(
    help="Reset Buckinghamshire Council's staging sites from production, without personal data.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(sandbox_app, name="sandbox", help="The outside world on this machine: PostgreSQL, S3, Heroku, a site.")
app.add_typer(archive_app, name="archive", help="Backups as files: look into them, take personal data out, prove it.")

FAILED = 1


@app.command()
def reset(
    confirm: Annotated[str, typer.Option(help="Type the name of the Heroku app whose database is wiped.")],
    requested_by: Annotated[str, typer.Option(help="Who asks, for the record.")] = "",
    report: Annotated[Path | None, typer.Option(help="Where to put a copy of the report.")] = None,
    ui_url: Annotated[str, typer.Option(help="Address of the Dagster UI, for the links.", envvar="BC_UI_URL")] = "",
) -> None:
    """Reset staging from production's backup: run the job reset_staging here and print what happened.

    Ends with 0 when every check passed, with 1 otherwise.

    Example: bucks reset --confirm buckinghamshire-staging
    """
    from bc_pipelines.defs.launch import run_reset

    console = Console()
    with _in_a_sentence(console), console.status("reset_staging begins") as status:
        outcome = run_reset(confirm, requested_by or getpass.getuser(), lambda step: status.update(f"[bold]{step}[/]"))
    _print_outcome(console, outcome, ui_url)
    if outcome.succeeded and report is not None:
        with _in_a_sentence(console):
            _save_report(outcome, report)
        console.print(f"Report: {report}")
    if not outcome.succeeded or outcome.failed_checks:
        raise typer.Exit(FAILED)


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port of the UI.", envvar="BC_UI_PORT")] = 3000,
) -> None:
    """Open the Dagster UI and its daemon. Ctrl-C stops both.

    Runs of this machine whose process is gone are reported as failed first.

    Example: bucks ui --port 3000
    """
    from bc_pipelines.defs.webserver import serve

    console = Console()
    with _in_a_sentence(console):
        code = serve(port, console)
    raise typer.Exit(code)


@contextmanager
def _in_a_sentence(console: Console) -> Iterator[None]:
    """Print what is missing or does not answer as a sentence instead of a traceback."""
    from bc_pipelines.operations.errors import OutOfReach
    from bc_pipelines.settings import SettingsError

    try:
        yield
    except (OutOfReach, SettingsError) as reason:
        console.print(f"[red]Not done.[/] {escape(str(reason))}", highlight=False, soft_wrap=True)
        raise typer.Exit(FAILED) from None


def _print_outcome(console: Console, outcome: Outcome, ui_url: str) -> None:
    console.print(_steps_table(outcome))
    _print_checks(console, outcome)
    console.print(_figures_table(outcome))
    if not outcome.succeeded:
        console.print(f"\n[bold red]The reset stopped.[/] {escape(outcome.failure)}", highlight=False, soft_wrap=True)
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
            console.print(Padding(f"{mark} {name}. {check.summary}", (0, 0, 0, 2)), highlight=False)


_FIGURES = (
    ("Rows removed", "staging/sanitised_archive", "rows purged"),
    ("Rows rewritten", "staging/sanitised_archive", "rows rewritten"),
    ("Accounts kept", "staging/sanitised_archive", "accounts kept"),
    ("Accounts replaced", "staging/sanitised_archive", "accounts replaced"),
    ("Staff accounts put back", "staging/accounts", "put back"),
    ("Site records changed", "staging/site_records", "changed"),
    ("Seconds in maintenance", "staging/ready", "seconds in maintenance"),
)


def _figures_table(outcome: Outcome) -> Table:
    table = Table(title="\nWhat happened", title_justify="left", show_header=False, box=None)
    for words, asset, label in _FIGURES:
        if label in outcome.metadata.get(asset, {}):
            table.add_row(words, str(outcome.metadata[asset][label]))
    return table


def _save_report(outcome: Outcome, path: Path) -> None:
    from bc_pipelines.operations.tools import open_tools

    key = str(outcome.metadata["staging/reset_report"]["report as a page"]).partition("//")[2].partition("/")[2]
    with open_tools() as tools:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(tools.archives.get_text(key), encoding="utf-8")


def main() -> None:
    """Entry point of the `bucks` script."""
    app()
