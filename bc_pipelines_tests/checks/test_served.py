"""Served pages, on a real HTTPS server: each way of being wrong fails the verdict that it belongs to, and no other."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bc_pipelines.checks import fetch
from bc_pipelines.checks.served import (
    Served,
    editors_links,
    generated_links,
    hidden_as_served,
    look,
    pages_answer,
)
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines_tests.checks.web import Reply, Respond, serve

WWW, FIS = "www.staging.example", "fis.staging.example"
HOSTS = [WWW, FIS]
NAMES = {WWW: "Invented Council", FIS: "Family Information"}
PRODUCTION = frozenset({"www.example", "fis.example", "media.example"})
BUCKETS = frozenset({"production-bucket"})
Change = Callable[[str, str, str], Reply | None]


def page(host: str, path: str, extra_head: str = "", extra_main: str = "", extra_foot: str = "") -> str:
    """A good staging page."""
    return f"""<!doctype html><html><head><title>{NAMES[host]} | {path}</title><meta name="robots" content="noindex">
        <link rel="canonical" href="https://{host}{path}"><meta property="og:url" content="https://{host}{path}">
        {extra_head}</head><body><header><nav><a href="/one/">One</a> <a href="/two/">Two</a>
        <a href="/admin/">Admin</a> <a href="/documents/1/x.pdf">File</a></nav></header>
        <main><img src="https://media.staging.example/a.jpg" srcset="/b.jpg 2x"><a href="/three/">3</a>
        <a href="https://elsewhere.example/">elsewhere</a>{extra_main}</main><footer>{extra_foot}</footer></body></html>"""


def good(host: str, path: str) -> Reply:
    """What a staging site answers when all is well."""
    if path == "/robots.txt":
        return Reply("User-Agent: *\nAllow: /\n")
    if path == "/sitemap.xml":
        return Reply(f"<urlset><url><loc> https://{host}/one/ </loc></url></urlset>")
    return Reply(page(host, path))


def changed(change: Change) -> Respond:
    """A site that answers well but for what `change` says; it gets host, path and the good body."""

    def respond(host: str, path: str, _: Mapping[str, str]) -> Reply:
        reply = good(host, path)
        return change(host, path, reply.body) or reply

    return respond


def seen(
    folder: Path, respond: Respond, patience: float = 5, login: tuple[str, str] | None = None
) -> tuple[Served, ...]:
    """What `look` sees of a site."""
    with serve(folder, HOSTS, respond) as web:
        return look(HOSTS, connect_to=web.address, patience=patience, login=login, tls=web.tls)


def verdicts(served: tuple[Served, ...], basic_auth: bool = False) -> dict[str, Verdict]:
    """All four verdicts by a short name."""
    return {
        "answer": pages_answer(served, NAMES, basic_auth),
        "generated": generated_links(served, PRODUCTION, BUCKETS),
        "editors": editors_links(served, PRODUCTION),
        "hidden": hidden_as_served(served),
    }


def failed(served: tuple[Served, ...], basic_auth: bool = False) -> set[str]:
    """Which verdicts failed."""
    return {name for name, verdict in verdicts(served, basic_auth).items() if not verdict.passed}


def test_a_good_site_passes(tmp_path: Path) -> None:
    """Home page and three more pages of each host, sitemap and robots.txt are read; all four verdicts pass."""
    served = seen(tmp_path, changed(lambda *_: None))
    assert failed(served) == set()
    assert [page.answer.url.partition(".example")[2] for page in served[0].pages] == ["/", "/one/", "/two/", "/three/"]
    found = verdicts(served)
    assert found["answer"].rows[1] == {"host": FIS, "status": 200, "title": "Family Information | /", "problem": ""}
    assert found["generated"].facts["pages"] == 8


GENERATED = {
    "canonical address": page(WWW, "/", extra_head='<link rel="canonical" href="https://www.example/">'),
    "social media tags": page(WWW, "/", extra_head='<meta property="og:image" content="//media.example/a.jpg">'),
    "navigation": page(WWW, "/", extra_foot='<a href="https://WWW.example/">home</a>'),
    "media": page(WWW, "/", extra_main='<img srcset="/a.jpg 1x, https://media.example/a.jpg 2x">'),
    "form": page(WWW, "/", extra_main='<form action="https://fis.example/search"></form>'),
    "structured data": page(
        WWW, "/", extra_head='<script type="application/ld+json">{"url": "https://www.example"}</script>'
    ),
    "scripts and styles": page(WWW, "/", extra_head='<link rel="stylesheet" href="https://www.example/main.css">'),
}


@pytest.mark.parametrize("place", GENERATED)
def test_what_the_site_generates_must_not_point_at_production(tmp_path: Path, place: str) -> None:
    """One generated address at production, in any place of one page, fails and names page and place."""
    served = seen(
        tmp_path, changed(lambda host, path, _: Reply(GENERATED[place]) if (host, path) == (WWW, "/") else None)
    )
    assert failed(served) == {"generated"}
    (row,) = verdicts(served)["generated"].rows
    assert (row["page"], row["place"]) == (f"https://{WWW}/", place)


def test_a_deeper_page_is_looked_at_too(tmp_path: Path) -> None:
    """A page that the navigation leads to counts as the home page does."""
    bad = page(WWW, "/two/", extra_foot='<a href="https://www.example/">home</a>')
    served = seen(tmp_path, changed(lambda host, path, _: Reply(bad) if (host, path) == (WWW, "/two/") else None))
    assert failed(served) == {"generated"}


@pytest.mark.parametrize(
    "address", ["https://production-bucket.s3.example/a.jpg", "https://s3.example/production-bucket/a.jpg"]
)
def test_pictures_from_productions_bucket_fail(tmp_path: Path, address: str) -> None:
    """A bucket of production is found as a host's first label and as a path's first part."""
    bad = page(WWW, "/", extra_main=f'<img src="{address}">')
    served = seen(tmp_path, changed(lambda host, path, _: Reply(bad) if (host, path) == (WWW, "/") else None))
    assert failed(served) == {"generated"}


def test_a_sitemap_with_production_hosts_fails(tmp_path: Path) -> None:
    """One address of production in a sitemap fails."""
    bad = "<urlset><url><loc>https://fis.example/a/</loc></url></urlset>"
    served = seen(tmp_path, changed(lambda _, path, __: Reply(bad) if path == "/sitemap.xml" else None))
    assert failed(served) == {"generated"}
    assert verdicts(served)["generated"].facts["at_production"] == 2


def test_a_redirect_to_production_fails(tmp_path: Path) -> None:
    """A home page that sends visitors to production fails everything but the editors' links."""
    away = Reply(status=301, headers={"Location": "https://www.example/"})
    served = seen(tmp_path, changed(lambda host, path, _: away if (host, path) == (WWW, "/") else None))
    assert failed(served) == {"answer", "generated", "hidden"}


def test_a_redirect_within_the_host_is_followed(tmp_path: Path) -> None:
    """A home page that lives at another path is read there."""
    on = Reply(status=302, headers={"Location": "/home/"})
    served = seen(tmp_path, changed(lambda _, path, __: on if path == "/" else None))
    assert failed(served) == set()
    assert served[0].front.answer.url == f"https://{WWW}/home/"


def test_redirects_without_end_stop(tmp_path: Path) -> None:
    """A page that leads to itself is an answer that is not 200, not an endless walk."""
    round_about = Reply(status=302, headers={"Location": "/"})
    served = seen(tmp_path, changed(lambda _, path, __: round_about if path == "/" else None))
    assert "answer" in failed(served)


def test_links_of_editors_only_warn(tmp_path: Path) -> None:
    """Links in an article are counted and shown as a warning, and nothing else fails."""
    written = page(WWW, "/", extra_main='<article><a href="https://www.example/bins">bins</a></article>')
    served = seen(tmp_path, changed(lambda host, path, _: Reply(written) if (host, path) == (WWW, "/") else None))
    assert failed(served) == {"editors"}
    verdict = verdicts(served)["editors"]
    assert (verdict.severity, verdict.facts) == ("warn", {"links_to_production": 1})


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<title>Family Information", "<title>Something else", "does not contain “Family Information”"),
        ("<title>Family Information | /</title>", "", "no title"),
        ("<title>Family Information", "<title>Invented Council", "same title"),
    ],
)
def test_titles(tmp_path: Path, old: str, new: str, words: str) -> None:
    """A host without a title, with another site's name or with another host's title fails."""
    served = seen(tmp_path, changed(lambda _, __, body: Reply(body.replace(old, new))))
    assert failed(served) == {"answer"}
    assert words in verdicts(served)["answer"].summary


def test_an_error_page_fails(tmp_path: Path) -> None:
    """A host that answers 500 fails, and is not called hidden because its error page shows nothing."""
    served = seen(tmp_path, changed(lambda host, *_: Reply("<title>no</title>", 500) if host == FIS else None))
    assert {"answer", "hidden"} <= failed(served)
    assert "fis.staging.example (it answers 500)" in verdicts(served)["answer"].summary


@pytest.mark.parametrize("path", ["/", "/one/"])
def test_one_page_without_noindex_fails(tmp_path: Path, path: str) -> None:
    """A page that search engines may list fails, home page or not."""
    served = seen(
        tmp_path,
        changed(lambda host, at, body: Reply(body.replace("noindex", "all")) if (host, at) == (FIS, path) else None),
    )
    assert failed(served) == {"hidden"}
    assert FIS in verdicts(served)["hidden"].summary


def test_a_private_page_is_hidden_by_its_password(tmp_path: Path) -> None:
    """A page that only shows Wagtail's form for its password needs no noindex of its own."""
    form = '<title>Private</title><form action="/_util/authenticate_with_password/1/2/" method="post"></form>'
    served = seen(tmp_path, changed(lambda host, path, body: Reply(form) if path == "/two/" else None))
    assert failed(served) == set()


def test_the_header_hides_too(tmp_path: Path) -> None:
    """X-Robots-Tag does as well as the page's own noindex."""
    headers = {"X-Robots-Tag": "noindex"}
    served = seen(tmp_path, changed(lambda _, __, body: Reply(body.replace("noindex", "all"), headers=headers)))
    assert failed(served) == set()


def test_disallow_together_with_noindex_fails(tmp_path: Path) -> None:
    """robots.txt that forbids reading hides the noindex from robots."""
    served = seen(
        tmp_path, changed(lambda _, path, __: Reply("User-agent: *\nDisallow: /\n") if path == "/robots.txt" else None)
    )
    assert failed(served) == {"hidden"}


def protected(host: str, path: str, headers: Mapping[str, str]) -> Reply:
    """A site behind basic auth whose pages do not say noindex."""
    if headers.get("Authorization") != "Basic " + base64.b64encode(b"client:right").decode():
        return Reply("log in", 401)
    return Reply(good(host, path).body.replace("noindex", "all"))


def test_basic_auth_with_a_login(tmp_path: Path) -> None:
    """With a login the pages are read; without noindex they are still hidden, because nobody else gets in."""
    served = seen(tmp_path, protected, login=("client", "right"))
    assert failed(served, basic_auth=True) == set()
    assert verdicts(served)["generated"].facts["pages"] == 8


def test_basic_auth_without_a_login(tmp_path: Path) -> None:
    """401 is an answer and hides; but nobody looked at links, which is said as a warning and is no pass."""
    served = seen(tmp_path, protected)
    assert failed(served, basic_auth=True) == {"generated"}
    assert verdicts(served)["generated"].severity == "warn"


def test_401_fails_where_no_password_was_meant(tmp_path: Path) -> None:
    """A host that asks for a password unasked does not answer as it should."""
    assert "answer" in failed(seen(tmp_path, protected), basic_auth=False)


def test_a_booting_dyno_is_waited_for(tmp_path: Path) -> None:
    """503 and dropped connections are asked again until the page comes."""
    replies = [Reply(status=503), Reply(status=0), Reply(status=502)]
    served = seen(tmp_path, changed(lambda *_: replies.pop() if replies else None), patience=30)
    assert failed(served) == set()


def test_patience_ends(tmp_path: Path) -> None:
    """A dyno that never boots fails once the patience is used up, for all hosts together."""
    served = seen(tmp_path, changed(lambda *_: Reply(status=503)), patience=0.5)
    assert failed(served) == {"answer", "generated", "hidden"}
    assert "it answers 503" in verdicts(served)["answer"].summary


def test_nobody_there() -> None:
    """A port on which nobody listens is reported in words."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        served = look([WWW], connect_to=f"127.0.0.1:{taken.getsockname()[1]}", patience=0)
    assert "no connection can be made" in verdicts(served)["answer"].summary


def test_a_certificate_for_another_host_fails_at_once(tmp_path: Path) -> None:
    """The name in the certificate must be the host's own, although the connection goes to loopback."""
    with serve(tmp_path, [WWW], changed(lambda *_: None)) as web:
        served = look(HOSTS, connect_to=web.address, patience=600, tls=web.tls)
    assert verdicts(served)["answer"].rows[0]["problem"] == ""
    assert "certificate" in str(verdicts(served)["answer"].rows[1]["problem"])


def test_an_untrusted_certificate_fails_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that nobody vouches for is not accepted."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with serve(tmp_path, HOSTS, changed(lambda *_: None)) as web:
        served = look([WWW], connect_to=web.address, patience=600)
    assert "certificate" in verdicts(served)["answer"].summary


def test_the_usual_variable_names_the_certificates_to_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a context of the caller's own, SSL_CERT_FILE decides who is trusted."""
    with serve(tmp_path, HOSTS, changed(lambda *_: None)) as web:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        served = look(HOSTS, connect_to=web.address, patience=5)
    assert failed(served) == set()


def test_a_huge_page_is_read_only_so_far(tmp_path: Path) -> None:
    """A page without end is cut; what stands at its beginning is judged."""
    served = seen(
        tmp_path, changed(lambda _, path, body: Reply(body + " " * 3 * fetch.MAX_BYTES) if path == "/" else None)
    )
    assert len(served[0].front.answer.body) == fetch.MAX_BYTES
    assert failed(served) == set()


def test_nothing_looked_at_proves_nothing() -> None:
    """Without hosts the verdicts that must stop a reset fail."""
    assert failed(()) == {"answer", "generated", "hidden"}
