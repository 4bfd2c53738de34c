"""What any bytes do to a connection, and what a connection leaves behind."""

import asyncio
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.clients.stream import Stream
from agent.devices.pjlink.faults import Closed, Denied, Garbage, Silent
from agent.devices.pjlink.link import Habits, Link, Question
from simulator.projector import Machine, Projector
from tests.agent.devices.pjlink.driving import driver
from tests.chance import examples
from tests.real.leaks import left_after
from tests.waiting import until

EXPECTED = (Closed, Denied, Garbage, Silent)


class Sink:
    """Takes what is sent, and forgets it."""

    def write(self, _: bytes) -> None: ...

    async def drain(self) -> None: ...


def link(*packets: bytes) -> Link:
    reader = asyncio.StreamReader()
    for packet in packets:
        reader.feed_data(packet)
    reader.feed_eof()
    return Link(Stream(reader, cast(Any, Sink())), 5, Habits())


async def asked(*packets: bytes) -> bytes | str:
    try:
        return await link(*packets).ask(Question("POWR"))
    except EXPECTED as error:
        return type(error).__name__


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        ((b"%1POWR=1\r",), b"1"),
        ((b"%1PO", b"WR=", b"1", b"\r"), b"1"),
        ((b"\0\0%1POWR=1\r\0\0",), b"1"),
        ((b"%1POWR=1\r\n",), b"1"),
        ((b"%2LKUP=00:11:22:aa:bb:cc\r%1POWR=1\r",), b"1"),
        ((b"%1ERST=000000\r%1POWR=1\r",), b"1"),  # an answer that came too late for its question
        ((b"%2POWR=0\r%1POWR=1\r",), b"1"),  # a notice, and the answer
        ((b"%2POWR=1\r",), b"1"),
        ((b"PJLINK ERRA\r",), "Denied"),
        ((b"%2LKUP=00:11:22:aa:bb:cc\r",), "Closed"),
        ((b"",), "Closed"),
        ((b"nonsense\r",), "Garbage"),
        ((b"x" * 5_000,), "Garbage"),
        ((b"%2LKUP=1\r" * 100,), "Garbage"),
    ],
)
async def test_an_answer_is_found_among_all_else(
    packets: tuple[bytes, ...], expected: bytes | str
) -> None:
    assert await asked(*packets) == expected


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.binary(max_size=60) | st.just(b"\r") | st.just(b"%1POWR=1\r"), max_size=8))
def test_no_bytes_do_more_than_end_a_question(packets: list[bytes]) -> None:
    assert asyncio.run(asked(*packets)) is not None


@pytest.mark.parametrize("fault", [None, "silent", "garbage", "half_close", "lkup_close", "resets"])
async def test_a_look_leaves_nothing_open(fault: str | None) -> None:
    machine = Machine()
    machine.be("on")
    async with Projector(machine, faults={fault} if fault else ()) as projector:
        asks = driver(projector.port, timeout_s=0.15)
        assert await left_after(4, asks.look) == (0, 0)


async def test_a_look_that_is_cut_off_lets_the_projector_go() -> None:
    async with Projector(Machine(), faults={"silent"}) as projector:
        task = asyncio.create_task(driver(projector.port).look())
        await until(lambda: projector.asked)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await until(lambda: projector.clients == 0)
        projector.faults.clear()
        assert (await driver(projector.port).look()).state == "standby"
