"""Connections from their first segment to their last, with the bytes that went each way.

Nothing between is looked at: the numbers of a SYN and of the FIN or RST that ends a direction say
how much was sent (RFC 9293 §3.4). Either direction may be invisible, and then is None.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Final, NamedTuple

from agent.sensor.facts import ACK, FIN, FLAGS, RST, SYN, Address, Mac, Tcp
from agent.sensor.tables import Bounded

SESSIONS: Final = 4096
"""That are open at a time; who floods a port pushes out others, and `syn_flood` tells of it."""
HALF: Final = 1 << 31
"""Of all sequence numbers: what is further ahead lies behind (RFC 9293 §3.4)."""
ENDING_S: Final = 1.0
"""The other side ends a moment later, if it is seen at all."""


class Session(NamedTuple):
    """A connection that was there, and has ended."""

    began: float
    ended: float
    number: int
    """Of the frame that ended it."""
    opened: int
    """Of a frame that the source sent: its SYN, or where that was not seen, its end; else 0."""
    vlan: int
    source: Address
    mac: Mac
    target: Address
    target_mac: Mac
    port: int
    up: int | None
    """Bytes to the target, None where they were not seen."""
    down: int | None
    finished: bool
    """Whether a FIN was seen: only a connection that was there ends so."""


@dataclass(slots=True)
class _Open:
    began: float = 0.0
    mac: Mac = b""
    target_mac: Mac = b""
    up_from: int | None = None
    down_from: int | None = None
    up: int | None = None
    down: int | None = None
    ended: float = 0.0
    number: int = 0
    opened: int = 0
    vlan: int = 0
    finished: bool = False


_Key = tuple[Address, int, Address, int]


class Sessions:
    """Gives each session with a port of *ports* to *tell* when it is over."""

    def __init__(self, ports: Container[int], tell: Callable[[Session], None]) -> None:
        self._ports, self._tell = ports, tell
        self._open: Bounded[_Key, _Open] = Bounded(SESSIONS, _Open, turns=True)
        self._ending: dict[_Key, _Open] = {}

    def take(self, fact: Tcp) -> None:
        """Hear of a segment."""
        ports = self._ports
        up = fact.target_port in ports
        if not up and fact.source_port not in ports:
            return
        flags = fact.flags & FLAGS
        if flags & SYN:
            # An answer says for sure who is asked, also where both ports are of logins.
            self._begin(fact, up=not flags & ACK)
        elif flags & (FIN | RST):
            self._end(fact, up=up)

    def tick(self, now: float) -> None:
        """Hear that it is *now*."""
        for key, session in list(self._ending.items()):
            if now - session.ended >= ENDING_S:
                self._over(key, session)

    def _begin(self, fact: Tcp, *, up: bool) -> None:
        key = _key(fact, up=up)
        if key[3] not in self._ports:
            return
        session = self._open.of(key)
        if up:
            if session.up_from is not None and session.up_from != fact.sequence:
                # The same two ports again: the last connection's end was not seen.
                self._open.put(key, session := _Open())
                self._ending.pop(key, None)
            session.up_from = fact.sequence
            session.opened = session.opened or fact.number
        else:
            session.down_from = fact.sequence
        session.began = session.began or fact.at
        mac, target_mac = (fact.src, fact.dst) if up else (fact.dst, fact.src)
        # A cooked capture has only who sent a frame.
        session.mac, session.target_mac = mac or session.mac, target_mac or session.target_mac

    def _end(self, fact: Tcp, *, up: bool) -> None:
        key = _key(fact, up=up)
        session = self._open.get(key)
        if session is None:
            key = _key(fact, up=not up)
            session, up = self._open.get(key), not up
        if session is None:
            return
        if fact.flags & RST and session.down_from is None:
            self._open.drop(key)  # refused
            return
        sent = _sent(session.up_from if up else session.down_from, fact)
        if up and session.up is None:
            session.up = sent
        elif not up and session.down is None:
            session.down = sent
        session.ended, session.number, session.vlan = fact.at, fact.number, fact.vlan
        session.finished = session.finished or bool(fact.flags & FIN)
        if up:
            session.opened = session.opened or fact.number
        self._ending[key] = session
        whole = session.up is not None and session.down is not None
        if whole or len(self._ending) > SESSIONS:
            self._over(key, session)

    def _over(self, key: _Key, session: _Open) -> None:
        self._ending.pop(key, None)
        self._open.drop(key)
        self._tell(
            Session(
                *(session.began, session.ended, session.number, session.opened, session.vlan),
                *(key[0], session.mac, key[2], session.target_mac, key[3]),
                *(session.up, session.down, session.finished),
            )
        )


def _key(fact: Tcp, *, up: bool) -> _Key:
    if up:
        return fact.source, fact.source_port, fact.target, fact.target_port
    return fact.target, fact.target_port, fact.source, fact.source_port


def _sent(first: int | None, fact: Tcp) -> int | None:
    """Return how many bytes were sent up to this segment; the SYN took one number.

    None where the numbers mean nothing: an end before the beginning, as in captures made by hand.
    """
    if first is None or (fact.flags & RST and not fact.sequence):
        return None
    sent = (fact.sequence + fact.payload - first - 1) & 0xFFFFFFFF
    return None if sent >= HALF else sent
