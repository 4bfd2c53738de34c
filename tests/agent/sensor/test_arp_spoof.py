"""Who poses as another is named, whoever was seen first, and nobody else is."""

import os
import tracemalloc
from ipaddress import ip_address

import pytest

from agent.sensor.detectors.arp_spoof import ArpSpoof
from agent.sensor.detectors.ip_conflict import IpConflict
from agent.sensor.facts import Arp, Neighbour
from agent.sensor.incidents import Incident, Incidents
from agent.sensor.network import Allowed, Network
from agent.sensor.shared import Shared
from agent.sensor.watching import Watching
from tests.agent.sensor.reading import incidents_of, stages_of
from tests.packets import dhcp, ndp
from tests.packets import spoofing as say
from tests.packets.frames import SYN, arp, mac_bytes, over, tcp

GATEWAY = ("02:00:00:00:00:01", "10.0.0.1")
VICTIM = ("02:00:00:00:00:20", "10.0.0.20")
ATTACKER = ("02:00:00:00:00:66", "10.0.0.66")
OTHER = ("02:00:00:00:00:30", "10.0.0.30")
KNOWN = Network(gateways=frozenset({ip_address(GATEWAY[1]).packed}))
BARE = Network()
"""A capture comes without configuration."""
T = 1_790_000_000.0

Frames = list[tuple[float, bytes]]
ONLY = ("arp_spoof", "ip_conflict")


def found(frames: Frames, network: Network = BARE) -> list[Incident]:
    return incidents_of(frames, network, ONLY)


def named(incidents: list[Incident]) -> list[tuple[str, str, str]]:
    """Kind, MAC and address of who is blamed."""
    return [
        (
            one.kind,
            one.source.mac.hex(":"),
            str(ip_address(one.source.address)) if one.source.address else "",
        )
        for one in incidents
    ]


BLAMED = [("gateway_spoof", *ATTACKER)]
BLAMED_WITHOUT_ADDRESS = [("gateway_spoof", ATTACKER[0], "")]


def honest(at: float = T, each_s: float = 20.0, times: int = 4) -> Frames:
    return say.merged(say.talk(at, VICTIM, GATEWAY, times, each_s))


def poison(at: float = T + 5, times: int = 15) -> Frames:
    return list(say.arpspoof(at, ATTACKER[0], GATEWAY[1], *VICTIM, times=times))


@pytest.mark.parametrize("network", [BARE, KNOWN], ids=["capture", "configured"])
def test_the_attacker_is_named_where_the_gateway_was_seen_first(network: Network) -> None:
    frames = say.merged(honest(), say.talk(T, ATTACKER, VICTIM), poison())
    incidents = found(frames, network)
    assert named(incidents) == BLAMED
    [one] = incidents
    assert (one.target.mac, one.target.address) == (
        mac_bytes(GATEWAY[0]),
        ip_address(GATEWAY[1]).packed,
    )
    assert (one.start, one.last, one.count) == (T + 5, T + 33, 15)


def test_the_attacker_is_named_where_he_was_seen_before_the_gateway() -> None:
    frames = say.merged(poison(T), say.talk(T + 40, OTHER, GATEWAY, 3), poison(T + 32))
    assert named(found(frames)) == BLAMED_WITHOUT_ADDRESS


def test_the_attacker_is_named_after_three_lies_and_one_true_answer_whichever_came_first() -> None:
    lies = poison(T + 5, 3)
    for at in (T, T + 4, T + 6, T + 8, T + 20):
        frames = say.merged(lies, say.talk(at, OTHER, GATEWAY), say.talk(T + 30, OTHER, GATEWAY))
        frames += poison(T + 31, 1)
        assert named(found(frames)) == BLAMED_WITHOUT_ADDRESS


def test_a_capture_that_begins_in_the_middle_and_has_no_word_of_the_gateway_names_him() -> None:
    frames = say.merged(
        say.arpspoof(T, ATTACKER[0], GATEWAY[1], *VICTIM),
        say.arpspoof(T + 0.3, ATTACKER[0], VICTIM[1], *GATEWAY),
    )
    assert named(found(frames)) == BLAMED_WITHOUT_ADDRESS
    one_way = say.merged(poison(T), say.talk(T + 1, ATTACKER, OTHER, 2, 15.0))
    assert named(found(one_way)) == BLAMED


def test_both_directions_are_one_incident_that_aims_at_the_gateway() -> None:
    frames = say.merged(
        honest(),
        say.talk(T, ATTACKER, VICTIM),
        say.arpspoof(T + 5, ATTACKER[0], VICTIM[1], *GATEWAY),
        say.arpspoof(T + 5.1, ATTACKER[0], GATEWAY[1], *VICTIM),
    )
    [one] = found(frames)
    assert named([one]) == BLAMED
    assert one.target.address == ip_address(GATEWAY[1]).packed
    assert one.evidence["addresses"] == 2


def test_the_end_of_arpspoof_does_not_blame_the_gateway() -> None:
    for src in (ATTACKER[0], GATEWAY[0]):
        frames = say.merged(
            honest(),
            poison(),
            say.arpspoof_ends(T + 35, *GATEWAY, *VICTIM, src=src),
            say.arpspoof_ends(T + 35.1, *VICTIM, *GATEWAY, src=src if src == ATTACKER[0] else ""),
        )
        [one] = found(frames)
        assert named([one]) == BLAMED_WITHOUT_ADDRESS
        assert one.last == T + 33
        alone = list(say.arpspoof_ends(T, *GATEWAY, *VICTIM, src=src))
        assert found(alone) == []
        assert found(say.merged(alone, honest(T + 10))) == []


def test_an_attack_that_stops_ends_and_one_that_comes_again_is_another() -> None:
    frames = say.merged(honest(T, 20.0, 30), poison(T + 5), poison(T + 300))
    stages = stages_of(frames, BARE, ONLY)
    assert [stage for stage, _ in stages] == ["begin", "end", "begin", "end"]
    assert [one.start for stage, one in stages if stage == "end"] == [T + 5, T + 300]
    assert {one.source.mac.hex(":") for _, one in stages} == {ATTACKER[0]}


@pytest.mark.parametrize("attacker_first", [False, True])
@pytest.mark.parametrize(
    "tool",
    [
        list(say.ettercap(T + 5, ATTACKER[0], GATEWAY, VICTIM)),
        list(say.bettercap(T + 5, ATTACKER[0], GATEWAY[1], *VICTIM)),
        list(say.arpspoof_all(T + 5, ATTACKER[0], GATEWAY[1])),
        list(say.netcut(T + 5, ATTACKER[0], "02:de:ad:be:ef:01", GATEWAY[1], *VICTIM)),
        list(say.netcut(T + 5, GATEWAY[0], ATTACKER[0], GATEWAY[1], *VICTIM)),
    ],
    ids=["ettercap", "bettercap", "arpspoof to all", "netcut", "forged source"],
)
def test_each_tool_is_recognised_by_its_own_way(tool: Frames, attacker_first: bool) -> None:
    true = honest(T + 9 if attacker_first else T, 5.0, 5)
    assert named(found(say.merged(true, tool))) == BLAMED_WITHOUT_ADDRESS


@pytest.mark.parametrize("attacker_first", [False, True])
def test_a_gateway_that_answers_unasked_too_is_not_taken_for_him(attacker_first: bool) -> None:
    """Or whose questions the sensor does not see."""
    unasked = say.answered(0, *GATEWAY, *VICTIM)[1]
    true = say.repeated(T + 30 * attacker_first, unasked, 12, 15.0)
    lies = poison(T, 60) if attacker_first else poison(T + 50, 20)
    assert named(found(say.merged(true, lies))) == BLAMED_WITHOUT_ADDRESS


@pytest.mark.parametrize("true_s", [0.5, 1.0, 2.0])
def test_who_comes_later_and_answers_unasked_as_often_is_he(true_s: float) -> None:
    unasked = say.answered(0, *GATEWAY, *VICTIM)[1]
    true = say.repeated(T, unasked, int(60 / true_s), true_s)
    assert named(found(say.merged(true, poison(T + 20.3, 15)))) == BLAMED_WITHOUT_ADDRESS


def test_an_attack_that_is_over_when_the_gateway_speaks_is_told_all_the_same() -> None:
    for true in (say.talk(T + 35, VICTIM, GATEWAY), [say.announced(T + 35, *GATEWAY)]):
        [one] = found(say.merged(poison(T), true))
        assert named([one]) == BLAMED_WITHOUT_ADDRESS
        assert (one.start, one.last, one.count) == (T, T + 28, 15)


def test_who_only_answers_in_time_is_known_by_the_address_that_is_his() -> None:
    frames: Frames = []
    for second in range(0, 60, 10):
        frames += say.talk(T + second, VICTIM, GATEWAY)
        frames.append(say.answered(T + second + 0.004, ATTACKER[0], GATEWAY[1], *VICTIM))
        frames.append(say.asked(T + second + 3, *ATTACKER, OTHER[1]))
    assert named(found(frames)) == BLAMED


def test_who_announces_the_gateways_address_again_and_again_is_named() -> None:
    lies = [say.announced(T + 5 + 2 * number, ATTACKER[0], GATEWAY[1]) for number in range(15)]
    assert named(found(say.merged(honest(T, 5.0, 8), lies))) == BLAMED_WITHOUT_ADDRESS


def test_who_asks_in_the_gateways_name_again_and_again_is_named() -> None:
    """ettercap with arp_poison_request; hosts ask one machine alone three times at most."""
    lies = say.repeated(
        T + 2, arp(1, ATTACKER[0], GATEWAY[1], *VICTIM, dst=VICTIM[0]), times=15, each_s=2.0
    )
    assert named(found(say.merged(honest(T, 10.0, 5), lies))) == BLAMED_WITHOUT_ADDRESS


def test_a_crowd_of_made_up_macs_that_claim_the_gateway_is_one_attack_of_nobody_known() -> None:
    lies = [
        say.answered(T + n / 10, f"02:13:{n % 7:02x}:00:00:{n % 251:02x}", GATEWAY[1], *VICTIM)
        for n in range(600)
    ]
    [one] = found(say.merged(honest(), lies))
    assert (one.kind, one.source.mac) == ("gateway_spoof", b"")
    assert one.count > 500


def test_who_poses_as_another_pupils_machine_is_named_as_such() -> None:
    frames = say.merged(
        say.talk(T, OTHER, VICTIM, 8, 5.0),
        say.arpspoof(T + 5, ATTACKER[0], VICTIM[1], *OTHER),
    )
    assert named(found(frames)) == [("arp_spoof", ATTACKER[0], "")]


def test_his_address_is_known_from_a_lease_or_from_what_he_sends() -> None:
    lease = dhcp.answers(*GATEWAY, ATTACKER[0], dhcp.ACK, yours=ATTACKER[1], routers=[GATEWAY[1]])
    sent = over(ATTACKER[0], GATEWAY[0], tcp(ATTACKER[1], 4000, "192.0.2.9", 443, SYN))
    for frame in (lease, sent):
        assert named(found(say.merged([(T - 9, frame)], honest(), poison()))) == BLAMED


def test_his_victims_packets_that_he_sends_on_do_not_give_him_its_address() -> None:
    def sent(at: float, by: tuple[str, str], source: str) -> tuple[float, bytes]:
        return at, over(by[0], GATEWAY[0], tcp(source, 4000, "192.0.2.9", 443, SYN))

    sent_on = [sent(T + n, ATTACKER, VICTIM[1]) for n in range(5)]
    own = [sent(T + n, ATTACKER, ATTACKER[1]) for n in range(5)]
    true = [sent(T + n - 0.1, VICTIM, VICTIM[1]) for n in range(5)]
    gateway = say.talk(T + 20, OTHER, GATEWAY, 2)
    frames = say.merged(sent_on, own, poison(), gateway)
    assert named(found(frames)) == BLAMED_WITHOUT_ADDRESS
    assert named(found(say.merged(frames, true))) == BLAMED


def test_the_gateway_is_known_by_dhcp_or_by_traffic_from_outside() -> None:
    gateway = (GATEWAY[0], "10.0.0.77")
    lies = list(say.arpspoof(T + 5, ATTACKER[0], gateway[1], *VICTIM))
    true = list(say.talk(T, VICTIM, gateway, 4))
    named_by_dhcp = [
        (T - 9, dhcp.answers(*gateway, OTHER[0], dhcp.ACK, yours=OTHER[1], routers=[gateway[1]]))
    ]
    from_outside = [
        (
            T - 9 + last / 100,
            over(gateway[0], VICTIM[0], tcp(f"9.9.9.{last}", 443, VICTIM[1], 5, SYN)),
        )
        for last in range(5)
    ]
    for known in (named_by_dhcp, from_outside):
        assert named(found(say.merged(known, true, lies))) == BLAMED_WITHOUT_ADDRESS
    other = Network(gateways=frozenset({ip_address("10.0.0.1").packed}))
    assert [kind for kind, *_ in named(found(say.merged(true, lies), other))] == ["arp_spoof"]


ROUTER6 = ("02:00:00:00:00:01", "fe80::1")
HOST6 = ("02:00:00:00:00:20", "fe80::20")


@pytest.mark.parametrize("attacker_first", [False, True])
def test_adverts_for_the_ipv6_routers_address_are_the_same_attack(attacker_first: bool) -> None:
    start = T + 10 if attacker_first else T - 10
    frames = [(start + 60 * n, ndp.router_advert(*ROUTER6)) for n in range(2)]
    for number in range(3):
        frames.append((start + 20 * number, ndp.neighbour_solicit(*HOST6, ROUTER6[1])))
        answer = ndp.neighbour_advert(
            *ROUTER6, target=HOST6[1], dst=HOST6[0], router=True, solicited=True
        )
        frames.append((start + 20 * number + 0.01, answer))
    lies = say.neighbour_spoof(T, ATTACKER[0], ROUTER6[1], *HOST6)
    assert named(found(say.merged(frames, lies))) == BLAMED_WITHOUT_ADDRESS


# What looks like it and is not


def test_an_address_that_moves_to_another_machine_once_is_no_attack() -> None:
    """Keepalived without virtual MACs, a cluster, a replaced router, a Mac that sleeps."""
    spare = ("02:00:00:00:00:02", "10.0.0.2")
    failover = [say.announced(T + 30 + second / 10, spare[0], GATEWAY[1]) for second in range(5)]
    failover += [
        say.announced(T + 35 + second / 10, spare[0], GATEWAY[1], 2) for second in range(5)
    ]
    after = say.talk(T + 40, VICTIM, (spare[0], GATEWAY[1]), 4)
    own = say.talk(T + 1, spare, OTHER, 8, 10.0)
    old_is_alive = say.talk(T + 40, (GATEWAY[0], "10.0.0.3"), OTHER, 5, 5.0)
    frames = say.merged(honest(T, 5.0, 5), failover, after, own, old_is_alive)
    assert found(frames) == []
    assert found(frames, KNOWN) == []


def test_a_failover_and_the_way_back_are_nothing() -> None:
    spare = "02:00:00:00:00:02"
    frames = say.merged(
        say.talk(T, VICTIM, GATEWAY, 2, 5.0),
        [say.announced(T + 10 + n / 10, spare, GATEWAY[1]) for n in range(5)],
        say.talk(T + 12, VICTIM, (spare, GATEWAY[1]), 2, 5.0),
        [say.announced(T + 30 + n / 10, *GATEWAY) for n in range(5)],
        say.talk(T + 31, VICTIM, GATEWAY, 5, 5.0),
    )
    assert found(frames) == []


@pytest.mark.parametrize("each_s", [15.0, 40.0])
def test_two_routers_that_stand_in_for_each_other_in_turn_are_no_attack(each_s: float) -> None:
    """Keepalived: five announcements at once, and again after 5 s."""
    routers = (GATEWAY[0], "10.0.0.2"), ("02:00:00:00:00:02", "10.0.0.3")
    frames = [list(say.talk(T + n, one, OTHER, 20, 10.0)) for n, one in enumerate(routers)]
    for number in range(4):
        at, mac = T + each_s * number, routers[number % 2][0]
        spoken = [(at + n % 5 / 10 + n // 5 * 5, mac) for n in range(10)]
        frames.append([say.announced(when, by, GATEWAY[1]) for when, by in spoken])
        frames.append(list(say.talk(at + 2, VICTIM, (mac, GATEWAY[1]), 2, 5.0)))
    assert [one for one in found(say.merged(*frames)) if one.kind != "ip_conflict"] == []


@pytest.mark.parametrize(
    "mac",
    ["00:00:5e:00:01:07", "00:00:0c:07:ac:01", "00:07:b4:00:01:01"],
    ids=["VRRP", "HSRP", "GLBP"],
)
def test_virtual_routers_may_announce_as_often_as_they_like(mac: str) -> None:
    frames = say.merged(
        honest(),
        [say.announced(T + second, mac, GATEWAY[1]) for second in range(60)],
        say.talk(T + 3, OTHER, (mac, GATEWAY[1]), 9, 5.0),
    )
    assert found(frames) == []


def test_two_that_answer_for_one_address_are_a_conflict_and_name_nobody() -> None:
    wrong = (OTHER[0], GATEWAY[1])
    frames = say.merged(
        say.talk(T, VICTIM, GATEWAY, 6, 10.0),
        [say.answered(T + 10 * n + 0.004, *wrong, *VICTIM) for n in range(6)],
    )
    [one] = found(frames)
    assert (one.kind, one.source.mac, one.target.role) == ("ip_conflict", b"", "gateway")


@pytest.mark.parametrize("habit", ["announces", "answers unasked", "has a second address"])
def test_a_gateway_with_a_habit_is_not_blamed_when_a_machine_takes_its_address(habit: str) -> None:
    """Many routers guard against spoofing by telling their address each few seconds."""
    frame = {
        "announces": say.announced(0, *GATEWAY)[1],
        "answers unasked": say.answered(0, *GATEWAY, *VICTIM)[1],
        "has a second address": say.asked(0, GATEWAY[0], "10.0.0.2", VICTIM[1])[1],
    }[habit]
    frames = say.merged(
        say.repeated(T, frame, 240, 4.0),
        say.talk(T, VICTIM, GATEWAY, 48, 20.0),
        say.talk(T + 700, VICTIM, (OTHER[0], GATEWAY[1]), 6, 20.0),
    )
    assert [one.kind for one in found(frames, KNOWN)] == ["ip_conflict"]


def test_two_that_both_defend_their_address_by_announcing_are_a_conflict() -> None:
    frames = [say.announced(T + 2 * n, (OTHER, VICTIM)[n % 2][0], VICTIM[1]) for n in range(40)]
    assert [one.kind for one in found(frames)] == ["ip_conflict"]


@pytest.mark.parametrize("operation", [1, 2])
@pytest.mark.parametrize("slower_s", [7.0, 20.0])
def test_two_that_announce_one_address_each_at_its_own_pace_are_a_conflict(
    slower_s: float, operation: int
) -> None:
    frames = say.merged(
        say.repeated(T, say.announced(0, OTHER[0], VICTIM[1], operation)[1], 30, 4.0),
        say.repeated(T + 1, say.announced(0, *VICTIM, operation)[1], 20, slower_s),
        say.repeated(T + 2, say.asked(0, *GATEWAY, VICTIM[1])[1], 20, 6.0),
        say.repeated(T + 2.001, say.answered(0, *VICTIM, *GATEWAY)[1], 20, 6.0),
        say.repeated(T + 2.002, say.answered(0, OTHER[0], VICTIM[1], *GATEWAY)[1], 20, 6.0),
    )
    assert [one.kind for one in found(frames)] == ["ip_conflict"]


def test_two_that_tell_everybody_of_one_address_by_answers_are_a_conflict() -> None:
    frames = say.merged(
        say.arpspoof_all(T, OTHER[0], VICTIM[1], 40),
        say.arpspoof_all(T + 1, *VICTIM, 30),
    )
    assert [one.kind for one in found(frames)] == ["ip_conflict"]


def test_a_service_that_moves_once_and_is_announced_again_and_again_is_nothing() -> None:
    old, new, service = "02:00:00:00:00:31", "02:00:00:00:00:32", "10.0.0.100"
    frames = say.merged(
        say.talk(T, VICTIM, (old, service), 6, 5.0),
        *(
            say.repeated(T + 40 + op, say.announced(0, new, service, op)[1], 6, 1.0)
            for op in (1, 2)
        ),
        say.talk(T + 50, VICTIM, (new, service), 12, 5.0),
    )
    assert found(frames) == []


def refused(at: float, times: int = 1) -> Frames:
    """A machine looks whether an address is free, and its owner answers it alone."""
    told = [say.answered(at + n + 0.001, *VICTIM, OTHER[0], "0.0.0.0") for n in range(times)]
    return say.merged([say.probed(at + n, OTHER[0], VICTIM[1]) for n in range(times)], told)


@pytest.mark.parametrize("looks", [refused(T + 10, 3), [*refused(T + 10), *refused(T + 310)]])
def test_a_machine_that_looks_twice_for_an_address_that_is_taken_is_a_conflict(
    looks: Frames,
) -> None:
    """As when it boots (RFC 5227 §2.1.1), and minutes later."""
    [one] = found(say.merged(honest(), looks))
    assert (one.kind, one.source.mac, one.confidence) == ("ip_conflict", b"", 0.6)


def test_one_look_that_is_refused_is_none_also_where_a_mirror_shows_it_twice() -> None:
    for later_s in (0.0003, 0.1):
        copies = [(at + later_s, frame) for at, frame in refused(T + 10)]
        assert found(say.merged(honest(), refused(T + 10), copies)) == []


def test_a_classroom_of_clones_with_one_address_is_a_conflict() -> None:
    clones = [
        say.announced(T + n / 3 + k, f"02:00:00:00:0c:{n:02x}", "10.0.0.88")
        for n in range(40)
        for k in range(2)
    ]
    assert [one.kind for one in found(say.merged(honest(), clones))] == ["ip_conflict"]


def test_a_bond_that_gives_each_client_its_own_mac_is_no_attack() -> None:
    """Linux bonding, balance-alb: after each question to everybody it tells its clients."""
    first, second = "02:00:00:00:01:01", "02:00:00:00:01:02"
    frames: Frames = []
    for number in range(4):
        at = T + 30 * number
        frames.append(say.asked(at, first, "10.0.0.9", GATEWAY[1]))
        for burst in (1.0, 2.0):
            frames.append(say.answered(at + burst, second, "10.0.0.9", *VICTIM))
            frames.append(say.answered(at + burst, first, "10.0.0.9", *OTHER))
        frames += say.talk(at + 10, VICTIM, (second, "10.0.0.9"))
        frames += say.talk(at + 12, OTHER, (first, "10.0.0.9"))
    assert found(say.merged(frames)) == []


def test_a_router_that_answers_for_many_is_a_proxy() -> None:
    hosts = [f"10.0.1.{last}" for last in range(1, 41)]
    frames = say.merged(
        honest(),
        *(say.talk(T + n, VICTIM, (GATEWAY[0], host)) for n, host in enumerate(hosts)),
    )
    assert found(frames) == []
    assert found(frames, KNOWN) == []


def test_an_address_given_to_another_by_dhcp_is_his() -> None:
    frames = say.merged(
        say.talk(T, GATEWAY, VICTIM, 3),
        [(T + 90, dhcp.answers(*GATEWAY, OTHER[0], dhcp.ACK, yours=VICTIM[1]))],
        [say.announced(T + 91 + n, OTHER[0], VICTIM[1]) for n in range(3)],
        say.talk(T + 95, GATEWAY, (OTHER[0], VICTIM[1]), 3),
    )
    assert found(frames) == []


def test_a_guard_that_tells_the_gateway_its_own_address_each_second_is_no_attack() -> None:
    frames = say.merged(
        say.repeated(T, say.answered(0, *VICTIM, *GATEWAY)[1], 60, 1.0),
        honest(),
        say.talk(T, OTHER, VICTIM),
    )
    assert found(frames) == []


def test_fifty_machines_that_boot_at_once_probe_and_announce_in_peace() -> None:
    frames: Frames = []
    for number in range(50):
        machine = (f"02:00:00:00:05:{number:02x}", f"10.0.0.{100 + number}")
        at = T + number / 50
        frames += [say.probed(at + n, *machine) for n in range(3)]
        frames += [say.announced(at + 3 + 2 * n, *machine) for n in range(2)]
        frames += say.talk(at + 4, machine, GATEWAY, 2)
    assert found(say.merged(frames)) == []


def test_a_sleep_proxy_that_stands_in_for_macs_is_no_attack() -> None:
    proxy = ("02:00:00:00:00:aa", "10.0.0.9")
    frames = say.merged(
        say.talk(T, GATEWAY, proxy, 9),
        *(
            say.talk(T + n, GATEWAY, (f"02:00:00:00:07:{n:02x}", f"10.0.0.{50 + n}"))
            for n in range(5)
        ),
        *(
            [say.announced(T + 40 + n + k / 10, proxy[0], f"10.0.0.{50 + n}") for k in range(3)]
            for n in range(5)
        ),
        *(say.talk(T + 60 + n, GATEWAY, (proxy[0], f"10.0.0.{50 + n}")) for n in range(5)),
        *(
            [say.announced(T + 300 + n, f"02:00:00:00:07:{n:02x}", f"10.0.0.{50 + n}")]
            for n in range(5)
        ),
    )
    assert found(frames) == []


def test_a_mirror_that_shows_only_answers_makes_nobody_an_attacker() -> None:
    frames = [
        say.answered(T + 15 * n + k / 10, *GATEWAY, f"02:00:00:00:08:{k:02x}", f"10.0.0.{50 + k}")
        for n in range(10)
        for k in range(20)
    ]
    assert found(frames) == []


def test_a_mac_that_the_district_allows_may_do_it() -> None:
    allowed = Network(allowed=Allowed(macs=frozenset({mac_bytes(ATTACKER[0])})))
    frames = say.merged(honest(), poison())
    assert named(found(frames)) == BLAMED_WITHOUT_ADDRESS
    assert [one.kind for one in incidents_of(frames, allowed, ("arp_spoof",))] == []


def test_a_flood_of_spoofed_machines_takes_no_more_room_than_some_thousand() -> None:
    incidents = Incidents(lambda incident, stage: None)
    shared = Shared(BARE)
    machines = [one.watch(shared, incidents) for one in (ArpSpoof(), IpConflict())]
    watching = Watching(machines, incidents, shared.learners)

    def rows() -> int:
        return len(shared.contests) + len(shared.gateways)

    def flood(numbers: range) -> None:
        for number in numbers:
            mac, address = b"\x02\x00" + number.to_bytes(4, "big"), b"\x0a" + os.urandom(3)
            to = b"\x02\x01" + (number % 999).to_bytes(4, "big")
            head = (T + number / 1000, number, 0, mac, to)
            watching.take(Arp(*head, 1 + number % 2, mac, address, to, b"\x0a\x00\x00\x01"))
            six = b"\xfe\x80" + mac + bytes(4) + address
            watching.take(Neighbour(*head, six, six, bool(number % 3), mac, False, True))

    flood(range(6000))
    before = rows()
    tracemalloc.start()
    flood(range(6000, 12_000))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows() <= before + 3000
    assert held < 25_000_000


def test_an_attacker_who_changes_his_mac_is_told_of_again() -> None:
    changed = "02:de:ad:00:00:66"
    frames = say.merged(
        honest(times=15),
        poison(times=20),
        say.arpspoof(T + 50, changed, GATEWAY[1], *VICTIM, times=40),
    )
    assert [who for _, who, _ in named(found(frames))] == [ATTACKER[0], changed]


def test_an_attack_before_which_nobody_knew_the_gateway_stays_one_event() -> None:
    gateway = (GATEWAY[0], "10.0.0.7")
    lies = say.merged(
        say.arpspoof(T, ATTACKER[0], gateway[1], *VICTIM, times=30),
        say.arpspoof(T + 0.1, ATTACKER[0], VICTIM[1], *gateway, times=30),
    )
    outside = [
        (
            T + 20 + n,
            over(gateway[0], VICTIM[0], tcp(f"198.51.100.{n}", 443, VICTIM[1], 50_000, SYN)),
        )
        for n in range(1, 9)
    ]
    frames = say.merged(honest(), say.talk(T + 1, VICTIM, gateway), lies, outside)
    [one] = found(frames)
    assert (one.kind, one.start - T < 1, one.count >= 58) == ("gateway_spoof", True, True)
    assert one.target.address == ip_address(gateway[1]).packed


def test_who_answers_as_fast_as_the_gateway_is_no_conflict_before_he_speaks_for_himself() -> None:
    race = say.merged(
        *(
            [
                *say.talk(T + 10 * n, VICTIM, GATEWAY),
                say.answered(T + 10 * n + 0.002, ATTACKER[0], GATEWAY[1], *VICTIM),
            ]
            for n in range(12)
        )
    )
    frames = say.merged(say.talk(T - 5, ATTACKER, OTHER), race, say.talk(T + 40, ATTACKER, OTHER))
    assert named(found(frames)) == BLAMED
