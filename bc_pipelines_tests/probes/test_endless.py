"""Servers whose answer never ends: every look comes to its end all the same."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bc_pipelines.probes import cache, file_storage, front_end_cache, tls
from bc_pipelines.probes.told import Untold
from bc_pipelines_tests.probes.authority import Authority, server_context

HOST = "www.council.example"
LATE = Untold("it does not answer in time")
_AGAIN = 0.1


@contextmanager
def endless(chunk: bytes, wrap: Callable[[socket.socket], socket.socket] = lambda plain: plain) -> Iterator[str]:
    """A server that says the same again and again, until the block ends; give its address."""
    over = threading.Event()

    def say(plain: socket.socket) -> None:
        with suppress(OSError), wrap(plain) as connection:
            connection.recv(1024)
            while not over.wait(_AGAIN):
                connection.sendall(chunk)

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=say, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[socket.socket], socket.socket]:
    """The server's side of TLS, with a certificate that is trusted."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    context = server_context(authority.certificate(HOST))
    return lambda plain: context.wrap_socket(plain, server_side=True)


# An answer to come, again and again, is what HTTP lets a server say as often as it likes.
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def test_tls(secure: Callable[[socket.socket], socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by https nor by plain http is anybody waited for without end."""
    monkeypatch.setattr(tls, "_AT_MOST", 1.0)
    with endless(CONTINUE) as http:
        assert tls.look([tls.Way(HOST, "127.0.0.1:1", http)], home=True)[0].plain == LATE
    with endless(CONTINUE, secure) as https:
        assert tls.look([tls.Way(HOST, https, None)], home=True)[0].certificate == LATE


def test_front_end_cache(secure: Callable[[socket.socket], socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is a page."""
    monkeypatch.setattr(front_end_cache, "_AT_MOST", 1.0)
    with endless(CONTINUE, secure) as https:
        assert front_end_cache.look(HOST, https).home == LATE


def test_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is a Redis, whose line has no end."""
    monkeypatch.setattr(cache, "_AT_MOST", 1.0)
    with endless(b"+") as address:
        place = cache.place_of(f"redis://{address}")
        assert place is not None
        assert cache.look(place).answers == LATE


def test_file_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is a bucket, by its owner or by a stranger."""
    monkeypatch.setattr(file_storage, "_AT_MOST", 0.5)
    with endless(CONTINUE) as address:
        owner, stranger = (
            file_storage.client(key, key, region="eu-west-2", endpoint=f"http://{address}") for key in ("key", None)
        )
        found = file_storage.look("council-media", owner, stranger)
    assert found.region == found.listable == LATE
