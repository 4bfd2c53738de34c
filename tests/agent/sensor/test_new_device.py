"""New infrastructure is told of, machines of people are only counted."""

from ipaddress import ip_address

from agent.sensor.census import Census, is_random
from agent.sensor.detectors.new_device import NewDevice
from agent.sensor.incidents import Incident, Incidents
from agent.sensor.network import Network
from agent.sensor.packets import facts_of
from agent.sensor.shared import Shared
from agent.sensor.watching import Watching
from tests.agent.sensor.reading import incidents_of
from tests.packets import dhcp
from tests.packets import spoofing as say
from tests.packets.frames import ethernet, mac_bytes

GATEWAY = ("02:00:00:00:00:01", "10.0.0.1")
NEW = "00:11:22:00:00:02"
HOST = ("00:11:22:00:00:20", "10.0.0.20")
KNOWN = Network(gateways=frozenset({ip_address(GATEWAY[1]).packed}))
DAY = 86_400.0
T = 1_790_000_000.0
Frames = list[tuple[float, bytes]]


def found(frames: Frames, network: Network = KNOWN) -> list[Incident]:
    return incidents_of(frames, network, ("new_device",))


def bpdu(at: float, mac: str) -> tuple[float, bytes]:
    return at, ethernet(mac, "01:80:c2:00:00:00", 38, b"\x42\x42\x03" + bytes(35))


def test_a_router_that_was_replaced_is_told_once_it_has_stayed() -> None:
    old = say.talk(T, HOST, GATEWAY, 3)
    new = say.talk(T + 2 * DAY, HOST, (NEW, GATEWAY[1]), 50)
    [one] = found(say.merged(old, new))
    assert (one.source.mac, one.source.role) == (mac_bytes(NEW), "gateway")
    assert one.start < T + 2 * DAY + 1


def test_a_switch_that_is_new_is_told_and_those_of_the_first_day_are_not() -> None:
    frames = [bpdu(T + n, GATEWAY[0]) for n in range(9)]
    assert found(frames) == []
    frames += [bpdu(T + 2 * DAY + n, mac) for n in range(9) for mac in (GATEWAY[0], NEW)]
    assert [one.source.mac for one in found(frames)] == [mac_bytes(NEW)]


def test_a_machine_of_a_person_is_never_told_of() -> None:
    frames = say.merged(
        say.talk(T, HOST, GATEWAY),
        say.talk(T + 2 * DAY, ("da:00:00:00:00:07", "10.0.0.9"), HOST, 9),
    )
    assert found(frames) == []


def test_an_attack_or_a_failover_on_trial_is_no_new_device() -> None:
    frames = say.merged(
        say.talk(T, HOST, GATEWAY, 3),
        say.arpspoof(T + 2 * DAY, NEW, GATEWAY[1], *HOST, times=400),
        say.talk(T + 2 * DAY + 5, HOST, GATEWAY, 60),
    )
    assert found(frames) == []


def test_what_is_infrastructure_is_known_to_the_census() -> None:
    frames = say.merged(
        say.talk(T, HOST, GATEWAY),
        [(T + 1, dhcp.answers(NEW, "10.0.0.2", HOST[0], yours=HOST[1], routers=[GATEWAY[1]]))],
        *(say.talk(T + 2, (f"da:00:00:00:00:{n:02x}", f"10.0.1.{n}"), GATEWAY) for n in range(30)),
    )
    incidents = Incidents(lambda incident, stage: None)
    machine = NewDevice().watch(Shared(KNOWN), incidents)
    watching, census = Watching((machine,), incidents), Census()
    census.tick(T)
    for number, (at, frame) in enumerate(frames, 1):
        for fact in facts_of(frame, at, number):
            watching.take(fact)
            census.see(fact.src)
    assert census.counts(machine.infrastructure.macs()) == {
        "machines": 33,
        "random_macs": 31,  # the gateway of these tests has such a MAC too
        "infrastructure": 2,
    }
    assert {one.role for one in machine.infrastructure.places()} == {"gateway", "dhcp_server"}


def test_random_macs_bear_the_local_bit_and_virtual_machines_are_known() -> None:
    macs = ("da:a1:19:00:00:01", "3c:22:fb:00:00:01", "52:54:00:12:34:56", "00:00:5e:00:01:01")
    assert [is_random(mac_bytes(mac)) for mac in macs] == [True, False, False, False]
