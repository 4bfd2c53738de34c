"""Clients of DHCP in one network: how far each came, and whether it is seen to be a machine."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.sensor.facts import Dhcp, Mac
from agent.sensor.incidents import NOBODY
from agent.sensor.madeup import GROUP, made_up
from agent.sensor.tables import Bounded, Recent

if TYPE_CHECKING:
    from agent.sensor.detectors.dhcp_starvation import DhcpStarvation

DISCOVER, OFFER, REQUEST, DECLINE, ACK, RELEASE = 1, 2, 3, 4, 5, 7
ALIVE: Final = 3
"""So many clients were seen to go on after they got an address: those who do not stand out."""


@dataclass(slots=True)
class Client:
    """One that was heard and has to show that it is a machine."""

    since: float
    took: bool = False
    offered: float = 0.0


class Source:
    """Whom frames of one MAC stand for."""

    def __init__(self, limits: "DhcpStarvation") -> None:
        self.clients: Recent[Mac] = Recent(limits.source_s, 1024)
        self.transactions: Recent[tuple[int, int]] = Recent(limits.window_s, 1024)
        self.declines: Recent[int] = Recent(limits.window_s, 256)
        self.since = 0.0

    def hear(self, fact: Dhcp) -> None:
        """Note what it sends."""
        if not self.clients.count(fact.at):
            self.since = fact.at
        self.clients.add(fact.client, fact.at)
        self.transactions.add((fact.transaction, fact.message), fact.at)
        if fact.message == DECLINE:
            self.declines.add(fact.transaction, fact.at)


class Segment:
    """What was seen in one VLAN of clients whose frames do not give anybody away."""

    def __init__(self, limits: "DhcpStarvation") -> None:
        seconds, self._is = limits.window_s, limits
        self.clients: Recent[Mac] = Recent(seconds, 4096)
        self._forged: Recent[Mac] = Recent(seconds, 1024)
        """Sources of frames that stand for another client, each for a few."""
        self._declined: Recent[tuple[Mac, int]] = Recent(seconds, 1024)
        self._lapsed: Recent[Mac] = Recent(seconds, 1024)
        self._unclaimed: Recent[Mac] = Recent(seconds, 1024)
        self._silent: Recent[Mac] = Recent(seconds, 1024)
        self._served: Recent[Mac] = Recent(seconds, 1024)
        self._waiting: Bounded[Mac, Client | None] = Bounded(4096, lambda: None)
        self._alive: Recent[Mac] = Recent(3600.0, 64)
        self._fresh = 0
        """Messages since it was last asked whether their clients are made up."""
        self._strange = 0
        self.server = NOBODY
        self.unsaid = 0
        """Messages since the last sign; then when it was calm last, and the last message."""
        self.since = self.last_at = 0.0
        self.number = 0
        self.due = False
        """Whether it is time to judge."""
        self.most: dict[str, float] = {}
        """The highest figures of what is going on."""

    def claim(self, fact: Dhcp, *, relayed: bool) -> None:
        """Note that a client wants an address, or gives one back."""
        new = self.clients.add(fact.client, fact.at)
        if not relayed:  # else the frame is the relay's
            self._follow(fact, new=new)
        if fact.message == DECLINE:
            self._declined.add((fact.client, fact.transaction), fact.at)
        if not self.unsaid:
            self.since = fact.at
        self.unsaid += 1
        self._fresh += 1
        self.last_at, self.number = fact.at, fact.number
        # Of thousands each time all would cost more than the frames.
        if self._fresh >= max(self._is.made_up // 2, self.clients.count(fact.at) // 4):
            self._fresh, self.due = 0, True
            self._strange = made_up(self.clients.keys(), self._is.made_up)

    def offer(self, fact: Dhcp) -> None:
        """Note that a client is offered an address."""
        client = self._waiting.get(fact.client)
        if client is not None and not client.offered:
            client.offered = fact.at

    def speaks(self, mac: Mac, at: float) -> None:
        """Note that a machine was heard with something else than DHCP."""
        client = self._waiting.get(mac)
        if client is not None:
            self._waiting.drop(mac)
            if client.took:
                self._alive.add(mac, at)

    def give_up(self, now: float) -> None:
        """See which clients have shown nothing more for too long."""
        for mac, client in self._waiting.items():
            kept = self._given_up(client, now)
            if kept is not None:
                self._waiting.drop(mac)
                kept.add(mac, now)
                self.due = True

    def judged(self, at: float) -> tuple[float, dict[str, float]]:
        """Return how sure it is that clients are too many and too strange, and the figures."""
        limits = self._is
        if self.clients.count(at) < limits.made_up:
            self._strange = 0
        lapsed, unclaimed = self._lapsed.count(at), self._unclaimed.count(at)
        silent = self._silent.count(at) if self._alive.count(at) >= ALIVE else 0
        many = limits.at_once + 4 * self._served.count(at)
        reasons = (
            (self._strange >= limits.made_up, 0.9),
            (self._forged.count(at) >= limits.clients_per_source, 0.85),
            (self._declined.count(at) >= limits.declines, 0.8),
            (unclaimed >= limits.unclaimed, 0.8),
            (max(lapsed, silent) >= limits.gone, 0.7),
            (len(self._waiting) >= many, 0.7),
        )
        return max((sure for true, sure in reasons if true), default=0.0), {
            "clients": self.clients.count(at),
            "made_up": self._strange,
            "gone": lapsed + silent + unclaimed,
        }

    def _follow(self, fact: Dhcp, *, new: bool) -> None:
        if fact.src != fact.client or (fact.src and fact.src[0] & GROUP):
            self._forged.add(fact.src, fact.at)
        waits = self._waiting.get(fact.client)
        if fact.message == DISCOVER and waits is None and new:
            self._waiting.put(fact.client, Client(fact.at))
        elif fact.message == REQUEST and waits is not None:
            self._waiting.put(fact.client, Client(fact.at, took=True))
            self._served.add(fact.client, fact.at)
        elif waits is not None and not waits.took:
            self._waiting.drop(fact.client)  # it asks again, as a machine does

    def _given_up(self, client: Client | None, now: float) -> Recent[Mac] | None:
        """Return where a client belongs that has waited too long, None while it may still speak."""
        if client is None:
            return self._lapsed
        if client.offered and not client.took and now - client.offered >= self._is.claim_s:
            return self._unclaimed
        if now - client.since < self._is.wait_s:
            return None
        return self._silent if client.took else self._lapsed
