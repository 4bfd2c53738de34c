"""Devices of the school that are managed in the clear: telnet, and SNMP with a community of all.

One finding for each device and service, which lasts while it is seen once a day. It names the
device, never who manages it. Who guesses passwords or spreads by telnet is told of by others.
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final, NamedTuple

from msgspec import Meta

from agent.sensor.contacts import UDP_PROTOCOL
from agent.sensor.detectors.base import Machine, detectors
from agent.sensor.detectors.password_guessing import KIND as GUESSING
from agent.sensor.facts import Address, Fact, Icmp, Mac, Snmp, Tcp
from agent.sensor.incidents import Incidents, Sign
from agent.sensor.ports import TELNET_PORTS
from agent.sensor.reach import PORT_SCAN, WORM_SWEEP
from agent.sensor.sessions import Session, Sessions
from agent.sensor.shared import Shared
from agent.sensor.tables import Bounded

KIND: Final = "cleartext_login"
SNMP: Final = 161
WEB: Final = (80, 8080)

DEVICES: Final = 512
WAITING: Final = 64
WAITS_S: Final = 60.0
"""Who guesses is known as such by then."""
UNANSWERED: Final = 0.6
"""So sure is a finding of questions alone: the sensor may see one direction only."""
ASKED_MAX: Final = 8
"""Who asks more devices than this in vain looks for some: it does not know them."""
AGAIN_S: Final = 60.0
"""A device that is asked all the time gives a sign so often."""


@detectors.add(KIND)
@dataclass(frozen=True, slots=True)
class CleartextLogin:
    """Thresholds.

    A telnet session is a login if it carries `telnet_bytes` from the client: a name and a
    password; a check whether the port is open carries none. `telnet_s` that it lasts besides: 0,
    as shipped, lets bytes decide, since programs log in and out within a second. `web_bytes` in
    one connection to a page of the school's own devices; 0, as shipped, leaves pages alone: a
    status that is polled looks like a password. `lasts_s` without another sign end a finding.
    """

    telnet_s: Annotated[float, Meta(ge=0, le=600)] = 0.0
    telnet_bytes: Annotated[int, Meta(ge=1, le=10_000)] = 12
    web_bytes: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    lasts_s: Annotated[float, Meta(ge=60, le=604_800)] = 86_400.0

    def watch(self, shared: Shared, incidents: Incidents) -> Machine:
        """Return a machine without a past."""
        return CleartextLoginMachine(self, shared, incidents)


@dataclass(slots=True)
class _Seen:
    count: int = 0
    news: int = 0
    told_at: float = 0.0
    sure: float = 0.0


class _Sight(NamedTuple):
    """When and where a device was seen, and its MAC."""

    at: float
    number: int
    vlan: int
    mac: Mac


@dataclass(slots=True)
class _Asker:
    """Who asks by SNMP: whom, and whether any answer to it was seen."""

    devices: set[Address] = field(default_factory=set)
    answered: bool = False


class CleartextLoginMachine:
    """Bounded by its tables."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Tcp, Snmp, Icmp)

    def __init__(self, limits: CleartextLogin, shared: Shared, incidents: Incidents) -> None:
        self._limits, self._network, self._incidents = limits, shared.network, incidents
        self._routers = shared.routers
        ports = {*TELNET_PORTS, *(WEB if limits.web_bytes else ())}
        self._sessions = Sessions(ports, self._session)
        self._waiting: dict[tuple[Address, int], Session] = {}
        self._askers: Bounded[Address, _Asker] = Bounded(WAITING, _Asker)
        self._asked: dict[Address, Snmp] = {}
        self._seen: Bounded[tuple[Address, int], _Seen] = Bounded(DEVICES, _Seen)

    def take(self, fact: Tcp | Snmp | Icmp) -> None:
        """Hear of a segment, of SNMP, or that a device does not speak it."""
        if isinstance(fact, Tcp):
            self._sessions.take(fact)
        elif isinstance(fact, Icmp):
            if (fact.inner_protocol, fact.inner_port) == (UDP_PROTOCOL, SNMP):
                self._asked.pop(fact.inner_target, None)
        elif fact.response:
            self._askers.of(fact.target).answered = True
            if fact.default:
                self._asked.pop(fact.source, None)
                self._found(fact.source, SNMP, _sight(fact, fact.src), 0.9)
        elif fact.default:
            self._question(fact)

    def tick(self, now: float) -> None:
        """Hear that it is *now*."""
        self._sessions.tick(now)
        for key, session in list(self._waiting.items()):
            if now - session.ended < WAITS_S:
                continue
            del self._waiting[key]
            if not self._attacks(session):
                sight = _Sight(session.ended, session.number, session.vlan, session.target_mac)
                sure = 0.9 if session.port in TELNET_PORTS else 0.6
                self._found(session.target, session.port, sight, sure)
        for device, fact in list(self._asked.items()):
            if now - fact.at >= WAITS_S:
                del self._asked[device]
                asker = self._askers.of(fact.source)
                scans = self._incidents.is_open(PORT_SCAN, fact.source)
                if not (asker.answered or scans) and len(asker.devices) <= ASKED_MAX:
                    self._found(device, SNMP, _sight(fact, fact.dst), UNANSWERED)

    def _question(self, fact: Snmp) -> None:
        """Hear of a question; where answers are seen it proves nothing, so it waits for one."""
        asker = self._askers.of(fact.source)
        if len(asker.devices) <= ASKED_MAX:
            asker.devices.add(fact.target)
        if asker.answered or len(asker.devices) > ASKED_MAX:
            return
        if self._incidents.is_open(KIND, (fact.target, SNMP)):
            self._found(fact.target, SNMP, _sight(fact, fact.dst), UNANSWERED)
        elif len(self._asked) < WAITING:
            self._asked.setdefault(fact.target, fact)

    def _session(self, session: Session) -> None:
        limits = self._limits
        sent = session.up or 0
        if session.port in TELNET_PORTS:
            long = session.ended - session.began >= limits.telnet_s
            login = long and sent >= limits.telnet_bytes
        else:
            login = session.target in self._network.devices and sent >= limits.web_bytes
        if login and (session.finished or sent) and len(self._waiting) < WAITING:
            self._waiting.setdefault((session.target, session.port), session)

    def _attacks(self, session: Session) -> bool:
        is_open = self._incidents.is_open
        return (
            is_open(GUESSING, (session.source, session.port))
            or is_open(GUESSING, ("together", session.target, session.port))
            or is_open(WORM_SWEEP, session.source)
            or is_open(PORT_SCAN, session.source)
        )

    def _found(self, device: Address, port: int, sight: _Sight, sure: float) -> None:
        if not self._network.is_ours(device):
            return
        seen = self._seen.of((device, port))
        seen.count += 1
        seen.news += 1
        is_open = self._incidents.is_open(KIND, (device, port))
        surer = not is_open or sure > seen.sure
        seen.sure = sure if surer else seen.sure
        if not surer and sight.at - seen.told_at < AGAIN_S:
            return
        sign = Sign(
            *(KIND, (device, port), sight.at, sight.number),
            target=self._routers.party(device, sight.mac, port),
            count=seen.news,
            confidence=seen.sure,
            evidence={"frames" if port == SNMP else "logins": seen.count},
            quiet_s=self._limits.lasts_s,
            vlan=sight.vlan,
        )
        seen.news, seen.told_at = 0, sight.at
        self._incidents.sign(sign)


def _sight(fact: Snmp, device: Mac) -> _Sight:
    return _Sight(fact.at, fact.number, fact.vlan, device)
