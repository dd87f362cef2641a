"""Only staff are left as themselves: each way of still showing somebody fails."""

from __future__ import annotations

from typing import Any, Literal

import psycopg
import pytest

from bc_pipelines.checks.accounts import accounts_replaced, staff_kept
from bc_pipelines_tests.database.few_tables import add, create_tables

Connection = psycopg.Connection[tuple[Any, ...]]

STAFF = frozenset({"buckinghamshire.example", "torchbox.example"})
HASH = "pbkdf2_sha256$1$salt$never-in-a-verdict"
REPLACED: dict[str, object] = {
    "username": "user-17",
    "first_name": "Replaced",
    "last_name": "Person",
    "email": "user-17@replaced.invalid",
    "password": "!x",
}


@pytest.fixture
def site(connection: Connection) -> Connection:
    """A member of staff with a password, a replaced account and one that never had an address."""
    create_tables(connection, "users_user")
    add(connection, "users_user", username="ada", email=" Ada@Buckinghamshire.example", password=HASH)
    add(connection, "users_user", **REPLACED)
    add(connection, "users_user", username="robot", email="", password="!")
    return connection


def test_replaced_accounts_pass_and_are_counted_by_domain(site: Connection) -> None:
    """The table shows which side of the line each e-mail domain falls on."""
    verdict = accounts_replaced(site, STAFF)
    assert verdict.passed, verdict.summary
    assert verdict.facts == {"accounts": 3, "staff": 1, "not_staff": 2, "not_replaced": 0}
    assert verdict.rows == (
        {"e-mail domain": "(none)", "accounts": 1, "staff": False},
        {"e-mail domain": "buckinghamshire.example", "accounts": 1, "staff": True},
        {"e-mail domain": "replaced.invalid", "accounts": 1, "staff": False},
    )


@pytest.mark.parametrize(
    "change",
    [
        {"email": "planted@public.example"},
        {"email": "planted@notbuckinghamshire.example"},
        {"email": "planted@buckinghamshire.example.org"},
        {"email": "planted@sub.torchbox.example"},
        {"email": "planted@notreplaced.invalid"},
        {"email": "planted"},
        {"username": "planted@public.example"},
        {"first_name": "planted@public.example"},
        {"last_name": "planted@public.example"},
        {"password": HASH},
        {"password": ""},
        {"is_superuser": True, "email": "planted@public.example"},
    ],
)
def test_whoever_still_shows_fails(site: Connection, change: dict[str, object]) -> None:
    """An address, a look-alike domain, an address in a name, a password: each fails, by id and masked."""
    add(site, "users_user", **(REPLACED | {"username": "unlike"} | change))
    verdict = accounts_replaced(site, STAFF)
    assert not verdict.passed
    assert verdict.facts["not_replaced"] == 1
    assert str(verdict.rows[0]["account"]).startswith("4 (")
    assert not any(secret in repr(verdict) for secret in ("planted", HASH))


def test_no_table_proves_nothing(connection: Connection) -> None:
    """A database without accounts cannot pass either check."""
    assert not accounts_replaced(connection, STAFF).passed
    assert not staff_kept(connection, STAFF, "keep").passed


@pytest.mark.parametrize(
    ("passwords", "password", "expected", "passed"),
    [
        ("keep", HASH, 1, True),
        ("keep", HASH, None, True),
        ("keep", HASH, 2, False),
        ("keep", "!", 1, False),
        ("replace", "!", 1, True),
        ("replace", HASH, 1, False),
    ],
)
def test_staff(
    site: Connection, passwords: Literal["keep", "replace"], password: str, expected: int | None, passed: bool
) -> None:
    """Staff keep their hash or lose it as the council chose, and none of them is missing."""
    site.execute("UPDATE users_user SET password = %s WHERE username = 'ada'", [password])
    assert staff_kept(site, STAFF, passwords, expected).passed is passed


def test_staff_put_back_later_are_not_too_many(site: Connection) -> None:
    """More staff than the archive held are no problem: staging's own accounts were put back."""
    assert staff_kept(site, STAFF, "keep", expected=0).passed
