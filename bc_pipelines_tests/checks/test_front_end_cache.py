"""What is said of what hosts tell caches: passed, failed with what to do, or not testable, which is never green."""

from dataclasses import replace

import pytest

from bc_pipelines.checks import front_end_cache as checks
from bc_pipelines.probes.front_end_cache import FrontEnd, Told
from bc_pipelines.probes.told import Untold

GONE = Untold("ConnectError")
HOME = Told("/", 200, {"public": "", "s-maxage": "600"}, ("cookie",), ())
LOGIN = Told("/admin/login/", 200, {"private": "", "no-store": "", "max-age": "600"}, (), ("csrftoken",))
DOCUMENT = Told("/documents/7/plan.pdf", 302, {}, (), ())
GOOD = FrontEnd("www.council.example", "Cloudflare", HOME, HOME, (LOGIN, LOGIN), DOCUMENT)
JUDGES = (
    checks.home_page_may_be_kept,
    checks.private_pages_are_not_kept,
    checks.no_cookie_on_kept_pages,
    checks.visitors_are_told_apart,
)


def test_hosts_as_they_must_be() -> None:
    """Every check passes, and what may be kept is told."""
    verdicts = [judge([GOOD]) for judge in JUDGES]
    assert all(verdict.passed for verdict in verdicts)
    assert verdicts[0].rows[0]["found"] == "public, s-maxage=600"


@pytest.mark.parametrize("home", [GONE, replace(HOME, status=301)])
def test_hosts_that_told_nothing(home: Told | Untold) -> None:
    """Nothing is testable, and the admin neither where it did not answer."""
    silent = replace(GOOD, home=home, admin=(GONE, LOGIN), document=GONE)
    for judge in JUDGES:
        assert judge([GOOD, silent]).facts == {"state": "not_testable"}
        assert judge([]).facts == {"state": "not_testable"}


def test_a_home_page_that_says_nothing() -> None:
    """It is a warning, and the page is not taken for one that is kept."""
    mute = replace(GOOD, home=replace(HOME, directives={}, vary=(), cookies=("sessionid",)))
    assert checks.home_page_may_be_kept([mute]).severity == "warn"
    assert checks.no_cookie_on_kept_pages([mute]).passed
    assert checks.visitors_are_told_apart([mute]).passed


@pytest.mark.parametrize(
    ("directives", "kept"),
    [
        ({"public": ""}, True),
        ({"s-maxage": "60"}, True),
        ({"max-age": "60"}, True),
        ({"max-age": "9" * 5000}, True),
        ({"max-age": "60", "s-maxage": "0"}, False),
        ({"max-age": "60", "private": ""}, False),
        ({"public": "", "no-store": ""}, False),
        ({"max-age": "a while"}, False),
    ],
)
def test_a_login_page_that_may_be_kept(directives: dict[str, str], kept: bool) -> None:
    """Whatever lets a cache keep it is a failure that names the page."""
    page = replace(LOGIN, directives=directives)
    verdict = checks.private_pages_are_not_kept([replace(GOOD, admin=(LOGIN, page))])
    assert verdict.passed is not kept
    assert not kept or (verdict.severity == "error" and "/admin/login/" in verdict.summary)
    assert checks.private_pages_are_not_kept([replace(GOOD, admin=(LOGIN, replace(page, status=404)))]).passed


def test_login_pages_that_nobody_showed() -> None:
    """Where one is refused, as by a firewall, what it tells caches is not known; what is not there is not kept."""
    refused = replace(LOGIN, status=403, directives={})
    verdict = checks.private_pages_are_not_kept([replace(GOOD, admin=(LOGIN, refused))])
    assert verdict.facts == {"state": "not_testable"}
    assert "403" in verdict.summary
    assert checks.private_pages_are_not_kept([replace(GOOD, admin=(LOGIN, replace(refused, status=404)))]).passed


def test_a_login_page_that_says_nothing() -> None:
    """It is a warning: each cache does as it likes. A redirect is not kept without a word."""
    mute = replace(LOGIN, directives={})
    verdict = checks.private_pages_are_not_kept([replace(GOOD, admin=(mute, LOGIN))])
    assert (verdict.passed, verdict.severity) == (False, "warn")
    assert "/admin/login/" in verdict.summary
    assert checks.private_pages_are_not_kept([replace(GOOD, admin=(LOGIN, replace(mute, status=302)))]).passed


def test_a_document_that_may_be_kept() -> None:
    """It is a warning: it may turn private later."""
    verdict = checks.private_pages_are_not_kept([replace(GOOD, document=replace(DOCUMENT, directives={"public": ""}))])
    assert (verdict.passed, verdict.severity) == (False, "warn")


def test_a_cookie_that_the_next_visitor_would_get() -> None:
    """The site's own is a failure that names it; those that Cloudflare gives to each visitor are none."""
    verdict = checks.no_cookie_on_kept_pages([replace(GOOD, home=replace(HOME, cookies=("__cf_bm", "csrftoken")))])
    assert (verdict.passed, verdict.severity) == (False, "error")
    assert "csrftoken" in verdict.summary
    assert "__cf_bm" not in verdict.summary
    assert checks.no_cookie_on_kept_pages([replace(GOOD, home=replace(HOME, cookies=("__cf_bm", "_cfuvid")))]).passed


def test_a_page_that_is_kept_for_everybody_alike() -> None:
    """It is a warning."""
    verdict = checks.visitors_are_told_apart([replace(GOOD, home=replace(HOME, vary=("accept-encoding",)))])
    assert (verdict.passed, verdict.severity) == (False, "warn")
