"""One-off dynos: the site's real manage.py, run by `heroku run`, attached and detached."""

from __future__ import annotations

import pytest

from bc_pipelines.sandbox.apps import STAGING
from bc_pipelines_tests.heroku_cli.commands import HerokuCli
from bc_pipelines_tests.heroku_cli.outside import Outside
from bc_pipelines_tests.waiting import until

ATTACHED = ("run", "--no-tty", "--exit-code", "-a", STAGING.name, "--")


def test_an_attached_dyno_runs_manage_py(cli: HerokuCli, outside: Outside) -> None:
    """Output comes back over the rendezvous, and the table that the command made is in PostgreSQL."""
    checked = cli.good(*ATTACHED, "python manage.py migrate --noinput contenttypes && echo made $DYNO")
    assert "made run." in checked.output
    assert outside.tables(STAGING) == {"only_on_staging", "django_content_type", "django_migrations"}


@pytest.mark.parametrize(("command", "code"), [("sh -c 'exit 7'", 7), ("python manage.py no_such_command", 1)])
def test_the_exit_code_of_an_attached_dyno_is_the_clis(cli: HerokuCli, command: str, code: int) -> None:
    """With --exit-code the CLI ends as the command did, and says so."""
    ended = cli.run(*ATTACHED, command)
    assert (ended.code, f"Process exited with code {code}" in ended.shown) == (code, True)


def test_without_exit_codes_an_attached_dyno_only_shows(cli: HerokuCli) -> None:
    """Plain `heroku run` shows what the command wrote and ends with 0, however the command ended."""
    shown = cli.good("run", "--no-tty", "-a", STAGING.name, "--", "echo out; echo err >&2; false")
    assert shown.output == "out\nerr\n"


def test_a_detached_dyno_works_alone(cli: HerokuCli, outside: Outside) -> None:
    """`run:detached` names the dyno and does not wait; the dyno's work appears in PostgreSQL."""
    started = cli.good("run:detached", "-a", STAGING.name, "--", "python manage.py migrate --noinput sessions")
    assert "Running python manage.py migrate --noinput sessions on" in started.shown
    assert "done, run." in started.shown
    until(lambda: "django_session" in outside.tables(STAGING))
