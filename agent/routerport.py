"""A port of a router, by SNMP: IF-MIB (RFC 2863), counters of 64 bits only.

One of 32 bits goes round every 34 s on a line of 1 Gbit/s, and who looks once a minute cannot tell
how often.
"""

from dataclasses import dataclass, field
from typing import Final

from agent.devices.snmp.session import Session, Value
from agent.devices.texts import name_of
from agent.starts import Starts
from agent.uplinkport import Port, no_such
from core import clock
from core.errors import TargetUnreachable

UPTIME: Final = "1.3.6.1.2.1.1.3.0"
IF_DESCR: Final = "1.3.6.1.2.1.2.2.1.2"
IF_NAME, HC_IN, HC_OUT, HIGH_SPEED, DISCONTINUITY = (
    f"1.3.6.1.2.1.31.1.1.1.{column}" for column in (1, 6, 10, 15, 19)
)
"""ifName, octets in and out, Mbit/s, and the uptime at which the counters began anew."""


@dataclass(slots=True)
class RouterPort:
    """An interface by its name: the number may be another after the router has started again."""

    host: str
    device: Session
    name: str
    _label: str = ""
    """Where the name was found: column and row."""
    monotonic: clock.Monotonic = clock.monotonic
    starts: Starts = field(default_factory=Starts)

    async def look(self) -> Port:
        """Return what the port has counted; raises TargetUnreachable."""
        self._label = self._label or await self._find()
        row = self._label.rpartition(".")[2]
        oids = [f"{column}.{row}" for column in (HC_IN, HC_OUT, HIGH_SPEED, DISCONTINUITY)]
        asked = self.monotonic()
        found = await self.device.get(UPTIME, self._label, *oids)
        starts = self.starts.look(_number(found[UPTIME]) or 0, asked, self.monotonic())
        if _text(found[self._label]) != self.name:
            self._label = ""  # looked for anew at the next round
            raise TargetUnreachable(f"{self.host}: {self.name!r} is no longer number {row}")
        received, sent, speed, began = (_number(found[oid]) for oid in oids)
        if received is None or sent is None:
            raise TargetUnreachable(
                f"{self.host}: does not count {self.name!r} in 64 bits (ifHCInOctets)"
            )
        return Port(received, sent, speed or None, (row, began, starts))

    async def _find(self) -> str:
        """Return column and row of the name; one that two ports have names neither."""
        seen: list[str] = []
        for column in (IF_NAME, IF_DESCR):
            rows = await self.device.column(column)
            matching = [row for row, name in rows.items() if _text(name) == self.name]
            if len(matching) == 1:
                return f"{column}.{matching[0]}"
            seen = seen or [_text(name) for name in rows.values()]
        raise no_such(self.host, self.name, seen)


def _text(value: Value | None) -> str:
    return name_of(value) if isinstance(value, bytes) else ""


def _number(value: Value | None) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
