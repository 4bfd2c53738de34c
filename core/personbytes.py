"""Numbers of persons in bytes that nobody decoded: logs, dead letters, pages of a database.

Beside ASCII they may stand in full-width digits (UTF-8, GBK), in UTF-16, or as the escapes of JSON
and of URLs; what is compressed or in base64 has to be opened before.
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import Final

from core import persondata
from core.persondata import MAYBE, REMOVED, Found

Replace = Callable[[re.Match[bytes]], bytes]

_WIDE_GBK: Final = re.compile(rb"(?:\xa3[\xb0-\xb9]){11,}")
_WIDE_UTF8: Final = re.compile(rb"\xef\xbc([\x90-\x99])")
# A letter or digit beside them has to be looked for here: what goes between is then gone.
_UTF16: Final = re.compile(
    rb"(?<![0-9A-Za-z._\-]\x00)(?:[0-9Xx +\-]\x00){11,}+(?![0-9A-Za-z_]\x00)"
    rb"|(?<!\x00[0-9A-Za-z._\-])(?:\x00[0-9Xx +\-]){11,}+(?!\x00[0-9A-Za-z_])"
)
_WIDE_UTF16: Final = re.compile(rb"(?:[\x10-\x19]\xff){11,}|(?:\xff[\x10-\x19]){11,}")
_JSON: Final = re.compile(rb"\\u(?:00(3[0-9]|2[0bBdD]|[57]8)|[fF][fF]1([0-9]))")
_URL: Final = re.compile(rb"%(?:(3[0-9]|2[0bBdD]|[57]8)|[eE][fF]%[bB][cC]%9([0-9]))")


def _from_hex(match: re.Match[bytes]) -> bytes:
    return bytes((int(match[1], 16),)) if match[1] else match[2]


def _from_wide_utf16(match: re.Match[bytes]) -> bytes:
    return b" %b " % bytes(one + 0x20 for one in match[0] if one != 0xFF)


_PLAIN: Final[tuple[tuple[bytes, re.Pattern[bytes], Replace], ...]] = (
    (b"\xa3", _WIDE_GBK, lambda match: bytes(one - 0x80 for one in match[0][1::2])),
    (b"\xef\xbc", _WIDE_UTF8, lambda match: bytes((match[1][0] - 0x60,))),
    (b"\x00", _UTF16, lambda match: b" %b " % match[0].replace(b"\x00", b"")),
    (b"\xff", _WIDE_UTF16, _from_wide_utf16),
    (b"\\u", _JSON, _from_hex),
    (b"%", _URL, _from_hex),
)
"""What has to be in the bytes at all, what is replaced, and how."""


def find_bytes(data: bytes) -> list[Found]:
    """Return the numbers in *data*; places are those in what the bytes say without escapes."""
    found = persondata.find(data.decode("latin-1")) if MAYBE.search(data) else []
    plain = without_escapes(data)
    if plain is data or not MAYBE.search(plain):
        return found
    known = Counter(one.key for one in found)
    for one in persondata.find(plain.decode("latin-1")):
        if known[one.key]:
            known[one.key] -= 1
        else:
            found.append(one)
    return found


def without_escapes(data: bytes) -> bytes:
    """Return *data* with its digits in ASCII; the same object where they are."""
    plain = data
    for mark, pattern, replace in _PLAIN:
        if mark in plain:
            plain = pattern.sub(replace, plain)
    return data if plain == data else plain


def removed_bytes(data: bytes) -> tuple[bytes, int]:
    """Return *data* with words in place of the numbers in it, and how many there were.

    Empty where some are escaped, so that they cannot be cut out of it.
    """
    found = find_bytes(data)
    if not found:
        return data, 0
    text = data.decode("latin-1")
    for one in reversed(persondata.find(text)):
        text = text[: one.start] + REMOVED[one.kind] + text[one.end :]
    left = text.encode("latin-1")
    return (b"" if find_bytes(left) else left), len(found)
