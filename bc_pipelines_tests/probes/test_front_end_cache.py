"""What hosts tell the caches in front of them, asked of a real HTTPS server."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bc_pipelines.probes.front_end_cache import ADMIN, FrontEnd, Told, look
from bc_pipelines.probes.told import Untold, version_of
from bc_pipelines_tests.checks.web import Reply, serve

HOST = "www.council.example"
LINK = f'<a href="https://{HOST}/documents/7/plan.pdf">Plan</a> <a href="/documents/8/b.pdf">B</a>'
PLANTED = "a-value-that-nobody-may-see"
Look = Callable[..., FrontEnd]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Looks at a server that gives the replies, by path, and 404 for everything else."""

    def ask(replies: Mapping[str, Reply | list[Reply]], login: tuple[str, str] | None = None) -> FrontEnd:
        lists = {path: [each] if isinstance(each, Reply) else list(each) for path, each in replies.items()}

        def respond(host: str, path: str, headers: Mapping[str, str]) -> Reply:
            assert host == HOST
            assert "Cookie" not in headers
            if login and "Authorization" not in headers:
                return Reply(status=401)
            there = lists.get(path, [Reply(status=404)])
            return there.pop(0) if len(there) > 1 else there[0]

        with serve(tmp_path, [HOST], respond) as web:
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
            return look(HOST, web.address, login)

    return ask


def page(**headers: str) -> Reply:
    """A page that links to two documents."""
    return Reply(LINK, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_a_site_behind_cloudflare(asked: Look) -> None:
    """What is told of pages, of the admin and of the first document; the second look comes out of the cache."""
    usual = {"Cache_Control": 'S-MaxAge="600", public', "Vary": "Cookie,accept-encoding", "CF_RAY": "8d-LHR"}
    first = page(**usual, CF_Cache_Status="MISS", Set_Cookie=f"csrftoken={PLANTED}; Secure")
    replies = {
        "/": [first, page(**usual, CF_Cache_Status="HIT", Age="12")],
        ADMIN[0]: page(Cache_Control="private, no-store"),
        "/documents/7/plan.pdf": Reply(status=302, headers={"Location": "https://bucket.example/plan.pdf"}),
    }
    found = asked(replies)
    told = {"public": "", "s-maxage": "600"}
    assert found.home == Told("/", 200, told, ("accept-encoding", "cookie"), ("csrftoken",))
    assert found.cache == "Cloudflare"
    assert isinstance(found.home, Told)
    assert isinstance(found.again, Told)
    assert (found.home.outcome, found.again.outcome, found.again.age) == ("MISS", "HIT", "12")
    assert isinstance(found.document, Told)
    assert (found.document.status, found.document.directives) == (302, {})
    assert [each.status for each in found.admin if isinstance(each, Told)] == [200, 404]
    assert PLANTED not in repr(found)
    # That a cache has a page by now is no change of the site.
    assert version_of(asked(replies)) == version_of(found)
    assert version_of(asked({**replies, "/": page(**usual)})) != version_of(found)
    # Nor that editors link to another document.
    assert version_of(replace(found, document=replace(found.document, path="/documents/9/b.pdf"))) == version_of(found)


@pytest.mark.parametrize(
    ("headers", "cache"),
    [
        ({"Server": "cloudflare"}, "Cloudflare"),
        ({"Via": "1.1 varnish", "X-Varnish": "3 2", "Age": "5"}, "Varnish"),
        ({"X-Amz-Cf-Id": "x"}, "CloudFront"),
        ({"X-Served-By": "cache-lhr1-LHR"}, "Fastly"),
        ({"Age": "0"}, "one without a name"),
        ({"Server": "gunicorn", "Via": "1.1 vegur"}, ""),
    ],
)
def test_caches_make_themselves_known(asked: Look, headers: dict[str, str], cache: str) -> None:
    """Each by a header of its own; Heroku's router is none."""
    assert asked({"/": Reply(headers=headers)}).cache == cache


@pytest.mark.parametrize(
    ("header", "directives"),
    [("", {}), (",, ;=", {";": ""}), ("public,public", {"public": ""}), ("max-age", {"max-age": ""})],
)
def test_odd_headers(asked: Look, header: str, directives: dict[str, str]) -> None:
    """Whatever stands in a header, nothing is raised."""
    home = asked({"/": page(Cache_Control=header, Vary=", ,", Set_Cookie="a b=c; d", Age="soon")}).home
    assert isinstance(home, Told)
    assert (home.directives, home.vary) == (directives, ())


def test_a_host_that_asks_for_a_password(asked: Look) -> None:
    """With the login, what is behind it is told; without, that it asks."""
    assert isinstance(asked({"/": page()}, ("council", PLANTED)).home, Told)
    found = asked({"/": Reply(status=401)})
    assert found.home == found.cache == found.document == Untold("it asks for a password")
    assert set(found.admin) == {found.home}


@pytest.mark.parametrize("status", [500, 503])
def test_a_host_that_is_in_trouble(asked: Look, status: int) -> None:
    """Nothing is told of its caches."""
    assert asked({"/": Reply(status=status)}).home == Untold(f"status {status}")


def test_hosts_that_do_not_answer(asked: Look, tmp_path: Path) -> None:
    """One that is not there, one that hangs up and one that nobody trusts: nothing is raised."""
    assert look(HOST, "127.0.0.1:1").home == Untold("ConnectError")
    assert asked({"/": Reply(status=0)}).home == Untold("RemoteProtocolError")
    with serve(tmp_path, ["another.example"], lambda *_: Reply()) as web:
        assert look(HOST, web.address).home == Untold("its certificate is not trusted")


def test_a_home_page_without_documents(asked: Look) -> None:
    """Links to another host's documents are not followed."""
    found = asked({"/": Reply('<a href="https://else.example/documents/1/a.pdf">')})
    assert found.document == Untold("the home page links to no document")
