"""Many machines on a port of worms are one worm and not a scan; administrators are none."""

import random
from collections.abc import Callable

import pytest

from agent.sensor.incidents import Incident
from agent.sensor.network import Network
from tests.agent.sensor.reading import incidents_of, stages_of
from tests.agent.sensor.scanning import (
    MONITOR,
    OTHER,
    PC,
    PRINTER,
    SERVER,
    T,
    inside,
    outside,
    packed,
    school,
    web,
)
from tests.packets.connections import Timed, accepted, merged, refused, segment, silent
from tests.packets.frames import SYN

ONLY = ("port_scan", "worm_sweep")
Kind = Callable[[float, str, int, str, int], Timed]


def told(frames: Timed, network: Network | None = None) -> list[Incident]:
    return incidents_of(frames, network or school(), ONLY, until=frames[-1][0] + 1000)


def kinds(frames: Timed, network: Network | None = None) -> list[str]:
    return [one.kind for one in told(frames, network)]


def sweep(
    port: int,
    targets: int,
    *outcomes: Kind,
    to: Callable[[int], str] = inside,
    every_s: float = 0.1,
) -> Timed:
    return merged(
        *(
            outcomes[n % len(outcomes)](T + 5 + every_s * n, PC, 40_000 + n, to(n), port)
            for n in range(targets)
        )
    )


@pytest.mark.parametrize("port", [445, 139, 3389, 22, 23, 1433, 5555, 7547, 6379])
def test_a_worm_inside_is_one_event_that_names_its_machine_and_port(port: int) -> None:
    (worm,) = told(sweep(port, 150, refused, silent, accepted))
    assert worm.kind == "worm_sweep"
    assert worm.source.address == packed(PC)
    assert worm.source.mac == b"\x02\0\0\0\0\x42"
    assert (worm.target.port, worm.target.role, worm.target.address) == (port, "inside", b"")
    assert worm.evidence["targets"] == pytest.approx(150, rel=0.05)
    assert worm.start == pytest.approx(T + 5, abs=0.5)


def test_a_worm_that_tries_the_outside_by_chance() -> None:
    frames = merged(
        web(T, PC, 2, 0.5),
        sweep(23, 5000, *[silent] * 30, accepted, to=lambda n: outside(n * 7919), every_s=0.02),
    )
    (worm,) = told(frames)
    assert (worm.kind, worm.target.role) == ("worm_sweep", "outside")
    assert worm.evidence["targets"] == pytest.approx(5000, rel=0.1)


def test_a_worm_with_several_ports() -> None:
    chance = random.Random(3)
    frames = merged(
        *(
            refused(
                T + n / 10, PC, 40_000 + n, inside(chance.randrange(180)), chance.choice((23, 2323))
            )
            for n in range(300)
        )
    )
    assert kinds(frames) == ["worm_sweep"]


def test_a_worm_that_every_machine_lets_in() -> None:
    assert kinds(sweep(445, 180, accepted)) == ["worm_sweep"]


def test_a_worm_of_which_only_the_questions_are_visible() -> None:
    frames = [(T + n / 10, segment(PC, 40_000 + n, inside(n), 445, SYN)) for n in range(150)]
    (worm,) = told(frames)
    assert worm.kind == "worm_sweep"
    assert worm.confidence < 0.7


def test_a_slow_worm() -> None:
    assert kinds(sweep(445, 60, refused, every_s=200)) == ["worm_sweep"]


def test_a_worm_that_was_removed_and_comes_back() -> None:
    first = sweep(445, 150, refused)
    again = [(at + 3600, frame) for at, frame in first]
    stages = stages_of([*first, *again], school(), ONLY, until=T + 5000)
    assert [(stage, one.kind) for stage, one in stages] == [
        (stage, "worm_sweep") for stage in ("begin", "end", "begin", "end")
    ]


def test_ports_can_be_chosen() -> None:
    frames = sweep(4444, 150, refused)
    options = {"worm_sweep": {"worm_ports": [4444]}}
    assert [
        one.kind for one in incidents_of(frames, school(), ["worm_sweep"], options=options)
    ] == ["worm_sweep"]


# What is no worm


def test_a_scanner_of_the_district() -> None:
    assert kinds(sweep(445, 150, refused), school(scanners=(PC,))) == []


def test_an_administrator_who_works_on_20_machines_by_ssh() -> None:
    frames = merged(
        *(sweep(22, 20, accepted), sweep(22, 20, accepted), sweep(22, 4, silent, to=outside))
    )
    assert kinds(frames) == []


def test_100_completed_connections_to_shared_folders() -> None:
    assert kinds(sweep(445, 100, accepted)) == []


def test_windows_and_its_few_servers_of_which_some_are_off() -> None:
    frames = merged(
        *(
            (silent if n % 3 else accepted)(T + 5 * n, PC, 40_000 + n, inside(n % 6), port)
            for n in range(200)
            for port in (445, 139)
        )
    )
    assert kinds(frames) == []


def test_a_printer_that_looks_for_its_server_in_every_place_it_knows() -> None:
    frames = merged(
        *(silent(T + 2 * n, PRINTER, 40_000 + n, inside(n % 16), 445) for n in range(300))
    )
    assert kinds(frames) == []


def test_monitoring_by_ssh_whose_40_devices_lose_their_power() -> None:
    frames = merged(
        *(
            (silent if minute > 3 else accepted)(
                T + 60 * minute + n, MONITOR, 40_000 + minute, inside(n), 22
            )
            for minute in range(30)
            for n in range(40)
        )
    )
    assert kinds(frames) == []


def test_a_backup_of_some_machines_every_hour() -> None:
    frames = merged(
        *(
            (refused if n % 5 == 0 else accepted)(
                T + 3600 * hour + 20 * n, SERVER, 40_000 + hour, inside(n), 22
            )
            for hour in range(8)
            for n in range(15)
        )
    )
    assert kinds(frames) == []


def test_a_class_of_50_machines_mounts_the_same_folders_at_once() -> None:
    frames = merged(
        *(accepted(T + n / 20, inside(n), 40_000 + n, SERVER, 445) for n in range(50)),
        *(refused(T + n / 20, inside(n), 41_000 + n, OTHER, 139) for n in range(50)),
    )
    assert kinds(frames) == []
