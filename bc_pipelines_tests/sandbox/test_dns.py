"""The sandbox's name server, asked by a real resolver."""

from __future__ import annotations

import pytest
from dns.resolver import NXDOMAIN, Resolver

from bc_pipelines.sandbox import apps
from bc_pipelines.sandbox.world import HOST, World


@pytest.fixture
def resolver(world: World) -> Resolver:
    """A client of the running server."""
    made = Resolver(configure=False)
    made.nameservers, made.port, made.lifetime = [HOST], world.ports["dns"], 20
    return made


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_every_host_is_an_alias_that_leads_here(resolver: Resolver, tcp: bool) -> None:
    """By UDP and by TCP, each site's name leads to a name at Heroku and to this machine."""
    for host in apps.all_hosts():
        answer = resolver.resolve(f"{host}.", "A", tcp=tcp)
        assert [str(each) for each in answer] == [HOST]
        assert str(answer.canonical_name).endswith(".herokudns.example.")


def test_what_is_not_there_does_not_exist(resolver: Resolver) -> None:
    """Nothing is passed on to the real outside world; a name with others below it does exist."""
    with pytest.raises(NXDOMAIN):
        resolver.resolve("www.elsewhere.example.", "A")
    assert resolver.resolve("staging.buckinghamshire.example.", "A", raise_on_no_answer=False).rrset is None
