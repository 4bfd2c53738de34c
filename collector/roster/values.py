"""What a cell says, from its text; each function raises BadValue with what to write instead."""

import ipaddress
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final, Generic, TypeVar

from collector.roster.columns import plain
from collector.roster.school import Address
from core.fields import LEVEL_WORDS
from core.hints import hint, quoted
from core.topics import LEVEL

_T = TypeVar("_T")

MAX_TEXT: Final = 100
"""Characters of a name, of a school or a person."""
MAX_ADDRESSES: Final = 4
MAX_COUNT: Final = 1_000_000
MAX_MBPS: Final = 1_000_000.0

ERRORS: Final = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"}
)
"""What a spreadsheet shows where a formula failed."""

_REGION: Final = re.compile(r"[0-9]{6}")
_DATE: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-|/([0-9]{1,2})/|\.([0-9]{1,2})\.|年([0-9]{1,2})月)([0-9]{1,2})日?"
    r"(?:[T ][0-9:.]+)?"
)
_EIGHT: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_BANDWIDTH: Final = re.compile(
    r"([0-9]+(?:\.[0-9]+)?)(|M|Mbps|Mb/s|Mbit/s|兆|G|Gbps|Gb/s|Gbit/s)", re.I
)
_LABEL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_BETWEEN: Final = re.compile(r"[\s;,、]+")
_IDENTITY_CARD: Final = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])")


class BadValue(Exception):
    """A cell that cannot be taken; the text says why."""


def region(text: str) -> str:
    """Return a division code."""
    if not _REGION.fullmatch(text):
        raise BadValue(f"region {quoted(text)} is not a division code of 6 digits")
    return text


def school(text: str) -> str:
    """Return a school's code, as it stands in topics."""
    if not LEVEL.fullmatch(text):
        raise BadValue(f"school {quoted(text)} is not {LEVEL_WORDS}")
    return text


class Words(Generic[_T]):
    """Tells what one of the *known* words means, for a cell that people call a *noun*."""

    def __init__(self, noun: str, known: Mapping[str, _T]) -> None:
        self._noun, self._known = noun, known
        self._plain = {plain(said): meaning for said, meaning in known.items()}

    def __call__(self, text: str) -> _T:
        """Return the meaning of *text*."""
        try:
            return self._plain[plain(text)]
        except KeyError:
            said = ", ".join(_first_of_each(self._known))
            near = hint(text, self._known)
            raise BadValue(f"{self._noun} {quoted(text)} is none of {said}{near}") from None


def name(text: str) -> str:
    """Return a name on one line."""
    flat = " ".join(text.split())
    if flat in ERRORS:
        raise BadValue(f"{flat} is the mark of a formula that failed")
    if len(flat) > MAX_TEXT:
        raise BadValue(f"{quoted(flat)} has more than {MAX_TEXT} characters")
    if not flat.isprintable():
        raise BadValue(f"{quoted(flat)} has characters that cannot be shown")
    return flat


def contact(text: str) -> str:
    """Return a work contact; no number by which the state knows a person."""
    if _IDENTITY_CARD.search(text):
        raise BadValue("looks like an identity card's number, which does not belong here")
    return name(text)


def day(text: str) -> date:
    """Return a date."""
    found = _DATE.fullmatch(text) or _EIGHT.fullmatch(text)
    try:
        if found:
            return date(*(int(part) for part in found.groups() if part))
    except ValueError:
        pass
    raise BadValue(f"{quoted(text)} is no date, as 2024-07-01")


def mbps(text: str) -> float:
    """Return a bandwidth in Mbps."""
    found = _BANDWIDTH.fullmatch(text.replace(" ", ""))
    if not found:
        raise BadValue(f"{quoted(text)} is no bandwidth in Mbps, as 100 or 1G")
    value = float(found[1]) * (1_000 if found[2][:1] in {"G", "g"} else 1)
    if value > MAX_MBPS:
        raise BadValue(f"{quoted(text)} is more than {MAX_MBPS:.0f} Mbps")
    return value


def count(text: str) -> int:
    """Return a total."""
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) > MAX_COUNT:
        raise BadValue(f"{quoted(text)} is no whole number from 0 to {MAX_COUNT}")
    return int(text)


def parts(text: str) -> list[str]:
    """Return the addresses that a cell lists."""
    return [part for part in _BETWEEN.split(unicodedata.normalize("NFKC", text)) if part]


def address(text: str) -> Address:
    """Return `host` or `host:port`; an address of IPv6 with a port stands in brackets."""
    host, port = _apart(text)
    if not _is_ip(host) and not _is_name(host):
        raise BadValue(
            f"{quoted(text)} is no host or host:port, as 203.0.113.7 or [2001:db8::7]:443"
        )
    if port is not None and not (
        port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65_535
    ):
        raise BadValue(f"{quoted(text)} has no port from 1 to 65535")
    if _is_ip(host):
        ip = ipaddress.ip_address(host)
        if ip.is_unspecified or ip.is_multicast:
            raise BadValue(f"{quoted(text)} is the address of no single machine")
        host = str(ip)
    return Address(host.lower(), int(port) if port is not None else None)


def _apart(text: str) -> tuple[str, str | None]:
    if _is_ip(text):
        return text, None
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if closed and ":" in host and (not rest or rest.startswith(":")):
            return host, rest[1:] if rest else None
        return "", None
    host, colon, port = text.partition(":")
    return host, port if colon else None


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # a zone means something on one machine only


def _is_name(text: str) -> bool:
    labels = text.removesuffix(".").split(".")
    # Of digits alone would be an address that is none, as 192.0.2.300.
    return (
        len(text) <= 253
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )


def _first_of_each(known: Mapping[str, object]) -> Iterator[str]:
    """Yield the first word of each meaning, with the English one where there is one too."""
    seen = set[object]()
    for said, meaning in known.items():
        if meaning not in seen:
            seen.add(meaning)
            english = isinstance(meaning, str) and meaning in known and meaning != said
            yield f"{said} ({meaning})" if english else said
