"""Hosts' certificates, protocols, and their way from http to https: facts that OpenSSL's first complaint would hide.

OpenSSL tells only the first fault: a certificate that has expired and is for another name is "Hostname mismatch". So
it is fetched without being verified, and dates, names and chain are looked at each for itself. A host gets up to four
handshakes and, at most, one GET of its home page by https and one by http. Does not belong here: pages.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bc_pipelines.probes.told import Untold, within

if TYPE_CHECKING:
    from cryptography import x509

_SECONDS = 10.0
# For one question, however slowly its answer comes.
_AT_MOST = 20.0
_AT_ONCE = 8
_AGENT = "bc-pipelines"
# What X509_verify_cert calls not yet valid, and expired (OpenSSL manual, X509_STORE_CTX_get_error).
_DATES = (9, 10)
# How a server turns a version down: by an alert, by answering in another one, or by hanging up.
_REFUSALS = ("ALERT", "UNSUPPORTED_PROTOCOL", "WRONG_SSL_VERSION")


@dataclass(frozen=True)
class Way:
    """Where a host is reached.

    Attributes:
        host: its name.
        https: `host:port` that answers for it by https.
        http: likewise by http; None where nobody knows.
    """

    host: str
    https: str
    http: str | None


@dataclass(frozen=True)
class Certificate:
    """A certificate as it was sent, whether or not anybody should trust it.

    Attributes:
        valid_from: from when it counts.
        valid_until: until when.
        names: hosts that it is for, lower case.
        authority: the issuer's organisation, else its common name.
        issuer: the issuer's whole name.
        key: kind and size, as `RSA 2048`.
    """

    valid_from: datetime
    valid_until: datetime
    names: tuple[str, ...]
    authority: str
    issuer: str
    key: str


@dataclass(frozen=True)
class Plain:
    """What a host answers to plain http.

    Attributes:
        status: of the home page.
        location: where it sends visitors, as it says; empty for nowhere.
    """

    status: int
    location: str


@dataclass(frozen=True)
class Tls:
    """What is known of a host.

    Attributes:
        host: its name.
        certificate: the one that it sent.
        fault: what OpenSSL says against the chain alone, dates and names aside; empty for nothing.
        version: what it speaks with us, as `TLSv1.3`.
        old_versions: those of TLS 1.0 and 1.1 that it still speaks.
        plain: its answer to plain http.
        hsts: the home page's Strict-Transport-Security; empty for none.
    """

    host: str
    certificate: Certificate | Untold
    fault: str | Untold
    version: str | Untold
    old_versions: tuple[str, ...] | Untold
    plain: Plain | Untold
    hsts: str | Untold


def look(ways: Sequence[Way], *, home: bool) -> tuple[Tls, ...]:
    """Shake hands with some hosts, several at a time.

    Args:
        ways: where they are.
        home: whether to ask for their home pages by https too, which wakes a dyno that sleeps.

    Returns:
        What was told, in the same order; never raises for what a server does.
    """
    # Made once, and not in threads: to leave out a warning is nothing that threads can do each for itself.
    old = {name: _speaking(version) for name, version in _old_versions().items()}
    trusting = _trusting()

    def one(way: Way) -> Tls:
        fetched = within(_AT_MOST, lambda: _fetched(way, home))
        plain = within(_AT_MOST, lambda: _plain(way))
        if isinstance(fetched, Untold):
            return Tls(way.host, fetched, fetched, fetched, fetched, plain, fetched)
        certificate, version, hsts = fetched
        fault = within(_AT_MOST, lambda: _fault(way, trusting, certificate))
        spoken = within(_AT_MOST, lambda: _spoken(way, old))
        return Tls(way.host, certificate, fault, version, spoken, plain, hsts)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(pool.map(one, ways))


def certificates(ways: Sequence[Way]) -> Mapping[str, Certificate | Untold]:
    """Each host's certificate, by the host's name."""

    def one(way: Way) -> Certificate | Untold:
        fetched = within(_AT_MOST, lambda: _fetched(way, home=False))
        return fetched if isinstance(fetched, Untold) else fetched[0]

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip([way.host for way in ways], pool.map(one, ways), strict=True))


def _fetched(way: Way, home: bool) -> tuple[Certificate, str, str | Untold] | Untold:
    try:
        with _connected(way, _reading()) as connection:
            encoded = connection.getpeercert(binary_form=True) or b""
            version = connection.version() or ""
            hsts = _hsts(connection, way.host) if home else Untold("not asked for")
    except (OSError, ValueError) as error:
        return Untold(_in_words(error))
    certificate = _read(encoded)
    return certificate if isinstance(certificate, Untold) else (certificate, version, hsts)


@contextmanager
def _connected(way: Way, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(_address(way.https), timeout=_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=way.host) as shaken,
    ):
        yield shaken


def _address(text: str) -> tuple[str, int]:
    name, _, port = text.rpartition(":")
    # An IPv6 address is written in brackets, and connected to without.
    return name.strip("[]"), int(port)


def _reading() -> ssl.SSLContext:
    """For a certificate that is only read: an invalid one is to be described, and nothing secret is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _trusting() -> ssl.SSLContext:
    import httpx

    # Trusts whom everything else of this product trusts: SSL_CERT_FILE, else certifi's list.
    context = httpx.create_ssl_context()
    context.check_hostname = False
    return context


def _read(encoded: bytes) -> Certificate | Untold:
    from cryptography import x509

    try:
        found = x509.load_der_x509_certificate(encoded)
        return Certificate(
            valid_from=found.not_valid_before_utc,
            valid_until=found.not_valid_after_utc,
            names=_names(found),
            authority=_authority(found.issuer),
            issuer=found.issuer.rfc4514_string(),
            key=_key(found),
        )
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return Untold("a certificate that cannot be read")


def _names(found: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        # Its common name does not count: browsers have not looked at that for years.
        return ()
    return tuple(sorted(name.lower() for name in extension.get_values_for_type(x509.DNSName)))


def _authority(issuer: x509.Name) -> str:
    from cryptography.x509.oid import NameOID

    for part in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        for attribute in issuer.get_attributes_for_oid(part):
            return str(attribute.value)
    return issuer.rfc4514_string()


def _key(found: x509.Certificate) -> str:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    try:
        key = found.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "of an unknown kind"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return f"EC {key.key_size}" if isinstance(key, ec.EllipticCurvePublicKey) else type(key).__name__


def _fault(way: Way, trusting: ssl.SSLContext, certificate: Certificate) -> str | Untold:
    """Verify the chain alone; OpenSSL complains of what is missing in it before it looks at dates."""
    try:
        with _connected(way, trusting):
            return ""
    except ssl.SSLCertVerificationError as error:
        if error.verify_code not in _DATES:
            return error.verify_message
        now = datetime.now(certificate.valid_until.tzinfo)
        own = not certificate.valid_from <= now <= certificate.valid_until
        return "" if own else f"{error.verify_message}, and that is one above the host's own"
    except (OSError, ValueError) as error:
        return Untold(_in_words(error))


def _old_versions() -> Mapping[str, ssl.TLSVersion]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return {"TLS 1.0": ssl.TLSVersion.TLSv1, "TLS 1.1": ssl.TLSVersion.TLSv1_1}


def _speaking(version: ssl.TLSVersion) -> ssl.SSLContext | None:
    """A context for one old version and no other; None where this machine's OpenSSL does not speak it."""
    context = _reading()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            # Signatures of those versions are by SHA-1, which is below OpenSSL's usual level.
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
        # Nobody is at the other end: whether a greeting is written is all.
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        return context
    except (ssl.SSLError, ValueError):
        return None
    return None


def _spoken(way: Way, old: Mapping[str, ssl.SSLContext | None]) -> tuple[str, ...] | Untold:
    spoken = []
    for name, context in old.items():
        if context is None:
            return Untold(f"this machine's {ssl.OPENSSL_VERSION} does not speak {name} itself")
        answer = _speaks(way, context)
        if isinstance(answer, Untold):
            return answer
        if answer:
            spoken.append(name)
    return tuple(spoken)


def _speaks(way: Way, context: ssl.SSLContext) -> bool | Untold:
    """Whether a host that has just spoken with us does so in an old version too."""
    try:
        with _connected(way, context):
            return True
    except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
        return False
    except ssl.SSLError as error:
        reason = error.reason or "a broken handshake"
        return False if any(word in reason for word in _REFUSALS) else Untold(reason)
    except (OSError, ValueError) as error:
        return Untold(_in_words(error))


def _hsts(connection: ssl.SSLSocket, host: str) -> str | Untold:
    try:
        request = f"GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {_AGENT}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode("ascii"))
        answer = http.client.HTTPResponse(connection, method="GET")
        answer.begin()
        with answer:
            header = answer.getheader("Strict-Transport-Security") or ""
            if not header and answer.status >= http.client.INTERNAL_SERVER_ERROR:
                # It may be Heroku's own page, of maintenance or of an error, which says nothing of the site.
                return Untold(f"status {answer.status}")
            return header
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Untold(_in_words(error))


def _plain(way: Way) -> Plain | Untold:
    if way.http is None:
        return Untold("BC_CONNECT_TO says where https is answered, and nobody where plain http is")
    connection = http.client.HTTPConnection(*_address(way.http), timeout=_SECONDS)
    try:
        connection.request("GET", "/", headers={"Host": way.host, "User-Agent": _AGENT})
        answer = connection.getresponse()
        return Plain(answer.status, answer.getheader("Location") or "")
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Untold(_in_words(error))
    finally:
        connection.close()


def _in_words(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "its name does not resolve here"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return "no connection can be made" if isinstance(error, ConnectionRefusedError) else type(error).__name__
