"""Rates of real interfaces, and what a machine that is not as it should be still tells."""

import contextlib
import logging
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from agent.probes.net import NetProbe
from core.types import Reading
from tests.agent.probes.recorded import Record
from tests.real import school_line

KNOWN = 1_000_000
"""Bytes of a flood, in datagrams of 1,000; each has 42 more of Ethernet, IPv4 and UDP."""


def counted(sent: int, errors: int = 0) -> dict[str, Record]:
    names = ("bytes_sent", "bytes_recv", "packets_sent", "packets_recv")
    rest = ("errin", "errout", "dropin", "dropout")
    return {"eth0": Record(dict.fromkeys(names, sent) | dict.fromkeys(rest, errors))}


def probe_of(*counters: dict[str, Record], **more: Any) -> NetProbe:
    """Return a probe of a machine that is asked each ten seconds."""
    ticks = iter(range(0, 1000, 10))
    boots = iter(range(0, 1_000_000_000_000, 10_000_000_000))
    collaborators: dict[str, Any] = {
        "counters": iter(counters).__next__,
        "links": dict,
        "index": lambda _: 2,
        "monotonic": lambda: float(next(ticks)),
        "boottime": lambda: next(boots),
    }
    return NetProbe(**collaborators | more)


async def fields(probe: NetProbe) -> dict[str, Any]:
    (reading,) = await probe.measure()
    return dict(reading.fields)


async def test_counters_that_begin_again_cost_one_rate_and_the_next_is_right() -> None:
    probe = probe_of(counted(5_000), counted(6_250), counted(100), counted(1_350))
    assert (await fields(probe))["bits_sent_per_s"] == 1000.0
    assert "bits_sent_per_s" not in await fields(probe)
    assert (await fields(probe))["bits_sent_per_s"] == 1000.0


async def test_an_interface_that_went_and_came_back_starts_anew() -> None:
    probe = probe_of(counted(5_000), {}, counted(6_000), counted(7_250))
    assert list(await probe.measure()) == []
    assert "bits_sent_per_s" not in await fields(probe)
    assert (await fields(probe))["bits_sent_per_s"] == 1000.0


async def test_rounds_that_follow_at_once_wait_for_one_that_can_be_compared() -> None:
    ticks = iter([0.0, 0.05, 0.1, 1.0])
    samples = [counted(count) for count in (0, 500, 1_000, 1_250)]
    probe = probe_of(*samples, monotonic=ticks.__next__, boottime=lambda: 0)
    assert "bits_sent_per_s" not in await fields(probe)
    assert "bits_sent_per_s" not in await fields(probe)
    assert (await fields(probe))["bits_sent_per_s"] == 10_000.0


async def test_errors_are_counted_by_the_second() -> None:
    found = await fields(probe_of(counted(0), counted(0, errors=5)))
    assert (found["err_in_per_s"], found["drop_out_per_s"]) == (0.5, 0.5)


async def test_a_driver_that_tells_no_link_costs_no_counter_and_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    answers: list[Any] = [OSError(5, "Input/output error"), OSError(5, "again"), {}]

    def links() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    probe = probe_of(*[counted(0)] * 4, links=links)
    for _ in range(3):
        assert (await fields(probe))["bytes_sent"] == 0
    assert caplog.messages == [
        "net: no state and speed of interfaces: [Errno 5] Input/output error",
        "links: well again",
    ]


async def test_this_machine_knows_its_loopback() -> None:
    readings = {r.tags["interface"]: r for r in await NetProbe(ignore_interfaces=("",)).measure()}
    loopback = next(name for name in readings if name.startswith(("lo", "Loop")))
    assert readings[loopback].fields["carrier"] is True
    assert int(readings[loopback].fields["mtu"]) >= 1280


@pytest.fixture
def line() -> Iterator[school_line.Line]:
    if sys.platform != "linux" or school_line.why_not():
        pytest.skip(school_line.why_not() or "Linux only")
    with school_line.line(number=9) as line:
        yield line


def flood(line: school_line.Line) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"", (line.address, 9))
        time.sleep(0.5)  # until the neighbour is known few datagrams are kept, the others lost
        for _ in range(KNOWN // 1000):
            sock.sendto(bytes(1000), (line.address, 9))


@pytest.mark.real("netns")
async def test_a_known_number_of_bytes_over_a_real_pair_of_veths(line: school_line.Line) -> None:
    ticks = iter([0.0, 10.0])
    probe = NetProbe(monotonic=ticks.__next__, boottime=lambda: 0)
    flood(line)
    reading = of(await probe.measure(), line.school)
    on_the_wire = 8 * (KNOWN * 1.042) / 10
    # Neighbour discovery of both ends comes on top: some packets of less than 100 bytes.
    assert on_the_wire <= float(reading.fields["bits_sent_per_s"]) < on_the_wire + 8 * 1000
    assert (reading.fields["speed"], reading.fields["duplex"]) == (10_000, "full")


@pytest.mark.real("netns")
async def test_a_cable_that_is_pulled_shows_and_so_does_that_it_is_back(
    line: school_line.Line,
) -> None:
    probe = NetProbe()
    line.cut()
    cut = of(await probe.measure(), line.school).fields
    assert (cut["carrier"], cut["up"]) == (False, True)
    line.mend()
    assert of(await probe.measure(), line.school).fields["carrier"] is True


@pytest.mark.real("netns")
async def test_an_interface_that_is_made_again_under_its_name_is_another_one(
    line: school_line.Line,
) -> None:
    name = f"sw-{secrets.token_hex(3)}"
    with made(name):
        ticks = iter(range(0, 1000, 10))
        probe = NetProbe(monotonic=lambda: float(next(ticks)), boottime=lambda: 0)
        assert "bits_sent_per_s" in of(await probe.measure(), name).fields
        school_line.ip("link", "del", name)
        school_line.ip("link", "add", name, "type", "veth")
        assert "bits_sent_per_s" not in of(await probe.measure(), name).fields
        assert "bits_sent_per_s" in of(await probe.measure(), name).fields


@contextlib.contextmanager
def made(name: str) -> Iterator[None]:
    school_line.ip("link", "add", name, "type", "veth")
    try:
        yield
    finally:
        with contextlib.suppress(subprocess.SubprocessError):
            school_line.ip("link", "del", name)


def of(readings: Any, interface: str) -> Reading:
    found: list[Reading] = [r for r in readings if r.tags["interface"] == interface]
    (only,) = found
    return only
