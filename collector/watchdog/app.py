"""The watchdog: a canary each minute, and its own way to people when none comes round (R-60).

It also asks whether the audit log can be written, and tells of that as well (R-44).

    ┌── canary ═▶ broker ═▶ collector ─▶ store ─▶ rules ──┐
    watchdog ◀──────────── /api/v1/canary ◀───────────────┘
        └── no canary for two minutes ─▶ the webhooks of [alerts], without the collector

Try it: schoolwatch collector watch --config collector.toml, and kill -STOP the collector.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from alerts.channels.base import Channel
from alerts.outbox import Parcel
from collector.channels import channels_of
from collector.config import CollectorConfig
from collector.watchdog import judge, message
from collector.watchdog.asking import Publisher, Round
from collector.watchdog.judge import State
from core import clock, disk
from core.errors import DeliveryError, RetryLater
from core.lock import hold
from core.mqtt.configured import broker_of
from core.stopping import at_signal

EVERY_S: Final = 60.0
LOOK_EVERY_S: Final = 5.0
"""After a canary that did not come the time is looked at, and the next one sent, this often."""
AGAIN_S: Final = 15.0
MOST_TRIES: Final = 240
"""For one message and one channel: an hour. The next alarm begins anew."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Watchdog:
    """Asks, judges and tells; `path` holds its state over restarts."""

    collector: str
    failure: Callable[[], Awaitable[str | None]]
    """Says why it does not work, "" where it does, and None where that cannot be asked."""
    channels: Sequence[Channel]
    path: Path
    words: message.Words = message.COLLECTOR
    now: clock.Clock = clock.now
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    state: State = field(default_factory=State)
    _telling: asyncio.Task[None] | None = None
    _why: str = ""

    async def run(self) -> None:
        """Watch until cancelled."""
        self.state = judge.begun(load(self.path), self.now())
        if not self.state.told:
            self._tell(repeat=True)
        while True:
            await self._round()
            await self.sleep(LOOK_EVERY_S if self._why else EVERY_S)

    async def _round(self) -> None:
        asking = asyncio.ensure_future(self.failure())
        # However long the asking takes, the time is looked at meanwhile.
        while not asking.done():
            await asyncio.wait([asking], timeout=LOOK_EVERY_S)
            self._judge(*judge.looked(self.state, self._why or "no canary came round", self.now()))
        why = await asking
        if why is None:
            self.state, self._why = judge.not_known(self.state, self.now()), ""
            return
        if bool(why) != bool(self._why):
            _log.warning("%s: %s", self.words.rule, why or "no longer")
        self._why = why
        if why:
            self._judge(*judge.looked(self.state, why, self.now()))
        else:
            self._judge(*judge.came_round(self.state, self.now()))

    def _judge(self, state: State, news: judge.News) -> None:
        self.state = state
        if news:
            keep(self.path, state)
            self._tell(repeat=False)

    def _tell(self, *, repeat: bool) -> None:
        """Tell of the state as it is now; what is still being told is out of date."""
        if self._telling:
            self._telling.cancel()
        said = message.of(self.state, self.collector, self.words)
        self._telling = asyncio.create_task(self._deliver(said, repeat=repeat))

    async def _deliver(self, said: message.Notification, *, repeat: bool) -> None:
        await asyncio.gather(*(self._send(one, said, repeat=repeat) for one in self.channels))
        self.state = replace(self.state, told=True)
        keep(self.path, self.state)

    async def _send(self, channel: Channel, said: message.Notification, *, repeat: bool) -> None:
        for number in range(1, MOST_TRIES + 1):
            try:
                await channel.send(Parcel(channel.name, number, repeat, said))
            except RetryLater as error:
                # The receiver may have it: then what it gets next is the same message again.
                repeat = repeat or error.perhaps
                if number == 1:
                    _log.warning("%s does not take the message yet: %s", channel.name, error)
                await self.sleep(AGAIN_S)
            except DeliveryError as error:
                _log.error("%s refuses the message: %s", channel.name, error)
                return
            else:
                return
        _log.error("%s did not take the message within an hour; given up", channel.name)


def load(path: Path) -> State:
    """Return the state that an earlier process left, a fresh one where it left none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except FileNotFoundError:
        return State()
    except (OSError, msgspec.DecodeError) as error:
        _log.warning("%s cannot be read (%s); begun anew", path, error)
        return State()


def keep(path: Path, state: State) -> None:
    """Keep *state*, whole or not at all; a disk that refuses must not keep the dog from barking."""
    try:
        disk.replace(path, msgspec.json.encode(state))
    except OSError as error:
        _log.error("%s cannot be written: %s; a restart may tell the same again", path, error)


async def run(config: CollectorConfig) -> None:
    """Watch the collector of *config* until SIGTERM or SIGINT.

    Raises StartError where another watchdog uses the folder.
    """
    table = config.collector
    folder = table.folder
    folder.mkdir(parents=True, exist_ok=True)
    with hold(folder / "watchdog.lock", "watchdog", "[collector] folder"):
        broker, own = broker_of(config.broker), config.watchdog
        if own.cert_file:
            broker = dataclasses.replace(broker, cert_file=own.cert_file, key_file=own.key_file)
        publisher = Publisher(broker, table.regions[0])
        url = f"http://{config.http.host}:{config.http.port}"
        channels = channels_of(config.alerts, f"{table.id}-watchdog")
        asked = Round(publisher, url)
        dogs = (
            Watchdog(table.id, asked.failure, channels, folder / "watchdog.json"),
            Watchdog(
                *(table.id, asked.audit, channels, folder / "watchdog-audit.json"),
                words=message.AUDIT,
            ),
        )
        stopping = asyncio.Event()
        at_signal(stopping)
        _log.info("watching collector %s at %s", table.id, url)
        works: list[asyncio.Task[Any]] = [
            asyncio.create_task(publisher.session.run(), name="mqtt"),
            *(asyncio.create_task(dog.run(), name=dog.words.rule) for dog in dogs),
            asyncio.create_task(stopping.wait(), name="stop"),
        ]
        try:
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for one in works:
                one.cancel()
            await asyncio.gather(*works, return_exceptions=True)
            for channel in channels:
                await channel.close()
