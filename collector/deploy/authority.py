"""The district's own certificate authority: X.509 certificates and a revocation list (RFC 5280).

One level: the authority signs for broker, collector and agents itself. A certificate can do one
thing only, be a server or be a client, so a stolen agent's key cannot pose as the broker.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Use = Literal["server", "client"]

AUTHORITY_DAYS: Final = 7_305
"""Twenty years: a new authority means a new file for every agent."""
EARLIER: Final = timedelta(hours=1)
"""Certificates begin before they are made: a school's clock may be behind."""

_USES: Final = {
    "server": ExtendedKeyUsageOID.SERVER_AUTH,
    "client": ExtendedKeyUsageOID.CLIENT_AUTH,
}


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate as a file has it."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key as a file has it, not encrypted: programs start without anybody there."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def new_authority(name: str, now: datetime) -> Signed:
    """Return a new authority called *name*."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named(name)
    builder = (
        _begun(subject, subject, key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Signed(builder.sign(key, hashes.SHA256()), key)


def issue(
    by: Signed, name: str, use: Use, now: datetime, *, days: int, hosts: Iterable[str] = ()
) -> Signed:
    """Return a certificate for *name* that ends after *days*, or with the authority if earlier.

    *hosts* are the names and addresses under which clients reach a server.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    issuer = by.certificate
    days = min(days, (issuer.not_valid_after_utc - now).days)
    builder = (
        _begun(_named(name), issuer.subject, public, now, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_USES[use]]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False
        )
    )
    if names := [host_name(host) for host in hosts]:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Signed(builder.sign(by.key, hashes.SHA256()), key)


def revocations(by: Signed, revoked: Mapping[int, datetime], number: int, now: datetime) -> bytes:
    """Return the list of the serials that are *revoked*, in PEM; *number* grows with each list.

    It is good for as long as the authority: a broker refuses everybody once its list is too old,
    and a new one is there in the moment that it has something new to say.
    """
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(by.certificate.subject)
        .last_update(now - EARLIER)
        .next_update(by.certificate.not_valid_after_utc)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False
        )
    )
    for serial, at in sorted(revoked.items()):
        one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
        builder = builder.add_revoked_certificate(one.build())
    return builder.sign(by.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def loaded(certificate: bytes, key: bytes) -> Signed:
    """Return what *certificate* and *key* (PEM) hold; raises ValueError where they do not fit."""
    read = serialization.load_pem_private_key(key, None)
    found = x509.load_pem_x509_certificate(certificate)
    if not isinstance(read, ec.EllipticCurvePrivateKey) or read.public_key() != found.public_key():
        raise ValueError("the key does not belong to the certificate")
    return Signed(found, read)


def host_name(host: str) -> x509.GeneralName:
    """Return *host* as a certificate names it; raises ValueError for what can be neither."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def utc_now() -> datetime:
    """Return the time in whole seconds, as certificates have it."""
    return datetime.now(UTC).replace(microsecond=0)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
