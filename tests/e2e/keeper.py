"""An agent played by the test, that keeps its events until a receipt names them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from core import messages, wire
from core.types import Identity
from tests.collector.making import A, event, event_batch, events_of
from tests.collector.played import Played, playing
from tests.e2e.programs import AGENT, REGION, SCHOOL

WHO = Identity(REGION, SCHOOL, AGENT)
EVERY_S = 0.05
RESEND_S = 1.0


@dataclass
class Keeper:
    """An agent that keeps each batch, of two events here, until a receipt names its key and crc."""

    played: Played
    made: int = 0
    kept: dict[tuple[int, str], bytes] = field(default_factory=dict)
    sent: dict[tuple[int, str], float] = field(default_factory=dict)
    stopped: bool = False

    def make(self) -> None:
        self.made += 1
        seq = self.made
        body = event_batch(A, seq, event(number=2 * seq), event(number=2 * seq + 1, active=False))
        self.kept[seq, messages.crc_text(wire.crc(body))] = body

    def publish(self, body: bytes) -> None:
        self.played.publish(events_of(body, WHO))

    async def run(self) -> None:
        """Send all that is kept again and again, and a new batch each time."""
        heard = 0
        while self.kept or not self.stopped:
            if not self.stopped:
                self.make()
            for message in self.played.heard[heard:]:
                for key, crc in messages.keys_of(messages.read_receipt(message.payload).got):
                    self.kept.pop((key.seq, crc), None)
                heard += 1
            for name, body in list(self.kept.items())[:8]:
                if time.monotonic() - self.sent.get(name, 0) > RESEND_S:
                    self.sent[name] = time.monotonic()
                    self.publish(body)
            await asyncio.sleep(EVERY_S)


@asynccontextmanager
async def keeping(port: int) -> AsyncIterator[Keeper]:
    async with playing(Played(port, WHO)) as played:
        keeper = Keeper(played)
        task = asyncio.create_task(keeper.run())
        yield keeper
        keeper.stopped = True
        await asyncio.wait_for(task, 60)
