"""What the DNS says of hosts and of their domain: one resolver's answers, each with a deadline.

Only the resolver that the caller names, or the system's, is spoken to. Does not belong here: what answers at the
addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bc_pipelines.probes.told import Untold

if TYPE_CHECKING:
    from dns.resolver import Resolver

_SECONDS = 5.0
_AT_ONCE = 8
# Resolvers themselves follow no more than 8 to 16.
_LONGEST = 10
# Below these anybody may register, so that their policies are nobody's in particular (of publicsuffix.org).
_SUFFIXES = {
    f"{each}.uk" for each in ("ac", "co", "gov", "ltd", "me", "mod", "net", "nhs", "org", "plc", "police", "sch")
}
_ROUND = Untold("its aliases lead in a circle")


@dataclass(frozen=True)
class Host:
    """What the DNS says of a host.

    Attributes:
        host: its name.
        aliases: the names that it leads to, one after the other.
        missing: the one of these names, its own first, that does not exist; empty for none.
        addresses: at the end of them.
        ttl: seconds for which the first answer is remembered; less and less until a resolver asks anew.
        caa: what its CAA records, or those of the nearest name above it that has any, let authorities do, as
            `issue letsencrypt.org`; empty where there are none.
    """

    host: str
    aliases: tuple[str, ...]
    missing: str
    addresses: tuple[str, ...] | Untold
    ttl: int = field(repr=False, compare=False)
    caa: tuple[str, ...] | Untold


@dataclass(frozen=True)
class Domain:
    """What the DNS says of the zone that a host is in.

    Attributes:
        name: the zone's.
        servers: its name servers.
        mail: its mail servers.
        spf: its sender policies; more than one is none (RFC 7208, 4.5).
        dmarc: its DMARC records; those of the nearest name above where it has none (RFC 7489, 6.6.3).
        dmarc_of: the name that has them, where that is not the zone's; else empty.
    """

    name: str | Untold
    servers: tuple[str, ...] | Untold
    mail: tuple[str, ...] | Untold
    spf: tuple[str, ...] | Untold
    dmarc: tuple[str, ...] | Untold
    dmarc_of: str = ""


@dataclass(frozen=True)
class Dns:
    """What is known of some hosts, and of the domain of the first."""

    hosts: tuple[Host, ...]
    domain: Domain


@dataclass(frozen=True)
class _Answer:
    exists: bool
    records: tuple[str, ...] = ()
    ttl: int = 0
    by_alias: bool = False


def look(hosts: Sequence[str], resolver: tuple[str, int] | None = None) -> Dns:
    """Ask a resolver about some hosts, several at a time.

    Args:
        hosts: their names, at least one.
        resolver: its address and port; the system's if left out.

    Returns:
        What was told; never raises for what a resolver does.
    """
    asker = _Asker(resolver)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        domain = pool.submit(asker.domain, hosts[0])
        return Dns(tuple(pool.map(asker.host, hosts)), domain.result())


class _Asker:
    def __init__(self, resolver: tuple[str, int] | None) -> None:
        self._resolver = _resolver(resolver)
        self._known: dict[tuple[str, str], _Answer | Untold] = {}

    def host(self, host: str) -> Host:
        """Follow a host's aliases to their end."""
        aliases: list[str] = []
        name, ttl = host, 0
        while True:
            answer = self._ask(name, "CNAME")
            if isinstance(answer, Untold):
                return Host(host, tuple(aliases), "", answer, ttl, self._caa(host))
            if not answer.records:
                break
            name, ttl = answer.records[0], ttl or answer.ttl
            if name in (host, *aliases) or len(aliases) == _LONGEST:
                return Host(host, tuple(aliases), "", _ROUND, ttl, _ROUND)
            aliases.append(name)
        addresses = self._addresses(name)
        if isinstance(addresses, Untold):
            return Host(host, tuple(aliases), "", addresses, ttl, self._caa(host))
        missing = "" if addresses.exists else name
        if missing == host and not self._knows_ending(host):
            # A closed network's resolver denies the whole outside world; that is nothing about this host.
            untold = Untold(f"the resolver knows no name at all that ends in .{host.rpartition('.')[2]}")
            return Host(host, (), "", untold, 0, untold)
        return Host(host, tuple(aliases), missing, addresses.records, ttl or addresses.ttl, self._caa(host))

    def _addresses(self, name: str) -> _Answer | Untold:
        """Both kinds together; a server that does not know the one kind may still tell the other."""
        answers = [self._ask(name, kind) for kind in ("A", "AAAA")]
        known = [answer for answer in answers if isinstance(answer, _Answer)]
        found = tuple(sorted(address for answer in known for address in answer.records))
        for answer in answers:
            if isinstance(answer, Untold) and not found:
                return answer
        return _Answer(any(answer.exists for answer in known), found, max((answer.ttl for answer in known), default=0))

    def _knows_ending(self, host: str) -> bool:
        answer = self._ask(host.rstrip(".").rpartition(".")[2], "SOA")
        return isinstance(answer, Untold) or answer.exists

    def domain(self, host: str) -> Domain:
        """The zone that a host is in, which is the nearest name with a SOA record."""
        zone = self._climb(host, "SOA", own=True)
        if isinstance(zone, Untold) or not zone[0]:
            why = zone if isinstance(zone, Untold) else Untold("no zone is found for it")
            return Domain(why, why, why, why, why)
        name = zone[0]
        dmarc_of, dmarc = self._dmarc(name)
        return Domain(
            name=name,
            servers=self._records(name, "NS"),
            mail=self._records(name, "MX"),
            spf=self._records(name, "TXT", lambda text: text.lower().split(" ")[0] == "v=spf1"),
            dmarc=dmarc,
            dmarc_of="" if dmarc_of == name else dmarc_of,
        )

    def _dmarc(self, zone: str) -> tuple[str, tuple[str, ...] | Untold]:
        name = zone
        while "." in name and name not in _SUFFIXES:
            found = self._records(f"_dmarc.{name}", "TXT", lambda text: text.lower().startswith("v=dmarc1"))
            if found:
                return name, found
            name = name.partition(".")[2]
        return zone, ()

    def _caa(self, host: str) -> tuple[str, ...] | Untold:
        """The nearest CAA records above a name (RFC 8659, 3)."""
        found = self._climb(host, "CAA")
        if isinstance(found, Untold):
            return found
        # Whom an authority tells of refusals, which may be a person's address, is of no interest.
        return tuple(sorted(each for each in found[1] if each.startswith(("issue ", "issuewild "))))

    def _climb(self, host: str, kind: str, *, own: bool = False) -> tuple[str, tuple[str, ...]] | Untold:
        """The nearest name, itself or above, that has records of a kind, and these; empty where none has."""
        labels = host.rstrip(".").split(".")
        for start in range(len(labels)):
            name = ".".join(labels[start:])
            answer = self._ask(name, kind)
            if isinstance(answer, Untold):
                return answer
            # Of an alias, a resolver tells the records of what it leads to, which is another zone.
            if answer.records and not (own and answer.by_alias):
                return name, answer.records
        return "", ()

    def _records(
        self, name: str, kind: str, wanted: Callable[[str], bool] = lambda _text: True
    ) -> tuple[str, ...] | Untold:
        answer = self._ask(name, kind)
        return answer if isinstance(answer, Untold) else tuple(sorted(filter(wanted, answer.records)))

    def _ask(self, name: str, kind: str) -> _Answer | Untold:
        # Two threads may ask the same; that is cheaper than to wait for each other.
        key = (name, kind)
        if key not in self._known:
            self._known[key] = self._resolver if isinstance(self._resolver, Untold) else _asked(self._resolver, *key)
        return self._known[key]


def _resolver(address: tuple[str, int] | None) -> Resolver | Untold:
    from dns.resolver import NoResolverConfiguration, Resolver

    try:
        made = Resolver(configure=address is None)
    except NoResolverConfiguration:
        return Untold("this machine has no resolver")
    if address:
        made.nameservers, made.port = [address[0]], address[1]
    made.lifetime, made.timeout = _SECONDS, _SECONDS / 2
    return made


def _asked(resolver: Resolver, name: str, kind: str) -> _Answer | Untold:
    from dns.exception import DNSException, Timeout
    from dns.name import from_text
    from dns.resolver import NXDOMAIN, NoNameservers

    try:
        answer = resolver.resolve(from_text(name), kind, raise_on_no_answer=False)
    except NXDOMAIN:
        return _Answer(exists=False)
    except Timeout:
        return Untold("the resolver does not answer in time")
    except NoNameservers as error:
        return Untold(_refusal(error))
    except (DNSException, ValueError, OSError) as error:
        return Untold(type(error).__name__)
    if answer.rrset is None:
        return _Answer(exists=True)
    records = tuple(_text(record, kind) for record in answer.rrset)
    return _Answer(True, records, answer.rrset.ttl, by_alias=answer.canonical_name != answer.qname)


def _refusal(error: Exception) -> str:
    """What a resolver says instead of an answer, as SERVFAIL."""
    from dns import rcode

    codes = {rcode.to_text(each[4].rcode()) for each in getattr(error, "kwargs", {}).get("errors", ()) if each[4]}
    return f"the resolver says {', '.join(sorted(codes))}" if codes else "the resolver does not answer"


def _text(record: object, kind: str) -> str:
    """A record in a form that is compared: no point at the end of names, texts in one piece."""
    if kind == "TXT":
        return b"".join(record.strings).decode(errors="replace")  # type: ignore[attr-defined]
    if kind == "CAA":
        tag, value = (part.decode(errors="replace") for part in (record.tag, record.value))  # type: ignore[attr-defined]
        return f"{tag.lower()} {value.partition(';')[0].strip().lower()}"
    return str(record).rstrip(".").lower()
