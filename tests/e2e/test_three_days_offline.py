"""Three days of history go out at the rate that was granted, and live readings stay current.

Real programs on a real broker. The history is put into the spool by the spool's own code, as if
the line had been cut three days ago; a subscriber watches what passes the broker, and when.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from agent.spool import DAY, Spool
from collector.store.sqlite import SqliteStore
from core import clock, messages, wire
from core.clock import SECOND
from core.types import BatchKey, Event, Identity
from simulator.backlog import ROOM, fill
from simulator.host import Host
from tests.e2e import accounts, witness
from tests.e2e.programs import (
    AGENT,
    REGION,
    SCHOOL,
    Program,
    agent_toml,
    collector_toml,
    wait_until_served,
)
from tests.real.brokers import LOOPBACK, RealBroker, free_port
from tests.waiting import until_sync

WHO = Identity(REGION, SCHOOL, AGENT)
KB_PER_S = 10
GRANTED = KB_PER_S * 1_000
SEAL_AFTER_S = 1.0
CURRENT_S = 10.0
"""From a live reading to its receipt: a second until it is committed, one until it is sealed, and
what a busy machine may take for the rest. All of the backlog takes several times as long."""
WINDOW_S, LATE_S = 10.0, 3.0
"""Messages may pass the subscriber that much later than they were sent, and so come together."""

LIVE = """
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


@dataclass
class District:
    folder: Path
    agent: Program
    collector: Program
    http_port: int
    broker: RealBroker
    watching: Watching

    @property
    def spool(self) -> Path:
        return self.folder / "spool" / "spool.db"

    def drain(self) -> None:
        """Let the agent run on without probes until every batch has its receipt."""
        self.agent.stop()
        before = witness.count_taken(self.spool)
        agent_toml(self.folder, self.broker, "")
        self.agent.start()
        until_sync(lambda: witness.count_taken(self.spool) > before, 30)  # its first heartbeat
        until_sync(
            lambda: not (witness.count_held(self.spool) or witness.hear(self.spool, WHO).open), 60
        )

    def missing(self) -> tuple[int, list[object]]:
        """Return the exit code of `schoolwatch ledger`, and everything that it says is missing."""
        url = f"http://127.0.0.1:{self.http_port}"
        command = [sys.executable, "-m", "schoolwatch", "ledger", "--json", "--url", url]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        lanes = [lane for agent in json.loads(done.stdout)["agents"] for lane in agent["lanes"]]
        return done.returncode, [gap for lane in lanes for gap in lane["missing"]]


@pytest.fixture
def district(tmp_path: Path, mosquitto: RealBroker) -> Iterator[District]:
    port = free_port()
    agent = agent_toml(tmp_path, mosquitto, LIVE, seal_after_s=SEAL_AFTER_S)
    collector = collector_toml(tmp_path, mosquitto, port)
    rate = f'id = "d1"\nbackfill_kb_per_s = {KB_PER_S}'
    collector.write_text(collector.read_text().replace('id = "d1"', rate))
    made = District(
        tmp_path,
        Program(["agent", "run", "--config", str(agent)], tmp_path / "agent.log"),
        Program(["collector", "run", "--config", str(collector)], tmp_path / "collector.log"),
        port,
        mosquitto,
        Watching(mosquitto.port),
    )
    yield made
    made.watching.close()
    for program in (made.agent, made.collector):
        if program.process is not None and program.process.poll() is None:
            program.kill()


def three_days(path: Path) -> str:
    """Put three days of readings into the spool, and an event of each day; return their epoch."""
    Spool(path).close()
    witness.watch(path)
    now = clock.now()
    fill(path, Host(3), now - 3 * DAY, now, interval_s=600, seal_after_s=600)
    with closing(Spool(path, ROOM, now=lambda: now)) as spool:
        for day in range(3):
            at = now - (3 - day) * DAY
            spool.seal_events([Event("link_down", "switch-2", f"port-{day}", True, at, "P3")])
        [(epoch,)] = spool._db.execute("SELECT DISTINCT epoch FROM batch WHERE lane = 'readings'")
    return str(epoch)


@pytest.mark.slow
def test_a_backlog_of_three_days_goes_out_as_granted_and_live_readings_stay_current(
    district: District,
) -> None:
    old = three_days(district.spool)
    seen = district.watching
    district.collector.start()
    wait_until_served(district.http_port)
    district.agent.start()

    held = 3 * 24 * 6
    until_sync(lambda: len(seen.first(old, "readings")) == held, 300)
    until_sync(lambda: sum(key.epoch == old for key in seen.received) == held, 60)
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
    assert [one.key.seq for one in backlog] == [*range(1, held + 1)], "oldest first"

    lanes = [one.key.lane for one in seen.batches]
    before = [one for one in seen.batches[: lanes.index("readings")] if one.key.lane == "events"]
    told = b"".join(one.body for one in before)
    assert [b'"port-%d"' % day in told for day in range(3)] == [True] * 3, "events first"

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

    district.drain()
    assert district.missing() == (0, [])
    assert district.agent.stop() == 0
    assert district.collector.stop() == 0
    lines = witness.hear(district.spool, WHO).taken
    expected = Counter(point for line in lines for point in accounts.points_of(line, WHO))
    assert set(expected.values()) == {1}
    with closing(SqliteStore(district.folder / "collector" / "store.db")) as store:
        assert Counter(accounts.points_in(store, WHO)) == expected
