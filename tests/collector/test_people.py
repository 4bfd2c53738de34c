"""Who may act in a real collector: its file taken over while it runs, and links that go out."""

import asyncio
import json
import re
import stat
from pathlib import Path

import aiohttp
import msgspec
import pytest

from alerts.channels import body
from alerts.outbox import Parcel
from collector import filewatch
from collector.alertsconfig import AlertsConfig
from collector.channelsconfig import WebhookConfig
from collector.config import CollectorConfig
from collector.people import KEY_FILE
from collector.web.app import serve
from tests.alerts.people.made import HERE, PASSWORD, account, cheap_hashes, write
from tests.alerts.receiver import receiving
from tests.alerts.stage import SHANGHAI
from tests.collector.making import birth, events_of, state
from tests.collector.played import Played, config, playing, running
from tests.collector.test_alerting import dropping
from tests.real.brokers import RealBroker
from tests.waiting import until


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)
    monkeypatch.setattr(filewatch, "LOOK_EVERY_S", 0.05)


def where(folder: Path, port: int, url: str = "") -> CollectorConfig:
    accounts = write(folder / "accounts.toml", account("zhang", "district"))
    webhooks = (WebhookConfig(name="duty", url=url),) if url else ()
    table = AlertsConfig(accounts_file=accounts, base_url="http://127.0.0.1:8480", webhook=webhooks)
    return msgspec.structs.replace(config(folder / "collector", port), alerts=table)


async def test_the_file_is_taken_over_while_it_runs_and_a_broken_one_is_not(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    place = where(tmp_path, mosquitto.port)
    file = tmp_path / "accounts.toml"
    async with running(place) as collector:
        people = collector.people()
        assert people.accounts.get("zhang")
        write(file, account("zhang", "district"), account("li", "school", HERE))
        await until(lambda: people.accounts.get("li") is not None, 20)
        good = file.read_bytes()
        file.write_text("kind = 'accounts'\n[[account]]\nname = 'x'\n")
        await until(lambda: "config_unreadable" in recorded(collector.books.journal), 20)
        file.write_bytes(good)
        file.chmod(0o644)
        assert people.accounts.get("li"), "the old goes on"
        file.chmod(0o600)
        write(file, account("li", "school", HERE))
        await until(lambda: people.accounts.get("zhang") is None, 20)
    key = place.collector.folder / KEY_FILE
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    kept = key.read_bytes()
    async with running(place) as again:
        assert key.read_bytes() == kept, "links outlive a restart"
        assert again.people().accounts.get("zhang") is None
    file.chmod(0o644)
    async with running(place) as shut:
        assert not shut.people().accounts, "nobody, rather than whom somebody may have put there"
        await until(lambda: "chmod 600" in shut_out(shut.books.journal), 20)
        file.chmod(0o600)
        await until(lambda: shut.people().accounts.get("li") is not None, 20)
        assert shut.people().accounts.get("zhang") is None


def shut_out(journal: object) -> str:
    rows = journal.rows.after(0, 9_999)  # type: ignore[attr-defined]
    bodies = [json.loads(row.body) for row in rows]
    found = [one for one in bodies if one["kind"] == "config_unreadable"]
    return str(found[-1]["details"])


def recorded(journal: object) -> list[str]:
    rows = journal.rows.after(0, 9_999)  # type: ignore[attr-defined]
    return [json.loads(row.body)["kind"] for row in rows]


async def test_a_message_that_begins_brings_a_link_by_which_it_is_acknowledged(
    mosquitto: RealBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcels: list[Parcel] = []
    made = body.body

    def seen(parcel: Parcel, sender: str) -> object:
        parcels.append(parcel)
        return made(parcel, sender)

    monkeypatch.setattr("alerts.channels.webhook.body", seen)
    async with receiving() as receiver:
        async with (
            running(where(tmp_path, mosquitto.port, receiver.url)) as collector,
            playing(Played(mosquitto.port)) as agent,
        ):
            agent.publish(state(birth(), retain=True))
            agent.publish(events_of(dropping()))
            await until(lambda: receiver.posts, 20)
            (number, link), *_ = parcels[0].links.items()
            runner = await serve(collector, "127.0.0.1", 0, language="zh", zone=SHANGHAI)
            address = f"http://127.0.0.1:{runner.addresses[0][1]}"
            here = link.replace("http://127.0.0.1:8480", address)
            jar = aiohttp.CookieJar(unsafe=True)  # of an address, not a name
            async with aiohttp.ClientSession(cookie_jar=jar) as session:
                for _ in range(5):
                    assert "我来处理" in await (await session.get(here)).text()
                assert await asyncio.to_thread(collector.people().acked, number) is None
                done = await session.post(here, data={"name": "李老师"})
                assert "李老师 (duty) 已于" in await done.text()
                page = await (await session.get(f"{address}/sign-in")).text()
                entry = re.search('name="entry" value="([^"]+)"', page)
                assert entry
                form = {"name": "zhang", "password": PASSWORD, "entry": entry[1]}
                signed = await session.post(f"{address}/sign-in", data=form)
                assert "张三" in await signed.text()
                found = await (await session.get(f"{address}/api/v1/alerts")).json()
            await runner.cleanup()
            (alert,) = found["open"]
            assert alert["acked"]["by"] == "李老师 (duty)"
            kinds = recorded(collector.books.journal)
            assert kinds.count("alert_acknowledged") == kinds.count("signed_in") == 1
            agent.publish(events_of(dropping(active=False, seq=2)))
            await until(lambda: len(receiver.posts) == 2, 20)
        assert parcels[-1].links == {}
