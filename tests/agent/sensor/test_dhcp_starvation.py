"""One machine poses as many clients of DHCP, and where many clients are many machines."""

from collections.abc import Callable
from random import Random

from agent.sensor.incidents import Incident, Party
from tests.agent.sensor.reading import Frames, incidents_of
from tests.packets.addresses import written
from tests.packets.dhcp import (
    ACK,
    DECLINE,
    DISCOVER,
    END,
    MESSAGE,
    OFFER,
    RELEASE,
    REQUEST,
    answers,
    asks,
    bootp,
    option,
    renews,
)
from tests.packets.frames import arp, over, udp
from tests.packets.ndp import neighbour_solicit

ATTACKER = "00:0c:29:00:00:66"
SERVER, SERVER_MAC = "192.0.2.1", "00:1b:21:00:00:01"
NOBODY = "00:00:00:00:00:00"
NOWHERE = "0.0.0.0"


def found(frames: Frames, until: float = 0.0) -> list[Incident]:
    return incidents_of(frames, None, ("dhcp_starvation",), until=until)


def mac_of(octets: bytes) -> str:
    return octets.hex(":")


def bought(number: int) -> str:
    """One of a room of machines of one maker."""
    return f"00:23:24:00:{number >> 8:02x}:{number & 255:02x}"


def telephone(number: int) -> str:
    """A telephone that hides its MAC: random behind the bit that says so (IEEE 802c)."""
    octets = bytearray(Random(number).randbytes(6))
    octets[0] = octets[0] & 0xFC | 2
    return mac_of(bytes(octets))


def anything(number: int) -> str:
    """RandMAC of scapy, and the random addresses of yersinia: any octets."""
    octets = bytearray(Random(number).randbytes(6))
    octets[0] &= 0xFE
    return mac_of(bytes(octets))


def dhcpig(number: int) -> str:
    octets = Random(number).randbytes(4)
    return mac_of(bytes((0xDE, 0xAD, octets[0] % 0x2A, octets[1] & 0x7F, octets[2], octets[3])))


def whole(mac: str, number: int, at: float, src: str = "") -> Frames:
    """Discover, offer, request, ack."""
    yours = f"192.0.{2 + number // 250}.{number % 250 + 2}"
    return [
        (at, asks(mac, DISCOVER, src=src, transaction=number)),
        (at + 0.01, answers(SERVER_MAC, SERVER, mac, OFFER, yours=yours, transaction=number)),
        (at + 0.02, asks(mac, REQUEST, src=src, transaction=number, server=SERVER)),
        (at + 0.03, answers(SERVER_MAC, SERVER, mac, ACK, yours=yours, transaction=number)),
    ]


def announced(mac: str, number: int, at: float) -> tuple[float, bytes]:
    yours = f"192.0.{2 + number // 250}.{number % 250 + 2}"
    return at, arp(1, mac, yours, NOBODY, yours)


def boots(count: int, seconds: float, mac: Callable[[int], str]) -> Frames:
    """Machines that get an address and go on."""
    frames: list[tuple[float, bytes]] = []
    for number in range(count):
        at = number * seconds / count
        frames += [*whole(mac(number), number, at), announced(mac(number), number, at + 0.5)]
    return sorted(frames)


def flood(mac: Callable[[int], str], count: int = 300, per_s: float = 100.0) -> Frames:
    """Discover after discover, each from another machine."""
    frames = [(1 + n / per_s, asks(mac(n), DISCOVER, transaction=n)) for n in range(count)]
    return [*frames, (frames[-1][0] + 1, asks(bought(1), DISCOVER, transaction=1))]


def test_a_tool_that_sends_from_its_own_mac_is_named_with_its_address() -> None:
    frames = [(0.0, arp(1, ATTACKER, "192.0.2.66", NOBODY, SERVER))]
    for number in range(40):
        frames += whole(anything(number), number, 1.0 + number / 2, src=ATTACKER)
    (one,) = found(frames)
    assert (one.source.mac.hex(":"), written(one.source.address)) == (ATTACKER, "192.0.2.66")
    assert one.target == Party(
        bytes((192, 0, 2, 1)), bytes.fromhex("001b21000001"), 0, "dhcp_server"
    )
    assert one.evidence["clients"] == 40
    assert one.confidence == 0.95


def test_a_flood_from_made_up_macs_is_one_event_that_names_nobody() -> None:
    (one,) = found(flood(anything))
    assert (one.source.address, one.source.mac, one.source.role) == (b"", b"", "inside")
    assert one.confidence == 0.9
    assert (one.start, one.count) == (1.0, 301)


def test_frames_that_each_stand_for_another_client_are_forged() -> None:
    frames = [
        (n / 10, asks(bought(n), DISCOVER, src=anything(n), transaction=n)) for n in range(60)
    ]
    (one,) = found(frames)
    assert one.source.mac == b""


def test_leases_taken_whole_by_one_made_up_family_of_macs_are_a_flood() -> None:
    frames = [one for n in range(120) for one in whole(dhcpig(n), n, n / 4)]
    (one,) = found(frames)
    assert one.evidence["made_up"] >= 50  # type: ignore[operator]


def test_clients_that_ask_once_and_are_gone_are_a_flood_though_their_macs_look_real() -> None:
    frames = [(n / 10, asks(bought(n), DISCOVER, transaction=n)) for n in range(200)]
    (one,) = found(frames, until=60.0)
    assert (one.confidence, one.source.mac) == (0.7, b"")


def local(number: int) -> str:
    return f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"


def test_clients_that_do_not_want_what_they_were_offered_are_a_flood() -> None:
    frames = [one for n in range(150) for one in list(whole(local(n), n, n / 10))[:2]]
    (one,) = found(frames)
    assert (one.confidence, one.source.mac) == (0.8, b"")


def test_hundreds_of_first_messages_and_nothing_more_are_a_flood_at_once() -> None:
    (one,) = found([(1 + n / 200, asks(local(n), transaction=n)) for n in range(1_000)])
    assert (one.confidence, one.source.mac) == (0.7, b"")


def test_clients_that_take_an_address_and_say_nothing_stand_out_where_others_go_on() -> None:
    living = boots(5, 5.0, lambda n: bought(n + 1000))
    frames = [one for n in range(150) for one in whole(bought(n), n, 30.0 + n / 10)]
    assert [one.confidence for one in found([*living, *frames], until=90.0)] == [0.7]
    assert found(frames, until=90.0) == []  # of DHCP alone nobody knows what else there was


def test_one_client_that_declines_whatever_it_gets_is_named() -> None:
    frames = [(n / 2, asks(ATTACKER, DECLINE, transaction=n, server=SERVER)) for n in range(40)]
    (one,) = found(frames)
    assert one.source.mac.hex(":") == ATTACKER


def test_releases_of_other_machines_addresses_name_who_sends_them() -> None:
    frames = [
        (n / 5, asks(bought(n), RELEASE, src=ATTACKER, transaction=n, ours=f"192.0.2.{n + 20}"))
        for n in range(40)
    ]
    (one,) = found(frames)
    assert one.source.mac.hex(":") == ATTACKER


def test_an_attack_that_stops_ends_and_comes_back_as_another() -> None:
    again = [(500.0 + at, frame) for at, frame in flood(lambda n: anything(n + 5000))]
    first, second = found([*flood(anything), *again], until=900.0)
    assert first.last < 10.0
    assert second.start > 500.0


def test_of_twelve_thousand_clients_no_more_are_remembered_than_there_is_room() -> None:
    frames = ((n / 20_000, asks(anything(n), DISCOVER, transaction=n)) for n in range(12_000))
    (one,) = found(frames)
    assert one.evidence["clients"] <= 4096  # type: ignore[operator]


# What is no attack


def test_a_room_of_machines_that_boot_at_once_is_no_attack() -> None:
    assert found(boots(50, 5.0, bought), until=90.0) == []


def test_three_hundred_machines_after_a_power_cut_are_no_attack() -> None:
    assert found(boots(300, 20.0, bought), until=90.0) == []


def test_four_hundred_telephones_that_hide_their_macs_are_no_attack() -> None:
    assert found(boots(400, 40.0, telephone), until=120.0) == []


def test_machines_that_ask_in_vain_while_the_server_is_down_are_no_attack() -> None:
    frames = [
        (n / 30 + wait, asks(bought(n), DISCOVER, transaction=n))
        for wait in (0, 4, 12, 28)
        for n in range(300)
    ]
    assert found(sorted(frames), until=120.0) == []


def test_machines_of_ipv6_that_ask_once_and_speak_otherwise_are_no_attack() -> None:
    frames = []
    for n in range(200):
        frames += [(n / 10, asks(bought(n), DISCOVER, transaction=n))]
        link = f"fe80::{n + 1:x}"
        frames += [(n / 10 + 0.1, neighbour_solicit(bought(n), link, "fe80::ffff"))]
    assert found(frames, until=120.0) == []


def test_clients_behind_a_relay_have_the_relays_mac_and_are_no_attack() -> None:

    frames = []
    for n in range(200):
        body = bootp(
            bought(n), option(MESSAGE, bytes([DISCOVER])) + END, transaction=n, relay="10.20.0.1"
        )
        packet = udp("10.20.0.1", 67, SERVER, 67, body)
        frames += [(n / 20, over("00:1a:a1:00:00:01", SERVER_MAC, packet))]
    assert found(frames, until=90.0) == []


def test_renewals_that_a_router_brings_are_no_attack() -> None:
    frames = [
        (n / 20, renews(bought(n), f"10.20.1.{n}", SERVER_MAC, SERVER, transaction=n))
        for n in range(200)
    ]
    assert found(frames, until=90.0) == []


def test_a_repeater_that_hides_a_few__its_mac_is_no_attack() -> None:
    frames: list[tuple[float, bytes]] = []
    for n in range(15):
        frames += whole(telephone(n), n, n * 2.0, src="50:c7:bf:00:00:01")
    assert found(sorted(frames), until=90.0) == []


def test_virtual_desktops_with_one_beginning_are_no_attack() -> None:
    assert found(boots(200, 20.0, lambda n: f"52:54:00:00:{n >> 8:02x}:{n & 255:02x}")) == []
