"""A way to a server on which answers break off: what no server does when it is asked to."""

import socket
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Thread
from urllib.parse import urlsplit


@contextmanager
def cutting(address: str, *, cuts: int, after: int) -> Iterator[str]:
    """Pass everything on to a server, and break some connections off in the middle of what they bring back.

    Args:
        address: of the server.
        cuts: how many connections are broken off.
        after: so many bytes of answers.

    Yields:
        The address of the way.
    """
    there = urlsplit(address)
    left, lock = [cuts], Lock()

    class Way(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((str(there.hostname), there.port or 80)) as upstream:
                asking = Thread(target=_pump, args=(self.request, upstream), daemon=True)
                asking.start()
                passed = 0
                while data := _received(upstream):
                    passed += len(data)
                    if passed > after:
                        with lock:
                            left[0] -= 1
                            if left[0] >= 0:
                                break
                    self.request.sendall(data)
                self.request.shutdown(socket.SHUT_RDWR)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A connection that its client has left is no news."""

    with Server(("127.0.0.1", 0), Way) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def _pump(source: socket.socket, target: socket.socket) -> None:
    while data := _received(source):
        try:
            target.sendall(data)
        except OSError:
            return


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""
