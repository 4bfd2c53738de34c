"""The real collector in this process, and an agent that is played: a session and its memory."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt import publish

from collector.app import Collector
from collector.config import CollectorConfig, CollectorTable
from collector.store.base import RangeQuery
from core import messages, topics
from core.brokerconfig import BrokerConfig
from core.messages import Receipt
from core.mqtt import Broker, Connected, Message, Session, Will
from core.types import BatchKey, Identity, Value
from tests.collector.making import REGION, WHO
from tests.waiting import until


def config(
    folder: Path,
    port: int,
    *,
    regions: tuple[str, ...] = (REGION,),
    collector: str = "d1",
    claim_wait_s: float = 150,
) -> CollectorConfig:
    return CollectorConfig(
        collector=CollectorTable(
            regions=regions, id=collector, folder=folder, claim_wait_s=claim_wait_s
        ),
        broker=BrokerConfig(port=port, reconnect_within_s=0.2),
    )


@asynccontextmanager
async def running(
    config: CollectorConfig, *, connected: bool = True, takeover: bool = False
) -> AsyncIterator[Collector]:
    """Run a collector for the length of the block, and stop it as Ctrl-C does."""
    config.collector.folder.mkdir(parents=True, exist_ok=True)
    collector = Collector(config, takeover=takeover)
    task = asyncio.create_task(collector.run())
    try:
        if connected:
            await until(lambda: collector.picture().broker_connected, 20)
        yield collector
    finally:
        collector.stopping.set()
        await asyncio.wait_for(task, 20)


def stored(collector: Collector, who: Identity = WHO, name: str = "used") -> dict[int, Value]:
    tags = {"school": who.school, "agent": who.agent}
    found = collector.store.range(RangeQuery("mem", name, 0, 2**62, tags=tags))
    return {at: value for series in found for at, value in series.points}


@dataclass
class Played:
    """Plays one agent, or anybody who listens to *listens*."""

    port: int
    who: Identity = WHO
    will: Will | None = None
    listens: tuple[str, ...] = ()
    heard: list[Message] = field(default_factory=list)
    up: bool = False

    def __post_init__(self) -> None:
        self.session = Session(
            Broker(port=self.port),
            f"{self.who}{'-'.join(self.listens)}".replace("/", "-").replace("+", "x"),
            self,
            will=lambda _conn: self.will,
            subscriptions=self.listens or (topics.topic(self.who, "receipt"),),
            reconnect_within_s=0.2,
        )

    def connected(self, _connected: Connected, /) -> None:
        self.up = True

    def disconnected(self, _reason: str, /) -> None:
        self.up = False

    def received(self, message: Message, /) -> None:
        self.heard.append(message)

    def acknowledged(self, _mid: int, _code: int, _reason: str, /) -> None:
        """Prove nothing."""

    def publish(self, message: Message) -> None:
        self.session.publish(message.topic, message.payload, retain=message.retain)

    @property
    def receipts(self) -> list[Receipt]:
        return [messages.read_receipt(message.payload) for message in self.heard]

    def got(self, part: str = "got") -> set[BatchKey]:
        named = (getattr(receipt, part) for receipt in self.receipts)
        return {key for keys in named for key, _ in messages.keys_of(keys)}


@asynccontextmanager
async def playing(played: Played) -> AsyncIterator[Played]:
    task = asyncio.create_task(played.session.run())
    try:
        await until(lambda: played.up, 20)
        yield played
    finally:
        await played.session.close()
        await asyncio.wait_for(task, 20)


async def publish_any(port: int, incoming: Iterable[Message]) -> None:
    """Publish what no program of ours would: any topic, any size."""
    wanted: list[Any] = [(m.topic, m.payload, 1, m.retain) for m in incoming]
    await asyncio.to_thread(
        publish.multiple, wanted, hostname="127.0.0.1", port=port, protocol=paho.MQTTv5
    )
