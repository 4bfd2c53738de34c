"""The tools themselves in a network of namespaces: arpspoof, nmap, and two machines of one address.

Watch it work: pytest tests/agent/sensor/test_spoofing_for_real.py --basetemp=/tmp/see, then
`schoolwatch sensor read --explain` on the captures there.
"""

import sys
import time
from ipaddress import ip_address
from pathlib import Path

import pytest

from agent.sensor.captures.opening import opened
from agent.sensor.incidents import Incident
from agent.sensor.network import Network
from agent.sensor.reading import Tally, read_capture
from agent.sensor.watching import watching
from tests.packets.frames import mac_bytes
from tests.real import attacks
from tests.real.attacks import Host, lab

WORDS = (
    *("arp_spoof", "ip_conflict", "arp_sweep", "mac_flapping", "broadcast_storm", "new_device"),
)


def found(path: Path, network: Network | None = None) -> list[Incident]:
    told: list[Incident] = []
    at_work = watching(
        network or Network(),
        lambda incident, stage: told.append(incident) if stage == "end" else None,
        {word: {} for word in WORDS},
    )
    with path.open("rb") as stream:
        read_capture(opened(path.name, stream), at_work, Tally())
    return told


TALK = """
import socket, sys, time
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[2])):
    try:
        out.sendto(b"?", (sys.argv[1], 9))
    except OSError:
        pass  # nobody has the address at the moment
    time.sleep(0.5)
"""
"""Has the kernel ask for an address, and again when it forgets."""


def talking(to: str, times: int = 600) -> tuple[str, ...]:
    return sys.executable, "-c", TALK, to, str(times)


def talking6(to: str) -> tuple[str, ...]:
    return sys.executable, "-c", TALK.replace("AF_INET", "AF_INET6"), to, "600"


def whose(host: Host) -> tuple[bytes, bytes]:
    return mac_bytes(host.mac), ip_address(host.address).packed


@pytest.mark.real("netns", "tcpdump", "arpspoof")
@pytest.mark.slow
@pytest.mark.parametrize("both", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("late", [False, True], ids=["from before", "from the middle"])
def test_arpspoof_is_named_and_its_end_blames_nobody_else(
    tmp_path: Path, both: bool, late: bool
) -> None:
    attacks.need("tcpdump", "arpspoof")
    with lab() as net:
        ways = [(net.victim, net.router), (net.router, net.victim)][: 1 + both]
        net.victim.start(*talking(net.router.address))

        def attack() -> None:
            for to, posed in ways:
                words = ("-c", "both", "-i", "eth0", "-t", to.address, posed.address)
                net.attacker.start("arpspoof", *words)

        if late:
            attack()
            time.sleep(4)
        with net.capture(tmp_path / "arpspoof.pcap") as path:
            if not late:
                time.sleep(1)
                attack()
            time.sleep(9)
            net.victim.namespace.ip("neigh flush all")
            time.sleep(5)
            net.attacker.stop()
            time.sleep(3)
            net.victim.stop()
    [one] = found(path)
    assert one.kind == "gateway_spoof"
    assert one.source.mac == mac_bytes(net.attacker.mac)
    assert one.source.address in (ip_address(net.attacker.address).packed, b"")
    assert (one.target.mac, one.target.address) == whose(net.router)


@pytest.mark.real("netns", "tcpdump", "nmap")
def test_nmap_that_looks_who_is_there_is_a_sweep(tmp_path: Path) -> None:
    attacks.need("tcpdump", "nmap")
    with lab() as net, net.capture(tmp_path / "sweep.pcap") as path:
        net.attacker.run("nmap", "-n", "-sn", "--max-retries", "0", "192.0.2.0/24")
    [one] = found(path)
    assert one.kind == "arp_sweep"
    assert (one.source.mac, one.source.address) == whose(net.attacker)
    assert one.count > 200


@pytest.mark.real("netns", "tcpdump")
def test_two_machines_that_were_given_one_address_are_a_conflict_that_names_neither(
    tmp_path: Path,
) -> None:
    attacks.need("tcpdump")
    with lab(victims=2) as net, net.capture(tmp_path / "conflict.pcap") as path:
        for host in net.victims:
            host.namespace.ip("addr add 192.0.2.99/24 dev eth0")
        for _ in range(3):
            net.attacker.namespace.ip("neigh flush all")
            net.attacker.run(*talking("192.0.2.99", 1))
    [one] = found(path)
    assert (one.kind, one.source.mac, one.source.address) == ("ip_conflict", b"", b"")
    assert one.evidence["doubled"] == 3


@pytest.mark.real("netns", "tcpdump")
def test_an_address_that_fails_over_is_neither(tmp_path: Path) -> None:
    """As keepalived does it without virtual MACs: the new one announces, the old one has let go."""
    attacks.need("tcpdump")
    with lab(victims=2) as net, net.capture(tmp_path / "failover.pcap") as path:
        net.attacker.start(*talking("192.0.2.99"))
        for holder in net.victims:
            holder.namespace.ip("addr add 192.0.2.99/24 dev eth0")
            net.attacker.namespace.ip("neigh flush all")
            time.sleep(2)
            holder.namespace.ip("addr del 192.0.2.99/24 dev eth0")
        net.attacker.stop()
    assert found(path) == []


@pytest.mark.real("netns", "tcpdump", "thc-ipv6")
@pytest.mark.slow
def test_fake_advertise6_that_poses_as_the_router_is_named(tmp_path: Path) -> None:
    attacks.need("tcpdump", "atk6-fake_advertise6")
    with lab() as net, net.capture(tmp_path / "advertise.pcap") as path:
        time.sleep(2)  # until nobody else has its address
        net.router.start(*talking6(net.victim.address6))
        net.victim.start(*talking6(net.router.address6))
        time.sleep(1)
        words = ("-w", "1", "eth0", net.router.address6, net.victim.address6, net.attacker.mac)
        net.attacker.start("atk6-fake_advertise6", *words)
        for _ in range(4):
            time.sleep(2)
            net.victim.namespace.ip("-6 neigh flush all")
        for host in (net.attacker, net.victim, net.router):
            host.stop()
    [one] = found(path)
    assert one.kind in ("gateway_spoof", "arp_spoof")
    assert one.source.mac == mac_bytes(net.attacker.mac)
    assert one.target.address == ip_address(net.router.address6).packed
