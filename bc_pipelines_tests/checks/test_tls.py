"""What is good and bad of a host's TLS."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bc_pipelines.checks import tls
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.probes.tls import Certificate, Plain, Tls
from bc_pipelines.probes.told import Untold

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOST = "www.council.example"
CERTIFICATE = Certificate(
    valid_from=NOW - timedelta(days=30),
    valid_until=NOW + timedelta(days=60),
    names=(HOST,),
    authority="Authority",
    issuer="CN=R1,O=Authority",
    key="EC 256",
)
GOOD = Tls(HOST, CERTIFICATE, "", "TLSv1.3", (), Plain(301, f"https://{HOST}/"), "max-age=31536000; includeSubDomains")
SILENT = Tls("jobs.council.example", *[Untold("it does not answer in time")] * 6)


def outcome(verdict: Verdict) -> str:
    """A verdict in a word."""
    if verdict.facts.get("state") == "not_testable":
        return "not testable"
    return "passed" if verdict.passed else verdict.severity


def all_of(*seen: Tls) -> dict[str, str]:
    """Each check's outcome."""
    judged = {
        "current": tls.certificate_is_current(seen, NOW),
        "host": tls.certificate_is_for_its_host(seen),
        "chain": tls.chain_is_trusted(seen),
        "old": tls.old_versions_are_refused(seen),
        "http": tls.http_leads_to_https(seen),
        "hsts": tls.hsts_is_set(seen),
    }
    assert all(verdict.summary for verdict in judged.values())
    return {name: outcome(verdict) for name, verdict in judged.items()}


def test_a_host_as_it_must_be() -> None:
    """Nothing to say against it."""
    assert set(all_of(GOOD).values()) == {"passed"}


def test_a_host_that_does_not_answer() -> None:
    """It is never green, whatever another host says; a fault of another still counts."""
    assert set(all_of(GOOD, SILENT).values()) == {"not testable"}
    assert all_of(replace(GOOD, fault="unable to get local issuer certificate"), SILENT)["chain"] == "error"


def test_no_host_at_all() -> None:
    """Where no host is configured, nothing can be said."""
    assert set(all_of().values()) == {"not testable"}


@pytest.mark.parametrize(
    ("left", "expected"), [(21, "passed"), (20.9, "warn"), (7, "warn"), (6.9, "error"), (0, "error"), (-3, "error")]
)
def test_days_left(left: float, expected: str) -> None:
    """Below three weeks it is a warning, below one a failure."""
    certificate = replace(CERTIFICATE, valid_until=NOW + timedelta(days=left))
    assert outcome(tls.certificate_is_current([replace(GOOD, certificate=certificate)], NOW)) == expected


def test_a_certificate_of_tomorrow() -> None:
    """One that does not count yet is as bad as one that counts no more."""
    certificate = replace(CERTIFICATE, valid_from=NOW + timedelta(days=1))
    assert outcome(tls.certificate_is_current([replace(GOOD, certificate=certificate)], NOW)) == "error"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("*.council.example",), "passed"),
        (("council.example",), "error"),
        (("*.www.council.example",), "error"),
        (("*.example",), "error"),
        ((), "error"),
    ],
)
def test_names(names: tuple[str, ...], expected: str) -> None:
    """An asterisk stands for one label, no more and no less; dates do not matter."""
    certificate = replace(CERTIFICATE, names=names, valid_until=NOW - timedelta(days=9))
    assert outcome(tls.certificate_is_for_its_host([replace(GOOD, certificate=certificate)])) == expected


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        (Plain(302, f"https://{HOST}/home/"), "passed"),
        (Plain(301, "https://www.elsewhere.example/"), "warn"),
        (Plain(301, "/home/"), "error"),
        (Plain(301, ""), "error"),
        (Plain(301, "https://[broken"), "error"),
        (Plain(200, ""), "error"),
        (Plain(404, f"https://{HOST}/"), "error"),
        (Plain(401, ""), "error"),
        (Plain(403, ""), "not testable"),
        (Plain(503, ""), "not testable"),
    ],
)
def test_plain_http(plain: Plain, expected: str) -> None:
    """Only a redirect to https counts, and only one to the same host is good."""
    assert outcome(tls.http_leads_to_https([replace(GOOD, plain=plain)])) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Max-Age="63072000"', "passed"),
        ("max-age=3600", "warn"),
        ("max-age=0", "warn"),
        ("includeSubDomains", "warn"),
        ("max-age=²", "warn"),
        ("max-age=" + "9" * 5000, "passed"),
        ("", "warn"),
    ],
)
def test_hsts(header: str, expected: str) -> None:
    """A year or more, however it is written."""
    assert outcome(tls.hsts_is_set([replace(GOOD, hsts=header)])) == expected


def test_the_worst_host_counts_and_each_has_a_row() -> None:
    """The summary names the host that is at fault; the table shows all."""
    verdict = tls.old_versions_are_refused([GOOD, replace(GOOD, host="fis.council.example", old_versions=("TLS 1.0",))])
    assert outcome(verdict) == "error"
    assert "speaks TLS 1.0 (fis.council.example)" in verdict.summary
    assert HOST not in verdict.summary
    assert [row["state"] for row in verdict.rows] == ["good", "bad"]
