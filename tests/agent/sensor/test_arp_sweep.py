"""Who looks for every address is told of; who asks much for good reason is not."""

import os
from ipaddress import ip_address

import pytest

from agent.sensor.detectors.arp_sweep import ALIVE_MAX, MACHINES_MAX, ArpSweep
from agent.sensor.facts import Arp
from agent.sensor.incidents import Incident, Incidents
from agent.sensor.network import Allowed, Network
from agent.sensor.shared import Shared
from agent.sensor.watching import Watching
from tests.agent.sensor.reading import incidents_of, stages_of
from tests.packets import dhcp, ndp
from tests.packets import spoofing as say
from tests.packets.frames import SYN, over, tcp

GATEWAY = ("02:00:00:00:00:01", "10.0.0.1")
SCANNER = ("02:00:00:00:00:66", "10.0.0.66")
T = 1_790_000_000.0
Frames = list[tuple[float, bytes]]
ALL = [f"10.0.0.{last}" for last in range(1, 255)]
"""One of them is the scanner's own, for which it does not ask."""


def found(frames: Frames, network: Network | None = None) -> list[Incident]:
    return incidents_of(frames, network, ("arp_sweep",))


def sweep(
    at: float = T, who: tuple[str, str] = SCANNER, each_s: float = 0.01, last: int = 254
) -> Frames:
    return [
        say.asked(at + n * each_s, *who, to) for n, to in enumerate(ALL[:last]) if to != SCANNER[1]
    ]


def answers(frames: Frames, alive: int, to: tuple[str, str] = SCANNER) -> Frames:
    """The first *alive* addresses are there."""
    return [
        say.answered(at + 0.001, f"02:00:00:00:09:{n:02x}", ALL[n], *to)
        for n, (at, _) in enumerate(frames[:alive])
    ]


def test_a_sweep_is_one_incident_that_names_who_sweeps() -> None:
    frames = sweep()
    [one] = found(say.merged(frames, answers(frames, 60)))
    assert (one.source.mac.hex(":"), one.source.address) == (
        SCANNER[0],
        ip_address(SCANNER[1]).packed,
    )
    assert (one.count, one.evidence["targets"], one.start) == (253, 253, T)
    assert 90 < float(one.evidence["per_s"]) < 110


def test_a_sweep_of_a_network_that_is_almost_full_is_seen() -> None:
    frames = sweep()
    [one] = found(say.merged(frames, answers(frames, 190)))
    assert one.source.mac.hex(":") == SCANNER[0]


def test_addresses_that_answer_are_not_called_silent_for_being_asked_first() -> None:
    frames = sweep()
    there = [one for n, one in enumerate(answers(frames, 253)) if n % 2]
    [one] = found(say.merged(frames, there))
    assert one.evidence["targets"] == 253
    assert one.evidence["silent"] == pytest.approx(126.5, abs=1)  # the last may still answer


def test_a_sweep_that_comes_again_is_another() -> None:
    frames = say.merged(sweep(), sweep(T + 4000))
    assert [stage for stage, _ in stages_of(frames, None, ("arp_sweep",))] == ["begin", "end"] * 2


def test_a_slow_sweep_is_seen_within_the_hour_and_is_one_incident() -> None:
    [one] = found(sweep(each_s=15.0))
    assert one.source.mac.hex(":") == SCANNER[0]
    assert one.confidence < 0.9
    assert one.count == 253


def test_a_sweep_in_the_gateways_name_names_the_mac_that_sends_it() -> None:
    network = Network(gateways=frozenset({ip_address(GATEWAY[1]).packed}))
    true = say.talk(T - 10, ("02:00:00:00:00:20", "10.0.0.20"), GATEWAY)
    frames = say.merged(true, sweep(who=(SCANNER[0], GATEWAY[1])))
    [one] = found(frames, network)
    assert (one.source.mac.hex(":"), one.source.address) == (SCANNER[0], b"")


def test_a_sweep_with_a_made_up_source_for_each_question_is_seen() -> None:
    frames = [
        say.asked(T + n / 100, f"02:77:00:00:00:{n:02x}", f"10.0.0.{200 + n % 50}", to)
        for n, to in enumerate(ALL)
    ]
    [one] = found(frames)
    assert one.source.mac == b""


def test_a_sweep_by_probes_and_one_of_ipv6_are_sweeps_too() -> None:
    probes = [say.probed(T + n / 10, SCANNER[0], to) for n, to in enumerate(ALL)]
    six = [
        (T + n / 10, ndp.neighbour_solicit(SCANNER[0], "fe80::66", f"2001:db8::{n:x}"))
        for n in range(1, 200)
    ]
    for frames in (probes, six):
        assert [one.source.mac.hex(":") for one in found(frames)] == [SCANNER[0]]


# What looks like it and is not


def test_a_server_that_watches_forty_devices_after_a_power_cut_sweeps_nothing() -> None:
    frames = [frame for n in range(30) for frame in sweep(T + 60 * n, last=40)]
    assert found(frames) == []


def test_a_router_may_ask_for_everybody() -> None:
    offer = (T - 9, dhcp.answers(*GATEWAY, SCANNER[0], routers=[GATEWAY[1]]))
    lease = [say.answered(T - 8, *GATEWAY, *SCANNER)]
    assert found(say.merged([offer], lease, sweep(who=GATEWAY))) == []
    alive = sweep(who=GATEWAY, last=200)
    assert found(say.merged(alive, answers(alive, 199, GATEWAY))) == []


def test_a_machine_that_asks_for_those_that_are_there_sweeps_nothing() -> None:
    """A backup job, or a classroom server that starts: its clients are known to exist."""
    there = [
        say.announced(T - 60 + n / 10, f"02:00:00:00:0a:{n:02x}", to)
        for n, to in enumerate(ALL[:150])
    ]
    assert found(say.merged(there, sweep(last=150))) == []


def test_fifty_machines_that_boot_at_once_sweep_nothing() -> None:
    frames: Frames = []
    for n in range(50):
        machine = (f"02:00:00:00:05:{n:02x}", f"10.0.0.{100 + n}")
        frames += [say.probed(T + n / 50 + k, *machine) for k in range(3)]
        frames += [say.announced(T + 3 + n / 50 + k, *machine) for k in range(2)]
        frames += [say.asked(T + 5 + n / 50, *machine, f"10.0.0.{k}") for k in range(1, 9)]
    assert found(say.merged(frames)) == []


def test_a_printer_that_scans_for_its_server_asks_for_few() -> None:
    frames = [say.asked(T + n, *SCANNER, f"10.0.0.{240 + n % 8}") for n in range(600)]
    assert found(frames) == []


def test_the_districts_own_scanner_may_sweep() -> None:
    allowed = Allowed(scanners=frozenset({ip_address(SCANNER[1]).packed}))
    own = [say.announced(T - 1, *SCANNER)]
    assert found(say.merged(own, sweep()), Network(allowed=allowed)) == []
    assert len(found(say.merged(own, sweep()))) == 1


def test_a_flood_of_made_up_sources_takes_bounded_room() -> None:
    incidents = Incidents(lambda incident, stage: None)
    shared = Shared(Network())
    machine = ArpSweep().watch(shared, incidents)
    watching = Watching((machine,), incidents, shared.learners)
    for number in range(20_000):
        mac = b"\x02\x00" + number.to_bytes(4, "big")
        ends = (
            mac,
            b"\xff" * 6,
            1,
            mac,
            b"\x0a" + os.urandom(3),
            bytes(6),
            b"\x0a" + os.urandom(3),
        )
        watching.take(Arp(T + number / 1000, number, 0, *ends))
    assert len(machine.askers) == MACHINES_MAX
    assert len(machine.alive) == ALIVE_MAX
    assert [one.key for one in incidents.open_ones()] == [(0, b"")]


def test_a_sweep_of_a_thousand_addresses_that_asks_twice_counts_each_once() -> None:
    # His own address is one of them, for which no machine asks.
    everybody = [f"10.0.{n // 256}.{n % 256}" for n in range(1024)]
    frames = [say.asked(T + n / 300, *SCANNER, to) for n, to in enumerate(everybody * 2)]
    [one] = found(frames)
    assert (one.count, one.evidence["targets"]) == (1023, 1023)
    assert one.evidence["per_s"] == pytest.approx(150, abs=1)


def test_a_router_through_which_somebody_scans_is_known_by_what_is_sent_to_it() -> None:
    router = (GATEWAY[0], "10.0.0.200")
    sent = over("02:00:00:00:00:20", router[0], tcp("10.0.0.20", 50_000, "198.51.100.9", 443, SYN))
    assert found(say.merged([(T - 1, sent)], sweep(who=router))) == []
