"""The commands `bucks pull media|images`, `bucks push media|images` and `bucks media plan|sync|verify`.

Belongs here: options, help texts, questions. Does not belong here: work (see `operations.media_local` and
`operations.media_sync`) and what is printed (see `media_output`).
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bc_pipelines import media_output as show
from bc_pipelines import pull_output as output
from bc_pipelines.pull_cli import AsJson, Debug, Quiet, Yes
from bc_pipelines.pull_cli import app as pull_app
from bc_pipelines.storage import LOCAL, Scope

if TYPE_CHECKING:
    from bc_pipelines.media.move import Moved
    from bc_pipelines.operations.media_ends import Ends

push_app = typer.Typer(no_args_is_help=True)
app = typer.Typer(no_args_is_help=True)

From = Annotated[str, typer.Argument(metavar="ENV", help="production, staging or development.")]
To = Annotated[str, typer.Argument(metavar="ENV", help="staging or development; never production.")]
Source = Annotated[str, typer.Argument(metavar="SOURCE", help="production, staging, development or local.")]
Target = Annotated[str, typer.Argument(metavar="TARGET", help="staging, development or local; never production.")]
Scoped = Annotated[Scope, typer.Option("--scope", help="Everything, or only the images that editors uploaded.")]
Delete = Annotated[bool, typer.Option("--delete", help="Delete what is too much on the target, after a question.")]


@dataclass(frozen=True)
class _Wish:
    """What was asked for: which files, whether deletions too and without a question, and for whom it is printed."""

    scope: Scope
    deletes: bool = False
    yes: bool = False
    as_json: bool = False
    quiet: bool = False


_STATE = "What was copied is there and whole; nothing is deleted before everything else has arrived."


@push_app.callback()
def push() -> None:
    """Bring this machine's media to an environment's bucket."""


@app.callback()
def media() -> None:
    """Images and documents: what differs between two places, making them the same, and proof of it."""


@pull_app.command("media")
def pull_media(
    environment: From, yes: Yes = False, as_json: AsJson = False, quiet: Quiet = False, debug: Debug = False
) -> None:
    """Pull images, their renditions and documents into `media/`; the plan is shown first.

    Avatars, unfinished uploads, documents that only some people may read and files that the local database does not
    name stay away. What is too much here is deleted after a question, or with --yes.

    Ends with 0 when done, 1 where something failed, 2 where it was refused, 3 where a setting is bad, 130 after Ctrl-C.

    Example: bucks pull media production
    """
    _sync(environment, LOCAL, _Wish(Scope.MEDIA, deletes=True, yes=yes, as_json=as_json, quiet=quiet), debug)


@pull_app.command("images")
def pull_images(
    environment: From, yes: Yes = False, as_json: AsJson = False, quiet: Quiet = False, debug: Debug = False
) -> None:
    """Pull only the images that editors uploaded; the local site makes all renditions anew.

    Ends as `bucks pull media` does.

    Example: bucks pull images production
    """
    _sync(environment, LOCAL, _Wish(Scope.IMAGES, deletes=True, yes=yes, as_json=as_json, quiet=quiet), debug)


@push_app.command("media")
def push_media(
    environment: To = "staging",
    delete: Delete = False,
    yes: Yes = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Push everything in `media/` to an environment's bucket; deletes nothing unless told to.

    Ends as `bucks pull media` does.

    Example: bucks push media staging
    """
    _sync(LOCAL, environment, _Wish(Scope.MEDIA, deletes=delete, yes=yes, as_json=as_json, quiet=quiet), debug)


@push_app.command("images")
def push_images(
    environment: To = "staging",
    delete: Delete = False,
    yes: Yes = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Push the images that editors uploaded, without renditions; deletes nothing unless told to.

    Ends as `bucks pull media` does.

    Example: bucks push images staging
    """
    _sync(LOCAL, environment, _Wish(Scope.IMAGES, deletes=delete, yes=yes, as_json=as_json, quiet=quiet), debug)


@app.command()
def plan(
    source: Source, target: Target, scope: Scoped = Scope.MEDIA, as_json: AsJson = False, debug: Debug = False
) -> None:
    """Show what a sync would do: counts, bytes, some names, and whether the guard would let it. Moves nothing.

    Where some documents are private, a probe is put into the target's bucket and deleted again.

    Ends with 0 where a sync would begin, 1 where something failed, 2 where a sync would be refused, 3 where a setting
    is bad.

    Example: bucks media plan production staging
    """
    from bc_pipelines.operations.media_ends import both_ends

    with output.ends("Nothing was changed.", as_json=as_json, debug=debug):
        with both_ends(source, target, scope, deletes=True) as both:
            document = _document(both)
        if as_json:
            output.print_json(document)
        else:
            show.print_plan(document)
        if document["objections"]:
            raise typer.Exit(output.REFUSED)


@app.command()
def sync(
    source: Source,
    target: Target,
    scope: Scoped = Scope.MEDIA,
    delete: Delete = False,
    yes: Yes = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Copy what is new and changed; the plan is shown first.

    Ends as `bucks pull media` does.

    Example: bucks media sync production staging --delete
    """
    _sync(source, target, _Wish(scope, deletes=delete, yes=yes, as_json=as_json, quiet=quiet), debug)


@app.command()
def verify(source: Source, target: Target, as_json: AsJson = False, debug: Debug = False) -> None:
    """Hold a target's files against its database, and against the source's, from a fresh listing. Changes nothing.

    Ends with 0 when all is well, 4 where a file is missing or one is there that must not be, 1, 2 and 3 as above.

    Example: bucks media verify production staging
    """
    from bc_pipelines.operations.media_ends import look_here, look_there

    with output.ends("Nothing was changed.", as_json=as_json, debug=debug):
        verdicts = look_here() if target == LOCAL else look_there(source, target)
        if as_json:
            output.print_json({name: {"passed": v.passed, "summary": v.summary} for name, v in verdicts.items()})
        else:
            show.print_verdicts(verdicts)
        if any(verdict.stops for verdict in verdicts.values()):
            raise typer.Exit(output.NOT_PROVEN)


def _sync(source: str, target: str, asked: _Wish, debug: bool) -> None:
    from bc_pipelines.operations.media_ends import both_ends

    with (
        output.ends(_STATE, as_json=asked.as_json, debug=debug),
        both_ends(source, target, asked.scope, deletes=asked.deletes) as both,
    ):
        document = _document(both)
        if not asked.as_json and not asked.quiet:
            show.print_plan(document)
        both.insist()
        deletes = asked.deletes and _may_delete(document["changes"]["delete"]["count"], asked)
        began, to_move = time.monotonic(), [document["changes"][name] for name in ("copy", "replace")]
        files, size = (sum(each[what] for each in to_move) for what in ("count", "bytes"))
        with show.moving(files, size, quiet=asked.quiet or asked.as_json) as on_progress:
            moved = both.carry_out(on_progress, deletes)
        _tell(document, moved, asked, time.monotonic() - began)
        if target == LOCAL:
            _note(source, both.target, moved, quiet=asked.quiet or asked.as_json)


def _tell(document: dict[str, Any], moved: Moved, asked: _Wish, seconds: float) -> None:
    if asked.as_json:
        done = {"copied": len(moved.copied), "bytes": moved.bytes_copied, "deleted": len(moved.deleted)}
        output.print_json({"outcome": "done", "plan": document, **done})
    elif not asked.quiet:
        kept = document["changes"]["delete"]["count"] - len(moved.deleted)
        show.print_moved(document, moved, seconds, kept=kept)


def _note(environment: str, folder: str, moved: Moved, *, quiet: bool) -> None:
    from bc_pipelines.defs.local_media import note_pull

    if not note_pull(environment, folder, moved) and not quiet:
        typer.echo("This machine has no Dagster of its own that answers, so this pull is not noted in any.", err=True)


def _document(both: Ends) -> dict[str, Any]:
    return show.plan_document(both.source, both.target, both.plan, both.objections, both.notes)


def _may_delete(count: int, asked: _Wish) -> bool:
    """Whether what is too much may go: nobody is asked where there is nothing, and nothing goes without a yes."""
    if not count or asked.yes:
        return True
    return sys.stdin.isatty() and not asked.as_json and typer.confirm(f"Delete {count:,} files that are too much?")
