"""What projectors tell by themselves: a reason to ask, counted, and never believed."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from agent.clients.address import plain
from agent.devices.base import Hinted
from agent.devices.drivers.pjlink import PjlinkDriver
from agent.devices.pjlink.notices import Hub, Listener, is_notice
from agent.devices.pjlink.search import Found, mac_of, search
from simulator.projector import Machine, Projector
from simulator.projector.server import MAC
from tests.agent.devices.pjlink.driving import driver, with_clock
from tests.waiting import until


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@asynccontextmanager
async def hearing(hub: Hub) -> AsyncIterator[int]:
    port = free_port()
    task = asyncio.create_task(Listener(f"127.0.0.1:{port}", hub).run())
    try:
        await until(lambda: hub.listening)
        yield port
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert not hub.listening


def send(port: int, packet: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(packet, ("127.0.0.1", port))


@asynccontextmanager
async def hinted(asked: PjlinkDriver) -> AsyncIterator[list[None]]:
    """Collect the hints of *asked* as the keeper does."""
    assert isinstance(asked, Hinted)
    hints: list[None] = []

    async def collect() -> None:
        async for hint in asked.hints():
            hints.append(hint)

    task = asyncio.create_task(collect())
    await asyncio.sleep(0)
    try:
        yield hints
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    ("packet", "notice"),
    [
        (b"%2POWR=1\r", True),
        (b"%2LKUP=00:11:22:aa:bb:cc\r", True),
        (b"%2ERST=000010\r%2INPT=3A\r", True),
        (b"%2power=1\r", False),
        (b"%1POWR=1\r", False),
        (b"%2ACKN=00:11:22:aa:bb:cc\r", False),
        (b"%2POWR=1\r" + b"\0" * 600, False),
        (b"\xff\xfe", False),
        (b"", False),
    ],
)
def test_a_notice_is_one_of_four_lines_of_class_2(packet: bytes, notice: bool) -> None:
    assert is_notice(packet) is notice


def test_an_address_is_the_same_however_the_socket_writes_it() -> None:
    assert [plain(one) for one in ("::ffff:192.0.2.7", "fe80::1%eth0", "192.0.2.7")] == [
        "192.0.2.7",
        "fe80::1",
        "192.0.2.7",
    ]


async def test_a_projector_that_is_switched_on_is_asked_at_once() -> None:
    hub = Hub()
    async with hearing(hub) as port:
        async with Projector(Machine(), notify=("127.0.0.1", port)) as projector:
            asked = replace(driver(projector.port), hub=hub)
            async with hinted(asked) as hints:
                projector.machine.be("on")
                await until(lambda: hints)
                assert (await asked.look()).state == "ready"
        assert (hub.malformed, hub.strangers) == (0, 0)


async def test_nonsense_and_strangers_are_counted_and_wake_nobody() -> None:
    hub = Hub()
    elsewhere = replace(driver(4352), host="192.0.2.7", hub=hub)
    async with hearing(hub) as port, hinted(elsewhere) as hints:
        send(port, b"\xff\xfe nonsense")
        send(port, b"%2POWR=1\r")
        await until(lambda: hub.malformed == 1 and hub.strangers == 1)
        await asyncio.sleep(0)
        assert (hints, hub.heard) == ([], 1)


async def test_with_notices_it_is_asked_after_one_and_every_ten_minutes() -> None:
    hub = Hub()
    async with (
        hearing(hub) as port,
        Projector(Machine(), notify=("127.0.0.1", port)) as projector,
    ):
        asked, clock = with_clock(driver(projector.port, notifies=True))
        asked = replace(asked, hub=hub)
        async with hinted(asked) as hints:
            assert (await asked.look()).state == "standby"
            first = projector.connections
            for _ in range(9):
                clock.now += 60
                assert (await asked.look()).state == "standby"
            assert projector.connections == first
            clock.now += 60
            await asked.look()
            assert projector.connections == first + 1

            projector.machine.be("on")
            await until(lambda: hints)
            assert (await asked.look()).state == "ready"


async def test_without_a_listener_it_is_asked_each_time() -> None:
    async with Projector(Machine()) as projector:
        asked = replace(driver(projector.port, notifies=True), hub=Hub())
        await asked.look()
        first = projector.connections
        await asked.look()
        assert projector.connections == first + 1


async def test_a_port_that_another_program_has_is_said_and_taken_when_it_is_free(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hub, port = Hub(), free_port()
    listener = Listener(f"127.0.0.1:{port}", hub, again_s=0.05)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", port))
        task = asyncio.create_task(listener.run())
        await until(lambda: "cannot listen" in caplog.text)
        assert not hub.listening
    await until(lambda: hub.listening)
    task.cancel()


async def test_a_reload_moves_the_listener_and_ends_it() -> None:
    hub, ports = Hub(), (free_port(), free_port())
    listener = Listener(f"127.0.0.1:{ports[0]}", hub)
    task = asyncio.create_task(listener.run())
    await until(lambda: hub.listening)
    listener.change(f"127.0.0.1:{ports[1]}")

    def heard() -> bool:
        send(ports[1], b"%2POWR=1\r")
        return hub.heard > 0

    await until(heard)
    listener.change("")
    await until(lambda: not hub.listening)
    task.cancel()


async def test_a_flood_is_read_in_parts_and_the_loop_goes_on() -> None:
    hub = Hub()
    async with hearing(hub) as port:
        for _ in range(2_000):
            send(port, b"\xff")
        await asyncio.sleep(0)
        await until(lambda: hub.malformed >= 1)
        # The loop had its turn after no more than one part of it.
        assert hub.malformed <= 100


async def test_a_search_finds_who_answers_and_where() -> None:
    async with Projector(Machine()) as projector:
        assert await search("127.0.0.1", 0.5, projector.port) == [Found("127.0.0.1", MAC)]


async def test_a_search_of_an_empty_network_finds_nobody() -> None:
    assert await search("127.0.0.1", 0.1, free_port()) == []


def test_an_answer_to_a_search_is_a_hardware_address() -> None:
    assert mac_of(b"%2ACKN=D0:D9:4F:E5:BB:67\r\0\0") == MAC
    assert mac_of(b"%2ACKN=<script>\r") == ""
    assert mac_of(b"%2SRCH\r") == ""


async def test_with_notices_one_that_is_gone_is_not_taken_for_what_it_was() -> None:
    hub = Hub()
    async with hearing(hub):
        async with Projector(Machine()) as projector:
            asked, clock = with_clock(driver(projector.port, notifies=True, eco=False))
            asked = replace(asked, hub=hub)
            await asked.look()
        clock.now += 601
        for _ in range(2):  # the keeper asks again at once
            with pytest.raises(ConnectionRefusedError):
                await asked.look()
