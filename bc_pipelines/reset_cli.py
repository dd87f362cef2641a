"""`bucks reset` and `bucks preview`: resetting staging, going back, and what is on record of both.

Belongs here: options, help texts and exit codes. Does not belong here: what is printed (see `reset_output`), work (see
`operations`) and running jobs (see `defs.launch`).
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bc_pipelines.reset_output import (
    as_json,
    backups_as_json,
    backups_table,
    print_notice,
    print_notices_sent,
    print_outcome,
    print_preview,
    records_table,
)
from bc_pipelines.terminal import FAILED, in_a_sentence

if TYPE_CHECKING:
    from bc_pipelines.defs.launch import Outcome

app = typer.Typer(invoke_without_command=True, pretty_exceptions_show_locals=False)

NOT_TYPED = 2
Confirm = Annotated[str | None, typer.Option(help="Type the name of the Heroku app whose database is wiped.")]
RequestedBy = Annotated[str, typer.Option(help="Who asks, for the record.")]
UiUrl = Annotated[str, typer.Option(help="Address of the Dagster UI, for the links.", envvar="BC_UI_URL")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class AfterLooking(StrEnum):
    """What a person found who looked for an e-mail."""

    ARRIVED = "arrived"
    LOST = "lost"


@app.callback()
def reset(
    context: typer.Context,
    confirm: Confirm = None,
    requested_by: RequestedBy = "",
    report: Annotated[Path | None, typer.Option(help="Where to put a copy of the report.")] = None,
    ui_url: UiUrl = "",
) -> None:
    """Reset staging from production's backup: run the job reset_staging here and print what happened.

    Ends with 0 when every check passed, with 1 otherwise, with 2 where no name was typed.

    Example: bucks reset --confirm buckinghamshire-staging
    """
    if context.invoked_subcommand is not None:
        return
    from bc_pipelines.defs.launch import run_reset
    from bc_pipelines.operations.lock import who_asks

    console = Console()
    typed, who = _typed(console, confirm, "bucks reset"), requested_by or who_asks()
    with in_a_sentence(console), console.status("reset_staging begins") as status:
        outcome = run_reset(typed, who, lambda step: status.update(f"[bold]{step}[/]"))
    print_outcome(console, outcome, ui_url)
    if outcome.succeeded and report is not None:
        with in_a_sentence(console):
            _save_report(outcome, report)
        console.print(f"Report: {report}")
    _end_with(outcome)


def preview(ui_url: UiUrl = "") -> None:
    """Show what a reset of staging would do and what stands against it: run the job preview_staging_reset here.

    Changes nothing. Ends with 0 where a reset could begin, with 1 otherwise.

    Example: bucks preview
    """
    from bc_pipelines.defs.launch import run_preview

    console = Console()
    with in_a_sentence(console), console.status("preview_staging_reset begins"):
        outcome = run_preview(lambda _step: None)
    print_preview(console, outcome, ui_url)
    _end_with(outcome)


@app.command("roll-back")
def roll_back(
    confirm: Confirm = None,
    raw_data_confirm: Annotated[
        str, typer.Option(help="Only where it asks for it: what must be typed to bring raw data back.")
    ] = "",
    undo: Annotated[str, typer.Option(help="Only where it asks for it: the id of the reset that is undone.")] = "",
    requested_by: RequestedBy = "",
    ui_url: UiUrl = "",
) -> None:
    """Give staging back what it held before its last reset: run the job roll_back_staging here.

    Ends with 0 when every check passed, with 1 otherwise, with 2 where no name was typed.

    Example: bucks reset roll-back --confirm buckinghamshire-staging
    """
    from bc_pipelines.defs.launch import run_rollback
    from bc_pipelines.operations.lock import who_asks

    console = Console()
    typed, who = _typed(console, confirm, "bucks reset roll-back"), requested_by or who_asks()
    with in_a_sentence(console), console.status("roll_back_staging begins") as status:
        outcome = run_rollback(typed, raw_data_confirm, undo, who, lambda step: status.update(f"[bold]{step}[/]"))
    print_outcome(console, outcome, ui_url)
    _end_with(outcome)


@app.command()
def status(json: AsJson = False) -> None:
    """Say where staging stands: who has it now, how the last run ended, and what can be done.

    Ends with 0 where nothing is to be done, with 1 where a run was broken off.

    Example: bucks reset status
    """
    from bc_pipelines import settings
    from bc_pipelines.operations.status import status_of

    console = Console()
    with in_a_sentence(console):
        now = settings.load()
        found = status_of(now.dagster_database_url, now.staging.name)
    if json:
        typer.echo(found.as_json())
    else:
        console.print(found.words, highlight=False, soft_wrap=True, markup=False)
    raise typer.Exit(FAILED if found.broken_off else 0)


@app.command()
def history(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20, json: AsJson = False
) -> None:
    """List resets and ways back, newest first.

    Example: bucks reset history --limit 5
    """
    from bc_pipelines import settings
    from bc_pipelines.operations.record import Records

    console = Console()
    with in_a_sentence(console):
        now = settings.load()
        found = Records(now.dagster_database_url).history(now.staging.name, limit)
    if json:
        typer.echo(as_json(found))
    else:
        console.print(records_table(found) if found else "Nothing is on record yet.")


@app.command()
def notices(
    send: Annotated[bool, typer.Option("--send", help="Send what was not sent yet; nothing is sent twice.")] = False,
    after_looking: Annotated[
        AfterLooking | None, typer.Option(help="Only where it asks for it: what you found in the client's mailbox.")
    ] = None,
    ui_url: UiUrl = "",
) -> None:
    """Show what colleagues and the client are told of the newest finished reset, and whether they were.

    With --send, run the job send_notices here. Ends with 0 when nothing is missing, with 1 otherwise.

    Example: bucks reset notices --send
    """
    from bc_pipelines.defs.launch import run_notices
    from bc_pipelines.operations.notices import of_newest
    from bc_pipelines.operations.tools import open_tools

    console = Console()
    if send:
        with in_a_sentence(console):
            outcome = run_notices(after_looking.value if after_looking else "", lambda _step: None)
        print_notices_sent(console, outcome, ui_url)
        _end_with(outcome)
        return
    with in_a_sentence(console), open_tools() as tools:
        found = of_newest(tools)
    for title, notice in found:
        print_notice(console, f"{title}: {notice.words}", notice.text)
    raise typer.Exit(FAILED if any(notice.state == "not sent" for _, notice in found) else 0)


@app.command("raw-backups")
def raw_backups(
    delete: Annotated[list[str] | None, typer.Option(help="Delete this backup for good; may be repeated.")] = None,
    confirm: Annotated[str, typer.Option(help="To delete: the name of the Heroku app.")] = "",
    json: AsJson = False,
) -> None:
    """List staging's backups that were not made from a sanitised reset: they hold what the public sent in.

    Example: bucks reset raw-backups --delete b012 --confirm buckinghamshire-staging
    """
    from bc_pipelines.operations import raw_backups as operations
    from bc_pipelines.operations.tools import open_tools

    console = Console()
    with in_a_sentence(console), open_tools() as tools:
        target = tools.settings.staging
        if delete:
            gone = operations.delete_raw(tools, target, delete, confirm)
            console.print(f"Deleted for good: {', '.join(each.name for each in gone)}.", highlight=False)
            return
        found = [each for each in operations.kept_backups(tools, target) if each.raw]
    if json:
        typer.echo(backups_as_json(found))
    elif found:
        console.print(backups_table(found))
    else:
        console.print(f"No backup of {target.heroku_app} holds raw data.", highlight=False)


def _typed(console: Console, confirm: str | None, command: str) -> str:
    """The name that was typed; without one, what to type and what would be wiped."""
    if confirm is not None:
        return confirm
    from bc_pipelines import settings

    with in_a_sentence(console):
        app_name = settings.load().staging.heroku_app
    console.print(
        f"[red]Not done.[/] Type {command} --confirm {app_name} to wipe the database of {app_name} and everything made "
        "on it. Nothing was changed.",
        highlight=False,
        soft_wrap=True,
    )
    raise typer.Exit(NOT_TYPED)


def _end_with(outcome: Outcome) -> None:
    if not outcome.succeeded or outcome.failed_checks:
        raise typer.Exit(FAILED)


def _save_report(outcome: Outcome, path: Path) -> None:
    from bc_pipelines.operations.tools import open_tools

    key = str(outcome.metadata["staging/reset_report"]["report as a page"]).partition("//")[2].partition("/")[2]
    with open_tools() as tools:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(tools.archives.get_text(key), encoding="utf-8")
