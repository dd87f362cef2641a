"""What visitors of the staging hosts get once maintenance is lifted: looked at once, judged in four verdicts."""

from __future__ import annotations

import re
import ssl
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from bc_pipelines.checks.fetch import Answer, Visitor
from bc_pipelines.checks.hidden import verdict_on_hosts, why_hidden
from bc_pipelines.checks.page import EDITORS, Content, Link, read_page
from bc_pipelines.checks.verdict import Row, Verdict, listed

# Addresses that are no page of the site, or whose page is not worth a look.
_NO_PAGE = re.compile(r"^/(admin|django-admin|documents|media|static|search)\b|\.\w{1,5}$")
_SITEMAP_ADDRESS = re.compile(r"<loc>\s*([^<]+?)\s*</loc>", re.IGNORECASE)
_DISALLOW_ALL = re.compile(r"(?im)^\s*disallow:\s*/\s*$")
# Where Wagtail's form for the password of a private page leads (wagtail/urls.py); the page itself is not shown.
_PAGE_PASSWORD = "/_util/authenticate_with_password/"  # noqa: S105 - an address
_SHOWN = 50


@dataclass(frozen=True)
class Page:
    """One page as it was served: the server's answer and what it says."""

    answer: Answer
    content: Content

    @property
    def why_hidden(self) -> str:
        """What keeps search engines off it, in words; an empty text if nothing does."""
        if any(link.place == "form" and _PAGE_PASSWORD in link.url for link in self.content.links):
            return "asks for the password of a private page"
        header = ", ".join(self.answer.headers.get_list("X-Robots-Tag"))
        return why_hidden(self.answer.status, self.content.robots, header)


@dataclass(frozen=True)
class Served:
    """What a host served.

    Attributes:
        host: the host.
        front: its home page as anybody gets it, without a login.
        pages: the pages that were read, home page first; with a login if the host asks for one and one was given.
        sitemap: addresses in its sitemap.xml.
        robots_txt_disallows: whether its robots.txt forbids reading anything.
    """

    host: str
    front: Page
    pages: tuple[Page, ...]
    sitemap: tuple[Link, ...]
    robots_txt_disallows: bool

    @property
    def links(self) -> Iterator[tuple[str, Link]]:
        """Every address found, with the address of the page that it stands on."""
        for page in self.pages:
            if page.answer.redirect:
                yield page.answer.url, Link("redirect", page.answer.redirect)
            for link in page.content.links:
                yield page.answer.url, link
        for link in self.sitemap:
            yield f"https://{self.host}/sitemap.xml", link


def look(
    hosts: Sequence[str],
    *,
    connect_to: str | None = None,
    patience: float = 120,
    login: tuple[str, str] | None = None,
    more_pages: int = 3,
    tls: ssl.SSLContext | None = None,
) -> tuple[Served, ...]:
    """Fetch the home page of every host over HTTPS, a few pages it links to, its sitemap.xml and its robots.txt.

    Args:
        hosts: the staging hosts.
        connect_to: `host:port` that answers for every host, as curl's `--connect-to`; None for the ordinary way.
        patience: seconds during which hosts that do not answer yet, all together, are asked again.
        login: name and password for basic auth, or None.
        more_pages: how many pages beyond the home page are read, at most, on each host.
        tls: how certificates are verified; None for httpx's own way, which heeds SSL_CERT_FILE.

    Returns:
        What each host served, in the order given.
    """
    auth = httpx.BasicAuth(*login) if login else None
    with Visitor(connect_to, patience, auth, tls) as visitor:
        return tuple(_look_at(visitor, host, more_pages, login is not None) for host in hosts)


def pages_answer(served: Sequence[Served], site_names: Mapping[str, str], basic_auth: bool) -> Verdict:
    """Whether every host answers with a page of its own site.

    Args:
        served: what `look` saw.
        site_names: host -> name of its Site record, which its title must contain; a host may be left out.
        basic_auth: whether the hosts are meant to ask for a password, so that 401 is an answer.

    Returns:
        The verdict; its rows are the hosts.
    """
    titles = Counter(host.pages[0].content.title for host in served if host.pages[0].answer.status == 200)
    rows = tuple(_answer_row(host, site_names.get(host.host, ""), titles, basic_auth) for host in served)
    wrong = [row for row in rows if row["problem"]]
    facts = {"hosts": len(rows), "answering": len(rows) - len(wrong)}
    if not rows:
        return Verdict(False, "No staging hosts were given, so nothing could be judged.", facts)
    if wrong:
        reasons = listed(f"{row['host']} ({row['problem']})" for row in wrong)
        return Verdict(False, f"Not every staging host answers as it should: {reasons}.", facts, rows)
    return Verdict(True, f"All {len(rows)} staging hosts answer with their own title.", facts, rows)


def generated_links(
    served: Sequence[Served], production_hosts: Collection[str], production_buckets: Collection[str] = ()
) -> Verdict:
    """Whether anything that the site generates points at production.

    Args:
        served: what `look` saw.
        production_hosts: hosts that must not appear, media domains included.
        production_buckets: names of buckets that must not appear, as first label of a host or first part of a path.

    Returns:
        The verdict; its rows are the addresses that were found, the page and the place in it.
    """
    found = _at_production(served, production_hosts, production_buckets, editors=False)
    pages = sum(1 for host in served for page in host.pages if page.answer.status == 200)
    facts = {"pages": pages, "links": sum(1 for host in served for _ in host.links), "at_production": len(found)}
    if found:
        places = listed(sorted({str(row["place"]) for row in found}))
        summary = (
            f"{len(found)} addresses that the site generates point at production ({places}). "
            "Clear staging's cache and check its Site records and config vars."
        )
        return Verdict(False, summary, facts, found[:_SHOWN])
    if not pages:
        asked = bool(served) and all(host.front.answer.status == 401 for host in served)
        why = "every host asks for a password and none was given" if asked else "no host answered with a page"
        summary = f"No page was read for links to production: {why}."
        return Verdict(False, summary, facts, severity="warn" if asked else "error")
    return Verdict(True, f"Nothing that the site generates on {pages} pages points at production.", facts)


def editors_links(served: Sequence[Served], production_hosts: Collection[str]) -> Verdict:
    """Count links to production that editors wrote into pages; they are left as they are.

    Args:
        served: what `look` saw.
        production_hosts: production's hosts.

    Returns:
        A verdict that only ever warns; its rows are the links.
    """
    found = _at_production(served, production_hosts, (), editors=True)
    facts = {"links_to_production": len(found)}
    if not found:
        return Verdict(True, "No link that editors wrote into these pages leads to production.", facts, severity="warn")
    summary = (
        f"Links that editors wrote and that lead from staging to production: {len(found)}. They are content and stay "
        "as they are; whoever tests on staging should know that these links leave it."
    )
    return Verdict(False, summary, facts, found[:_SHOWN], severity="warn")


def hidden_as_served(served: Sequence[Served]) -> Verdict:
    """Whether search engines are kept off every host, judged by what was served.

    Args:
        served: what `look` saw.

    Returns:
        The verdict; its rows are the hosts.
    """
    rows = tuple(_hidden_row(host) for host in served)
    return verdict_on_hosts(rows, "are hidden")


def _look_at(visitor: Visitor, host: str, more_pages: int, can_log_in: bool) -> Served:
    home = f"https://{host}/"
    front = _page(visitor.get(home))
    login = can_log_in and front.answer.status == 401
    first = _page(visitor.get(home, login=True)) if login else front
    others = [_page(visitor.get(url, login=login)) for url in _pages_to_read(first, host)[:more_pages]]
    robots = visitor.get(f"https://{host}/robots.txt", login=login)
    sitemap = visitor.get(f"https://{host}/sitemap.xml", login=login)
    return Served(
        host=host,
        front=front,
        pages=(first, *others),
        sitemap=tuple(
            Link("sitemap", url) for url in _SITEMAP_ADDRESS.findall(sitemap.body if sitemap.status == 200 else "")
        ),
        robots_txt_disallows=robots.status == 200 and bool(_DISALLOW_ALL.search(robots.body)),
    )


def _page(answer: Answer) -> Page:
    return Page(answer, read_page(answer.body, answer.url))


def _pages_to_read(page: Page, host: str) -> list[str]:
    """The pages of the same host that a page links to, each once, in its order."""
    found: dict[str, None] = {}
    for link in page.content.links:
        parts = urlsplit(link.url)
        wanted = link.place in ("navigation", EDITORS) and parts.netloc == host
        if wanted and parts.path not in ("", "/") and not _NO_PAGE.search(parts.path):
            found[f"https://{host}{parts.path}"] = None
    return list(found)


def _answer_row(host: Served, site_name: str, titles: Counter[str], basic_auth: bool) -> Row:
    page = host.pages[0]
    return {
        "host": host.host,
        "status": page.answer.status,
        "title": page.content.title if page.answer.status == 200 else "",
        "problem": _problem(page, site_name, titles, basic_auth),
    }


def _problem(page: Page, site_name: str, titles: Counter[str], basic_auth: bool) -> str:
    status, title = page.answer.status, page.content.title
    if page.answer.problem:
        return page.answer.problem
    if status == 401 and basic_auth:
        return ""
    if status != 200:
        return f"it answers {status}"
    if not title:
        return "its page has no title"
    if titles[title] > 1:
        return "another host has the same title"
    if site_name and site_name.casefold() not in title.casefold():
        return f"its title does not contain “{site_name}”"
    return ""


def _at_production(
    served: Sequence[Served], hosts: Collection[str], buckets: Collection[str], *, editors: bool
) -> tuple[Row, ...]:
    hosts, buckets = {host.lower() for host in hosts}, set(buckets)
    return tuple(
        {"page": page, "place": link.place, "address": link.url}
        for host in served
        for page, link in host.links
        if (link.place == EDITORS) is editors and _leads_to(link.url, hosts, buckets)
    )


def _leads_to(url: str, hosts: set[str], buckets: set[str]) -> bool:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    first_label, first_part = host.partition(".")[0], parts.path.lstrip("/").partition("/")[0]
    return host in hosts or first_label in buckets or first_part in buckets


def _hidden_row(host: Served) -> Row:
    answering = [page for page in (host.front, *host.pages) if page.answer.status in (200, 401)]
    open_pages = [page.answer.url for page in answering if not page.why_hidden]
    # A host that lets nobody in without a password hides its pages too, whatever these say.
    hidden = host.front.answer.status == 401 or (host.front.answer.status == 200 and not open_pages)
    why = host.front.why_hidden if hidden else host.front.answer.problem
    if open_pages and not hidden:
        why = f"nothing hides {listed(open_pages, 3)}"
    return {
        "host": host.host,
        "hidden": hidden,
        "why": why or f"status {host.front.answer.status}",
        "robots.txt forbids reading": host.robots_txt_disallows and host.front.answer.status != 401,
    }
