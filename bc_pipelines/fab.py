"""The runbook's names for Fabric: `fab pull-production-data` and the rest, each one command of `bucks`.

A fabfile takes them all with ``from bc_pipelines.fab import *``, beside tasks of its own. Belongs here: names, options
and one line of help each; a name more is one small function and its place in ``__all__``. Does not belong here: work,
questions and exit codes, which are those of `bucks`. The tasks are Invoke's, which Fabric runs as its own.
"""

from __future__ import annotations

from invoke.context import Context
from invoke.tasks import task

__all__ = [  # noqa: RUF022 - in the runbook's order
    "pull_dev_data",
    "pull_staging_data",
    "pull_production_data",
    "pull_dev_media",
    "pull_staging_media",
    "pull_production_media",
    "pull_production_images",
    "push_staging_images",
    "push_staging_media",
    "reset_staging",
    "preview_reset",
]

_PULL_HELP = {
    "superuser": "Create a login with this address; its password is shown once.",
    "old": "keep or drop a local database that no pull made.",
    "end_connections": "End other programs' connections to the local database.",
    "from_heroku": "Past the archive store: the newest backup on Heroku, raw through this machine's memory.",
    "unknown_columns": "empty: write NULL into columns without a rule, for feature branches.",
}


@task(help=_PULL_HELP)
def pull_dev_data(
    _context: Context,
    superuser: str = "",
    old: str = "",
    end_connections: bool = False,
    from_heroku: bool = False,
    unknown_columns: str = "",
) -> None:
    """Pull development's data, without anybody in it."""
    _pull_data("development", superuser, old, end_connections, from_heroku, unknown_columns)


@task(help=_PULL_HELP)
def pull_staging_data(
    _context: Context,
    superuser: str = "",
    old: str = "",
    end_connections: bool = False,
    from_heroku: bool = False,
    unknown_columns: str = "",
) -> None:
    """Pull staging's data, without anybody in it."""
    _pull_data("staging", superuser, old, end_connections, from_heroku, unknown_columns)


@task(help=_PULL_HELP)
def pull_production_data(
    _context: Context,
    superuser: str = "",
    old: str = "",
    end_connections: bool = False,
    from_heroku: bool = False,
    unknown_columns: str = "",
) -> None:
    """Pull production's data, without anybody in it."""
    _pull_data("production", superuser, old, end_connections, from_heroku, unknown_columns)


_MEDIA_HELP = {"yes": "Delete what is too much here, without a question."}
_PUSH_HELP = {
    "delete": "Delete what is too much there, after a question.",
    "yes": "Without the question.",
}


@task(help=_MEDIA_HELP)
def pull_dev_media(_context: Context, yes: bool = False) -> None:
    """Pull development's images and documents."""
    _bucks("pull", "media", "development", *_flags(yes=yes))


@task(help=_MEDIA_HELP)
def pull_staging_media(_context: Context, yes: bool = False) -> None:
    """Pull staging's images and documents."""
    _bucks("pull", "media", "staging", *_flags(yes=yes))


@task(help=_MEDIA_HELP)
def pull_production_media(_context: Context, yes: bool = False) -> None:
    """Pull production's images and documents."""
    _bucks("pull", "media", "production", *_flags(yes=yes))


@task(help=_MEDIA_HELP)
def pull_production_images(_context: Context, yes: bool = False) -> None:
    """Pull production's images without renditions."""
    _bucks("pull", "images", "production", *_flags(yes=yes))


@task(help=_PUSH_HELP)
def push_staging_images(_context: Context, delete: bool = False, yes: bool = False) -> None:
    """Push the images that are here to staging."""
    _bucks("push", "images", "staging", *_flags(delete=delete, yes=yes))


@task(help=_PUSH_HELP)
def push_staging_media(_context: Context, delete: bool = False, yes: bool = False) -> None:
    """Push all media that are here to staging."""
    _bucks("push", "media", "staging", *_flags(delete=delete, yes=yes))


@task(help={"confirm": "Type the name of the Heroku app whose database is wiped."})
def reset_staging(_context: Context, confirm: str = "") -> None:
    """Replace staging by a clean copy of production."""
    _bucks("reset", *_given("--confirm", confirm))


@task
def preview_reset(_context: Context) -> None:
    """Show what a reset of staging would do."""
    _bucks("preview")


def _pull_data(
    environment: str, superuser: str, old: str, end_connections: bool, from_heroku: bool, unknown_columns: str
) -> None:
    flags = {"--end-connections": end_connections, "--from-heroku": from_heroku}
    options = {"--superuser": superuser, "--old": old, "--unknown-columns": unknown_columns}
    given = [part for option, value in options.items() for part in _given(option, value)]
    _bucks("pull", "data", environment, *given, *(flag for flag, wanted in flags.items() if wanted))


def _flags(**wanted: bool) -> tuple[str, ...]:
    return tuple(f"--{name}" for name, given in wanted.items() if given)


def _given(option: str, value: str) -> tuple[str, ...]:
    return (option, value) if value else ()


def _bucks(*arguments: str) -> None:
    """Run a command of `bucks` in this process, so that its questions reach the terminal.

    Raises:
        SystemExit: it did not end well; the exit code is its own.
    """
    from bc_pipelines.cli import app

    try:
        app(list(arguments), prog_name="bucks")
    except SystemExit as end:
        # At a good end, the next task that was named has its turn.
        if end.code:
            raise
