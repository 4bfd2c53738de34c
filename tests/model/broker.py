"""A broker that keeps the collector's session, and does everything that brokers were seen to do:
it loses, repeats, reorders, damages and forgets, and acknowledges what it drops.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from core import topics
from core.mqtt import Message, Will
from core.types import Identity

Channel = Literal["readings", "state"]
CHANNELS: tuple[Channel, ...] = ("readings", "state")
HISTORY = 60


@dataclass
class Packet:
    """A message on its way; `mid` is 0 until it was handed out."""

    topic: str
    payload: bytes
    retain: bool = False


@dataclass
class Client:
    """An agent's connection: who it is, its will, and what to tell it when it is kicked out."""

    who: Identity
    will: Will
    lost: Callable[[], None]


@dataclass
class Broker:
    """`up` is what waits for the collector by channel, `down` what waits for agents."""

    up: dict[Channel, list[Packet]] = field(default_factory=lambda: {"readings": [], "state": []})
    out: dict[Channel, dict[int, Packet]] = field(
        default_factory=lambda: {"readings": {}, "state": {}}
    )
    """Handed to the collector and not acknowledged."""
    down: defaultdict[Identity, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    seen: dict[Channel, list[Packet]] = field(default_factory=lambda: {"readings": [], "state": []})
    """What came lately, to bring it again long after."""
    told: defaultdict[Identity, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    retained: dict[str, Packet] = field(default_factory=dict)
    clients: dict[Identity, Client] = field(default_factory=dict)
    sessions: set[Channel] = field(default_factory=set)
    swallows: set[bytes] = field(default_factory=set)
    """What something on the way lets nobody have, however often it is sent."""
    mids: int = 0

    # Agents.

    def connect(self, client: Client) -> None:
        """Let an agent in; one of the same name is kicked out, as MQTT has it."""
        self.disconnect(client.who, clean=False)
        self.clients[client.who] = client

    def disconnect(self, who: Identity, *, clean: bool) -> None:
        """End an agent's connection; what waited for it is gone, and its will is said."""
        client = self.clients.pop(who, None)
        self.down[who].clear()
        if client:
            client.lost()
            if not clean:
                self.publish(client.will.topic, client.will.payload, retain=True)

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Take what an agent publishes."""
        packet = Packet(topic, payload, retain)
        channel: Channel = "readings" if topic.endswith("/readings") else "state"
        if retain:
            self.retained[topic] = packet
        self.seen[channel] = [*self.seen[channel][1 - HISTORY :], packet]
        if channel in self.sessions and payload not in self.swallows:
            self.up[channel].append(packet)

    # The collector.

    def attach(self, channel: Channel) -> bool:
        """Resume the collector's session, or begin one with what is retained; whether it was."""
        present = channel in self.sessions
        self.sessions.add(channel)
        if not present and channel == "state":
            self.up[channel] += self.retained.values()
        self.up[channel] = [*self.out[channel].values(), *self.up[channel]]
        self.out[channel] = {}
        return present

    def hand_over(self, channel: Channel, count: int, conn: int) -> list[Message]:
        """Give the collector the next messages; they stay here until acknowledged."""
        taken, self.up[channel] = self.up[channel][:count], self.up[channel][count:]
        return [self._message(channel, packet, conn) for packet in taken]

    def acknowledged(self, channel: Channel, mid: int) -> None:
        """Forget a message."""
        self.out[channel].pop(mid, None)

    def answer(self, topic: str, payload: bytes) -> None:
        """Pass a receipt on, if its agent is there."""
        who, _ = topics.parse(topic)
        self.told[who] = [*self.told[who][1 - HISTORY :], payload]
        if who in self.clients:
            self.down[who].append(payload)

    def forget(self, *, retained: bool) -> None:
        """Lose the store: sessions with what waited in them, and what was retained."""
        for channel in CHANNELS:
            self.up[channel].clear()
            self.out[channel].clear()
        if retained:
            self.retained.clear()
        self.sessions.clear()

    def _message(self, channel: Channel, packet: Packet, conn: int) -> Message:
        self.mids += 1
        self.out[channel][self.mids] = packet
        return Message(packet.topic, packet.payload, packet.retain, self.mids, conn)
