"""What the DNS says of hosts, asked of a real name server."""

import socket
from collections.abc import Iterator

import pytest

from bc_pipelines.probes import dns
from bc_pipelines.probes.dns import Dns, Host, look
from bc_pipelines.probes.told import Untold, version_of
from bc_pipelines_tests.probes.name_server import serve

COUNCILS = ("issue letsencrypt.org", "issuewild ")


@pytest.fixture(scope="module")
def resolver() -> Iterator[tuple[str, int]]:
    """The server's address."""
    with serve() as address:
        yield address


def host(resolver: tuple[str, int], name: str) -> Host:
    """What is said of one host."""
    return look([f"{name}.council.example"], resolver).hosts[0]


def test_a_host_that_is_an_alias_of_an_alias(resolver: tuple[str, int]) -> None:
    """Every step is told, addresses of both kinds, and the CAA records of the nearest name above."""
    found = host(resolver, "www")
    assert found.aliases == ("www.edge.example", "a.b.edge.example")
    assert found.addresses == ("192.0.2.2", "2001:db8::2")
    assert (found.missing, found.ttl, found.caa) == ("", 300, COUNCILS)


def test_an_alias_of_nothing(resolver: tuple[str, int]) -> None:
    """The name at the end that does not exist is named, however many steps lead there."""
    assert host(resolver, "old").missing == "forgotten.cloud.example"
    found = host(resolver, "taken")
    assert (found.aliases, found.missing) == (("also.council.example", "gone.cloud.example"), "gone.cloud.example")
    assert found.addresses == ()


def test_a_host_that_does_not_exist(resolver: tuple[str, int]) -> None:
    """It is told from one that exists without an address."""
    assert host(resolver, "nobody").missing == "nobody.council.example"
    assert (host(resolver, "empty").missing, host(resolver, "empty").addresses) == ("", ())


def test_aliases_in_a_circle(resolver: tuple[str, int]) -> None:
    """Nobody goes round for ever."""
    assert host(resolver, "round").addresses == Untold("its aliases lead in a circle")


def test_a_hosts_own_caa_records(resolver: tuple[str, int]) -> None:
    """They count in place of the domain's."""
    assert host(resolver, "own").caa == ("issue ca.example",)


def test_the_domain(resolver: tuple[str, int]) -> None:
    """It is the zone that the first host is in, with its servers, mail and policies; texts are joined."""
    found = look(["www.council.example"], resolver).domain
    assert found.name == "council.example"
    assert found.servers == ("ns1.council.example", "ns2.council.example")
    assert found.mail == ("10 mail.council.example",)
    assert found.spf == ("v=spf1 include:spf.council.example -all",)
    assert found.dmarc == ("v=DMARC1; p=reject",)


def test_an_alias_of_another_zone_is_in_its_own_zone(resolver: tuple[str, int]) -> None:
    """A resolver answers with the other zone's authority, which is not the host's."""
    assert look(["apex.council.example"], resolver).domain.name == "council.example"


def test_a_zone_below_the_one_with_the_mail_policy(resolver: tuple[str, int]) -> None:
    """The policy of the name above counts for it; one that a whole suffix has is not the council's."""
    found = look(["www.digital.council.example"], resolver).domain
    assert (found.name, found.dmarc_of) == ("digital.council.example", "council.example")
    assert found.dmarc == ("v=DMARC1; p=reject",)
    found = look(["www.council.gov.uk"], resolver).domain
    assert (found.name, found.dmarc, found.dmarc_of) == ("council.gov.uk", (), "")


def test_no_zone_at_all(resolver: tuple[str, int]) -> None:
    """Nothing is known of a domain that is none, nor of its mail."""
    found = look(["www.nowhere.example"], resolver)
    assert found.domain.name == found.domain.spf == Untold("no zone is found for it")
    assert found.hosts[0].caa == ()


def test_a_resolver_that_denies_the_outside_world(resolver: tuple[str, int]) -> None:
    """One that knows nothing of a whole top-level domain says nothing about a host in it."""
    found = look(["www.council.test"], resolver).hosts[0]
    assert found.addresses == found.caa == Untold("the resolver knows no name at all that ends in .test")
    assert found.missing == ""


def test_a_resolver_that_fails(resolver: tuple[str, int]) -> None:
    """SERVFAIL is no answer: neither that the host is missing nor that it is there."""
    found = host(resolver, "failing")
    assert found.addresses == found.caa == Untold("the resolver says SERVFAIL")
    assert found.missing == ""


def test_a_resolver_that_is_silent(resolver: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for only so long, and the other hosts are told."""
    monkeypatch.setattr(dns, "_SECONDS", 1.0)
    found = look(["silent.council.example", "own.council.example"], resolver).hosts
    assert found[0].addresses == Untold("the resolver does not answer in time")
    assert found[1].addresses == ("192.0.2.3",)


def test_no_resolver_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known, and nothing is raised."""
    monkeypatch.setattr(dns, "_SECONDS", 0.4)
    with socket.socket(type=socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        found = look(["www.council.example"], ("127.0.0.1", deaf.getsockname()[1]))
    assert isinstance(found.hosts[0].addresses, Untold)
    assert isinstance(found.domain.name, Untold)
    assert isinstance(found.domain.dmarc, Untold)


def test_names_that_are_none(resolver: tuple[str, int]) -> None:
    """A label that is empty or too long raises nothing."""
    found = look(["www..council.example", "x" * 64 + ".council.example"], resolver)
    assert all(isinstance(each.addresses, Untold) for each in found.hosts)


def test_a_remembered_answer_is_no_change(resolver: tuple[str, int]) -> None:
    """What is left of an answer's time does not count as a difference."""

    def with_ttl(found: Dns, ttl: int) -> Dns:
        return Dns(tuple(Host(**{**vars(each), "ttl": ttl}) for each in found.hosts), found.domain)

    found = look(["www.council.example"], resolver)
    assert version_of(found) == version_of(with_ttl(found, 7))
    assert version_of(found) != version_of(look(["own.council.example"], resolver))
