"""The driver `bytes` where a device does not do what its template says, and does again later."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.devices.base import Sighting
from agent.devices.bytepattern import CHECKSUMS, pattern
from agent.devices.drivers.bytes import BytesDriver
from core.errors import TargetUnreachable
from tests.real.bytedevice import answering_and_ending, flooding, playing, saying
from tests.real.leaks import left_after
from tests.real.webserver import (
    Handler,
    closed_port,
    deaf_port,
    farewell,
    reset_after,
    silence,
    web_server,
)

ASKED, ON = bytes.fromhex("52 0A 01 04 53 5C"), bytes.fromhex("53 0C 01 01 52 5E")
CAMERA = "aver-document-camera"


def camera(port: int, **options: object) -> BytesDriver:
    options = {"timeout_s": 1.5} | options
    return BytesDriver("127.0.0.1", CAMERA, port, **options)  # type: ignore[arg-type]


def half(seen: Sighting) -> tuple[str, str]:
    return seen.state, seen.cause


WRONG: dict[str, tuple[Handler, tuple[str, str]]] = {
    "another protocol": (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), ("unknown", "garbage")),
    "one byte at a time": (saying(ON * 3, 0.6), ("unknown", "garbage")),
    "a frame without its end": (saying(ON[:-1]), ("unknown", "garbage")),
    "a frame, broken off": (answering_and_ending(ON[:3]), ("unknown", "garbage")),
    "bytes without end": (flooding(b"\x00" * 1000), ("unknown", "garbage")),
    "only frames that nobody asked for": (saying(b"\x53\x0c\x02\x01\x52"), ("unknown", "garbage")),
}  # fmt: skip
NONE: dict[str, Handler] = {
    "silence": silence,
    "the end at once": farewell,
    "the end instead of an answer": answering_and_ending(b""),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_no_answer_is_a_cause_and_the_next_look_is_well(case: str) -> None:
    await _recovers(WRONG[case][0], lambda seen: half(seen) == WRONG[case][1])


@pytest.mark.parametrize("case", NONE)
async def test_a_device_that_says_nothing_is_not_reached_and_the_next_look_is_well(
    case: str,
) -> None:
    await _recovers(NONE[case], None)


async def _recovers(first: Handler, fits: Callable[[Sighting], bool] | None) -> None:
    """Look twice at one device: *first* plays it, then it is well."""
    turns = iter([first])

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await next(turns, playing([(ASKED, ON)]))(reader, writer)

    async with web_server(handler) as port:
        driver = camera(port)
        if fits is None:
            with pytest.raises(TargetUnreachable):
                await driver.look()
        else:
            assert fits(await driver.look())
        assert half(await driver.look()) == ("ready", "")


async def test_a_port_where_nobody_listens_refuses() -> None:
    with pytest.raises(ConnectionRefusedError, match="refused"):
        await camera(closed_port()).look()


async def test_a_connection_that_nobody_takes_is_waited_for_no_longer_than_it_may() -> None:
    with deaf_port() as port, pytest.raises(TargetUnreachable, match="no answer"):
        async with asyncio.timeout(20):
            await camera(port).look()


async def test_a_reset_is_no_answer() -> None:
    async with web_server(reset_after(b"")) as port:
        with pytest.raises(TargetUnreachable):
            await camera(port).look()


async def test_a_device_that_closes_its_half_with_the_answer_has_answered() -> None:
    async with web_server(answering_and_ending(ON)) as port:
        seen = await camera(port).look()
    assert half(seen) == ("ready", "")
    assert float(seen.fields["answer_ms"]) > 0


async def test_a_device_that_sleeps_without_a_word_sleeps_where_the_file_says_so() -> None:
    async with web_server(silence) as port:
        silent = await camera(port, silence="standby").look()
        assert (half(silent), silent.by_silence) == (("standby", ""), True)


async def test_a_device_that_answers_its_first_question_only_is_there() -> None:
    first = (bytes.fromhex("7F 08 99 A2 B3 C4 02 FF 01 50 CF"), b"")
    answer = bytes.fromhex("7F 09 99 A2 B3 C4 02 FF 01 50 30 CF")
    async with web_server(playing([(first[0], answer)])) as port:
        driver = BytesDriver("127.0.0.1", "hitevision-panel", port, timeout_s=1.5)
        seen = await driver.look()
    assert (seen.state, seen.fields["input"]) == ("ready", "Android")


async def test_a_password_that_is_not_there_is_named_as_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCHOOLWATCH_DEVICE_PASSWORD", raising=False)
    greeting = b"\r\nPassword:"
    answers = [(b"right\r", b"\r\nLogin Administrator\r\n"), (b"P", b"1\r\n")]
    async with web_server(playing(answers, greeting)) as port:
        without = BytesDriver("127.0.0.1", "extron-mlc", port, timeout_s=1.5)
        assert half(await without.look()) == ("unknown", "credentials")
        monkeypatch.setenv("SCHOOLWATCH_DEVICE_PASSWORD", "right")
        assert half(await without.look()) == ("ready", "")


def test_a_look_has_time_for_each_question() -> None:
    panel = BytesDriver("127.0.0.1", "hitevision-panel", 1, timeout_s=20.0)
    assert panel.LOOK_S > 20 + 2 * (20 + 0.3)
    controller = BytesDriver("127.0.0.1", "extron-mlc", timeout_s=20.0)
    assert controller.LOOK_S > 20 + (1.5 + 20) + 20


async def test_looks_leave_nothing_behind() -> None:
    async with web_server(playing([(ASKED, ON)])) as port:
        driver = camera(port)
        assert await left_after(5, driver.look) == (0, 0)


@pytest.mark.parametrize(
    ("word", "sum_"),
    [("sum8", "DD"), ("xor8", "31"), ("crc16_modbus", "374B"), ("crc16_ccitt", "29B1")],
)
def test_checksums_of_the_digits_are_those_of_the_catalogues(word: str, sum_: str) -> None:
    assert CHECKSUMS[word][1](b"123456789").hex().upper() == sum_


def test_a_frame_is_found_wherever_it_stands_and_only_with_its_checksum() -> None:
    frame = pattern("02 {id} {value:2} ?? {xor8:1} 03", {"id": b"\x41"})
    right = b"\x02\x41\x01\x02\x09" + bytes([0x41 ^ 1 ^ 2 ^ 9]) + b"\x03"
    assert frame.search(b"\x02\x02" + right + b"\x03") == ({"value": b"\x01\x02"}, 9)
    assert frame.search(right[:-2] + b"\x00\x03") is None
    assert frame.search(right[:-1]) is None
