"""Links that come and go: as recorded, as timelines, and on a real pair of veths."""

import asyncio
import contextlib
import secrets
import socket
import struct
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import netlink
from agent.calm import CALM_CHANGES
from agent.netlink import Link, links
from agent.watchers.link import LinkWatcher, Ports, open_socket
from core.clock import SECOND
from core.types import Event

NOW = 1_795_374_585 * SECOND

RECORDED = Path(__file__).parents[2] / "cases/link/cable_pulled/rtnetlink.bin"
"""What Linux 6.18 told when the far end of a pair of veths was switched off."""


def link(name: str, up: bool = True, **more: object) -> Link:
    return Link(2, name, enabled=True, carrier=up, **more)  # type: ignore[arg-type]


def downs(found: Sequence[tuple[str, bool, object]]) -> list[tuple[str, bool]]:
    return [(name, down) for name, down, _ in found]


def test_a_pulled_cable_as_recorded() -> None:
    pulled = Link(18, "pulled0", enabled=True, carrier=False, kind="veth")
    assert list(links(RECORDED.read_bytes())) == [pulled]


def test_bytes_that_are_no_message_are_passed_over() -> None:
    recorded = RECORDED.read_bytes()
    assert [list(links(recorded[:size])) for size in range(len(recorded))] == [[]] * len(recorded)
    assert list(links(b"\0" * 64)) == []


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    with contextlib.suppress(netlink.Refused):
        list(links(data))


def test_a_refusal_of_the_kernel_is_an_error() -> None:
    body = struct.pack("=i", -1)
    with pytest.raises(netlink.Refused):
        list(links(struct.pack("=IHHII", 20, 2, 0, 1, 0) + body))


def test_a_link_that_falls_is_told_once_and_once_when_it_is_back() -> None:
    ports = Ports()
    assert downs(ports.take([link("eth0")], NOW)) == [("eth0", False)]
    assert ports.take([link("eth0")], NOW + 1) == []
    assert ports.take([link("eth0", up=False)], NOW + 2) == [("eth0", True, {"why": "no_carrier"})]
    assert ports.take([link("eth0", up=False)], NOW + 3) == []
    assert ports.take([link("eth0")], NOW + 4) == [("eth0", False, {})]


def test_a_socket_that_nobody_uses_is_no_fault_unless_it_is_named() -> None:
    assert Ports().take([link("eth1", up=False)], NOW) == []
    named = Ports(["eth*"]).take([link("eth1", up=False)], NOW)
    assert downs(named) == [("eth1", True)]


def test_what_is_no_hardware_is_watched_only_by_name() -> None:
    virtual = [link("lo", loopback=True), link("veth0", kind="veth"), link("br0", kind="bridge")]
    assert Ports().take(virtual, NOW) == []
    assert downs(Ports(["br*"]).take(virtual, NOW)) == [("br0", False)]


def test_why_a_link_is_down_is_told() -> None:
    off = Link(2, "eth0", enabled=False, carrier=False)
    gone = Link(2, "eth0", enabled=True, carrier=True, removed=True)
    for told, why in ((off, "switched_off"), (gone, "removed")):
        ports = Ports()
        ports.take([link("eth0")], NOW)
        assert ports.take([told], NOW + 1) == [("eth0", True, {"why": why})]


def test_what_a_dump_does_not_name_was_taken_out() -> None:
    ports = Ports()
    ports.take([link("usb0"), link("eth0")], NOW)
    ports.missing({"eth0"}, NOW + 1)
    assert ports.take([], NOW + 1) == [("usb0", True, {"why": "removed"})]


def test_a_link_that_flaps_is_told_of_at_most_each_ten_seconds_and_its_end_is_not_lost() -> None:
    ports, told = Ports(), 0
    ports.take([link("eth0")], NOW)
    at = NOW
    for number in range(300):  # thirty seconds, ten changes in each
        at += SECOND // 10
        told += len(ports.take([link("eth0", up=bool(number % 2))], at))
    assert told <= CALM_CHANGES + 4
    assert ports.waiting() or not ports.due(at)
    last = [found for later in range(20) for found in ports.due(at + later * SECOND)]
    told_last = [(name, down) for name, down, _ in last]
    assert told_last in ([], [("eth0", False)])
    assert ports._ports["eth0"].told is True


def run(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)


@dataclass
class Cable:
    """Two ends; ours carries a link while the other end is on."""

    ours: str
    far: str

    def pull(self) -> None:
        run("link", "set", self.far, "down")

    def plug_in(self) -> None:
        run("link", "set", self.far, "up")


@pytest.fixture
def cable() -> Iterator[Cable]:
    end = secrets.token_hex(3)
    made = Cable(f"swa{end}", f"swb{end}")
    try:
        run("link", "add", made.ours, "type", "veth", "peer", "name", made.far)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"needs root and iproute2: {error}")
    try:
        run("link", "set", made.ours, "up")
        run("link", "set", made.far, "up")
        yield made
    finally:
        with contextlib.suppress(subprocess.SubprocessError):
            run("link", "del", made.ours)


async def next_of(found: "asyncio.Queue[Event]", **expected: object) -> Event:
    async with asyncio.timeout(10):
        while True:
            event = await found.get()
            if all(getattr(event, name) == value for name, value in expected.items()):
                return event


@pytest.mark.real("netns")
async def test_the_kernel_tells_of_a_pulled_cable_at_once(cable: Cable) -> None:
    found: asyncio.Queue[Event] = asyncio.Queue()

    async def watch() -> None:
        async for events in LinkWatcher((f"{cable.ours}",)).watch("pc-1"):
            for event in events:
                if isinstance(event, Event):
                    found.put_nowait(event)

    watching = asyncio.create_task(watch())
    try:
        await next_of(found, subject=cable.ours, active=False)
        cable.pull()
        down = await next_of(found, subject=cable.ours, active=True)
        assert (down.kind, down.target, down.details) == (
            *("link_down", "pc-1"),
            {"why": "no_carrier"},
        )
        cable.plug_in()
        await next_of(found, subject=cable.ours, active=False)
        run("link", "del", cable.ours)
        # The kernel switches an interface off before it takes it out.
        assert (await next_of(found, active=True)).details["why"] in {"removed", "switched_off"}
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


@pytest.mark.real("netns")
async def test_after_more_changes_than_the_kernel_holds_everything_is_asked_again(
    cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def small() -> socket.socket:
        sock = open_socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        return sock

    found, asked = list[Event](), list[int]()

    def request(sequence: int) -> bytes:
        asked.append(sequence)
        return wanted(sequence)

    wanted = netlink.request
    monkeypatch.setattr(netlink, "request", request)

    async def watch() -> None:
        async for events in LinkWatcher((f"{cable.ours}",), open_socket=small).watch("pc-1"):
            found.extend(event for event in events if isinstance(event, Event))

    watching = asyncio.create_task(watch())
    try:
        async with asyncio.timeout(10):
            while not found:
                await asyncio.sleep(0.01)
        # Nobody reads meanwhile, so the kernel throws away what does not fit.
        for _ in range(5):
            cable.pull()
            cable.plug_in()
        cable.pull()
        async with asyncio.timeout(15):
            while not found[-1].active:
                await asyncio.sleep(0.01)
        assert len(asked) > 1
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
