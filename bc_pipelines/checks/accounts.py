"""Whether only staff are left as themselves among the accounts of a restored database.

Who is staff is decided here a second time, from the address as it stands in the database. No name, address or hash
appears in a verdict: accounts are shown by id and the first letter of their username.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal

from bc_pipelines.checks.tables import Connection, table_names
from bc_pipelines.checks.verdict import Row, Verdict, listed

# Addresses of replaced accounts all end here; the name is reserved and can never receive mail (RFC 2606).
SUBSTITUTE_DOMAIN = "replaced.invalid"
# Django's mark of a password that nothing matches (django.contrib.auth.hashers.UNUSABLE_PASSWORD_PREFIX).
UNUSABLE = "!"

_ACCOUNTS = "SELECT id, username, first_name, last_name, email, password FROM users_user ORDER BY id"


@dataclass(frozen=True)
class _Account:
    id: int
    username: str = field(repr=False)
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    email: str = field(repr=False)
    password: str = field(repr=False)

    @property
    def domain(self) -> str:
        return _domain(self.email)

    @property
    def masked(self) -> str:
        return f"{self.id} ({self.username[:1]}…)"


def accounts_replaced(connection: Connection, staff_domains: Collection[str]) -> Verdict:
    """Whether every account that is not staff's has been replaced.

    Replaced means: the address is empty or ends in `replaced.invalid`, no name or username shows any other address,
    and no password can match.

    Args:
        connection: an open connection to the restored database.
        staff_domains: e-mail domains, lower case; an account is staff if its own is exactly one of them.

    Returns:
        The verdict; its rows count accounts by e-mail domain, or list what is wrong, by id and masked username.
    """
    accounts = _read(connection)
    if accounts is None:
        return Verdict(False, "There is no table of accounts in this database, so nothing could be judged.")
    others = [account for account in accounts if account.domain not in staff_domains]
    wrong: list[Row] = [
        {"account": account.masked, "problem": problem} for account in others for problem in _still_shown(account)
    ]
    facts = {"accounts": len(accounts), "staff": len(accounts) - len(others), "not_staff": len(others)}
    facts["not_replaced"] = len({row["account"] for row in wrong})
    if wrong:
        who = listed(sorted({str(row["account"]) for row in wrong}))
        summary = f"{facts['not_replaced']} accounts of people who are not staff still show who they are: {who}."
        return Verdict(False, f"{summary} Nobody may use this copy.", facts, tuple(wrong))
    outside = f" outside {listed(sorted(staff_domains))}" if staff_domains else ""
    summary = f"All {len(others)} accounts{outside} have been replaced."
    return Verdict(True, summary, facts, _by_domain(accounts, staff_domains))


def staff_kept(
    connection: Connection,
    staff_domains: Collection[str],
    passwords: Literal["keep", "replace"],
    expected: int | None = None,
) -> Verdict:
    """Whether staff accounts are there, with their password or without it as the council chose.

    Args:
        connection: an open connection to the restored database.
        staff_domains: e-mail domains, lower case.
        passwords: `keep` if staff log in with their production password, `replace` if nobody can until it is reset.
        expected: how many staff accounts the archive was written with, or None if that is not known.

    Returns:
        The verdict.
    """
    accounts = _read(connection)
    if accounts is None:
        return Verdict(False, "There is no table of accounts in this database, so nothing could be judged.")
    staff = [account for account in accounts if account.domain in staff_domains]
    usable = sum(not account.password.startswith(UNUSABLE) for account in staff)
    facts: dict[str, str | int | float | bool] = {"staff": len(staff), "staff_with_a_password": usable}
    problems = []
    if expected is not None and len(staff) < expected:
        problems.append(f"the archive had {expected} staff accounts, the database has {len(staff)}")
    if passwords == "keep" and staff and not usable:
        problems.append("no member of staff has a password that works, although passwords were to be kept")
    if passwords == "replace" and usable:
        problems.append(f"{usable} staff accounts kept their password hash, although all were to be replaced")
    if problems:
        return Verdict(False, f"Staff accounts are not as chosen: {'; '.join(problems)}.", facts)
    can = (
        f"{usable} can log in with their production password"
        if passwords == "keep"
        else "all must reset their password"
    )
    return Verdict(True, f"{len(staff)} staff accounts are there; {can}.", facts)


def _read(connection: Connection) -> list[_Account] | None:
    with connection.transaction():
        if "users_user" not in table_names(connection):
            return None
        return [_Account(*row) for row in connection.execute(_ACCOUNTS)]


def _still_shown(account: _Account) -> Iterator[str]:
    if account.email.strip() and not _substitute(account.domain):
        yield "its e-mail address was not replaced"
    if "@" in account.username and not _substitute(_domain(account.username)):
        yield "its username is an e-mail address that was not replaced"
    if "@" in account.first_name or "@" in account.last_name:
        yield "its name shows an e-mail address"
    if not account.password.startswith(UNUSABLE):
        yield "its password may still work"


def _substitute(domain: str) -> bool:
    return domain == SUBSTITUTE_DOMAIN or domain.endswith(f".{SUBSTITUTE_DOMAIN}")


def _domain(address: str) -> str:
    return address.strip().lower().rpartition("@")[2]


def _by_domain(accounts: list[_Account], staff_domains: Collection[str]) -> tuple[Row, ...]:
    counts = Counter(account.domain for account in accounts)
    return tuple(
        {"e-mail domain": domain or "(none)", "accounts": count, "staff": domain in staff_domains}
        for domain, count in sorted(counts.items())
    )
