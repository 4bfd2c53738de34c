"""A projector or flat panel that speaks PJLink, class 1 or 2; it is only asked, never switched.

Standby, warming and cooling are healthy, and so are ERR3 and silence on the way. Warnings limit,
errors are faults, with the part as the cause; a mute is neither. docs/pjlink.md has the rest.
Watch it work: schoolwatch agent device projector-302 --config agent.toml
"""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Final, Literal

from msgspec import Meta

from agent.clients.address import plain
from agent.clients.stream import Resolve
from agent.devices.base import COLLABORATOR, Sighting, drivers
from agent.devices.pjlink.conversation import Door, Way
from agent.devices.pjlink.faults import Busy, Denied, Gone
from agent.devices.pjlink.link import PORT
from agent.devices.pjlink.notices import HUB, Hub
from agent.devices.pjlink.projector import Projector
from agent.devices.pjlink.text import Coding
from agent.devices.pjlink.verdict import CHANGES_S
from core import clock
from core.devices import HEALTHY
from core.errors import TargetUnreachable
from core.fields import Host, Port, SecretFile
from core.names import Names
from core.secrets import secret
from core.types import Value

PASSWORD_ENV: Final = "SCHOOLWATCH_PJLINK_PASSWORD"  # noqa: S105  # names the variable

FIRST_WAIT_S: Final = 300.0
LONGEST_WAIT_S: Final = 3_600.0
"""After a password that was not taken: projectors stop answering where it is tried on and on."""

MOVING: Final = frozenset({"warming", "cooling"})

Eco = Annotated[bool | Literal["learn"], Meta(description='true, false or "learn"')]


@dataclass(slots=True)
class Memory:
    """What a driver keeps from one look to the next; times are monotonic seconds."""

    projector: Projector | None = None
    last: Sighting | None = None
    asked_at: float = 0.0
    answered_at: float | None = None
    hinted: bool = False
    asleep: bool = False
    sleeper: bool = False
    """It once fell asleep after it was switched off, and came back."""
    denied_until: float = 0.0
    denied_wait_s: float = FIRST_WAIT_S / 2
    addresses: set[str] = field(default_factory=set)


@drivers.add("pjlink")
@dataclass(frozen=True, slots=True)
class PjlinkDriver:
    """Asks the projector at `host`.

    `eco`: its network is off in standby, so that no answer is standby: always, never, or where it
    was last seen switched off. `notifies`: it sends notices here (`pjlink_notifications`), so it
    is asked only after one of them, and each `reconcile_every_s`.
    """

    LOOK_S: ClassVar[float] = 30.0
    """For the conversation, and for one of another driver that has its turn before."""

    host: Host
    port: Port = PORT
    password_file: SecretFile = None
    auth: Way = "learn"
    eco: Eco = "learn"
    notifies: bool = False
    connection: Literal["learn", "command"] = "learn"
    encoding: Coding = ""
    timeout_s: Annotated[float, Meta(ge=0.2, le=10)] = 3.0
    details_every_s: Annotated[float, Meta(ge=60, le=86_400)] = 600.0
    reconcile_every_s: Annotated[float, Meta(ge=60, le=3_600)] = 600.0
    resolve: Resolve = field(default_factory=lambda: Names().resolve, metadata=COLLABORATOR)
    monotonic: clock.Monotonic = field(default=clock.monotonic, metadata=COLLABORATOR)
    hub: Hub = field(default_factory=lambda: HUB, metadata=COLLABORATOR, compare=False)
    most_s: float = field(default=20.0, metadata=COLLABORATOR)
    memory: Memory = field(default_factory=Memory, metadata=COLLABORATOR, compare=False)

    async def look(self) -> Sighting:
        """Return how the projector is.

        Raises TargetUnreachable, or ConnectionRefusedError, where nobody takes the connection and
        that is no sleep.
        """
        memory, now = self.memory, self.monotonic()
        hinted, memory.hinted = memory.hinted, False
        if now < memory.denied_until:
            return Sighting("unknown", "credentials", self._fields())
        if not hinted and (same := self._still(now)):
            return same
        memory.asked_at, memory.last = now, None
        try:
            sighting = await self._asked(now)
        except Gone as gone:
            if self._sleeps():
                memory.asleep = True
                asleep = {**self._fields(), "on": False}
                sighting = Sighting("standby", fields=asleep, by_silence=True)
            elif gone.refused:
                raise ConnectionRefusedError(str(gone)) from None
            else:
                raise
        memory.last = sighting
        return sighting

    async def hints(self) -> AsyncIterator[None]:
        """Yield after a notice of this projector's address."""
        async for _ in self.hub.hints(self._is_mine):
            self.memory.hinted = True
            yield

    async def _asked(self, now: float) -> Sighting:
        memory = self.memory
        try:
            sighting = await self._projector().look()
        except Denied:
            if self._projector().door.password:
                memory.denied_wait_s = min(2 * memory.denied_wait_s, LONGEST_WAIT_S)
                memory.denied_until = now + memory.denied_wait_s
            return Sighting("unknown", "credentials", self._fields())
        except Busy:
            return self._busy(now)
        if sighting is None:
            raise TargetUnreachable(f"{self.host}: takes the connection and answers nothing")
        memory.answered_at, memory.denied_wait_s = now, FIRST_WAIT_S / 2
        memory.sleeper |= memory.asleep
        memory.asleep = False
        return sighting

    def _busy(self, now: float) -> Sighting:
        """Return that somebody else has the connection; raises TargetUnreachable after a while."""
        if self.memory.answered_at is None:
            self.memory.answered_at = now
        if now - self.memory.answered_at > CHANGES_S:
            raise TargetUnreachable(f"{self.host}: takes the connection and does not greet")
        return Sighting("unknown", "busy", self._fields())

    def _still(self, now: float) -> Sighting | None:
        """Return what was seen last, where the projector would have told of a change."""
        memory = self.memory
        if not (self.notifies and self.hub.listening and memory.last):
            return None
        quiet = memory.last.state in HEALTHY - MOVING and not memory.asleep
        return memory.last if quiet and now - memory.asked_at < self.reconcile_every_s else None

    def _sleeps(self) -> bool:
        """Return whether no answer means that it is off."""
        if self.eco != "learn":
            return self.eco
        memory = self.memory
        power = memory.projector and memory.projector.known.power
        return memory.asleep or memory.sleeper or power in ("off", "cooling")

    def _fields(self) -> dict[str, Value]:
        """Return what does not change while nobody answers."""
        return dict(self._projector().known.fields)

    def _projector(self) -> Projector:
        if self.memory.projector is None:
            password = secret(self.password_file, PASSWORD_ENV)
            door = Door(
                *(self.host, self.port, password, self.auth),
                connect_s=self.timeout_s,
                reply_s=self.timeout_s,
                resolve=self._resolved,
            )
            self.memory.projector = Projector(
                door, self.encoding, self.details_every_s, self.most_s, self.monotonic
            )
            self.memory.projector.known.habits.closes = self.connection == "command"
        return self.memory.projector

    async def _resolved(self, host: str, timeout_s: float) -> tuple[socket.AddressFamily, Any]:
        family, address = await self.resolve(host, timeout_s)
        self.memory.addresses = {plain(address[0])}
        return family, address

    def _is_mine(self, address: str) -> bool:
        return address == self.host or address in self.memory.addresses
