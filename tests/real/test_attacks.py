"""The lab itself: what passes its bridge is in the capture, and who should see it does."""

import subprocess
from pathlib import Path

import pytest

from tests.processes import alive
from tests.real import attacks
from tests.real.attacks import Host, lab

pytestmark = [pytest.mark.real("netns", "nmap", "tcpdump")]


def read(path: Path, expression: str) -> int:
    """Return how many frames of the capture tcpdump itself finds for *expression*."""
    tcpdump = attacks.found("tcpdump") or "tcpdump"
    words = [tcpdump, "-nr", str(path), expression]
    return (
        len(subprocess.run(words, capture_output=True, check=True, timeout=60).stdout.split(b"\n"))
        - 1
    )


def scan(attacker: Host, target: str) -> None:
    family = ("-6",) if ":" in target else ()
    attacker.run("nmap", "-n", "-Pn", "-sS", "-p1-50", *family, target)


def test_both_families_pass_the_bridge_and_the_router_and_each_frame_is_captured_once(
    tmp_path: Path,
) -> None:
    attacks.need("nmap", "tcpdump")
    with lab() as net, net.capture(tmp_path / "all.pcap") as path:
        for host in (net.victim, net.outside):
            scan(net.attacker, host.address)
            scan(net.attacker, host.address6)
    for host in (net.victim, net.outside):
        for address in (host.address, host.address6):
            syns = "(tcp[13] & 18 == 2)" if "." in address else "ip6[53] & 18 == 2"
            assert read(path, f"dst host {address} and {syns}") == 50
            assert read(path, f"src host {address} and tcp") == 50


@pytest.mark.parametrize(("hub", "seen"), [(True, 50), (False, 0)])
def test_a_machine_sees_what_others_talk_about_only_on_a_hub(
    hub: bool, seen: int, tmp_path: Path
) -> None:
    attacks.need("nmap", "tcpdump")
    with lab(hub=hub) as net:
        scan(net.attacker, net.victim.address)  # the switch now knows both
        with net.capture(tmp_path / "port.pcap", at=net.watcher) as path:
            scan(net.attacker, net.victim.address)
    assert read(path, f"tcp and dst host {net.victim.address}") == seen


def test_what_was_started_in_the_lab_ends_with_it() -> None:
    attacks.need()
    with lab() as net:
        process = net.victim.start("sh", "-c", "sleep 600 & sleep 600")
        assert alive(process.pid)
    assert not alive(process.pid)
    assert not Path("/run/netns", net.victim.namespace.name).exists()
