"""A device that is managed in the clear is one finding; it never says who manages it."""

from typing import Any

import pytest

from agent.sensor.incidents import Incident, Party
from agent.sensor.network import Network
from tests.agent.sensor.reading import incidents_of
from tests.agent.sensor.scanning import FAR, MONITOR, OTHER, PC, SERVER, T, inside, packed, school
from tests.agent.sensor.test_password_guessing import guesses
from tests.packets.connections import Timed, accepted, mac_of, merged, refused, udp_refused
from tests.packets.frames import over, udp
from tests.packets.snmp import GET, RESPONSE, V1, V2C, message

ONLY = ("port_scan", "worm_sweep", "password_guessing", "cleartext_login")


def told(frames: Timed, network: Network | None = None, **options: Any) -> list[Incident]:
    chosen: dict[str, dict[str, Any]] = {word: {} for word in ONLY} | {"cleartext_login": options}
    return incidents_of(frames, network or school(), options=chosen, until=frames[-1][0] + 200)


def polled(
    at: float, device: str, community: str, *, answers: bool = True, version: int = V2C
) -> Timed:
    def sent(source: str, source_port: int, target: str, port: int, kind: int) -> bytes:
        packet = udp(source, source_port, target, port, message(community, version, kind))
        return over(mac_of(source), mac_of(target), packet)

    asked = (at, sent(MONITOR, 40_000, device, 161, GET))
    answer = (at + 0.01, sent(device, 161, MONITOR, 40_000, RESPONSE))
    return [asked, answer] if answers else [asked]


def telnet(at: float, client: str, server: str, up: int = 120, lasts: float = 60.0) -> Timed:
    return accepted(at, client, 40_000, server, 23, up=up, down=3000, lasts=lasts)


# Findings


@pytest.mark.parametrize(("community", "version"), [("public", V1), ("private", V2C)])
def test_a_device_that_answers_to_a_community_of_all_is_one_finding(
    community: str, version: int
) -> None:
    frames = merged(*(polled(T + 30 * n, SERVER, community, version=version) for n in range(500)))
    (one,) = told(frames)
    assert (one.kind, one.target.address, one.target.port) == (
        "cleartext_login",
        packed(SERVER),
        161,
    )
    assert one.target.mac == b"\x02\0\0\0\0\x0a"
    assert one.source == Party()
    assert one.count == pytest.approx(500, abs=3)


def test_each_device_is_a_finding_of_its_own() -> None:
    frames = merged(*(polled(T + n, inside(n), "public") for n in range(20)))
    assert len({one.target.address for one in told(frames)}) == 20


def test_a_session_of_telnet_is_one_finding_for_its_device_however_often() -> None:
    frames = merged(
        *(telnet(T + 600 * n, client, SERVER) for n, client in enumerate((PC, OTHER, PC)))
    )
    (one,) = told(frames)
    assert (one.target.address, one.target.port, one.count) == (packed(SERVER), 23, 3)
    assert one.target.mac == b"\x02\0\0\0\0\x0a"
    assert one.source == Party()


@pytest.mark.parametrize("lasts", [0.5, 3.0])
def test_a_session_of_telnet_that_is_short(lasts: float) -> None:
    (one,) = told(telnet(T, PC, SERVER, up=24, lasts=lasts))
    assert (one.kind, one.target.port, one.confidence) == ("cleartext_login", 23, 0.9)


def test_questions_alone_are_a_finding_that_is_less_sure() -> None:
    asked = merged(*(polled(T + 60 * n, SERVER, "public", answers=False) for n in range(5)))
    (one,) = told(asked)
    assert (one.target.address, one.target.port, one.confidence) == (packed(SERVER), 161, 0.6)
    assert one.target.mac == b"\x02\0\0\0\0\x0a"
    (one,) = told([*asked, *polled(T + 400, SERVER, "public")])
    assert one.confidence == 0.9


def test_a_finding_ends_when_the_device_is_mended_and_begins_anew() -> None:
    frames = [*polled(T, SERVER, "public"), *polled(T + 90_000, SERVER, "public")]
    assert [one.start for one in told(frames)] == [
        pytest.approx(T + 0.01),
        pytest.approx(T + 90_000.01),
    ]


def test_pages_of_devices_where_somebody_wants_to_know() -> None:
    frames = accepted(T, PC, 40_000, SERVER, 80, up=6000, down=90_000)
    network = school(devices=(SERVER,))
    assert [one.target.port for one in told(frames, network, web_bytes=2000)] == [80]
    assert told(frames, network) == []
    assert told(frames, web_bytes=2000) == []


# What is none


def test_a_community_that_is_not_of_all() -> None:
    assert told(merged(*(polled(T + n, SERVER, "s3cret-9") for n in range(50)))) == []


def test_a_device_that_does_not_answer_where_others_do() -> None:
    frames = merged(
        *(polled(T + n, SERVER, "s3cret-9") for n in range(50)),
        *(polled(T + n, OTHER, "public", answers=False) for n in range(50)),
    )
    assert told(frames) == []


def test_questions_to_many_devices_that_nobody_answers() -> None:
    frames = merged(*(polled(T + n, inside(n), "public", answers=False) for n in range(50)))
    assert told(frames) == []


def test_telnet_to_the_outside_is_not_ours_to_mend() -> None:
    assert told(telnet(T, PC, FAR)) == []


def test_a_look_whether_telnet_answers() -> None:
    frames = merged(
        *(telnet(T + 60 * n, MONITOR, inside(n), up=0, lasts=0.2) for n in range(40)),
        *(telnet(T + 60 * n, MONITOR, inside(n), up=9, lasts=6) for n in range(40)),
    )
    assert told(frames) == []


def test_who_guesses_by_telnet_is_told_once_and_as_what_it_is() -> None:
    assert [one.kind for one in told(guesses(23, 60, 1.0))] == ["password_guessing"]


def test_a_question_that_a_device_refuses() -> None:
    (at, asked), *_ = polled(T, SERVER, "public", answers=False)
    assert told([(at, asked), *udp_refused(at + 0.001, MONITOR, SERVER, 161)]) == []


def test_a_question_of_a_scanner_of_ports() -> None:
    scan = merged(*(refused(T + n / 10, MONITOR, 50_000, SERVER, 1000 + n) for n in range(60)))
    frames = merged(polled(T + 5, SERVER, "public", answers=False), scan)
    assert [one.kind for one in told(frames)] == ["port_scan"]
