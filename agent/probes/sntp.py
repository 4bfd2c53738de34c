"""How far this machine's clock is off, as time servers say (SNTP).

Several servers: one that lies is outvoted. What most of them agree on also checks the clock that
readings are stamped with (wire.md, "The agent", rule 8). A server that asks to be asked less, or
never, is obeyed (kiss-o'-death). Telegraf has no SNTP of its own: its `ntpq` and `chrony` ask a
program on the machine for other numbers, so this is a measurement of ours.
Watch it work: schoolwatch agent probe sntp servers=ntp.ntsc.ac.cn
"""

import asyncio
import logging
import math
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta

from agent.onchange import OnChange
from agent.probes.base import COLLABORATOR, probes
from core import clock, sntp
from core.datagram import Exchange, exchange
from core.echo import Address
from core.errors import TargetUnreachable
from core.fields import BareHosts
from core.names import Names, NoSuchHost, with_port
from core.sntp import Bounds, Served
from core.types import Reading, Value

_log = logging.getLogger(__name__)

GOOD: Final = 0
NO_SUCH_HOST: Final = 1
NO_ANSWER: Final = 2
REFUSED: Final = 3
KISSED: Final = 4

FIRST_WAIT_S: Final = 1200.0
LONGEST_WAIT_S: Final = 86_400.0
"""After a kiss RATE: twice the usual interval, doubling up to a day."""

MILLISECOND: Final = 1_000_000

Resolve = Callable[[str, float], Coroutine[Any, Any, Address]]
Ask = Callable[
    [Address, bytes, float, Callable[[bytes], bool]], Coroutine[Any, Any, Exchange | None]
]
Checked = Callable[[int, int, int], Awaitable[object]]
"""Hears that at a moment of `clock.boottime` the true time lay between two others."""


async def _nobody(*_: int) -> None:
    """Hear nothing: a probe that runs alone has no clock to check."""


@dataclass(slots=True)
class Patience:
    """Which servers are not to be asked, until when (monotonic s), and the last wait of each."""

    until: dict[str, float] = field(default_factory=dict)
    waits: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """The fields of one server's reading, and what it said of the true time at a boot time."""

    fields: dict[str, Value]
    bounds: Bounds | None = None
    boot: int = 0


@probes.add("sntp")
@dataclass(frozen=True, slots=True)
class SntpProbe:
    """Asks all *servers* at once; `timeout_s` is for finding the address, and for the answer."""

    INTERVAL_S: ClassVar[float] = 600.0
    TIMES_ANSWERS: ClassVar[bool] = True

    servers: BareHosts
    timeout_s: Annotated[float, Meta(ge=0.1, le=30)] = 5.0
    port: int = field(default=sntp.PORT, metadata=COLLABORATOR)
    resolve: Resolve = field(default_factory=lambda: Names().resolve, metadata=COLLABORATOR)
    ask: Ask = field(default=exchange, metadata=COLLABORATOR)
    nonce: Callable[[int], bytes] = field(default=os.urandom, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    wall: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    boot: clock.Clock = field(default=clock.boottime, metadata=COLLABORATOR)
    monotonic: clock.Monotonic = field(default=clock.monotonic, metadata=COLLABORATOR)
    checked: Checked = field(default=_nobody, metadata=COLLABORATOR)
    patience: Patience = field(default_factory=Patience, metadata=COLLABORATOR)
    state: OnChange = field(default_factory=lambda: OnChange(_log), metadata=COLLABORATOR)

    async def measure(self) -> Iterable[Reading]:
        """Return one reading per server, also for one that is silent or not to be believed."""
        servers = list(dict.fromkeys(self.servers))
        said = dict(zip(servers, await asyncio.gather(*map(self._one, servers))))
        await self._check([one for one in said.values() if one.bounds])
        at = self.now()  # after the check: a reading of before it may be of 1970
        return [Reading("sntp", one.fields, at, {"server": name}) for name, one in said.items()]

    async def _check(self, good: list[Said]) -> None:
        boot = self.boot()
        now = [
            (b[0] + boot - one.boot, b[1] + boot - one.boot) for one in good if (b := one.bounds)
        ]
        common = sntp.agreed(now, self._voters())
        if common:
            self.state.well("sntp: servers that agree")
            await self.checked(*common, boot)
        elif good:
            self.state.broke(
                "sntp: servers that agree",
                "sntp: no more than half of the time servers agree within what they may be off: "
                "the clock is not checked by them; name three that answer, so that one that is "
                "wrong is outvoted",
            )

    def _voters(self) -> int:
        """Return how many could have answered: who is silent does not make another one right."""
        never = math.inf
        return sum(self.patience.until.get(name, 0.0) < never for name in {*self.servers})

    async def _one(self, server: str) -> Said:
        if self.monotonic() < self.patience.until.get(server, 0.0):
            return Said({"result_code": KISSED})
        nonce = self.nonce(8)
        try:
            family, address = await self.resolve(server, self.timeout_s)
            where = family, with_port(address, self.port)
            found = await self.ask(
                where,
                sntp.request(nonce),
                self.timeout_s,
                lambda packet: sntp.answer(packet, nonce) is not None,
            )
        except NoSuchHost as error:
            return self._nothing(server, NO_SUCH_HOST, str(error).removeprefix(f"{server}: "))
        except (TargetUnreachable, OSError) as error:
            return self._nothing(server, NO_ANSWER, _why(error).removeprefix(f"{server}: "))
        if found is None:
            why = f"no answer within {self.timeout_s:g} s: does the firewall let UDP port 123 out?"
            return self._nothing(server, NO_ANSWER, why)
        return self._judged(server, found, sntp.answer(found.packet, nonce))

    def _judged(self, server: str, found: Exchange, said: Served | sntp.Refused | None) -> Said:
        if not isinstance(said, Served):
            why, kiss = (said.why, said.kiss) if said else ("no answer", "")
            return self._kissed(server, kiss) or self._nothing(server, REFUSED, why)
        way = sntp.delay(said, found.arrived - found.sent)
        if way is None:
            return self._nothing(server, REFUSED, "it says that it took longer than we waited")
        if not clock.plausible(said.sent):
            when = clock.rfc3339(said.sent)
            return self._nothing(server, REFUSED, f"its clock is lost: it says {when}")
        self.patience.waits.pop(server, None)
        self.state.well(f"sntp: {server}")
        machine = found.arrived + clock.gap(self.wall, self.boot)
        return Said(fields_of(said, way, machine), sntp.bounds(said, way), found.arrived)

    def _kissed(self, server: str, kiss: str) -> Said | None:
        if kiss in sntp.NEVER_AGAIN:
            self.patience.until[server] = float("inf")
            why = f"it refuses us ({kiss}) and is not asked again: take it out of servers"
        elif kiss in sntp.LESS_OFTEN:
            wait = self.patience.waits.get(server, FIRST_WAIT_S / 2) * 2
            self.patience.waits[server] = wait = min(wait, LONGEST_WAIT_S)
            self.patience.until[server] = self.monotonic() + wait
            why = f"it is asked too often ({kiss}): raise interval_s, or name another"
        else:
            return None
        return self._nothing(server, KISSED, why)

    def _nothing(self, server: str, result_code: int, why: str) -> Said:
        self.state.broke(f"sntp: {server}", f"sntp: {server}: {why}")
        return Said({"result_code": result_code})


def _why(error: Exception) -> str:
    match error:
        case ConnectionRefusedError():
            return "it serves no time (connection refused): name another in servers"
        case OSError(strerror=str(reason)):
            return f"no way leads there ({reason.lower()})"
    return str(error) or type(error).__name__


def fields_of(served: Served, way: int, machine: int) -> dict[str, Value]:
    """Return the fields of an answer that came when the machine's clock said *machine* (ns)."""
    # The middle of the bounds: RFC 5905's offset, with the sign of `clock_offset_ms`.
    offset_ms = round((machine - served.sent - way / 2) / MILLISECOND, 3)
    return {
        "result_code": GOOD,
        "offset_ms": offset_ms,
        "error_ms": round((way / 2 + served.off) / MILLISECOND, 3),
        "delay_ms": round(way / MILLISECOND, 3),
        "grade": (abs(offset_ms) > clock.WARN_MS) + (abs(offset_ms) > clock.BAD_MS),
        "stratum": served.stratum,
        "leap": served.leap,
        "root_delay_ms": round(served.root_delay / MILLISECOND, 3),
        "root_dispersion_ms": round(served.root_dispersion / MILLISECOND, 3),
    }
