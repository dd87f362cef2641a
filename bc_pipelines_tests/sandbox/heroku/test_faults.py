"""Ordered faults: each kind on requests, downloads, the router and transfers."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from bc_pipelines_tests.sandbox.heroku.simulated import PRODUCTION, STAGING, STAGING_ADDON, STAGING_HOST, Simulated

TRANSFERS = f"/client/v11/apps/{PRODUCTION}/transfers"


def test_a_status_strikes_as_often_as_ordered(simulated: Simulated) -> None:
    """After `skip` good answers come `times` bad ones, then good ones again; other routes never notice."""
    simulated.fault(kind="status", path="/client/v11/apps/*/transfers", method="GET", status=503, times=2, skip=1)
    assert simulated.api.get("/account").status_code == 200
    assert [simulated.api.get(TRANSFERS).status_code for _ in range(5)] == [200, 503, 503, 200, 200]


def test_faults_can_be_listed_and_forgotten(simulated: Simulated) -> None:
    """A fault without an end is in force until all are deleted."""
    simulated.fault(kind="status", status=500, times=None, body={"id": "x", "message": "invented"})
    assert [fault["kind"] for fault in simulated.api.get("/sandbox/faults").json()] == ["status"]
    assert simulated.api.get("/account").json()["message"] == "invented"
    assert simulated.api.delete("/sandbox/faults").json() == []
    assert simulated.api.get("/account").status_code == 200


@pytest.mark.parametrize("order", [{"kind": "status", "oops": 1}, {"kind": "half_way"}, {}, {"kind": "x"}])
def test_an_order_that_makes_no_sense_is_refused(simulated: Simulated, order: dict[str, object]) -> None:
    """Unknown kinds and members are refused with 422."""
    assert simulated.api.post("/sandbox/faults", json=order).status_code == 422


def test_html_labelled_as_json(simulated: Simulated) -> None:
    """The recorded 404 of the Data API: HTML with the content type of JSON."""
    simulated.fault(kind="html_not_found")
    answer = simulated.api.get(TRANSFERS)
    assert (answer.status_code, answer.text) == (404, "<h1>Not Found</h1>")
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize(("order", "remaining"), [({}, "0"), ({"remaining": 3}, "3")])
def test_a_rate_limit(simulated: Simulated, order: dict[str, int], remaining: str) -> None:
    """429 with Heroku's body and the tokens that are left: none, unless others are ordered."""
    simulated.fault(kind="rate_limit", **order)
    answer = simulated.api.get("/account")
    assert (answer.status_code, answer.json()["id"]) == (429, "rate_limit")
    assert answer.headers["ratelimit-remaining"] == remaining


def test_a_delay_only_delays(simulated: Simulated) -> None:
    """The answer comes late and whole: a client with no patience gives up, one with some gets it."""
    simulated.fault(kind="delay", seconds=1)
    with pytest.raises(httpx.ReadTimeout):
        simulated.api.get("/account", timeout=0.2)
    simulated.fault(kind="delay", seconds=0.1)
    assert simulated.api.get("/account").status_code == 200


@pytest.mark.parametrize(("kind", "captures"), [("drop", 0), ("lose_answer", 1)])
def test_a_lost_answer(simulated: Simulated, kind: str, captures: int) -> None:
    """Dropped before, the request has no effect; with its answer lost, it has one, and the client cannot tell."""
    before = len(simulated.transfers(PRODUCTION))
    simulated.fault(kind=kind, method="POST", path="*/backups")
    with pytest.raises(httpx.TransportError):
        simulated.capture()
    assert len(simulated.transfers(PRODUCTION)) == before + captures


def until_cut(simulated: Simulated, url: str) -> Iterator[bytes]:
    """What a download brings before its connection is cut, which must happen."""
    with httpx.stream("GET", url, verify=simulated.context) as answer:
        try:
            yield from answer.iter_raw()
        except httpx.RemoteProtocolError:
            return
    pytest.fail("the download was not cut")


@pytest.mark.parametrize("share", [0, 0.5])
def test_a_truncated_download(simulated: Simulated, share: float) -> None:
    """The connection closes after so many bytes of the body, and the rest can be had by Range."""
    url = simulated.public_url(simulated.backup()["num"])
    whole = httpx.get(url, verify=simulated.context).content
    wanted = int(len(whole) * share)
    simulated.fault(kind="truncate", path="/xfer-bucket/*", bytes=wanted)
    got = b"".join(until_cut(simulated, url))
    assert got == whole[:wanted]
    rest = httpx.get(url, headers={"Range": f"bytes={wanted}-"}, verify=simulated.context)
    assert got + rest.content == whole


def test_an_address_that_expires_early(simulated: Simulated) -> None:
    """The fault answers a good address as S3 answers an expired one."""
    url = simulated.public_url(simulated.backup()["num"])
    simulated.fault(kind="expired_url", path="/xfer-bucket/*")
    answer = httpx.get(url, verify=simulated.context)
    assert answer.status_code == 403
    assert "Request has expired" in answer.text
    assert httpx.get(url, verify=simulated.context).status_code == 200


def test_the_router_has_faults_of_its_own(simulated: Simulated) -> None:
    """A fault on the router strikes pages and not the API."""
    simulated.fault(on="router", kind="status", path="/admin/*", status=502)
    assert simulated.api.get("/account").status_code == 200
    assert simulated.visit(STAGING_HOST, "/").status_code == 200
    assert simulated.visit(STAGING_HOST, "/admin/login/").status_code == 502


def test_a_transfer_that_fails_has_the_ordered_log(simulated: Simulated) -> None:
    """The transfer ends failed, and its log ends with the ordered lines; another app is spared."""
    ordered = ["pg_dump: error: invented", "pg_dump: detail: invented too"]
    simulated.fault(on="transfer", kind="fail", transfer="backup", app=PRODUCTION, message="\n".join(ordered))
    good = simulated.finished(STAGING, simulated.capture(STAGING_ADDON))
    transfer = simulated.finished(PRODUCTION, simulated.capture())
    assert (good["succeeded"], transfer["succeeded"]) == (True, False)
    assert [line["message"] for line in transfer["logs"]] == ordered


def test_bytes_that_come_late(simulated: Simulated) -> None:
    """With `zero_bytes` the first reading of a finished transfer shows 0 processed bytes, the next the real number."""
    simulated.fault(on="transfer", kind="zero_bytes")
    first = simulated.backup()
    assert first["processed_bytes"] > 0
    simulated.fault(on="transfer", kind="zero_bytes")
    assert simulated.transfer(PRODUCTION, first["num"])["processed_bytes"] == 0
    assert simulated.transfer(PRODUCTION, first["num"])["processed_bytes"] == first["processed_bytes"]


def test_requests_can_be_counted(simulated: Simulated) -> None:
    """The latest requests are told by method and path, without queries."""
    simulated.api.get(f"{TRANSFERS}/1", params={"verbose": "true"})
    assert simulated.api.get("/sandbox/requests").json()[-1] == f"GET {TRANSFERS}/1"
