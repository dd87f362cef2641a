"""A real name server with a zone of good and bad names, and ways not to answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bc_pipelines.sandbox.dns import NameServer

ZONE = """\
$TTL 300
council.example. SOA ns1.council.example. hostmaster.council.example. 1 7200 3600 1209600 300
council.example. NS ns1.council.example.
council.example. NS ns2.council.example.
council.example. MX 10 mail.council.example.
council.example. CAA 0 issue "LetsEncrypt.org; validationmethods=dns-01"
council.example. CAA 0 issuewild ";"
council.example. CAA 0 iodef "mailto:somebody@council.example"
council.example. TXT "google-site-verification=abc"
council.example. TXT "v=spf1 include:spf.council.example" " -all"
_dmarc.council.example. TXT "v=DMARC1; p=reject"
council.example. A 192.0.2.1
www.council.example. CNAME www.edge.example.
www.edge.example. CNAME a.b.edge.example.
a.b.edge.example. A 192.0.2.2
a.b.edge.example. AAAA 2001:db8::2
old.council.example. CNAME forgotten.cloud.example.
taken.council.example. CNAME also.council.example.
also.council.example. CNAME gone.cloud.example.
round.council.example. CNAME about.council.example.
about.council.example. CNAME round.council.example.
empty.council.example. TXT "nothing else"
own.council.example. CAA 0 issue "ca.example"
own.council.example. A 192.0.2.3
apex.council.example. CNAME edge.example.
edge.example. SOA ns.edge.example. hostmaster.edge.example. 1 7200 3600 1209600 300
edge.example. A 192.0.2.4
digital.council.example. SOA ns1.council.example. hostmaster.council.example. 1 7200 3600 1209600 300
www.digital.council.example. A 192.0.2.7
_dmarc.gov.uk. TXT "v=DMARC1; p=reject"
council.gov.uk. SOA ns1.council.gov.uk. hostmaster.council.gov.uk. 1 7200 3600 1209600 300
failing.council.example. A 192.0.2.5
silent.council.example. A 192.0.2.6
"""


class _Moody(NameServer):
    """Fails for names that begin with `failing`, and is silent for those that begin with `silent`."""

    def resolve(self, request: Any, handler: object) -> Any:  # noqa: ANN401 - as dnslib calls it
        from dnslib import RCODE, DNSError

        answer = super().resolve(request, handler)
        if str(request.q.qname).startswith("failing"):
            answer = request.reply()
            answer.header.rcode = RCODE.SERVFAIL
        if str(request.q.qname).startswith("silent"):
            raise DNSError
        return answer


@contextmanager
def serve() -> Iterator[tuple[str, int]]:
    """Serve the zone by UDP and TCP on one free port of loopback; give the address."""
    from dnslib.server import DNSLogger, DNSServer

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    servers = [
        DNSServer(_Moody(ZONE), "127.0.0.1", port, tcp=tcp, logger=DNSLogger("-request,-reply,-error"))
        for tcp in (False, True)
    ]
    for server in servers:
        server.start_thread()
    try:
        yield "127.0.0.1", port
    finally:
        for server in servers:
            server.stop()
            server.server.server_close()
