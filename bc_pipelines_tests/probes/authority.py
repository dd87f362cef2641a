"""An authority with an intermediate one, and HTTPS servers with certificates of theirs, good and bad."""

from __future__ import annotations

import ssl
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ORGANISATION = "Authority of the Tests"


class Authority:
    """A root, an intermediate authority below it, and certificates for hosts below that.

    Args:
        folder: for the files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root_key, self._key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = _named("Root", "Root")
        self._root = _issued(root, root, self._root_key, self._root_key, days=365, authority=True)
        self._between = self.intermediate(days=200)
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self._root.public_bytes(serialization.Encoding.PEM))

    def intermediate(self, days: int) -> x509.Certificate:
        """An intermediate authority with the same key, that counts for so many days from now."""
        root, name = _named("Root", "Root"), _named(ORGANISATION, "R1")
        return _issued(name, root, self._key, self._root_key, days, authority=True)

    def certificate(
        self, *names: str, days: int = 60, chain: bool = True, between: x509.Certificate | None = None
    ) -> Path:
        """Write a host's certificate, its key and, unless left out, the intermediate authority's.

        Args:
            names: that it is for.
            days: until it expires; below 0 it has.
            chain: whether the intermediate authority's is in the file.
            between: another intermediate authority than the usual.

        Returns:
            The file, for `load_cert_chain`.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _named("Council", names[0])
        leaf = _issued(subject, _named(ORGANISATION, "R1"), key, self._key, days, names=names)
        sent = [leaf, between or self._between] if chain else [leaf]
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self._folder / f"{leaf.serial_number}.pem"
        path.write_bytes(private + b"".join(each.public_bytes(serialization.Encoding.PEM) for each in sent))
        return path


def _named(organisation: str, common: str) -> x509.Name:
    parts = ((NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _issued(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    days: float,
    *,
    authority: bool = False,
    names: tuple[str, ...] = (),
) -> x509.Certificate:
    now = datetime.now(UTC)
    end = now + timedelta(days=days, hours=1)
    made = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(min(now, end) - timedelta(days=30))
    made = made.not_valid_after(end)
    made = made.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    if authority:
        made = made.add_extension(_signs(), critical=True)
        made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if names:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return made.sign(by, hashes.SHA256())


def _signs() -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    rest = ("encipher_only", "decipher_only")
    return x509.KeyUsage(**dict.fromkeys((*names, *rest), False), key_cert_sign=True, crl_sign=True)


def server_context(certificate: Path, *, old: bool = False) -> ssl.SSLContext:
    """A server's side of TLS, from version 1.0 on where that is wanted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if old:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
    else:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@contextmanager
def serve(context: ssl.SSLContext | None, status: int = 200, headers: Mapping[str, str] | None = None) -> Iterator[str]:
    """Answer every GET the same on a free port of loopback; give the address. Without a context, by plain http."""
    server = _Server(("127.0.0.1", 0), partial(_Handler, status, headers or {}))
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class _Handler(BaseHTTPRequestHandler):
    timeout = 10

    def __init__(self, status: int, headers: Mapping[str, str], *arguments: object) -> None:
        self._status, self._own = status, headers
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.send_response(self._status)
        for name, value in self._own.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests."""
