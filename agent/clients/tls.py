"""What is wrong with a certificate, by the words of OpenSSL, and contexts to look with.

expired  not_yet_valid  wrong_host   as they say
self_signed                          it vouches for itself
unknown_issuer                       it leads to a root that is not known here
weak                                 SHA-1 or MD5, or a key that is too short
not_valid                            anything else: the wrong purpose, a broken constraint
"""

import ssl
from pathlib import Path
from typing import Final

BY_VERIFY_CODE: Final = {
    9: "not_yet_valid",
    10: "expired",
    18: "self_signed",
    19: "unknown_issuer",
    20: "unknown_issuer",
    21: "unknown_issuer",
    62: "wrong_host",
    64: "wrong_host",
    66: "weak",
    67: "weak",
    68: "weak",
}
"""<openssl/x509_vfy.h>, X509_V_ERR_…"""

WEAK_REASONS: Final = {"EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK"}


def fault_of(error: ssl.SSLError) -> str:
    """Return the word for the certificate that *error* refused; "" where it is about no such."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return BY_VERIFY_CODE.get(error.verify_code, "not_valid")
    return "weak" if error.reason in WEAK_REASONS else ""


def words_of(error: ssl.SSLError) -> str:
    """Return what OpenSSL says, without the places in its source."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return (error.reason or "").replace("_", " ").lower()


def checking(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that believes the roots of the system, and those of *ca_file* too."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


def believing() -> ssl.SSLContext:
    """Return a context that takes any certificate: to read it, or to ask a device by a file's will.

    Nobody vouches then for who answers: no secret may travel as it is.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
