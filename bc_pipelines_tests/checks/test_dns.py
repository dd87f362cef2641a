"""What is good and bad of hosts' names."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bc_pipelines.checks import dns
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.probes.dns import Dns, Domain, Host
from bc_pipelines.probes.tls import Certificate
from bc_pipelines.probes.told import Untold

HOST = "www.council.example"
WELL = Host(HOST, ("edge.example",), "", ("192.0.2.1",), 300, ("issue letsencrypt.org",))
DOMAIN = Domain(
    name="council.example",
    servers=("ns1.council.example",),
    mail=("10 mail.council.example",),
    spf=("v=spf1 mx -all",),
    dmarc=("v=DMARC1; p=reject",),
)
SILENT = Untold("the resolver does not answer in time")


def outcome(verdict: Verdict) -> str:
    """A verdict in a word."""
    assert verdict.summary
    if verdict.facts.get("state") == "not_testable":
        return "not testable"
    return "passed" if verdict.passed else verdict.severity


def by(authority: str, name: str) -> Certificate:
    """A certificate of an authority."""
    day = datetime(2026, 11, 28, tzinfo=UTC)
    return Certificate(day, day, (name,), authority, authority, "EC 256")


def of(host: Host = WELL, domain: Domain = DOMAIN) -> Dns:
    """The facts of one host."""
    return Dns((host,), domain)


@pytest.mark.parametrize(
    ("host", "resolves", "dangles"),
    [
        (WELL, "passed", "passed"),
        (replace(WELL, aliases=()), "passed", "passed"),
        (replace(WELL, missing="edge.example", addresses=()), "error", "error"),
        (replace(WELL, aliases=(), missing=HOST, addresses=()), "error", "passed"),
        (replace(WELL, addresses=()), "error", "passed"),
        (replace(WELL, addresses=SILENT), "not testable", "not testable"),
    ],
)
def test_where_a_host_leads(host: Host, resolves: str, dangles: str) -> None:
    """A host without an address is a failure, and an alias of a name that does not exist one of its own."""
    assert outcome(dns.every_host_resolves(of(host))) == resolves
    assert outcome(dns.no_dangling_alias(of(host))) == dangles


@pytest.mark.parametrize(
    ("caa", "authority", "expected"),
    [
        (("issue letsencrypt.org",), "Let's Encrypt", "passed"),
        (("issue amazon.com",), "Amazon", "passed"),
        (("issue authority.example",), "Authority.example", "passed"),
        (("issue digicert.com",), "Let's Encrypt", "warn"),
        (("issue ",), "Let's Encrypt", "error"),
        (("issue digicert.com",), "Some Authority Ltd", "not testable"),
        (("issue digicert.com",), Untold("no connection can be made"), "not testable"),
        ((), "Let's Encrypt", "warn"),
        (SILENT, "Let's Encrypt", "not testable"),
    ],
)
def test_who_may_issue(caa: tuple[str, ...] | Untold, authority: str | Untold, expected: str) -> None:
    """The present authority must be among those that may; of one that is not known here nothing is said."""
    found = authority if isinstance(authority, Untold) else by(authority, HOST)
    assert outcome(dns.caa_allows_the_issuer(of(replace(WELL, caa=caa)), {HOST: found})) == expected


@pytest.mark.parametrize(
    ("caa", "own", "wild"),
    [
        (("issue pki.goog", "issuewild letsencrypt.org"), "warn", "passed"),
        (("issue ", "issuewild letsencrypt.org"), "error", "passed"),
        (("issue letsencrypt.org", "issuewild "), "passed", "error"),
        (("issue letsencrypt.org",), "passed", "passed"),
        (("issuewild letsencrypt.org",), "warn", "passed"),
    ],
)
def test_who_may_issue_with_an_asterisk(caa: tuple[str, ...], own: str, wild: str) -> None:
    """What is said of certificates with an asterisk counts for those, and for no others."""
    for name, expected in ((HOST, own), ("*.council.example", wild)):
        seen = of(replace(WELL, caa=caa))
        assert outcome(dns.caa_allows_the_issuer(seen, {HOST: by("Let's Encrypt", name)})) == expected


@pytest.mark.parametrize(
    ("spf", "expected"),
    [
        (("v=spf1 include:spf.example -all",), "passed"),
        (("v=spf1 mx ~ALL",), "passed"),
        (("v=spf1 redirect=spf.example",), "not testable"),
        (("v=spf1 -all redirect=spf.example",), "passed"),
        (("v=spf1 mx ?all",), "warn"),
        (("v=spf1 mx",), "warn"),
        (("v=spf1 mx all",), "error"),
        (("v=spf1 +all",), "error"),
        (("v=spf1 -all", "v=spf1 ~all"), "error"),
        ((), "warn"),
        (SILENT, "not testable"),
    ],
)
def test_sender_policies(spf: tuple[str, ...] | Untold, expected: str) -> None:
    """There is one at most, and it keeps strangers out."""
    assert outcome(dns.sender_policy_is_sound(of(domain=replace(DOMAIN, spf=spf)))) == expected


@pytest.mark.parametrize(
    ("dmarc", "expected"),
    [
        (("v=DMARC1; p=reject; sp=none",), "passed"),
        (("v=DMARC1;P = Quarantine",), "passed"),
        (("v=DMARC1; p=none",), "warn"),
        (("v=DMARC1; sp=reject",), "error"),
        (("v=DMARC1; p=reject", "v=DMARC1; p=none"), "error"),
        ((), "error"),
        (SILENT, "not testable"),
    ],
)
def test_dmarc(dmarc: tuple[str, ...] | Untold, expected: str) -> None:
    """There is one, with a policy; p=none is a beginning only."""
    assert outcome(dns.dmarc_is_there(of(domain=replace(DOMAIN, dmarc=dmarc)))) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=DMARC1; p=reject", "passed"),
        ("v=DMARC1; p=reject; sp=none", "warn"),
        ("v=DMARC1; p=none; sp=quarantine", "passed"),
    ],
)
def test_dmarc_of_the_name_above(record: str, expected: str) -> None:
    """It counts for the names below, with a policy of their own where it has one."""
    verdict = dns.dmarc_is_there(of(domain=replace(DOMAIN, dmarc=(record,), dmarc_of="above.example")))
    assert outcome(verdict) == expected
    assert "_dmarc.above.example" in verdict.summary
