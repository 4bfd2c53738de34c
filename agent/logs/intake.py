"""Takes in the lines of the devices that are configured, and tells attacks, silence and totals.

    line ─▶ from whom? ─▶ too many? ─▶ head ─▶ family ─▶ rule ─▶ totals, incidents
                                                              ╰▶ about a person: counted, dropped

What a line says of a person is not read and not sent. No line is kept here; agent/logs/kept does
that where a file says so. Of a line that shows an attack its SHA-256 is told, by which it is found
in the log that is kept.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from agent.clients.address import plain
from agent.conditions import Gone, Tellable
from agent.incidenttold import Told
from agent.logs.completeness import Completeness, Present, Sequence
from agent.logs.family import TOLD, Families, families_of
from agent.logs.line import Malformed, read_line
from agent.logs.record import Reader, Record
from agent.logs.verdicts import Totals
from agent.logsconfig import LogsConfig, LogSource
from agent.sensor.facts import Mac
from agent.sensor.incidents import Incidents, Party, Sign
from agent.sensor.network import Network
from agent.sensor.roles import DEVICE, INSIDE
from core.clock import SECOND
from core.types import Event, Reading, Value

SILENT: Final = "firewall_silent"
UNKNOWN: Final = "unknown_family"


@dataclass(slots=True)
class Source:
    """One device: what came of it since the start of the agent, counted by what became of it."""

    config: LogSource
    last: float
    """When it said something, by the agent's clock (s); the start of the agent before that."""
    reader: Reader | None = None
    family: str = ""
    lines: int = 0
    dropped: int = 0
    """About a person."""
    unread: int = 0
    """Of no family, or without a rule."""
    limited: int = 0
    malformed: Counter[str] = field(default_factory=Counter)
    completeness: Completeness = field(default_factory=Completeness)
    sequence: Sequence = field(default_factory=Sequence)
    missing: int = 0
    """Numbers of rows that never came and that nobody was told of yet."""
    totals: Totals = field(default_factory=Totals)
    silent: bool | None = None
    allowance: float = 0.0
    """Lines that may still come at this moment."""
    seen: float = 0.0


@dataclass(slots=True)
class Intake:
    """The lines of all configured devices; *at* is nanoseconds by the agent's clock."""

    config: LogsConfig
    target: str
    began: int
    network: Network = field(default_factory=Network)
    sources: dict[str, Source] = field(init=False)
    """By address."""
    _families: Families = field(init=False)
    _readers: dict[str, Reader] = field(init=False)
    _recognise: list[tuple[str, re.Pattern[str]]] = field(init=False)
    _legal: frozenset[Mac] = field(init=False)
    _told: Told = field(init=False)
    _incidents: Incidents = field(init=False)
    port_dropped: int = 0
    """Datagrams that the system dropped at the port that all devices share."""
    _number: int = 0

    def __post_init__(self) -> None:
        self._families = families_of(self.config.families)
        self._readers = {name: Reader(family) for name, family in self._families.items()}
        self._recognise = [
            (name, re.compile(family.recognise)) for name, family in self._families.items()
        ]
        points = self.config.access_points
        self._legal = frozenset(bytes.fromhex(re.sub("[:-]", "", one)) for one in points)
        self.sources = {
            plain(one.address): Source(
                one,
                self.began / SECOND,
                self._readers.get(one.family),
                one.family,
                allowance=self.config.rate_per_s,
                seen=self.began / SECOND,
            )
            for one in self.config.list
        }
        self._told = Told(self.target)
        self._told.anew(TOLD, self.began)
        ids = {one.id for one in self.config.list}
        self._told.gathered.append(Gone(SILENT, self.target, ids.__contains__, self.began))
        self._incidents = Incidents(self._told)

    def take(self, data: bytes, sender: str, at: int) -> bool:
        """Hear a line of *sender*; return whether it is one of the devices."""
        source = self.sources.get(plain(sender))
        if source is None:
            return False
        now = at / SECOND
        if self._is_too_much(source, now):
            source.limited += 1
            source.sequence.skip()
            return True
        source.last = now
        source.lines += 1
        try:
            line = read_line(data)
        except Malformed as error:
            source.malformed[str(error)] += 1
            return True
        reader = source.reader or self._recognised(source, line.text)
        fields = reader.fields(line) if reader else {}
        present = reader.present(line, fields) if reader else _NO_FAMILY[line.has_time]
        source.completeness.add(present)
        number = reader.sequence(line, fields) if reader else line.sequence
        if number is not None:
            source.missing += source.sequence.hear(number)
        record = reader.read(line, data, fields) if reader else None
        if record is None:
            source.unread += 1
            return True
        source.totals.add(record.rule.verdict, record.count)
        if record.rule.person:
            source.dropped += 1
        elif record.rule.kind and not record.minor and record.bssid not in self._legal:
            self._sign(source, record, now)
        return True

    def spoiled(self, sender: str) -> None:
        """Count a line of *sender* that did not come whole."""
        if source := self.sources.get(plain(sender)):
            source.lines += 1
            source.malformed["spoiled"] += 1

    def device(self, sender: str) -> str:
        """Return the id of the device at that address; "" of a stranger."""
        source = self.sources.get(plain(sender))
        return source.config.id if source else ""

    def lost(self) -> Iterator[tuple[str, Counter[str]]]:
        """Yield each device and how many of its rows never came, by why."""
        for source in self.sources.values():
            lost = Counter(sequence=source.sequence.lost, port=self.port_dropped)
            yield source.config.id, lost

    def missing(self) -> Iterator[tuple[str, int]]:
        """Yield devices of which numbers are missing since this was last asked, and how many."""
        for source in self.sources.values():
            if source.missing:
                yield source.config.id, source.missing
                source.missing = 0

    def tick(self, at: int) -> list[Tellable]:
        """Hear that it is *at*; return what is to be told since the last time."""
        now = at / SECOND
        self._incidents.tick(now)
        told = self._told.take()
        for source in self.sources.values():
            silent = now - source.last >= source.config.silent_after_s
            if silent != source.silent:
                told += self._silence(source, at, silent=silent)
            source.silent = silent
        return told

    def readings(self, at: int) -> Iterator[Reading]:
        """Yield what came of each device, and its totals by verdict."""
        for source in self.sources.values():
            tags = {"device": source.config.id}
            fields: dict[str, Value] = {
                "lines": source.lines,
                "dropped": source.dropped,
                "unread": source.unread,
                "malformed": source.malformed.total(),
                "limited": source.limited,
                "with_time": source.completeness.time,
                "with_user": source.completeness.user,
                "with_type": source.completeness.kind,
                "with_result": source.completeness.result,
                "complete": source.completeness.complete,
                "numbered": source.sequence.seen,
                "missing": source.sequence.lost,
                "port_dropped": self.port_dropped,
                "silent": bool(source.silent),
                "family": source.family or UNKNOWN,
            }
            yield Reading("firewall_log", fields, at, tags)
            for verdict, total in source.totals.tell():
                yield Reading("firewall", {"total": total}, at, {**tags, "verdict": verdict})

    def _is_too_much(self, source: Source, now: float) -> bool:
        rate = self.config.rate_per_s
        # Twice the rate at once: some devices send what they gathered each second.
        more = max(0.0, now - source.seen) * rate
        source.allowance, source.seen = min(source.allowance + more, 2.0 * rate), now
        if source.allowance < 1:
            return True
        source.allowance -= 1
        return False

    def _recognised(self, source: Source, text: str) -> Reader | None:
        for name, pattern in self._recognise:
            if pattern.search(text):
                source.family = name
                return self._readers[name]
        return None

    def _sign(self, source: Source, record: Record, now: float) -> None:
        self._number += 1
        rule, bssid, where = record.rule, record.bssid, source.config.id
        key = (where, bssid or record.source or record.target)
        evidence: dict[str, int | float | str] = {"device": where}
        evidence |= {"threat": record.threat} if record.threat else {}
        evidence |= {"blocked": "yes" if record.blocked else "no"} if rule.kind in _THROUGH else {}
        if not self._incidents.is_open(rule.kind, key):
            evidence["line_sha256"] = record.sha256
        role_of = self.network.role_of
        who = Party(record.source, bssid, 0, INSIDE if bssid else role_of(record.source))
        whom = Party(record.target, b"", record.port, role_of(record.target))
        if rule.kind == "firewall_expired":
            who, whom = Party(), Party(role=DEVICE)
        self._incidents.sign(
            Sign(
                *(rule.kind, key, now, self._number, who, whom, record.count),
                evidence=evidence,
                quiet_s=rule.quiet_s,
            )
        )

    def _silence(self, source: Source, at: int, *, silent: bool) -> Iterator[Event]:
        details: dict[str, Value] = {"device": source.config.id}
        if silent:
            details["silent_after_s"] = source.config.silent_after_s
            details["heard"] = source.lines > 0
        name = source.config.id
        yield Event(SILENT, self.target, name, silent, at, None, details)


_NO_FAMILY: Final = tuple(Present(time, False, False, False) for time in (False, True))
_THROUGH: Final = frozenset(TOLD) - {"firewall_expired", "rogue_ap"}
