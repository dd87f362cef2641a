"""The `bucks` command.

Belongs here: command names, help texts, exit codes, and what is printed. Does not belong here: work (see `operations`)
and running jobs (see `defs.launch`). Heavy modules are imported inside the commands, so that help answers at once.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from bc_pipelines.archive_cli import app as archive_app
from bc_pipelines.doctor_cli import doctor
from bc_pipelines.media_cli import app as media_app
from bc_pipelines.media_cli import push_app
from bc_pipelines.pull_cli import app as pull_app
from bc_pipelines.pull_cli import local_app
from bc_pipelines.reset_cli import app as reset_app
from bc_pipelines.reset_cli import preview
from bc_pipelines.sandbox.cli import app as sandbox_app
from bc_pipelines.terminal import in_a_sentence

app = typer.Typer(
    help="Reset Buckinghamshire Council's staging sites from production, without personal data.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(sandbox_app, name="sandbox", help="The outside world on this machine: PostgreSQL, S3, Heroku, a site.")
app.add_typer(reset_app, name="reset")
app.add_typer(archive_app, name="archive", help="Backups as files: look into them, take personal data out, prove it.")
app.add_typer(pull_app, name="pull")
app.add_typer(push_app, name="push")
app.add_typer(media_app, name="media")
app.add_typer(local_app, name="local", help="The local database: what it holds, and the one before the last pull.")


app.command()(preview)
app.command()(doctor)


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
    with in_a_sentence(console):
        code = serve(port, console)
    raise typer.Exit(code)


def main() -> None:
    """Entry point of the `bucks` script."""
    app()
