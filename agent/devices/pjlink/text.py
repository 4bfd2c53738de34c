"""Names that people or makers gave, in a coding that no projector tells.

Class 1 says UTF-8; found are also GB18030, Shift-JIS and ISO 8859-1.
"""

import re
from typing import Final, Literal

Coding = Literal["", "utf-8", "gb18030", "shift_jis", "latin-1"]
"""The coding of a projector's names; "" guesses."""

MOST: Final = 64
"""Characters of a name; the specification allows 64 bytes."""

_SPECIAL: Final = re.compile(rb"[\x80-\xff]+")
_LETTER: Final = re.compile(rb"[\xc0-\xff]")
_NO_TEXT: Final = dict.fromkeys([*range(32), *range(127, 160)], " ")


def text_of(value: bytes, coding: Coding = "") -> str:
    """Return *value* as text of one line; what cannot be read becomes a question mark."""
    found = value.decode(coding, "replace") if coding else _guessed(value)
    words = " ".join(found.replace("\ufffd", "?").translate(_NO_TEXT).split())
    return words[:MOST]


def _guessed(value: bytes) -> str:
    """Return *value* in the first coding that fits all of it; the likeliest in China first.

    GB2312 is narrow, so what fits it is hardly anything else; a single byte of a letter with an
    accent between plain ones is ISO 8859-1; Shift-JIS comes before the wide GB18030, which would
    take most of it.
    """
    accents = all(_LETTER.fullmatch(run) for run in _SPECIAL.findall(value))
    likely = ("latin-1",) if accents else ("shift_jis", "gb18030")
    for coding in ("utf-8", "gb2312", *likely):
        try:
            return value.decode(coding)
        except UnicodeDecodeError:
            continue
    return value.decode("latin-1")
