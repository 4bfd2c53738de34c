"""`sensor read` with the detectors that ship: three attacks of a morning, captured in every way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.sensor import readcli
from tests.agent.sensor.test_readcli import schoolwatch
from tests.packets import dhcp, dns
from tests.packets import frames as make
from tests.packets.captures import COOKED, COOKED_2, ETHERNET, write_pcap
from tests.packets.cooked import cooked, cooked_2
from tests.packets.pcapng import pcapng, write_pcapng
from tests.packets.wireless import FROM_DS, RADIOTAP, data_frame, radiotap

Frames = list[tuple[float, bytes]]

ATTACKER, GATEWAY, PUPIL = "02:00:00:00:00:09", "02:00:00:00:00:01", "02:00:00:00:00:02"
NOBODY = "00:00:00:00:00:00"
START = 1_790_000_000.0


def asks_for_the_gateway(at: float) -> Frames:
    """A machine looks for the way out, and the way out answers: RFC 826."""
    return [
        (at, make.arp(1, PUPIL, "192.0.2.2", NOBODY, "192.0.2.1")),
        (at + 0.001, make.arp(2, GATEWAY, "192.0.2.1", PUPIL, "192.0.2.2")),
    ]


def poses_as_the_gateway(at: float) -> Frames:
    """As arpspoof of dsniff does: the same answer that nobody asked for every 2 s."""
    lie = make.arp(2, ATTACKER, "192.0.2.1", PUPIL, "192.0.2.2")
    return [(at + 2 * number, lie) for number in range(30)]


def scans(at: float) -> Frames:
    """As nmap -sS does, of a machine where every port is closed."""
    found: Frames = []
    for port in range(1, 400):
        asked = make.tcp("192.0.2.9", 40_000, "192.0.2.2", port, make.SYN)
        refused = make.tcp("192.0.2.2", port, "192.0.2.9", 40_000, make.RST | make.ACK)
        found.append((at + port / 100, make.over(ATTACKER, PUPIL, asked)))
        found.append((at + port / 100 + 0.001, make.over(PUPIL, ATTACKER, refused)))
    return found


def serves_addresses(at: float) -> Frames:
    """A router that somebody brought: it sends its clients to itself."""
    ours: dict[str, Any] = {
        "routers": ("192.0.2.1",),
        "resolvers": ("192.0.2.1",),
        "yours": "192.0.2.2",
    }
    theirs: dict[str, Any] = {
        "routers": ("192.0.2.9",),
        "resolvers": ("192.0.2.9",),
        "yours": "192.0.2.77",
    }
    found: Frames = []
    for number in range(5):
        client = f"02:00:00:00:01:{number:02x}"
        found.append((at + number, dhcp.asks(client, transaction=number)))
        for server_mac, server, leads in (
            (GATEWAY, "192.0.2.1", ours),
            (ATTACKER, "192.0.2.9", theirs),
        ):
            answer = dhcp.answers(server_mac, server, client, transaction=number, **leads)
            found.append((at + number + 0.01 * (1 + (server == "192.0.2.9")), answer))
    return found


def lesson(at: float) -> Frames:
    """Names and pages, as every machine asks for them."""
    found: Frames = []
    ends: dict[str, Any] = {
        "mac": PUPIL,
        "source": "192.0.2.2",
        "resolver_mac": GATEWAY,
        "resolver": "192.0.2.1",
    }
    for number in range(20):
        name = f"www{number}.school.test"
        found.append((at + number, dns.asked(name, **ends)))
        found.append((at + number + 0.01, dns.answered(name, data=(bytes(4),), **ends)))
        for step, (src, dst, packet) in enumerate(connection(50_000 + number)):
            found.append((at + number + 0.02 + step / 100, make.over(src, dst, packet)))
    return found


def connection(port: int) -> list[tuple[str, str, bytes]]:
    """One that is begun, used and ended: RFC 9293."""
    here, there = ("192.0.2.2", port), ("198.51.100.7", 443)
    out = [make.tcp(*here, *there, flags) for flags in (make.SYN, make.ACK, make.FIN | make.ACK)]
    back = [make.tcp(*there, *here, flags) for flags in (make.SYN | make.ACK, make.FIN | make.ACK)]
    return [
        (PUPIL, GATEWAY, out[0]),
        (GATEWAY, PUPIL, back[0]),
        (PUPIL, GATEWAY, out[1]),
        (PUPIL, GATEWAY, out[2]),
        (GATEWAY, PUPIL, back[1]),
    ]


BENIGN = sorted(
    [frame for second in range(0, 600, 60) for frame in asks_for_the_gateway(START + second)]
    + lesson(START + 5)
    + lesson(START + 500),
    key=lambda frame: frame[0],
)
MORNING = sorted(
    BENIGN + poses_as_the_gateway(START + 30) + scans(START + 200) + serves_addresses(START + 300),
    key=lambda frame: frame[0],
)


def found_in(path: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    assert readcli.main(["--json", str(path)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_three_attacks_are_three_objects_and_each_names_the_attacker(tmp_path: Path) -> None:
    done = schoolwatch("read", "--json", "-", given=pcapng(MORNING))
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(one["kind"] for one in told) == ["gateway_spoof", "port_scan", "rogue_dhcp"]
    assert {one["source"]["mac"] for one in told} == {ATTACKER}
    spoof, scan, rogue = sorted(told, key=lambda one: one["start"])
    assert spoof["target"]["address"] == "192.0.2.1"
    assert (scan["source"]["address"], scan["target"]["address"]) == ("192.0.2.9", "192.0.2.2")
    assert rogue["code"] == "EV-ATK-ARP"
    by_number = dict(enumerate(MORNING, 1))
    for one in told:
        assert {by_number[number][1][6:12].hex(":") for number in one["packets"]} <= {
            ATTACKER,
            PUPIL,
        }


def test_a_lesson_is_no_attack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert found_in(write_pcap(tmp_path / "lesson.pcap", BENIGN), capsys) == []


def tagged(frame: bytes) -> bytes:
    return frame[:12] + b"\x88\xa8\0\x07\x81\0\0\x09" + frame[12:]


@pytest.mark.parametrize(
    ("wrap", "link"),
    [
        (tagged, ETHERNET),
        (cooked, COOKED),
        (cooked_2, COOKED_2),
        (lambda frame: radiotap(data_frame(frame, FROM_DS)), RADIOTAP),
    ],
    ids=["in two tags", "cooked", "cooked 2", "from the air"],
)
def test_the_same_attacks_are_found_however_they_were_captured(
    wrap: Callable[[bytes], bytes], link: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = found_in(write_pcap(tmp_path / "plain.pcap", MORNING), capsys)
    frames = [(at, wrap(frame)) for at, frame in MORNING]
    wrapped = found_in(write_pcapng(tmp_path / "wrapped.pcapng", frames, link), capsys)
    vlan = {"vlan": 7} if wrap is tagged else {}
    assert wrapped == [{**one, **vlan} for one in plain]
