"""Guessing is one event for each machine and service; people and programs that log in are none."""

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
    SERVER,
    T,
    inside,
    outside,
    packed,
    school,
)
from tests.packets.captures import COOKED, COOKED_2
from tests.packets.connections import (
    Timed,
    accepted,
    half_scanned,
    merged,
    refused,
    segment,
    silent,
)
from tests.packets.cooked import cooked, cooked_2
from tests.packets.frames import ACK, FIN, PSH, RST, SYN

ONLY = ("port_scan", "syn_flood", "worm_sweep", "password_guessing")

LOGIN_BYTES = {22: (1607, 2229), 23: (77, 220), 2323: (77, 220), 21: (60, 188), 3389: (900, 1500)}
"""What failed logins of one connection send and get: hydra 9.4, RDP estimated."""


def told(frames: Timed, network: Network | None = None) -> list[Incident]:
    return incidents_of(frames, network or school(), ONLY, until=frames[-1][0] + 500)


def kinds(frames: Timed, network: Network | None = None) -> list[str]:
    return [one.kind for one in told(frames, network)]


def guesses(
    port: int, tries: int, every_s: float, client: str = PC, *, server: str = SERVER, at: float = T
) -> Timed:
    up, down = LOGIN_BYTES.get(port, (300, 900))
    return merged(
        *(
            accepted(
                *(at + n * every_s, client, 1024 + n % 60_000, server, port),
                up=up + n % 7,
                down=down,
                lasts=2.5,
            )
            for n in range(tries)
        )
    )


# Attacks


@pytest.mark.parametrize(("wrap", "link"), [(cooked, COOKED), (cooked_2, COOKED_2)])
def test_who_guesses_is_named_by_mac_in_a_capture_that_has_no_receivers(
    wrap: Callable[[bytes], bytes], link: int
) -> None:
    plain = guesses(22, 60, 0.5)
    frames = [(at, wrap(frame)) for at, frame in plain]
    (named,) = incidents_of(plain, school(), ONLY)
    (one,) = incidents_of(frames, school(), ONLY, link=link)
    assert (one.kind, one.source.mac) == ("password_guessing", named.source.mac)
    assert one.source.mac


@pytest.mark.parametrize("port", [21, 22, 23, 2323, 3389])
@pytest.mark.parametrize("client", [PC, FAR])
def test_guessing_at_a_service_is_one_event_that_names_who_and_what(port: int, client: str) -> None:
    (one,) = told(guesses(port, 200, 0.5, client))
    assert (one.kind, one.source.address) == ("password_guessing", packed(client))
    assert one.source.mac == (b"\x02\0\0\0\0\x42" if client == PC else b"")
    assert (one.target.address, one.target.port) == (packed(SERVER), port)
    assert one.target.mac == b"\x02\0\0\0\0\x0a"
    assert (one.count, one.evidence["tries"], one.evidence["targets"]) == (200, 200, 1)
    assert one.start == pytest.approx(T)


@pytest.mark.parametrize("seen", [SERVER, PC])
def test_guessing_of_which_only_one_direction_is_visible(seen: str) -> None:
    last = packed(seen)[-1]
    frames = [one for one in guesses(22, 100, 0.5) if one[1][11] == last]
    (one,) = told(frames)
    assert (one.source.address, one.confidence) == (packed(PC), 0.7)


def test_the_packets_that_show_it_are_the_guessers_also_where_guesses_overlap() -> None:
    late = accepted(T, PC, 1000, SERVER, 22, up=1607, down=2229, lasts=25.0)
    frames = merged(late, guesses(22, 30, 1.0))
    [one] = told(frames)
    syns = [n for n, (_, frame) in enumerate(frames, 1) if frame[47] == SYN]
    # `late` began first and ended among the others.
    assert one.numbers == (*syns[:19], syns[-1])


def test_of_guesses_that_only_their_server_shows_its_packets_are_told() -> None:
    frames = [pair for pair in guesses(22, 30, 1.0) if pair[1][26:30] == packed(SERVER)]
    [one] = told(frames)
    ends = [n for n, (_, frame) in enumerate(frames, 1) if frame[47] & FIN]
    assert one.numbers[-1] == ends[-1]


def test_slow_guessing() -> None:
    (one,) = told(guesses(22, 200, 60))
    assert (one.kind, one.confidence) == ("password_guessing", 0.5)


def test_one_guesser_at_several_machines_is_one_event() -> None:
    frames = merged(*(guesses(22, 60, 1.0, server=inside(n)) for n in range(5)))
    (one,) = told(frames)
    assert one.evidence["targets"] == 5


def test_some_guesses_at_each_of_many_machines() -> None:
    frames = merged(*(guesses(22, 6, 50.0, server=inside(n), at=T + n) for n in range(24)))
    (one,) = told(frames)
    assert one.kind == "password_guessing"
    assert one.evidence["targets"] == pytest.approx(24, abs=2)


def test_many_machines_at_one_service_are_one_event_that_names_none_of_them() -> None:
    frames = merged(*(guesses(22, 12, 40.0, outside(n * 300), at=T + n) for n in range(30)))
    (one,) = told(frames)
    assert (one.source.address, one.source.role) == (b"", "outside")
    assert one.target.address == packed(SERVER)
    assert one.evidence["sources"] == pytest.approx(30, abs=3)


def test_pages_of_a_device_of_the_school() -> None:
    frames = merged(
        *(
            accepted(T + n / 20, PC, 1024 + n, SERVER, 80, up=300, down=900, lasts=0.1)
            for n in range(1000)
        )
    )
    assert kinds(frames, school(devices=(SERVER,))) == ["password_guessing"]
    assert kinds(frames) == []


def test_guessing_that_stops_and_begins_again_is_two() -> None:
    frames = [*guesses(23, 60, 1), *guesses(23, 60, 1, at=T + 1000)]
    stages = [stage for stage, _ in stages_of(frames, school(), ONLY, until=T + 2000)]
    assert [one for one in stages if one != "update"] == ["begin", "end"] * 2


def test_a_worm_that_also_guesses_is_a_worm() -> None:
    frames = merged(
        *(refused(T + n / 10, PC, 50_000 + n, inside(n), 23) for n in range(150)),
        guesses(23, 60, 1.0, at=T + 20),
    )
    assert kinds(frames) == ["worm_sweep"]


@pytest.mark.parametrize("port", [21, 22, 23, 3389, 5900])
@pytest.mark.parametrize(("up", "down"), [(300, 1500), (23, 41), (0, 41), (6, 0)])
def test_guesses_that_carry_hardly_anything(port: int, up: int, down: int) -> None:
    frames = merged(
        *(
            accepted(T + n / 2, PC, 1024 + n, SERVER, port, up=up, down=down, lasts=0.3)
            for n in range(120)
        )
    )
    (one,) = told(frames)
    assert (one.kind, one.count) == ("password_guessing", 120)
    assert (one.source.address, one.target.address) == (packed(PC), packed(SERVER))


def test_guesses_that_end_with_a_reset_after_a_banner() -> None:
    frames = merged(
        *(
            [
                *accepted(T + n / 2, PC, 1024 + n, SERVER, 22, up=21)[:4],
                (T + n / 2 + 0.1, segment(PC, 1024 + n, SERVER, 22, RST, sequence=1022)),
            ]
            for n in range(60)
        )
    )
    (one,) = told(frames)
    assert (one.kind, one.count, one.confidence) == ("password_guessing", 60, 0.6)


def test_guesses_of_a_capture_whose_sequence_numbers_mean_nothing() -> None:
    frames = merged(
        *(
            [
                (T + n, segment(PC, 1024 + n, SERVER, 22, SYN)),
                (T + n + 0.01, segment(SERVER, 22, PC, 1024 + n, SYN | ACK)),
                (T + n + 0.02, segment(PC, 1024 + n, SERVER, 22, ACK | PSH, payload=b"x" * 20)),
                (T + n + 0.03, segment(PC, 1024 + n, SERVER, 22, FIN | ACK)),
            ]
            for n in range(60)
        )
    )
    (one,) = told(frames)
    assert (one.kind, one.count) == ("password_guessing", 60)


# What is no attack


def test_a_monitor_that_reads_the_banners_of_ssh_once_a_minute() -> None:
    frames = merged(
        *(
            accepted(T + 60 * minute + n, MONITOR, 1024 + minute, inside(n), 22, up=21, down=41)
            for minute in range(200)
            for n in range(30)
        )
    )
    assert kinds(frames) == []


def test_a_backup_of_15_short_connections() -> None:
    frames = merged(*(guesses(22, 15, 2.0, at=T + run * 600) for run in range(5)))
    assert kinds(frames) == []


def test_a_scan_that_finds_the_port_open_is_a_scan() -> None:
    frames = merged(
        *(refused(T + n / 100, PC, 50_000, SERVER, n) for n in range(100, 300)),
        *(half_scanned(T + 1 + n, PC, 50_000 + n, SERVER, 22) for n in range(3)),
    )
    assert kinds(frames) == ["port_scan"]


def test_a_teacher_who_mistypes_and_gets_in() -> None:
    frames = merged(
        guesses(3389, 8, 6),
        accepted(T + 60, PC, 50_000, SERVER, 3389, up=200_000, down=9_000_000, lasts=2700),
        guesses(3389, 15, 10, at=T + 3000),
    )
    assert kinds(frames) == []


def test_ssh_to_20_servers_by_the_teacher_of_the_school_and_by_his_script() -> None:
    frames = merged(
        *(
            accepted(
                *(T + 3 * n + run * 120, OTHER, 40_000 + n, inside(n), 22),
                up=90_000,
                down=12_000,
                lasts=20,
            )
            for n in range(20)
            for run in range(10)
        ),
        *(guesses(22, 3, 300, OTHER, server=inside(n), at=T + n) for n in range(20)),
    )
    assert kinds(frames) == []


def test_100_files_that_are_copied_by_ssh_one_by_one() -> None:
    frames = merged(
        *(
            accepted(T + n, OTHER, 40_000 + n, SERVER, 22, up=20_000 + 999 * n, down=4000)
            for n in range(100)
        )
    )
    assert kinds(frames) == []


def test_monitoring_looks_every_minute_whether_40_services_answer() -> None:
    chance = random.Random(7)
    frames = merged(
        *(
            accepted(
                *(T + 60 * minute + n, MONITOR, chance.randrange(1024, 65_535), inside(n), port),
                up=sent,
                down=40,
                lasts=0.2,
            )
            for minute in range(150)
            for n in range(8)
            for port, sent in ((22, 23), (23, 0), (3389, 0), (21, 6))
        )
    )
    assert kinds(frames) == []


def test_health_checks_of_a_load_balancer_every_two_seconds() -> None:
    frames = merged(
        *(half_scanned(T + 2 * n, MONITOR, 1024 + n, SERVER, 22) for n in range(600)),
        *(accepted(T + 2 * n, MONITOR, 1024 + n, SERVER, 3389, up=0, down=0) for n in range(600)),
    )
    assert kinds(frames) == []


def test_a_camera_that_puts_a_picture_on_a_server_every_two_seconds() -> None:
    frames = merged(
        *(
            one
            for n in range(300)
            for one in (
                accepted(T + 2 * n, PC, 1024 + 2 * n, SERVER, 21, up=95, down=400, lasts=1),
                accepted(
                    T + 2 * n + 0.5, PC, 1025 + 2 * n, SERVER, 40_000 + n, up=60_000, lasts=0.3
                ),
            )
        )
    )
    assert kinds(frames) == []


def test_a_class_of_50_begins_to_work_on_one_server() -> None:
    frames = merged(
        *(guesses(22, 2, 8.0, inside(n), at=T + n / 5) for n in range(50)),
        *(
            accepted(T + 30 + n / 5, inside(n), 50_000, SERVER, 22, up=30_000, lasts=2000)
            for n in range(50)
        ),
    )
    assert kinds(frames) == []


def test_a_browser_on_the_page_of_a_switch() -> None:
    frames = merged(
        *(
            accepted(T + n / 20 + page * 20, PC, 1024 + n, SERVER, 80, up=400, down=3000, lasts=0.2)
            for n in range(40)
            for page in range(5)
        )
    )
    assert kinds(frames, school(devices=(SERVER,))) == []


def test_logins_that_nobody_answers() -> None:
    frames = merged(
        *(silent(T + 2 * n, PC, 1024 + n, SERVER, 22) for n in range(200)),
        *(refused(T + 2 * n, OTHER, 1024 + n, SERVER, 22) for n in range(200)),
    )
    assert kinds(frames) == []


def test_a_scanner_of_the_district_may_try_logins() -> None:
    assert kinds(guesses(22, 200, 0.5, MONITOR), school(scanners=(MONITOR,))) == []


HYDRA_S = (0.0, 0.37, 0.37, 0.38, 0.38, 32.6, 32.62, 32.64, 32.65)
"""When `hydra -t 4 -P WORDS ssh://…` with 60 words began its connections, six passwords each."""


def hydra(server: str, *, up: int = 1551, lasts: float = 0.25) -> Timed:
    return merged(
        *(
            accepted(T + at, PC, 40_000 + n, server, 22, up=up, down=2229, lasts=lasts)
            for n, at in enumerate(HYDRA_S)
        )
    )


def test_a_list_of_sixty_words_in_nine_connections() -> None:
    (one,) = told(hydra(SERVER))
    assert (one.kind, one.count, one.confidence) == ("password_guessing", 9, 0.7)
    assert (one.source.address, one.target.address, one.target.port) == (
        packed(PC),
        packed(SERVER),
        22,
    )


def test_submodules_that_git_fetches_four_at_a_time() -> None:
    assert told(hydra(FAR, up=2800)) == []


# What OpenSSH 9.2 sends and gets by its own key exchange (sntrup761), 25 times a minute: a command
# with a key of each kind, and three passwords that are wrong.
@pytest.mark.parametrize(
    ("up", "down", "kinds"),
    [
        pytest.param(4517, 3905, [], id="a command with an RSA key"),
        pytest.param(3669, 3741, [], id="a command and its environment"),
        pytest.param(3477, 3545, [], id="a command with an Ed25519 key"),
        pytest.param(3217, 3117, ["password_guessing"], id="three passwords"),
    ],
)
def test_commands_by_ssh_one_after_another_are_no_guesses(
    up: int, down: int, kinds: list[str]
) -> None:
    frames = [
        accepted(T + 2.3 * n, PC, 40_000 + n, SERVER, 22, up=up, down=down, lasts=2.0)
        for n in range(100)
    ]
    assert [one.kind for one in told(merged(*frames))] == kinds


def test_a_client_of_ftp_with_ten_connections_at_a_time_each_with_its_files() -> None:
    logins = [accepted(T + n / 100, PC, 30_000 + n, SERVER, 21, lasts=60.0) for n in range(10)]
    files = [accepted(T + 1 + n, PC, 31_000 + n, SERVER, 50_000 + n) for n in range(50)]
    assert told(merged(*logins, *files)) == []
