"""Hears traps and syslog of devices, as hints that cause a look at once.

    datagram ─▶ from a device of ours? ─▶ a trap, a line of syslog? ─▶ Keeper.hint(address)

Anybody can send one, so what it says of a device is not believed: neither community nor password
is checked, since with both it would still be no more than a reason to ask
(docs/decisions/014-snmp.md). Lines of a firewall whose log is read go to agent/logs as well. Off
unless configured. A flood costs at most a thousand datagrams a second, or four thousand of syslog,
where whole logs may come; the kernel drops the rest, and it is counted.
"""

import asyncio
import logging
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from agent.clients.address import new_socket
from agent.devices import udp
from agent.devices.snmp.message import is_trap
from agent.listenat import endpoint
from agent.onchange import OnChange

_log = logging.getLogger(__name__)

MOST_BYTES: Final = 65_535
LINES_AT_ONCE: Final = 200
LINES_ROOM: Final = 4 << 20
"""Bytes that the kernel holds of syslog, as far as it allows it, while the machine is busy."""
AGAIN_S: Final = 60.0
"""Until a port that was taken is tried again."""

PRIORITY: Final = re.compile(rb"<(?:1?[0-9]{1,2})>")
"""How a line of syslog begins (RFC 3164, RFC 5424)."""

Hint = Callable[[str], bool]
"""Has the devices at an address looked at; False where there is none."""

Read = Callable[[bytes, str], bool]
"""Reads a line of syslog and who sent it; False where its log is not read (agent/logs)."""


def nobody_reads(_data: bytes, _sender: str) -> bool:
    """Stand in where no log is read: a line is a hint and no more."""
    return False


def _nobody_misses(_count: int) -> None:
    """Stand in where no log is read."""


def is_syslog(data: bytes) -> bool:
    """Return whether *data* begins as a line of syslog does."""
    return PRIORITY.match(data) is not None


MEANT: Final[Mapping[str, Callable[[bytes], bool]]] = {"traps": is_trap, "syslog": is_syslog}
"""What can be heard, and the form that it has to have."""


@dataclass(slots=True)
class Heard:
    """Since the start: hints, and what was none."""

    hints: int = 0
    read: int = 0
    """Lines of devices whose logs are read: what became of them agent/logs counts."""
    unknown: int = 0
    """From an address at which no device of ours is."""
    malformed: int = 0
    dropped: int = 0
    """By the kernel, since more came than is read."""


@dataclass(slots=True)
class Hearing:
    """Listens at *places*, by the words of MEANT, until cancelled."""

    hint: Hint
    places: Mapping[str, str] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)
    again_s: float = AGAIN_S
    read: Read = nobody_reads
    missed: Callable[[int], None] = _nobody_misses
    """Hears how many datagrams the system dropped at the port of syslog."""
    _state: OnChange = field(default_factory=lambda: OnChange(_log))
    _open: dict[str, "_Port"] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Listen; a port that cannot be had is said once, and tried again."""
        try:
            while True:
                await self._follow()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.again_s):
                        await self._changed.wait()
                self._changed.clear()
        finally:
            await self._close(list(self._open))

    def change(self, places: Mapping[str, str]) -> None:
        """Listen at *places* instead."""
        self.places = places
        self._changed.set()

    async def _follow(self) -> None:
        wanted = {what: place for what, place in self.places.items() if place}
        others = [what for what, port in self._open.items() if wanted.get(what) != port.place]
        await self._close(others)
        for what in wanted.keys() - self._open.keys():
            try:
                self._open[what] = _Port(
                    wanted[what], self._taker(what), self._dropper(what), lines=what == "syslog"
                )
                self._state.well(what)
            except OSError as error:
                why = f"{what}: cannot listen at {wanted[what]}: {error.strerror or error}"
                self._state.broke(what, why)

    async def _close(self, which: Iterable[str]) -> None:
        for what in which:
            await self._open[what].close()
            del self._open[what]

    def _taker(self, what: str) -> Callable[[bytes, str], None]:
        meant = MEANT[what]
        read = self.read if what == "syslog" else nobody_reads

        def take(data: bytes, sender: str) -> None:
            if read(data, sender):  # also without a priority, and of whatever form
                self.heard.read += 1
                self.hint(sender)
            elif not meant(data):
                self.heard.malformed += 1
                self._once(f"malformed {what}", f"one from {sender} has not their form")
            elif self.hint(sender):
                self.heard.hints += 1
            else:
                self.heard.unknown += 1
                self._once(f"{what} of others", f"one from {sender}, where no device of ours is")

        return take

    def _dropper(self, what: str) -> Callable[[int], None]:
        def drop(count: int) -> None:
            self.heard.dropped += count
            if what == "syslog" and count:
                self.missed(count)

        return drop

    def _once(self, what: str, why: str) -> None:
        self._state.broke(what, f"{what}: {why}; from now on they are only counted")


class _Port:
    """One UDP port that is read."""

    def __init__(
        self,
        place: str,
        take: Callable[[bytes, str], None],
        drop: Callable[[int], None],
        *,
        lines: bool,
    ) -> None:
        at_once, room = (LINES_AT_ONCE, LINES_ROOM) if lines else (udp.READS_AT_ONCE, 0)
        self.place, self._take, self._drop = place, take, drop
        self._dropped = 0
        family, address = endpoint(place)
        self._sock = new_socket(family, socket.SOCK_DGRAM)
        try:
            if room:
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
            self._sock.bind(address)
        except OSError:
            self._sock.close()
            raise
        name = f"what is told to {place}"
        self._reading = asyncio.create_task(
            udp.read(self._sock, MOST_BYTES, self._read, at_once), name=name
        )

    async def close(self) -> None:
        """Return once the port is free."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._sock.close()

    def _read(self, data: bytes, sender: str) -> None:
        dropped = udp.dropped(self._sock)
        self._drop((dropped - self._dropped) % 2**32)
        self._dropped = dropped
        self._take(data, sender)
