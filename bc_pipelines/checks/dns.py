"""Whether the DNS leads visitors to the sites and nobody else, from a look's facts."""

from __future__ import annotations

from collections.abc import Mapping

from bc_pipelines.checks.each_host import Found, together, unknown
from bc_pipelines.checks.verdict import Verdict, not_testable
from bc_pipelines.probes.dns import Dns, Host
from bc_pipelines.probes.tls import Certificate
from bc_pipelines.probes.told import Untold

# What authorities that councils use are called in certificates, and in CAA records. No list that they keep was read for
# it, so a name that is missing here is no more than a warning; an authority that is missing is not testable.
_CAA_NAMES = {
    "let's encrypt": ("letsencrypt.org",),
    "amazon": ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com", "aws.amazon.com"),
    "google trust services": ("pki.goog",),
    "google trust services llc": ("pki.goog",),
    "digicert inc": ("digicert.com", "www.digicert.com", "geotrust.com", "rapidssl.com", "thawte.com", "symantec.com"),
    "digicert, inc.": ("digicert.com", "www.digicert.com", "geotrust.com", "rapidssl.com", "thawte.com"),
    "sectigo limited": ("sectigo.com", "comodo.com", "comodoca.com", "usertrust.com", "trust-provider.com"),
    "globalsign nv-sa": ("globalsign.com",),
    "godaddy.com, inc.": ("godaddy.com", "starfieldtech.com"),
    "starfield technologies, inc.": ("starfieldtech.com", "godaddy.com"),
    "entrust, inc.": ("entrust.net", "affirmtrust.com"),
    "ssl corporation": ("ssl.com",),
}
_ANYBODY = Found("warn", "any authority may issue certificates for it")


def every_host_resolves(seen: Dns) -> Verdict:
    """Whether each host has an address."""

    def judge(host: Host) -> Found:
        if isinstance(host.addresses, Untold):
            return unknown(host.addresses)
        if host.addresses:
            return Found("good", f"{len(host.addresses)} address(es)")
        return Found("bad", f"{host.missing} does not exist" if host.missing else "it exists, without an address")

    return together(
        seen.hosts, judge, "each host has an address", "Put its record into the zone, or take the host out."
    )


def no_dangling_alias(seen: Dns) -> Verdict:
    """Whether an alias leads to a name that does not exist, which whoever registers that name could answer for."""

    def judge(host: Host) -> Found:
        if host.missing and host.aliases:
            return Found("bad", f"leads to {host.missing}, which does not exist")
        if isinstance(host.addresses, Untold):
            return unknown(host.addresses)
        return Found("good", f"leads to {host.aliases[-1]}" if host.aliases else "is no alias")

    return together(
        seen.hosts,
        judge,
        "no host is an alias of a name that does not exist",
        "Take the alias out of the zone at once, or correct it: who gets hold of that name gets the host with it, and "
        "can have a certificate for it.",
    )


def caa_allows_the_issuer(seen: Dns, certificates: Mapping[str, Certificate | Untold]) -> Verdict:
    """Whether CAA records let the authority of a host's certificate issue the next one.

    Args:
        seen: the facts.
        certificates: by host.
    """

    def judge(host: Host) -> Found:
        if isinstance(host.caa, Untold):
            return unknown(host.caa)
        if not host.caa:
            return _ANYBODY
        certificate = certificates.get(host.host, Untold("no certificate was looked at"))
        if isinstance(certificate, Untold):
            return Found("unknown", f"its certificate could not be had: {certificate.why}")
        allowed = _allowed(host.caa, wild=host.host.lower() not in certificate.names)
        if not allowed:
            return _ANYBODY
        authority = certificate.authority
        names = _CAA_NAMES.get(authority.lower(), ())
        if allowed & {*names, authority.lower()}:
            return Found("good", f"{authority} may issue")
        only = ", ".join(sorted(allowed - {""})) or "nobody"
        if names:
            found = f"its certificate is by {authority}, but only {only} may issue"
            return Found("warn", found) if allowed - {""} else Found("bad", found)
        return Found("unknown", f"what {authority} is called in CAA records is not known here; {only} may issue")

    return together(
        seen.hosts,
        judge,
        "CAA records name the authority that issued the certificate, and so keep others out",
        "Have a CAA record for that authority in the zone; without it the next certificate is refused, and without any "
        "every authority may issue one.",
    )


def _allowed(records: tuple[str, ...], *, wild: bool) -> set[str]:
    """Who may issue: what counts for a certificate with an asterisk counts for no other (RFC 8659, 4.2 and 4.3)."""
    told = [each.partition(" ") for each in records]
    of_wild = {value for tag, _, value in told if tag == "issuewild"} if wild else set()
    return of_wild or {value for tag, _, value in told if tag == "issue"}


def sender_policy_is_sound(seen: Dns) -> Verdict:
    """Whether receivers of mail can tell who may send in the domain's name."""
    policies = seen.domain.spf
    if isinstance(policies, Untold):
        return not_testable(f"the sender policy (SPF) was not told: {policies.why}.")
    name = seen.domain.name
    if not policies:
        return _doubtful(f"{name} has no sender policy (SPF), so that anybody may send mail in its name.")
    if len(policies) > 1:
        return Verdict(
            False,
            f"Expected: one sender policy (SPF) of {name}. Found: {len(policies)}, which receivers take for an error. "
            "Make one of them.",
        )
    terms = policies[0].lower().split()
    if "+all" in terms or "all" in terms:
        return Verdict(
            False,
            f"The sender policy (SPF) of {name} ends in +all: everybody may send in its name. End it in -all or ~all.",
        )
    elsewhere = [term.partition("=")[2] for term in terms if term.startswith("redirect=")]
    # It counts only where nothing is said of all (RFC 7208, 6.1).
    if elsewhere and not {"-all", "~all", "?all"} & set(terms):
        return not_testable(f"{name} leaves its sender policy (SPF) to {elsewhere[0]}, which was not looked at.")
    if {"-all", "~all"} & set(terms):
        return Verdict(True, f"{name} has one sender policy (SPF): {policies[0]}")
    return _doubtful(f"The sender policy (SPF) of {name} keeps nobody out: {policies[0]}. End it in -all or ~all.")


def dmarc_is_there(seen: Dns) -> Verdict:
    """Whether receivers are told what to do with mail that only claims to be of the domain."""
    records = seen.domain.dmarc
    if isinstance(records, Untold):
        return not_testable(f"the DMARC record was not told: {records.why}.")
    where = f"_dmarc.{seen.domain.dmarc_of or seen.domain.name}"
    if len(records) != 1:
        return Verdict(
            False,
            f"Expected: one DMARC record at {where}. Found: {len(records) or 'none'}. Publish one with p=none first, "
            "read the reports, then go on to quarantine and reject.",
        )
    policy = dmarc_policy(records[0], inherited=bool(seen.domain.dmarc_of))
    if policy in ("quarantine", "reject"):
        return Verdict(True, f"{where} has receivers {policy} what is not of the domain.")
    if policy == "none":
        return _doubtful(f"{where} says p=none, so that forged mail is let through. Go on to quarantine or reject.")
    return Verdict(False, f"The DMARC record at {where} has no policy that receivers know. Give it p=reject.")


def dmarc_policy(record: str, *, inherited: bool = False) -> str:
    """What a DMARC record says receivers are to do; empty where it says nothing (RFC 7489, 6.3).

    Args:
        record: its text.
        inherited: whether it is for a name below, for which the tag `sp` goes before `p`.
    """
    pairs = (tag.partition("=") for tag in record.split(";"))
    tags = {name.strip().lower(): value.strip().lower() for name, _, value in pairs}
    return (tags.get("sp") if inherited else "") or tags.get("p", "")


def _doubtful(summary: str) -> Verdict:
    return Verdict(False, summary, severity="warn")
