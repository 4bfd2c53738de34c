"""A real Alertmanager: it knows what fires as long as it does, and tells people by itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.channels.alertmanager import LIVES, Alertmanager
from alerts.channels.body import body
from alerts.channels.probing import trial_of
from collector.resending import resend
from core import clock
from core.alerts import Telling
from core.clock import SECOND
from core.errors import DeliveryError, RetryLater
from tests.alerts.channels.saying import parcel, telling
from tests.alerts.receiver import receiving
from tests.real import alertmanager
from tests.real.brokers import free_port
from tests.waiting import until

pytestmark = pytest.mark.real("alertmanager")


def fires(number: int = 1, title: str = "链路断开：一中") -> Telling:
    made = telling(number, title=title)
    return replace(made, alert=replace(made.alert, began_at=clock.now() - 60 * SECOND))


def ended(one: Telling) -> Telling:
    return replace(one, alert=replace(one.alert, state="ended", ended_at=clock.now()))


async def test_what_fires_is_known_and_told_and_ends_when_it_is_over(tmp_path: Path) -> None:
    async with receiving() as receiver:
        with alertmanager.running(tmp_path / "am", receiver.url) as server:
            channel = Alertmanager("am", server.url + "/")
            one = fires()
            await channel.send(parcel(one, at=clock.now()))
            (known,) = await asyncio.to_thread(server.alerts)
            assert known["labels"] == {
                "alertname": "link_down",
                "severity": "P2",
                "region": "330100",
                "school": "school-1",
                "agent": "host",
                "target": "p1",
            }
            assert known["annotations"]["summary_zh"] == "链路断开：一中"
            assert known["startsAt"].startswith(clock.rfc3339(one.alert.began_at)[:19])
            await until(lambda: receiver.posts, 30)
            theirs, ours = receiver.posts[0].body, body(parcel(one), "d1")
            assert theirs["status"] == "firing"
            # What is made for Alertmanager's webhook understands ours too.
            for real, made in ((theirs, ours), (theirs["alerts"][0], ours["alerts"][0])):
                assert {k: type(v) for k, v in real.items()}.items() <= {
                    k: type(v) for k, v in made.items()
                }.items()
            assert theirs["version"] == ours["version"]
            await channel.send(parcel(ended(one), reason="ALL_RESOLVED", at=clock.now()))
            assert await asyncio.to_thread(server.alerts) == []
            await until(lambda: receiver.posts[-1].body["status"] == "resolved", 30)
            await channel.close()


async def test_what_is_posted_again_outlives_its_end_and_what_is_not_ends_by_itself(
    tmp_path: Path,
) -> None:
    with alertmanager.running(tmp_path / "am") as server:
        channel = Alertmanager("am", server.url, resend_s=1)
        firing: Sequence[Telling] = [fires(1), fires(2)]
        stopping = asyncio.Event()
        task = asyncio.create_task(resend(channel, lambda: firing, stopping, lambda _: None))
        began = clock.now()
        await until(lambda: clock.now() - began > (LIVES + 2) * SECOND, 60)
        assert len(await asyncio.to_thread(server.alerts)) == 2
        firing = [firing[0]]
        for _ in range(200):
            if len(await asyncio.to_thread(server.alerts)) == 1:
                break
            await asyncio.sleep(0.2)
        (left,) = await asyncio.to_thread(server.alerts)
        assert left["labels"]["target"] == "p1"
        stopping.set()
        await task
        await channel.close()


async def test_a_test_is_taken_and_rings_no_bell(tmp_path: Path) -> None:
    with alertmanager.running(tmp_path / "am") as server:
        channel = Alertmanager("am", server.url)
        await channel.send(trial_of("am", "d1", clock.now()))
        assert await asyncio.to_thread(server.alerts) == []
        await channel.close()


async def test_an_address_that_is_no_alertmanager_is_refused_and_nobody_there_tried_again(
    tmp_path: Path,
) -> None:
    with alertmanager.running(tmp_path / "am") as server:
        wrong = Alertmanager("am", server.url + "/elsewhere")
        with pytest.raises(DeliveryError, match="answered 404") as caught:
            await wrong.send(parcel())
        assert not isinstance(caught.value, RetryLater)
        await wrong.close()
    away = Alertmanager("am", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(RetryLater, match="cannot connect"):
        await away.send(parcel())
    await away.close()


def test_a_schools_alertmanager_hears_of_that_school() -> None:
    other = replace(fires(2), alert=replace(fires(2).alert, key=fires(2).alert.key))
    key = other.alert.key._replace(place="330100/school-2/host")
    other = replace(other, alert=replace(other.alert, key=key))
    channel = Alertmanager("am", "http://127.0.0.1:1", school="330100/school-2")
    assert list(channel.theirs([fires(), other])) == [other]
