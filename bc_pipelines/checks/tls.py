"""Whether visitors reach every host by https without a warning, and go on to: from a look's facts.

Each fault is judged for itself, so that a certificate that has expired and is for another name fails twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

from bc_pipelines.checks.each_host import Found, together, unknown
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.probes.tls import Tls
from bc_pipelines.probes.told import Untold

# Certificates renew themselves a month before their end, so that one with three weeks left has been missed.
WARN_BELOW = timedelta(days=21)
FAIL_BELOW = timedelta(days=7)
# What preloading asks for: a year (hstspreload.org).
HSTS_SECONDS = 31_536_000
_DIGITS = 12
# What a firewall answers to whom it takes for a robot; in maintenance it is a 503.
_TURNED_AWAY = (403, 429)
_REDIRECTS = (301, 302, 303, 307, 308)


def certificate_is_current(seen: Sequence[Tls], now: datetime) -> Verdict:
    """Whether certificates count now and will for some time.

    Args:
        seen: the facts.
        now: the time, with a zone.
    """

    def judge(host: Tls) -> Found:
        if isinstance(host.certificate, Untold):
            return unknown(host.certificate)
        left = host.certificate.valid_until - now
        until = f"{host.certificate.valid_until:%d %B %Y}"
        if now < host.certificate.valid_from:
            return Found("bad", f"counts only from {host.certificate.valid_from:%d %B %Y}")
        if left <= timedelta(0):
            return Found("bad", f"expired on {until}")
        found = f"{left.days} days left, until {until}"
        if left < FAIL_BELOW:
            return Found("bad", found)
        return Found("warn" if left < WARN_BELOW else "good", found)

    return together(
        seen,
        judge,
        f"each host's certificate counts for {WARN_BELOW.days} days or more",
        "Renew it; where it renews itself, find out why it did not (Heroku: `heroku certs:auto`).",
    )


def certificate_is_for_its_host(seen: Sequence[Tls]) -> Verdict:
    """Whether each host's certificate names it."""

    def judge(host: Tls) -> Found:
        if isinstance(host.certificate, Untold):
            return unknown(host.certificate)
        if covers(host.certificate.names, host.host):
            return Found("good", "it is named")
        others = f"it is for {', '.join(host.certificate.names[:3])}" if host.certificate.names else "it names no host"
        return Found("bad", others)

    return together(
        seen, judge, "each host's certificate names that host", "Add the host to the certificate (Heroku: to the app)."
    )


def chain_is_trusted(seen: Sequence[Tls]) -> Verdict:
    """Whether what a host sends leads to an authority that clients trust, dates and names aside."""

    def judge(host: Tls) -> Found:
        if isinstance(host.fault, Untold):
            return unknown(host.fault)
        return Found("bad", host.fault) if host.fault else Found("good", "it leads to a trusted authority")

    return together(
        seen,
        judge,
        "each host sends its certificate with all that lead to an authority that is trusted",
        "Have the intermediate certificates sent too; browsers that have seen them elsewhere hide that they are "
        "missing, programs and telephones do not. Where nobody trusts the authority, take a certificate of another.",
    )


def old_versions_are_refused(seen: Sequence[Tls]) -> Verdict:
    """Whether TLS 1.0 and 1.1 are switched off (RFC 8996)."""

    def judge(host: Tls) -> Found:
        if isinstance(host.old_versions, Untold):
            return unknown(host.old_versions)
        if host.old_versions:
            return Found("bad", f"speaks {' and '.join(host.old_versions)}")
        return Found("good", f"speaks {host.version}" if isinstance(host.version, str) else "refuses them")

    return together(
        seen, judge, "no host speaks TLS 1.0 or 1.1", "Set the lowest version to TLS 1.2 where the host's TLS ends."
    )


def http_leads_to_https(seen: Sequence[Tls]) -> Verdict:
    """Whether who types an address without https is led to https, on the same host first."""

    def judge(host: Tls) -> Found:
        if isinstance(host.plain, Untold):
            return unknown(host.plain)
        if host.plain.status in _TURNED_AWAY or host.plain.status >= 500:
            return Found("unknown", f"status {host.plain.status} in place of an answer")
        if host.plain.status not in _REDIRECTS or not host.plain.location:
            return Found("bad", f"answers plain http itself, with status {host.plain.status}")
        scheme, target = _target(host.host, host.plain.location)
        if scheme != "https":
            return Found("bad", "does not lead to https")
        if target != host.host.lower():
            return Found("warn", f"leads to https on another host first ({target or 'none'})")
        return Found("good", "leads to https on the same host")

    return together(
        seen,
        judge,
        "plain http leads to https on the same host",
        'Switch on SECURE_SSL_REDIRECT, or the front-end cache\'s "always use HTTPS"; other hosts come after that, '
        "because a browser remembers https only of a host that it has visited so.",
    )


def hsts_is_set(seen: Sequence[Tls]) -> Verdict:
    """Whether browsers are told to remember https; never more than a warning."""

    def judge(host: Tls) -> Found:
        if isinstance(host.hsts, Untold):
            return unknown(host.hsts)
        if not host.hsts:
            return Found("warn", "no Strict-Transport-Security")
        seconds = _max_age(host.hsts)
        return Found("good" if seconds >= HSTS_SECONDS else "warn", f"for {seconds} seconds")

    return together(
        seen,
        judge,
        f"browsers are told to remember https for a year ({HSTS_SECONDS} seconds)",
        "Set SECURE_HSTS_SECONDS in the app, in steps: it cannot be taken back from a browser that has seen it.",
    )


def covers(names: Sequence[str], host: str) -> bool:
    """Whether a certificate for some names is for a host: an asterisk stands for one whole label (RFC 6125, 6.4.3)."""
    host = host.lower().rstrip(".")
    return host in names or f"*.{host.partition('.')[2]}" in names


def _target(host: str, location: str) -> tuple[str, str]:
    """Scheme and host of a redirect; empty where it is no address."""
    try:
        parts = urlsplit(urljoin(f"http://{host}/", location))
        return parts.scheme, parts.hostname or ""
    except ValueError:
        return "", ""


def _max_age(header: str) -> int:
    """The header's seconds (RFC 6797, 6.1); 0 where it has none."""
    for directive in header.lower().split(";"):
        name, _, value = directive.partition("=")
        number = value.strip().strip('"')
        if name.strip() == "max-age" and number.isascii() and number.isdigit():
            # Browsers count no further either, and Python reads no number of thousands of digits.
            return int(number[:_DIGITS])
    return 0
