"""Storms and loops are told apart, and from what is meant to go to everybody."""

import os
from collections.abc import Callable

import pytest

from agent.sensor.detectors.broadcast_storm import DIGESTS_MAX, SOURCES_MAX, BroadcastStorm
from agent.sensor.facts import Frame
from agent.sensor.incidents import Incident, Incidents
from agent.sensor.network import Network
from agent.sensor.shared import Shared
from agent.sensor.watching import Watching
from tests.agent.sensor.reading import incidents_of, stages_of
from tests.packets import dhcp
from tests.packets.frames import BROADCAST, arp, ethernet, over, udp

NOBODY = "00:00:00:00:00:00"
T = 1_790_000_000.0
Frames = list[tuple[float, bytes]]


def found(frames: Frames) -> list[Incident]:
    return incidents_of(frames, None, ("broadcast_storm",))


def kinds(frames: Frames) -> list[str]:
    return [one.kind for one in found(frames)]


def question(number: int, sources: int = 200) -> bytes:
    """Frames that differ, of many machines."""
    mac = f"02:00:00:00:01:{number % sources:02x}"
    return arp(1, mac, f"10.0.{number % 250}.{number // 250 % 250}", NOBODY, "10.0.0.1")


def many(
    per_s: int, seconds: float, at: float = T, make: Callable[[int], bytes] = question
) -> Frames:
    return [(at + n / per_s, make(n)) for n in range(int(per_s * seconds))]


def test_a_high_rate_of_frames_to_everybody_is_one_storm_that_names_nobody() -> None:
    quiet = many(20, 30)
    storm = many(1000, 6, T + 30)
    [one] = found(quiet + storm + many(20, 60, T + 36))
    assert (one.kind, one.source.mac) == ("broadcast_storm", b"")
    assert (one.start, one.count) == (T + 30, 6000)
    assert one.evidence["per_s"] == 1000
    assert one.last < T + 36


def test_a_storm_that_stops_ends_and_may_begin_again() -> None:
    frames = many(1000, 5) + many(10, 90, T + 5) + many(1000, 5, T + 95)
    stages = [stage for stage, _ in stages_of(frames, None, ("broadcast_storm",))]
    assert stages == ["begin", "end", "begin", "end"]


def test_a_storm_of_a_second_is_told() -> None:
    assert kinds(many(2500, 1, T + 0.5)) == ["broadcast_storm"]


def test_a_frame_that_comes_back_at_once_again_and_again_is_a_loop() -> None:
    frames: Frames = []
    for n in range(10):
        frames += [(T + n / 10 + k / 5000, question(n)) for k in range(100)]
    [one] = found(sorted(frames, key=lambda pair: pair[0]))
    assert (one.kind, one.confidence) == ("network_loop", 0.95)
    assert one.start < T + 0.3


def test_one_frame_that_circles_alone_is_a_loop() -> None:
    [one] = found([(T + n / 1000, question(7)) for n in range(3000)])
    assert one.kind == "network_loop"
    assert one.last - one.start > 1.5


def test_one_frame_that_circles_among_others_is_a_loop() -> None:
    circling = [(T + 0.5 + n / 1000, question(7)) for n in range(300)]
    others = [(T + n / 20, question(10 + n)) for n in range(100)]
    assert kinds(sorted(circling + others, key=lambda pair: pair[0])) == ["network_loop"]


def test_a_loop_that_brings_a_storm_is_one_incident_and_ends() -> None:
    loop = [(T + n / 4000, question(n % 20)) for n in range(20_000)]
    stages = [
        (stage, one.kind)
        for stage, one in stages_of(loop + many(10, 60, T + 6), None, ("broadcast_storm",))
    ]
    assert stages == [("begin", "network_loop"), ("end", "network_loop")]


# What looks like it and is not


def boots(number: int) -> bytes:
    mac = f"02:00:00:00:05:{number % 50:02x}"
    return over(
        mac, BROADCAST, udp("0.0.0.0", 68, "255.255.255.255", 67, number.to_bytes(300, "big"))
    )


def mdns(number: int) -> bytes:
    mac = f"02:00:00:00:06:{number % 90:02x}"
    body = number.to_bytes(200, "big")
    return over(
        mac, "01:00:5e:00:00:fb", udp(f"10.0.0.{number % 90}", 5353, "224.0.0.251", 5353, body)
    )


def stream(number: int) -> bytes:
    body = number.to_bytes(1300, "big")
    return over("02:00:00:00:00:09", "01:00:5e:01:01:01", udp("10.0.0.9", 5, "239.1.1.1", 5, body))


def stream6(number: int) -> bytes:
    body = number.to_bytes(400, "big")
    return over("02:00:00:00:00:09", "33:33:00:00:12:34", udp("fe80::9", 5, "ff15::1234", 5, body))


def ghost(number: int) -> bytes:
    """Disk imaging by broadcast: large frames of one machine, each once."""
    body = number.to_bytes(1400, "big")
    return over("02:00:00:00:00:09", BROADCAST, udp("10.0.0.9", 5, "10.0.0.255", 5, body))


@pytest.mark.parametrize(
    ("make", "per_s", "seconds"),
    [(boots, 250, 5), (mdns, 400, 4), (stream, 3000, 4), (stream6, 3000, 4), (ghost, 3000, 4)],
    ids=["fifty machines boot", "mDNS", "IPTV", "IPv6 video", "imaging by broadcast"],
)
def test_what_is_meant_for_many_is_no_storm(
    make: Callable[[int], bytes], per_s: int, seconds: int
) -> None:
    assert kinds(many(per_s, seconds, make=make)) == []


def test_waking_fifty_machines_is_neither() -> None:
    frames: Frames = []
    for n in range(50):
        magic = b"\xff" * 6 + bytes([2, 0, 0, 0, 5, n]) * 16
        frames += [
            (T + n / 50 + k / 1000, ethernet("02:00:00:00:00:09", BROADCAST, 0x0842, magic))
            for k in range(10)
        ]
    assert kinds(frames) == []


def test_a_mirror_that_shows_each_frame_twice_shows_no_loop() -> None:
    frames = [(T + n / 100 + k / 10_000, question(n)) for n in range(900) for k in range(2)]
    assert kinds(frames) == []


def test_a_machine_that_repeats_itself_among_others_is_no_loop() -> None:
    """A printer that asks 100 times a second for a server that is gone."""
    again = [(T + n / 100, question(3)) for n in range(500)]
    others = [(T + n / 20, question(10 + n)) for n in range(100)]
    assert kinds(sorted(again + others, key=lambda pair: pair[0])) == []


def test_a_network_that_is_always_busy_has_its_own_measure() -> None:
    assert kinds(many(400, 600) + many(900, 10, T + 600)) == []


def test_a_storm_of_different_frames_takes_bounded_room() -> None:
    incidents = Incidents(lambda incident, stage: None)
    machine = BroadcastStorm().watch(Shared(Network()), incidents)
    watching = Watching((machine,), incidents)
    for number in range(20_000):
        ends = (number % 200, os.urandom(6), b"\xff" * 6, 0x806, 60, number + 1)
        watching.take(Frame(T + number / 1e6, number, *ends))
    rows = [row for _, row in machine.seconds.items()]
    assert len(rows) <= 64
    assert max(len(row.copies) for row in rows) <= DIGESTS_MAX
    assert max(len(row.sources) for row in rows) <= SOURCES_MAX


def sweeping(number: int) -> bytes:
    """One machine asks for one address after another: arp-scan sends 500 a second."""
    mac = "02:00:00:00:01:66"
    return arp(1, mac, "10.0.0.66", NOBODY, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")


def test_a_sweep_is_no_storm_unless_it_fills_the_line() -> None:
    assert kinds(many(700, 10, make=sweeping)) == []
    assert kinds(many(3000, 5, make=sweeping)) == ["broadcast_storm"]


def discovering(number: int) -> bytes:
    mac = (0x4C_00_00_00_00_00 + number * 7_919 * 65_537 % 2**40).to_bytes(6).hex(":")
    return dhcp.asks(mac, transaction=number)


def test_a_flood_of_clients_that_are_made_up_is_that_flood_and_no_storm_besides() -> None:
    frames = many(3000, 5, make=discovering)
    only = ("broadcast_storm", "dhcp_starvation")
    assert [one.kind for one in incidents_of(frames, None, only)] == ["dhcp_starvation"]
    assert kinds(frames) == ["broadcast_storm"]
