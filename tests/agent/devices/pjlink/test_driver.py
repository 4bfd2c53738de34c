"""Each fault of a projector, over real sockets: a clear state, and well again after it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.devices.drivers.pjlink import PjlinkDriver
from core.errors import TargetUnreachable
from simulator.projector import FAULTS, Machine, Projector
from tests.agent.devices.pjlink.driving import SOON, bodies, driver, plain, recorded, with_clock

READY = ("ready", "")
FAULTY: dict[str, tuple[str, str]] = {
    "nul_padding": READY,
    "lkup_before": READY,
    "lkup_close": READY,
    "closes": READY,
    "small_letters": READY,
    "wrong_class": READY,
    "class_words": READY,
    "laser": READY,
    "slow": READY,
    "err3_details": READY,
    "err3": ("standby", ""),
    "err4": ("fault", "other"),
    "silent": ("unknown", "silent"),
    "no_greeting": ("unknown", "busy"),
    "half_close": ("unknown", "silent"),
    "resets": ("unknown", "silent"),
    "garbage": ("unknown", "garbage"),
    "not_pjlink": ("unknown", "garbage"),
    "long_line": ("unknown", "garbage"),
}
ELSEWHERE = {"erra", "one_client", "locks_up", "eco"}


def on(**more: Any) -> Machine:
    machine = Machine(**more)
    machine.be("on")
    return machine


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("JBMIAProjectorLink\n")
    file.chmod(0o600)
    return file


def test_every_fault_has_a_test() -> None:
    assert set(FAULTY) | ELSEWHERE == set(FAULTS)


@pytest.mark.parametrize("fault", FAULTY)
async def test_a_fault_gives_a_clear_state_and_is_over_when_it_is_over(fault: str) -> None:
    async with Projector(on(), faults={fault}) as projector:
        options = SOON if fault in ("silent", "no_greeting", "garbage") else {}
        asked = driver(projector.port, **options)
        assert plain(await asked.look()) == FAULTY[fault]
        await asked.look()  # a second time, with what was learnt

        projector.faults.clear()
        assert plain(await asked.look()) == READY
    assert projector.most_at_once == 1


async def test_a_projector_of_class_2_tells_all_that_it_has() -> None:
    async with Projector(on()) as projector:
        fields = dict((await driver(projector.port).look()).fields)
    assert 0 <= float(fields.pop("answer_ms")) < 3_000
    assert fields == {
        "on": True,
        "muted": False,
        "input": "DIGITAL 1",
        "lamp_h": 1234,
        "filter_h": 250,
        "model": "schoolwatch Simulator 1",
        "name": "三年级2班",
        "firmware": "1.0",
    }


async def test_what_class_2_calls_an_input_is_asked_once() -> None:
    async with Projector(on()) as projector:
        asked = driver(projector.port)
        await asked.look()
        assert (await asked.look()).fields["input"] == "HDMI 1"
        assert bodies(projector).count("INNM") == 1
        assert (await asked.look()).fields["input"] == "HDMI 1"
        assert "INNM" not in bodies(projector)


async def test_questions_of_class_2_are_not_asked_of_class_1() -> None:
    async with Projector(on(version=1)) as projector:
        fields = (await driver(projector.port).look()).fields
        assert not [line for line in projector.asked if line.startswith("%2")]
    assert fields["input"] == "DIGITAL 1"
    assert "filter_h" not in fields


async def test_hours_are_asked_less_often_than_the_state() -> None:
    async with Projector(on()) as projector:
        asked, clock = with_clock(driver(projector.port))
        await asked.look()
        assert "LAMP" in bodies(projector)
        clock.now += 60
        projector.machine.lamp_h += 1
        assert (await asked.look()).fields["lamp_h"] == 1234
        assert bodies(projector) == ["POWR", "ERST", "AVMT", "INPT", "INNM"]
        clock.now += 600
        assert (await asked.look()).fields["lamp_h"] == 1235


async def test_what_is_not_known_to_it_is_not_asked_again() -> None:
    async with Projector(on(), faults={"laser"}) as projector:
        asked, clock = with_clock(driver(projector.port))
        assert "lamp_h" not in (await asked.look()).fields
        bodies(projector)
        clock.now += 601
        await asked.look()
        assert "LAMP" not in bodies(projector)


async def test_a_day_of_a_projector_is_healthy_from_end_to_end() -> None:
    machine = Machine(warm_s=3_600, cool_s=3_600)
    async with Projector(machine) as projector:
        asked = driver(projector.port)
        seen = [await asked.look()]
        machine.switch(on=True)
        seen.append(await asked.look())
        machine.be("on")
        seen.append(await asked.look())
        machine.switch(on=False)
        seen.append(await asked.look())
        machine.be("off")
        seen.append(await asked.look())
    assert [(one.state, one.cause, one.fields["on"]) for one in seen] == [
        ("standby", "", False),
        ("warming", "", True),
        ("ready", "", True),
        ("cooling", "", False),
        ("standby", "", False),
    ]


async def test_a_warning_limits_an_error_is_a_fault_and_both_end() -> None:
    async with Projector(on()) as projector:
        asked = driver(projector.port)
        projector.machine.errors = "000010"
        assert plain(await asked.look()) == ("limited", "filter")
        projector.machine.errors = "002010"
        assert plain(await asked.look()) == ("fault", "temperature")
        projector.machine.errors = "000000"
        assert plain(await asked.look()) == READY


async def test_one_that_falls_silent_while_on_is_cooling_and_then_hangs() -> None:
    async with Projector(on()) as projector:
        asked, clock = with_clock(driver(projector.port, **SOON))
        assert plain(await asked.look()) == READY
        projector.faults.add("silent")
        assert plain(await asked.look()) == ("cooling", "")
        clock.now += 400
        with pytest.raises(TargetUnreachable, match="answers nothing"):
            await asked.look()
        projector.faults.clear()
        assert plain(await asked.look()) == READY


async def test_a_second_client_finds_one_that_is_busy_and_later_one_that_is_not() -> None:
    async with Projector(on(), faults={"one_client"}) as projector:
        _, writer = await asyncio.open_connection("127.0.0.1", projector.port)
        asked, clock = with_clock(driver(projector.port))
        assert plain(await asked.look()) == ("unknown", "busy")
        clock.now += 400
        with pytest.raises(TargetUnreachable, match="does not greet"):
            await asked.look()
        writer.close()
        await writer.wait_closed()
        while plain(await asked.look()) != READY:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("auth", ["md5", "sha256"])
@pytest.mark.parametrize("way", ["learn", "md5", "sha256"])
async def test_the_password_is_proven_as_the_projector_wants_it(
    auth: Any, way: Any, password_file: Path
) -> None:
    projector = Projector(on(), password="JBMIAProjectorLink", auth=auth)
    async with projector:
        asked = driver(projector.port, password_file=password_file, auth=way)
        fits = (way, auth) != ("sha256", "md5")  # who knows the new way takes the old one
        expected = READY if fits else ("unknown", "credentials")
        assert plain(await asked.look()) == expected
        before = projector.connections
        assert plain(await asked.look()) == expected
        # What it learnt costs no second connection; what was refused is not tried again.
        assert projector.connections == before + fits


async def test_a_wrong_password_is_tried_ever_more_seldom_until_it_is_right(
    password_file: Path,
) -> None:
    projector = Projector(on(), password="another", auth="md5")
    async with projector:
        asked, clock = with_clock(driver(projector.port, password_file=password_file, auth="md5"))
        tries = []
        for _ in range(4 * 60):  # four hours, a look each minute
            before = projector.connections
            assert plain(await asked.look()) == ("unknown", "credentials")
            tries.append(projector.connections > before)
            clock.now += 60
        times = [minute for minute, tried in enumerate(tries) if tried]
        assert times == [0, 5, 15, 35, 75, 135, 195]

        projector.password = "JBMIAProjectorLink"
        clock.now += 3_600
        assert plain(await asked.look()) == READY
        assert asked.memory.denied_wait_s < 300


async def test_a_projector_that_wants_a_password_and_gets_none_is_not_bothered_with_one() -> None:
    async with Projector(on(), password="secret", auth="md5") as projector:
        asked = driver(projector.port)
        assert plain(await asked.look()) == ("unknown", "credentials")
        assert projector.asked == []
        projector.auth = "none"
        assert plain(await asked.look()) == READY


async def test_one_that_takes_no_password_at_all_is_seen_again_without_one(
    password_file: Path,
) -> None:
    projector = Projector(on(), password="JBMIAProjectorLink", faults={"erra"})
    async with projector:
        asked, clock = with_clock(driver(projector.port, password_file=password_file))
        assert plain(await asked.look()) == ("unknown", "credentials")
        projector.faults.clear()
        clock.now += 301
        assert plain(await asked.look()) == READY


@pytest.mark.parametrize(
    ("greeting", "expected"),
    [
        ("PJLINK ERRA\r", ("unknown", "credentials")),
        ("pjlink 0\r", READY),
        ("PJLINK 0 \r\n", READY),
        ("PJLINK 1\r", ("unknown", "garbage")),
        ("PJLINK 1 498e4a6\r", ("unknown", "garbage")),
        ("PJLINK 7\r", ("unknown", "garbage")),
    ],
)
async def test_a_greeting_is_one_of_three(greeting: str, expected: tuple[str, str]) -> None:
    case = {"greeting": greeting, "rest": "ERR3", "answers": {"%1POWR ?": "%1POWR=1\r"}}
    async with recorded(case) as port:
        assert plain(await driver(port).look()) == expected


async def test_one_that_locks_up_is_not_locked_up_by_us() -> None:
    """Two entries of the file for one projector, asked at once, and often."""

    async with Projector(on(), faults={"locks_up"}) as projector:
        both: list[PjlinkDriver] = [driver(projector.port), driver(projector.port)]
        for _ in range(3):
            seen = await asyncio.gather(*(one.look() for one in both))
            assert [plain(one) for one in seen] == [READY, READY]
        assert (projector.most_at_once, projector.locked) == (1, False)


async def test_one_that_others_locked_up_is_busy_until_it_is_restarted() -> None:
    async with Projector(on(), faults={"locks_up"}) as projector:
        asked = driver(projector.port, **SOON)
        projector.locked = True
        assert plain(await asked.look()) == ("unknown", "busy")
        projector.restart()
        assert plain(await asked.look()) == READY


async def test_one_that_closes_after_each_answer_is_learnt() -> None:
    async with Projector(on(), faults={"closes"}) as projector:
        asked = driver(projector.port)
        await asked.look()
        assert asked.memory.projector
        assert asked.memory.projector.known.habits.closes
        bodies(projector)
        before = projector.connections
        await asked.look()
        assert projector.connections - before == len(bodies(projector))
