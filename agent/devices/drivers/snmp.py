"""A device that answers SNMP, understood by the profile of its family (agent/profiles).

Recognised once, and anew when it says to be something else. With `ports`, each of its Ethernet
ports gives a reading too. Watch it work: schoolwatch agent discover 192.0.2.9/32 --community-file F
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final

from msgspec import Meta
from msgspec.structs import replace as replaced

from agent.devices import ports as portreadings
from agent.devices.base import COLLABORATOR, Sighting, drivers
from agent.devices.decode import UNTOLD, Answers, asked, decode
from agent.devices.poe import PowerTable
from agent.devices.ports import Moment, PortMemory
from agent.devices.profile import Code, PortRole, Profile
from agent.devices.profiles import no_such, profiles_of
from agent.devices.recognise import (
    SYS_DESCR,
    SYS_OBJECT_ID,
    SYS_UPTIME,
    Recognised,
    recognise,
    words,
)
from agent.devices.snmp.session import Session, Unreadable, Value
from agent.devices.snmp.sessions import Version, open_session
from agent.devices.snmp.user import AuthProtocol, PrivProtocol
from agent.starts import TICKS, Starts
from core import clock
from core.devices import HEALTHY
from core.errors import ConfigError
from core.fields import Host, Port, SecretFile
from core.types import Reading

_log = logging.getLogger(__name__)

AT_ONCE: Final = 20
"""Objects in one question: with their values they fit into one packet of 1,472 B."""

MOST_MODEL: Final = 80
MOST_STRANGE: Final = 50
"""Codes that are named in the log, of a device that makes up new ones."""

UNAMES: Final = frozenset({"Linux", "FreeBSD", "Darwin", "SunOS"})
SYSTEM: Final = (SYS_DESCR, SYS_OBJECT_ID, SYS_UPTIME)


@dataclass(slots=True)
class Memory:
    """What one look hands to the next."""

    session: Session | None = None
    recognised: Recognised | None = None
    said: tuple[Value | None, ...] = ()
    """sysObjectID and sysDescr when it was recognised."""
    starts: Starts = field(default_factory=Starts)
    ports: PortMemory = field(default_factory=PortMemory)
    strange: set[tuple[str, Code]] = field(default_factory=set)


@dataclass(slots=True)
class _Tables:
    """What is read in one look: each column once, however many rows of the profile need it."""

    session: Session
    known: dict[str, Mapping[str, Value]] = field(default_factory=dict)
    unreadable: dict[str, Unreadable] = field(default_factory=dict)

    async def scalars(self, *oids: str) -> Mapping[str, Value | None]:
        """Return values; none of objects that the device refuses: what it told already counts."""
        try:
            return await self.session.get(*oids)
        except Unreadable as error:
            self.unreadable |= dict.fromkeys(oids, error)
            return dict.fromkeys(oids)

    async def column(self, oid: str) -> Mapping[str, Value]:
        """Return a column; nothing of one that has no end, say: the others tell theirs."""
        if oid not in self.known:
            try:
                self.known[oid] = await self.session.column(oid)
            except Unreadable as error:
                self.known[oid], self.unreadable[oid] = {}, error
        return self.known[oid]


@drivers.add("snmp")
@dataclass(frozen=True, slots=True)
class SnmpDriver:
    """Asks one device; `profile` names its family where it is not to be recognised."""

    host: Host
    port: Port = 161
    version: Version = "2c"
    community_file: SecretFile = None
    user: str = ""
    auth_protocol: AuthProtocol = ""
    auth_password_file: SecretFile = None
    priv_protocol: PrivProtocol = ""
    priv_password_file: SecretFile = None
    profile: str = ""
    timeout_s: Annotated[float, Meta(ge=0.1, le=10)] = 1.5
    retries: Annotated[int, Meta(ge=0, le=5)] = 1
    ports: bool = False
    profiles: Path | None = field(default=None, metadata=COLLABORATOR)
    open_session: Any = field(default=open_session, metadata=COLLABORATOR)
    monotonic: clock.Monotonic = field(default=clock.monotonic, metadata=COLLABORATOR)
    boottime: clock.Clock = field(default=clock.boottime, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    memory: Memory = field(default_factory=Memory, metadata=COLLABORATOR)

    async def look(self) -> Sighting:
        """Return how the device is; raises TargetUnreachable, or ConfigError for its secrets."""
        try:
            return await self._look(self._session())
        except Unreadable as error:
            _log.debug("%s", error)
            return Sighting("unknown", error.cause)

    async def _look(self, session: Session) -> Sighting:
        asked_at = self.monotonic()
        system = await session.get(*SYSTEM)
        answered = self.monotonic()
        uptime = system[SYS_UPTIME]
        ticks = uptime if isinstance(uptime, int) and uptime >= 0 else None
        starts = self.memory.starts.look(ticks, asked_at, answered) if ticks is not None else 0
        name = await self._name(session, system)
        profile = self.family(name)
        tables = _Tables(session)
        seen = await self._seen(tables, profile, system, name)
        fields = dict(seen.fields) | {"profile": name}
        fields["answer_ms"] = round(1000 * (answered - asked_at), 1)
        if ticks is not None:
            fields["uptime_s"] = ticks // TICKS
        readings = seen.readings
        if self.ports and profile.port:
            readings = await self._ports(tables, profile, starts)
        return replace(seen, fields=fields, readings=readings)

    async def _ports(self, tables: _Tables, profile: Profile, starts: int) -> tuple[Reading, ...]:
        columns: dict[PortRole, Mapping[str, Value]] = {}
        when = None
        for role, oid in portreadings.columns_of(profile).items():
            columns[role] = await tables.column(oid)
            if when is None and role in portreadings.COUNTERS:
                when = Moment(self.now(), self.monotonic(), self.boottime() / clock.SECOND, starts)
        if when is None:
            return ()
        row = portreadings.power_row(profile)
        power = None
        if row is not None:
            via = await tables.column(row.via) if row.via else {}
            power = PowerTable(row, columns[row.role], via)
        return portreadings.readings(columns, when, self.memory.ports, power)

    def _session(self) -> Session:
        if self.memory.session is None:
            self.memory.session = self.open_session(
                host=self.host,
                port=self.port,
                version=self.version,
                community_file=self.community_file,
                user=self.user,
                auth_protocol=self.auth_protocol,
                auth_password_file=self.auth_password_file,
                priv_protocol=self.priv_protocol,
                priv_password_file=self.priv_password_file,
                timeout_s=self.timeout_s,
                retries=self.retries,
            )
        return self.memory.session

    def family(self, name: str) -> Profile:
        """Return the profile called *name*; raises ConfigError where there is none."""
        known = profiles_of(self.profiles)
        if name not in known:
            raise ConfigError(no_such(name, known))
        return known[name]

    async def _name(self, session: Session, system: Mapping[str, Value | None]) -> str:
        if self.profile:
            return self.profile
        said = (system[SYS_OBJECT_ID], system[SYS_DESCR])
        if self.memory.recognised is None or self.memory.said != said:
            known = profiles_of(self.profiles)
            self.memory.recognised = await recognise(session, known, *said)
            self.memory.said = said
            found = self.memory.recognised
            _log.info("%s is %s: %s", self.host, found.profile, found.why)
        return self.memory.recognised.profile

    async def _seen(
        self, tables: _Tables, profile: Profile, system: Mapping[str, Value | None], name: str
    ) -> Sighting:
        scalars, columns = asked(profile)
        answers = dict(system)
        missing = [oid for oid in scalars if oid not in answers]
        for at in range(0, len(missing), AT_ONCE):
            answers |= await tables.scalars(*missing[at : at + AT_ONCE])
        found = {oid: await tables.column(oid) for oid in columns}
        decoded = decode(profile, Answers(answers, found))
        for one in decoded.strange:
            if one not in self.memory.strange and len(self.memory.strange) < MOST_STRANGE:
                self.memory.strange.add(one)
                _log.warning("%s: %s is %r, which profile %s does not know", self.host, *one, name)
        sighting = decoded.sighting
        states = {oid for oids in asked(replaced(profile, value=())) for oid in oids}
        wrong = [error for oid, error in tables.unreadable.items() if oid in states]
        # What it could not say may be a fault.
        if wrong and (sighting.state in HEALTHY or sighting.cause == UNTOLD):
            sighting = replace(sighting, state="unknown", cause=wrong[0].cause)
        if "model" not in sighting.fields and (model := model_of(words(system[SYS_DESCR]))):
            sighting = replace(sighting, fields={**sighting.fields, "model": model})
        return sighting


def model_of(descr: str) -> str:
    """Return what a sysDescr says of the model; of a `uname -a` the first word: a name follows."""
    system, _, rest = descr.partition(" ")
    return system if rest and system in UNAMES else descr[:MOST_MODEL].strip()
