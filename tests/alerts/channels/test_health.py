"""Channels that fail, are dead and come back: fallback, holds, tests, and the alert about it."""

from pathlib import Path

import pytest

from alerts.channels.fallback import MINUTE, Fallback
from alerts.channels.health import DEAD
from alerts.channels.probing import Probing
from alerts.dispatcher import Dispatcher
from alerts.outbox import Outbox, Parcel
from collector.channelsight import COVERS, ChannelSight
from core.clock import SECOND
from core.errors import DeliveryError, NotYet, RetryLater
from tests.alerts.channels.saying import robot
from tests.alerts.channels.virtual import Day, Scripted
from tests.alerts.vendors import Vendor, serving
from tests.collector.making import NOW

HOUR = 60 * MINUTE


def away(_: Parcel) -> Exception:
    return RetryLater("cannot connect", perhaps=False)


def refuses(_: Parcel) -> Exception:
    return DeliveryError("code 93000: the key is not valid")


async def test_what_waits_falls_back_once_after_ten_minutes_and_is_told_late_too(
    tmp_path: Path,
) -> None:
    day = Day(tmp_path / "d1", Fallback({"wecom": "mail"}))
    wecom, mail = Scripted("wecom", day.clock, away), Scripted("mail", day.clock)
    day.set_up([wecom])
    day.tell()
    day.channels = [wecom, mail]
    await day.run(9 * 60)
    assert (wecom.got(), mail.got()) == ([], [])
    await day.run(2 * 60)
    assert mail.got() == [(1, "wecom", False)]
    assert 10 * MINUTE <= mail.tried[0] - NOW <= 10 * MINUTE + 10 * SECOND
    wecom.does = lambda _: None
    await day.run(20 * 60)
    assert wecom.got() == [(1, "", False)]
    assert mail.got() == [(1, "wecom", False)], "once"
    assert day.counted["alerts_fell_back", ""] == 1
    assert not day.healths["wecom"].failing_since


async def test_what_is_urgent_falls_back_after_two_minutes(tmp_path: Path) -> None:
    day = Day(tmp_path / "d1", Fallback({"wecom": "mail"}))
    wecom, mail = Scripted("wecom", day.clock, away), Scripted("mail", day.clock)
    day.set_up([wecom])
    day.tell()
    with day.stage.ledger.transaction() as db:
        db.execute(
            "UPDATE alert_message SET body = "
            "CAST(json_set(CAST(body AS TEXT), '$.severity', 'P1') AS BLOB)"
        )
    day.tell("other")
    day.channels = [wecom, mail]
    await day.run(4 * 60)
    assert mail.got() == [(1, "wecom", False)]
    await day.run(10 * 60)
    assert [number for number, *_ in mail.got()] == [1, 2]


async def test_what_is_refused_goes_to_the_fallback_at_once_and_down_the_chain(
    tmp_path: Path,
) -> None:
    day = Day(tmp_path / "d1", Fallback({"a": "b", "b": "c"}))
    a, b = (Scripted(name, day.clock, refuses) for name in "ab")
    c = Scripted("c", day.clock)
    day.set_up([a])
    day.tell()
    day.channels = [a, b, c]
    await day.run(1)
    assert c.got() == [(1, "b", False)]
    assert [state for *_, state, _ in day.stage.outbox()] == [
        *("undeliverable", "undeliverable", "delivered"),
    ]


async def test_a_message_that_was_for_the_fallback_anyway_comes_there_once(tmp_path: Path) -> None:
    day = Day(tmp_path / "d1", Fallback({"a": "b"}))
    a, b = Scripted("a", day.clock, refuses), Scripted("b", day.clock)
    day.set_up([a, b])
    day.tell()
    await day.run(60)
    assert b.got() == [(1, "", False)]


async def test_while_a_vendor_says_wait_nothing_else_goes_there_nor_after_a_restart(
    tmp_path: Path,
) -> None:
    day = Day(tmp_path / "d1")
    banned = RetryLater("code 130101", perhaps=False, wait=600, whole=True)
    ding = Scripted("ding", day.clock, lambda _: banned)
    day.set_up([ding])
    day.tell()
    day.tell("other")
    await day.run(120)
    assert len(ding.tried) == 1
    ding.does = lambda _: None
    await day.run(300)
    assert len(ding.tried) == 1, "a restart does not forget the ban"
    await day.run(300)
    assert [number for number, *_ in ding.got()] == [1, 2]


async def test_to_keep_ones_own_limit_is_no_failure(tmp_path: Path) -> None:
    day = Day(tmp_path / "d1")
    waits = [NotYet("as many as allowed", wait=30), NotYet("as many as allowed", wait=30)]
    slow = Scripted("slow", day.clock, lambda _: waits.pop() if waits else None)
    day.set_up([slow])
    day.tell()
    await day.run(90)
    assert [parcel.tries for parcel in slow.took] == [1]
    assert day.counted == {("alerts_delivered", "slow"): 1}
    assert [(at - NOW) // SECOND for at in slow.tried] == [0, 30, 60]


async def test_a_dead_channel_is_an_alert_told_through_the_others_until_it_takes_messages(
    tmp_path: Path,
) -> None:
    day = Day(tmp_path / "d1")
    wecom, mail = Scripted("wecom", day.clock, refuses), Scripted("mail", day.clock)
    day.set_up([wecom, mail])
    day.tell()
    seen: list[ChannelSight] = []

    def look(dispatcher: Dispatcher) -> None:
        if not seen or seen[-1].healths != dispatcher.healths:
            seen.append(ChannelSight("d1", dispatcher.healths, 10 * MINUTE))
        sight = seen[-1].due(day.clock.at)
        if sight:
            assert sight.covers == COVERS
            day.stage.engine.see(sight)
            day.stage.engine.tick()

    day.look = look
    await day.run(300)
    await day.run(1)
    titles = [parcel.notification.title.zh for parcel in mail.took]
    assert titles[-1] == "告警渠道发不出消息：wecom"
    assert "93000" in mail.took[-1].notification.alerts[0].text.zh
    wecom.does = lambda _: None
    day.tell("other")
    await day.run(300)
    await day.run(1)
    titles = [parcel.notification.title.zh for parcel in mail.took]
    assert titles[-1] == "告警渠道恢复正常：wecom"
    told = {one.notification.alerts[0].alert.key.rule for one in wecom.took}
    assert DEAD not in told, "nobody is told of a channel through itself"


async def test_a_channel_that_refused_is_tested_at_the_start_and_each_hour(tmp_path: Path) -> None:
    every: dict[str, float] = {"wecom": 0}
    day = Day(tmp_path / "d1", probing=lambda: Probing("d1", every))
    wecom = Scripted("wecom", day.clock, refuses)
    day.set_up([wecom])
    day.tell()
    await day.run(1800)
    assert len(wecom.tried) == 1
    await day.run(1800)  # a restart
    assert len(wecom.tried) == 2
    await day.run(2 * 3600)
    wecom.does = lambda _: None
    await day.run(60)
    (test,) = wecom.took
    assert test.notification.reason == "TEST"
    assert not day.healths["wecom"].refused
    await day.run(86_400)
    assert len(wecom.took) == 1, "what works is left in peace"


async def test_one_that_fails_while_nothing_waits_is_tested_until_it_is_back(
    tmp_path: Path,
) -> None:
    day = Day(tmp_path / "d1", probing=lambda: Probing("d1", {"wecom": 24.0}))
    wecom = Scripted("wecom", day.clock, away)
    day.set_up([wecom])
    await day.run(3_000)
    assert [(at - NOW) // (60 * SECOND) for at in wecom.tried] == [0, 15, 30, 45]
    wecom.does = lambda _: None
    await day.run(1_800)
    assert not day.healths["wecom"].failing_since
    assert len(wecom.took) == 1


async def test_a_silent_channel_is_tested_as_often_as_the_configuration_says(
    tmp_path: Path,
) -> None:
    every: dict[str, float] = {"wecom": 24}
    day = Day(tmp_path / "d1", probing=lambda: Probing("d1", every))
    wecom = Scripted("wecom", day.clock)
    day.set_up([wecom])
    for _ in range(3):
        await day.run(86_400)
    assert 3 <= len(wecom.took) <= 4
    assert {one.notification.reason for one in wecom.took} == {"TEST"}


async def test_a_channel_that_comes_and_goes_gets_each_message_once(tmp_path: Path) -> None:
    day = Day(tmp_path / "d1", Fallback({"wecom": "mail"}))
    odd = iter([True, False] * 1_000)
    wecom = Scripted("wecom", day.clock, lambda one: away(one) if next(odd) else None)
    mail = Scripted("mail", day.clock)
    day.set_up([wecom])
    for number in range(10):
        day.tell(f"{number}")
    day.channels = [wecom, mail]
    await day.run(1800)
    assert sorted(wecom.got()) == [(number, "", False) for number in range(1, 11)]
    assert mail.got() == []


@pytest.mark.parametrize("kind", ["dingtalk"])
async def test_a_storm_after_an_outage_keeps_the_limit_also_over_restarts(
    kind: str, tmp_path: Path
) -> None:
    """The server counts in the same time, and bans for ten minutes who is too fast."""
    day = Day(tmp_path / "d1")
    async with serving(Vendor("dingtalk", now=day.clock)) as vendor:
        day.set_up([robot(vendor, day.clock)])
        for number in range(45):
            day.tell(f"{number}")
        for seconds in (1, 1, 61, 120):
            day.channels = [robot(vendor, day.clock)]
            await day.run(seconds)
        assert vendor.refusals == []
        assert len(vendor.took) == 45
        assert day.counted == {("alerts_delivered", "duty"): 45}


async def test_what_was_being_sent_when_the_process_was_killed_comes_again_marked(
    tmp_path: Path,
) -> None:
    day = Day(tmp_path / "d1")
    async with serving(Vendor("wecom", now=day.clock)) as vendor:
        killed = robot(vendor, day.clock)
        day.set_up([killed])
        day.tell()
        outbox = Outbox(day.stage.ground, ["duty"])
        outbox.open(day.clock.at)
        (parcel,) = outbox.claim(day.clock.at, ())
        await killed.send(parcel)
        await killed.close()
        day.channels = [robot(vendor, day.clock)]
        await day.run(1)
        assert ["（可能重复）" in text for text in vendor.texts()] == [False, True]


async def test_before_the_outbox_is_read_nobody_says_that_a_channel_lives(tmp_path: Path) -> None:
    day = Day(tmp_path / "d1")
    day.set_up([Scripted("wecom", day.clock)])
    dispatcher = Dispatcher(Outbox(day.stage.ground, ["wecom"]), day.channels, lambda *_: None)
    sight = ChannelSight("d1", dispatcher.healths, 10 * MINUTE)
    assert sight.due(day.clock.at) is None
    ready = await day.run(1)
    assert ChannelSight("d1", ready.healths, 10 * MINUTE).due(day.clock.at) is not None
