"""`schoolwatch sensor read` at a terminal and in a pipe, with a detector whose truth is known."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from agent.sensor import readcli
from agent.sensor.contests import ADDRESSES_MAX
from agent.sensor.explaining import WHY
from agent.sensor.facts import Arp, Fact
from agent.sensor.incidents import Incidents, Party, Sign, Tell
from agent.sensor.network import Network
from agent.sensor.progress import Progress
from agent.sensor.watching import Watching
from core.securitykinds import LOG_KEPT, SECURITY_KINDS
from tests.packets import frames as make
from tests.packets.captures import COOKED, pcap, write_pcap
from tests.packets.cooked import cooked
from tests.packets.pcapng import write_pcapng

ROOT = Path(__file__).parents[3]
ATTACKER, VICTIM = "02:00:00:00:00:09", "02:00:00:00:00:01"
LIE = make.arp(2, ATTACKER, "192.0.2.1", VICTIM, "192.0.2.2")
OTHER = make.over(ATTACKER, VICTIM, make.udp("192.0.2.9", 1, "192.0.2.1", 2, b"x"))
START = 1_790_000_000.25
FRAMES = [
    (START, OTHER),
    *((START + second, LIE) for second in range(1, 4)),
    (START + 300.0, OTHER),
    (START + 301.0, LIE),
]
"""Two attacks: packets 2 to 4 and, minutes later, packet 6."""


@dataclass
class EveryAnswer:
    """Takes each answer of ARP for an attack; for its tests only."""

    incidents: Incidents
    takes: ClassVar[tuple[type[Fact], ...]] = (Arp,)

    def take(self, fact: Arp) -> None:
        if fact.sender == b"\xc0\x00\x02\x63":
            raise ZeroDivisionError("nobody has 99")
        source = Party(b"", fact.sender_mac, 0, "inside")
        target = Party(fact.sender, b"", 0, "gateway")
        self.incidents.sign(
            Sign(
                *("arp_spoof", fact.sender_mac, fact.at, fact.number, source, target),
                vlan=fact.vlan,
            )
        )

    def tick(self, now: float) -> None: ...


def watch(network: Network, tell: Tell, options: Mapping[str, Mapping[str, Any]]) -> Watching:
    incidents = Incidents(tell)
    return Watching([EveryAnswer(incidents)], incidents)


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, list[str], list[str]]:
    code = readcli.main([str(word) for word in words], watch)
    out, err = capsys.readouterr()
    return code, out.splitlines(), err.splitlines()


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return write_pcap(tmp_path / "school.pcap", FRAMES)


def test_each_attack_is_a_line_and_the_last_one_says_how_much_there_was(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, capture)
    attack = "P2  EV-ATK-ARP  a machine poses as another one (ARP spoofing): "
    who = f"{ATTACKER} inside → 192.0.2.1 (gateway)"
    assert (code, err) == (0, [])
    assert out == [
        f"2026-09-21 14:13:21Z +2 s  {attack}{who}; 3 times, 90 % sure",
        f"2026-09-21 14:18:21Z +0 s  {attack}{who}; once, 90 % sure",
        f"{capture}: 6 packets in 5 min 1 s, 10 facts, 2 events",
    ]


def test_for_programs_each_line_is_one_object_and_the_rest_is_said_beside_it(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "--json", capture)
    assert code == 0
    first, second = map(json.loads, out)
    assert first == {
        "code": "EV-ATK-ARP",
        "kind": "arp_spoof",
        "category": "网络攻击/广播欺诈",
        "severity": "P2",
        "start": "2026-09-21T14:13:21.250000Z",
        "end": "2026-09-21T14:13:23.250000Z",
        "source": {"mac": ATTACKER, "role": "inside"},
        "target": {"address": "192.0.2.1", "role": "gateway"},
        "count": 3,
        "confidence": 0.9,
        "evidence": {},
        "packets": [2, 3, 4],
    }
    assert (second["count"], second["packets"]) == (1, [6])
    assert err == [f"{capture}: 6 packets in 5 min 1 s, 10 facts, 2 events"]


def test_why_is_said_in_words_with_the_numbers_of_packets(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(capsys, "--explain", capture)
    assert out[1] == f"    {WHY['arp_spoof']} Packets 2–3 and at last 4 show it."
    assert out[2] == f"    To look at them: tshark -r {capture} -Y 'frame.number in {{2..4}}'"
    _, out, _ = run(capsys, "--explain", "--json", capture)
    assert json.loads(out[1])["why"] == f"{WHY['arp_spoof']} Packet 6 shows it."


def test_every_kind_that_packets_show_can_be_explained() -> None:
    words = {kind.word for kind in SECURITY_KINDS}
    assert set(WHY) <= words
    assert words - set(WHY) == {
        word
        for word in words
        if word.startswith(("firewall_", "sensor_"))
        or word in LOG_KEPT
        or word in ("rogue_ap", "logins_failed", "port_opened", "agent_altered")
    }


def events(capsys: pytest.CaptureFixture[str], path: Path) -> list[dict[str, Any]]:
    code, out, _ = run(capsys, "--json", path)
    assert code == 0
    return [json.loads(one) for one in out]


def test_a_capture_gives_the_same_events_in_every_format(
    capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = events(capsys, capture)
    wrapped = [(at, cooked(frame)) for at, frame in FRAMES]
    assert events(capsys, write_pcapng(tmp_path / "a.pcapng", FRAMES)) == plain
    assert events(capsys, write_pcapng(tmp_path / "b.pcapng", wrapped, COOKED)) == plain
    assert events(capsys, write_pcap(tmp_path / "c.pcap", wrapped, COOKED)) == plain


def test_events_of_a_tagged_network_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tagged = [(at, frame[:12] + b"\x81\0\0\7" + frame[12:]) for at, frame in FRAMES]
    found = events(capsys, write_pcap(tmp_path / "tagged.pcap", tagged))
    assert [one["vlan"] for one in found] == [7, 7]


def test_a_capture_that_is_cut_off_gives_what_it_holds_and_an_error(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture.write_bytes(capture.read_bytes()[:-30])
    code, out, err = run(capsys, capture)
    assert code == 1
    assert len(out) == 2
    assert out[-1].startswith(f"{capture}: 5 packets")
    [said] = err
    assert re.match(rf"{capture}: packet 6, at byte \d+: the file ends in a packet: ", said)


@pytest.mark.parametrize(
    ("name", "said"), [("gone.pcap", "No such file or directory"), ("", "Is a directory")]
)
def test_what_is_not_there_or_a_folder_is_an_error_and_the_next_file_is_read(
    name: str, said: str, capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "--json", tmp_path / name, capture)
    assert (code, len(out)) == (1, 2)
    assert err[0] == f"{tmp_path / name}: {said}"


@pytest.mark.parametrize(("content", "said"), [(b"", "is empty"), (b"hello world", "neither pcap")])
def test_what_is_no_capture_is_an_error_and_the_next_file_is_read(
    content: bytes, said: str, capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = tmp_path / "foreign.pcap"
    foreign.write_bytes(content)
    code, out, err = run(capsys, "--json", foreign, capture)
    assert code == 1
    assert [json.loads(one)["file"] for one in out] == [str(capture)] * 2
    assert err[0].startswith(f"{foreign}: no capture: ")
    assert said in err[0]


def test_frames_that_cannot_be_read_are_counted_by_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = make.over(VICTIM, ATTACKER, b"\x40" + bytes(60))
    code, out, _ = run(
        capsys, write_pcap(tmp_path / "a.pcap", [(1.0, broken), (2.0, broken), (3.0, b"short")])
    )
    assert code == 0
    assert out == [
        f"{tmp_path}/a.pcap: 3 packets in 2 s, 3 facts, 0 events; 3 packets not read further "
        f"(ip_header 2, link_short 1)"
    ]


def test_what_the_detectors_had_no_room_for_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made_up = [
        (
            1 + number / 100,
            make.arp(2, mac, f"10.0.{number >> 8}.{number & 255}", VICTIM, "10.9.9.9"),
        )
        for number in range(1, ADDRESSES_MAX + 501)
        for mac in [f"02:00:00:01:{number >> 8:02x}:{number & 255:02x}"]
    ]
    readcli.main([str(write_pcap(tmp_path / "flood.pcap", made_up))])
    (said,) = re.findall(r"; ([0-9,]+) machines and services forgotten", capsys.readouterr().out)
    assert int(said.replace(",", "")) >= 500


def test_a_link_layer_that_is_not_read_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, write_pcap(tmp_path / "usb.pcap", FRAMES, 220))
    assert code == 1
    assert err == [f"{tmp_path}/usb.pcap: 6 packets of link type 220, which is not read here"]


def test_a_capture_that_kept_too_little_to_tell_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(FRAMES, snap=20))
    code, out, err = run(capsys, path)
    assert code == 1
    assert "0 events; 6 packets not read further (cut 6)" in out[-1]
    assert len(err) == 1
    assert "kept too few bytes of most packets" in err[0]

    path.write_bytes(pcap(FRAMES) + pcap(FRAMES[:2], snap=20)[24:])
    code, out, err = run(capsys, path)
    assert code == 0, "a few that are cut are counted"
    assert "cut 2" in out[-1]


def test_packets_that_are_not_in_order_are_pointed_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, write_pcap(tmp_path / "a.pcap", [*FRAMES[3:], *FRAMES[:3]]))
    assert code == 0
    assert "1 packet older than the one before" in err[0]


def test_a_detector_that_fails_on_a_packet_hides_no_attack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killer = make.arp(2, ATTACKER, "192.0.2.99", VICTIM, "192.0.2.2")
    path = write_pcap(tmp_path / "a.pcap", [(START, killer), *FRAMES])
    code, out, err = run(capsys, path)
    assert code == 1
    assert len(out) == 3
    assert "failed on 1 fact, first at packet 1: ZeroDivisionError" in err[0]


class Terminal:
    def __init__(self) -> None:
        self.said: list[str] = []

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        self.said.append(text)

    def flush(self) -> None: ...


def test_progress_is_said_now_and_then_and_wiped(capture: Path) -> None:
    from agent.sensor.captures import opened

    terminal, at = Terminal(), [0.0]
    progress = Progress(terminal, lambda: at[0])  # type: ignore[arg-type]
    with capture.open("rb") as stream:
        whole = opened("a.pcap", stream)
        progress.show(whole, 100, 1)
        assert terminal.said == []
        at[0] = 1.0
        progress.show(whole, 100, 4096)
        progress.wipe()
        progress.wipe()
    assert terminal.said == ["\r\x1b[Ka.pcap: 24 %, 4,096 packets", "\r\x1b[K"]


def schoolwatch(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "schoolwatch.py", "sensor", *words],
        input=given,
        capture_output=True,
        cwd=ROOT,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_the_front_door_leads_there() -> None:
    assert b"sensor read" in schoolwatch("--help").stdout
    assert schoolwatch("raed").returncode == 2
    assert b"mergecap" in schoolwatch("read", "--help").stdout


def test_standard_input_is_read_as_it_comes() -> None:
    program = (
        "import sys; from tests.agent.sensor.test_readcli import watch; "
        "from agent.sensor.readcli import main; sys.exit(main(['--json', '-'], watch))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(pcap(FRAMES))
    process.stdin.flush()
    # The first attack is over, and told, although the stream goes on.
    first = json.loads(process.stdout.readline())
    process.stdin.close()
    rest = process.stdout.read().splitlines()
    process.stdout.close()
    assert process.wait() == 0
    assert first["packets"] == [2, 3, 4]
    assert [json.loads(one)["packets"] for one in rest] == [[6]]


AGENT = """\
kind = "agent"
identity = { region = "510900", school = "sn-1", agent = "pc-1" }

[sensor]
subnets = ["192.0.2.0/24"]
block_lists = [{ category = "malware", file = "malware.txt" }]

[sensor.allow]
scanners = ["192.0.2.7"]
macs = ["02:00:00:00:00:07"]
"""


def test_a_configuration_gives_networks_exceptions_thresholds_and_lists(
    capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[tuple[Network, Mapping[str, Mapping[str, Any]]]] = []

    def noting(network: Network, tell: Tell, options: Mapping[str, Mapping[str, Any]]) -> Watching:
        given.append((network, options))
        return watch(network, tell, options)

    file = tmp_path / "agent.toml"
    file.write_text(AGENT, encoding="utf-8")
    (tmp_path / "malware.txt").write_text("bad.test\n", encoding="utf-8")
    assert readcli.main(["--config", str(file), str(capture)], noting) == 0
    [(network, options)] = given
    assert [str(subnet) for subnet in network.subnets] == ["192.0.2.0/24"]
    assert network.allowed.scanners == {b"\xc0\x00\x02\x07"}
    assert network.allowed.macs == {b"\x02\0\0\0\0\x07"}
    assert options["worm_sweep"] == {}
    assert options["blocked_names"] == {"malware": [str(tmp_path / "malware.txt")]}

    file.write_text(AGENT.replace("subnets", "subnet"), encoding="utf-8")
    capsys.readouterr()
    assert readcli.main(["--config", str(file), str(capture)], noting) == 2
    assert "subnets" in capsys.readouterr().err
