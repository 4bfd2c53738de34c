"""A flood is one event of its target; whoever is named for it has sent it."""

import random
import tracemalloc
from itertools import pairwise

import psutil
import pytest

from agent.sensor.detectors.password_guessing import PasswordGuessing
from agent.sensor.detectors.port_scan import PortScan
from agent.sensor.detectors.syn_flood import SynFlood
from agent.sensor.detectors.worm_sweep import WormSweep
from agent.sensor.facts import Tcp
from agent.sensor.incidents import OPEN_MAX, Incident, Incidents
from agent.sensor.network import Network
from agent.sensor.shared import Shared
from agent.sensor.watching import Watching
from tests.agent.sensor.reading import incidents_of, stages_of
from tests.agent.sensor.scanning import (
    FAR,
    MONITOR,
    OTHER,
    PC,
    SERVER,
    T,
    inside,
    outside,
    packed,
    school,
    web,
)
from tests.packets.connections import (
    ROUTER,
    Timed,
    accepted,
    mac_of,
    merged,
    refused,
    segment,
    silent,
)
from tests.packets.frames import ACK, SYN

ONLY = ("syn_flood", "port_scan", "worm_sweep")
ATTACKER = b"\x02\0\0\0\0\x42"


def told(frames: Timed, network: Network | None = None) -> list[Incident]:
    return incidents_of(frames, network or school(), ONLY, until=frames[-1][0] + 200)


def kinds(frames: Timed) -> list[str]:
    return [one.kind for one in told(frames)]


def flood(
    src: str, sources: list[str], *, per_s: int = 2000, answers: bool = True, at: float = T
) -> Timed:
    """A SYN from each of *sources*, at a rate; the server answers through its router."""
    chance = random.Random(4)
    frames: Timed = []
    for n, source in enumerate(sources):
        port = chance.randrange(1024, 65_536)
        syn = segment(source, port, SERVER, 80, SYN, sequence=n, src=src)
        frames.append((at + n / per_s, syn))
        if answers and n % 20 == 0:
            frames.append(
                (at + n / per_s, segment(SERVER, 80, source, port, SYN | ACK, sequence=n))
            )
    return frames


def made_up(count: int) -> list[str]:
    chance = random.Random(5)
    return [".".join(str(chance.randrange(1, 224)) for _ in range(4)) for _ in range(count)]


# Attacks


def test_made_up_sources_from_a_machine_inside_are_told_by_its_mac_alone() -> None:
    frames = merged(web(T, OTHER, 3, 0.1), flood(mac_of(PC), made_up(12_000)))
    (one,) = told(frames)
    assert (one.kind, one.target.address, one.target.port) == ("syn_flood", packed(SERVER), 80)
    assert (one.source.mac, one.source.address) == (ATTACKER, b"")
    assert one.target.mac.hex(":") == mac_of(SERVER)
    assert one.evidence["per_s"] == pytest.approx(2000, rel=0.3)
    assert one.evidence["sources"] > 5000  # type: ignore[operator]
    assert one.start == pytest.approx(T, abs=0.5)
    assert one.last == pytest.approx(T + 6, abs=1.1)


def test_made_up_sources_from_outside_name_nobody() -> None:
    (one,) = told(flood(ROUTER, made_up(12_000)))
    assert (one.source.mac, one.source.address, one.source.role) == (b"", b"", "outside")


def test_without_an_answer_in_sight_the_router_is_not_blamed() -> None:
    (one,) = told(flood(ROUTER, made_up(12_000), answers=False))
    assert (one.source.mac, one.source.address) == (b"", b"")


@pytest.mark.parametrize("source", [PC, FAR])
def test_one_source_that_is_its_own_is_named(source: str) -> None:
    (one,) = told(flood(mac_of(source), [source] * 12_000))
    assert one.source.address == packed(source)
    assert one.source.mac == (ATTACKER if source == PC else b"")


def test_made_up_neighbours_are_told_by_the_mac_that_they_share() -> None:
    frames = merged(
        web(T, OTHER, 3, 0.1), flood(mac_of(PC), [inside(n * 7) for n in range(12_000)])
    )
    (one,) = told(frames)
    assert (one.source.mac, one.source.address) == (ATTACKER, b"")


def test_a_slow_flood_shows_by_answers_that_nobody_takes() -> None:
    frames: Timed = []
    for n in range(1200):
        source, at = outside(n * 11), T + n / 20
        frames.append((at, segment(source, 4000, SERVER, 80, SYN, sequence=n)))
        frames += [
            (at + later, segment(SERVER, 80, source, 4000, SYN | ACK, sequence=n))
            for later in (0.001, 1, 3, 7)
        ]
    (one,) = told(sorted(frames))
    assert one.evidence["half_open"] == 256
    assert one.source.address == b""


def test_a_mirror_that_shows_each_segment_twice_hides_nothing() -> None:
    frames = flood(ROUTER, made_up(12_000))
    assert kinds(merged(frames, [(at + 0.0001, one) for at, one in frames])) == ["syn_flood"]


def test_a_flood_that_stops_and_comes_again_is_two() -> None:
    first = flood(ROUTER, made_up(12_000))
    again = flood(ROUTER, made_up(12_000), at=T + 600)
    stages = [stage for stage, _ in stages_of([*first, *again], school(), ONLY, until=T + 1000)]
    assert [one for one in stages if one != "update"] == ["begin", "end", "begin", "end"]


class Pouring:
    """SYNs from made-up sources into every detector that remembers sources, 50,000 a second."""

    def __init__(self) -> None:
        self.incidents = Incidents(lambda incident, stage: None)
        detectors = (SynFlood(), PortScan(), WormSweep(), PasswordGuessing())
        shared = Shared(school())
        machines = [one.watch(shared, self.incidents) for one in detectors]
        self.at_work = Watching(machines, self.incidents, shared.learners)
        self.chance, self.number = random.Random(6), 0

    def pour(self, count: int, port: int = 22) -> None:
        target, mac = packed(SERVER), b"\2\0\0\0\0\1"
        for _ in range(count):
            self.number += 1
            at = T + self.number / 50_000
            source, source_port = self.chance.randbytes(4), self.number % 60_000
            fact = Tcp(
                *(at, self.number, 0, mac, ATTACKER, source, target, source_port, port, SYN),
                *(self.number, 0, ""),
            )
            self.at_work.take(fact)


def test_what_made_up_sources_take_up_does_not_grow_with_them() -> None:
    pouring = Pouring()
    tracemalloc.start()
    try:
        pouring.pour(11_000)
        few, _ = tracemalloc.get_traced_memory()
        pouring.pour(11_000)
        many, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert many < few * 1.4  # where each took room it would be twice as much
    assert many < 32_000_000


@pytest.mark.slow
def test_a_million_made_up_sources_are_one_flood_and_take_no_more_room_than_a_few() -> None:
    pouring = Pouring()
    pouring.pour(100_000)
    few = psutil.Process().memory_info().rss
    pouring.pour(900_000)
    assert psutil.Process().memory_info().rss < few + 16_000_000
    kinds = [one.kind for one in pouring.incidents.open_ones()]
    assert kinds.count("syn_flood") == 1
    assert len(kinds) <= OPEN_MAX + 2


# What is no attack


def test_a_class_of_50_machines_boots_at_once() -> None:
    frames = merged(
        *(
            accepted(T + n / 25 + k / 10, inside(n), 40_000 + k, SERVER, 80, lasts=120)
            for n in range(50)
            for k in range(20)
        )
    )
    assert kinds(frames) == []


def test_500_machines_begin_an_examination_and_keep_their_connections() -> None:
    frames = merged(
        *(
            [
                (
                    T + n / 1000,
                    segment(
                        f"10.3.{n // 6 // 250}.{n // 6 % 250}", 40_000 + n % 6, SERVER, 80, SYN
                    ),
                )
            ]
            for n in range(12_000)
        )
    )
    assert kinds(frames) == []


def test_a_busy_server_whose_connections_end() -> None:
    frames = merged(
        *(
            accepted(T + n / 2000, outside(n % 4000), 1024 + n, SERVER, 443, lasts=0.3)
            for n in range(6000)
        )
    )
    assert kinds(frames) == []


def test_machines_that_wait_for_a_server_which_is_down() -> None:
    frames = merged(*(silent(T + n / 300, inside(n), 1024 + n, SERVER, 80) for n in range(9000)))
    assert kinds(frames) == []


def test_a_backup_that_opens_many_connections() -> None:
    frames = merged(
        *(accepted(T + n / 50, MONITOR, 1024 + n, SERVER, 873, lasts=0.2) for n in range(3000))
    )
    assert kinds(frames) == []


def test_a_scan_is_not_a_flood_besides() -> None:
    frames = merged(*(refused(T + n / 2000, PC, 50_000, SERVER, n + 1) for n in range(8000)))
    assert kinds(frames) == ["port_scan"]


def test_frames_come_in_order_in_these_tests() -> None:
    assert all(one <= other for (one, _), (other, _) in pairwise(flood(ROUTER, made_up(100))))
