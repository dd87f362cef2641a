"""The command `bucks sandbox`, also `python -m bc_pipelines.sandbox.cli`: up, down, run, status, env.

Does not belong here: anything but reading the command line and printing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bc_pipelines.sandbox import environment, mail, servers, slack
from bc_pipelines.sandbox import up as commands
from bc_pipelines.sandbox.errors import SandboxError
from bc_pipelines.sandbox.folder import claim, default_root
from bc_pipelines.sandbox.processes import recorded
from bc_pipelines.sandbox.supervisor import DEFAULT_HOURS
from bc_pipelines.sandbox.world import World, load

NOT_RUNNING = 3
"""Exit code of `status` unless everything runs, as `systemctl status` has it."""

app = typer.Typer(no_args_is_help=True, help="The outside world on loopback: databases, S3, Heroku and the sites.")
Root = Annotated[
    Path | None,
    typer.Option("--root", help="Folder that holds all of it. [default: $BC_SANDBOX, else .sandbox in the checkout]"),
]


class Part(StrEnum):
    """Whom the variables of `env` are for."""

    ALL = "all"
    CLI = "cli"
    PRODUCT = "product"


@app.command()
def up(
    root: Root = None,
    seed: Annotated[int | None, typer.Option(help="Where the invented content starts from. [default: 2026]")] = None,
    scale: Annotated[int | None, typer.Option(min=1, help="How much of it there is. [default: 1]")] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Leave production's database as it is.")] = False,
    hours: Annotated[float, typer.Option(help="After this time it stops by itself.")] = DEFAULT_HOURS,
) -> None:
    """Bring the sandbox up, and fill production the first time."""
    console = Console(stderr=True, highlight=False)
    with _errors(console):
        with console.status("looking at what runs") as spinner:

            def say(text: str) -> None:
                spinner.update(text)
                console.print(f"· {text}")

            folder = root or default_root()
            world = commands.up(folder, seed=seed, scale=scale, fill=not empty, hours=hours, say=say)
        _print_status(console, world)
        console.print("The next step:  [bold]bucks sandbox env[/bold] prints what a shell needs to work with it.")


@app.command()
def down(
    root: Root = None,
    destroy: Annotated[bool, typer.Option("--destroy", help="Delete everything that it made, too.")] = False,
) -> None:
    """Stop everything that the sandbox started."""
    console = Console(stderr=True, highlight=False)
    with _errors(console):
        commands.down(root or default_root(), destroy=destroy)
        console.print("The sandbox is gone." if destroy else "The sandbox is stopped; its data is kept.")


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run(
    command: Annotated[list[str], typer.Argument(help="The command, after `--`.")],
    root: Root = None,
    seed: Annotated[int | None, typer.Option(help="Where the invented content starts from. [default: 2026]")] = None,
    scale: Annotated[int | None, typer.Option(min=1, help="How much of it there is. [default: 1]")] = None,
) -> None:
    """Run one command inside the sandbox, and stop afterwards what was started for it.

    Ends with the command's own exit code.

    Example: bucks sandbox run -- bucks reset --confirm buckinghamshire-staging
    """
    console = Console(stderr=True, highlight=False)
    with _errors(console), console.status("the sandbox is coming up") as spinner:

        def say(text: str) -> None:
            spinner.update(text)
            console.print(f"· {text}")

        with commands.sandbox(root or default_root(), seed=seed, scale=scale, say=say) as world:
            spinner.stop()
            before = len(mail.mails(world)), len(slack.messages(world))
            code = commands.run_inside(world, command)
            _print_told(console, world, *before)
    raise typer.Exit(code)


@app.command()
def status(root: Root = None) -> None:
    """Say which servers run; ends with 3 unless all of them do."""
    console = Console(highlight=False)
    with _errors(Console(stderr=True, highlight=False)):
        world = _world(root)
        if not _print_status(console, world):
            raise typer.Exit(NOT_RUNNING)


@app.command()
def env(
    root: Root = None,
    part: Annotated[Part, typer.Option(help="For the Heroku CLI, for the product, or both.")] = Part.ALL,
) -> None:
    """Print `export NAME='value'` lines, secrets included: eval "$(bucks sandbox env)"."""
    with _errors(Console(stderr=True, highlight=False)):
        variables = {
            Part.ALL: environment.environment,
            Part.CLI: environment.cli_environment,
            Part.PRODUCT: environment.product_environment,
        }[part](_world(root))
        typer.echo(environment.exports(variables), nl=False)


def _world(root: Path | None) -> World:
    folder = (root or default_root()).resolve()
    if folder.exists():
        claim(folder)
    world = load(folder)
    if world is None:
        raise SandboxError(f"There is no sandbox in {folder}; `bucks sandbox up` makes one.")
    return world


def _print_told(console: Console, world: World, mails: int, messages: int) -> None:
    """Say where to read what was sent meanwhile."""
    for path in mail.mails(world)[mails:]:
        console.print(f"An e-mail came in: {_from_here(path)}", soft_wrap=True)
    more = len(slack.messages(world)) - messages
    if more:
        path = slack.folder(world) / slack.CHANNEL_FILE
        console.print(f"Written on Slack: {_from_here(path)} ({more} new)", soft_wrap=True)


def _from_here(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _print_status(console: Console, world: World) -> bool:
    """Print a table of the servers and say whether all run."""
    found = servers.status(world)
    table = Table(box=None, pad_edge=False)
    for heading in ("server", "state", "pid", "address"):
        table.add_column(heading)
    for each in found:
        colour = "green" if each.state == "running" else "red"
        table.add_row(each.name, f"[{colour}]{each.state}[/]", str(each.pid or ""), each.address)
    console.print(table)
    if recorded(servers.records(world), servers.SUPERVISOR) is None:
        console.print("Nothing looks after the servers: the supervisor does not run.")
    return all(each.state == "running" for each in found)


@contextmanager
def _errors(console: Console) -> Iterator[None]:
    """Print what the sandbox could not do as a sentence instead of a traceback."""
    try:
        yield
    except SandboxError as error:
        console.print(f"[red]Not done.[/] {error}", soft_wrap=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
