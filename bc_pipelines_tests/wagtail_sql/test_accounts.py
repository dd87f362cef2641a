"""Staff accounts of one environment, noted before a restore and put back after it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg

from bc_pipelines.wagtail_sql.accounts import ExtraAccount, PutBack, Skipped, put_back, read_extra_accounts
from bc_pipelines_tests.database.few_tables import add, create_tables

Connection = psycopg.Connection[tuple[Any, ...]]

STAFF = frozenset({"buckinghamshire.example", "torchbox.example"})
HASH = "pbkdf2_sha256$1$salt$never-in-a-log"
TABLES = ("users_user", "auth_group", "users_user_groups", "wagtailusers_userprofile")


def account(**changes: Any) -> ExtraAccount:  # noqa: ANN401 - any field of the dataclass
    """A staff account as it was noted."""
    values: dict[str, Any] = {
        "id": 7,
        "username": "ada",
        "email": "ada@buckinghamshire.example",
        "first_name": "Ada",
        "last_name": "Invented",
        "password": HASH,
        "is_staff": True,
        "is_superuser": False,
        "is_active": True,
        "date_joined": datetime(2026, 1, 1, tzinfo=UTC),
        "last_login": None,
        "groups": ["Editors"],
    }
    return ExtraAccount(**(values | changes))


def test_an_empty_database_has_no_accounts(connection: Connection) -> None:
    """A staging database without tables is read as one without accounts."""
    assert read_extra_accounts(connection, STAFF) == ()


def test_only_staff_are_noted(connection: Connection) -> None:
    """Exactly the configured domains count, whatever blanks and capitals stand around them."""
    create_tables(connection, *TABLES)
    emails = {
        "ada": " Ada@Buckinghamshire.EXAMPLE ",
        "bea": "bea@notbuckinghamshire.example",
        "col": "col@buckinghamshire.example.org",
        "dan": "dan@sub.torchbox.example",
        "eve": "eve@torchbox.example",
        "fay": "u17@replaced.invalid",
        "gus": "",
    }
    for username, email in emails.items():
        add(connection, "users_user", username=username, email=email, password=HASH)
    noted = read_extra_accounts(connection, STAFF | {"replaced.invalid"})
    assert [one.username for one in noted] == ["ada", "eve"]


def test_groups_and_hash_are_noted_and_nothing_shows(connection: Connection) -> None:
    """An account is noted with its groups' names and its hash; its repr has neither hash, name nor address."""
    create_tables(connection, *TABLES)
    add(connection, "users_user", username="ada", email="ada@torchbox.example", password=HASH, first_name="Ada")
    for name in ("Moderators", "Editors"):
        add(connection, "auth_group", name=name)
    for group in (1, 2):
        add(connection, "users_user_groups", user_id=1, group_id=group)
    (noted,) = read_extra_accounts(connection, STAFF)
    assert (noted.groups, noted.password) == (["Editors", "Moderators"], HASH)
    assert not any(secret in repr(noted) for secret in (HASH, "ada", "Ada", "torchbox"))
    assert noted.masked == "1 (a…)"


def test_a_missing_account_is_put_back_with_groups_and_profile(connection: Connection) -> None:
    """An account that the restore did not bring is inserted, joins its groups by name and gets a profile."""
    create_tables(connection, *TABLES)
    add(connection, "auth_group", name="Moderators")
    add(connection, "auth_group", name="Editors")
    result = put_back(connection, [account(groups=["Editors", "Gone"])])
    assert result == PutBack(restored=("7 (a…)",), already_there=(), skipped=(), missing_groups=("Gone",))
    (noted,) = read_extra_accounts(connection, STAFF)
    assert noted == account(id=1)
    profile = connection.execute("SELECT user_id, avatar, theme, dismissibles FROM wagtailusers_userprofile").fetchall()
    assert profile == [(1, "", "system", {})]


def test_putting_back_twice_inserts_once(connection: Connection) -> None:
    """The second time every account is there already."""
    create_tables(connection, *TABLES)
    put_back(connection, [account()])
    assert put_back(connection, [account()]).already_there == ("7 (a…)",)
    assert connection.execute("SELECT count(*) FROM users_user").fetchone() == (1,)


def test_an_account_that_the_restore_brought_is_left_alone(connection: Connection) -> None:
    """Production's account of the same person, under another username, keeps its password."""
    create_tables(connection, *TABLES)
    add(connection, "users_user", username="ada.i", email="ADA@buckinghamshire.example", password="production's")
    assert put_back(connection, [account()]).already_there == ("7 (a…)",)
    assert connection.execute("SELECT username, password FROM users_user").fetchall() == [("ada.i", "production's")]


def test_a_username_that_somebody_else_has_is_skipped(connection: Connection) -> None:
    """Usernames are unique: the account is reported with the reason, and nobody's account is overwritten."""
    create_tables(connection, *TABLES)
    add(connection, "users_user", username="Ada", email="other@torchbox.example")
    result = put_back(connection, [account()])
    assert result.skipped == (Skipped("7 (a…)", "another account has this username now"),)
    assert result.restored == ()


def test_what_postgresql_refuses_is_skipped_alone(connection: Connection) -> None:
    """One impossible account is undone and reported by SQLSTATE, without values; the next one is still put back."""
    create_tables(connection, *TABLES)
    impossible = account(id=8, username="x" * 200, email="x@torchbox.example")
    result = put_back(connection, [impossible, account(groups=[])])
    assert result.restored == ("7 (a…)",)
    assert result.skipped == (Skipped("8 (x…)", "PostgreSQL refused it (SQLSTATE 22001)"),)


def test_a_site_without_profiles_works(connection: Connection) -> None:
    """Where there is no table of profiles, none is made."""
    create_tables(connection, *TABLES[:3])
    assert put_back(connection, [account(groups=[])]).restored == ("7 (a…)",)
