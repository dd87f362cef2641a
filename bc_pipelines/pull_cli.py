"""The commands `bucks pull` and `bucks local`: a developer's database from a sanitised copy, and the way back.

Belongs here: options, help texts, questions. Does not belong here: work (see `operations.local_data`) and what is
printed (see `pull_output`).
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bc_pipelines import pull_output as output
from bc_pipelines.privacy.policy import UnknownColumns, UnknownTables

if TYPE_CHECKING:
    from bc_pipelines.checks.verdict import Verdict
    from bc_pipelines.operations.local_data import Pulled
    from bc_pipelines.operations.local_target import LocalTarget
    from bc_pipelines.operations.local_wishes import Login, Old

app = typer.Typer(no_args_is_help=True)
local_app = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing unless something goes wrong.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the trace of a failure too.")]
EndConnections = Annotated[
    bool, typer.Option("--end-connections", help="End other programs' connections to the local database.")
]
# Of Django's user names (AbstractUser.username); the address is the user name too.
_LONGEST_EMAIL = 150
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.callback()
def pull() -> None:
    """Bring a copy without personal data to this machine."""


@app.command()
def data(
    environment: Annotated[str, typer.Argument(metavar="ENV", help="production, staging or development.")],
    source: Annotated[
        str | None, typer.Option("--from", help="A dump that you have: a file, - or an https address.")
    ] = None,
    from_heroku: Annotated[
        bool,
        typer.Option(
            "--from-heroku",
            "--from-production",
            help="Past the archive store: the newest backup on Heroku, raw through this machine's memory.",
        ),
    ] = False,
    old: Annotated[
        str | None,
        typer.Option(help="keep or drop a local database that no pull made. [default: ask]", metavar="keep|drop"),
    ] = None,
    end_connections: EndConnections = False,
    superuser: Annotated[
        str | None, typer.Option(help="Create a login with this address; its password is shown once.", metavar="EMAIL")
    ] = None,
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

    The copy comes from the archive store, where the team's server made it; where there is none, or with --from-heroku,
    with --from or with other choices about the unknown, it is made here: the backup passes through this machine's
    memory, never its disk, and the copy is searched for everybody in it. It is restored beside the local database,
    checked, and swapped in. Until then, and after any failure, the local database is as it was.

    Ends with 0 when done, 1 where something failed, 2 where it was refused, 3 where the archive or a setting is bad, 4
    where the proof or a check failed, 130 after Ctrl-C.

    Example: bucks pull data production
    """
    from bc_pipelines.operations.local_choice import Way, prepared
    from bc_pipelines.operations.local_data import pull as pull_data
    from bc_pipelines.operations.local_wishes import Wishes

    with output.ends(output.AS_IT_WAS, as_json=as_json, debug=debug):
        login = _login(superuser, shown=output.may_show_a_password(as_json=as_json, quiet=quiet))
        way = Way(source, from_heroku, unknown_tables, unknown_columns, catalogue)
        with prepared(environment, way) as ready:
            if ready.origin.told and not quiet:
                typer.echo(ready.origin.told, err=True)
            kept = _decided(old, ready.target)
            with output.progress(quiet=quiet or as_json) as watch:

                def work(judged: Callable[[str, Verdict], None]) -> Pulled:
                    wishes = Wishes(kept, end_connections, ready.scratch, login, Path.cwd(), judged)
                    return pull_data(ready.origin, ready.target, ready.laptop, wishes, watch)

                done = _recorded(environment, work, quiet=quiet)
    output.print_pulled(done, login, as_json=as_json, quiet=quiet)


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


def _recorded(environment: str, work: Callable[[Callable[[str, Verdict], None]], Pulled], *, quiet: bool) -> Pulled:
    """Pull as a run of this machine's own Dagster instance where there is one; elsewhere say that there is none."""
    from bc_pipelines import settings

    def say(text: str) -> None:
        if not quiet:
            typer.echo(text, err=True)

    home, _ = settings.own_dagster()
    if home is None:
        say("There is no Dagster of this machine's own (DAGSTER_HOME), so this pull is not recorded in any.")
        return work(lambda _name, _verdict: None)
    from bc_pipelines.defs.local_launch import run_pull

    return run_pull(environment, work, say)


def _login(email: str | None, *, shown: bool) -> Login | None:
    """The login to create, with a password that is neither on a command line nor in a log.

    Raises:
        Refused: it is no address, or nobody would see the password.
    """
    from bc_pipelines.operations.errors import Refused
    from bc_pipelines.operations.local_wishes import Login

    if email is None:
        return None
    name, _, domain = email.partition("@")
    if not name or not domain or "@" in domain or len(email) > _LONGEST_EMAIL or email.split() != [email]:
        raise Refused("--superuser wants an e-mail address, as me@council.example. Nothing was changed.")
    if not shown:
        raise Refused(
            "--superuser makes a password, which is shown on a terminal and nowhere else. Nothing was changed. Run it "
            "in a terminal, without --quiet, or let it be in the document: --json"
        )
    return Login(email, secrets.token_urlsafe(12))


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
