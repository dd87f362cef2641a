"""The certificates, judged by OpenSSL in a real handshake."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest

from bc_pipelines.sandbox.certificates import Certificates, make_certificates

HOSTS = ("www.buckinghamshire.example", "jobs.staging.buckinghamshire.example")


def shake_hands(certificates: Certificates, name: str) -> None:
    """Connect a strict client to a server over a pair of sockets, checking the name."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificates.certificate, certificates.key)
    client = ssl.create_default_context(cafile=str(certificates.ca))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except ssl.SSLError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(ours, server_hostname=name).close()
    finally:
        ours.close()
        thread.join(10)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", *HOSTS])
def test_every_name_is_trusted(tmp_path: Path, name: str) -> None:
    """A client that trusts the authority accepts the server under each of its names."""
    shake_hands(make_certificates(tmp_path / "tls", HOSTS), name)


def test_another_name_is_not(tmp_path: Path) -> None:
    """A client refuses a name that the certificate lacks."""
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(make_certificates(tmp_path / "tls", HOSTS), "www.elsewhere.example")


def test_good_certificates_are_kept(tmp_path: Path) -> None:
    """The same names give the same files, so that running servers and clients go on understanding each other."""
    first = make_certificates(tmp_path, HOSTS)
    before = [path.read_bytes() for path in (first.ca, first.certificate, first.key)]
    second = make_certificates(tmp_path, tuple(reversed(HOSTS)))
    assert [path.read_bytes() for path in (second.ca, second.certificate, second.key)] == before


def test_new_names_make_new_certificates(tmp_path: Path) -> None:
    """A host more means a new certificate, which is good for it."""
    make_certificates(tmp_path, HOSTS[:1])
    shake_hands(make_certificates(tmp_path, HOSTS), HOSTS[1])


def test_half_a_renewal_is_noticed(tmp_path: Path) -> None:
    """Files of two generations do not count as good."""
    old = make_certificates(tmp_path / "old", HOSTS)
    new = make_certificates(tmp_path / "new", HOSTS)
    new.key.write_bytes(old.key.read_bytes())
    shake_hands(make_certificates(tmp_path / "new", HOSTS), HOSTS[0])


def test_the_key_is_private(tmp_path: Path) -> None:
    """Nobody else can read the key."""
    certificates = make_certificates(tmp_path / "tls", HOSTS)
    assert stat.S_IMODE(certificates.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(certificates.key.parent.stat().st_mode) == 0o700
