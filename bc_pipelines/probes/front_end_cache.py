"""What a host tells the cache in front of it, and whether there is one: headers of a few pages, as a visitor gets them.

A search for words is never made: the site keeps count of them, and nothing is changed here. Bodies are read only as far
as a link to a document is looked for. Does not belong here: which hosts are whose, and whether what was told is good.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from bc_pipelines.probes.told import Untold, within

if TYPE_CHECKING:
    import httpx

# Pages of people who have logged in; both of Wagtail's own places for them.
ADMIN = ("/admin/login/", "/django-admin/login/")
_DOCUMENT = re.compile(r"""href=["'](?:https://([^/"']+))?(/documents/\d+/[^"'?#\s]+)""")
_MOST_BYTES = 1_000_000
_SECONDS = 15.0
# For all pages of a host, however slowly they come.
_AT_MOST = 60.0
# Headers by which a cache in front of a site makes itself known, and a part of the value where that counts.
_MARKS = (
    ("Cloudflare", "cf-ray", ""),
    ("Cloudflare", "server", "cloudflare"),
    ("CloudFront", "x-amz-cf-id", ""),
    ("Fastly", "x-served-by", "cache-"),
    ("Akamai", "server", "akamai"),
    ("Varnish", "x-varnish", ""),
    ("one without a name", "x-cache", ""),
    # Nobody but a cache says for how long it has kept something (RFC 9111, 5.1).
    ("one without a name", "age", ""),
)
_OUTCOMES = ("cf-cache-status", "x-cache")


@dataclass(frozen=True)
class Told:
    """What came with one page; no value of a cookie.

    Attributes:
        path: what was asked for.
        status: HTTP status; a redirect is not followed.
        directives: of Cache-Control, in lower case, with their values; none where there is no such header.
        vary: names of headers, in lower case, by which a cache tells visitors apart.
        cookies: names of the cookies that it sets.
        outcome: what a cache says of this answer, such as `HIT`; empty without one.
        age: for how many seconds a cache has kept it; empty without one.
    """

    # Editors link to another document, and nothing has changed of what the host tells caches.
    path: str = field(compare=False, repr=False)
    status: int
    directives: Mapping[str, str]
    vary: tuple[str, ...]
    cookies: tuple[str, ...]
    # Not shown either, because a host's digest is made of what its pages show.
    outcome: str = field(default="", compare=False, repr=False)
    age: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True)
class FrontEnd:
    """What is known of a host.

    Attributes:
        host: its name.
        cache: what stands in front of the site; empty where none was seen.
        home: its home page.
        again: the same, asked for a second time.
        admin: the two pages on which people log in.
        document: a document that the home page links to.
    """

    host: str
    cache: str | Untold
    home: Told | Untold
    again: Told | Untold = field(compare=False)
    admin: tuple[Told | Untold, ...]
    document: Told | Untold


def look(host: str, connect_to: str | None = None, login: tuple[str, str] | None = None) -> FrontEnd:
    """Ask a host for its home page twice, for its login pages and for a document.

    Args:
        host: its name.
        connect_to: `host:port` that answers for it, as curl's `--connect-to`; None for the ordinary way.
        login: name and password for basic auth, where the host asks for one.

    Returns:
        What was told; never raises for what a server does.
    """
    found = within(_AT_MOST, lambda: _look(host, connect_to, login))
    return FrontEnd(host, found, found, found, (found, found), found) if isinstance(found, Untold) else found


def _look(host: str, connect_to: str | None, login: tuple[str, str] | None) -> FrontEnd:
    import httpx

    with httpx.Client(timeout=_SECONDS, headers={"User-Agent": "bc_pipelines"}) as client:
        way = _Way(client, host, connect_to, httpx.BasicAuth(*login) if login else None)
        home, body, cache = way.get("/", read=True)
        if isinstance(home, Untold):
            return FrontEnd(host, home, home, home, (home, home), home)
        found = [each for each in _DOCUMENT.finditer(body) if each[1] in (None, host)]
        document = way.get(found[0][2])[0] if found else Untold("the home page links to no document")
        admin = tuple(way.get(path)[0] for path in ADMIN)
        return FrontEnd(host, cache, home, way.get("/")[0], admin, document)


@dataclass(frozen=True)
class _Way:
    client: httpx.Client
    host: str
    connect_to: str | None
    auth: httpx.BasicAuth | None

    def get(self, path: str, *, read: bool = False) -> tuple[Told | Untold, str, str]:
        """What came with a page, the beginning of its text, and which cache it came by."""
        import httpx

        try:
            with self._stream(path) as answer:
                if answer.status_code == httpx.codes.UNAUTHORIZED:
                    return Untold("it asks for a password"), "", ""
                if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                    return Untold(f"status {answer.status_code}"), "", ""
                return _told(path, answer), _beginning(answer) if read else "", _cache(answer.headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Untold(_in_words(error)), "", ""

    @contextmanager
    def _stream(self, path: str) -> Iterator[httpx.Response]:
        # As somebody who was never there: a cookie would make it another page.
        self.client.cookies.clear()
        # TLS and the Host header are those of the host asked for, wherever the connection leads.
        request = self.client.build_request(
            "GET",
            f"https://{self.connect_to or self.host}{path}",
            headers={"Host": self.host},
            extensions={"sni_hostname": self.host},
        )
        answer = self.client.send(request, stream=True, auth=self.auth)
        try:
            yield answer
        finally:
            answer.close()


def _told(path: str, answer: httpx.Response) -> Told:
    headers = answer.headers
    outcome = next((headers[name] for name in _OUTCOMES if name in headers), "")
    return Told(
        path=path,
        status=answer.status_code,
        directives=dict(sorted(_directives(headers.get("cache-control", "")))),
        vary=tuple(sorted({name.strip().lower() for name in headers.get("vary", "").split(",") if name.strip()})),
        cookies=tuple(sorted(set(_cookies(headers.get_list("set-cookie"))))),
        outcome=outcome,
        age=headers.get("age", ""),
    )


def _directives(header: str) -> Iterator[tuple[str, str]]:
    for each in header.split(","):
        name, _, value = each.partition("=")
        if name.strip():
            yield name.strip().lower(), value.strip().strip('"')


def _cookies(headers: list[str]) -> Iterator[str]:
    for header in headers:
        try:
            yield from SimpleCookie(header)
        except CookieError:
            yield "one that is not valid"


def _cache(headers: Mapping[str, str]) -> str:
    return next((name for name, header, part in _MARKS if header in headers and part in headers[header].lower()), "")


def _beginning(answer: httpx.Response) -> str:
    body, until = b"", time.monotonic() + _SECONDS
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > _MOST_BYTES or time.monotonic() > until:
            break
    return body[:_MOST_BYTES].decode("utf-8", "replace")


def _in_words(error: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its certificate is not trusted"
    return type(error).__name__
