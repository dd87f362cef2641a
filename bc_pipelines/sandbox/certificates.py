"""TLS for the sandbox's servers: one certificate authority and one server certificate for every name on loopback.

Does not belong here: anything about the servers that use them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bc_pipelines.sandbox.folder import private_folder, write_private

AUTHORITY = "authority.example"
"""The organisation behind the authority, which is also what a CAA record would call it."""
LIFE = timedelta(days=90)
RENEW_BEFORE = timedelta(days=7)


@dataclass(frozen=True)
class Certificates:
    """Where the PEM files are.

    Attributes:
        ca: the authority's certificate, which clients trust.
        certificate: the server's certificate.
        key: the server's private key, mode 0600.
    """

    ca: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path, names: Sequence[str]) -> Certificates:
    """Make, or keep while they are good, an authority and a server certificate signed by it.

    Only `NODE_EXTRA_CA_CERTS` makes the Heroku CLI trust the authority, and it needs the address itself among the
    names, so 127.0.0.1 and localhost are always there.

    Args:
        folder: where the files are kept, mode 0700.
        names: DNS names of the sites.

    Returns:
        The paths of the files.
    """
    private_folder(folder)
    certificates = Certificates(ca=folder / "ca.pem", certificate=folder / "server.pem", key=folder / "server.key")
    wanted = ("localhost", *names)
    if not _good(certificates, wanted):
        _write_new(certificates, wanted)
    return certificates


def _good(certificates: Certificates, names: Sequence[str]) -> bool:
    if not all(path.is_file() for path in (certificates.ca, certificates.certificate, certificates.key)):
        return False
    ca = x509.load_pem_x509_certificate(certificates.ca.read_bytes())
    certificate = x509.load_pem_x509_certificate(certificates.certificate.read_bytes())
    key = serialization.load_pem_private_key(certificates.key.read_bytes(), password=None)
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        set(alternatives.get_values_for_type(x509.DNSName)) == set(names)
        and _belong_together(ca, certificate, key.public_key())
        and certificate.not_valid_after_utc - RENEW_BEFORE > datetime.now(UTC)
    )


def _belong_together(ca: x509.Certificate, certificate: x509.Certificate, key: object) -> bool:
    """A renewal that was cut off half-way leaves files of two generations."""
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return certificate.public_key() == key


def _write_new(certificates: Certificates, names: Sequence[str]) -> None:
    # The authority's own key is never written: a renewal makes a new authority.
    ca_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, AUTHORITY),
            x509.NameAttribute(NameOID.COMMON_NAME, "BC Pipelines sandbox CA"),
        ]
    )
    server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "BC Pipelines sandbox")])
    ca = _authority(ca_name, ca_key)
    certificate = _server(server_name, key, names, ca_name, ca_key)
    write_private(
        certificates.key,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    write_private(certificates.ca, ca.public_bytes(serialization.Encoding.PEM))
    write_private(certificates.certificate, certificate.public_bytes(serialization.Encoding.PEM))


def _authority(name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        _unsigned(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    names: Sequence[str],
    ca_name: x509.Name,
    ca_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    alternatives = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), *(x509.DNSName(each) for each in names)]
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    return (
        _unsigned(name, ca_name, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(authority, critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _unsigned(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A clock that is set back a little between two commands must not make it invalid.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFE)
    )
