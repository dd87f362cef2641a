"""What is said of a site's Redis: passed, failed with what to do, or not testable, which is never green."""

from dataclasses import replace

import pytest

from bc_pipelines.checks import cache as checks
from bc_pipelines.probes.cache import Cache, Database, Place, Use
from bc_pipelines.probes.told import Untold

GONE = Untold("no connection")
GOOD = Cache(
    address="redis.example:7000",
    number=0,
    encrypted=True,
    trusted=True,
    asks_for_password=True,
    answers=True,
    version="7.0.15",
    policy="allkeys-lru",
    limit=1000,
    process="abc",
    milliseconds=1.5,
    used=500,
    use=Use(1, 2, 3, 4),
    databases=(Database(0, 5, 5),),
)
JUDGES = (checks.answers, checks.encrypted, checks.asks_for_password, checks.evicts_when_full)
PRODUCTION = Place("production.example", 7000, 0, encrypted=True)


def test_a_cache_as_it_must_be() -> None:
    """Every check passes, and says so where nobody vouches for a certificate, as with Heroku's."""
    assert all(judge(GOOD).passed for judge in JUDGES)
    herokus = checks.encrypted(replace(GOOD, trusted=False))
    assert herokus.passed
    assert "Nobody" in herokus.summary


def test_one_that_is_not_there() -> None:
    """That it does not answer is a failure, because nobody else would notice; the rest is not testable."""
    gone = replace(GOOD, **dict.fromkeys(("trusted", "asks_for_password", "answers", "policy", "limit"), GONE))  # type: ignore[arg-type]
    verdict = checks.answers(gone)
    assert (verdict.passed, verdict.severity) == (False, "error")
    for judge in JUDGES[1:]:
        assert judge(gone).facts == {"state": "not_testable"}


def test_something_that_is_no_redis() -> None:
    """An answer that is none of Redis's is no answer."""
    verdict = checks.answers(replace(GOOD, answers=False))
    assert (verdict.passed, verdict.severity) == (False, "error")


def test_one_that_anybody_may_read() -> None:
    """Neither TLS nor a password is a failure, and what to do is said."""
    for verdict in (
        checks.encrypted(replace(GOOD, encrypted=False)),
        checks.asks_for_password(replace(GOOD, asks_for_password=False)),
    ):
        assert (verdict.passed, verdict.severity) == (False, "error")
        assert "Found:" in verdict.summary


@pytest.mark.parametrize(
    ("found", "severity"),
    [
        (replace(GOOD, policy="noeviction"), "warn"),
        (replace(GOOD, policy="noeviction", used=GONE), "warn"),
        (replace(GOOD, policy="noeviction", used=950), "error"),
        (replace(GOOD, limit=0), "warn"),
    ],
)
def test_one_in_which_nothing_makes_room(found: Cache, severity: str) -> None:
    """It is a warning until memory is nearly full."""
    verdict = checks.evicts_when_full(found)
    assert (verdict.passed, verdict.severity) == (False, severity)


def test_one_that_drops_only_what_expires() -> None:
    """It passes, and is said."""
    verdict = checks.evicts_when_full(replace(GOOD, policy="volatile-lru"))
    assert verdict.passed
    assert "without an expiry" in verdict.summary


def test_productions_own() -> None:
    """The same address is a failure, the same server under another name too; another database in it is a warning."""
    other = Untold("not known")
    assert checks.is_not_productions(GOOD, PRODUCTION, "xyz").passed
    assert "alone" not in checks.is_not_productions(GOOD, PRODUCTION, "xyz").summary
    by_address = checks.is_not_productions(GOOD, PRODUCTION, other)
    assert by_address.passed
    assert "by the address alone" in by_address.summary
    assert checks.is_not_productions(GOOD, None, other).facts == {"state": "not_testable"}
    same = replace(GOOD, address=PRODUCTION.address)
    for verdict in (
        checks.is_not_productions(same, PRODUCTION, other),
        checks.is_not_productions(GOOD, PRODUCTION, "abc"),
    ):
        assert (verdict.passed, verdict.severity) == (False, "error")
    assert checks.is_not_productions(replace(same, number=1), PRODUCTION, other).severity == "warn"
