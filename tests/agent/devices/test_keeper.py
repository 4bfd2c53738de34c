"""What is told of devices that answer, that do not, and that misbehave: only they suffer."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from agent.devices.base import Sighting
from agent.devices.device import Device
from core import clock
from core.errors import NotPermitted
from core.types import Reading
from tests.agent.devices.acting import (
    Actor,
    Told,
    actor,
    dead,
    device,
    hang,
    keeping,
    raises,
    returns,
    well,
)
from tests.waiting import until


async def test_a_device_is_told_of_with_what_the_file_says_of_it() -> None:
    one = device("p", room="302", name="三年级2班投影机", behind="s")
    async with keeping(one, device("s", kind="switch")) as (_, told):
        await until(lambda: told.of("p") and told.of("s"))
    (reading, *_) = told.of("p")
    assert reading.tags == {"device": "p", "room": "302", "kind": "projector"}
    assert reading.fields == {
        "on": True,
        "state": "ready",
        "cause": "",
        "name": "三年级2班投影机",
        "essential": True,
        "behind": "s",
    }
    assert abs(reading.at - clock.now()) < 60 * clock.SECOND
    (switch, *_) = told.of("s")
    assert switch.tags == {"device": "s", "kind": "switch"}
    assert switch.fields["essential"] is False


async def test_a_device_without_a_name_in_the_file_is_called_as_it_calls_itself() -> None:
    async def named() -> Sighting:
        return Sighting("standby", fields={"name": "大礼堂投影机"})

    async with keeping(device("p", named, dead, dead), device("q", well)) as (_, told):
        await until(lambda: len(told.states("p")) == 2 and told.of("q"))
    standby, silent = (told.of("p")[n].fields for n in (0, -1))
    assert standby["name"] == "大礼堂投影机"
    assert "name" not in silent, "nobody has taken its name away"
    assert told.of("q")[0].fields["name"] == ""


async def test_one_failed_look_is_no_outage() -> None:
    async with keeping(device("p", well, dead, well)) as (_, told):
        await until(lambda: len(told.of("p")) >= 4)
    assert told.states("p") == ["ready"]


async def test_two_failed_looks_are_and_nothing_old_is_told_along(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with keeping(device("p", well, dead, dead, well)) as (keeper, told):
        await until(lambda: told.states("p") == ["ready", "unreachable no_answer", "ready"])
        assert keeper.counters.probe_errors == 0, "a device that is off is no error of the agent"
    silent = next(one for one in told.of("p") if one.fields["state"] == "unreachable")
    assert silent.fields.keys() == {"state", "cause", "essential", "behind"}
    assert caplog.messages == ["p: nobody there", "device p: well again"]


async def test_a_driver_may_say_itself_that_nobody_answers() -> None:
    refuses = returns(Sighting("unreachable", "busy"))
    async with keeping(device("p", well, refuses, well, refuses)) as (_, told):
        await until(lambda: told.last("p") == "unreachable busy")
    assert told.states("p") == ["ready", "unreachable busy"]


async def test_a_device_that_hangs_is_waited_for_ever_more_seldom_and_told_of_all_the_same() -> (
    None
):
    one = device("p", hang, interval_s=0.1)
    async with keeping(one, glance_s=0.02) as (keeper, told):
        await until(lambda: len(told.of("p")) >= 12)
        assert keeper.counters.probe_errors <= len(told.of("p")) / 2 + 1, "waited for"
        assert len(actor(one).looked) >= 8, "glanced at"
        actor(one).acts = [well]
        await until(lambda: told.last("p") == "ready")


async def test_what_refuses_now_and_was_silent_before_is_told_as_it_is() -> None:
    one = device("p", dead, host="192.0.2.7", interval_s=0.1)
    async with keeping(one) as (_, told):
        await until(lambda: len(told.of("p")) >= 6)
        actor(one).acts = [raises(ConnectionRefusedError())]
        await until(lambda: told.last("p") == "unreachable refused")


async def test_a_hint_has_a_dead_device_asked_at_once_and_as_often_as_at_first() -> None:
    one = device("p", dead, host="192.0.2.7", interval_s=3600)
    other = device("q", host="192.0.2.8", interval_s=3600)
    async with keeping(one, other) as (keeper, told):
        await until(lambda: told.last("p") == "unreachable no_answer" and told.of("q"))
        actor(one).acts = [well]
        keeper.hint("::ffff:192.0.2.7")
        await until(lambda: told.last("p") == "ready")
        keeper.hint("192.0.2.99")
        keeper.hint("no address")
        assert len(actor(other).looked) == 1


def test_a_device_that_is_asked_by_a_page_has_the_host_of_that_page() -> None:
    @dataclass
    class Paged(Actor):
        url: str = "http://192.0.2.9:8080/status"

    assert Device(device("p").config, Paged([well])).host == "192.0.2.9"
    assert Device(device("p").config, Paged([well], url="http://[::1")).host == ""
    assert device("p").host == ""


@pytest.mark.parametrize("host", ["a..b", "教" * 80, "。。", "[::1", "192.0.2.7%"])
async def test_a_host_that_is_none_costs_only_its_device(host: str) -> None:
    p, q = device("p", dead, host=host), device("q", well, host="192.0.2.8")
    async with keeping(p, q) as (keeper, told):
        await until(lambda: told.last("p") == "unreachable no_answer")
        keeper.hint(host)
        await until(lambda: len(told.of("q")) > 3)


async def test_a_flood_of_hints_costs_no_more_than_a_look_each_few_seconds() -> None:
    one = device("p", host="192.0.2.7", interval_s=3600)
    async with keeping(one, hint_every_s=0.4) as (keeper, told):
        await until(lambda: told.of("p"))
        for _ in range(50):
            keeper.hint("192.0.2.7")
            await asyncio.sleep(0.02)
        await until(lambda: len(actor(one).looked) >= 3)
        await asyncio.sleep(0.5)
        # One for the hints that came since the last look; a busy machine sends them more slowly.
        looked = actor(one).looked
    assert all(later - earlier > 0.3 for earlier, later in pairwise(looked))
    assert len(looked) <= 3 + (looked[-1] - looked[0]) / 0.4


@dataclass
class Telling(Actor):
    """One that tells by itself, and whose first listening fails."""

    tells: asyncio.Event = field(default_factory=asyncio.Event)

    async def hints(self) -> AsyncIterator[None]:
        while True:
            await self.tells.wait()
            self.tells.clear()
            yield


async def test_a_device_that_tells_something_by_itself_is_looked_at_at_once() -> None:
    driver = Telling([well])
    one = Device(device("p", interval_s=3600).config, driver)
    async with keeping(one) as (_, told):
        await until(lambda: told.of("p"))
        driver.acts = [returns(Sighting("cooling"))]
        driver.tells.set()
        await until(lambda: told.states("p") == ["ready", "cooling"])


async def test_a_look_that_never_ends_is_cut_off_and_counts_as_no_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    p = device("p", hang, hang, hang, well, interval_s=1.0)
    async with keeping(p, device("q")) as (keeper, told):
        await until(lambda: told.states("p") == ["unreachable no_answer", "ready"])
        assert keeper.counters.probe_errors == 3
        assert told.states("q") == ["ready"]
    assert caplog.messages == [
        "p: a look did not end within 0.4 s; cut off",
        "device p: well again",
    ]


async def test_a_look_that_does_not_heed_that_it_is_cut_off_is_left_to_itself(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device is not asked twice at once, as its driver asserts; its turn is another's."""
    monkeypatch.setattr("agent.devices.looks.HEED_S", 0.02)
    over = asyncio.Event()

    async def stubborn() -> Any:
        while not over.is_set():
            with suppress(asyncio.CancelledError):
                await over.wait()

    p, q = device("p", stubborn, well), device("q")
    async with keeping(p, q, concurrency=1) as (keeper, told):
        await until(lambda: told.last("p") == "unreachable no_answer" and len(told.of("q")) > 3)
        await until(lambda: keeper.counters.probe_overruns >= 2)
        assert len(actor(p).looked) == 1
        over.set()
        await until(lambda: told.last("p") == "ready")
    said = [one for one in caplog.messages if "has not ended; such looks" in one]
    assert said == ["p: a look that was cut off has not ended; such looks are left out and counted"]


@pytest.mark.parametrize(
    ("error", "state", "counted"),
    [
        (ZeroDivisionError("a defect"), "unknown failed", True),
        (asyncio.CancelledError(), "unknown failed", True),
        (NotPermitted("set this"), "unknown rights", True),
        (ConnectionRefusedError("no"), "unreachable refused", False),
        (OSError("no route"), "unreachable no_answer", False),
    ],
)
async def test_a_look_that_raises_costs_only_its_device(
    error: BaseException, state: str, counted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    p = device("p", raises(error), raises(error), raises(error), well)
    async with keeping(p, device("q")) as (keeper, told):
        await until(lambda: told.states("p") == [state, "ready"])
        assert told.states("q") == ["ready"]
        assert bool(keeper.counters.probe_errors) is counted
    assert len(caplog.messages) == 2, "said once, and once that it is well again"


@pytest.mark.parametrize("nonsense", [None, 7, Sighting("on fire")])  # type: ignore[arg-type]
async def test_what_is_no_sighting_is_no_state(nonsense: object) -> None:
    async with keeping(device("p", returns(nonsense))) as (_, told):
        await until(lambda: told.last("p") == "unknown failed")


async def test_what_the_catalogue_lacks_is_left_out_and_the_rest_travels(
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = Reading("device_port", {"up": True}, 1, {"port": "1"})
    strange = [
        Reading("device_port", {"up": "yes"}, 1, {"port": "2"}),
        Reading("moon", {"phase": 1}, 1),
        Reading("device", {"state": "ready"}, 1, {"device": "another"}),
    ]
    fields: dict[str, Any] = {"on": True, "lamp_h": "many", "wings": 2}
    seen = Sighting("fault", "gremlins", fields, (port, *strange))
    async with keeping(device("p", returns(seen), interval_s=3600)) as (keeper, told):
        await until(lambda: told.of("p"))
        assert keeper.counters.readings_refused == 6
    (own,) = told.of("p")
    assert (own.fields["on"], own.fields["state"], own.fields["cause"]) == (True, "fault", "other")
    assert "lamp_h" not in own.fields
    (only,) = told.of("p", "device_port")
    assert only.tags == {"device": "p", "port": "1"}
    assert only.at == own.at
    assert len(told.readings) == 2
    assert len(caplog.messages) == 1


async def test_a_flood_of_readings_is_cut() -> None:
    flood = tuple(
        Reading("device_port", {"up": True}, 1, {"port": str(number)}) for number in range(5_000)
    )
    p = device("p", returns(Sighting("ready", readings=flood)), interval_s=3600)
    async with keeping(p, device("q")) as (keeper, told):
        await until(lambda: len(told.of("q")) > 2)
        assert len(told.of("p", "device_port")) == 1_000
        assert keeper.counters.readings_refused == 1


async def test_what_is_behind_a_dead_switch_is_unknown_and_no_fault_of_its_own() -> None:
    switch = device("s", well, kind="switch")
    room = [device(f"p{n}", well, behind="s") for n in range(5)]
    far = device("far", well, behind="p0")
    async with keeping(*room, far, switch) as (_, told):
        names = [one.id for one in (*room, far)]
        await until(lambda: all(told.last(name) == "ready" for name in (*names, "s")))
        for one in (*room, far, switch):
            actor(one).acts = [dead]
        await until(lambda: all(told.last(name) == "unknown behind" for name in names))
        assert told.last("s") == "unreachable no_answer"
        for one in (*room, far, switch):
            actor(one).acts = [well]
        await until(lambda: all(told.last(name) == "ready" for name in (*names, "s")))
    for name in names:
        assert "unreachable no_answer" not in told.states(name)


async def test_a_device_that_answers_is_what_it_says_whatever_its_switch_does() -> None:
    switch, p = device("s", dead, kind="switch"), device("p", well, behind="s")
    async with keeping(p, switch) as (_, told):
        await until(lambda: told.last("s") == "unreachable no_answer" and len(told.of("p")) > 4)
    assert told.states("p") == ["ready"]


async def test_the_switch_is_asked_before_what_is_behind_it_is_called_dead() -> None:
    switch = device("s", well, dead, kind="switch", interval_s=3600)
    async with keeping(device("p", well, dead, behind="s"), switch) as (_, told):
        await until(lambda: told.last("p") != "ready" and told.of("p"))
        assert told.states("p") == ["ready", "unknown behind"]
        assert told.last("s") == "unreachable no_answer"


async def test_a_reload_keeps_going_what_is_the_same_and_begins_what_is_new() -> None:
    same, gone, hung = device("same"), device("gone"), device("hung", hang)
    new, instead = device("new"), device("hung", well)
    async with keeping(same, gone, hung, look_s=5.0) as (keeper, told):
        await until(lambda: told.of("same") and told.of("gone") and actor(hung).looked)
        looks, watch = len(actor(same).looked), keeper._watches["same"]
        keeper.change([new, same, instead], 7)
        await until(lambda: told.of("new") and told.last("hung") == "ready")
        before = len(actor(gone).looked)
        await until(lambda: len(actor(same).looked) > looks + 3)
        assert len(actor(gone).looked) == before
        assert keeper._watches["same"] is watch


async def test_a_reload_asks_those_that_do_not_answer_soon() -> None:
    one = device("p", dead, interval_s=3600)
    async with keeping(one) as (keeper, told):
        await until(lambda: told.last("p") == "unreachable no_answer")
        actor(one).acts = [well]
        keeper.change([one], 20)
        await until(lambda: told.last("p") == "ready")


async def test_what_a_driver_listens_at_is_free_before_its_successor_listens() -> None:
    listening: list[str] = []

    class Listening(Actor):
        async def hints(self) -> AsyncIterator[None]:
            assert not listening
            listening.append(self.host)
            try:
                while True:
                    yield
            finally:
                await asyncio.sleep(0.05)
                listening.clear()

    def one(host: str) -> Device:
        return Device(device("p").config, Listening([well], host))

    async with keeping(one("192.0.2.1")) as (keeper, _):
        await until(lambda: listening == ["192.0.2.1"])
        keeper.change([one("192.0.2.2")], 20)
        await until(lambda: listening == ["192.0.2.2"])


async def test_a_sink_that_fails_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with keeping(device("p")) as (keeper, told):
        await until(lambda: told.of("p"))
        keeper.sink = failing
        await until(lambda: keeper.counters.probe_errors > 1)
        keeper.sink = told.take
        known = len(told.of("p"))
        await until(lambda: len(told.of("p")) > known)
    assert len([one for one in caplog.messages if "full" in one]) == 1


def failing(_: object) -> None:
    raise ValueError("full")


@pytest.mark.slow  # test_timelines.py has them each time, on a clock of its own
async def test_of_two_hundred_devices_of_which_fifty_hang_all_are_asked_within_their_interval() -> (
    None
):
    """The times are a tenth of the real ones: an interval of 6 s for one of a minute."""
    devices = [device(f"d{n}", hang if n % 4 == 0 else answers, interval_s=6.0) for n in range(200)]
    began = clock.monotonic()
    times: dict[str, Any] = {"look_s": 1.5, "first_spread_s": 2.0, "again_s": 0.1}
    async with keeping(*devices, **times) as (_, told):
        fine = [one for one in devices if one.id[1:] not in map(str, range(0, 200, 4))]
        await until(lambda: all(actor(one).looked for one in devices), 30)
        assert max(actor(one).looked[0] for one in devices) - began < 6.0
        await until(lambda: all(len(actor(one).looked) > 1 for one in fine), 30)
        await until(lambda: dead_ones(told) == 50, 60)
        for one in fine:
            assert told.states(one.id) == ["ready"]
            first, second, *_ = actor(one).looked
            assert second - first < 2 * 6.0


async def answers() -> Any:
    await asyncio.sleep(0.01)
    return Sighting("ready", fields={"on": True})


def dead_ones(told: Told) -> int:
    return len(
        {one.tags["device"] for one in told.readings if one.fields["state"] == "unreachable"}
    )
