"""Scans are one event each; what ordinary machines do is none."""

import random
from collections.abc import Callable

import pytest

from agent.sensor.incidents import Incident
from agent.sensor.network import Network
from tests.agent.sensor.reading import incidents_of, stages_of
from tests.agent.sensor.scanning import (
    FAR,
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
from tests.packets.connections import (
    Timed,
    accepted,
    half_scanned,
    mac_of,
    merged,
    refused,
    segment,
    silent,
    udp_refused,
    undelivered,
)
from tests.packets.frames import ACK, RST, SYN, tcp, udp

ONLY = ("port_scan", "worm_sweep")
FIN, PSH, URG = 1, 8, 32


def told(frames: Timed, network: Network | None = None) -> list[Incident]:
    return incidents_of(frames, network or school(), ONLY, until=frames[-1][0] + 1000)


def kinds(frames: Timed, network: Network | None = None) -> list[str]:
    return [one.kind for one in told(frames, network)]


def nmap(at: float, client: str, server: str, ports: range, every_s: float = 0.001) -> Timed:
    """A SYN scan of ports that are closed but for 22."""
    return merged(
        *(
            (half_scanned if port == 22 else refused)(
                at + every_s * n, client, 50_000, server, port
            )
            for n, port in enumerate(ports)
        )
    )


# Attacks


@pytest.mark.parametrize(
    ("client", "server"), [(PC, SERVER), ("2001:db8:9::42", "2001:db8:9::a"), (FAR, SERVER)]
)
def test_a_scan_of_every_port_is_one_event_that_names_who_and_whom(
    client: str, server: str
) -> None:
    (scan,) = told(nmap(T, client, server, range(1, 4001)))
    assert (scan.kind, scan.source.address, scan.target.address) == (
        "port_scan",
        packed(client),
        packed(server),
    )
    ours = client != FAR
    assert scan.source.role == ("inside" if ours else "outside")
    assert scan.source.mac == (bytes.fromhex(mac_of(client).replace(":", "")) if ours else b"")
    assert scan.target.mac == bytes.fromhex(mac_of(server).replace(":", ""))
    assert scan.evidence["ports"] == 4000
    assert scan.evidence["targets"] == 1
    assert scan.evidence["refused"] == 3999  # one is open
    assert scan.start == pytest.approx(T, abs=0.1)
    assert scan.last == pytest.approx(T + 4, abs=0.1)


def decoyed(addresses: tuple[str, ...], answered: tuple[str, ...]) -> Timed:
    """`nmap -D`: each question once under each address, all in frames of one machine."""
    frames: Timed = []
    for port in range(1, 200):
        for n, address in enumerate(addresses):
            at = T + port * 0.01 + n * 0.001
            syn = segment(address, 50_000, SERVER, port, SYN, sequence=1000, src=mac_of(PC))
            frames.append((at, syn))
            if address in answered:
                frames.append((at + 0.0005, segment(SERVER, port, address, 50_000, RST | ACK)))
    return frames


@pytest.mark.parametrize(
    ("others", "answered"),
    [
        ((inside(1), inside(2)), ()),  # nobody has these addresses
        ((FAR, outside(7)), (FAR, outside(7))),  # the router takes the answers
        ((inside(1), FAR), (FAR,)),
    ],
)
def test_addresses_that_a_scanner_makes_up_besides_its_own_are_not_accused(
    others: tuple[str, ...], answered: tuple[str, ...]
) -> None:
    (scan,) = told(decoyed((*others, PC), (*answered, PC)))
    assert scan.source.address == packed(PC)
    assert scan.source.mac == bytes.fromhex(mac_of(PC).replace(":", ""))


def test_two_who_scan_one_machine_from_outside_are_two() -> None:
    frames = merged(*(nmap(T, one, SERVER, range(1, 200), 0.01) for one in (FAR, outside(7))))
    assert {one.source.address for one in told(frames)} == {packed(FAR), packed(outside(7))}


def test_a_router_is_not_taken_for_the_machine_behind_it_that_is_scanned() -> None:
    behind = [f"192.168.{n}.9" for n in range(1, 4)]
    (scan,) = incidents_of(
        merged(
            *(accepted(T + n, PC, 40_000, other, 443) for n, other in enumerate(behind)),
            nmap(T + 9, PC, behind[0], range(1, 400)),
        ),
        Network(),
        ONLY,
    )
    assert (scan.target.address, scan.target.mac) == (packed(behind[0]), b"")


@pytest.mark.parametrize("flags", [FIN, 0, FIN | PSH | URG])
def test_a_scan_by_segments_that_no_connection_has(flags: int) -> None:
    frames = [(T + n / 10, segment(PC, 50_000, SERVER, n, flags)) for n in range(1, 40)]
    assert kinds(frames) == ["port_scan"]


def test_a_scan_of_a_machine_that_drops_everything_is_seen_by_its_silence() -> None:
    known = accepted(T, PC, 40_000, OTHER, 443)
    frames = merged(known, *(silent(T + 5 + n / 10, PC, 50_000, SERVER, n) for n in range(1, 60)))
    assert kinds(frames) == ["port_scan"]


def test_a_scan_of_which_only_the_questions_are_visible() -> None:
    frames = [(T + n / 100, segment(PC, 5, SERVER, n, SYN)) for n in range(1, 1000)]
    (scan,) = told(frames)
    assert scan.confidence < 0.7


def test_machines_that_a_monitor_reaches_are_no_sweep_where_no_answer_is_visible() -> None:
    def half(each: Callable[..., Timed]) -> Timed:
        asked = merged(*(each(T + n / 10, MONITOR, 40_000, inside(n), 9100) for n in range(170)))
        return [one for one in asked if one[1][26:30] == packed(MONITOR)]

    assert kinds(half(accepted)) == []
    assert kinds(half(silent)) == ["port_scan"]


def test_ends_of_connections_excuse_nobody_who_is_answered() -> None:
    """A scanner may send what a connection would end with."""
    frames = nmap(T, PC, SERVER, range(1, 3))
    for n in range(3, 100):
        frames.append((T + n, segment(PC, 5, SERVER, n, SYN, sequence=1000)))
        frames.append((T + n + 0.1, segment(PC, 5, SERVER, n, FIN | ACK, sequence=1001)))
    assert kinds(frames) == ["port_scan"]


def test_a_scan_of_which_only_the_refusals_are_visible() -> None:
    frames = nmap(T, PC, SERVER, range(1, 100))
    (scan,) = told([one for one in frames if one[1][6:12] == one[1][6:11] + b"\x0a"])
    assert scan.source.address == packed(PC)


@pytest.mark.parametrize("every_s", [15.0, 60.0, 300.0])
def test_a_slow_scan_is_found_among_what_a_school_does(every_s: float) -> None:
    frames = merged(
        nmap(T, PC, SERVER, range(100, 130), every_s),
        *(web(T, f"192.0.2.{n}", 20, every_s * 1.5, seed=n * 30) for n in range(70, 110)),
    )
    (scan,) = told(frames)
    assert (scan.kind, scan.source.address) == ("port_scan", packed(PC))
    assert scan.last - scan.start == pytest.approx(29 * every_s, rel=0.01)


def test_one_port_of_many_machines_that_no_worm_uses() -> None:
    frames = merged(*(refused(T + n / 50, PC, 50_000, inside(n), 9100) for n in range(150)))
    (scan,) = told(frames)
    assert (scan.kind, scan.target.port, scan.target.role) == ("port_scan", 9100, "inside")
    assert scan.target.address == b""
    assert scan.evidence["targets"] == pytest.approx(150, rel=0.05)


def test_a_port_of_a_whole_net_outside() -> None:
    frames = merged(
        web(T, PC, 1, 1),
        *(
            (accepted if n % 60 == 0 else silent)(T + 2 + n / 100, PC, 50_000, outside(n), 8000)
            for n in range(1000)
        ),
    )
    (scan,) = told(frames)
    assert scan.target.role == "outside"


def test_machines_and_ports_in_any_order_as_masscan_tries_them() -> None:
    chance = random.Random(9)
    pairs = [(inside(chance.randrange(180)), chance.randrange(1, 2000)) for _ in range(1000)]
    frames = merged(*(refused(T + n / 100, PC, 50_000, *pair) for n, pair in enumerate(pairs)))
    assert kinds(frames) == ["port_scan"]


def test_a_scan_that_begins_with_a_port_of_worms_is_still_a_scan() -> None:
    ports = (445, 22, 23, 80, 443, 21, 25, 8080)
    frames = merged(
        *(
            refused(T + round_ + n / 100, PC, 50_000, inside(n), port)
            for round_, port in enumerate(ports)
            for n in range(60)
        )
    )
    assert kinds(frames) == ["port_scan"]


@pytest.mark.parametrize("client", [PC, "2001:db8:9::42"])
def test_closed_ports_of_udp(client: str) -> None:
    server = "2001:db8:9::a" if ":" in client else SERVER
    frames = merged(*(udp_refused(T + n, client, server, 50 + n * 7) for n in range(40)))
    (scan,) = told(frames)
    assert (scan.source.address, scan.target.address) == (packed(client), packed(server))


def test_a_firewall_that_refuses_by_icmp() -> None:
    frames: Timed = []
    for n in range(1, 40):
        packet = tcp(PC, 50_000, SERVER, n, SYN)
        frames.append((T + n / 10, segment(PC, 50_000, SERVER, n, SYN)))
        frames.append(undelivered(T + n / 10 + 0.01, PC, packet, 3))
    assert kinds(frames) == ["port_scan"]


def test_a_scan_that_comes_again_is_another_one_also_of_the_same_ports() -> None:
    again = [one for n in range(3) for one in nmap(T + 200 * n, PC, SERVER, range(1, 101))]
    frames = [*again, *web(T + 900, OTHER, 2, 100)]
    stages = [stage for stage, _ in stages_of(frames, school(), ONLY)]
    assert stages == ["begin", "end"] * 3


def test_two_scanners_are_two_events() -> None:
    frames = merged(nmap(T, PC, SERVER, range(1, 200)), nmap(T, OTHER, SERVER, range(1, 200)))
    assert {one.source.address for one in told(frames)} == {packed(PC), packed(OTHER)}


# What is no attack


def test_a_scanner_of_the_district_may_scan() -> None:
    frames = nmap(T, MONITOR, SERVER, range(1, 1000))
    assert kinds(frames, school(scanners=(MONITOR,))) == []
    assert kinds(frames) == ["port_scan"]


def test_45_web_servers_in_77_seconds() -> None:
    assert kinds(web(T, PC, 45, 77 / 45)) == []


def test_45_web_servers_of_which_only_the_questions_are_visible() -> None:
    frames = [one for one in web(T, PC, 45, 77 / 45) if one[1][11] == 66]
    assert frames
    assert kinds(frames) == []


def test_100_completed_connections() -> None:
    frames = merged(
        *(accepted(T + n / 5, PC, 40_000 + n, inside(n), 1000 + n) for n in range(100)),
        *(accepted(T + n / 5, OTHER, 40_000 + n, outside(n), 8000) for n in range(100)),
    )
    assert kinds(frames) == []


def test_an_application_whose_server_is_down_tries_for_hours() -> None:
    frames = merged(
        web(T, PC, 3, 5),
        *(silent(T + 30 * n, PC, 40_000 + n, SERVER, 8443) for n in range(500)),
        *(refused(T + 10 * n, OTHER, 40_000 + n, SERVER, 8443) for n in range(500)),
    )
    assert kinds(frames) == []


def test_a_class_of_50_machines_boots_at_once() -> None:
    services = [(SERVER, 445), (SERVER, 88), (SERVER, 389), (PRINTER, 9100), (MONITOR, 8530)]
    frames = merged(
        *(
            one
            for n in range(50)
            for one in (
                web(T + n / 50, f"192.0.2.{n + 70}", 8, 0.5, seed=n),
                *(
                    (refused if port == 8530 else accepted)(
                        T + n / 50 + 1, f"192.0.2.{n + 70}", 41_000 + k, server, port
                    )
                    for k, (server, port) in enumerate(services)
                ),
            )
        )
    )
    assert kinds(frames) == []


def test_a_web_server_with_many_clients_some_of_whom_break_off() -> None:
    frames = merged(
        *(
            (half_scanned if n % 3 == 0 else accepted)(
                T + n / 100, outside(n), 1024 + n * 7 % 60_000, SERVER, 443
            )
            for n in range(5000)
        )
    )
    assert kinds(frames) == []


def test_monitoring_of_40_devices_each_minute_of_which_some_are_off() -> None:
    frames = merged(
        *(
            (silent if n < 10 else accepted)(
                T + 60 * minute + n / 2, MONITOR, 40_000 + minute, inside(n), 80
            )
            for minute in range(60)
            for n in range(40)
        )
    )
    assert kinds(frames) == []


def test_all_devices_that_are_monitored_lose_their_power() -> None:
    frames = merged(
        *(
            (silent if minute > 5 else accepted)(
                T + 60 * minute + n / 2, MONITOR, 40_000 + minute, inside(n), 80
            )
            for minute in range(60)
            for n in range(40)
        )
    )
    assert kinds(frames) == []


def test_health_checks_of_a_load_balancer() -> None:
    frames = merged(
        *(
            (refused if n == 3 else half_scanned)(
                T + 2 * check, MONITOR, 30_000 + check, inside(n), 8000 + service
            )
            for check in range(200)
            for n in range(10)
            for service in range(3)
        )
    )
    assert kinds(frames) == []


def test_file_sharing_with_peers_of_whom_most_are_gone() -> None:
    chance = random.Random(1)
    outcomes = (silent, silent, silent, refused, accepted)
    frames = merged(
        web(T, PC, 5, 1),
        *(
            outcomes[n % 5](
                T + 10 + n / 2,
                PC,
                40_000 + n,
                outside(chance.randrange(60_000)),
                chance.choice((6881, 51413, *range(10_000, 60_000, 37))),
            )
            for n in range(2000)
        ),
    )
    assert kinds(frames) == []


def test_services_that_a_country_blocks_are_asked_for_all_day() -> None:
    """A telephone tries some addresses of them on the web's port; nothing else answers it."""
    frames = merged(
        web(T, PC, 2, 1),
        *(silent(T + 10 + 60 * n, PC, 40_000 + n, outside(n % 90), 443) for n in range(500)),
        *(web(T + 60 * n, OTHER, 1, 1) for n in range(500)),
    )
    assert kinds(frames) == []


def test_a_line_that_is_cut_and_restored() -> None:
    """Every machine asks for everything, nobody answers; then all do it again."""
    everybody = [f"192.0.2.{n}" for n in range(70, 100)]
    frames = merged(
        *(web(T, one, 5, 1, seed=n) for n, one in enumerate(everybody)),
        *(
            silent(T + 20 + k / 2 + n / 50, one, 42_000 + k, outside(k + n), 1000 + k % 40)
            for n, one in enumerate(everybody)
            for k in range(150)
        ),
        *(web(T + 200, one, 60, 0.1, seed=n) for n, one in enumerate(everybody)),
    )
    assert kinds(frames) == []


def test_a_resolver_that_answers_too_late_and_a_trace_of_a_route() -> None:
    frames = merged(
        *(
            [undelivered(T + n / 10, SERVER, udp(SERVER, 53, PC, 33_000 + 97 * n, b"?" * 20), 3)]
            for n in range(200)
        ),
        *(
            [undelivered(T + n, OTHER, udp(OTHER, 9, PC, 33_434 + n, b"?" * 20), 3)]
            for n in range(64)
        ),
    )
    assert kinds(frames) == []


def test_a_resolver_that_answers_ports_which_clients_draw_from_all() -> None:
    chance = random.Random(2)
    ports = [chance.randrange(1024, 65_536) for _ in range(300)]
    frames = [
        undelivered(T + n / 10, SERVER, udp(SERVER, 53, PC, port, b"?" * 20), 3)
        for n, port in enumerate(ports)
    ]
    assert kinds(frames) == []


def test_a_file_transfer_opens_a_port_for_each_file() -> None:
    frames = merged(
        accepted(T, PC, 40_000, SERVER, 21, lasts=300),
        *(
            (refused if n % 9 == 0 else accepted)(T + n, PC, 40_001 + n, SERVER, 30_000 + n)
            for n in range(300)
        ),
    )
    assert kinds(frames) == []


def test_a_printer_that_looks_for_its_server() -> None:
    frames = merged(
        *(silent(T + n, PRINTER, 40_000 + n, inside(n % 10), 445 + n % 3) for n in range(90))
    )
    assert kinds(frames) == []


def test_games_and_their_many_servers() -> None:
    frames = merged(
        *(
            (silent if n % 4 == 0 else accepted)(
                T + n / 4, PC, 40_000 + n, outside(n), 27_015 + n % 30
            )
            for n in range(300)
        )
    )
    assert kinds(frames) == []


def test_questions_alone_for_forty_ports_or_for_a_port_of_half_a_network() -> None:
    (down,) = told([(T + n, segment(PC, 50_000, SERVER, n, SYN)) for n in range(1, 41)])
    assert (down.kind, down.target.address, down.confidence) == ("port_scan", packed(SERVER), 0.6)
    (along,) = told(
        [(T + n / 10, segment(PC, 50_000, f"192.0.2.{n}", 8443, SYN)) for n in range(70, 220)]
    )
    assert (along.kind, along.target.port) == ("port_scan", 8443)
    assert (along.count, along.evidence["targets"]) == (150, 150)


def test_a_client_of_a_domain_controller_of_which_only_the_questions_are_visible() -> None:
    ports = (53, 88, 135, 139, 389, 445, 464, 636, 3268, 3269, 5985, 9389, *range(49_664, 49_694))
    assert (
        told([(T + n, segment(PC, 50_000, SERVER, port, SYN)) for n, port in enumerate(ports)])
        == []
    )


def test_a_sweep_of_two_ports_counts_each_machine_once() -> None:
    frames = merged(
        *(
            silent(T + 600 + n / 100, PC, 50_000 + n, outside(n % 254), (80, 443)[n // 254])
            for n in range(508)
        ),
        web(T + 590, PC, 5, 0.1, seed=1000),
        web(T + 595, OTHER, 60, 1.0, seed=2000),
    )
    (one,) = told(frames)
    assert one.evidence["targets"] == pytest.approx(254, abs=4)


def ends(at: float, client: str, client_port: int, server: str, port: int) -> Timed:
    """A system that knows no such connection answers an ACK with a reset."""
    return [
        (at, segment(client, client_port, server, port, ACK, sequence=5)),
        (at + 0.001, segment(server, port, client, client_port, RST, sequence=7)),
    ]


def test_a_scan_by_acknowledgements_of_what_nobody_sent() -> None:
    (one,) = told(merged(*(ends(T + n / 100, PC, 50_000, SERVER, n) for n in range(1, 101))))
    assert (one.kind, one.source.address, one.count) == ("port_scan", packed(PC), 100)
    assert (one.target.address, one.evidence["ports"]) == (packed(SERVER), 100)


def test_connections_of_before_the_capture_that_their_servers_forgot() -> None:
    frames = [ends(T + n, PC, 50_000 + n, inside(n), (22, 443, 445)[n % 3]) for n in range(100)]
    mounts = [ends(T + n, SERVER, 2049, PC, 700 + n) for n in range(100)]
    assert told(merged(*frames, *mounts)) == []


def test_a_scan_of_the_twenty_usual_ports_of_which_five_are_open() -> None:
    """`nmap --top-ports 20`, in its order."""
    usual = (80, 23, 443, 21, 22, 25, 3389, 110, 445, 139, 143, 53, 135, 3306, 8080, 1723, 111)
    ports = (*usual, 995, 993, 5900)
    frames = [
        (half_scanned if port in (21, 22, 23, 80, 3389) else refused)(
            T + n / 100, PC, 50_000, SERVER, port
        )
        for n, port in enumerate(ports)
    ]
    (one,) = told(merged(*frames))
    # The first is forgotten: it was open, and nothing spoke against who tried it.
    assert (one.kind, one.count, one.evidence["refused"]) == ("port_scan", 19, 15)


def test_a_client_of_nfs_that_resets_connections_from_its_reserved_ports() -> None:
    """Linux draws them from 665 to 1023, and mountd listens on a high port."""
    frames = [
        (T + 20 * n, segment(PC, 1000 - n, SERVER, 40_000, RST, sequence=77)) for n in range(20)
    ]
    assert kinds(frames) == []
