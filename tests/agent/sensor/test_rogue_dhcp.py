"""Which DHCP server is not ours, and where two are none too many: RFC 2131."""

import pytest

from agent.sensor.incidents import Incident
from agent.sensor.network import Allowed, Network
from tests.agent.sensor.reading import Frames, incidents_of
from tests.packets.addresses import network, written
from tests.packets.dhcp import (
    ACK,
    DISCOVER,
    INFORM,
    NAK,
    OFFER,
    REQUEST,
    answers,
    asks,
    renews,
)
from tests.packets.dns import asked
from tests.packets.frames import arp

OURS, OURS_MAC = "10.20.0.5", "00:1b:21:00:00:05"
SECOND, SECOND_MAC = "10.20.0.6", "00:1b:21:00:00:06"
GATEWAY = "10.20.0.1"
ROGUE, ROGUE_MAC = "10.20.0.66", "00:0c:29:00:00:66"
HOME, HOME_MAC = "192.168.1.1", "50:c7:bf:00:00:01"
RELAY_MAC = "00:1a:a1:00:00:01"


def client(number: int) -> str:
    return f"00:23:24:00:{number >> 8:02x}:{number & 255:02x}"


def offer(
    server: tuple[str, str],
    number: int,
    message: int = OFFER,
    *,
    router: str = GATEWAY,
    resolver: str = "10.20.0.2",
    yours: str = "",
    relay: str = "0.0.0.0",
    src: str = "",
) -> bytes:
    address, mac = server
    return answers(
        src or mac,
        address,
        client(number),
        message,
        yours=yours or f"10.20.1.{number % 250 + 1}",
        routers=[router] if router else [],
        resolvers=[resolver] if resolver else [],
        relay=relay,
        transaction=number,
    )


def ours(number: int, message: int = OFFER, **more: str) -> bytes:
    return offer((OURS, OURS_MAC), number, message, **more)


def rogue(number: int, message: int = OFFER, **more: str) -> bytes:
    return offer((ROGUE, ROGUE_MAC), number, message, router=ROGUE, resolver=ROGUE, **more)


def home(number: int, message: int = OFFER) -> bytes:
    yours = f"192.168.1.{number % 100 + 100}"
    return offer((HOME, HOME_MAC), number, message, router=HOME, resolver=HOME, yours=yours)


def served(number: int, at: float) -> Frames:
    """A client gets an address from the school's server."""
    return [
        (at, asks(client(number), DISCOVER, transaction=number)),
        (at + 0.1, ours(number)),
        (at + 0.2, asks(client(number), REQUEST, transaction=number, server=OURS)),
        (at + 0.3, ours(number, ACK)),
    ]


def found(frames: Frames, known: Network | None = None, **more: float) -> list[Incident]:
    return incidents_of(frames, known, ("rogue_dhcp",), **more)  # type: ignore[arg-type]


def accused(incidents: list[Incident]) -> list[tuple[str, str]]:
    return [(written(one.source.address), one.source.mac.hex(":")) for one in incidents]


def both(number: int, at: float, first: bytes, second: bytes) -> Frames:
    """A client asks, and two servers answer it."""
    question = asks(client(number), DISCOVER, transaction=number)
    return [(at, question), (at + 0.01, first), (at + 0.02, second)]


def test_a_home_router_that_answers_beside_the_schools_server_is_named() -> None:
    frames = [*served(1, 0.0), *served(2, 10.0), *both(3, 60.0, home(3), ours(3))]
    (one,) = found(frames)
    assert accused([one]) == [(HOME, HOME_MAC)]
    assert (written(one.target.address), one.target.mac.hex(":")) == (OURS, OURS_MAC)
    assert (one.source.role, one.target.role) == ("inside", "dhcp_server")
    assert one.evidence["differs"] == "router"
    assert one.confidence >= 0.8


def test_a_rogue_that_the_capture_sees_first_is_named_by_who_uses_which_router() -> None:
    asking = [
        (n / 10, arp(1, client(50 + n), f"10.20.1.{n + 60}", "00:00:00:00:00:00", GATEWAY))
        for n in range(4)
    ]
    frames = [*both(1, 0.0, rogue(1), ours(1)), *asking, *both(2, 5.0, rogue(2), ours(2))]
    (one,) = found(frames)
    assert accused([one]) == [(ROGUE, ROGUE_MAC)]
    assert one.evidence["judged_by"] == "users of its router"


def test_a_rogue_that_the_capture_sees_first_is_named_by_whom_machines_ask_for_names() -> None:
    asking = [
        (
            n / 10,
            asked(
                "www.example.org",
                mac=client(50 + n),
                source=f"10.20.1.{n + 60}",
                resolver_mac=SECOND_MAC,
                resolver="10.20.0.2",
            ),
        )
        for n in range(4)
    ]
    plain = offer((OURS, OURS_MAC), 1, router=OURS)
    (one,) = found([*asking, *both(1, 1.0, rogue(1), plain)])
    assert accused([one]) == [(ROGUE, ROGUE_MAC)]


@pytest.mark.parametrize("first", [True, False])
def test_without_anything_else_the_router_at_the_usual_address_is_ours(first: bool) -> None:
    gateway = offer((GATEWAY, OURS_MAC), 1, router=GATEWAY, resolver=GATEWAY)
    answers = (gateway, rogue(1)) if first else (rogue(1), gateway)
    (one,) = found(both(1, 1.0, *answers))
    assert (accused([one]), one.confidence) == ([(ROGUE, ROGUE_MAC)], 0.6)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("router", ["192.168.1.1", "192.168.1.77", ""])
def test_a_server_that_is_the_networks_gateway_is_ours_whoever_answers_first(
    router: str, first: bool
) -> None:
    real, false = ("192.168.1.1", OURS_MAC), ("192.168.1.77", ROGUE_MAC)
    frames: list[tuple[float, bytes]] = []
    for n in range(4):
        yours = f"192.168.1.{n + 100}"
        mine = real[0] if router else ""
        good = offer(real, n, router=mine, resolver="223.5.5.5", yours=yours)
        bad = offer(false, n, router=router, resolver=false[0], yours=yours)
        frames += both(n, n * 20.0, *((bad, good) if first else (good, bad)))
    assert accused(found(frames)) == [(false[0], ROGUE_MAC)]


def test_clients_that_renew_tell_which_server_was_there_before_the_capture() -> None:
    frames = [
        *both(1, 0.0, rogue(1), offer((OURS, OURS_MAC), 1, router=OURS, resolver=OURS)),
        (5.0, renews(client(9), "10.20.1.77", OURS_MAC, OURS, transaction=9)),
        (5.1, offer((OURS, OURS_MAC), 9, ACK, router=OURS, resolver=OURS)),
        *both(2, 9.0, rogue(2), offer((OURS, OURS_MAC), 2, router=OURS, resolver=OURS)),
    ]
    (one,) = found(frames)
    assert accused([one]) == [(ROGUE, ROGUE_MAC)]
    assert (one.evidence["judged_by"], one.confidence) == ("clients that came back", 0.9)


def test_a_rogue_that_answers_alone_is_named_by_the_router_that_it_gives() -> None:
    frames = [*served(1, 0.0), *served(2, 40.0)]
    frames += [(60.0, asks(client(3), transaction=3)), (60.1, rogue(3)), (60.2, rogue(3, ACK))]
    (one,) = found(frames)
    assert accused([one]) == [(ROGUE, ROGUE_MAC)]
    assert one.confidence == 0.7


def test_a_rogue_that_gives_its_own_resolver_with_the_right_router_is_named_with_less_weight() -> (
    None
):
    hijack = offer((ROGUE, ROGUE_MAC), 3, resolver=ROGUE)
    (one,) = found([*served(1, 0.0), *both(3, 60.0, hijack, ours(3))])
    assert accused([one]) == [(ROGUE, ROGUE_MAC)]
    assert (one.evidence["differs"], one.confidence) == ("resolver", 0.75)


def test_a_rogue_that_speaks_with_the_servers_address_is_named_by_its_mac() -> None:
    forged = offer((OURS, ROGUE_MAC), 3, router=ROGUE)
    (one,) = found([*served(1, 0.0), *both(3, 60.0, forged, ours(3))])
    assert accused([one]) == [(OURS, ROGUE_MAC)]


def test_a_rogue_beside_a_server_behind_a_relay_is_named() -> None:
    distant = ours(3, relay=GATEWAY, src=RELAY_MAC)
    (one,) = found(both(3, 0.0, rogue(3), distant))
    assert accused([one]) == [(ROGUE, ROGUE_MAC)]
    assert one.evidence["judged_by"] == "relay"
    assert one.target.mac == b""  # the relay's MAC is not the server's


def test_a_server_that_refuses_what_another_one_gave_is_a_rogue() -> None:
    refusal = answers(ROGUE_MAC, ROGUE, client(3), NAK, transaction=3)
    chosen = asks(client(3), REQUEST, transaction=3, server=OURS)
    frames = [*served(1, 0.0), (60.0, ours(3)), (60.2, chosen), (60.3, refusal)]
    (one,) = found(frames)
    assert accused([one]) == [(ROGUE, ROGUE_MAC)]
    assert one.evidence["differs"] == "refuses"


def test_our_server_that_refuses_what_a_rogue_gave_is_not_the_rogue() -> None:
    refusal = answers(OURS_MAC, OURS, client(3), NAK, transaction=3)
    chosen = asks(client(3), REQUEST, transaction=3, server=ROGUE)
    frames = [*served(1, 0.0), (60.0, asks(client(3), transaction=3)), (60.1, rogue(3))]
    frames += [(60.2, chosen), (60.3, refusal)]
    assert accused(found(frames)) == [(ROGUE, ROGUE_MAC)]


def test_a_server_that_is_not_in_the_list_is_a_rogue_whatever_it_gives() -> None:
    listed = Network(allowed=Allowed(dhcp_servers=frozenset((bytes((10, 20, 0, 5)),))))
    frames = [*served(1, 0.0), (9.0, asks(client(2), transaction=2))]
    assert found(frames, listed) == []
    (one,) = found([*frames, (9.1, offer((SECOND, SECOND_MAC), 2))], listed)
    assert accused([one]) == [(SECOND, SECOND_MAC)]
    assert one.confidence == 0.95


def test_a_server_that_only_its_clients_name_is_told_of_where_ours_are_listed() -> None:
    allowed = Allowed(
        dhcp_servers=frozenset((bytes((10, 20, 0, 5)),)),
        dhcp_relays=frozenset((bytes((10, 20, 0, 1)),)),
    )
    frames = [
        (n * 5.0, asks(client(n), REQUEST, transaction=n, server=server))
        for n, server in enumerate((OURS, GATEWAY, HOME, HOME))
    ]
    (one,) = found(frames, Network(allowed=allowed))
    assert (accused([one]), one.count, one.confidence) == ([(HOME, "")], 2, 0.8)
    assert found(frames) == []


def test_a_gateway_that_is_not_ours_in_our_network_needs_no_second_server() -> None:
    here = Network(subnets=(network("10.20.0.0/16"),), gateways=frozenset((bytes((10, 20, 0, 1)),)))
    frames = [(0.0, asks(client(3), transaction=3)), (0.1, rogue(3))]
    (one,) = found(frames, here)
    assert accused([one]) == [(ROGUE, ROGUE_MAC)]
    assert found(served(1, 0.0), here) == []


def test_around_the_gateway_another_router_is_a_rogue_though_no_network_is_configured() -> None:
    here = Network(gateways=frozenset((bytes((10, 20, 1, 1)), bytes(16))))
    (one,) = found([(0.0, asks(client(3), transaction=3)), (0.1, rogue(3))], here)
    assert (accused([one]), one.confidence) == ([(ROGUE, ROGUE_MAC)], 0.9)
    elsewhere = Network(gateways=frozenset((bytes((10, 99, 1, 1)),)))
    assert found([(0.1, rogue(3))], elsewhere) == []


def test_a_rogue_that_says_it_is_a_relay_is_named_by_mac_where_the_relays_are_known() -> None:
    known = Network(allowed=Allowed(dhcp_relays=frozenset((bytes((10, 20, 0, 1)),))))
    distant = ours(3, relay=GATEWAY, src=RELAY_MAC)
    (one,) = found(both(3, 0.0, rogue(3, relay=ROGUE), distant), known)
    assert accused([one]) == [(ROGUE, ROGUE_MAC)]


def test_a_lone_server_of_a_network_that_is_not_ours_is_a_rogue_unless_others_live_there() -> None:
    here = Network(subnets=(network("10.20.0.0/16"),))
    (one,) = found([(0.0, home(3))], here)
    assert one.source.role == "inside"
    there = [
        (n / 10, arp(1, client(50 + n), f"192.168.1.{n + 60}", "00:00:00:00:00:00", HOME))
        for n in range(4)
    ]
    assert found([*there, (1.0, home(3))], here) == []


def test_a_rogue_taken_away_and_brought_back_is_two_events() -> None:
    again = both(4, 2_000.0, ours(4), home(4))
    frames = [*served(1, 0.0), *both(3, 60.0, home(3), ours(3)), *served(5, 1_990.0), *again]
    assert accused(found(frames)) == [(HOME, HOME_MAC)] * 2


def test_two_rogues_are_two_events() -> None:
    frames = [*served(1, 0.0), *both(3, 60.0, home(3), ours(3)), *both(4, 61.0, ours(4), rogue(4))]
    assert sorted(accused(found(frames))) == [(ROGUE, ROGUE_MAC), (HOME, HOME_MAC)]


def test_a_flood_of_servers_is_bounded() -> None:
    frames = [*served(1, 0.0)]
    for number in range(3_000):
        mac = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
        address = f"10.21.{number >> 8}.{number & 255}"
        frames += [(60 + number / 1000, offer((address, mac), number, router=address))]
        frames += [(60 + number / 1000, ours(number))]
    assert len(found(frames)) <= 65


# What is no attack


def pair(number: int, at: float, resolver: str) -> Frames:
    second = offer((SECOND, SECOND_MAC), number, resolver=resolver)
    return both(number, at, ours(number), second)


@pytest.mark.parametrize("resolver", ["10.20.0.2", "10.20.0.3", ""])
def test_two_servers_with_one_router_and_a_common_resolver_are_a_pair(resolver: str) -> None:
    frames = [one for number in range(40) for one in pair(number, number * 2.0, resolver="")]
    frames += [(100.0, offer((SECOND, SECOND_MAC), 41, resolver="10.20.0.2"))]
    if resolver != "10.20.0.3":
        frames += pair(50, 120.0, resolver=resolver)
    assert found(frames) == []


def test_a_pair_that_gives_each_itself_as_resolver_is_a_pair() -> None:
    frames = [
        one
        for number in range(40)
        for one in both(
            number,
            number * 2.0,
            ours(number, resolver=OURS),
            offer((SECOND, SECOND_MAC), number, resolver=SECOND),
        )
    ]
    assert found(frames) == []


def test_one_server_behind_relays_gives_each_network_its_own_router() -> None:
    frames = []
    for number in range(60):
        gate = f"10.{20 + number % 3}.0.1"
        yours = f"10.{20 + number % 3}.1.{number + 1}"
        for server in ((OURS, OURS_MAC), (SECOND, SECOND_MAC)):
            answer = offer(server, number, router=gate, yours=yours, relay=gate, src=RELAY_MAC)
            frames += [(number * 1.0, answer)]
    assert found(frames) == []


def test_a_boot_server_that_offers_no_address_is_no_dhcp_server() -> None:
    boot = answers(SECOND_MAC, SECOND, client(3), OFFER, transaction=3)
    assert found([*served(1, 0.0), *both(3, 60.0, boot, ours(3))]) == []


def test_hundreds_of_renewals_after_a_power_cut_are_no_attack() -> None:
    frames = []
    for number in range(300):
        at = number / 20
        frames += [(at, asks(client(number), REQUEST, transaction=number))]
        refused = answers(OURS_MAC, OURS, client(number), NAK, transaction=number)
        frames += [(at + 0.01, refused if number % 30 == 0 else ours(number, ACK))]
    assert found(frames) == []


def test_an_inform_is_answered_by_both_servers_of_a_pair() -> None:
    frames = [(0.0, asks(client(1), INFORM, ours="10.20.1.9"))]
    for server in ((OURS, OURS_MAC), (SECOND, SECOND_MAC)):
        frames += [(0.1, offer(server, 1, ACK, yours="0.0.0.0"))]
    assert found(frames) == []


def test_a_server_that_replaced_another_is_no_rogue() -> None:
    frames = [*served(1, 0.0), *served(2, 10.0)]
    for number in range(3, 9):
        frames += [(900.0 + number, asks(client(number), transaction=number))]
        frames += [(900.1 + number, offer((SECOND, SECOND_MAC), number, router=SECOND))]
    assert found(frames) == []


def test_two_networks_on_one_mirror_without_tags_are_left_alone_where_both_work() -> None:
    frames = []
    for n in range(4):
        for net, gate in ((20, GATEWAY), (30, "10.30.0.1")):
            mac = client(200 + n + net)
            frames += [(n / 10, arp(1, mac, f"10.{net}.2.{n}", "00:00:00:00:00:00", gate))]
    for number in range(10):
        frames += [(10.0 + number, asks(client(number), transaction=number))]
        server = ("10.30.0.1", "00:1b:21:00:00:30")
        other = offer(server, number, router="10.30.0.1", yours=f"10.30.1.{number + 1}")
        frames += [(10.1 + number, other if number % 2 else ours(number))]
    assert found(frames) == []
