"""How a controller proves that it knows the password, without sending it.

Both layouts are checked with the examples that the specifications print (class 1 v1.04 §5.1,
class 2 v2.10 §5.1; password JBMIAProjectorLink): tests/agent/devices/pjlink/test_auth.py.
"""

import hashlib


def md5_prefix(random: bytes, password: str) -> bytes:
    """Return what goes before the first question: MD5 of the eight digits and the password."""
    # PJLink leaves no choice.
    return hashlib.md5(random + password.encode(), usedforsecurity=False).hexdigest().encode()


def sha256_prefix(theirs: bytes, ours: bytes, password: str) -> bytes:
    """Return what goes before the first question by v2.10; both numbers are 32 digits.

    Our number, then SHA-256 of (both numbers XORed, again as 32 small digits; the password).
    """
    numbers = [bytes.fromhex(digits.decode()) for digits in (theirs, ours)]
    both = bytes(a ^ b for a, b in zip(*numbers))
    return ours + hashlib.sha256(both.hex().encode() + password.encode()).hexdigest().encode()
