"""Targets and incidents in the real collector, over a real broker."""

from pathlib import Path

import msgspec

from collector.app import Collector
from core import clock
from core.clock import SECOND
from core.messages import ClockReport
from core.mqtt import Message
from core.types import Identity
from tests.alerts.incidents.making import Somebody
from tests.collector.making import (
    REGION,
    WHO,
    A,
    batch,
    birth,
    event,
    event_batch,
    events_of,
    readings,
    state,
)
from tests.collector.played import Played, config, playing, running
from tests.real.brokers import RealBroker
from tests.waiting import until


def born(offset_ms: float, no: int) -> Message:
    said = msgspec.structs.replace(birth(no=no), clock=ClockReport(offset_ms, checked=True))
    return state(said, retain=True)


def open_rules(collector: Collector) -> set[tuple[str, str]]:
    keys = [case.alert.key for case in collector.alerting.cases()]
    return {(key.rule, key.place) for key in keys if key.rule.startswith(("target_", "school_"))}


async def test_a_clock_that_is_off_misses_a_target_until_it_is_right(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    async with (
        running(config(tmp_path, mosquitto.port)) as collector,
        playing(Played(mosquitto.port)) as agent,
    ):
        agent.publish(born(1_400.0, 1))
        await until(lambda: collector.picture().schools, 20)
        flows = b"firewall_log,device=fw lines=1i %d" % clock.now()
        agent.publish(readings(batch(A, 1, [flows])))
        await until(lambda: collector.counts().get(("lines_stored", "")) == 1, 20)
        await collector._judge_targets()
        missed = {("target_clocks", ""), ("school_clocks", f"{WHO.region}/{WHO.school}")}
        await until(lambda: open_rules(collector) == missed, 20)
        agent.publish(born(3.0, 2))
        await until(lambda: collector.picture().schools[0].agents[0].clock.state == "fine", 20)
        await collector._judge_targets()
        await until(lambda: not open_rules(collector), 20)


async def test_an_attack_becomes_an_incident_that_a_person_confirms(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    async with (
        running(config(tmp_path, mosquitto.port)) as collector,
        playing(Played(mosquitto.port, Identity(REGION, "school-1", "host"))) as agent,
    ):
        agent.publish(state(birth(), retain=True))
        said = event("worm_sweep", at=clock.now() - SECOND, confidence=0.9)
        agent.publish(events_of(event_batch(A, 1, said)))
        await until(collector.incidents_listed, 60)
        (judged,) = collector.incidents_listed()
        assert (judged.incident.kind, judged.incident.grade) == ("worm_sweep", "")
        number, head = judged.incident.number, Somebody("王主任", "district")
        assert collector.incidents.confirm(number, "一般", head, "").incident.grade == "一般"
        await collector.incidents.minute()
    async with running(config(tmp_path, mosquitto.port)) as collector:
        (judged,) = collector.incidents_listed()
        assert judged.incident.confirmed_by == "王主任"
