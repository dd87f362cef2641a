"""The runbook's question about DNS: which hosts of an environment are asked for, and whose certificates are compared.

Does not belong here: asking (see `probes.dns`), judging (see `checks.dns`). Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from bc_pipelines.checks import dns as dns_checks
from bc_pipelines.checks.verdict import Fact, Verdict
from bc_pipelines.operations.infrastructure import Looked, nothing_known
from bc_pipelines.operations.infrastructure_tls import ways
from bc_pipelines.operations.tools import Tools
from bc_pipelines.probes import dns, tls
from bc_pipelines.probes.told import Untold, version_of

DNS = {
    "every_host_resolves": "Every host has an address.",
    "no_dangling_alias": "No host is an alias of a name that does not exist, and that somebody else could take.",
    "caa_allows_the_issuer": "CAA records let the authority of each host's certificate issue the next one.",
}
OF_PRODUCTION = {
    "sender_policy_is_sound": "The domain of the first host has one sender policy (SPF), which keeps strangers out.",
    "dmarc_is_there": "Receivers are told what to do with mail that only claims to be of that domain.",
}


def checks_of_dns(environment: str) -> Mapping[str, str]:
    """The checks, by name; a copy's hosts may be in the domain of somebody else, whose mail is no matter of ours."""
    return {**DNS, **(OF_PRODUCTION if environment == "production" else {})}


def look_at_dns(tools: Tools, environment: str) -> Looked:
    """Ask a resolver for every host of an environment, and for the domain of the first.

    Args:
        tools: the run's tools.
        environment: its name.
    """
    names = checks_of_dns(environment)
    hosts = tools.settings.environments[environment].hosts
    if not hosts:
        return nothing_known(names, "no host of this environment is configured.")
    seen = dns.look(hosts, tools.settings.resolver)
    certificates = tls.certificates(ways(tools.settings, environment))
    judges: Mapping[str, Callable[[], Verdict]] = {
        "every_host_resolves": lambda: dns_checks.every_host_resolves(seen),
        "no_dangling_alias": lambda: dns_checks.no_dangling_alias(seen),
        "caa_allows_the_issuer": lambda: dns_checks.caa_allows_the_issuer(seen, certificates),
        "sender_policy_is_sound": lambda: dns_checks.sender_policy_is_sound(seen),
        "dmarc_is_there": lambda: dns_checks.dmarc_is_there(seen),
    }
    verdicts = {name: judges[name]() for name in names}
    return Looked(_facts(seen), _version(seen), verdicts, tuple(map(_row, seen.hosts)))


def _version(seen: dns.Dns) -> str:
    """Addresses at the end of an alias are their owner's affair, and change from hour to hour."""
    return version_of(
        replace(seen, hosts=tuple(replace(each, addresses=()) if each.aliases else each for each in seen.hosts))
    )


def _facts(seen: dns.Dns) -> Mapping[str, Fact]:
    domain = seen.domain
    return {
        "domain": domain.name if isinstance(domain.name, str) else f"not told ({domain.name.why})",
        "name_servers": _shown(domain.servers),
        "mail_servers": _shown(domain.mail),
        "sender_policy": _shown(domain.spf),
        # Not the whole record: it may name a person's address for reports.
        "dmarc_policy": _shown(
            domain.dmarc
            if isinstance(domain.dmarc, Untold)
            else tuple(dns_checks.dmarc_policy(each, inherited=bool(domain.dmarc_of)) for each in domain.dmarc)
        ),
    }


def _row(each: dns.Host) -> Mapping[str, Fact]:
    return {
        "host": each.host,
        "leads to": " → ".join(each.aliases),
        "addresses": "does not exist" if each.missing else _shown(each.addresses),
        "TTL": each.ttl,
        "CAA": _shown(each.caa),
    }


def _shown(values: tuple[str, ...] | Untold) -> str:
    return f"not told ({values.why})" if isinstance(values, Untold) else "; ".join(values) or "none"
