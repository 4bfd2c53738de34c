"""Real servers, routers and tools in a small network, and what its capture shows of them."""

import time
from collections.abc import Iterable
from pathlib import Path
from subprocess import Popen

import pytest

from agent.sensor.captures import opened
from agent.sensor.incidents import Incident
from agent.sensor.network import Network
from agent.sensor.reading import Tally, read_capture
from agent.sensor.watching import watching
from tests.packets.addresses import written
from tests.real import attacks
from tests.real.attacks import Host, lab
from tests.waiting import until_sync

ALL = ("rogue_dhcp", "dhcp_starvation", "rogue_ra", "dns_tunnel", "blocked_names", "mining_pool")


def told(path: Path, words: Iterable[str] = ALL) -> list[Incident]:
    ended: list[Incident] = []
    at_work = watching(
        Network(),
        lambda incident, stage: ended.append(incident) if stage == "end" else None,
        {word: {} for word in words},
    )
    tally = Tally()
    with path.open("rb") as file:
        read_capture(opened(str(path), file), at_work, tally)
    assert (tally.defects, dict(tally.malformed)) == (0, {})
    return ended


def sources(incidents: list[Incident]) -> list[tuple[str, str, str]]:
    return [(one.kind, written(one.source.address), one.source.mac.hex(":")) for one in incidents]


def serves(host: Host, folder: Path, begin: int, *options: str) -> "Popen[bytes]":
    """Start a DHCP server with eight addresses from *begin* on, and wait until it listens."""
    log = folder / f"{host.address}.log"
    process = host.start(
        *("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--no-ping"),
        *("--interface=eth0", "--bind-interfaces", "--log-facility=-", "--user=root"),
        *(f"--dhcp-leasefile={folder / host.address}.leases", "--pid-file="),
        f"--dhcp-range=192.0.2.{begin},192.0.2.{begin + 120},1h",
        *options,
        log=log,
    )
    until_sync(lambda: b"DHCP, sockets bound" in log.read_bytes() or process.poll() is not None)
    assert process.poll() is None, log.read_text()
    return process


def discovers(host: Host) -> None:
    """Let a client ask once, from a MAC of its own, and hear every answer."""
    said = host.run(
        *("nmap", "--script", "broadcast-dhcp-discover", "--script-args"),
        *("broadcast-dhcp-discover.timeout=2,mac=random", "-e", "eth0"),
    )
    assert "DHCPOFFER" in said


@pytest.mark.real("netns", "tcpdump", "nmap", "dnsmasq")
def test_a_second_dnsmasq_with_another_router_is_named_and_one_with_the_same_is_not(
    tmp_path: Path,
) -> None:
    attacks.need("tcpdump", "nmap", "dnsmasq")
    with lab() as net, net.capture(tmp_path / "all.pcap") as path:
        same = f"--dhcp-option=3,{net.router.address}"
        serves(net.router, tmp_path, 20, same)
        pair = serves(net.watcher, tmp_path, 20, same)
        discovers(net.victim)
        attacks.stop(pair)
        time.sleep(6)  # so much later it came: the tools ask too seldom to show it otherwise
        serves(net.attacker, tmp_path, 20, f"--dhcp-option=3,{net.attacker.address}")
        discovers(net.victim)
    (one,) = told(path)
    assert sources([one]) == [("rogue_dhcp", net.attacker.address, net.attacker.mac)]
    assert written(one.target.address) == net.router.address


@pytest.mark.real("netns", "tcpdump", "dnsmasq", "dhcpstarv")
def test_dhcpstarv_is_named_by_its_own_mac(tmp_path: Path) -> None:
    attacks.need("tcpdump", "dnsmasq", "dhcpstarv")
    with lab() as net, net.capture(tmp_path / "all.pcap") as path:
        serves(net.router, tmp_path, 20)
        leases = tmp_path / f"{net.router.address}.leases"
        tool = net.attacker.start("dhcpstarv", "-i", "eth0")
        until_sync(lambda: leases.exists() and leases.read_bytes().count(b"\n") > 40, 30)
        attacks.stop(tool)
    (one,) = told(path)
    assert [name for name, _, mac in sources([one]) if mac == net.attacker.mac] == [
        "dhcp_starvation"
    ]
    assert written(one.target.address) == net.router.address


@pytest.mark.real("netns", "tcpdump", "yersinia")
def test_yersinia_makes_up_every_mac_and_is_one_event_without_a_name(tmp_path: Path) -> None:
    attacks.need("tcpdump", "yersinia")
    flood = "sleep 60 | exec yersinia dhcp -attack 1 -interface eth0"  # it ends with its input
    with lab() as net, net.capture(tmp_path / "all.pcap") as path:
        tool = net.attacker.start("sh", "-c", flood)
        until_sync(lambda: path.stat().st_size > 300_000, 30)
        attacks.stop(tool)
    assert sources(told(path)) == [("dhcp_starvation", "", "")]


def advertises(host: Host, folder: Path, prefix: str) -> None:
    """Start radvd, and wait for its first advertisement but one."""
    configuration = folder / f"radvd-{host.address}.conf"
    configuration.write_text(
        "interface eth0 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;\n"
        f"    prefix {prefix} {{ }};\n}};\n"
    )
    configuration.chmod(0o644)
    pid = folder / f"radvd-{host.address}.pid"
    host.start("radvd", "-n", "-C", str(configuration), "-p", str(pid), "-m", "stderr")
    until_sync(pid.exists, 20)


@pytest.mark.real("netns", "tcpdump", "radvd", "thc-ipv6")
def test_fake_router6_beside_radvd_is_named_and_a_second_radvd_is_not(tmp_path: Path) -> None:
    attacks.need("tcpdump", "radvd", "atk6-fake_router6")
    with lab() as net, net.capture(tmp_path / "all.pcap") as path:
        for router in (net.router, net.watcher):
            advertises(router, tmp_path, "2001:db8:9::/64")
        time.sleep(4)
        net.attacker.run(
            *("timeout", "2", "atk6-fake_router6", "eth0", "2001:db8:bad::/64"), check=False
        )
    found = told(path)
    assert {(kind, mac) for kind, _, mac in sources(found)} == {("rogue_ra", net.attacker.mac)}


@pytest.mark.real("netns", "tcpdump", "radvd", "thc-ipv6")
def test_a_flood_of_routers_by_thc_is_told_as_a_flood(tmp_path: Path) -> None:
    attacks.need("tcpdump", "radvd", "atk6-flood_router26")
    with lab() as net, net.capture(tmp_path / "all.pcap") as path:
        advertises(net.router, tmp_path, "2001:db8:9::/64")
        time.sleep(1)
        net.attacker.run("timeout", "0.2", "atk6-flood_router26", "eth0", check=False)
        time.sleep(4)  # the router goes on among those that were never there
    found = told(path)
    assert [bool(one.evidence.get("routers")) for one in found] == [True]


@pytest.mark.real("netns", "tcpdump", "iodine")
def test_iodine_is_told_with_the_machine_that_tunnels_and_without_the_domain(
    tmp_path: Path,
) -> None:
    attacks.need("tcpdump", "iodine", "iodined")
    with lab() as net, net.capture(tmp_path / "all.pcap") as path:
        log = tmp_path / "iodined.log"
        words = ("-f", "-c", "-P", "secret", "10.99.0.1/24", "t.example.org")
        net.outside.start("iodined", *words, log=log)
        until_sync(lambda: b"Listening to dns" in log.read_bytes(), 20)
        said = tmp_path / "iodine.log"
        words = ("-f", "-r", "-P", "secret", net.outside.address, "t.example.org")
        net.victim.start("iodine", *words, log=said)
        until_sync(lambda: b"Connection setup complete" in said.read_bytes(), 30)
    (one,) = told(path)
    assert sources([one]) == [("dns_tunnel", net.victim.address, net.victim.mac)]
    assert "example" not in repr(one)
