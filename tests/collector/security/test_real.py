"""An attack in the real collector, over a real broker: who reads the address and the MAC.

They stand in the audit log and in the message to the school. The test plants them wherever an
agent can write them, and looks through everything else that leaves the collector.
"""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from collector.alertsconfig import AlertsConfig
from collector.app import Collector
from collector.channelsconfig import WebhookConfig
from collector.config import CollectorConfig
from collector.store.base import RangeQuery
from collector.web import openapi
from collector.web.app import serve
from core import clock
from core.clock import SECOND
from core.shown import is_security
from core.types import Event
from tests.alerts.receiver import Receiver, receiving
from tests.collector.making import WHO, A, birth, event_batch, events_of, state
from tests.collector.played import Played, config, playing, running
from tests.collector.web.fakes import SHANGHAI
from tests.real.brokers import RealBroker
from tests.waiting import until

ADDRESS, MAC, V6 = "10.71.23.149", "d2:ad:be:ef:5a:77", "2001:db8:71:23:d2ad:beff:feef:5a77"
PLANTED = re.compile(
    "|".join((re.escape(ADDRESS), "(?i:d2.?ad.?be.?ef.?5a.?77)", "(?i:d2ad:beff:feef:5a77)"))
)
SCHOOL = f"{WHO.region}/{WHO.school}"
SOON = 30


def planted(
    kind: str, *, active: bool = True, count: int = 40, subject: str = "a1b2c3d4e5"
) -> Event:
    """An event with the address wherever one can be written."""
    party = {"address": ADDRESS, "mac": MAC, "role": "inside", "port": 4444}
    details = {
        "source": party,
        "target": {**party, "address": V6, "role": "device"},
        "count": count,
        "confidence": 0.9,
        "evidence": {"tries": count, "first": ADDRESS},
        "began": clock.now() - 60 * SECOND,
        "vlan": 0,
        "why": f"{ADDRESS} ({MAC}) asked {V6}",
        "more": [{MAC: ADDRESS}],
    }
    return Event(kind, "eth0", subject, active, clock.now(), None, details)


KINDS = ("gateway_spoof", "password_guessing", "port_scan", "ip_conflict", "logins_failed")


def two_readers(folder: Path, port: int, duty: Receiver, own: Receiver, other: Receiver) -> Any:
    readers = {"duty": (duty, ""), "own": (own, SCHOOL), "other": (other, f"{WHO.region}/other")}
    webhooks = tuple(
        WebhookConfig(name=name, url=receiver.url, school=school)
        for name, (receiver, school) in readers.items()
    )
    return msgspec.structs.replace(config(folder, port), alerts=AlertsConfig(webhook=webhooks))


async def everything(url: str, numbers: list[int]) -> dict[str, str]:
    """Return every page in both languages, and every answer of the API."""
    who = f"region={WHO.region}&school={WHO.school}&agent={WHO.agent}"
    asked = {
        "series": f"series?{who}&measurement=event&field=subject",
        "latest": f"latest?{who}",
    }
    api = [asked.get(one.name, one.name) for one in openapi.QUESTIONS]
    pages = ["", "alerts", "security", "unconnected", "ledger", f"schools/{SCHOOL}"]
    pages += [f"schools/{WHO}", *(f"alerts/{number}" for number in numbers)]
    paths = [f"/{page}?lang={language}" for page in pages for language in ("zh", "en")]
    paths += [*(f"/api/v1/{one}" for one in api), "/metrics"]
    found = {}
    async with aiohttp.ClientSession() as session:
        for path in paths:
            async with session.get(url + path) as answer:
                found[path] = await answer.text()
                assert answer.status == 200, (path, found[path][:500])
    return found


def told(receiver: Receiver, kind: str) -> Iterator[dict[str, Any]]:
    for post in receiver.posts:
        for one in post.body["alerts"]:
            if one["labels"]["alertname"] == kind:
                yield one


def written(collector: Collector) -> list[bytes]:
    """Have every line that goes to the time-series store be seen, as InfluxDB would get it."""
    lines = list[bytes]()
    for store in {id(one): one for one in (collector.store, collector._rollups.own)}.values():
        keep = store.write

        def seen(body: bytes, keep: Any = keep) -> Any:
            lines.append(body)
            return keep(body)

        store.write = seen  # type: ignore[assignment]
    return lines


def open_alerts(collector: Collector) -> list[int]:
    cases = [case.alert for case in collector.alerting.cases()]
    return [alert.number for alert in cases if is_security(alert.key.rule)]


async def shown_of(collector: Collector, numbers: list[int]) -> dict[str, str]:
    """Return what pages, API and store have."""
    runner = await serve(collector, "127.0.0.1", 0, language="zh", zone=SHANGHAI)
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        outlets = await everything(url, numbers)
    finally:
        await runner.cleanup()
    query = RangeQuery("event", "subject", 0, 2**62, tags={})
    stored = [list(one.points) for one in collector.store.range(query)]
    return {**outlets, "store": repr(stored)}


def check_that_those_who_have_to_know_do(own: Receiver, duty: Receiver, audit: str) -> None:
    assert len(re.findall(re.escape(MAC), audit)) >= 7 * 3
    (spoof,) = told(own, "gateway_spoof")
    assert f"地址 {ADDRESS}，MAC {MAC}" in spoof["annotations"]["description_zh"]
    assert f"address {ADDRESS}, MAC {MAC}" in spoof["annotations"]["description"]
    (guessing,) = told(own, "password_guessing")
    assert MAC in guessing["annotations"]["description_zh"]
    (conflict,) = told(own, "ip_conflict")
    assert not PLANTED.search(json.dumps(conflict)), "no attack: nobody's machine is named"
    assert not [*told(own, "port_scan"), *told(duty, "port_scan")], "for the list only"


async def test_address_and_mac_stand_in_the_audit_log_and_the_schools_message_and_nowhere_else(
    mosquitto: RealBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with receiving() as duty, receiving() as own, receiving() as other:
        where: CollectorConfig = two_readers(tmp_path, mosquitto.port, duty, own, other)
        async with running(where) as collector, playing(Played(mosquitto.port)) as agent:
            lines = written(collector)
            agent.publish(state(birth(), retain=True))
            found = [planted(kind) for kind in KINDS]
            # A clumsy agent's subject is an address.
            found.append(planted("firewall_attack", subject=f"{ADDRESS} {MAC}"))
            agent.publish(events_of(event_batch(A, 1, *found)))
            await until(lambda: len([*told(duty, "gateway_spoof")]) == 1, SOON)
            await until(lambda: len([*told(own, "gateway_spoof")]) == 1, SOON)
            agent.publish(events_of(event_batch(A, 2, planted("gateway_spoof", count=900))))
            await until(lambda: collector.counts().get(("events", "")) == 7, SOON)
            await until(lambda: any(b"security," in line for line in lines), SOON)
            await until(lambda: any(b"event," in line for line in lines), SOON)
            await until(lambda: "900" in str(collector.alerting.cases()), SOON)
            numbers = open_alerts(collector)
            assert len(numbers) == len(found)
            outlets = await shown_of(collector, numbers)
            await until(lambda: len(own.posts) >= 5, SOON)
        assert other.posts == []

    outlets["lines"] = b"".join(lines).decode()
    outlets["log"] = caplog.text
    outlets["district"] = json.dumps([post.body for post in duty.posts])
    leaks = {name: PLANTED.findall(text) for name, text in outlets.items() if PLANTED.search(text)}
    assert leaks == {}
    databases = [path for path in tmp_path.rglob("*.db*") if "ledger" not in path.name]
    assert databases
    assert not [one for one in databases if PLANTED.search(one.read_bytes().decode("latin-1"))]

    # What is looked at is there: else nothing could be found in it.
    assert "10.71.23.0/24" in outlets["/security?lang=zh"]
    assert "10.71.23.0/24" in outlets["/api/v1/security"]
    assert "10.71.23.0/24" in outlets[f"/alerts/{numbers[0]}?lang=en"]
    assert "10.71.23.0/24" in outlets["district"]
    assert "10.71.23.0/24" in outlets["lines"], "a subject that was an address"
    assert "EV-ATK-ARP" in outlets["lines"]

    audit = "".join(path.read_text("utf-8") for path in (tmp_path / "audit").glob("*.jsonl"))
    check_that_those_who_have_to_know_do(own, duty, audit)
