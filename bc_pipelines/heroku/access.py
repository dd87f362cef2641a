"""What the token may do on each app, in words, found out without changing anything.

Here belongs who is asked what and what follows from the answers. What is then done about it belongs to whoever asks.
What can be tried harmlessly is tried: reading config vars, finding the database, listing backups. What would change
something follows from the token's scope and from the account's role and permissions on the app.

Sources: Dev Center, *OAuth* (scopes), *Collaborating with Other Developers on Your App* (a collaborator of a personal
account's app may do all that its owner may, but for billing and giving it away), *App Permissions and Allowed Actions*
(of a team's app, `deploy` and `operate` together allow everything that a reset does; its table does not name backups).
Heroku does not tell a robot's account from a person's; the other apps that an account sees are the best hint.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from bc_pipelines.heroku.accounts import Account, Collaborator
from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import NotFound, RefusedByGuard, Rejected, Unauthorised
from bc_pipelines.heroku.models import Database

Allowed = Literal["yes", "no", "not known"]

CAPTURE = "capture a backup"
CHANGES = ("restore its database", "switch its maintenance", "scale its dynos", "run one-off dynos")
READS = ("see the app", "read its config vars", "find its database", "list its backups")
_ENOUGH = frozenset({"deploy", "operate"})
_REFUSALS = (NotFound, RefusedByGuard, Rejected, Unauthorised)


@dataclass(frozen=True)
class Right:
    """One thing that the token may or may not do on an app.

    Attributes:
        to: What, to complete "may …".
        allowed: Whether it may.
        why: Where that is known from, without a full stop.
        needed: Whether a reset needs it on this app.
    """

    to: str
    allowed: Allowed
    why: str
    needed: bool


@dataclass(frozen=True)
class AppAccess:
    """What the token may do on one app.

    Attributes:
        app: The app's name.
        email: Of the account that the token belongs to.
        standing: What the account is on the app: `collaborator with deploy, operate, view`.
        other_apps: How many apps the account sees that nobody named; a robot sees none.
        rights: One for each thing asked about, reads first.
    """

    app: str
    email: str
    standing: str
    other_apps: int
    rights: tuple[Right, ...]

    @property
    def objections(self) -> tuple[str, ...]:
        """Sentences: what a reset needs here and will not get. Empty if nothing stands against it."""
        return self._told("no", f"{self.email} may not", "docs/heroku.md says how to give it the right.")

    @property
    def doubts(self) -> tuple[str, ...]:
        """Sentences: what a reset needs here and may not get, and that the account may be a person's."""
        unknown = self._told("not known", f"it is not known whether {self.email} may", "The reset will tell.")
        if not self.other_apps:
            return unknown
        return (
            *unknown,
            f"{self.email} sees other apps as well ({self.other_apps}) and may be a person's account. "
            "Use that of a robot which has access to the apps of the settings only.",
        )

    @property
    def words(self) -> str:
        """One paragraph for a person: who, as what, and every right by its answer."""
        parts = [f"{self.app}: {self.email} is {self.standing}."]
        for answer, start in (("yes", "It may"), ("no", "It may not"), ("not known", "Not known is whether it may")):
            named = [right.to for right in self.rights if right.allowed == answer]
            if named:
                parts.append(f"{start} {', '.join(named)}.")
        return " ".join(parts)

    def _told(self, allowed: Allowed, start: str, end: str) -> tuple[str, ...]:
        """One sentence for each reason among the needed rights with this answer."""
        reasons: dict[str, list[str]] = {}
        for right in self.rights:
            if right.needed and right.allowed == allowed:
                reasons.setdefault(right.why, []).append(right.to)
        return tuple(f"{self.app}: {start} {', '.join(to)}: {why}. {end}" for why, to in reasons.items())


def access(client: HerokuClient, apps: Iterable[str], known_apps: Collection[str] = ()) -> tuple[AppAccess, ...]:
    """Find out what the client's token may do on each app. Nothing is changed.

    Args:
        client: The client whose token is asked about. Its writable apps are those on which changes are needed.
        apps: Names of the apps to ask about, as a rule production's and staging's.
        known_apps: Names of apps that a robot may well see besides, as a rule all of the settings.

    Returns:
        One answer for each app, in the same order. An app that the account does not see is an answer too.

    Raises:
        Unauthorised: Heroku does not accept the token at all.
        HerokuError: Heroku cannot be reached, or answers in a way that says nothing about rights.
    """
    names = tuple(apps)
    account = client.account()
    others = len({app.name for app in client.apps()} - {*names, *known_apps})
    return tuple(_of_app(client, account, app, others) for app in names)


def _of_app(client: HerokuClient, account: Account, app: str, others: int) -> AppAccess:
    reads = _reads(client, app)
    seen = reads[0].allowed == "yes"
    mine = _find(client, account, app) if seen else None
    allowed, why = _may_change(account, mine) if seen else (reads[0].allowed, reads[0].why)
    needed = {CAPTURE, *(CHANGES if app in client.writable_apps else ())}
    changes = [Right(to, allowed, why, to in needed) for to in (CAPTURE, *CHANGES)]
    return AppAccess(app, account.email, _standing(mine, seen=seen), others, (*reads, *changes))


def _reads(client: HerokuClient, app: str) -> list[Right]:
    """Try what changes nothing; the first refusal answers for what comes after it."""
    found: list[Database] = []
    tries: tuple[Callable[[], object], ...] = (
        lambda: client.app(app),
        lambda: client.config_vars(app),
        lambda: found.append(client.database(app)),
        lambda: client.transfers(found[0].owner_app),
    )
    rights: list[Right] = []
    for to, attempt in zip(READS, tries, strict=True):
        try:
            attempt()
        except _REFUSALS as refusal:
            why = refusal.happened.rstrip(".")
            return rights + [Right(rest, "no", why, True) for rest in READS[len(rights) :]]
        rights.append(Right(to, "yes", "it was tried", True))
    return rights


def _find(client: HerokuClient, account: Account, app: str) -> Collaborator | None:
    try:
        return next((one for one in client.collaborators(app) if one.user_id == account.id), None)
    except _REFUSALS:
        return None


def _may_change(account: Account, mine: Collaborator | None) -> tuple[Allowed, str]:
    """Whether the token may capture, restore, scale, switch maintenance and run dynos, and how that is known."""
    if account.scope and "global" not in account.scope:
        scope = ", ".join(sorted(account.scope))
        allowed: Allowed = "not known" if any(one.startswith("write") for one in account.scope) else "no"
        return allowed, f"the token's scope is {scope}; make one with --scope global"
    if mine is None:
        return "not known", "Heroku does not list the account on the app, as it may be with an admin of a team"
    if mine.role in ("owner", "admin"):
        return "yes", f"it is {mine.role} of the app"
    if mine.permissions is None:
        personal = mine.role in ("", "collaborator")
        return ("yes", "it is a collaborator") if personal else ("not known", "Heroku lists no permissions for it")
    given = ", ".join(sorted(mine.permissions)) or "none"
    if mine.permissions >= _ENOUGH:
        return "yes", f"its permissions are {given}"
    some: Allowed = "not known" if mine.permissions & _ENOUGH else "no"
    return some, f"its permissions are {given}; it needs deploy and operate"


def _standing(mine: Collaborator | None, *, seen: bool) -> str:
    if mine is None:
        return "not listed on the app" if seen else "without access to the app"
    role = mine.role or "collaborator"
    return role + (f" with {', '.join(sorted(mine.permissions))}" if mine.permissions else "")
