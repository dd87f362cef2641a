"""One Redis: what it says of itself, and what somebody without its password gets from it.

PING and INFO are all that it is ever asked, so that production's too may be looked at: no key is read, nothing is
written. Does not belong here: which Redis is whose.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from bc_pipelines.probes.told import Untold, within

if TYPE_CHECKING:
    from redis import Redis

T = TypeVar("T")
# The site itself waits for two (its SOCKET_TIMEOUT); from elsewhere the way is longer.
_SECONDS = 5.0
# For one question, however slowly its answer comes.
_AT_MOST = 15.0
_PORT = 6379
_REFUSED = Untold("the password is refused")


@dataclass(frozen=True)
class Place:
    """Where a Redis is, and how it is entered.

    Attributes:
        host: its host, lower case.
        port: its port.
        number: of the database in it.
        encrypted: whether it is spoken to by TLS.
        user: empty for the one that every Redis has.
        password: empty where none is given.
    """

    host: str
    port: int
    number: int
    encrypted: bool
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def address(self) -> str:
        """Host and port, to show."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Database:
    """One of a server's numbered databases: how many keys it has, and how many of them go by themselves."""

    number: int
    keys: int
    expiring: int


@dataclass(frozen=True)
class Use:
    """What was asked of a server since its start.

    Attributes:
        found: how many keys were asked for and there.
        missed: how many were asked for and not there.
        evicted: how many had to go because memory was full.
        refused: how many connections were refused because there were too many.
    """

    found: int
    missed: int
    evicted: int
    refused: int


@dataclass(frozen=True)
class Cache:
    """What is known of a Redis. What changes with every visitor does not count in a comparison of two looks.

    Attributes:
        address: host and port.
        number: of the database that is named.
        encrypted: whether it is spoken to by TLS.
        trusted: whether its certificate leads to an authority that is trusted, and names its host.
        asks_for_password: whether somebody without a password is refused.
        answers: whether it lets the given password in and answers.
        version: Redis's own.
        policy: what it does when memory is full, such as `allkeys-lru`.
        limit: its memory's limit in bytes, 0 for none.
        process: the id that the server gave itself at its start.
        milliseconds: from asking to answering.
        used: its memory in use, in bytes.
        use: what was asked of it.
        databases: those that hold something.
    """

    address: str
    number: int
    encrypted: bool
    trusted: bool | Untold
    asks_for_password: bool | Untold
    answers: bool | Untold
    version: str | Untold
    policy: str | Untold
    limit: int | Untold
    process: str | Untold = field(compare=False)
    milliseconds: float | Untold = field(compare=False)
    used: int | Untold = field(compare=False)
    use: Use | Untold = field(compare=False)
    databases: tuple[Database, ...] | Untold = field(compare=False)


def place_of(url: str) -> Place | None:
    """Read an address such as `rediss://:password@host:port/0`, or None where it is none of Redis's.

    Args:
        url: as an app is told it; it holds a password, which no message may quote.
    """
    # What cannot be read is quoted in the error, so that the error must not go on.
    with suppress(ValueError):
        parts = urlsplit(url)
        path = parts.path.strip("/")
        if parts.scheme in ("redis", "rediss") and parts.hostname:
            return Place(
                host=parts.hostname.lower(),
                port=parts.port or _PORT,
                number=int(path or 0),
                encrypted=parts.scheme == "rediss",
                user=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
            )
    return None


def look(place: Place) -> Cache:
    """Ask a Redis what it is like, as its app and as a stranger.

    Args:
        place: where it is.

    Returns:
        What was told; never raises for what a server does.
    """
    trusted = _asked(lambda: _shake_hands(place)) if place.encrypted else Untold("it is not encrypted")
    # Nobody vouches for the certificates of Heroku's Redis, so that its apps enter all the same; so does this look.
    verify = trusted is True
    began = time.monotonic()
    answers = _asked(lambda: _ping(place, verify))
    took: float | Untold = round((time.monotonic() - began) * 1000, 1) if answers is True else _why(answers)
    told = _asked(lambda: _information(place, verify)) if answers is True else _why(answers)
    # Who cannot get there at all would only wait a second time.
    there = answers is True or answers == _REFUSED

    def said(read: Callable[[Mapping[str, Any]], T]) -> T | Untold:
        return told if isinstance(told, Untold) else _read(read, told)

    return Cache(
        address=place.address,
        number=place.number,
        encrypted=place.encrypted,
        trusted=trusted,
        asks_for_password=_asked(lambda: _refuses_strangers(place, verify)) if there else _why(answers),
        answers=answers,
        version=said(lambda info: str(info["redis_version"])),
        policy=said(lambda info: str(info["maxmemory_policy"])),
        limit=said(lambda info: int(info["maxmemory"])),
        process=said(lambda info: str(info["run_id"])),
        milliseconds=took,
        used=said(lambda info: int(info["used_memory"])),
        use=said(_use),
        databases=said(_databases),
    )


def _why(answers: bool | Untold) -> Untold:
    return answers if isinstance(answers, Untold) else Untold("it does not answer")


def _asked(ask: Callable[[], T]) -> T | Untold:
    """What was told. An error's own words may quote an address, so that only its kind is kept."""
    from redis import exceptions

    try:
        return within(_AT_MOST, ask)
    except exceptions.NoPermissionError:
        return Untold("this user may not ask it")
    except exceptions.AuthenticationError:
        return _REFUSED
    except (exceptions.TimeoutError, TimeoutError):
        return Untold("no answer in time")
    except exceptions.ConnectionError:
        return Untold("no connection")
    # What is no Redis may answer with numbers in place of text, or with lists in lists without end.
    except (
        exceptions.RedisError,
        OSError,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        RecursionError,
    ) as error:
        return Untold(type(error).__name__)


def _read(read: Callable[[Mapping[str, Any]], T], told: Mapping[str, Any]) -> T | Untold:
    try:
        return read(told)
    except (KeyError, TypeError, ValueError, OverflowError):
        return Untold("it does not say")


def _shake_hands(place: Place) -> bool:
    import socket

    context = ssl.create_default_context()
    with socket.create_connection((place.host, place.port), timeout=_SECONDS) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=place.host):
                return True
        except ssl.SSLCertVerificationError:
            return False


def _ping(place: Place, verify: bool) -> bool:
    with _client(place, verify) as client:
        return bool(client.ping())


def _information(place: Place, verify: bool) -> Mapping[str, Any]:
    with _client(place, verify) as client:
        told: Mapping[str, Any] = client.info()
        return told


def _refuses_strangers(place: Place, verify: bool) -> bool:
    from redis import exceptions

    try:
        _ping(Place(place.host, place.port, place.number, place.encrypted), verify)
    except exceptions.NoPermissionError:
        # Let in, if only to little.
        return False
    except exceptions.AuthenticationError:
        return True
    return False


def _client(place: Place, verify: bool) -> Redis:
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    tls: dict[str, Any] = {"ssl_cert_reqs": "required" if verify else "none"} if place.encrypted else {}
    return Redis(
        host=place.host,
        port=place.port,
        username=place.user or None,
        password=place.password or None,
        ssl=place.encrypted,
        socket_timeout=_SECONDS,
        socket_connect_timeout=_SECONDS,
        # Without it, a server that is not there takes four seconds to be missed.
        retry=Retry(NoBackoff(), 0),
        # What newer protocols and versions say at a connection's start is more than a look.
        protocol=2,
        driver_info=None,
        **tls,
    )


def _use(info: Mapping[str, Any]) -> Use:
    names = ("keyspace_hits", "keyspace_misses", "evicted_keys", "rejected_connections")
    return Use(*(int(info[name]) for name in names))


def _databases(info: Mapping[str, Any]) -> tuple[Database, ...]:
    found = ((name.removeprefix("db"), value) for name, value in info.items() if name.startswith("db"))
    return tuple(
        Database(int(number), int(value["keys"]), int(value["expires"]))
        for number, value in found
        if number.isdigit() and isinstance(value, dict)
    )
