"""A line as one record, the same for every vendor, without a person in it (R-32, NDR 24)."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from agent.clients.address import plain
from agent.logs.bodies import READERS, Fields
from agent.logs.completeness import Present, says
from agent.logs.family import Family, Rule
from agent.logs.line import Line
from agent.sensor.facts import Address, Mac

MOST_COUNT: Final = 1_000_000
THREAT_CHARS: Final = 64

PERSON: Final = re.compile(
    r"\S+@\S+"  # mail
    r"|(?<!\d)1[3-9]\d{9}(?!\d)"  # a mobile telephone in China
    r"|(?<!\d)\d{17}[\dXx](?!\d)"  # GB 11643: the number of a citizen
    r"|[a-z]://|(?<![a-z0-9])www\."
    r"|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])",
    re.IGNORECASE,
)
"""What is no name of an attack, whatever field it stands in."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line: `rule` is what it means; everything else is empty where it is not known."""

    rule: Rule
    source: Address = b""
    target: Address = b""
    port: int = 0
    bssid: Mac = b""
    threat: str = ""
    blocked: bool = False
    count: int = 1
    minor: bool = False
    sha256: str = ""
    """Of the line as it came: whoever has the firewall's own log finds it there."""


@dataclass(slots=True)
class Reader:
    """Reads the lines of one family."""

    family: Family
    _head: re.Pattern[str] | None = field(init=False)
    _rules: list[tuple[Rule, dict[str, re.Pattern[str]]]] = field(init=False)

    def __post_init__(self) -> None:
        self._head = re.compile(self.family.head) if self.family.head else None
        self._rules = [
            (rule, {name: re.compile(text, re.IGNORECASE) for name, text in rule.when.items()})
            for rule in self.family.rule
        ]

    def fields(self, line: Line) -> Fields:
        """Return all that stands in *line* by its name."""
        fields = dict(READERS[self.family.format](line.text))
        if self._head is not None and (head := self._head.search(line.text)):
            fields |= {name: value for name, value in head.groupdict().items() if value}
        return fields

    def present(self, line: Line, fields: Fields) -> Present:
        """Return what of a complete record (8.1.3.5 b) is there."""
        names = self.family.fields

        def has(*known_as: str) -> bool:
            return any(name and says(fields.get(name, "")) for name in known_as)

        return Present(
            line.has_time or has(names.time),
            has(names.user, names.user_else),
            has(names.type),
            has(names.action, names.result),
        )

    def sequence(self, line: Line, fields: Fields) -> int | None:
        """Return the number that the device gave *line*, where it gives any."""
        text = fields.get(self.family.fields.sequence, "") if self.family.fields.sequence else ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else line.sequence

    def read(self, line: Line, data: bytes, fields: Fields | None = None) -> Record | None:
        """Return what *line*, which came as *data*, says; None where no rule fits."""
        fields = self.fields(line) if fields is None else fields
        rule = next(self._fitting(fields, line.text), None)
        if rule is None or rule.person:
            return None if rule is None else Record(rule)
        return self._record(rule, fields, data)

    def _fitting(self, fields: Fields, text: str) -> Iterator[Rule]:
        for rule, when in self._rules:
            if all(
                pattern.search(text if name == "message" else fields.get(name, ""))
                for name, pattern in when.items()
            ):
                yield rule

    def _record(self, rule: Rule, fields: Fields, data: bytes) -> Record:
        names, family = self.family.fields, self.family

        def of(name: str) -> str:
            return fields.get(name, "") if name else ""

        action, severity = of(names.action), of(names.severity)
        return Record(
            rule,
            source=_address(of(names.source)) or _address(of(names.source_else)),
            target=_address(of(names.target)) or _address(of(names.target_else)),
            port=_number(of(names.target_port), 65_535),
            bssid=_mac(of(names.bssid)),
            threat=named(of(names.threat)),
            blocked=_says(family.blocked, action),
            count=max(1, _number(of(names.count), MOST_COUNT)),
            minor=not rule.always and _says(family.minor, severity),
            sha256=hashlib.sha256(data).hexdigest(),
        )


def _says(pattern: str, text: str) -> bool:
    return bool(pattern and re.search(pattern, text, re.IGNORECASE))


def named(text: str) -> str:
    """Return *text* as the name of an attack; "" where it holds what may be a person's."""
    text = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return "" if PERSON.search(text) else text[:THREAT_CHARS]


def _address(text: str) -> Address:
    # Fortinet has written CEF with blanks in place of the points of an address.
    text = text.strip().replace(" ", ".") if text.count(" ") == 3 else text.strip()
    try:
        return ip_address(plain(text)).packed
    except ValueError:
        return b""


def _number(text: str, most: int) -> int:
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _mac(text: str) -> Mac:
    digits = re.sub(r"[:.\-]", "", text.strip())
    return bytes.fromhex(digits) if re.fullmatch(r"[0-9A-Fa-f]{12}", digits) else b""
