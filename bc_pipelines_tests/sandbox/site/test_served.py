"""What visitors and editors get from the site's own WSGI server."""

import re
from collections.abc import Iterator

import httpx
import pytest

from bc_pipelines.sandbox.site.seed.people import SANDBOX_PASSWORD, planted
from bc_pipelines_tests.sandbox.site.copies import HOSTS, SCALE, SEED, Copy

NOINDEX = '<meta name="robots" content="noindex">'
DASH = "\N{EN DASH}"
TITLES = {
    HOSTS[0]: f"Home {DASH} Buckinghamshire Council",
    HOSTS[1]: f"Jobs at the council {DASH} Buckinghamshire Council Jobs",
    HOSTS[2]: f"Internal jobs {DASH} Buckinghamshire Council Internal Jobs",
    HOSTS[3]: f"Family Information Service {DASH} Bucks Family Information Service",
    HOSTS[4]: f"Care Advice {DASH} Care Advice Buckinghamshire",
}


@pytest.fixture(scope="module")
def site(visited: Copy) -> Iterator[httpx.Client]:
    """The site as production runs it."""
    with visited.served() as client:
        yield client


def get(client: httpx.Client, path: str = "/", host: str = HOSTS[0]) -> httpx.Response:
    """What a host answers."""
    return client.get(path, headers={"Host": host})


def form_token(page: httpx.Response) -> str:
    """The token that a form of the page must send back."""
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert found
    return found[1]


def post(client: httpx.Client, page: str, action: str, fields: dict[str, str]) -> httpx.Response:
    """Fill in a form as a browser does: read the page, send its cookie and token back over TLS."""
    shown = get(client, page)
    cookie = f"csrftoken={shown.cookies['csrftoken']}"
    headers = {"Host": HOSTS[0], "Referer": f"https://{HOSTS[0]}{page}", "Cookie": cookie}
    return client.post(action, headers=headers, data={**fields, "csrfmiddlewaretoken": form_token(shown)})


def send(client: httpx.Client, action: str, fields: dict[str, str]) -> httpx.Response:
    """Fill in a form that asks for no token, because its page may come from a cache."""
    return client.post(action, headers={"Host": HOSTS[0]}, data=fields)


@pytest.mark.parametrize("host", HOSTS)
def test_each_host_answers_with_its_own_title(site: httpx.Client, host: str) -> None:
    """A host shows its own home page, canonical address and robots rule, and production may be indexed."""
    page = get(site, "/", host)
    assert page.status_code == 200
    assert f"<title>{TITLES[host]}</title>" in page.text
    assert f'<link rel="canonical" href="https://{host}/">' in page.text
    assert f'<meta property="og:url" content="https://{host}/">' in page.text
    assert NOINDEX not in page.text


def test_another_host_is_not_indexed(site: httpx.Client) -> None:
    """A host that no Site record has gets the default site, hidden from search engines."""
    page = get(site, "/", "elsewhere.example")
    assert page.status_code == 200
    assert NOINDEX in page.text


def test_nonindexed_hosts(visited: Copy) -> None:
    """A host of NONINDEXED_HOSTS is hidden, others are not."""
    with visited.served(NONINDEXED_HOSTS=f"{HOSTS[0]},{HOSTS[3]}") as client:
        hidden = {host for host in HOSTS if NOINDEX in get(client, "/", host).text}
    assert hidden == {HOSTS[0], HOSTS[3]}


def test_seo_noindex_and_basic_auth(visited: Copy) -> None:
    """SEO_NOINDEX hides every host; basic authentication refuses whoever does not know the password."""
    access = {"BASIC_AUTH_ENABLED": "true", "BASIC_AUTH_LOGIN": "web", "BASIC_AUTH_PASSWORD": "pass:word"}
    with visited.served(SEO_NOINDEX="true", **access) as client:
        refused = get(client)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Basic")
        assert client.get("/", headers={"Host": HOSTS[0]}, auth=("web", "wrong")).status_code == 401
        for host in HOSTS:
            page = client.get("/", headers={"Host": host}, auth=("web", "pass:word"))
            assert page.status_code == 200
            assert NOINDEX in page.text


def test_every_page_of_every_sitemap_answers(site: httpx.Client) -> None:
    """Sitemaps list their own host's pages only, and each of them answers."""
    count = 0
    for host in HOSTS:
        addresses = re.findall(r"<loc>https://([^/]+)(.*?)</loc>", get(site, "/sitemap.xml", host).text)
        assert {found for found, _ in addresses} == {host}
        answers = {path: get(site, path, host).status_code for _, path in addresses}
        assert set(answers.values()) <= {200, 302}, answers
        count += len(answers)
    assert count > 60


def test_robots_txt_lets_everybody_read(site: httpx.Client) -> None:
    """robots.txt forbids nothing, so that crawlers can see the pages' own rule."""
    assert get(site, "/robots.txt").text.split() == ["User-Agent:", "*", "Allow:", "/"]


def test_what_the_cache_in_front_may_keep(site: httpx.Client) -> None:
    """Pages, but neither forms nor the admin; a page that is kept sets no cookie, and is kept for each cookie apart."""
    home, form, login = (get(site, path) for path in ("/", "/contact-us/", "/admin/login/"))
    assert home.headers["Cache-Control"] == "public, s-maxage=600, stale-while-revalidate=30"
    assert "Set-Cookie" not in home.headers
    assert "Cookie" in home.headers["Vary"]
    assert all("private" in page.headers["Cache-Control"] for page in (form, login))


def test_missing_page(site: httpx.Client) -> None:
    """A page that is not there is a 404 in the site's own words."""
    page = get(site, "/nowhere/")
    assert page.status_code == 404
    assert f"<title>We cannot find that page {DASH} Buckinghamshire Council</title>" in page.text


def test_plain_http_is_sent_to_https(site: httpx.Client) -> None:
    """A request that came without TLS is redirected."""
    answer = site.get("/news/", headers={"Host": HOSTS[0], "X-Forwarded-Proto": "http"})
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{HOSTS[0]}/news/")


def test_notices_are_passed_down(site: httpx.Client) -> None:
    """A notice on the home page shows on pages below it too, and on no other site."""
    shown = {
        (host, path): "Collections a day late" in get(site, path, host).text
        for host, path in ((HOSTS[0], "/"), (HOSTS[0], "/housing/"), (HOSTS[1], "/"))
    }
    assert list(shown.values()) == [True, True, False]


def test_images_come_from_the_bucket(site: httpx.Client) -> None:
    """Pictures have the address of the bucket of the environment."""
    assert 'src="https://s3.example/media-production/original_images/' in get(site).text


def test_search_finds_and_counts(site: httpx.Client, visited: Copy) -> None:
    """A search shows pages and editors' promotions, knows synonyms, and leaves a row."""
    assert "Report a pothole" in get(site, "/search/?query=Pothole").text
    assert "Household recycling centres" in get(site, "/search/?query=tip").text
    assert ("tip",) in visited.rows("SELECT query_string FROM wagtailsearchpromotions_query")


def test_form_is_stored(site: httpx.Client, visited: Copy) -> None:
    """What a visitor writes into a form page becomes a submission."""
    fields = {"your_name": "Somebody New", "email_address": "new@post.example", "message": "Hello"}
    assert post(site, "/contact-us/", "/contact-us/", fields).status_code == 200
    statement = "SELECT form_data ->> 'your_name' FROM wagtailforms_formsubmission ORDER BY id DESC LIMIT 1"
    assert visited.rows(statement) == [("Somebody New",)]


def test_feedback_is_stored(site: httpx.Client, visited: Copy) -> None:
    """Both forms at the foot of a page leave a row that names the page."""
    ((page,),) = visited.rows("SELECT id FROM wagtailcore_page WHERE url_path = '/home/news/'")
    about = {"page": str(page), "original_url": f"https://{HOSTS[0]}/news/"}
    comment = send(site, "/feedback/comment/", {**about, "action": "Reading", "issue": "Too short"})
    useful = send(site, "/feedback/usefulness/", {**about, "useful": "no"})
    assert (comment.status_code, useful.status_code) == (302, 302)
    last = "SELECT page_id, {} FROM {} ORDER BY id DESC LIMIT 1"
    assert visited.rows(last.format("issue", "feedback_feedbackcomment")) == [(page, "Too short")]
    assert visited.rows(last.format("useful", "feedback_usefulnessfeedback")) == [(page, False)]


def test_incomplete_feedback_is_refused(site: httpx.Client) -> None:
    """Feedback without its words is answered with what is missing."""
    answer = send(site, "/feedback/comment/", {"original_url": f"https://{HOSTS[0]}/news/"})
    assert answer.status_code == 400
    assert "This field is required" in answer.text


def test_staff_log_in(site: httpx.Client) -> None:
    """A member of staff reaches the admin with the sandbox's password, and nobody with another."""
    username = planted(SEED, SCALE).staff[0].username
    login = "/admin/login/"
    wrong = post(site, login, login, {"username": username, "password": "a guess"})
    assert wrong.status_code == 200
    right = post(site, login, login, {"username": username, "password": SANDBOX_PASSWORD, "next": "/admin/"})
    assert (right.status_code, right.headers["Location"]) == (302, "/admin/")
    cookie = f"sessionid={right.cookies['sessionid']}"
    admin = site.get("/admin/", headers={"Host": HOSTS[0], "Cookie": cookie})
    assert admin.status_code == 200
    assert "Buckinghamshire" in admin.text
