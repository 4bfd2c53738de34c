"""Certificates made for one test, right ones and each kind of wrong one, with `cryptography`."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
DAY = timedelta(days=1)
WITH_SHA256, WITH_SHA1 = (bytes.fromhex(f"2a864886f70d0101{last}") for last in ("0b", "05"))
"""The identifiers of the two ways to sign with RSA, which are of one length."""


@dataclass(frozen=True)
class Issued:
    """A certificate with its key, and those that lead from it to a root, without the root."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def server_context(self, folder: Path) -> ssl.SSLContext:
        """Return a context for a server that shows this certificate and its chain."""
        file = folder / "server.pem"
        parts = [
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        ]
        parts += [_pem(one) for one in (self.certificate, *self.chain)]
        file.write_bytes(b"".join(parts))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(file)
        return context


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def issued(
    name: str,
    by: Issued | None = None,
    *,
    key: Key | None = None,
    ca: bool = False,
    begins: datetime | None = None,
    ends: datetime | None = None,
    pss: bool = False,
) -> Issued:
    """Return a certificate for the host *name*, signed *by* another or by itself."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC).replace(microsecond=0)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = by.key if by else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins or now - DAY)
        .not_valid_after(ends or now + 90 * DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.SubjectAlternativeName([_name(name)]), critical=False)
    )
    padding = PSS(MGF1(hashes.SHA256()), 32) if pss else None
    certificate = builder.sign(signer, hashes.SHA256(), rsa_padding=padding)
    chain = (
        (by.certificate, *by.chain)
        if by and by.certificate.issuer != by.certificate.subject
        else ()
    )
    return Issued(certificate, key, chain)


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def roots_file(folder: Path, *roots: Issued) -> Path:
    """Return a file that holds *roots*, for clients to believe."""
    file = folder / "roots.pem"
    file.write_bytes(b"".join(_pem(root.certificate) for root in roots))
    return file


def with_sha1(one: Issued, by: Issued) -> Issued:
    """Return *one* signed anew as nobody should any more, which `cryptography` does not do."""
    assert isinstance(by.key, rsa.RSAPrivateKey)
    tbs = one.certificate.tbs_certificate_bytes
    old = one.certificate.signature
    signed = tbs.replace(WITH_SHA256, WITH_SHA1)
    new = by.key.sign(signed, PKCS1v15(), hashes.SHA1())
    der = one.der.replace(tbs, signed).replace(WITH_SHA256, WITH_SHA1).replace(old, new)
    return Issued(x509.load_der_x509_certificate(der), one.key, one.chain)
