"""What of Heroku's own texts is passed on, and what is withheld."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bc_pipelines.heroku.models import LogLine
from bc_pipelines.heroku.redact import WITHHELD, safe_log, without_urls

SECRET = "ann@example.com"


def logged(message: str) -> str:
    """One line of a log as it is passed on."""
    return safe_log([LogLine(None, "info", message)], 5)[0]


@pytest.mark.parametrize(
    "message",
    [
        "waiting for restore to complete",
        "pg_dump done",
        "Could not initialize transfer",
        'pg_restore: processing data for table "public.users_user"',
        'pg_restore: error: COPY failed for table "a": ERROR:  duplicate key violates unique constraint "a_email_key"',
        'pg_restore: error: could not execute query: ERROR:  relation "users_user" already exists',
    ],
)
def test_what_helps_is_passed_on(message: str) -> None:
    """The worker's own words and names of tables and constraints are shown as they are."""
    assert logged(message) == message


@pytest.mark.parametrize(
    "message",
    [
        f"DETAIL:  Key (email)=({SECRET}) already exists.",
        f'CONTEXT:  COPY users_user, line 3: "7\t{SECRET}"',
        f"Could not open the gate, wrote {SECRET}",
        f"pg_restore: detail: Command was: ALTER ROLE {SECRET}",
        SECRET,
        "",
    ],
)
def test_what_can_be_a_row_is_withheld(message: str) -> None:
    """A line of any other form may quote a row or continue one."""
    assert logged(message) == WITHHELD


@settings(deadline=None)
@given(st.text())
def test_a_quoted_value_is_cut_off(value: str) -> None:
    """Whatever follows the first quoted text that is no name is not shown."""
    shown = logged(f'pg_restore: error: ERROR:  invalid input syntax for type integer: "{value} {SECRET}')
    assert shown == "pg_restore: error: ERROR:  invalid input syntax for type integer: …"


def test_only_the_end_of_a_log_is_shown() -> None:
    """The last lines are what a person needs."""
    lines = [LogLine(None, "info", f"pg_restore: {number}") for number in range(9)]
    assert safe_log(lines, 2) == ("pg_restore: 7", "pg_restore: 8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see postgres://u:p@h:5432/d, please", "see postgres://… please"),
        ('"https://h/k?X-Amz-Signature=1"', '"https://…"'),
        ("no address", "no address"),
    ],
)
def test_urls_are_cut_to_their_scheme(text: str, shown: str) -> None:
    """An address in a text of Heroku's loses all that could be secret."""
    assert without_urls(text) == shown
