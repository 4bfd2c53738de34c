"""Alerts of the real collector: from an agent's message to a webhook, over a real broker."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp.web import json_response

from alerts.names import TARGET_AWAY, TARGET_UNREACHABLE
from alerts.shipped import RULES
from collector.alertsconfig import AlertsConfig
from collector.app import Collector
from collector.channelsconfig import (
    AlertmanagerConfig,
    FeishuConfig,
    WebhookConfig,
    WecomConfig,
)
from collector.config import CollectorConfig
from collector.web.app import serve
from core import clock
from core.alertkinds import DELIVERED, RAISED, TOLD
from core.clock import SECOND
from core.types import Identity
from tests.alerts import vendors
from tests.alerts.receiver import Receiver, receiving
from tests.alerts.test_recorded import recorded
from tests.alerts.vendors import Vendor, serving
from tests.collector.making import (
    WHO,
    A,
    B,
    batch,
    birth,
    event,
    event_batch,
    events_of,
    readings,
    report,
    state,
)
from tests.collector.played import Played, config, playing, running
from tests.real import alertmanager
from tests.real.brokers import RealBroker
from tests.waiting import until


def alerting(folder: Path, port: int, receiver: Receiver) -> CollectorConfig:
    webhook = WebhookConfig(name="duty", url=receiver.url)
    table = AlertsConfig(webhook=(webhook,))
    return msgspec.structs.replace(config(folder, port), alerts=table)


def dropping(*, active: bool = True, seconds_ago: int = 0, seq: int = 1) -> bytes:
    """A batch with an event whose rule holds nothing."""
    at = clock.now() - seconds_ago * SECOND
    return event_batch(A, seq, event("spool_dropping", active=active, at=at))


async def test_a_robot_tells_in_chinese_and_one_that_is_gone_hands_on(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    async with serving(Vendor("wecom")) as wecom, serving(Vendor("feishu")) as feishu:
        files = {name: tmp_path / name for name in ("wecom", "feishu")}
        for file, key in zip(files.values(), (wecom.address, feishu.address)):
            file.write_text(key)
            file.chmod(0o600)
        feishu.next = [json_response(vendors.answer("feishu", "keyword"))]
        table = AlertsConfig(
            wecom=(WecomConfig(name="group", key_file=files["wecom"]),),
            feishu=(FeishuConfig(name="card", key_file=files["feishu"], fallback="group"),),
        )
        with_robots = msgspec.structs.replace(config(tmp_path, mosquitto.port), alerts=table)
        async with running(with_robots) as collector, playing(Played(mosquitto.port)) as agent:
            agent.publish(state(birth(), retain=True))
            agent.publish(events_of(dropping()))
            await until(lambda: wecom.took, 20)
            await until(lambda: collector.channels()["card"].refused, 20)
            assert not collector.channels()["group"].failing_since
        (said,) = wecom.texts()
        assert "【告警·P2 三十分钟内处理】采集端缓存已满" in said
        assert feishu.took == []


@pytest.mark.real("alertmanager")
async def test_an_alertmanager_knows_of_what_fires_for_as_long_as_it_does(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    with alertmanager.running(tmp_path / "am") as server:

        async def known() -> list[str]:
            found = await asyncio.to_thread(server.alerts)
            return [one["labels"]["alertname"] for one in found]

        async def knows(wanted: list[str]) -> None:
            async with asyncio.timeout(40):
                while await known() != wanted:
                    await asyncio.sleep(0.2)

        table = AlertsConfig(
            alertmanager=(AlertmanagerConfig(name="am", url=server.url, resend_s=1),)
        )
        told = msgspec.structs.replace(config(tmp_path, mosquitto.port), alerts=table)
        async with running(told), playing(Played(mosquitto.port)) as agent:
            agent.publish(state(birth(), retain=True))
            agent.publish(events_of(dropping()))
            await knows(["spool_dropping"])
            await asyncio.sleep(6)  # without being told again it would be over after four
            assert await known() == ["spool_dropping"]
            agent.publish(events_of(dropping(active=False, seq=2)))
            await knows([])


def disk(percent: float, seq: int, *, seconds_ago: int = 0) -> bytes:
    at = clock.now() - seconds_ago * SECOND
    return batch(A, seq, [b"disk,path=/ used_percent=%g %d" % (percent, at)])


async def test_the_audit_log_of_a_stopped_collector_has_all_that_became_of_an_alert(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    async with receiving() as receiver:
        async with (
            running(alerting(tmp_path, mosquitto.port, receiver)) as collector,
            playing(Played(mosquitto.port)) as agent,
        ):
            agent.publish(state(birth(), retain=True))
            for seq, active in ((1, True), (2, False)):
                agent.publish(events_of(dropping(active=active, seq=seq)))
                await until(
                    lambda: collector.counts().get(("alerts_delivered", "duty")) == seq,  # noqa: B023 — used at once
                    20,
                )
        lines = recorded(tmp_path)
        assert receiver.url not in str(lines)
    found = [(one["kind"], one["active"]) for one in lines if one["target"] != "console"]
    assert found == [
        *((RAISED, True), (TOLD, True), (DELIVERED, True)),
        *((RAISED, False), (TOLD, True), (DELIVERED, True)),
    ]
    told = [one["details"] for one in lines if one["kind"] == TOLD]
    assert told[0]["to"] == {"console": "log", "duty": "district"}
    assert [one["reason"] for one in told] == ["FIRST", "ALL_RESOLVED"]


async def test_an_event_reaches_the_webhook_when_it_begins_and_when_it_ends(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    async with receiving() as receiver:
        async with (
            running(alerting(tmp_path, mosquitto.port, receiver)) as collector,
            playing(Played(mosquitto.port)) as agent,
        ):
            agent.publish(state(birth(), retain=True))
            agent.publish(events_of(dropping()))
            await until(lambda: len(receiver.posts) == 1, 20)
            agent.publish(events_of(dropping(active=False, seq=2)))
            await until(lambda: len(receiver.posts) == 2, 20)
            await until(lambda: collector.counts().get(("alerts_delivered", "duty")) == 2, 20)
        begins, ends = (post.body for post in receiver.posts)
        assert (begins["status"], ends["status"]) == ("firing", "resolved")
        assert begins["alerts"][0]["labels"] == {
            "alertname": "spool_dropping",
            "severity": "P2",
            "region": WHO.region,
            "school": WHO.school,
            "agent": WHO.agent,
            "target": "switch-2",
            "subject": "switch-2/port-5",
        }
        assert begins["title"]["zh"].startswith("采集端缓存已满")


async def test_fresh_readings_move_rules_and_late_ones_do_not(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    async with receiving() as receiver:
        async with (
            running(alerting(tmp_path, mosquitto.port, receiver)) as collector,
            playing(Played(mosquitto.port)) as agent,
        ):
            agent.publish(readings(disk(99, 1, seconds_ago=121)))
            agent.publish(readings(disk(50, 2)))
            await until(lambda: collector.counts().get(("lines_stored", "")) == 2, 20)
            agent.publish(readings(disk(95, 3)))
            await until(lambda: receiver.posts, 20)
            agent.publish(readings(disk(20, 4)))
            await until(lambda: len(receiver.posts) == 2, 20)
        values = [post.body["alerts"][0]["details"] for post in receiver.posts]
        assert receiver.said() == [("FIRST", False), ("ALL_RESOLVED", False)]
        assert values[0] == {"value": 95.0}


def answer(seq: int, verdict: str) -> bytes:
    line = b'http_response,server=https://a.cn/ verdict="%s" %d'
    return batch(A, seq, [line % (verdict.encode(), clock.now())])


@pytest.fixture
def short_holds() -> Iterator[None]:
    """Let what is said of platforms wait for seconds."""
    rules = [one for one in RULES if one.name in (TARGET_UNREACHABLE, TARGET_AWAY)]
    before = [(rule, name, getattr(rule, name)) for rule in rules for name in ("hold_s", "keep_s")]
    for rule, name, _ in before:
        object.__setattr__(rule, name, {"hold_s": 8, "keep_s": 1}[name])
    yield
    for rule, name, seconds in before:
        object.__setattr__(rule, name, seconds)


async def test_a_platform_that_is_away_from_many_schools_is_one_message(
    mosquitto: RealBroker, tmp_path: Path, short_holds: None
) -> None:
    schools = [Identity(WHO.region, f"school-{number}", "host") for number in range(6)]
    async with receiving() as receiver:
        async with (
            running(alerting(tmp_path, mosquitto.port, receiver)),
            playing(Played(mosquitto.port)) as agents,
        ):
            for who in schools:
                agents.publish(readings(answer(1, "tls_timeout"), who))
            await until(lambda: receiver.posts, 30)
            for who in schools:
                agents.publish(readings(answer(2, "ok"), who))
            await until(lambda: len(receiver.posts) == 2, 30)
        begins, ends = (post.body for post in receiver.posts)
        (alert,) = begins["alerts"]
        assert (begins["status"], ends["status"]) == ("firing", "resolved")
        assert (alert["labels"]["alertname"], alert["details"]["count"]) == ("target_away", 6)
        assert begins["title"]["zh"] == "多所学校打不开同一个平台：https://a.cn/（6 所学校）"


async def test_what_is_open_before_a_restart_ends_after_it_and_is_told_once(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    async with receiving() as receiver, playing(Played(mosquitto.port)) as agent:
        where = alerting(tmp_path, mosquitto.port, receiver)
        async with running(where):
            agent.publish(events_of(dropping()))
            await until(lambda: receiver.posts, 20)
        async with running(where):
            agent.publish(events_of(dropping(active=False, seq=2)))
            await until(lambda: len(receiver.posts) == 2, 20)
        assert receiver.said() == [("FIRST", False), ("ALL_RESOLVED", False)]


async def test_what_began_in_an_outage_is_told_when_everything_held_back_has_come(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    async with receiving() as receiver:
        async with (
            running(alerting(tmp_path, mosquitto.port, receiver)) as collector,
            playing(Played(mosquitto.port)) as agent,
        ):
            agent.publish(state(birth(epochs=[report(A, [(1, 3)], lane="events")])))
            agent.publish(events_of(dropping(seconds_ago=3600)))
            agent.publish(events_of(dropping(seq=2, active=False, seconds_ago=1800)))
            other = event("spool_set_aside", at=clock.now() - 3600 * SECOND)
            agent.publish(events_of(event_batch(A, 3, other)))
            await until(lambda: receiver.posts, 20)
            assert collector.counts().get(("alerts_fired", "spool_dropping"), 0) == 0
        (post,) = receiver.posts
        assert post.body["alerts"][0]["labels"]["alertname"] == "spool_set_aside"
        assert post.body["alerts"][0]["late"]


async def test_the_api_tells_the_whole_story(mosquitto: RealBroker, tmp_path: Path) -> None:
    async with receiving() as receiver:
        receiver.always = 404
        where = alerting(tmp_path, mosquitto.port, receiver)
        async with running(where) as collector, playing(Played(mosquitto.port)) as agent:
            agent.publish(events_of(dropping()))
            await until(lambda: ("alerts_undeliverable", "duty") in collector.counts(), 20)
            agent.publish(readings(disk(95, 1)))
            await until(lambda: collector.counts()["alerts_undeliverable", "duty"] == 2, 20)
            agent.publish(readings(disk(20, 2)))
            await until(lambda: collector.counts()["alerts_undeliverable", "duty"] == 3, 20)
            zone = where.collector.tz()
            runner = await serve(collector, "127.0.0.1", 0, language="zh", zone=zone)
            try:
                url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v1/alerts"
                found = await settled(url)
                nothing = await asked(url, region=WHO.region, school="school-9")
                refused = await asked(url, school="school-1")
            finally:
                await runner.cleanup()
        (one,) = found["open"]
        assert (one["rule"], one["state"], one["ended"]) == ("spool_dropping", "firing", None)
        assert [(t["channel"], t["state"], t["error"]) for t in one["told"]] == [
            ("console", "delivered", ""),
            ("duty", "undeliverable", "answered 404"),
        ]
        (past,) = found["over"]
        assert (past["rule"], past["state"], len(past["told"])) == ("disk_full", "ended", 4)
        assert (nothing["open"], nothing["over"]) == ([], [])
        assert refused == {"error": "school: needs region beside it", "parameter": "school"}


async def settled(url: str) -> dict[str, Any]:
    """Return the answer once nothing in it is on its way."""
    found: dict[str, Any] = {}

    async def ask() -> bool:
        found.update(await asked(url))
        return '"state":"sending"' not in msgspec.json.encode(found).decode()

    for _ in range(200):
        if await ask():
            return found
    raise AssertionError("a message stays on its way")


async def asked(url: str, **words: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(url, params=words) as answer:
        said: dict[str, Any] = await answer.json()
        return said


@pytest.mark.parametrize("epoch", [A, B])
async def test_an_agent_cannot_raise_what_only_the_collector_can_know(
    mosquitto: RealBroker, tmp_path: Path, epoch: str
) -> None:
    async with receiving() as receiver:
        async with (
            running(alerting(tmp_path, mosquitto.port, receiver)) as collector,
            playing(Played(mosquitto.port)) as agent,
        ):
            now = clock.now()
            forged = [event(kind, at=now) for kind in ("identity_twice", "audit_stopped")]
            real = event("spool_dropping", at=now)
            agent.publish(events_of(event_batch(epoch, 1, *forged, real)))
            await until(lambda: receiver.posts, 20)
            fired = {reason for name, reason in collector.counts() if name == "alerts_fired"}
        assert fired == {"spool_dropping"}


async def test_each_alert_goes_where_its_routes_lead_also_by_a_file_that_changed_since(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    routes = tmp_path / "routing.toml"

    def lead(owner: str) -> None:
        text = 'kind = "routing"\n' + "".join(
            f'[[receiver]]\nname = "{one}"\nchannels = ["{one}"]\nowner = "{one}"\n'
            for one in ("operator", "user")
        )
        routes.write_text(f'{text}[default]\nto = ["owner:{owner}"]\n')

    lead("operator")
    async with receiving() as operator, receiving() as user:
        webhooks = (
            WebhookConfig(name="operator", url=operator.url),
            WebhookConfig(name="user", url=user.url),
        )
        table = AlertsConfig(webhook=webhooks, routing_file=routes)
        started = msgspec.structs.replace(config(tmp_path, mosquitto.port), alerts=table)
        async with running(started) as collector, playing(Played(mosquitto.port)) as agent:
            agent.publish(state(birth(), retain=True))
            agent.publish(events_of(dropping()))
            await until(lambda: len(operator.posts) == 1, 30)
            lead("user")
            await until(lambda: _taken(collector) == 2, 30)
            other = event("spool_set_aside", at=clock.now())
            agent.publish(events_of(event_batch(A, 2, other)))
            await until(lambda: len(user.posts) == 1, 30)
            agent.publish(events_of(dropping(active=False, seq=3)))
            await until(lambda: len(operator.posts) == 2, 30)
        assert operator.said() == [("FIRST", False), ("ALL_RESOLVED", False)]
        assert user.said() == [("FIRST", False)]


def _taken(collector: Collector) -> int:
    """Return how often a file was taken, as the collector's database has it."""
    with collector.books.ledger.transaction() as db:
        query = "SELECT count(*) FROM event WHERE CAST(body AS TEXT) LIKE '%config_taken%'"
        (count,) = db.execute(query).fetchone()
    return int(count)
