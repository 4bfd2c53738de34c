"""Whether a target answers echo requests, how fast, and how many get lost.

Our own ICMP (core/icmp.py): no program is started, nothing is parsed, and no rights are needed
where `net.ipv4.ping_group_range` lets the agent's group in.
Watch it work: schoolwatch agent probe ping targets=127.0.0.1,::1
"""

import asyncio
import math
import socket
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Final

from msgspec import Meta

from agent.probes.base import COLLABORATOR, probes
from agent.subjects import Subjects
from core import clock
from core.echo import Address, Answer, EchoSocket, open_echo
from core.errors import TargetUnreachable
from core.names import Names, NoSuchHost
from core.types import Reading, Value

ANSWERED: Final = 0
NO_SUCH_HOST: Final = 1
NO_ANSWER: Final = 2

Resolve = Callable[[str, float], Coroutine[Any, Any, Address]]
Open = Callable[[socket.AddressFamily], EchoSocket]


@probes.add("ping")
@dataclass(frozen=True, slots=True)
class PingProbe:
    """Sends `count` echo requests to each target, all targets at once; one reading for each.

    `timeout_s` is for finding the address and again for each answer.
    """

    targets: Annotated[tuple[Annotated[str, Meta(min_length=1)], ...], Meta(min_length=1)]
    count: Annotated[int, Meta(ge=1, le=20)] = 3
    timeout_s: Annotated[float, Meta(ge=0.1, le=10)] = 2.0
    interval_between_s: Annotated[float, Meta(ge=0, le=5)] = 0.2
    resolve: Resolve = field(default_factory=lambda: Names().resolve, metadata=COLLABORATOR)
    open_echo: Open = field(default=open_echo, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    subjects: Subjects = field(default_factory=partial(Subjects, "ping"), metadata=COLLABORATOR)

    async def measure(self) -> Iterable[Reading]:
        """Return one reading per target, also for one that is silent or does not exist.

        Raises NotPermitted where this process may not send echo requests.
        """
        at = self.now()
        with ExitStack() as stack:
            sockets: dict[socket.AddressFamily, EchoSocket] = {}

            def socket_for(family: socket.AddressFamily) -> EchoSocket:
                if family not in sockets:
                    sockets[family] = stack.enter_context(self.open_echo(family))
                return sockets[family]

            return await self.subjects.ask(
                {
                    target: self._one(target, socket_for, at)
                    for target in dict.fromkeys(self.targets)
                }
            )

    async def _one(self, target: str, socket_for: Open, at: int) -> Reading:
        try:
            address = await self.resolve(target, self.timeout_s)
        except NoSuchHost:
            return _reading(target, at, nothing(NO_SUCH_HOST))
        except TargetUnreachable:
            return _reading(target, at, nothing(NO_ANSWER))
        try:
            echo = socket_for(address[0])
        except OSError:  # a machine without IPv6, say
            return _reading(target, at, nothing(NO_ANSWER))
        rounds = (self._ask(echo, address, number) for number in range(self.count))
        return _reading(target, at, summary(await asyncio.gather(*rounds)))

    async def _ask(self, echo: EchoSocket, address: Address, number: int) -> Answer | None:
        await asyncio.sleep(number * self.interval_between_s)
        return await echo.ask(address, number + 1, self.timeout_s)


def _reading(target: str, at: int, fields: dict[str, Value]) -> Reading:
    return Reading("ping", fields, at, {"url": target})


def nothing(result_code: int) -> dict[str, Value]:
    """Return the fields of a target that no request could be sent to."""
    return {
        "result_code": result_code,
        "packets_transmitted": 0,
        "packets_received": 0,
        "percent_packet_loss": 100.0,
    }


def summary(answers: Sequence[Answer | None]) -> dict[str, Value]:
    """Return the fields of *answers*, None for each request that has none.

    Times are there only where answers came: a silent target has no response time, not one of 0.
    """
    came = [answer for answer in answers if answer]
    fields: dict[str, Value] = {
        "result_code": ANSWERED if came else NO_ANSWER,
        "packets_transmitted": len(answers),
        "packets_received": len(came),
        "percent_packet_loss": round(100 * (1 - len(came) / len(answers)), 2),
    }
    if not came:
        return fields
    times = [1000 * answer.seconds for answer in came]
    mean = sum(times) / len(times)
    spread = math.sqrt(sum((time - mean) ** 2 for time in times) / len(times))
    return fields | {
        "ttl": came[-1].ttl,
        "minimum_response_ms": round(min(times), 3),
        "average_response_ms": round(mean, 3),
        "maximum_response_ms": round(max(times), 3),
        "standard_deviation_ms": round(spread, 3),
    }
