"""Whether hosts let caches in front of them keep what is everybody's and nothing else, from a look's facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bc_pipelines.checks.each_host import Found, together, unknown
from bc_pipelines.checks.verdict import Verdict, listed
from bc_pipelines.probes.front_end_cache import FrontEnd, Told
from bc_pipelines.probes.told import Untold

_NOT_KEPT = {"private", "no-store", "no-cache"}
# Cloudflare's own, which it gives to each visitor anew and never keeps with a page.
_OF_THE_CACHE = ("__cf", "_cf", "cf_")
_DIGITS = 12
_NOT_THERE = (404, 410)
_NOTHING_KEPT = Found("good", "its home page may not be kept")


def home_page_may_be_kept(seen: Sequence[FrontEnd]) -> Verdict:
    """Whether home pages say what caches may keep: without a word, each cache does as it likes."""

    def judge(each: FrontEnd) -> Found:
        home = _page(each.home)
        if isinstance(home, Found):
            return home
        if not home.directives:
            return Found("warn", "no Cache-Control")
        return Found("good", shown(home.directives))

    return together(
        seen, judge, "the home page says what caches may keep", "Look at the site's CACHE_CONTROL_S_MAXAGE."
    )


def private_pages_are_not_kept(seen: Sequence[FrontEnd]) -> Verdict:
    """Whether no cache may keep the pages of people who log in, and warn of documents, which may turn private later."""

    def judge(each: FrontEnd) -> Found:
        for page in each.admin:
            if isinstance(page, Told) and page.status < 400 and is_kept(page):
                return Found("bad", f"{page.path} says {shown(page.directives)}")
        if isinstance(each.document, Told) and each.document.status < 400 and is_kept(each.document):
            return Found("warn", f"a document says {shown(each.document.directives)}")
        untold = next((page for page in each.admin if isinstance(page, Untold)), None)
        if untold:
            return unknown(untold)
        admin = [page for page in each.admin if isinstance(page, Told)]
        refused = next((page for page in admin if page.status >= 400 and page.status not in _NOT_THERE), None)
        if refused:
            return Found("unknown", f"status {refused.status} in place of a login page")
        mute = next((page for page in admin if page.status == 200 and not page.directives), None)
        if mute:
            return Found("warn", f"{mute.path} has no Cache-Control")
        return Found("good", "neither the admin nor a document may be kept")

    return together(
        seen,
        judge,
        "no cache may keep the admin's pages or documents",
        "Whoever asks next would get what was made for somebody else. Take `public` and s-maxage out there, and empty "
        "the cache.",
    )


def no_cookie_on_kept_pages(seen: Sequence[FrontEnd]) -> Verdict:
    """Whether home pages that may be kept set no cookie: it would be handed to the next visitor."""

    def judge(each: FrontEnd) -> Found:
        home = _page(each.home)
        if isinstance(home, Found):
            return home
        if not is_kept(home):
            return _NOTHING_KEPT
        own = [name for name in home.cookies if not name.startswith(_OF_THE_CACHE)]
        return Found("bad", f"it sets {listed(own)}") if own else Found("good", "it sets no cookie")

    return together(
        seen,
        judge,
        "a home page that caches may keep sets no cookie",
        "One visitor's cookie is handed to the next, or the page is never kept. Take off the page what sets it: a form "
        "with a token, or what starts a session.",
    )


def visitors_are_told_apart(seen: Sequence[FrontEnd]) -> Verdict:
    """Whether home pages that may be kept are kept for each cookie apart: editors see more on them than visitors."""

    def judge(each: FrontEnd) -> Found:
        home = _page(each.home)
        if isinstance(home, Found):
            return home
        if not is_kept(home):
            return _NOTHING_KEPT
        apart = {"cookie", "*"} & set(home.vary)
        return Found("good", "Vary names Cookie") if apart else Found("warn", "Vary does not name Cookie")

    return together(
        seen,
        judge,
        "a home page that caches may keep is kept for each cookie apart",
        "What somebody who has logged in sees may be shown to others. Add Cookie to Vary.",
    )


def is_kept(page: Told) -> bool:
    """Whether a cache that serves everybody may keep a page without asking again (RFC 9111, 3)."""
    told = page.directives
    if told.keys() & _NOT_KEPT:
        return False
    return "public" in told or _seconds(told.get("s-maxage", told.get("max-age", ""))) > 0


def shown(directives: Mapping[str, str]) -> str:
    """A Cache-Control header in words that fit into a sentence."""
    return ", ".join(f"{name}={value}" if value else name for name, value in directives.items()) or "nothing"


def _page(page: Told | Untold) -> Told | Found:
    if isinstance(page, Untold):
        return unknown(page)
    return page if page.status == 200 else Found("unknown", f"status {page.status} in place of a home page")


def _seconds(value: str) -> int:
    # Python reads no number of thousands of digits.
    return int(value[:_DIGITS]) if value.isdecimal() else 0
