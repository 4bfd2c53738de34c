"""What each machine tried to reach for the first time, and what came of it.

Only segments that begin, refuse or end a connection are seen, some twice, and where a switched
port shows one direction only, every question looks unanswered. So an answer is a fact whether or
not the question was seen, and silence is one only while this machine is known to be answered, and
the outside to answer at all: `SILENT`. Other silence is `UNSEEN`, and proves much less.

First contacts are what counts (Jung, Paxson, Berger, Balakrishnan, "Fast Portscan Detection Using
Sequential Hypothesis Testing", IEEE S&P 2004): who asks one dead server for hours tried one thing.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import ClassVar, Final, NamedTuple

from agent.sensor.facts import ACK, FIN, FLAGS, RST, SYN, Address, Fact, Icmp, Mac, Tcp, made
from agent.sensor.network import Network
from agent.sensor.ports import EPHEMERAL_MIN, RESERVED_MIN
from agent.sensor.roles import OUTSIDE
from agent.sensor.routers import Routers
from agent.sensor.tables import Bounded

TCP_PROTOCOL, UDP_PROTOCOL = 6, 17

ACCEPTED, REFUSED, SILENT, UNSEEN = "accepted", "refused", "silent", "unseen"
RESET: Final = "reset"
"""A system port says that it knows no such connection (RFC 9293 §3.10.7.1), as it does to ACKs of
`nmap -sA`; also where a capture began after the connection, so that only many of one machine tell.
"""

SILENT_S: Final = 3.0
"""An answer that takes longer does not come: a second SYN (RFC 6298: after 1 s) had its chance."""
ANSWERED_S: Final = 600.0
"""So long a machine that was answered once is believed to be answered where we can see it."""
PENDING: Final = 8192
"""Questions that wait for their answer; one that falls out counts as unanswered."""
KNOWN: Final = 16_384
"""Pairs of machine and service that are known, about 2 MB."""
SOURCES: Final = 2048


class Contact(NamedTuple):
    """The first contact of a machine with a port of another one."""

    at: float
    number: int
    vlan: int
    source: Address
    mac: Mac
    target: Address
    target_mac: Mac
    """b"" where it was not seen."""
    outside: bool
    """Whether the target is."""
    port: int
    udp: bool
    outcome: str
    own: bool = False
    """Whether it is the agent's own work: it sweeps its devices, and while it discovers."""


class _Asked(NamedTuple):
    at: float
    number: int
    vlan: int
    mac: Mac
    target_mac: Mac


_Key = tuple[Address, Address, int]


class Contacts:
    """Gives each first contact to `tell` once its outcome is known. Bounded by its tables.

    *routers* hear of each fact before this does.
    """

    takes: ClassVar[tuple[type[Fact], ...]] = (Tcp, Icmp)

    def __init__(self, network: Network, routers: Routers) -> None:
        self.routers = routers
        self.tell: list[Callable[[Contact], None]] = []
        self._allowed = network.allowed.scanners
        self._own, self._devices = network.own, network.devices
        self._pending: OrderedDict[_Key, _Asked] = OrderedDict()
        self._known: Bounded[int, bool] = Bounded(KNOWN, bool, turns=True)
        self._lives: Bounded[Address, int] = Bounded(SOURCES, int)
        self._answered: Bounded[Address, list[float]] = Bounded(SOURCES, lambda: [0.0])
        self._outside_answered = 0.0

    def forget(self, source: Address) -> None:
        """Let everything that *source* does be a first contact again: its last attack is over."""
        self._lives.put(source, (self._lives.get(source) or 0) + 1)

    def take(self, fact: Tcp | Icmp) -> None:
        """Hear of a segment, or of what could not be delivered."""
        if isinstance(fact, Icmp):
            self._undelivered(fact)
            return
        flags = fact.flags & FLAGS
        if flags == SYN:
            self._asked(fact)
        elif flags == SYN | ACK:
            self._answer(fact, ACCEPTED)
        elif flags & RST:
            # RFC 9293 §3.10.7.1: a refusal of what no connection knows has the number 0. Others
            # end connections, and come from clients too.
            plain = flags & ACK and fact.sequence == 0
            key = (fact.target, fact.source, fact.source_port)
            if plain or key in self._pending:
                self._answer(fact, REFUSED)
            elif not flags & ACK and _is_servers(fact.source_port, fact.target_port):
                answered = _Asked(fact.at, fact.number, fact.vlan, fact.dst, fact.src)
                self._first(key, answered, RESET)
        elif not flags & ACK:
            # FIN, Xmas and NULL scans: no system sends these in a connection.
            asked = _Asked(fact.at, fact.number, fact.vlan, fact.src, fact.dst)
            self._first((fact.source, fact.target, fact.target_port), asked, REFUSED)
        elif flags & FIN:
            self._closed(fact)

    def tick(self, now: float) -> None:
        """Hear that it is *now*: what was not answered in time is told."""
        while self._pending:
            key, asked = next(iter(self._pending.items()))
            if now - asked.at < SILENT_S:
                return
            del self._pending[key]
            self._unanswered(key, asked)

    def _asked(self, fact: Tcp) -> None:
        source = fact.source
        key = (source, fact.target, fact.target_port)
        if key in self._pending or source in self._allowed or self._is_known(key):
            return
        asked = (fact.at, fact.number, fact.vlan, fact.src, fact.dst)
        self._pending[key] = made(_Asked, asked)
        if len(self._pending) > PENDING:
            self._unanswered(*self._pending.popitem(last=False))

    def _answer(self, fact: Tcp, outcome: str) -> None:
        source, target = fact.target, fact.source
        self._answered.of(source)[0] = fact.at
        if self.routers.role_of(target) == OUTSIDE:
            self._outside_answered = fact.at
        key = (source, target, fact.source_port)
        asked = self._pending.pop(key, None)
        if asked is None:
            asked = _Asked(fact.at, fact.number, fact.vlan, fact.dst, fact.src)
        elif not asked.target_mac:  # a cooked capture says only who sent it
            asked = asked._replace(target_mac=fact.src)
        self._first(key, asked, outcome)

    def _closed(self, fact: Tcp) -> None:
        """Hear that an asker ends a connection in order, so that there was one.

        It counts only where no answer to him is ever seen; else anybody could pretend it.
        """
        key = (fact.source, fact.target, fact.target_port)
        if key in self._pending and self._answered.get(fact.source) is None:
            self._first(key, self._pending.pop(key), ACCEPTED)

    def _unanswered(self, key: _Key, asked: _Asked) -> None:
        source, target, _ = key
        answered = self._answered.get(source)
        heard = answered is not None and asked.at - answered[0] < ANSWERED_S
        # A line that is cut answers nobody: that is no scan.
        if self.routers.role_of(target) == OUTSIDE and self._outside_answered < asked.at:
            heard = False
        self._first(key, asked, SILENT if heard else UNSEEN)

    def _undelivered(self, fact: Icmp) -> None:
        source, target, port = fact.inner_source, fact.inner_target, fact.inner_port
        by = fact.src if fact.source == target else b""
        asked = _Asked(fact.at, fact.number, fact.vlan, fact.dst, by)
        key = (source, target, port)
        if fact.inner_protocol == TCP_PROTOCOL and port:
            # A firewall that refuses says "port unreachable" of TCP too; a router that has no way
            # says only that, and may say it of everything.
            found = self._pending.pop(key, None)
            if fact.kind == "port_unreachable":
                self._first(key, found or asked, REFUSED)
            elif found is not None:
                self._unanswered(key, found)
        elif (
            fact.inner_protocol == UDP_PROTOCOL
            and fact.kind == "port_unreachable"
            and 0 < port < EPHEMERAL_MIN
        ):
            # Ports above: late answers to somebody who has closed, and traceroute.
            self._first(key, asked, REFUSED, udp=True)

    def _first(self, key: _Key, asked: _Asked, outcome: str, *, udp: bool = False) -> None:
        source, target, port = key
        if source in self._allowed or self._is_known(key, udp=udp, note=True):
            return
        at, number, vlan, mac, target_mac = asked
        outside = self.routers.role_of(target) == OUTSIDE
        own = self._own.tries(mac, target, port, self._devices, at)
        ends = (source, mac, target, target_mac, outside, port)
        contact = made(Contact, (at, number, vlan, *ends, udp, outcome, own))
        for tell in self.tell:
            tell(contact)

    def _is_known(self, key: _Key, *, udp: bool = False, note: bool = False) -> bool:
        """Return whether this pair was noted lately; it is from now on where *note* says so."""
        digest = hash((key, udp, self._lives.get(key[0]) or 0))
        known = self._known.get(digest) is not None
        if known or note:
            self._known.put(digest, True)
        return known


def _is_servers(port: int, client_port: int) -> bool:
    """Return whether a segment from *port* is a server's, not that of a client of NFS."""
    return port < RESERVED_MIN and client_port >= EPHEMERAL_MIN
