"""Whether a site's Redis does what a cache must, and is nobody else's, from a look's facts."""

from __future__ import annotations

from bc_pipelines.checks.verdict import Verdict, not_testable
from bc_pipelines.probes.cache import Cache, Place
from bc_pipelines.probes.told import Untold

_KEEPS_ALL = "noeviction"
# Fuller than this, the next busy day may fill it.
_NEARLY_FULL = 0.9


def answers(seen: Cache) -> Verdict:
    """Whether the Redis lets its site in: sites go on without, so that nobody would notice."""
    if seen.answers is not True:
        found = seen.answers.why if isinstance(seen.answers, Untold) else "what answers is no Redis"
        summary = (
            f"Expected: {seen.address} answers its site. Found: {found}. The site goes on without a cache, "
            "and slower. Look at the add-on (`heroku redis:info`); a Redis in a private space answers its apps alone."
        )
        return Verdict(False, summary)
    return Verdict(True, f"{seen.address} lets its site in and answers.")


def encrypted(seen: Cache) -> Verdict:
    """Whether password and values are encrypted on their way."""
    if not seen.encrypted:
        summary = (
            f"Expected: {seen.address} is spoken to by TLS (rediss://). Found: redis://, so password and values cross "
            "the network in the clear. Use the address with TLS."
        )
        return Verdict(False, summary)
    if isinstance(seen.trusted, Untold):
        return not_testable(f"{seen.address} could not be spoken to by TLS ({seen.trusted.why}).")
    note = "" if seen.trusted else " Nobody who is trusted vouches for its certificate, as with Heroku's own."
    return Verdict(True, f"{seen.address} is spoken to by TLS.{note}")


def asks_for_password(seen: Cache) -> Verdict:
    """Whether somebody without a password is refused."""
    if isinstance(seen.asks_for_password, Untold):
        why = seen.asks_for_password.why
        return not_testable(f"{seen.address} did not say whether it asks for a password ({why}).")
    if not seen.asks_for_password:
        summary = (
            f"Expected: {seen.address} refuses whoever has no password. Found: it let somebody in. Set a password at "
            "once, and empty it: anybody may have put something there."
        )
        return Verdict(False, summary)
    return Verdict(True, f"{seen.address} refuses whoever has no password.")


def evicts_when_full(seen: Cache) -> Verdict:
    """Whether a full Redis makes room: where it does not, nothing can be stored any more."""
    if isinstance(seen.policy, Untold):
        return not_testable(f"what {seen.address} does when it is full was not told ({seen.policy.why}).")
    if seen.limit == 0:
        summary = f"{seen.address} has no limit, so that the whole machine's memory may fill. Set a maxmemory."
        return Verdict(False, summary, severity="warn")
    if seen.policy == _KEEPS_ALL:
        full = _share(seen)
        summary = (
            f"Expected: {seen.address} drops old values when it is full. Found: noeviction, with {full:.0%} of its "
            "memory in use; once it is full, nothing can be stored any more. Set allkeys-lru "
            "(`heroku redis:maxmemory --policy allkeys-lru`)."
        )
        return Verdict(False, summary, severity="error" if full >= _NEARLY_FULL else "warn")
    note = ", those without an expiry excepted" if seen.policy.startswith("volatile-") else ""
    return Verdict(True, f"{seen.address} drops values when it is full{note} ({seen.policy}).")


def is_not_productions(seen: Cache, production: Place | None, process: str | Untold) -> Verdict:
    """Whether a Redis is another one than production's: a reset empties it.

    Args:
        seen: the facts.
        production: where production's is; None where nothing says it.
        process: the id that production's server gave itself, as far as it was told.
    """
    if production is None:
        return not_testable("no Redis of production is known.")
    same_address = seen.address == production.address
    # One server may have two names.
    same_process = isinstance(process, str) and process == seen.process
    if not same_address and not same_process:
        untold = next((each for each in (process, seen.process) if isinstance(each, Untold)), None)
        note = f" Judged by the address alone: one of them did not say who it is ({untold.why})." if untold else ""
        return Verdict(True, f"{seen.address} is another Redis than production's ({production.address}).{note}")
    if seen.number != production.number:
        summary = (
            f"{seen.address} is production's server, if another database in it (number {seen.number}). Both share its "
            "memory and its password. Give this app a Redis of its own."
        )
        return Verdict(False, summary, severity="warn")
    summary = (
        f"{seen.address} is production's Redis, and a reset of this app would empty it. Give this app a Redis of its "
        "own before anything else is done."
    )
    return Verdict(False, summary)


def _share(seen: Cache) -> float:
    if isinstance(seen.used, Untold) or isinstance(seen.limit, Untold):
        return 0.0
    return seen.used / seen.limit
