"""A real TLS server to which any number of attached dynos are followed, each saying the same."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bc_pipelines.heroku.rendezvous import GREETING
from bc_pipelines.sandbox.certificates import Certificates


@contextmanager
def followed(certificates: Certificates, said: str) -> Iterator[str]:
    """Serve dynos that greet, say something and end.

    Args:
        certificates: What to serve TLS with.
        said: What every dyno writes.

    Yields:
        `host:port`, for an `attach_url`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)

    class Dyno(socketserver.BaseRequestHandler):
        """One attached dyno."""

        def handle(self) -> None:
            with context.wrap_socket(self.request, server_side=True) as connection:
                connection.settimeout(10)
                connection.recv(100)
                connection.sendall(GREETING)
                connection.sendall(said.encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Dyno) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(10)
