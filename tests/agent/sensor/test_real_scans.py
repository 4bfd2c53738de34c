"""Real tools attack in namespaces; one capture of each goes through all detectors of this kind."""

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest

from agent.sensor.incidents import Incident, Party
from agent.sensor.network import Network
from tests.agent.sensor.recorded import incidents_in
from tests.agent.sensor.scanning import packed
from tests.real import attacks, logins
from tests.real.attacks import Host, Lab, lab

ONLY = ("port_scan", "syn_flood", "worm_sweep", "password_guessing", "cleartext_login")
SCHOOL = Network(
    subnets=(ip_network("192.0.2.0/24"), ip_network("2001:db8:9::/64")),
    gateways=frozenset({packed("192.0.2.1"), packed("2001:db8:9::1")}),
)
ATTACKER_MAC = b"\x02\0\0\0\0\x42"


def found(net: Lab, folder: Path, attack: Callable[[], object]) -> list[Incident]:
    with net.capture(folder / "attack.pcap") as path:
        attack()
    return incidents_in(path, SCHOOL, ONLY)


def names_attacker(one: Incident, net: Lab) -> None:
    assert one.source.address in {packed(net.attacker.address), packed(net.attacker.address6)}
    assert (one.source.mac, one.source.role) == (ATTACKER_MAC, "inside")


@pytest.mark.real("netns", "nmap", "tcpdump")
@pytest.mark.parametrize(
    "options",
    [
        "-sS -p1-4000",
        pytest.param("-sS -p-", marks=pytest.mark.slow),
        "-sT",
        "-sX -p1-100",
        "-sN -p1-100",
        "-sF -p1-100",
        "-sS -6 -F",
        pytest.param("-sS -T2 -p1-25", marks=pytest.mark.slow),
    ],
)
def test_nmap_is_one_scan_of_one_machine(options: str, tmp_path: Path) -> None:
    attacks.need("nmap", "tcpdump")
    with lab() as net:
        target = net.victim.address6 if "-6" in options else net.victim.address
        words = ("nmap", "-n", *options.split(), target)
        (one,) = found(net, tmp_path, lambda: net.attacker.run(*words, seconds=120))
    assert (one.kind, one.target.address) == ("port_scan", packed(target))
    names_attacker(one, net)
    assert one.confidence == 0.9
    ports = {"-sS -p1-4000": 4000, "-sS -p-": 65_535}
    assert one.evidence["ports"] == ports.get(options, one.evidence["ports"])


@pytest.mark.real("netns", "nmap", "tcpdump")
def test_nmap_finds_closed_ports_of_udp(tmp_path: Path) -> None:
    attacks.need("nmap", "tcpdump")
    with lab() as net:
        # As a system answers that does not limit its answers; else nmap waits a second for each.
        rate = Path("/proc/sys/net/ipv4/icmp_ratelimit")
        net.victim.namespace.inside(lambda: rate.write_text("0"))
        words = ("nmap", "-n", "-sU", "-p", "40-90", net.victim.address)
        (one,) = found(net, tmp_path, lambda: net.attacker.run(*words))
    assert (one.kind, one.target.address) == ("port_scan", packed(net.victim.address))
    names_attacker(one, net)


@pytest.mark.real("netns", "nmap", "tcpdump")
def test_nmap_over_a_net_with_every_port_that_worms_use_too_is_one_scan(tmp_path: Path) -> None:
    attacks.need("nmap", "tcpdump")
    with lab(victims=6) as net:
        words = ("nmap", "-n", "-F", "192.0.2.8/29")
        (one,) = found(net, tmp_path, lambda: net.attacker.run(*words))
    assert (one.kind, one.evidence["targets"]) == ("port_scan", 6)
    names_attacker(one, net)


@pytest.mark.real("netns", "nmap", "tcpdump")
def test_nmap_from_outside_names_no_mac(tmp_path: Path) -> None:
    attacks.need("nmap", "tcpdump")
    with lab() as net:
        words = ("nmap", "-n", "-Pn", "-F", net.victim.address)
        (one,) = found(net, tmp_path, lambda: net.outside.run(*words))
    assert (one.source.address, one.source.mac) == (packed(net.outside.address), b"")
    assert one.source.role == "outside"


@pytest.mark.real("netns", "masscan", "tcpdump")
def test_masscan_for_shared_folders_everywhere_looks_like_a_worm(tmp_path: Path) -> None:
    attacks.need("masscan", "tcpdump")
    with lab() as net:
        words = (
            *("masscan", "--rate", "1000", "--wait", "1", "-p445", "10.7.0.0/21"),
            *("--interface", "eth0", "--router-mac", net.router.mac.replace(":", "-")),
            *("--source-ip", net.attacker.address),
        )
        (one,) = found(net, tmp_path, lambda: net.attacker.run(*words))
    assert (one.kind, one.target.port, one.target.role) == ("worm_sweep", 445, "outside")
    assert one.evidence["targets"] == pytest.approx(2048, rel=0.05)
    names_attacker(one, net)


@pytest.mark.real("netns", "hping3", "tcpdump")
@pytest.mark.parametrize("made_up", [True, False])
def test_hping3_floods_and_is_told_by_its_mac(made_up: bool, tmp_path: Path) -> None:
    attacks.need("hping3", "tcpdump")
    with lab() as net:
        words = (
            *("hping3", "-q", "-S", "-p", "80", "-i", "u250", "-c", "8000"),
            *(("--rand-source",) if made_up else ()),
            net.victim.address,
        )
        (one,) = found(net, tmp_path, lambda: net.attacker.run(*words, check=False))
    assert (one.kind, one.target.address, one.target.port) == (
        "syn_flood",
        packed(net.victim.address),
        80,
    )
    assert one.source.mac == ATTACKER_MAC
    assert one.source.address == (b"" if made_up else packed(net.attacker.address))


@pytest.mark.slow
@pytest.mark.real("netns", "hydra", "tcpdump", "sshd", "vsftpd")
@pytest.mark.parametrize(("server", "port"), [(logins.sshd, 22), (logins.vsftpd, 21)])
def test_hydra_guesses_and_is_named(
    server: Callable[[Host, Path], None], port: int, tmp_path: Path
) -> None:
    attacks.need("hydra", "tcpdump", server.__name__)
    words = tmp_path / "words"
    words.write_text("".join(f"secret{n}\n" for n in range(90)))
    with lab() as net:
        server(net.victim, tmp_path)
        service = {22: "ssh", 21: "ftp"}[port]
        command = (
            *("hydra", "-I", "-l", "teacher", "-P", str(words), "-t", "16"),
            f"{service}://{net.victim.address}",
        )
        (one,) = found(net, tmp_path, lambda: net.attacker.run(*command, seconds=180, check=False))
    assert (one.kind, one.target.address, one.target.port) == (
        "password_guessing",
        packed(net.victim.address),
        port,
    )
    names_attacker(one, net)


@pytest.mark.slow
@pytest.mark.real("netns", "tcpdump", "busybox", "hydra", "medusa")
@pytest.mark.parametrize("tool", ["hydra", "medusa"])
def test_guessing_at_telnet_is_one_attack_by_whoever_runs_the_tool(
    tool: str, tmp_path: Path
) -> None:
    attacks.need("tcpdump", "busybox", tool)
    logins.need_telnetd()
    words, many = tmp_path / "words", {"hydra": 75, "medusa": 30}[tool]
    words.write_text("".join(f"secret{n}\n" for n in range(many)))
    with lab() as net:
        logins.telnetd(net.victim, tmp_path)
        command = {
            "hydra": ("-I", "-l", "teacher", "-P", str(words), f"telnet://{net.victim.address}"),
            "medusa": (
                *("-h", net.victim.address, "-u", "teacher", "-P", str(words), "-t", "8"),
                *("-M", "telnet"),
            ),
        }[tool]
        (one,) = found(
            net, tmp_path, lambda: net.attacker.run(tool, *command, seconds=180, check=False)
        )
    assert (one.kind, one.target.address, one.target.port) == (
        "password_guessing",
        packed(net.victim.address),
        23,
    )
    names_attacker(one, net)


@pytest.mark.slow
@pytest.mark.real("netns", "tcpdump", "busybox")
def test_a_person_who_mistypes_twice_by_telnet_guesses_nothing(tmp_path: Path) -> None:
    attacks.need("tcpdump", "busybox")
    logins.need_telnetd()
    typed = "".join(
        f"sleep 1; echo teacher; sleep 1; echo {word}; sleep 4; "
        for word in ("wrong-horse", "right-house", logins.PASSWORD)
    )
    with lab() as net:
        logins.telnetd(net.victim, tmp_path)
        command = f"({typed}echo 'id -u; exit'; sleep 2) | busybox telnet {net.victim.address}"
        said = []
        (one,) = found(
            net, tmp_path, lambda: said.append(net.attacker.run("sh", "-c", command, check=False))
        )
    assert said[0].count("Login incorrect") == 2
    assert "65534" in said[0]
    assert (one.kind, one.target.address) == ("cleartext_login", packed(net.victim.address))
    assert one.target.mac == b"\x02\0\0\0\0\x0a"
    assert one.source == Party()  # who manages it is nobody's business
