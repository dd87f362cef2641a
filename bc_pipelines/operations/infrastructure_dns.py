"""The runbook's question about DNS: which hosts of an environment are asked for, and whose certificates are compared.

Does not belong here: asking (see `probes.dns`), judging (see `checks.dns`). Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bc_pipelines.checks import dns as dns_checks
from bc_pipelines.checks.verdict import Fact
from bc_pipelines.operations.infrastructure import Checks, Looked, nothing_known, shown
from bc_pipelines.operations.infrastructure_tls import ways
from bc_pipelines.operations.tools import Tools
from bc_pipelines.probes import dns, tls
from bc_pipelines.probes.told import Untold, version_of

CHECKS = Checks(
    of_each={
        "every_host_resolves": "Every host has an address.",
        "no_dangling_alias": "No host is an alias of a name that does not exist, and that somebody else could take.",
        "caa_allows_the_issuer": "CAA records let the authority of each host's certificate issue the next one.",
    },
    # A copy's hosts may be in the domain of somebody else, whose mail is no matter of ours.
    of_production={
        "sender_policy_is_sound": "The domain of the first host has one sender policy (SPF), which keeps strangers "
        "out.",
        "dmarc_is_there": "Receivers are told what to do with mail that only claims to be of that domain.",
    },
)


def look_at_dns(tools: Tools, environment: str) -> Looked:
    """Ask a resolver for every host of an environment, and for the domain of the first.

    Args:
        tools: the run's tools.
        environment: its name.
    """
    hosts = tools.settings.environments[environment].hosts
    if not hosts:
        return nothing_known(CHECKS.of(environment), "no host of this environment is configured.")
    seen = dns.look(hosts, tools.settings.resolver)
    certificates = tls.certificates(ways(tools.settings, environment))
    verdicts = {
        "every_host_resolves": dns_checks.every_host_resolves(seen),
        "no_dangling_alias": dns_checks.no_dangling_alias(seen),
        "caa_allows_the_issuer": dns_checks.caa_allows_the_issuer(seen, certificates),
    }
    if environment == "production":
        verdicts["sender_policy_is_sound"] = dns_checks.sender_policy_is_sound(seen)
        verdicts["dmarc_is_there"] = dns_checks.dmarc_is_there(seen)
    return Looked(_facts(seen), _version(seen), verdicts, tuple(map(_row, seen.hosts)))


def _version(seen: dns.Dns) -> str:
    """Addresses at the end of an alias are their owner's affair, and change from hour to hour."""
    return version_of(
        replace(seen, hosts=tuple(replace(each, addresses=()) if each.aliases else each for each in seen.hosts))
    )


def _facts(seen: dns.Dns) -> Mapping[str, Fact]:
    domain = seen.domain
    return {
        "domain": shown(domain.name),
        "name_servers": shown(domain.servers),
        "mail_servers": shown(domain.mail),
        "sender_policy": shown(domain.spf),
        # Not the whole record: it may name a person's address for reports.
        "dmarc_policy": shown(
            domain.dmarc
            if isinstance(domain.dmarc, Untold)
            else tuple(dns_checks.dmarc_policy(each, inherited=bool(domain.dmarc_of)) for each in domain.dmarc)
        ),
    }


def _row(each: dns.Host) -> Mapping[str, Fact]:
    return {
        "host": each.host,
        "leads to": " → ".join(each.aliases),
        "addresses": "does not exist" if each.missing else shown(each.addresses),
        "TTL": each.ttl,
        "CAA": shown(each.caa),
    }
