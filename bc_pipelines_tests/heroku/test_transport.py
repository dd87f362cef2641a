"""Requests: what is repeated and what never is, how answers are taken apart, and where the token goes."""

from __future__ import annotations

import logging

import pytest

from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import (
    HerokuError,
    NotFound,
    RateLimited,
    RefusedByGuard,
    Rejected,
    Unauthorised,
    UnexpectedAnswer,
    Unreachable,
)
from bc_pipelines.sandbox.certificates import Certificates
from bc_pipelines_tests.heroku.conftest import POLL, TOKEN
from bc_pipelines_tests.heroku.scripted import NO_ANSWER, Reply, ScriptedServer, Seen

ACCOUNT = Reply(body={"id": "1", "email": "robot@buckinghamshire.example"})
TOO_MANY = Reply(429, {"id": "rate_limit", "message": "Your account reached the API limit."})


@pytest.mark.parametrize(
    "fault",
    [Reply(500), Reply(502, b"<html>"), Reply(503), Reply(504), NO_ANSWER, Reply(body=b'{"email": "ro', cut=8)],
    ids=["500", "502", "503", "504", "no answer", "cut off"],
)
def test_a_passing_fault_is_survived(server: ScriptedServer, client: HerokuClient, fault: Reply) -> None:
    """A request that may be repeated is repeated until it is answered."""
    server.on("GET", "/account", fault, fault, ACCOUNT)
    assert client.account().email == "robot@buckinghamshire.example"
    assert server.count("GET", "/account") == 3


def test_a_lasting_fault_ends_in_a_clear_error(server: ScriptedServer, client: HerokuClient) -> None:
    """A fault that lasts ends at the deadline, with Heroku's last request id and a next step."""
    server.on("GET", "/account", Reply(503, headers={"Request-Id": "first,second"}))
    with pytest.raises(Unreachable, match=r"503.*second.*status\.heroku\.com"):
        client.account()
    assert server.count("GET", "/account") > 2


def test_nobody_there_is_unreachable(certificates: Certificates) -> None:
    """Where nothing listens any more, the error says so and what to check, without a secret."""
    with ScriptedServer(certificates) as server:
        url = server.url
    with (
        HerokuClient(url, url, TOKEN, poll_interval=POLL, retry_for=0.2) as client,
        pytest.raises(Unreachable, match=r"could not be reached.*SSL_CERT_FILE") as caught,
    ):
        client.account()
    assert TOKEN not in str(caught.value)


def test_used_up_requests_are_waited_for(server: ScriptedServer, client: HerokuClient) -> None:
    """After 429 the client asks how many requests are left, which costs none, and goes on when there are some."""
    server.on("GET", "/account", TOO_MANY, TOO_MANY, ACCOUNT)
    server.on("GET", "/account/rate-limits", Reply(body={"remaining": 0}), Reply(body={"remaining": 4000}))
    assert client.account().email == "robot@buckinghamshire.example"
    assert server.count("GET", "/account/rate-limits") == 2


def test_requests_that_stay_used_up_end_in_an_error(server: ScriptedServer, client: HerokuClient) -> None:
    """429 until the deadline is told as what it is."""
    server.on("GET", "/account", TOO_MANY)
    with pytest.raises(RateLimited, match="75 requests a minute"):
        client.account()


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply(401, {"id": "unauthorized", "message": "Invalid credentials provided."}), Unauthorised, "unauthorized"),
        (Reply(403, {"id": "two_factor", "message": "A second factor."}), Unauthorised, "second factor"),
        (Reply(404, b"<h1>Not Found</h1>"), NotFound, "GET /apps/gone"),
        (Reply(402, {"id": "delinquent", "message": "Pay."}), Rejected, "402"),
        (Reply(422, b""), Rejected, "422"),
        (Reply(307, headers={"Location": "https://elsewhere.example/"}), Rejected, "307"),
        (Reply(200, b"<html>Hello</html>"), UnexpectedAnswer, "not JSON"),
        (Reply(200, {"id": "1"}), UnexpectedAnswer, "not as documented"),
        (Reply(200, ["id"]), UnexpectedAnswer, "not as documented"),
        (Reply(200, b"null"), UnexpectedAnswer, "not JSON"),
    ],
)
def test_every_answer_has_its_error(
    server: ScriptedServer, client: HerokuClient, reply: Reply, kind: type[HerokuError], words: str
) -> None:
    """Whatever the status and the body, one error of the right kind says what to do next."""
    server.on("GET", "/apps/gone", reply)
    with pytest.raises(kind, match=words) as caught:
        client.app("gone")
    assert caught.value.state
    assert caught.value.next_step


def test_a_message_of_heroku_is_told_without_addresses(server: ScriptedServer, client: HerokuClient) -> None:
    """Heroku's own words are passed on, but for URLs in them, which can hold secrets."""
    told = {"id": "bad_request", "message": "Cannot reach postgres://u:SECRET@db.example/d, sorry."}
    server.on("GET", "/apps/gone", Reply(422, told))
    with pytest.raises(Rejected, match="bad_request, Cannot reach postgres://… sorry") as caught:
        client.app("gone")
    assert "SECRET" not in str(caught.value)


def test_the_token_is_sent_and_never_shown(
    server: ScriptedServer, client: HerokuClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The token travels in its header only: no error, repr or log of any level holds it."""
    caplog.set_level(logging.DEBUG)
    server.on("GET", "/account", Reply(500), Reply(401))
    with pytest.raises(Unauthorised) as caught:
        client.account()
    assert server.seen[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in repr([caught.value, vars(client), vars(client._transport)]) + caplog.text


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "api.heroku.com", "ftp://h", "https://"])
def test_an_api_without_tls_is_refused(url: str) -> None:
    """A base address that would send the token in the clear is refused at once."""
    with pytest.raises(RefusedByGuard, match="not an https address"):
        HerokuClient(url, "https://api.data.heroku.com", TOKEN)


def test_a_list_is_read_page_by_page(server: ScriptedServer, client: HerokuClient) -> None:
    """`Next-Range` leads from page to page until there is none."""
    processes = [{"type": f"kind{number}", "quantity": number} for number in range(3)]

    def page(seen: Seen) -> Reply:
        number = int(seen.headers.get("range", "kind 0").split()[1])
        more = {"Next-Range": f"kind {number + 1}"} if number < 2 else {}
        return Reply(206, [processes[number]], more)

    server.on("GET", "/apps/staging/formation", page)
    assert [process.quantity for process in client.formation("staging")] == [0, 1, 2]


def test_pages_in_a_circle_end_in_an_error(server: ScriptedServer, client: HerokuClient) -> None:
    """A list whose pages lead back to themselves is not read for ever."""
    page = Reply(206, [{"type": "web", "quantity": 1}], {"Next-Range": "kind 1"})
    server.on("GET", "/apps/staging/formation", page)
    with pytest.raises(UnexpectedAnswer, match="lead back"):
        client.formation("staging")
    assert server.count("GET", "/apps/staging/formation") == 2


def test_heroku_says_how_long_to_wait(server: ScriptedServer, client: HerokuClient) -> None:
    """`Retry-After` in seconds is obeyed, without asking for the requests that are left; a date is not understood."""
    server.on("GET", "/account", Reply(429, headers={"Retry-After": "0"}), ACCOUNT)
    assert client.account().email == "robot@buckinghamshire.example"
    assert server.count("GET", "/account/rate-limits") == 0
    server.on("GET", "/account", Reply(429, headers={"Retry-After": "Sun, 22 Nov 2026 12:00:00 GMT"}), ACCOUNT)
    assert client.account().id == "1"
    assert server.count("GET", "/account/rate-limits") == 1


def test_a_wait_never_goes_beyond_the_deadline(server: ScriptedServer, client: HerokuClient) -> None:
    """However long Heroku asks to wait, the call gives up when it would have anyway."""
    server.on("GET", "/account", Reply(429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimited) as caught:
        client.account()
    assert caught.value.retry_after == 3600
    assert server.count("GET", "/account") == 2


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"id": "1", "version": Infinity}'], ids=["deep", "infinite"])
def test_json_that_no_program_can_use_is_told(server: ScriptedServer, client: HerokuClient, body: bytes) -> None:
    """JSON too deep to read, or a number that is none, is an unexpected answer like any other."""
    server.on("GET", "/apps/staging/releases", Reply(body=b"[" + body + b"]"))
    with pytest.raises(UnexpectedAnswer):
        client.releases("staging", 1)


def test_a_name_cannot_change_the_path(server: ScriptedServer, client: HerokuClient) -> None:
    """Slashes and question marks in a name are quoted."""
    with pytest.raises(NotFound):
        client.app("a/../b?c")
    assert [seen.path for seen in server.seen] == ["/apps/a%2F..%2Fb%3Fc"]
