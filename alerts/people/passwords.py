"""Passwords as they are kept, and which are too weak; pure, and slow on purpose.

scrypt of the standard library: memory-hard as argon2, and nothing to install where a file of
accounts is made. One check takes 32 MB and a third of a second, so callers let few run at once.
RFC 7914; the figures are OWASP's for 32 MB.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Final

N: Final = 2**15
R: Final = 8
P: Final = 3
SALT_BYTES: Final = 16
HASH_BYTES: Final = 32
MAX_MEMORY: Final = 160 * 2**20
MOST_N: Final = 2**17
"""What a hash that was made elsewhere may ask for: 128 MB with r = 8."""
MOST_P: Final = 8

SHORTEST: Final = 10
LONG_ENOUGH: Final = 16
"""From here on a password need not mix kinds of characters: a sentence is better."""
LONGEST: Final = 256
FEWEST_KINDS: Final = 3
FEWEST_DIFFERENT: Final = 5

SAMPLE: Final = "scrypt$32768$8$3$SALT$HASH"
_COMMON: Final = (
    *("password", "passw0rd", "p@ssw0rd", "p@ssword", "admin", "administrator", "root", "qwerty"),
    *("123456", "abc123", "aa123456", "1qaz2wsx", "iloveyou", "woaini", "welcome", "letmein"),
    *("schoolwatch", "school", "huawei", "h3c", "changeme", "mima", "xuexiao"),
)
"""What guessers try first; of no use beside a year or a few digits."""


@dataclass(frozen=True, slots=True)
class _Kept:
    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes


def hashed(password: str) -> str:
    """Return what is kept of *password*."""
    salt = secrets.token_bytes(SALT_BYTES)
    digest = _scrypt(password, _Kept(N, R, P, salt, bytes(HASH_BYTES)))
    return "$".join(("scrypt", str(N), str(R), str(P), _text(salt), _text(digest)))


NOBODYS: Final = "$".join(("scrypt", str(N), str(R), str(P), "AAAAAAAAAAAAAAAAAAAAAA", "A" * 43))
"""Fits no password, and costs as much to find that out: for names that are not there."""


def fits(password: str, kept: str) -> bool:
    """Return whether *kept* is of *password*; raises ValueError where it is no hash."""
    parts = _read(kept)
    return hmac.compare_digest(_scrypt(password, parts), parts.digest)


def hash_mistake(kept: str) -> str:
    """Return what is wrong with a hash in a file, "" for nothing; never quotes it."""
    try:
        _read(kept)
    except ValueError:
        return (
            f"is no hash that we know; expected one as {SAMPLE}, which  "
            "schoolwatch accounts passwd  writes"
        )
    return ""


def weakness(password: str, *about: str) -> str:
    """Return why *password* is too easy to guess, "" where it is not.

    *about* is what others know of its owner: name and login.
    """
    lower = password.casefold()
    found = (
        (len(password) > LONGEST, f"a password has at most {LONGEST} characters"),
        (len(password) < SHORTEST, f"a password has at least {SHORTEST} characters"),
        (not password.isprintable(), "a password has no characters that cannot be printed"),
        (
            len(set(password)) < FEWEST_DIFFERENT,
            f"a password has at least {FEWEST_DIFFERENT} different characters",
        ),
        (
            any(word and word.casefold() in lower for word in about),
            "a password does not hold the name of who uses it",
        ),
        (_is_common(lower), "this is a word that everybody tries, with digits or signs beside it"),
        (
            len(password) < LONG_ENOUGH and _kinds(password) < FEWEST_KINDS,
            f"a password of fewer than {LONG_ENOUGH} characters mixes three of these: "
            "small letters, capitals, digits, signs",
        ),
    )
    return next((text for is_weak, text in found if is_weak), "")


def _is_common(lower: str) -> bool:
    rest = lower
    for word in _COMMON:
        rest = rest.replace(word, "")
    return rest != lower and not any(char.isalpha() for char in rest)


def _kinds(password: str) -> int:
    tests = (str.islower, str.isupper, str.isdecimal)
    found = {next((n for n, of in enumerate(tests) if of(char)), 3) for char in password}
    return len(found)


def _scrypt(password: str, kept: _Kept) -> bytes:
    # The same letters may come composed or not, from one keyboard and another.
    text = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(
        text,
        salt=kept.salt,
        n=kept.n,
        r=kept.r,
        p=kept.p,
        maxmem=MAX_MEMORY,
        dklen=len(kept.digest),
    )


def _read(kept: str) -> _Kept:
    word, *rest = kept.split("$")
    if word != "scrypt" or len(rest) != 5 or not kept.isascii():
        raise ValueError("not a hash")
    *numbers, salt, digest = rest
    if not all(number.isdecimal() and len(number) < 8 for number in numbers):
        raise ValueError("not a hash")
    n, r, p = map(int, numbers)
    found = _Kept(n, r, p, _bytes(salt), _bytes(digest))
    good = 2**14 <= n <= MOST_N and n & (n - 1) == 0 and r == R and 1 <= p <= MOST_P
    if not good or len(found.salt) < SALT_BYTES or len(found.digest) != HASH_BYTES:
        raise ValueError("not a hash")
    return found


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
