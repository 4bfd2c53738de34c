"""The agent's own work is no attack; whoever has its machine is still found."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable

import pytest

from agent.discovering import say
from agent.sensor.detectors import detectors
from agent.sensor.ear import SAYS, Ear
from agent.sensor.incidents import Incident
from agent.sensor.keeper import COMMAND
from agent.sensor.lines import Told
from agent.sensor.network import Network
from tests.agent.sensor.reading import incidents_of
from tests.agent.sensor.scanning import MONITOR, OTHER, PRINTER, T, packed, school
from tests.agent.sensor.test_live import ROOT, Process, inside, running
from tests.packets.connections import Timed, accepted, mac_of, merged, refused, udp_refused
from tests.packets.frames import arp
from tests.real import school_line
from tests.real.attacks import lab, need

PROJECTORS = tuple(f"192.0.2.{n}" for n in range(30, 90))
AGENT = bytes.fromhex(mac_of(MONITOR).replace(":", ""))
NOBODY = "00:00:00:00:00:00"


def network(*, discovers: bool = False) -> Network:
    made = school(devices=PROJECTORS)
    made.own.macs = frozenset((AGENT,))
    made.own.until = T + 3600 if discovers else 0.0
    return made


def told(frames: Timed, network: Network) -> list[Incident]:
    return incidents_of(frames, network, detectors.words(), until=frames[-1][0] + 500)


def kinds(frames: Timed, network: Network) -> set[str]:
    return {one.kind for one in told(frames, network)} - {"new_device"}


def tried(source: str, port: int, targets: Iterable[str]) -> Timed:
    return merged(
        *(refused(T + 0.02 * n, source, 20_000 + n, to, port) for n, to in enumerate(targets))
    )


def asked(source: str, targets: Iterable[str]) -> Timed:
    mac = mac_of(source)
    return [(T + 0.02 * n, arp(1, mac, source, NOBODY, to)) for n, to in enumerate(targets)]


def guessed(source: str) -> Timed:
    return merged(
        *(
            accepted(T + 60 * n, source, 20_000 + n, PRINTER, 4352, up=40, down=60, lasts=0.2)
            for n in range(240)
        )
    )


def swept() -> Timed:
    """What `agent discover` sends of a net in which three machines are."""
    every = [f"192.0.2.{n}" for n in range(10, 250)]
    there = every[::80]
    parts = [asked(MONITOR, every)]
    for n, to in enumerate(there):
        at = T + 1.6 * n
        parts.append([(at, arp(2, mac_of(to), to, mac_of(MONITOR), MONITOR))])
        parts.append(udp_refused(at, MONITOR, to, 161))
        parts += [refused(at, MONITOR, 20_000 + n, to, port) for port in (4352, 80, 443, 554)]
    return merged(*parts)


@pytest.mark.parametrize(
    ("attack", "frames"),
    [
        ("port_scan", tried(MONITOR, 4352, PROJECTORS)),
        ("arp_sweep", asked(MONITOR, PROJECTORS * 2)),
        ("password_guessing", guessed(MONITOR)),
    ],
)
def test_the_agent_asks_its_devices_and_nobody_else_may(attack: str, frames: Timed) -> None:
    assert kinds(frames, network()) == set()
    found = kinds(frames, school(devices=PROJECTORS))
    assert found == {attack} or (attack, found) == ("arp_sweep", set())  # 60 are few


def test_discover_is_no_attack_while_it_runs() -> None:
    assert kinds(swept(), network(discovers=True)) == set()
    assert "arp_sweep" in kinds(swept(), network())


def test_the_agents_machine_is_found_when_somebody_else_has_it_even_while_it_discovers() -> None:
    everyone = [f"192.0.2.{n}" for n in range(10, 250)]
    [worm] = told(tried(MONITOR, 445, everyone), network(discovers=True))
    assert (worm.kind, worm.source.mac) == ("worm_sweep", AGENT)
    frames = merged(*(refused(T + 0.01 * n, MONITOR, 9999, PRINTER, n + 1) for n in range(200)))
    [scan] = told(frames, network(discovers=True))
    assert (scan.kind, scan.source.address) == ("port_scan", packed(MONITOR))
    assert kinds(tried(MONITOR, 8081, everyone), network(discovers=True)) == {"port_scan"}
    fast = merged(
        *(
            accepted(T + n, MONITOR, 20_000 + n, PRINTER, 4352, up=40, down=60, lasts=0.2)
            for n in range(60)
        )
    )
    assert kinds(fast, network(discovers=True)) == {"password_guessing"}


def test_what_others_do_meanwhile_is_an_attack() -> None:
    everyone = [f"192.0.2.{n}" for n in range(10, 250)]
    assert kinds(asked(OTHER, everyone), network(discovers=True)) == {"arp_sweep"}
    assert kinds(tried(OTHER, 4352, everyone), network(discovers=True)) == {"port_scan"}


needs_linux = pytest.mark.skipif(not hasattr(socket, "SO_PASSCRED"), reason="needs Linux")


@needs_linux
def test_root_and_the_agents_user_are_heard_and_nobody_else() -> None:
    ear = Ear()
    try:
        assert not ear.heard()
        say()
        assert ear.heard()
        assert not ear.heard()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.sendto(b"discovers", ear.name)
            other.sendto(b"", ear.name)
            assert not ear.heard()
            for _ in range(5):
                other.sendto(SAYS, ear.name)
            assert ear.heard()
        if os.geteuid() == 0:
            child = os.fork()
            if not child:
                os.setuid(65534)
                say()
                os._exit(0)
            assert os.waitpid(child, 0) == (child, 0)
            assert not ear.heard()
    finally:
        ear.close()


@pytest.mark.real("netns", "nmap")
@pytest.mark.skipif(bool(school_line.why_not()), reason=school_line.why_not() or "-")
def test_discover_beside_a_sensor_on_one_machine() -> None:
    need("nmap")
    with lab() as net:
        start = inside(net.watcher.namespace)[:4]
        with running((*start, *COMMAND), subnets=("192.0.2.0/24",)) as process:
            process.until(interface="eth0", why="")
            discover = (sys.executable, "-m", "schoolwatch", "agent", "discover", "192.0.2.0/25")
            words = [*start, *discover]
            done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)
            assert "192.0.2.10" in done.stdout, done.stderr
            assert [one.kind for one in heard(process) if one.kind != "new_device"] == []
            net.attacker.run("nmap", "-n", "-sn", "192.0.2.0/24")
            [sweep] = [one for one in heard(process) if one.kind == "arp_sweep"]
            assert sweep.details.source.mac == net.attacker.mac
            net.watcher.run("nmap", "-n", "-Pn", "-p445", "198.51.100.0/24")
            [worm] = [one for one in heard(process, 10) if one.kind == "worm_sweep"]
            assert worm.details.source.mac == net.watcher.mac


def heard(process: Process, seconds: float = 4) -> list[Told]:
    """What begins within so long."""
    end, found = time.monotonic() + seconds, list[Told]()
    while time.monotonic() < end:  # it says something twice a second
        line = process.line()
        if isinstance(line, Told) and line.stage == "begin":
            found.append(line)
    return found
