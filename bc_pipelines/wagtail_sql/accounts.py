"""Staff accounts that exist on one environment only: noting them before a restore, putting them back after it.

Judging accounts belongs in `checks`. Whoever looks at the dataclasses in a log sees ids and masked names, nothing more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from bc_pipelines.wagtail_sql.passwords import hashed
from bc_pipelines.wagtail_sql.tables import Connection, columns, has_table

USERS, GROUPS, MEMBERSHIPS, PROFILES = "users_user", "auth_group", "users_user_groups", "wagtailusers_userprofile"
SUBSTITUTE_DOMAIN = "replaced.invalid"

# What Wagtail 7.0 gives a profile that nobody has changed (wagtail/users/models.py); the database has no defaults.
_PROFILE: dict[str, Any] = {
    "submitted_notifications": True,
    "approved_notifications": True,
    "rejected_notifications": True,
    "updated_comments_notifications": True,
    "preferred_language": "",
    "current_time_zone": "",
    "avatar": "",
    "dismissibles": Jsonb({}),
    "theme": "system",
    "density": "default",
    "contrast": "system",
}

_READ = """
    SELECT u.id, u.username, u.email, u.first_name, u.last_name, u.password, u.is_staff, u.is_superuser, u.is_active,
           u.date_joined, u.last_login,
           coalesce((SELECT array_agg(g.name ORDER BY g.name) FROM users_user_groups m
                     JOIN auth_group g ON g.id = m.group_id WHERE m.user_id = u.id), '{}') AS groups
    FROM users_user u
    ORDER BY u.id
"""

_INSERT = """
    INSERT INTO users_user (username, email, first_name, last_name, password, is_staff, is_superuser, is_active,
                            date_joined, last_login)
    VALUES (%(username)s, %(email)s, %(first_name)s, %(last_name)s, %(password)s, %(is_staff)s, %(is_superuser)s,
            %(is_active)s, %(date_joined)s, %(last_login)s)
    RETURNING id
"""


@dataclass(frozen=True)
class ExtraAccount:
    """A staff account as it stands on the environment that is about to be overwritten.

    Attributes are the columns of `users_user`; `groups` are names of Wagtail's groups. `id` is the row's id before the
    restore; put back, the account gets another.
    """

    id: int
    username: str = field(repr=False)
    email: str = field(repr=False)
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    password: str = field(repr=False)
    is_staff: bool
    is_superuser: bool
    is_active: bool
    date_joined: datetime
    last_login: datetime | None
    groups: list[str]

    @property
    def masked(self) -> str:
        """How the account appears in messages: its id and the first letter of its username."""
        return f"{self.id} ({self.username[:1]}…)"


@dataclass(frozen=True)
class Skipped:
    """An account that was not put back: masked, with the reason in words."""

    account: str
    reason: str


@dataclass(frozen=True)
class PutBack:
    """What became of the noted accounts, each masked.

    Attributes:
        restored: inserted again.
        already_there: came with the restore, so nothing had to be done.
        skipped: could not be inserted, and why.
        missing_groups: groups that some restored account was in and that do not exist any more.
    """

    restored: tuple[str, ...]
    already_there: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    missing_groups: tuple[str, ...]


def read_extra_accounts(connection: Connection, staff_domains: Collection[str]) -> tuple[ExtraAccount, ...]:
    """Note the staff accounts of an environment, with their groups and password hashes.

    Args:
        connection: an open connection to the environment that will be overwritten.
        staff_domains: e-mail domains, lower case; an account is staff if its own is exactly one of them.

    Returns:
        The accounts, by id, without substitutes of an earlier reset; none if the database has no such tables.
    """
    with connection.transaction():
        if not all(has_table(connection, table) for table in (USERS, GROUPS, MEMBERSHIPS)):
            return ()
        with connection.cursor(row_factory=class_row(ExtraAccount)) as cursor:
            accounts = cursor.execute(_READ).fetchall()
    return tuple(account for account in accounts if _is_staff(account.email, staff_domains))


def put_back(connection: Connection, accounts: Iterable[ExtraAccount]) -> PutBack:
    """Insert the noted accounts that the restore did not bring, with their groups by name and a profile.

    An account whose e-mail address is there already is left as it is; so is one whose username somebody else has.

    Args:
        connection: an open connection to the restored database.
        accounts: what `read_extra_accounts` noted before the restore.

    Returns:
        What became of each. Running it again inserts nothing twice.
    """
    restored: list[str] = []
    there: list[str] = []
    skipped: list[Skipped] = []
    missing: set[str] = set()
    with connection.transaction():
        usernames, emails = _taken(connection)
        for account in accounts:
            if account.email.strip().lower() in emails:
                there.append(account.masked)
            elif account.username.lower() in usernames:
                skipped.append(Skipped(account.masked, "another account has this username now"))
            else:
                problem = _insert(connection, account, missing)
                if problem:
                    skipped.append(Skipped(account.masked, problem))
                else:
                    usernames.add(account.username.lower())
                    restored.append(account.masked)
    return PutBack(tuple(restored), tuple(there), tuple(skipped), tuple(sorted(missing)))


def add_superuser(connection: Connection, email: str, password: str) -> None:
    """Insert an account that may do everything, with its address as its user name, and a profile.

    Args:
        connection: an open connection to a copy that nobody else uses.
        email: its address.
        password: in plain text; only its hash goes to the server.
    """
    now = datetime.now(UTC)
    person = {"username": email, "email": email, "first_name": "", "last_name": "", "password": hashed(password)}
    may = dict.fromkeys(("is_staff", "is_superuser", "is_active"), True)
    with connection.transaction():
        row = connection.execute(_INSERT, person | may | {"date_joined": now, "last_login": None}).fetchone()
        if row is not None:
            _add_profile(connection, row[0])


def _is_staff(email: str, staff_domains: Collection[str]) -> bool:
    domain = email.strip().lower().rpartition("@")[2]
    return domain in staff_domains and domain != SUBSTITUTE_DOMAIN


def _taken(connection: Connection) -> tuple[set[str], set[str]]:
    rows = connection.execute("SELECT lower(username), lower(btrim(email)) FROM users_user").fetchall()
    return {username for username, _ in rows}, {email for _, email in rows if email}


def _insert(connection: Connection, account: ExtraAccount, missing: set[str]) -> str | None:
    """Insert one account; on failure only its own rows are undone and the reason is returned, without any value."""
    try:
        with connection.transaction():
            row = connection.execute(_INSERT, vars(account)).fetchone()
            if row is None:
                return "PostgreSQL inserted no row"
            _join_groups(connection, row[0], account.groups, missing)
            _add_profile(connection, row[0])
    except psycopg.Error as error:
        # The message quotes the row; the code alone says what kind of trouble it was.
        return f"PostgreSQL refused it (SQLSTATE {error.sqlstate})"
    return None


def _join_groups(connection: Connection, user_id: int, groups: list[str], missing: set[str]) -> None:
    rows = connection.execute("SELECT name, id FROM auth_group WHERE name = ANY (%s)", [groups]).fetchall()
    found: dict[str, int] = dict(rows)
    missing.update(set(groups) - found.keys())
    for group_id in found.values():
        connection.execute("INSERT INTO users_user_groups (user_id, group_id) VALUES (%s, %s)", [user_id, group_id])


def _add_profile(connection: Connection, user_id: int) -> None:
    present = columns(connection, PROFILES)
    if "user_id" not in present:
        return
    values = {"user_id": user_id} | {name: value for name, value in _PROFILE.items() if name in present}
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(PROFILES),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        ),
        list(values.values()),
    )
