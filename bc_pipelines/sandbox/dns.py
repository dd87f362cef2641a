"""The name server: dnslib on loopback by UDP and TCP, which answers as a resolver would that knows only this zone.

A council's zone as it may be: hosts are aliases of names at Heroku, mail has a sender policy, one authority may issue
certificates. Every address is 127.0.0.1, where the sandbox answers. What is not in it does not exist.

`python -m bc_pipelines.sandbox.dns PORT`
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from typing import Any

from bc_pipelines.sandbox.apps import APPS
from bc_pipelines.sandbox.certificates import AUTHORITY
from bc_pipelines.sandbox.world import HOST, World

DOMAIN = "buckinghamshire.example"
_TTL = 300
_LONGEST = 8


def command(world: World) -> tuple[str, ...]:
    """Give the server's command line."""
    return (sys.executable, "-m", "bc_pipelines.sandbox.dns", str(world.ports["dns"]))


def answers(world: World) -> bool:
    """Whether the server says who is responsible for its zone."""
    from dnslib import DNSError, DNSRecord

    try:
        answer = DNSRecord.question(DOMAIN, "SOA").send(HOST, world.ports["dns"], timeout=5)
        return bool(DNSRecord.parse(answer).rr)
    except (OSError, DNSError):
        return False


def zone() -> str:
    """The zone's records, as RFC 1035 has them in files."""
    # Heroku gives each host of an app a name of its own to be an alias of (Dev Center, "Custom Domain Names").
    aliases = [
        f"{host}. CNAME {host.replace('.', '-')}.herokudns.example.\n"
        f"{host.replace('.', '-')}.herokudns.example. A {HOST}"
        for app in APPS
        for host in app.hosts
    ]
    return f"""\
$TTL {_TTL}
{DOMAIN}. SOA ns1.{DOMAIN}. hostmaster.{DOMAIN}. 2026112801 7200 3600 1209600 {_TTL}
{DOMAIN}. NS ns1.{DOMAIN}.
{DOMAIN}. NS ns2.{DOMAIN}.
ns1.{DOMAIN}. A {HOST}
ns2.{DOMAIN}. A {HOST}
{DOMAIN}. A {HOST}
{DOMAIN}. CAA 0 issue "{AUTHORITY}"
{DOMAIN}. MX 10 mail.{DOMAIN}.
mail.{DOMAIN}. A {HOST}
{DOMAIN}. TXT "v=spf1 mx -all"
_dmarc.{DOMAIN}. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{DOMAIN}"
{chr(10).join(aliases)}
"""


class NameServer:
    """Answers from one text of records.

    Args:
        records: as `zone` gives them.
    """

    def __init__(self, records: str) -> None:
        from dnslib import RR

        self._records = RR.fromZone(records)

    def resolve(self, request: Any, handler: object) -> Any:  # noqa: ANN401 - as dnslib calls it
        """Answer one question, following aliases; a name that has records of other kinds exists, without an answer."""
        from dnslib import QTYPE, RCODE

        answer = request.reply()
        name, kind = request.q.qname, QTYPE[request.q.qtype]
        for _ in range(_LONGEST):
            if not self._exists(name):
                answer.header.rcode = RCODE.NXDOMAIN
                break
            found = list(self._of(name, kind))
            alias = list(self._of(name, "CNAME"))
            answer.add_answer(*(found or alias))
            if found or not alias:
                break
            name = alias[0].rdata.label
        return answer

    def _exists(self, name: Any) -> bool:  # noqa: ANN401 - of dnslib, which has no types
        """A name exists also where only something below it does (RFC 8020)."""
        return any(record.rname.matchSuffix(name) for record in self._records)

    def _of(self, name: Any, kind: str) -> Iterator[Any]:  # noqa: ANN401 - of dnslib, which has no types
        from dnslib import QTYPE

        for record in self._records:
            if record.rname == name and QTYPE[record.rtype] == kind:
                yield record


def main() -> None:
    """Serve until SIGTERM."""
    from dnslib.server import DNSLogger, DNSServer

    port = int(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    resolver, quiet = NameServer(zone()), DNSLogger(log="error")
    udp, tcp = (DNSServer(resolver, HOST, port, tcp=tcp, logger=quiet) for tcp in (False, True))
    udp.start_thread()
    tcp.start()


if __name__ == "__main__":
    main()
