"""A broker that says that it took what it has thrown away: everything arrives all the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt import subscribe
from paho.mqtt.client import MQTTMessage

from tests.e2e.district import LOAD, District, make
from tests.e2e.seen import Seen
from tests.real import brokers
from tests.real.brokers import RealBroker
from tests.waiting import until_sync

pytestmark = [pytest.mark.slow, pytest.mark.real("mosquitto")]

QUICK = {"agent.delivery.FIRST_WAIT": 3, "agent.delivery.LONGEST_WAIT": 6}
DROPPED = "$SYS/broker/publish/messages/dropped"
FORGETFUL = ("max_queued_messages 5", "sys_interval 1")


def made(folder: Path, broker: RealBroker) -> District:
    district = make(folder, broker, LOAD)
    district.agent.program.waits = QUICK
    return district


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[RealBroker]:
    """A mosquitto that keeps five messages for who is away, and drops the rest."""
    brokers.need("mosquitto")
    usual = ("max_queued_messages", "max_queued_bytes", "max_inflight_messages")
    with brokers.running(
        brokers.mosquitto(tmp_path / "mosquitto", also=FORGETFUL, without=usual)
    ) as broker:
        yield broker


@pytest.fixture
def deaf(tmp_path: Path) -> Iterator[RealBroker]:
    """A mosquitto that lets the collector subscribe to readings, and gives it none."""
    brokers.need("mosquitto")
    rights = tmp_path / "rights"
    allow(rights, "state", "events")
    with brokers.running(
        brokers.mosquitto(tmp_path / "mosquitto", also=[f"acl_file {rights}"])
    ) as broker:
        yield broker


def allow(rights: Path, *channels: str) -> None:
    lines = ["topic write schoolwatch/v1/#", "topic read $SYS/#"]
    lines += ["topic read schoolwatch/v1/+/+/+/receipt", "topic read schoolwatch/v1/+/collector"]
    lines += [f"topic read schoolwatch/v1/+/+/+/{channel}" for channel in channels]
    rights.write_text("\n".join([*lines, ""]))


def dropped(broker: RealBroker) -> int:
    """Return how many messages the broker says that it has thrown away."""
    message = subscribe.simple(DROPPED, port=broker.port)  # type: ignore[no-untyped-call]
    assert isinstance(message, MQTTMessage)
    return int(message.payload)


def test_what_a_broker_threw_away_for_a_collector_that_was_away_is_sent_again(
    tmp_path: Path, forgetful: RealBroker
) -> None:
    district = made(tmp_path, forgetful)
    seen, agent = Seen(district), district.agent
    agent.fill(5, 40)
    try:
        district.start_collector()
        until_sync(lambda: seen.live()["broker_connected"], 30)
        assert district.collector.stop() == 0
        agent.program.start()
        until_sync(lambda: agent.program.said("no receipt from the collector"), 60)
        assert not agent.program.said("the broker refuses"), "it says that all is well"
        until_sync(lambda: dropped(forgetful) > 0, 60)
        assert "Outgoing messages are being dropped for client d1-" in forgetful.log.read_text()
        district.start_collector()
        until_sync(lambda: agent.program.said("the collector answers again"), 60)
        (heard,) = district.prove()
        assert len(heard.left) > 40
    finally:
        district.end()


def test_readings_that_the_rights_at_the_broker_withhold_wait_until_they_are_put_right(
    tmp_path: Path, deaf: RealBroker
) -> None:
    district = made(tmp_path, deaf)
    seen, agent = Seen(district), district.agent
    agent.fill(5, 40)
    try:
        district.start_collector()
        agent.program.start()
        until_sync(lambda: agent.program.said("no receipt from the collector"), 60)
        mark, (code, ledger) = agent.sealed(), seen.asked("ledger")
        assert "expected: the agent holds them, or will say" in ledger
        assert code == 0, "they may still come"
        assert not agent.program.said("the broker refuses"), "it says that all is well"
        assert seen.agent()["held_batches"] > 0
        take_more = agent.taken() + 300
        until_sync(lambda: agent.taken() > take_more, 60)
        assert agent.held(mark) > 0
        assert district.broken() == []
        allow(tmp_path / "rights", "state", "events", "readings")
        deaf.reload()
        until_sync(lambda: agent.program.said("the collector answers again"), 60)
        district.prove()
    finally:
        district.end()
