"""The runbook's question about TLS: which hosts of an environment are asked, and where.

Does not belong here: asking (see `probes.tls`), judging (see `checks.tls`). Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bc_pipelines.checks import tls as tls_checks
from bc_pipelines.checks.verdict import Fact
from bc_pipelines.operations.infrastructure import Checks, Looked, shown
from bc_pipelines.operations.tools import Tools
from bc_pipelines.probes import tls
from bc_pipelines.probes.told import Untold, version_of
from bc_pipelines.settings import Settings

CHECKS = Checks(
    of_each={
        "certificate_is_current": "Every host's certificate counts, and will for three weeks or more.",
        "certificate_is_for_its_host": "Every host's certificate names that host.",
        "chain_is_trusted": "What every host sends leads to an authority that is trusted, with nothing missing "
        "between.",
        "old_versions_are_refused": "No host speaks TLS 1.0 or 1.1.",
        "http_leads_to_https": "Who asks by plain http is led to https on the same host.",
    },
    # Browsers are to remember nothing of a copy's host.
    of_production={"hsts_is_set": "Browsers are told to remember https. Never more than a warning."},
)


def ways(settings: Settings, environment: str) -> list[tls.Way]:
    """Where an environment's hosts are reached."""
    at = settings.connect_to
    return [
        tls.Way(host, https=at or f"{host}:443", http=None if at else f"{host}:80")
        for host in settings.environments[environment].hosts
    ]


def look_at_tls(tools: Tools, environment: str) -> Looked:
    """Shake hands with every host of an environment.

    Args:
        tools: the run's tools.
        environment: its name.
    """
    production = environment == "production"
    seen = tls.look(ways(tools.settings, environment), home=production)
    now = datetime.now(UTC)
    verdicts = {
        "certificate_is_current": tls_checks.certificate_is_current(seen, now),
        "certificate_is_for_its_host": tls_checks.certificate_is_for_its_host(seen),
        "chain_is_trusted": tls_checks.chain_is_trusted(seen),
        "old_versions_are_refused": tls_checks.old_versions_are_refused(seen),
        "http_leads_to_https": tls_checks.http_leads_to_https(seen),
    }
    if production:
        verdicts["hsts_is_set"] = tls_checks.hsts_is_set(seen)
    return Looked(_facts(seen, now), version_of(*seen), verdicts, tuple(map(_row, seen)))


def _facts(seen: Sequence[tls.Tls], now: datetime) -> Mapping[str, Fact]:
    known = [each.certificate for each in seen if isinstance(each.certificate, tls.Certificate)]
    facts: dict[str, Fact] = {"hosts": len(seen), "hosts_that_answered": len(known)}
    if known:
        # One figure that the UI can plot: of the host that is worst off.
        facts["days_left"] = min((each.valid_until - now).days for each in known)
        facts["issuers"] = "; ".join(sorted({each.issuer for each in known}))
    return facts


def _row(each: tls.Tls) -> Mapping[str, Fact]:
    certificate = each.certificate
    if isinstance(certificate, Untold):
        return {"host": each.host, "until": shown(certificate), "key": "", "issuer": "", "speaks": ""}
    return {
        "host": each.host,
        "until": f"{certificate.valid_until:%Y-%m-%d}",
        "key": certificate.key,
        "issuer": certificate.authority,
        "speaks": each.version if isinstance(each.version, str) else "",
    }
