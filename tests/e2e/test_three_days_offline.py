"""Three days of history go out at the rate that was granted, and live readings stay current.

Real programs on a real broker. The history is put into the spool by the spool's own code, as if
the line had been cut three days ago; a subscriber watches what passes the broker, and when.
"""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from agent.spool import DAY, Spool
from core import clock, messages, wire
from core.clock import SECOND
from core.types import BatchKey, Event
from simulator.backlog import ROOM, fill
from simulator.host import Host
from tests.e2e.district import ALL_TRAVELS, District, make
from tests.real.brokers import LOOPBACK, RealBroker
from tests.waiting import until_sync

DAYS = 3
KB_PER_S = 10
GRANTED = KB_PER_S * 1_000
SEAL_AFTER_S = 1.0
CURRENT_S = 10.0
"""From a live reading to its receipt: a second until it is committed, one until it is sealed, and
what a busy machine may take for the rest. All of the backlog takes several times as long."""
WINDOW_S, LATE_S = 10.0, 3.0
"""Messages may pass the subscriber that much later than they were sent, and so come together."""

LIVE = f"""{ALL_TRAVELS}
[probes.cpu]
interval_s = 1
[probes.mem]
interval_s = 1
"""


@dataclass
class Passed:
    """A batch, when it passed the broker (monotonic), and its unpacked bytes."""

    key: BatchKey
    at: float
    body: bytes


@dataclass
class Watching:
    """What passes the broker: batches in order, and when a receipt named each."""

    port: int
    batches: list[Passed] = field(default_factory=list)
    received: dict[BatchKey, int] = field(default_factory=dict)
    granted: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_message = self._take
        self._client.connect(LOOPBACK, self.port)
        self._client.subscribe("schoolwatch/v1/+/+/+/+", 1)
        self._client.loop_start()

    def _take(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        channel, payload = message.topic.rpartition("/")[2], bytes(message.payload)
        if channel == "receipt":
            receipt = messages.read_receipt(payload)
            self.granted.add(receipt.backfill_bytes_per_s)
            for key, _ in messages.keys_of(receipt.got):
                self.received.setdefault(key, clock.now())
        elif channel in ("readings", "events"):
            body = wire.unpack(payload)
            self.batches.append(Passed(key_of(body), time.monotonic(), body))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def first(self, epoch: str, lane: str) -> list[Passed]:
        """Return the batches of one lane of one epoch, each as it passed first."""
        found: dict[BatchKey, Passed] = {}
        for one in list(self.batches):
            if (one.key.epoch, one.key.lane) == (epoch, lane):
                found.setdefault(one.key, one)
        return list(found.values())


def key_of(body: bytes) -> BatchKey:
    if body.startswith(b"{"):
        header = json.loads(body.partition(b"\n")[0])
        return BatchKey(header["epoch"], "events", header["seq"])
    header_line, _ = wire.split_header(body)
    assert header_line is not None
    return BatchKey(header_line.epoch, "readings", header_line.seq)


@pytest.fixture
def district(tmp_path: Path, mosquitto: RealBroker) -> Iterator[District]:
    made = make(tmp_path, mosquitto, LIVE)
    file = tmp_path / "collector.toml"
    rate = f'id = "d1"\nbackfill_kb_per_s = {KB_PER_S}'
    file.write_text(file.read_text().replace('id = "d1"', rate))
    three_days(made.agent.spool)
    yield made
    made.end()


@pytest.fixture
def seen(district: District) -> Iterator[Watching]:
    watching = Watching(district.broker.port)
    yield watching
    watching.close()


def three_days(path: Path) -> None:
    """Put three days of readings into the spool, and an event of each day."""
    now = clock.now()
    fill(path, Host(3), now - DAYS * DAY, now, interval_s=600, seal_after_s=600)
    with closing(Spool(path, ROOM, now=lambda: now)) as spool:
        for day in range(DAYS):
            at = now - (DAYS - day) * DAY
            spool.tell([Event("link_down", "switch-2", f"port-{day}", True, at, "P3")])


@pytest.mark.slow
def test_a_backlog_of_three_days_goes_out_as_granted_and_live_readings_stay_current(
    district: District, seen: Watching
) -> None:
    held = [one.key for one in district.agent.hear().sealed if one.key.lane == "readings"]
    assert len(held) == DAYS * 24 * 6
    old = held[0].epoch
    district.start()
    until_sync(lambda: seen.received.keys() >= {*held}, 300)
    ended = clock.now()

    backlog = seen.first(old, "readings")
    assert GRANTED in seen.granted
    assert max(seen.granted) == GRANTED
    largest = max(len(one.body) for one in backlog)
    for number, one in enumerate(backlog):
        window = [later for later in backlog[number:] if later.at <= one.at + WINDOW_S]
        size = sum(len(later.body) for later in window)
        assert size <= GRANTED * (WINDOW_S + LATE_S) + largest
    took = backlog[-1].at - backlog[0].at
    assert sum(len(one.body) for one in backlog[:-1]) <= GRANTED * (took + LATE_S)
    assert [one.key for one in backlog] == held, "oldest first"

    lanes = [one.key.lane for one in seen.batches]
    before = [one for one in seen.batches[: lanes.index("readings")] if one.key.lane == "events"]
    told = b"".join(one.body for one in before)
    assert [b'"port-%d"' % day in told for day in range(DAYS)] == [True] * DAYS, "events first"

    [living] = {key.epoch for key in seen.received if key.lane == "readings"} - {old}
    live = seen.first(living, "readings")
    late = {}
    for one in live:
        oldest = min(int(line.rpartition(b" ")[2]) for line in one.body.splitlines()[1:])
        came = seen.received.get(one.key, ended)
        if came - oldest > CURRENT_S * SECOND:
            late[one.key.seq] = (came - oldest) / SECOND
    assert late == {}, "live readings waited"
    assert took > 3 * CURRENT_S, "too short to show that live readings do not wait"
    assert len(live) > took / (4 * SEAL_AFTER_S), "live readings all along"

    district.prove()
