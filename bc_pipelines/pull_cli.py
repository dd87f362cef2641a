"""The commands `bucks pull` and `bucks local`: a developer's database from a sanitised copy, and the way back.

Belongs here: options, help texts, questions. Does not belong here: work (see `operations.local_data`) and what is
printed (see `pull_output`).
"""

from __future__ import annotations

import secrets
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bc_pipelines import pull_output as output
from bc_pipelines.privacy.policy import Policy, UnknownColumns, UnknownTables

if TYPE_CHECKING:
    from bc_pipelines.operations.local_data import Old
    from bc_pipelines.operations.local_target import LocalTarget
    from bc_pipelines.settings import Environment, Privacy

app = typer.Typer(no_args_is_help=True)
local_app = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing unless something goes wrong.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the trace of a failure too.")]
EndConnections = Annotated[
    bool, typer.Option("--end-connections", help="End other programs' connections to the local database.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.callback()
def pull() -> None:
    """Bring a copy without personal data to this machine."""


@app.command()
def data(
    environment: Annotated[str, typer.Argument(metavar="ENV", help="production, staging or development.")],
    source: Annotated[
        str | None, typer.Option("--from", help="A dump that you have, instead of the newest backup on Heroku.")
    ] = None,
    old: Annotated[
        str | None,
        typer.Option(help="keep or drop a local database that no pull made. [default: ask]", metavar="keep|drop"),
    ] = None,
    end_connections: EndConnections = False,
    unknown_tables: Annotated[
        UnknownTables, typer.Option(help="Refuse tables without an entry, or keep them without their rows.")
    ] = "refuse",
    unknown_columns: Annotated[
        UnknownColumns, typer.Option(help="Refuse columns without an entry, or write NULL: for feature branches.")
    ] = "refuse",
    catalogue: Annotated[Path | None, typer.Option(help="Another catalogue than the site's own.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Replace the local database by a sanitised copy of an environment's newest backup.

    The backup passes through this machine's memory, never its disk; the copy is searched for everybody in it, restored
    beside the local database, checked, and swapped in. Until then, and after any failure, the local database is as it
    was.

    Ends with 0 when done, 1 where something failed, 2 where it was refused, 3 where the archive or a setting is bad, 4
    where the proof or a check failed, 130 after Ctrl-C.

    Example: bucks pull data production
    """
    from bc_pipelines import settings
    from bc_pipelines.operations import local_source
    from bc_pipelines.operations.local_data import Wishes
    from bc_pipelines.operations.local_data import pull as pull_data
    from bc_pipelines.operations.local_target import addresses_of, local_target

    with output.ends(output.AS_IT_WAS, as_json=as_json, debug=debug):
        laptop, environments, heroku, scratch = settings.laptop()
        chosen = local_source.environment_named(environment, environments)
        council, public = settings.archive_choices()
        rules = replace(_rules(council, chosen), unknown_tables=unknown_tables, unknown_columns=unknown_columns)
        # A reset has put the sink's address into staging already, where the proof would take it for somebody's.
        public = (*public, council.mail_sink)
        with local_source.heroku_client(heroku) as client:
            target = local_target(laptop, addresses_of(client, environments.values()))
            if source is None:
                raw = local_source.from_heroku(client, chosen)
                if not quiet:
                    typer.echo(f"{raw.backup} of {chosen.name} passes through this machine's memory, raw.", err=True)
            else:
                raw = local_source.from_file(source, chosen)
            wishes = Wishes(rules, public, _decided(old, target), end_connections, scratch, catalogue)
            with output.progress(quiet=quiet or as_json) as watch:
                done = pull_data(raw, target, laptop, wishes, watch)
    output.print_pulled(done, as_json=as_json, quiet=quiet)


@local_app.command()
def status(as_json: AsJson = False, debug: Debug = False) -> None:
    """Show what the local database holds, what was there before, and who is connected.

    Example: bucks local status
    """
    from bc_pipelines.operations import local_back

    with output.ends("Nothing was changed.", as_json=as_json, debug=debug):
        standing = local_back.status(_target())
    if as_json:
        output.print_json(asdict(standing))
    else:
        output.print_standing(standing)


@local_app.command()
def undo(
    yes: Yes = False, end_connections: EndConnections = False, as_json: AsJson = False, debug: Debug = False
) -> None:
    """Exchange the local database and the one before the last pull; a second time brings the pulled one back.

    Ends as `bucks pull data` does.

    Example: bucks local undo
    """
    from bc_pipelines.operations import local_back

    with output.ends(output.AS_IT_WAS, as_json=as_json, debug=debug):
        target = _target()
        local_back.undo(target, confirmed=yes, end_connections=end_connections)
        standing = local_back.status(target)
    if as_json:
        output.print_json(asdict(standing))
    else:
        output.print_standing(standing)


@local_app.command()
def forget(yes: Yes = False, as_json: AsJson = False, debug: Debug = False) -> None:
    """Drop the database before the last pull, and what broken-off pulls left.

    Ends as `bucks pull data` does.

    Example: bucks local forget --yes
    """
    from bc_pipelines.operations import local_back
    from bc_pipelines.operations.errors import Refused

    with output.ends("Nothing was dropped.", as_json=as_json, debug=debug):
        target = _target()
        if not yes and not (sys.stdin.isatty() and typer.confirm(f"Drop the database before {target}?")):
            raise Refused("Nobody confirmed; --yes does.")
        found = local_back.forget(target)
    if as_json:
        output.print_json({"dropped": found})
    else:
        typer.echo("Dropped." if found else "There was none.")


def _rules(council: Privacy, environment: Environment) -> Policy:
    """The council's choices for a local copy."""
    # Staging's private pages have that password already, and the proof would rightly find it in the copy.
    own = secrets.token_urlsafe(16)
    return Policy(
        profile="local",
        staff_domains=council.staff_domains,
        staff_passwords=council.staff_passwords,
        mail_sink=council.mail_sink,
        view_restriction_password=own if environment.writable else council.view_restriction_password,
    )


def _target() -> LocalTarget:
    """The local database, held against the environments where there is a token."""
    from bc_pipelines import settings
    from bc_pipelines.operations import local_source
    from bc_pipelines.operations.local_target import addresses_of, local_target

    laptop, environments, heroku, _ = settings.laptop()
    with local_source.heroku_client(heroku) as client:
        return local_target(laptop, addresses_of(client, environments.values()))


def _decided(old: str | None, target: LocalTarget) -> Old | None:
    """What becomes of a database that no pull made: asked on a terminal, where it matters."""
    from bc_pipelines.operations.errors import Refused
    from bc_pipelines.operations.local_back import status as standing_of

    if old == "keep":
        return "keep"
    if old == "drop":
        return "drop"
    if old is not None:
        raise Refused("--old is keep or drop.")
    if not sys.stdin.isatty():
        return None
    standing = standing_of(target)
    if not standing.there or "pulled" in (standing.made_by or {}):
        return None
    typer.echo(f"{target} was not made by a sanitised pull: it may hold personal data, or your own work.", err=True)
    answer = typer.prompt("keep it for a week, drop it, or stop", default="stop", err=True)
    if answer not in ("keep", "drop"):
        raise Refused("Stopped.")
    return "keep" if answer == "keep" else "drop"
