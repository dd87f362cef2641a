"""What a Redis tells of itself and what strangers get from it, asked of real servers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bc_pipelines.probes.cache import Cache, Database, Place, look, place_of
from bc_pipelines.probes.told import Untold, version_of
from bc_pipelines_tests.checks.web import make_certificate
from bc_pipelines_tests.probes.redis_server import PASSWORD, owner, redis_server

PLANTED = "a-password-that-nobody-may-see"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"), ["localhost"])


def seen(url: str) -> Cache:
    """One look."""
    place = place_of(url)
    assert place is not None
    return look(place)


def test_a_redis_as_herokus(tls: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """What it is like is told, by TLS; visitors alone make no new version; PING and INFO are all that is asked."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[0]))
    with redis_server("maxmemory 25mb", "maxmemory-policy allkeys-lru", tls=tls) as port:
        with owner(port, tls=True) as client:
            client.set("a page", "kept", ex=600)
            client.set("for ever", "kept")
            client.get("a page")
            client.get("nothing")
            client.config_resetstat()
            client.get("nothing")
        url = f"rediss://:{PASSWORD}@localhost:{port}"
        found = seen(url)
        assert (found.address, found.encrypted, found.trusted, found.asks_for_password) == (
            f"localhost:{port}",
            True,
            True,
            True,
        )
        assert (found.answers, found.policy, found.limit) == (True, "allkeys-lru", 25 * 1024 * 1024)
        assert isinstance(found.used, int)
        assert not isinstance(found.use, Untold)
        assert (found.use.found, found.use.missed, found.use.evicted, found.use.refused) == (0, 1, 0, 0)
        assert found.databases == (Database(0, 2, 1),)
        with owner(port, tls=True) as client:
            told = client.info("commandstats")
            client.set("another", "x")
        assert {name.removeprefix("cmdstat_") for name in told} <= {"auth", "ping", "info", "get", "config|resetstat"}
        assert version_of(seen(url)) == version_of(found)
        # The same server by another name is the same process.
        assert seen(url.replace("localhost", "127.0.0.1")).process == found.process


def test_a_certificate_that_nobody_vouches_for(tls: tuple[Path, Path]) -> None:
    """It is told, and the look goes on as the site does."""
    with redis_server(tls=tls) as port:
        found = seen(f"rediss://:{PASSWORD}@localhost:{port}")
    assert (found.trusted, found.answers, found.policy) == (False, True, "noeviction")


def test_a_redis_that_is_open_to_everybody() -> None:
    """Somebody without a password is let in, and that it is not encrypted is said."""
    with redis_server(password="") as port:
        found = seen(f"redis://127.0.0.1:{port}/0")
    assert (found.encrypted, found.asks_for_password, found.limit, found.databases) == (False, False, 0, ())


def test_somebody_who_may_do_little() -> None:
    """What may not be asked is not told; whoever may do nothing but look is enough for everything else."""
    users = (f"user looker on >{PLANTED} +ping +info", f"user knocker on >{PLANTED} +ping")
    with redis_server(*users) as port:
        assert seen(f"redis://looker:{PLANTED}@127.0.0.1:{port}").policy == "noeviction"
        found = seen(f"redis://knocker:{PLANTED}@127.0.0.1:{port}")
    assert (found.answers, found.asks_for_password) == (True, True)
    assert found.policy == found.use == Untold("this user may not ask it")


def test_a_password_that_is_wrong_is_shown_to_nobody() -> None:
    """It is said that it is refused; neither the facts nor an exception hold it."""
    with redis_server() as port:
        url = f"redis://somebody:{PLANTED}@127.0.0.1:{port}"
        found = seen(url)
    assert (found.answers, found.asks_for_password) == (Untold("the password is refused"), True)
    assert PLANTED not in repr((found, place_of(url)))


def test_a_server_that_is_not_there() -> None:
    """Nothing is known, and nothing is raised."""
    found = seen(f"rediss://:{PLANTED}@127.0.0.1:1")
    assert found.answers == found.version == found.asks_for_password == Untold("no connection")
    assert isinstance(found.trusted, Untold)
    assert PLANTED not in repr(found)


@contextmanager
def something_else(*answers: bytes) -> Iterator[int]:
    """A server that gives its answers in turn, one for each connection, and then the last to all."""
    left = list(answers)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(1024)
                connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"-ERR what\r\n", b"$5\r\n", b"*1\r\n" * 5000]
)
@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_a_server_that_is_no_redis(scheme: str, answer: bytes) -> None:
    """Whatever it says, nothing is known, and nothing is raised or quoted."""
    with something_else(answer) as port:
        found = seen(f"{scheme}://:{PLANTED}@127.0.0.1:{port}")
    told = {name for name, value in vars(found).items() if not isinstance(value, Untold)}
    assert told == {"address", "number", "encrypted"}
    assert PLANTED not in repr(found)


def test_a_server_that_says_the_same_to_everything() -> None:
    """What answers a question for text with a number is not understood, and nothing is raised."""
    with something_else(b"+PONG\r\n", b":1\r\n") as port:
        found = seen(f"redis://127.0.0.1:{port}")
    assert (found.answers, found.version) == (True, Untold("AttributeError"))
    with something_else(b":1\r\n") as port:
        found = seen(f"redis://127.0.0.1:{port}")
    assert found.answers is False


def test_figures_that_are_none() -> None:
    """A number beyond all numbers is not told."""
    info = b"maxmemory:1.0e999\r\nredis_version:1\r\n"
    with something_else(b"+PONG\r\n", b"$%d\r\n%s\r\n" % (len(info), info)) as port:
        found = seen(f"redis://127.0.0.1:{port}")
    assert (found.version, found.limit) == ("1", Untold("it does not say"))


@pytest.mark.parametrize(
    "url", ["", "unix:///run/redis", f"redis://:{PLANTED}/x@host", f"redis://:{PLANTED}@host:x", "redis://host/a"]
)
def test_an_address_that_is_none(url: str) -> None:
    """It is not understood, and nothing is raised that could quote it."""
    assert place_of(url) is None


def test_an_address_is_read_whole() -> None:
    """Host in lower case, the usual port, the database, and a password with what had to be written as %."""
    assert place_of("rediss://u:p%40%2F@Redis.Example:7000/3") == Place(
        "redis.example", 7000, 3, encrypted=True, user="u", password="p@/"
    )
    assert place_of("redis://host") == Place("host", 6379, 0, encrypted=False)
    assert PLANTED not in repr(replace(Place("host", 1, 0, True), password=PLANTED, user=PLANTED))
