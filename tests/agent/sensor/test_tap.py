"""What is heard at an interface: frames through the ring, tags, losses, and who they were for."""

import os
import time

import pytest

from agent.sensor.packets import facts_of
from agent.sensor.ring import SLOTS, Taken
from agent.sensor.tap import Tap
from core.errors import NotPermitted
from tests.agent.sensor.interfaces import mirror, promiscuity, sender, tapped
from tests.packets import frames
from tests.packets.frames import ACK, BROADCAST, over, tcp
from tests.real import school_line
from tests.real.namespaces import Namespace, cabled, namespace
from tests.waiting import until_sync

pytestmark = [
    pytest.mark.real("netns"),
    pytest.mark.skipif(bool(school_line.why_not()), reason=school_line.why_not() or "-"),
]

PC, OTHER, ROUTER = "02:00:5e:00:53:01", "02:00:5e:00:53:02", "02:00:5e:00:53:fe"
ARP = frames.arp(1, PC, "192.0.2.1", "00:00:00:00:00:00", "192.0.2.254")
BULK = over(PC, ROUTER, tcp("192.0.2.1", 5000, "192.0.2.254", 443, ACK, payload=b"x" * 1000))


def heard(tap: Tap, count: int = 1) -> list[Taken]:
    found: list[Taken] = []

    def enough() -> bool:
        found.extend(tap.ring.take(10_000))
        return len(found) >= count

    until_sync(enough)
    return found


def test_control_frames_are_heard_and_what_people_send_is_not() -> None:
    with cabled("eth0") as (near, far), tapped(near, "eth0") as tap, sender(far, "eth0") as out:
        assert tap.look() == ""
        before = time.time()
        for _ in range(100):
            out.send(BULK)
            out.send(ARP)
        found = heard(tap, 100)
        assert [one.data for one in found] == [ARP] * 100
        assert [one.size for one in found] == [len(ARP)] * 100
        assert all(before - 1 < one.at < time.time() + 1 for one in found)
        assert tap.count() == (100, 0)


def test_a_tag_that_the_kernel_takes_out_of_a_frame_is_in_it_again() -> None:
    with cabled("eth0") as (near, far), tapped(near, "eth0") as tap, sender(far, "eth0") as out:
        tap.look()
        tags = [(7,), (300, 20), ()]
        for vlans in tags:
            asked = ("00:00:00:00:00:00", "192.0.2.254")
            out.send(frames.arp(1, PC, "192.0.2.1", *asked, vlans=vlans))
        facts = [facts_of(one.data, one.at, 1, size=one.size) for one in heard(tap, 3)]
        assert [[(type(one).__name__, one.vlan) for one in some] for some in facts] == [
            [("Frame", vlans[0] if vlans else 0), ("Arp", vlans[0] if vlans else 0)]
            for vlans in tags
        ]


def test_frames_that_find_no_room_are_counted_and_the_next_ones_are_heard() -> None:
    with cabled("eth0") as (near, far), tapped(near, "eth0") as tap, sender(far, "eth0") as out:
        tap.look()
        for _ in range(SLOTS + 500):
            out.send(ARP)
        tap.count()
        assert tap.frames == SLOTS + 500
        assert tap.dropped == 500
        assert len(heard(tap, SLOTS)) == SLOTS
        out.send(ARP)
        assert len(heard(tap)) == 1
        assert tap.count() == (1, 0)


def test_an_interface_that_goes_down_vanishes_and_comes_back_is_heard_again() -> None:
    with cabled("eth0") as (near, far), tapped(near, "eth0", promiscuous=True) as tap:
        assert tap.look() == ""
        assert promiscuity(near, "eth0") == 1
        near.ip("link set eth0 down")
        assert tap.look() == "down"
        near.ip("link set eth0 up")
        assert tap.look() == ""
        near.ip("link del eth0")
        assert tap.look() == "gone"
        near.ip(f"link add eth0 type veth peer name eth0 netns {far.name}")
        assert tap.look() == "down"
        for side in (near, far):
            side.ip("link set eth0 up")
        assert tap.look() == ""
        assert promiscuity(near, "eth0") == 1
        with sender(far, "eth0") as out:
            out.send(ARP)
            assert ARP in [one.data for one in heard(tap)]


def test_an_interface_that_is_not_there_yet_is_heard_once_it_is() -> None:
    with namespace() as near, tapped(near, "eth0") as tap:
        assert tap.look() == "gone"
        near.ip("link add eth0 type bridge")
        near.ip("link set eth0 up")
        assert tap.look() == ""


def test_what_is_no_ethernet_is_said_to_be_none() -> None:
    with namespace() as near, tapped(near, "tun0") as tap:
        near.ip("tuntap add tun0 mode tun")
        near.ip("link set tun0 up")
        assert tap.look() == "not_ethernet"


def test_frames_for_others_are_asked_for_only_where_the_file_says_so() -> None:
    with cabled("eth0") as (near, _far):
        with tapped(near, "eth0") as tap:
            tap.look()
            assert promiscuity(near, "eth0") == 0
        with tapped(near, "eth0", promiscuous=True) as tap:
            tap.look()
            assert promiscuity(near, "eth0") == 1
        assert promiscuity(near, "eth0") == 0


def test_who_may_not_listen_is_told_which_right_is_missing() -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:  # in another process, since rights do not come back
        os.setresuid(65_534, 65_534, 65_534)
        try:
            Tap("lo")
        except NotPermitted as error:
            os.write(writer, str(error).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    said = os.read(reader, 1000).decode()
    os.close(reader)
    assert said == "listening to a network interface needs the right CAP_NET_RAW"


def mac(where: Namespace, interface: str, address: str) -> None:
    where.ip(f"link set {interface} address {address}")


def bridged(switch: Namespace, ports: dict[str, Namespace]) -> None:
    """Plug each of *ports*, by its machine, into a bridge in *switch*."""
    switch.ip("link add br0 type bridge")
    switch.ip("link set br0 up")
    for port, machine in ports.items():
        machine.ip(f"link add eth0 type veth peer name {port} netns {switch.name}")
        switch.ip(f"link set {port} master br0 up")
        machine.ip("link set eth0 addrgenmode none up")


def talk(one: Namespace, other: Namespace, tap: Tap, seconds: int) -> None:
    """Have two machines send each other data, as long as the tap takes for some looks."""
    to = over(PC, OTHER, tcp("192.0.2.1", 5000, "192.0.2.2", 443, ACK, payload=b"x" * 500))
    back = over(OTHER, PC, tcp("192.0.2.2", 443, "192.0.2.1", 5000, ACK, payload=b"x" * 500))
    with sender(one, "eth0") as first, sender(other, "eth0") as second:
        for second_of in range(seconds):
            for _ in range(40):
                first.send(to)
                second.send(back)
            time.sleep(0.05)
            tap.sample(1_000.0 + second_of)


def own(machine: Namespace, to: str, tap: Tap, looks: int) -> None:
    """Have *machine* send *to* it, which sits at the tap, data of its own."""
    frame = over(PC, to, tcp("192.0.2.1", 5000, "192.0.2.7", 443, ACK, payload=b"x" * 500))
    with sender(machine, "eth0") as out:
        for look in range(looks):
            for _ in range(40):
                out.send(frame)
            time.sleep(0.05)
            tap.sample(2_000.0 + look)


def test_a_switched_port_shows_its_own_traffic_and_a_mirror_shows_all() -> None:
    with namespace() as switch, namespace() as one, namespace() as other, namespace() as us:
        bridged(switch, {"p1": one, "p2": other, "p3": us})
        for machine, address in ((one, PC), (other, OTHER), (us, ROUTER)):
            mac(machine, "eth0", address)
        with tapped(us, "eth0", promiscuous=True) as tap:
            assert tap.look() == ""
            talk(one, other, tap, 10)  # the switch knows both: nothing of it comes here
            own(one, ROUTER, tap, 10)
            said = [tap.sight.sees]
            assert "port_scan" in tap.sight.blind()

            mirror(switch, "p1", "p3")
            talk(one, other, tap, 10)
            assert [*said, tap.sight.sees] == ["own", "all"]
            assert tap.sight.blind() == ()


def test_a_hub_shows_all() -> None:
    with namespace() as switch, namespace() as one, namespace() as other, namespace() as us:
        bridged(switch, {"p1": one, "p2": other, "p3": us})
        switch.ip("link set br0 type bridge ageing_time 0")
        with tapped(us, "eth0", promiscuous=True) as tap:
            tap.look()
            talk(one, other, tap, 10)
            assert tap.sight.sees == "all"


def test_broadcasts_alone_prove_nothing() -> None:
    with cabled("eth0") as (near, far), tapped(near, "eth0") as tap, sender(far, "eth0") as out:
        tap.look()
        for _ in range(500):
            out.send(frames.ethernet(PC, BROADCAST, 0x88B5, b"x"))
        time.sleep(0.1)
        tap.sample(0.0)
        assert (tap.sight.sees, tap.sight.foreign_share()) == ("unknown", None)


def test_a_busy_line_is_sampled_no_more_often_than_a_quiet_one() -> None:
    with cabled("eth0") as (near, far), tapped(near, "eth0") as tap, sender(far, "eth0") as out:
        tap.look()
        for second in range(6):
            for _ in range(2_000):
                out.send(BULK)
            time.sleep(0.05)
            tap.sample(float(second))
        assert 8 <= tap._every <= 128
        for second in range(20):
            tap.sample(10.0 + second)
        assert tap._every == 1
