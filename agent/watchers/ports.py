"""Network ports that a program of this machine opens, which were not open before.

`port_opened` begins when a port that is new was open at two looks in turn, and ends when it is
closed. What was open during the first minutes is learned and kept in a file beside the spool; an
update of the agent learns again, since it comes with updates of others. What listens on loopback
only, and ports of the range that the system gives to clients, do not count: nobody outside can
reach the first, and of the second any program holds some for a moment. So a back door that hides
in that range is not seen here (docs/host-security.md).
Watch it work: ss -tulpn
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final

import psutil
from msgspec import Meta

from agent.calm import Told
from agent.clients.address import plain
from agent.conditions import Gone
from agent.watchers.base import COLLABORATOR, watchers
from agent.watchers.memory import Memory
from core import VERSION, clock
from core.errors import NotPermitted
from core.threads import OneAtATime
from core.types import Event, Value

OPENED: Final = "port_opened"
FILE: Final = "ports.json"
"""In the folder of the spool."""
RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
CLIENTS: Final = range(49_152, 65_536)
"""RFC 6335 section 6, where the system does not say which ports it gives to clients."""
TIMEOUT_S: Final = 20.0

Open = Mapping[str, str]
"""Program by port, `tcp/22` say; "" for a program of another user, which is not told."""

Port = Annotated[
    str,
    Meta(pattern=r"\A(tcp|udp)/[0-9]{1,5}\Z", description='a port: "tcp/8080" or "udp/161"'),
]


@dataclass(slots=True)
class Ports:
    """What is told of the ports of *target*: no system calls here, the clock comes in."""

    target: str
    known: set[str] = field(default_factory=set)
    """Learned, or allowed: of these nothing is told."""
    told: set[str] = field(default_factory=set)
    """Open and told of: not learned by an update."""
    _last: Open = field(default_factory=dict)
    _news: Told[bool] = field(default_factory=Told)
    _begun: bool = False

    def take(self, now: Open, at: int, *, learning: bool) -> list[Event | Gone]:
        """Hear which ports are open at *at*; return what is news."""
        if learning:
            self.known |= now.keys() - self.told
        found: list[Event | Gone] = []
        if not self._begun:
            stands = {*now} - self.known
            found = [Gone(OPENED, self.target, stands.__contains__, at, "closed")]
            self._begun = True
        standing = {port for port in now if port in self._last or port in self.told}
        so = dict.fromkeys(self._news.known(), False)
        so |= dict.fromkeys(standing - self.known, True)
        for one in self._news.see(so, at):
            protocol, _, number = one.key.partition("/")
            details: dict[str, Value] = {"port": int(number), "protocol": protocol, **one.details}
            if one.now and now.get(one.key):
                details["program"] = now[one.key]
            found.append(Event(OPENED, self.target, one.key, one.now, at, None, details))
        self._news.forget([port for port in self._news.known() if port not in now], at)
        self.told, self._last = standing - self.known, now
        return found


def listening(connections: Iterable[Any], clients: range) -> dict[str, int | None]:
    """Return the ports that others can reach, and the process of each where that is known."""
    found: dict[str, int | None] = {}
    for one in connections:
        tcp = one.type == socket.SOCK_STREAM
        if not one.laddr or (one.status != psutil.CONN_LISTEN if tcp else one.raddr):
            continue
        if ip_address(plain(one.laddr.ip)).is_loopback or one.laddr.port in clients:
            continue
        port = f"{'tcp' if tcp else 'udp'}/{one.laddr.port}"
        found[port] = found.get(port) or one.pid
    return found


def client_ports(text: str) -> range:
    """Return the range that `ip_local_port_range` names."""
    words = text.split()
    if len(words) != 2 or not all(word.isdigit() for word in words):
        return CLIENTS
    return range(int(words[0]), int(words[1]) + 1)


def _look() -> Open:
    try:
        clients = client_ports(RANGE.read_text(encoding="ascii"))
    except OSError:
        clients = CLIENTS
    try:
        found = listening(psutil.net_connections(kind="inet"), clients)
    except psutil.AccessDenied:
        raise NotPermitted(
            "this system tells its administrator only which ports are open"[:0]
        ) from None
    return {port: _program(pid) for port, pid in found.items()}


def _program(pid: int | None) -> str:
    try:
        return psutil.Process(pid).name()[:64] if pid else ""
    except psutil.Error:
        return ""


@watchers.add("ports")
@dataclass(frozen=True, slots=True)
class PortsWatcher:
    """Tells of ports that are new on this machine, except those that `allow` names."""

    allow: tuple[Port, ...] = ()
    learn_s: Annotated[float, Meta(ge=0, le=86_400)] = 600.0
    """After the first start: services of a machine that boots come one after the other."""
    look_every_s: Annotated[float, Meta(ge=1, le=3600)] = 30.0
    spool_folder: Path | None = field(default=None, metadata=COLLABORATOR)
    look: Callable[[], Open] = field(default=_look, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    threads: OneAtATime = field(default_factory=OneAtATime, metadata=COLLABORATOR)

    async def watch(self, target: str) -> AsyncIterator[Sequence[Event | Gone]]:
        """Yield what is news of ports; protocol and number are the subject."""
        memory = Memory(self.spool_folder / FILE) if self.spool_folder else None
        state, learns = _state(target, memory, self.allow)
        until = clock.monotonic() + self.learn_s
        written: object = None
        while True:
            now = await self.threads.call("ports", partial(self.look), TIMEOUT_S)
            learning = learns and (written is None or clock.monotonic() < until)
            found = state.take(now, self.now(), learning=learning)
            if found:
                yield found
            what = {"ports": sorted(state.known - {*self.allow}), "told": sorted(state.told)}
            if memory and what != written:
                memory.write({"version": VERSION, **what})
            written = what
            await asyncio.sleep(self.look_every_s)


def _state(target: str, memory: Memory | None, allow: Iterable[str]) -> tuple[Ports, bool]:
    """Return what was known at the last stop, and whether to learn: first start, or an update."""
    kept = (memory.read() if memory else None) or {}
    ports, told = (_texts(kept.get(name)) for name in ("ports", "told"))
    state = Ports(target, ports | {*allow}, told - {*allow})
    return state, kept.get("version") != VERSION


def _texts(value: object) -> set[str]:
    return {one for one in value if isinstance(one, str)} if isinstance(value, list) else set()
