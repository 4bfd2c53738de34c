"""A machine in two VLANs in turn is told of, a router in both is not."""

from agent.sensor.detectors.mac_flapping import MACHINES_MAX, MacFlapping
from agent.sensor.facts import Frame
from agent.sensor.incidents import Incident, Incidents
from agent.sensor.network import Network
from agent.sensor.shared import Shared
from agent.sensor.watching import Watching
from tests.agent.sensor.reading import incidents_of, stages_of
from tests.packets.frames import arp, ethernet

NOBODY = "00:00:00:00:00:00"
MAC = "02:00:00:00:00:20"
T = 1_790_000_000.0
Frames = list[tuple[float, bytes]]


def asked(at: float, vlan: int, address: str = "10.0.0.20", mac: str = MAC) -> tuple[float, bytes]:
    return at, arp(1, mac, address, NOBODY, "10.0.0.1", vlans=(vlan,) if vlan else ())


def found(frames: Frames) -> list[Incident]:
    return incidents_of(frames, None, ("mac_flapping",))


def test_a_machine_in_two_vlans_in_turn_is_told_of_without_its_address() -> None:
    [one] = found([asked(T + n, 10 + n % 2 * 10) for n in range(20)])
    assert (one.kind, one.source.mac, one.source.address) == ("mac_flapping", b"", b"")
    assert (one.evidence["vlan"], one.evidence["other_vlan"], one.evidence["machines"]) == (
        10,
        20,
        1,
    )
    assert one.start == T + 1


def test_two_vlans_that_are_joined_are_one_incident_however_many_machines_show_it() -> None:
    frames = [
        asked(T + n + k / 100, 10 + n % 2 * 10, f"10.0.0.{k}", f"02:00:00:00:00:{k:02x}")
        for n in range(10)
        for k in range(20, 40)
    ]
    [one] = found(frames)
    assert one.evidence["machines"] == 20


def test_flapping_that_stops_ends_and_may_begin_again() -> None:
    frames = [asked(T + 1000 * spell + n, 10 + n % 2 * 10) for spell in range(2) for n in range(9)]
    stages = [stage for stage, _ in stages_of(frames, None, ("mac_flapping",))]
    assert stages == ["begin", "end", "begin", "end"]


def test_a_router_with_an_address_in_each_vlan_does_not_flap() -> None:
    frames = [asked(T + n, 10 + n % 2 * 10, f"10.0.{10 + n % 2 * 10}.1") for n in range(40)]
    assert found(frames) == []


def test_a_switch_whose_address_is_seen_in_one_vlan_only_does_not_flap() -> None:
    bpdu = [
        (T + n, ethernet(MAC, "01:80:c2:00:00:0e", 0x88CC, bytes(40), (10 + n % 3,)))
        for n in range(60)
    ]
    assert found(bpdu) == []
    assert found([asked(T - 1, 10), *bpdu]) == []


def test_who_moves_to_another_room_once_and_back_does_not_flap() -> None:
    frames = [asked(T + n, 10 if n < 20 or n > 40 else 20) for n in range(60)]
    assert found(frames) == []


def test_a_mirror_that_shows_frames_with_and_without_their_tag_shows_no_flapping() -> None:
    assert found([asked(T + n / 2, n % 2 * 10) for n in range(60)]) == []


def test_a_flood_of_macs_takes_bounded_room() -> None:
    incidents = Incidents(lambda incident, stage: None)
    machine = MacFlapping().watch(Shared(Network()), incidents)
    watching = Watching((machine,), incidents)
    for number in range(3 * MACHINES_MAX):
        mac = b"\x02\x00" + number.to_bytes(4, "big")
        watching.take(
            Frame(T + number / 1000, number, 1 + number % 9, mac, b"\xff" * 6, 0x806, 60, 1)
        )
    assert len(machine.places) == MACHINES_MAX
