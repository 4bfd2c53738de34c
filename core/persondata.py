"""Identity numbers and mobile numbers of people, wherever they stand (domain.md R-61, §11).

Nothing here ever gives a number back: a `Found` names its kind, its place and a mask of it. An
identity number is judged by its area, its date of birth and its check digit (GB 11643-1999), so
that of random 18-digit numbers about one in 70,000 is taken for one; a mobile number has nothing
to check, so it must stand alone: digits inside a longer number, a hash, an OID or a version are
none. What an old number of 15 digits has is an area and a date: one in a hundred looks like one.
Watch it work: python -m tests.bench.persondata
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Final, Literal

from core.catalog import CATALOG

Number = Literal["identity_number", "old_identity_number", "mobile_number"]

REMOVED: Final[dict[Number, str]] = {
    "identity_number": "[id number removed]",
    "old_identity_number": "[id number removed]",
    "mobile_number": "[phone number removed]",
}
"""What stands in a text in place of a number that was taken out."""

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2100
_AREAS: Final = frozenset(
    f"{area}"
    for first, last in (
        *((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83), (91, 91)),
    )
    for area in range(first, last + 1)
)
"""First two digits: the provinces of GB/T 2260, and the permits of residents and foreigners."""
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"

_WIDE: Final = str.maketrans("０１２３４５６７８９Ｘｘ－　＋‐‑–—−\u00a0", "0123456789Xx- +----- ")
# What may stand before a number. A letter or digit may not, unless it is the end of an escape
# (\n, %3A), of half a GBK character, or of a word for what follows.
_BEFORE: Final = (
    r"(?:(?<![0-9A-Za-z_.+\-])|(?<=[^0-9A-Za-z][.\-])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2})"
    r"|(?<=[\x81-\xfe][A-Za-z])|(?<=(?i:tel))|(?<=(?i:phone))|(?<=(?i:mobile))|(?<=(?i:id)))"
)
# An `i` ends an integer in line protocol; a full stop ends a sentence where no digit follows.
_AFTER: Final = r"(?=i?(?![0-9A-Za-z_])(?![.\-][0-9A-Za-z]))"
_MOBILE: Final = re.compile(
    _BEFORE + r"(?:(?:\+|00)?86[ \-]?)?"
    r"1[3-9](?:[0-9]{9}|[0-9][ \-][0-9]{4}[ \-][0-9]{4}|[0-9][ \-][0-9]{8}"
    r"|[0-9]{2}[ \-][0-9]{4}[ \-][0-9]{3}|[0-9]{5}[ \-][0-9]{4})" + _AFTER
)
_MOBILE_ABROAD: Final = re.compile(r"\+86[ \-]?1[3-9][0-9](?:[ \-]?[0-9]{4}){2}" + _AFTER)
_IDENTITY: Final = re.compile(
    _BEFORE + r"[1-9](?:[ \-]?[0-9]){16}[ \-]?[0-9Xx](?=i?(?![0-9A-Za-z_])(?!\.[0-9]))"
)
_OLD: Final = re.compile(_BEFORE + r"[1-9][0-9]{14}" + _AFTER)
_SPLIT: Final = re.compile(r"[ \-]")

_RUN: Final = re.compile(r"[0-9](?:[ \-]?[0-9]){10,}")
_STARTS: Final = re.compile(
    r"(?:1[3-9][0-9]{9}|861[3-9][0-9]{9}|00861[3-9][0-9]{9}"
    r"|[1-9][0-9]{5}[0-9]{9}|[1-9][0-9]{5}(?:19|20|21)[0-9]{9,10})\Z"
)
"""Undivided runs of digits that can be a number, to leave out at once a time in ns."""
_NAMED: Final = re.compile(r"[ ,]([a-z][a-z0-9_]*?)(?:_min|_max|_last)?=\Z")
_LONGEST_NAME: Final = 64
_AROUND: Final = 8
"""Characters beside a run of digits that tell what it is."""
MAYBE: Final = re.compile(_RUN.pattern.encode())
"""What every number in ASCII has; to leave out at once what has none."""


@dataclass(frozen=True, slots=True)
class Found:
    """A number from `start` to `end` of the text; `mask` is its first three digits and stars.

    `key` is the same for the same number within a process, and never leaves it.
    """

    kind: Number
    start: int
    end: int
    mask: str
    key: int = field(repr=False, compare=False)


def find(text: str) -> list[Found]:
    """Return the numbers in *text*, in their order; digits may be full-width or split."""
    if not text.isascii():
        text = text.translate(_WIDE)
    found: list[Found] = []
    for run in _RUN.finditer(text):
        start, end = run.span()
        if run[0].isdigit() and (not _STARTS.match(run[0]) or _is_measured(text, start, end)):
            continue
        first = max(0, start - _AROUND)
        near = text[first : end + _AROUND]
        ones = [*_identities(near), *_mobiles(near)]
        ones.sort(key=lambda one: (one.start, -one.end))
        for one in ones:
            if not found or one.start + first >= found[-1].end:
                found.append(replace(one, start=one.start + first, end=one.end + first))
    return found


def _is_measured(text: str, start: int, end: int) -> bool:
    """Return whether it is the value of a whole number that the catalogue knows: bytes, mostly."""
    if text[end : end + 1] != "i":
        return False
    named = _NAMED.search(text, max(0, start - _LONGEST_NAME), start)
    return named is not None and named[1] in _measured_names()


@cache
def _measured_names() -> frozenset[str]:
    known = (field for one in CATALOG.values() for field in one.fields.values())
    return frozenset(field.name for field in known if field.type == "integer")


def has_any(text: str) -> bool:
    """Return whether a number is in *text*."""
    return bool(find(text))


def removed(text: str) -> str:
    """Return *text* with words in place of its numbers; the same object where it has none."""
    found = find(text)
    for one in reversed(found):
        text = text[: one.start] + REMOVED[one.kind] + text[one.end :]
    return text


def is_identity(digits: str, today: date | None = None) -> bool:
    """Return whether *digits*, 18 of them, are an identity number by area, date and check digit."""
    if digits[:2] not in _AREAS or not _is_date(digits[6:10], digits[10:14], today):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS))
    return digits[17].upper() == _CHECKS[total % 11]


def _is_date(year: str, day: str, today: date | None = None) -> bool:
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        return False
    try:
        born = date(int(year), int(day[:2]), int(day[2:]))
    except ValueError:
        return False
    return born <= (today or datetime.now(UTC).date())


def _identities(text: str) -> Iterator[Found]:
    for match in _IDENTITY.finditer(text):
        digits = _SPLIT.sub("", match[0])
        if is_identity(digits):
            yield Found("identity_number", *match.span(), _mask(digits), hash(digits.upper()))
    for match in _OLD.finditer(text):
        digits = match[0]
        if digits[:2] in _AREAS and _is_date(f"19{digits[6:8]}", digits[8:12]):
            yield Found("old_identity_number", *match.span(), _mask(digits), hash(digits.upper()))


def _mobiles(text: str) -> Iterator[Found]:
    spans: set[int] = set()
    for pattern in (_MOBILE, _MOBILE_ABROAD):
        for match in pattern.finditer(text):
            if match.end() not in spans:
                spans.add(match.end())
                digits = re.sub(r"[^0-9]", "", match[0])[-11:]
                yield Found("mobile_number", *match.span(), _mask(digits), hash(digits.upper()))


def _mask(digits: str) -> str:
    return digits[:3] + "*" * (len(digits) - 3)
