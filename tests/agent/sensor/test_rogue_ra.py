"""Who poses as an IPv6 router or as its DHCP server, and where several are none too many."""

import random

import pytest

from agent.sensor.incidents import OPEN_MAX, Incident
from agent.sensor.network import Allowed, Network
from tests.agent.sensor.reading import Frames, incidents_of, stages_of
from tests.packets.addresses import network, packed, written
from tests.packets.dhcp import ADVERTISE_6, REPLY_6, answers_6, asks_6
from tests.packets.ndp import (
    HIGH,
    LOW,
    MEDIUM,
    neighbour_advert,
    neighbour_solicit,
    router_advert,
)

ROUTER, ROUTER_MAC = "fe80::21b:21ff:fe00:1", "00:1b:21:00:00:01"
SECOND, SECOND_MAC = "fe80::21b:21ff:fe00:2", "00:1b:21:00:00:02"
ROGUE, ROGUE_MAC = "fe80::20c:29ff:fe00:66", "00:0c:29:00:00:66"
OURS, THEIRS, LAMPS = "2001:db8:1::/64", "2001:db8:bad::/64", "fd11:22:33:1::/64"
VIRTUAL_MAC = "00:00:5e:00:02:01"


def host(number: int) -> str:
    return f"00:23:24:00:00:{number:02x}"


def found(frames: Frames, known: Network | None = None, until: float = 0.0) -> list[Incident]:
    return incidents_of(frames, known, ("rogue_ra",), until=until)


def accused(incidents: list[Incident]) -> list[tuple[str, str]]:
    return [(written(one.source.address), one.source.mac.hex(":")) for one in incidents]


def ours(at: float, prefix: str = OURS, preference: int = MEDIUM) -> tuple[float, bytes]:
    return at, router_advert(ROUTER_MAC, ROUTER, prefixes=[prefix], preference=preference)


def rogue(
    at: float, prefixes: tuple[str, ...] = (THEIRS,), preference: int = MEDIUM
) -> tuple[float, bytes]:
    return at, router_advert(ROGUE_MAC, ROGUE, prefixes=prefixes, preference=preference)


def living(count: int, prefix: str = "2001:db8:1::", at: float = 0.0) -> Frames:
    """Machines that have addresses of *prefix* and look for their neighbours."""
    return [
        (at + n / 10, neighbour_solicit(host(n), f"{prefix}{n + 16:x}", f"{prefix}1"))
        for n in range(count)
    ]


def test_a_router_with_another_prefix_is_named_and_the_one_before_it_is_the_target() -> None:
    frames = [ours(0.0), ours(40.0), rogue(60.0), ours(70.0), rogue(80.0)]
    (one,) = found(frames)
    assert accused([one]) == [(ROGUE, ROGUE_MAC)]
    assert written(one.target.address) == ROUTER
    assert (one.source.role, one.target.role) == ("inside", "gateway")
    assert (one.evidence["differs"], one.confidence) == ("prefix", 0.8)


def test_a_rogue_that_the_capture_sees_first_is_named_by_the_prefix_that_machines_have() -> None:
    (one,) = found([*living(5), rogue(1.0), ours(2.0), rogue(3.0)])
    assert accused([one]) == [(ROGUE, ROGUE_MAC)]
    # From the first frame on, and surer once the router that fits was heard.
    assert (one.start, one.confidence) == (1.0, 0.9)


def test_a_router_wrongly_accused_for_being_second_is_cleared_by_who_uses_it() -> None:
    first = [rogue(0.0), ours(60.0)]
    looking = [
        (61.0 + n, neighbour_solicit(host(n), f"fe80::{n + 16:x}", ROUTER)) for n in range(4)
    ]
    (one,) = found([*first, *looking, rogue(70.0), ours(71.0)])
    assert accused([one]) == [(ROGUE, ROGUE_MAC)]


def test_windows_that_shares_its_connection_gives_a_6to4_prefix_and_is_named_alone() -> None:
    (one,) = found([rogue(0.0, ("2002:c000:204:1::/64",))])
    assert (accused([one]), one.confidence) == ([(ROGUE, ROGUE_MAC)], 0.75)


def test_a_router_that_is_not_in_the_list_is_a_rogue() -> None:
    listed = Network(allowed=Allowed(routers=frozenset((packed(ROUTER), packed("192.0.2.1")))))
    assert found([ours(0.0), ours(9.0, THEIRS)], listed) == []
    (one,) = found([rogue(0.0, (OURS,))], listed)
    assert one.confidence == 0.95
    old = Network(allowed=Allowed(routers=frozenset((packed("192.0.2.1"),))))
    assert found([ours(0.0)], old) == []  # a list of IPv4 alone says nothing of IPv6


def test_a_prefix_outside_the_schools_networks_needs_no_second_router() -> None:
    here = Network(subnets=(network("2001:db8:1::/48"), network("10.0.0.0/8")))
    assert found([ours(0.0)], here) == []
    assert accused(found([rogue(0.0)], here)) == [(ROGUE, ROGUE_MAC)]


def test_whoever_says_in_the_routers_name_that_it_is_gone_is_named_by_mac_alone() -> None:
    killer = router_advert(ROGUE_MAC, ROUTER, prefixes=[], lifetime=0)
    (one,) = found([ours(0.0), (5.0, killer), ours(6.0), (7.0, killer)])
    assert accused([one]) == [("", ROGUE_MAC)]
    assert (one.evidence["differs"], one.count) == ("lifetime", 2)


def test_what_is_forged_in_the_routers_name_is_one_event_of_one_detector() -> None:
    for lifetime in (0, 1800):
        killer = router_advert(ROGUE_MAC, ROUTER, prefixes=[], lifetime=lifetime)
        frames = sorted(
            [*(ours(n * 30.0) for n in range(8)), *((65.0 + n * 5, killer) for n in range(20))]
        )
        (one,) = incidents_of(frames, None, ("rogue_ra", "arp_spoof", "ip_conflict"))
        assert (one.kind, one.source.mac.hex(":")) == ("rogue_ra", ROGUE_MAC)


def test_a_router_killed_again_and_again_with_its_own_mac_names_nobody() -> None:
    killer = router_advert(ROUTER_MAC, ROUTER, prefixes=[], lifetime=0)
    frames = [frame for n in range(5) for frame in (ours(n * 20.0), (n * 20.0 + 5, killer))]
    (one,) = found(frames)
    assert accused([one]) == [("", "")]
    assert one.target.mac.hex(":") == ROUTER_MAC


def test_two_macs_that_advertise_one_address_in_turn_are_told_apart_by_the_address() -> None:
    poser = router_advert(ROGUE_MAC, ROUTER, prefixes=[OURS])
    frames = [(0.0, poser), ours(10.0), (20.0, poser), ours(30.0)]
    assert accused(found(frames)) == [("", ROGUE_MAC)]


def test_whoever_gives_another_prefix_with_the_routers_address_is_named_by_mac() -> None:
    poser = router_advert(ROGUE_MAC, ROUTER, prefixes=[THEIRS])
    assert accused(found([ours(0.0), (30.0, poser)])) == [("", ROGUE_MAC)]


def test_resolvers_given_by_what_is_no_router_are_a_hijack() -> None:
    hijack = router_advert(ROGUE_MAC, ROGUE, prefixes=[], servers=[ROGUE], lifetime=0)
    (one,) = found([ours(0.0), (60.0, hijack)])
    assert accused([one]) == [(ROGUE, ROGUE_MAC)]
    assert one.evidence["differs"] == "resolver"


def test_a_newcomer_that_wants_to_be_preferred_is_told_with_little_weight() -> None:
    (one,) = found([ours(0.0), ours(40.0), rogue(60.0, (OURS,), preference=HIGH)])
    assert (accused([one]), one.confidence) == ([(ROGUE, ROGUE_MAC)], 0.55)


def test_an_advert_that_came_from_afar_is_told() -> None:
    frame = bytearray(router_advert(ROGUE_MAC, ROGUE))
    frame[14 + 7] = 64  # the hop limit of the IPv6 header
    assert [one.evidence["differs"] for one in found([(0.0, bytes(frame))])] == ["hops"]


def made_up(at: float, number: int, source: str = "") -> tuple[float, bytes]:
    """A router that nobody has, with a prefix that nobody has."""
    mac = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
    given = [f"2001:db8:{number + 16:x}::/64"]
    return at, router_advert(mac, source or f"fe80::{number + 1:x}", prefixes=given)


@pytest.mark.parametrize("apart_s", [0.002, 0.01, 0.4])
@pytest.mark.parametrize("source", ["", ROUTER], ids=["addresses made up", "the router's address"])
def test_a_flood_of_routers_beside_ours_is_one_event(apart_s: float, source: str) -> None:
    flood = [made_up(20.0 + n * apart_s, n, source) for n in range(1_000)]
    regular = [ours(n * 10.0) for n in range(45)]
    (one,) = found(sorted([*regular, *flood]))
    assert (accused([one]), one.count, one.start) == ([("", "")], 1_000, 20.0)
    assert one.numbers[0] == 4  # ours came before it at 0, 10 and 20 s


def test_a_newcomer_waits_a_moment_until_it_is_accused() -> None:
    frames = [ours(0.0), rogue(20.0), rogue(21.0), ours(21.5), rogue(23.0)]
    begun = [one for stage, one in stages_of(frames, only=["rogue_ra"]) if stage == "begin"]
    assert [(one.start, one.numbers) for one in begun] == [(20.0, (2,))]
    (one,) = found(frames[:3])
    assert (accused([one]), one.count, one.start, one.last) == (
        *([(ROGUE, ROGUE_MAC)], 2),
        *(20.0, 21.0),
    )


def test_a_router_that_was_accused_before_the_flood_stays_accused() -> None:
    frames = [ours(0.0), rogue(60.0), ours(63.0), *(made_up(64.0 + n / 100, n) for n in range(99))]
    frames += [rogue(70.0), ours(71.0)]
    assert accused(found(frames)) == [(ROGUE, ROGUE_MAC), ("", "")]


def test_a_flood_without_a_router_of_ours_is_one_event() -> None:
    frames = []
    for n in range(200):
        mac = f"02:00:00:00:00:{n:02x}"
        one = router_advert(mac, f"fe80::{n + 1:x}", prefixes=[f"2001:db8:{n:x}::/64"])
        frames += [(n / 500, one)]
    assert [one.evidence["routers"] for one in found(frames)] == [200]


def test_a_slow_flood_is_an_event_for_each_router_and_of_those_beyond_64_one_that_counts() -> None:
    frames = [ours(n * 20.0) for n in range(60)]
    for n in range(80):
        mac, address = f"02:00:00:00:01:{n:02x}", f"fe80::9{n + 1:x}"
        frames += [(700 + 3.0 * n, router_advert(mac, address, prefixes=[f"2001:db8:{n:x}::/64"]))]
    is_open: set[str] = set()
    most = 0
    for stage, one in stages_of(sorted(frames), None, ("rogue_ra",)):
        (is_open.discard if stage == "end" else is_open.add)(repr(one.key))
        most = max(most, len(is_open))
    assert most == OPEN_MAX + 1


def test_a_rogue_taken_away_and_brought_back_is_two_events() -> None:
    frames = [*(ours(n * 300.0) for n in range(20))]
    frames += [rogue(60.0), rogue(4_000.0)]
    assert accused(found(sorted(frames))) == [(ROGUE, ROGUE_MAC)] * 2


def dhcp(at: float, client: int, server: tuple[str, str], *resolvers: str) -> Frames:
    address, mac = server
    question = asks_6(host(client), f"fe80::{client + 16:x}")
    answers = (
        answers_6(mac, address, host(client), message, resolvers=resolvers)
        for message in (ADVERTISE_6, REPLY_6)
    )
    return [(at, question), *((at + 0.1, answer) for answer in answers)]


def test_a_dhcp_server_that_gives_its_link_local_address_as_resolver_is_named() -> None:
    (one,) = found(dhcp(0.0, 1, (ROGUE, ROGUE_MAC), ROGUE))
    assert accused([one]) == [(ROGUE, ROGUE_MAC)]
    assert one.evidence["dhcp"] == 6


def test_of_two_dhcp_servers_with_other_resolvers_the_router_is_ours() -> None:
    frames = [
        *dhcp(1.0, 1, (ROGUE, ROGUE_MAC), "2001:db8:bad::53"),
        ours(2.0),
        *dhcp(3.0, 1, (ROUTER, ROUTER_MAC), "2001:db8:1::53"),
    ]
    (one,) = found(frames)
    assert accused([one]) == [(ROGUE, ROGUE_MAC)]
    assert one.evidence["judged_by"] == "router"


# What is no attack


def test_two_routers_with_one_prefix_are_a_pair_also_where_one_is_preferred() -> None:
    second = router_advert(SECOND_MAC, SECOND, prefixes=[OURS], preference=LOW)
    frames = [ours(0.0, preference=HIGH), (10.0, second), ours(200.0, preference=HIGH)]
    assert found([*frames, (210.0, second)]) == []


def test_a_pair_that_shares_a_virtual_address_is_no_poser() -> None:
    virtual = "fe80::200:5eff:fe00:201"
    frames = [
        (n * 10.0, router_advert(mac, virtual, prefixes=[OURS]))
        for n, mac in enumerate((VIRTUAL_MAC, SECOND_MAC, VIRTUAL_MAC, SECOND_MAC))
    ]
    assert found(frames) == []


def test_a_router_that_renumbers_is_no_rogue() -> None:
    after = router_advert(ROUTER_MAC, ROUTER, prefixes=["2001:db8:2::/64"])
    assert found([*living(5), ours(1.0), ours(60.0), (120.0, after), (180.0, after)]) == []


def test_a_router_that_restarts_says_once_that_it_goes() -> None:
    gone = router_advert(ROUTER_MAC, ROUTER, prefixes=[OURS], lifetime=0)
    frames = [ours(0.0), (100.0, gone), (100.2, gone), (100.4, gone), ours(160.0), ours(165.0)]
    assert found(frames) == []


def test_a_border_router_of_lamps_that_routes_nothing_else_is_no_rogue() -> None:
    lamps = router_advert(ROGUE_MAC, ROGUE, prefixes=[LAMPS], lifetime=0)
    speaker = router_advert(SECOND_MAC, SECOND, prefixes=[], lifetime=0)
    assert found([*living(5), ours(1.0), (2.0, lamps), (3.0, speaker), ours(60.0)]) == []
    listed = Network(allowed=Allowed(routers=frozenset((packed(ROUTER),))))
    assert found([(2.0, lamps), (3.0, speaker)], listed) == []


def test_two_networks_on_one_mirror_without_tags_are_left_alone_where_both_work() -> None:
    other = router_advert(SECOND_MAC, SECOND, prefixes=["2001:db8:2::/64"])
    frames = [*living(4), *living(4, "2001:db8:2::", 1.0), ours(2.0), (3.0, other), ours(9.0)]
    assert found(frames) == []


def test_the_same_routers_in_two_vlans_do_not_contradict_each_other() -> None:
    other = router_advert(ROGUE_MAC, ROGUE, prefixes=[THEIRS], vlans=(20,))
    assert found([ours(0.0), ours(40.0), (60.0, other)]) == []


def test_a_neighbour_that_says_it_is_a_router_is_no_advertisement() -> None:
    frame = neighbour_advert(ROGUE_MAC, ROGUE, router=True)
    assert found([ours(0.0), (1.0, frame)]) == []


def test_a_router_that_is_also_dhcp_server_may_give_its_link_local_address() -> None:
    assert found([ours(0.0), *dhcp(1.0, 1, (ROUTER, ROUTER_MAC), ROUTER)]) == []


def test_two_dhcp_servers_with_a_common_resolver_are_a_pair() -> None:
    frames = [
        *dhcp(1.0, 1, (ROUTER, ROUTER_MAC), "2001:db8:1::53", "2001:db8:1::54"),
        *dhcp(1.1, 1, (SECOND, SECOND_MAC), "2001:db8:1::54"),
    ]
    assert found(frames) == []


def test_a_router_that_is_alone_and_advertises_as_fake_router6_does() -> None:
    tool = [rogue(5.0 * n, preference=HIGH) for n in range(8)]
    (one,) = found(tool)
    assert (accused([one]), one.confidence) == ([(ROGUE, ROGUE_MAC)], 0.6)
    assert found([rogue(5.0 * n) for n in range(20)]) == []
    drawn = (0.0, 5.0, 9.2, 16.1, 20.0, 25.7)
    assert found([rogue(at, preference=HIGH) for at in drawn]) == []


@pytest.mark.parametrize("longest_s", [4.0, 10.0])
def test_a_lone_router_that_is_preferred_is_none_for_a_pace_that_is_even_by_chance(
    longest_s: float,
) -> None:
    chance, at, frames = random.Random(0), 0.0, list[tuple[float, bytes]]()
    while at < 86_400:  # a day of radvd with AdvDefaultPreference high
        frames.append(rogue(at, preference=HIGH))
        at += chance.uniform(3.0, longest_s)
    assert found(frames) == []
