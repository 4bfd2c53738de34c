"""Whether a target answers echo requests, how fast, and how many get lost.

Our own ICMP (core/icmp.py): no program is started, nothing is parsed, and no rights are needed
where `net.ipv4.ping_group_range` lets the agent's group in. An answer counts once, for its own
request, and only while that is waited for: a copy is no second answer, a late one is a loss.
Watch it work: schoolwatch agent probe ping targets=127.0.0.1,::1
"""

import asyncio
import math
import socket
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Annotated, Any, Final

from msgspec import Meta

from agent.families import Asked, FamilyOrBoth, asked_over
from agent.outages import MISSED_ROUNDS, Outages, Rules
from agent.probes.base import COLLABORATOR, INTERVAL_S, probes
from agent.subjects import Subjects
from agent.surroundings import Surroundings
from agent.trouble import Trouble
from core import clock
from core.echo import Address, Answer, EchoSocket, open_echo
from core.errors import ConfigError, TargetUnreachable
from core.fields import BareHosts
from core.hints import hint, quoted
from core.names import Names, NoSuchHost
from core.types import Reading, Value

ANSWERED: Final = 0
NO_SUCH_HOST: Final = 1
NO_ANSWER: Final = 2

Resolve = Callable[[str, float, socket.AddressFamily], Coroutine[Any, Any, Address]]
Open = Callable[[socket.AddressFamily], EchoSocket]


@probes.add("ping")
@dataclass(frozen=True, slots=True)
class PingProbe:
    """Sends `count` echo requests to each target, all targets at once; one reading for each.

    `timeout_s` is for finding the address and again for each answer. `families` names targets
    that are asked over another `family` than the rest; with `both` a target has two readings. A
    target that is silent for `outage_after_s` has an outage (agent/outages.py).
    `targets` takes the words of agent/surroundings.py.
    """

    targets: BareHosts = (
        "gateways",
        "broker",
    )
    count: Annotated[int, Meta(ge=1, le=20)] = 3
    timeout_s: Annotated[float, Meta(ge=0.1, le=10)] = 2.0
    interval_between_s: Annotated[float, Meta(ge=0, le=5)] = 0.2
    family: FamilyOrBoth = "any"
    families: Annotated[
        Mapping[str, FamilyOrBoth],
        Meta(description='a table of targets, each with "any", "ipv4", "ipv6" or "both"'),
    ] = field(default_factory=dict)
    outage_after_s: Annotated[float, Meta(ge=1, le=3600)] = 30.0
    surroundings: Surroundings = field(default_factory=Surroundings, metadata=COLLABORATOR)
    resolve: Resolve = field(default_factory=lambda: Names().resolve, metadata=COLLABORATOR)
    open_echo: Open = field(default=open_echo, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    boot: clock.Clock = field(default=clock.boottime, metadata=COLLABORATOR)
    interval_s: float = field(default=INTERVAL_S, metadata=COLLABORATOR)
    trouble: Trouble = field(default_factory=Trouble, metadata=COLLABORATOR)
    outages: Outages = field(default_factory=Outages, metadata=COLLABORATOR)
    subjects: Subjects = field(default_factory=partial(Subjects, "ping"), metadata=COLLABORATOR)

    def __post_init__(self) -> None:
        """Refuse a name in `families` that is no target; raises ConfigError."""
        for name in self.families:
            if name not in self.targets:
                near = hint(name, self.targets)
                raise ConfigError(f"families names {quoted(name)}, which is not in targets{near}")

    async def measure(self) -> Iterable[Reading]:
        """Return one reading per target, also for one that is silent or does not exist.

        Raises NotPermitted where this process may not send echo requests.
        """
        at = self.now()
        named = {name: one for one in self.targets for name in self.surroundings.names([one])}
        with ExitStack() as stack:
            sockets: dict[socket.AddressFamily, EchoSocket] = {}

            def socket_for(family: socket.AddressFamily) -> EchoSocket:
                if family not in sockets:
                    sockets[family] = stack.enter_context(self.open_echo(family))
                return sockets[family]

            readings = await self.subjects.ask(
                {
                    " over ".join((name, *asked[1].values())): self._one(
                        name, asked, socket_for, at
                    )
                    for name, target in named.items()
                    for asked in asked_over(self.families.get(target, self.family))
                }
            )
        self.trouble.keep(reading.tags for reading in readings)
        self.outages.keep(
            {"url": name} | more
            for name, target in named.items()
            for _, more in asked_over(self.families.get(target, self.family))
        )
        return readings

    async def _one(self, target: str, asked: Asked, socket_for: Open, at: int) -> Reading:
        family, more = asked
        tags = {"url": target} | more
        began = self.boot()
        try:
            host = self.surroundings.host(target)
        except TargetUnreachable:
            # A word that stands for nothing has no reading, but a gateway that is gone is out.
            self._lasts(tags, began, answers=False)
            raise
        address, code = await self._find(host, family)
        fields = await self._fields(address, socket_for) if address else nothing(code)
        sent, received = (int(fields[name]) for name in ("packets_transmitted", "packets_received"))
        self.trouble.note(tags, address, sent, received)
        if code == NO_SUCH_HOST:  # a name server's word says nothing of the way to the target
            fields |= self.outages.known(tags)
        else:
            fields |= self._lasts(tags, began, answers=bool(received))
        return Reading("ping", fields, at, tags)

    def _lasts(self, tags: Mapping[str, str], at: int, *, answers: bool) -> Mapping[str, Value]:
        """Return the fields about outages after a round that began *at* (`clock.boottime`)."""
        round_s = 2 * self.timeout_s + self.count * self.interval_between_s
        gap_s = MISSED_ROUNDS * max(self.interval_s, round_s)
        rules = Rules(int(self.outage_after_s * clock.SECOND), int(gap_s * clock.SECOND))
        return self.outages.take(tags, at, rules, answers=answers)

    async def _find(self, host: str, family: socket.AddressFamily) -> tuple[Address | None, int]:
        try:
            return await self.resolve(host, self.timeout_s, family), ANSWERED
        except NoSuchHost:
            return None, NO_SUCH_HOST
        except TargetUnreachable:
            return None, NO_ANSWER

    async def _fields(self, address: Address, socket_for: Open) -> dict[str, Value]:
        try:
            echo = socket_for(address[0])
        except OSError:  # a machine without IPv6, say
            return nothing(NO_ANSWER)
        rounds = (self._ask(echo, address, number) for number in range(self.count))
        return summary(await asyncio.gather(*rounds))

    async def _ask(self, echo: EchoSocket, address: Address, number: int) -> Answer | None:
        await asyncio.sleep(number * self.interval_between_s)
        return await echo.ask(address, number + 1, self.timeout_s)


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
    if len(times) > 1:
        fields["jitter_ms"] = round(jitter(times), 3)
    return fields | {
        "ttl": came[-1].ttl,
        "minimum_response_ms": round(min(times), 3),
        "average_response_ms": round(mean, 3),
        "maximum_response_ms": round(max(times), 3),
        "standard_deviation_ms": round(spread, 3),
    }


def jitter(times: Sequence[float]) -> float:
    """Return the mean absolute difference of consecutive *times*, in the order of sending.

    That is the D of RFC 3550, 6.4.1, of round trips, without its smoothing over 16 packets: the
    mean of the rounds of a minute is then the jitter of that minute.
    """
    differences = [abs(later - earlier) for earlier, later in pairwise(times)]
    return sum(differences) / len(differences)
