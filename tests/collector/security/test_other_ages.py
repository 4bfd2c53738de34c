"""What agents of other versions leave out, or say otherwise, stops nothing and hides nothing."""

import json
import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core import clock
from core.clock import SECOND
from core.lineprotocol_encode import encode
from core.types import Event, Reading
from tests.alerts.receiver import receiving
from tests.collector.making import A, batch, birth, event_batch, events_of, readings, state
from tests.collector.played import Played, playing, running
from tests.collector.security.test_real import SOON, open_alerts, shown_of, told, two_readers
from tests.real.brokers import RealBroker
from tests.waiting import until

PARTY = {"address": "10.71.23.149", "mac": "d2:ad:be:ef:5a:77", "role": "inside"}
WHOLE = {"source": PARTY, "target": {"role": "gateway"}, "count": 3, "confidence": 0.9}

AGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "no_parties": {"count": 3, "confidence": 0.9, "evidence": {"tries": 3}},
    "no_figures": {"source": PARTY, "target": {}},
    "texts": {"source": "10.71.23.149", "target": "gateway", "count": "3", "confidence": "high"},
    "lists": {"source": [PARTY], "target": None, "evidence": [1, 2], "count": [3]},
    "foreign_words": {**WHOLE, "source": {"ip": "10.71.23.149", "role": 7, "port": "x"}},
    "foreign_figures": {**WHOLE, "evidence": {"new": {"deep": [1, {"a": 2}]}, "tries": "many"}},
    "impossible": {**WHOLE, "count": -3, "confidence": 90, "began": "yesterday", "vlan": 1 << 40},
    "truths": {**WHOLE, "count": True, "confidence": False, "began": True},
    "newer": {**WHOLE, "campaign": {"id": 1}, "evidence": {"entropy": 3.5, "tries": 3}},
}


def attack(kind: str, age: str, *, active: bool = True) -> Event:
    return Event(kind, "eth0", age, active, clock.now() - SECOND, None, AGES[age])


def said() -> list[bytes]:
    """What a sensor of another version says of itself: less, and more."""
    of_sensors = (
        Reading("sensor", {"frames": 7}, clock.now(), {"interface": "eth0"}),
        Reading("sensor", {"sees": "some", "blind": 3}, clock.now(), {"interface": "eth1"}),
        Reading("census", {"machines": "many"}, clock.now(), {"interface": "eth0"}),
        Reading("dns_verdict", {"names": 5}, clock.now(), {"category": "gambling"}),
    )
    return [encode(one) for one in of_sensors]


async def test_what_agents_of_other_versions_tell_is_listed_told_and_ended(
    mosquitto: RealBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with receiving() as duty, receiving() as own, receiving() as other:
        where = two_readers(tmp_path, mosquitto.port, duty, own, other)
        alerts = msgspec.structs.replace(where.alerts, messages=1000)
        where = msgspec.structs.replace(where, alerts=alerts)
        async with running(where) as collector, playing(Played(mosquitto.port)) as agent:
            agent.publish(state(birth(), retain=True))
            agent.publish(readings(batch(A, 1, said(), clock.now())))
            begun = [attack("gateway_spoof", age) for age in AGES]
            begun.append(Event("quantum_spoof", "eth0", "newer", True, clock.now(), None, WHOLE))
            agent.publish(events_of(event_batch(A, 1, *begun)))
            await until(lambda: len(open_alerts(collector)) == len(AGES), SOON)
            numbers = open_alerts(collector)
            await until(lambda: len([*told(own, "gateway_spoof")]) == len(AGES), SOON)

            outlets = await shown_of(collector, numbers)
            listed = json.loads(outlets["/api/v1/security"])
            assert listed["attacks_total"] == len(AGES)
            for one in told(own, "gateway_spoof"):
                texts = one["annotations"]
                assert "网关" in texts["summary_zh"]
                assert "交换机" in texts["description_zh"]
                assert "{" not in texts["description_zh"] + texts["description"], texts

            updates = [attack("gateway_spoof", age) for age in AGES]
            agent.publish(events_of(event_batch(A, 2, *updates)))
            ended = [attack("gateway_spoof", age, active=False) for age in AGES]
            agent.publish(events_of(event_batch(A, 3, *ended)))
            await until(lambda: open_alerts(collector) == [], SOON)
    assert [one for one in caplog.records if one.exc_info] == []
