"""SNMP v2c questions to one device, by numbers alone: no MIB is looked up.

Through the lower half of pysnmp (v1arch, without an engine, which would hold memory for each device
and poll a timer for ever): a socket for each question, closed after it, 0.9 ms of a processor. The
package costs 12 MB, so this module is imported only where a device is configured.

    pip install schoolwatch[snmp]
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from pyasn1.type.univ import Integer, Null, OctetString
from pysnmp.error import PySnmpError
from pysnmp.hlapi.v1arch.asyncio import (
    CommunityData,
    SnmpDispatcher,
    Udp6TransportTarget,
    UdpTransportTarget,
    bulk_cmd,
    get_cmd,
)
from pysnmp.proto.rfc1902 import ObjectName
from pysnmp.proto.rfc1905 import EndOfMibView, NoSuchInstance, NoSuchObject

from core.echo import Address
from core.errors import TargetUnreachable
from core.names import Names

RETRIES: Final = 1

ROWS_AT_ONCE: Final = 25
MOST_ROWS: Final = 4_096
"""Of one column; a device that goes on is broken, or means ill."""

V2C: Final = 1
"""The number that SNMP gives its second version."""

Value = int | str
Resolve = Callable[[str, float], Coroutine[Any, Any, Address]]


@dataclass(frozen=True, slots=True)
class Device:
    """A device that answers SNMP; `timeout_s` is for its address, and for each of two tries."""

    host: str
    port: int
    community: str = field(repr=False)
    timeout_s: float
    resolve: Resolve = field(default_factory=lambda: Names().resolve, repr=False)

    async def get(self, *oids: str) -> dict[str, Value | None]:
        """Return the value of each of *oids*; None for one that the device does not have.

        Raises TargetUnreachable.
        """
        found = await self._ask(get_cmd, *map(_asked, oids))
        return dict.fromkeys(oids) | {name: value for name, value in found if name in oids}

    async def column(self, oid: str) -> dict[str, Value]:
        """Return the value in each row of a table's column, by its index; raises TargetUnreachable.

        Ends where the column ends, or where a device does not go forward.
        """
        rows: dict[str, Value] = {}
        last, more = oid, True
        while more and len(rows) < MOST_ROWS:
            more = False
            for name, value in await self._ask(bulk_cmd, 0, ROWS_AT_ONCE, _asked(last)):
                inside = name.startswith(f"{oid}.") and _numbers(name) > _numbers(last)
                if value is None or not inside:
                    return rows
                rows[name.removeprefix(f"{oid}.")] = value
                last, more = name, True
        return rows

    async def _ask(
        self, command: Callable[..., Coroutine[Any, Any, Any]], *question: Any
    ) -> list[tuple[str, Value | None]]:
        silence = TargetUnreachable(
            f"{self.host}: no answer by SNMP on UDP port {self.port} "
            "(a wrong community gets none either)"
        )
        try:
            target = await self._target()
            community = CommunityData(self.community, mpModel=V2C)
            with SnmpDispatcher() as dispatcher:
                # pysnmp gives up by itself; where it forgets to, this ends it.
                async with asyncio.timeout((RETRIES + 1) * self.timeout_s + 2):
                    ask = partial(command, dispatcher, community, target)
                    nothing, status, _, found = await ask(*question)
        except TimeoutError:
            raise silence from None
        except (PySnmpError, OSError) as error:
            raise TargetUnreachable(f"{self.host}: SNMP: {error}") from None
        if nothing:
            raise silence
        if int(status):
            raise TargetUnreachable(f"{self.host}: refuses by SNMP: {status.prettyPrint()}")
        return [(str(name), _plain(value)) for name, value in found]

    async def _target(self) -> Any:
        family, address = await self.resolve(self.host, self.timeout_s)
        kind = Udp6TransportTarget if family == socket.AF_INET6 else UdpTransportTarget
        return await kind.create((address[0], self.port), timeout=self.timeout_s, retries=RETRIES)


def _asked(oid: str) -> tuple[Any, Any]:
    """Return a question for *oid*; as an ObjectType, pysnmp would load its MIBs for it."""
    return ObjectName(oid), Null("")


def _plain(value: Any) -> Value | None:
    """Return a number or a text; None for `NoSuchObject` and the like, which arrive as values."""
    if isinstance(value, NoSuchObject | NoSuchInstance | EndOfMibView):
        return None
    if isinstance(value, Integer):
        return int(value)
    if isinstance(value, OctetString):
        return bytes(value).decode(errors="replace")
    return str(value.prettyPrint())


def _numbers(oid: str) -> tuple[int, ...]:
    return tuple(map(int, oid.split(".")))
