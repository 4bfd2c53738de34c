"""What a certificate says of itself: its times, its key, how it is signed (RFC 5280 4.1).

Of our own, because the agent wants five values: `cryptography` costs it 10 MB of memory, asn1crypto
2.7 MB (and has had no release since 2022), and Python's ssl tells nothing of a certificate that it
does not believe. Nothing is trusted for what is read here; believing is OpenSSL's business.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from agent.clients.der import (
    BIT_STRING,
    INTEGER,
    OBJECT_IDENTIFIER,
    SEQUENCE,
    UTC_TIME,
    Element,
    elements,
    object_identifier,
    one,
)

VERSION: Final = 0xA0
RSA: Final = "1.2.840.113549.1.1.1"
RSA_PSS: Final = "1.2.840.113549.1.1.10"
HASH_OF_PSS: Final = 0xA0
SHA1: Final = "1.3.14.3.2.26"
MD5: Final = "1.2.840.113549.2.5"

WEAK_SIGNATURES: Final = {
    "1.2.840.113549.1.1.2",  # md2WithRSA
    "1.2.840.113549.1.1.4",  # md5WithRSA
    "1.2.840.113549.1.1.5",  # sha1WithRSA
    "1.2.840.10040.4.3",  # dsaWithSha1
    "1.2.840.10045.4.1",  # ecdsaWithSha1
}
RSA_BITS: Final = 2048
"""The least that a key needs; what is below is weak."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was read of one; `rsa_bits` is 0 for a key of another kind. Seconds since 1970."""

    not_before: int
    not_after: int
    self_issued: bool
    rsa_bits: int
    sha1: bool
    """Signed with SHA-1 or what is older."""

    @property
    def weak(self) -> bool:
        """Return whether it should have been replaced; no root signs itself for anybody else."""
        return 0 < self.rsa_bits < RSA_BITS or self.sha1


def parse(der: bytes) -> Certificate:
    """Return what *der* says; raises ValueError where it is no certificate."""
    _, algorithm, issuer, validity, subject, key = _signed(der)
    not_before, not_after = [_time(element) for element in elements(validity.value)]
    return Certificate(
        not_before,
        not_after,
        self_issued=issuer.whole == subject.whole,
        rsa_bits=_rsa_bits(key),
        sha1=_is_sha1(algorithm),
    )


def names_of(der: bytes) -> tuple[bytes, bytes]:
    """Return who issued *der* and whom it is about, as bytes; raises ValueError as `parse` does."""
    _, _, issuer, _, subject, _ = _signed(der)
    return issuer.whole, subject.whole


def _signed(der: bytes) -> list[Element]:
    signed, *_ = elements(one(der, SEQUENCE).value)
    fields = [field for field in elements(signed.value) if field.tag != VERSION]
    if signed.tag != SEQUENCE or len(fields) < 6:
        raise ValueError("what is signed is no certificate")
    return fields[:6]


def _time(element: Element) -> int:
    text = element.value.decode("ascii")
    if element.tag == UTC_TIME:
        # RFC 5280 4.1.2.5.1: 50 to 99 are of the twentieth century
        text = ("19" if text[:2] >= "50" else "20") + text
    digits = text.removesuffix("Z")
    if len(text) != 15 or len(digits) != 14 or not digits.isdecimal():
        raise ValueError(f"{text!r} is no time of a certificate")
    parts = [int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, 14, 2))]
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[misc, arg-type]


def _rsa_bits(key: Element) -> int:
    algorithm, bits = list(elements(key.value))[:2]
    if object_identifier(one(algorithm.value, OBJECT_IDENTIFIER).value) not in (RSA, RSA_PSS):
        return 0
    if bits.tag != BIT_STRING:
        raise ValueError("a key is no bit string")
    numbers = one(bits.value[1:], SEQUENCE).value
    return int.from_bytes(one(numbers, INTEGER).value).bit_length()


def _is_sha1(algorithm: Element) -> bool:
    identifier, *parameters = elements(algorithm.value)
    oid = object_identifier(identifier.value)
    if oid != RSA_PSS:
        return oid in WEAK_SIGNATURES
    for part in elements(parameters[0].value) if parameters else ():
        if part.tag == HASH_OF_PSS:
            hashing = one(part.value, SEQUENCE).value
            return object_identifier(one(hashing, OBJECT_IDENTIFIER).value) in (SHA1, MD5)
    return True  # RFC 4055 3.1: SHA-1 where nothing is said
