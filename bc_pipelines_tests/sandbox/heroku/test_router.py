"""The router: which app, which headers, and Heroku's own answers."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from bc_pipelines_tests.sandbox.heroku.simulated import PRODUCTION_HOST, STAGING, STAGING_HOST, Simulated


def scale(simulated: Simulated, web: int) -> None:
    """Scale staging's web dynos."""
    updates = [{"type": "web", "quantity": web}]
    assert simulated.api.patch(f"/apps/{STAGING}/formation", json={"updates": updates}).status_code == 200


def test_a_request_reaches_the_app_of_its_host(simulated: Simulated) -> None:
    """Path, query, body, cookies and Heroku's headers arrive; both of the answer's cookies come back."""
    headers = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "http", "X-Request-Id": "made-up"}
    path = "/a%2Fb/?q=caf%C3%A9"
    answer = simulated.visit(f"{STAGING_HOST}:443", path, method="POST", content=b"form", headers=headers)
    seen = answer.json()
    assert (seen["PATH_INFO"], seen["QUERY_STRING"], seen["body"]) == ("/a/b/", "q=caf%C3%A9", "form")
    assert seen["HTTP_HOST"] == f"{STAGING_HOST}:443"
    assert seen["HTTP_X_FORWARDED_FOR"] == "192.0.2.7, 127.0.0.1"
    assert (seen["HTTP_X_FORWARDED_PROTO"], seen["HTTP_X_FORWARDED_PORT"]) == ("https", "443")
    assert seen["HTTP_X_REQUEST_ID"] == "made-up"
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_visitors_do_not_share_cookies(simulated: Simulated) -> None:
    """A cookie that one visitor got is not sent for the next."""
    simulated.visit(STAGING_HOST)
    assert "HTTP_COOKIE" not in simulated.visit(STAGING_HOST).json()


def test_each_host_has_its_own_app(simulated: Simulated) -> None:
    """Production and staging are two processes."""
    assert simulated.visit(PRODUCTION_HOST).json()["pid"] != simulated.visit(STAGING_HOST.upper()).json()["pid"]


def test_an_unknown_host_has_no_app(simulated: Simulated) -> None:
    """A host of nobody's is answered 404, as a dangling name at Heroku is."""
    answer = simulated.visit("nobody.example")
    assert answer.status_code == 404
    assert "No such app" in answer.text


def test_maintenance_shows_herokus_page(simulated: Simulated) -> None:
    """Under maintenance every page is 503, and only of that app."""
    simulated.api.patch(f"/apps/{STAGING}", json={"maintenance": True})
    answer = simulated.visit(STAGING_HOST, "/anything")
    assert answer.status_code == 503
    assert "Offline for Maintenance" in answer.text
    assert simulated.visit(PRODUCTION_HOST).status_code == 200


def test_without_web_dynos_the_app_is_an_error_and_its_process_is_gone(simulated: Simulated) -> None:
    """Scaled to zero the site answers 503 and its process has ended; scaled up again it answers."""
    before = simulated.visit(STAGING_HOST).json()["pid"]
    scale(simulated, 0)
    answer = simulated.visit(STAGING_HOST)
    assert answer.status_code == 503
    assert "Application error" in answer.text
    scale(simulated, 1)
    assert simulated.visit(STAGING_HOST).json()["pid"] != before


@pytest.mark.parametrize("command", [["/bin/false"], [sys.executable, "-c", "raise SystemExit(1)"]])
def test_a_site_that_crashes_is_an_error(make_simulated: Callable[..., Simulated], command: list[str]) -> None:
    """A web process that ends while booting is answered 503, and its dyno is shown as crashed."""
    with make_simulated(web_command=command).running() as own:
        assert own.visit(STAGING_HOST).status_code == 503
        states = {dyno["type"]: dyno["state"] for dyno in own.api.get(f"/apps/{STAGING}/dynos").json()}
        assert states == {"web": "crashed", "worker": "up"}


def test_a_taken_port_is_no_dyno(make_simulated: Callable[..., Simulated], simulated: Simulated) -> None:
    """Another process on the site's port is not taken for the site."""
    own = make_simulated()
    simulated.visit(STAGING_HOST)
    own.config["apps"][1]["site_port"] = simulated.config["apps"][1]["site_port"]
    with own.running():
        assert own.visit(STAGING_HOST).status_code == 503
