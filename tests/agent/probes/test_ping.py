"""Real echo requests: over the loopback, and between two network namespaces of our own."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.probes import probes
from agent.probes.ping import NO_ANSWER, PingProbe, jitter
from core import icmp
from core.errors import ConfigError, NotPermitted, TargetUnreachable

ROOT = Path(__file__).parents[3]
NEAR, FAR, FAR_V6 = "10.77.0.1", "10.77.0.2", "fd77::2"
IGNORE_V4 = "/proc/sys/net/ipv4/icmp_echo_ignore_all"
IGNORE_V6 = "/proc/sys/net/ipv6/icmp/echo_ignore_all"
GROUPS = "/proc/sys/net/ipv4/ping_group_range"
NO_GROUP, EVERY_GROUP = "1 0", "0 2147483647"


def may_ping() -> bool:
    try:
        for family in (socket.AF_INET, socket.AF_INET6):
            icmp.open_socket(family).sock.close()
    except (NotPermitted, OSError):
        return False
    return True


may = pytest.mark.skipif(not may_ping(), reason="needs rights for ICMP over IPv4 and IPv6")


@pytest.mark.real("icmp")
@may
async def test_this_machine_answers_itself_over_both_families() -> None:
    probe = PingProbe(("127.0.0.1", "::1"), count=2, interval_between_s=0.01)
    for reading in await probe.measure():
        assert (reading.fields["result_code"], reading.fields["percent_packet_loss"]) == (0, 0.0)
        assert 0 <= float(reading.fields["average_response_ms"]) < 1000
        assert reading.fields["ttl"] == 64


@pytest.mark.real("icmp")
@may
async def test_a_name_that_is_looked_for_in_vain_leaves_the_others_their_answers() -> None:
    async def resolve(host: str, *_: object) -> Any:
        if host == "slow.school":
            raise TargetUnreachable("slow.school: no answer within 2 s")
        return socket.AF_INET, (host, 0)

    probe = PingProbe(("slow.school", "127.0.0.1"), interval_between_s=0, resolve=resolve)
    readings = {r.tags["url"]: r.fields["result_code"] for r in await probe.measure()}
    assert readings == {"slow.school": NO_ANSWER, "127.0.0.1": 0}


async def test_a_family_that_the_machine_lacks_is_no_answer() -> None:
    def lacks(_: object) -> Any:
        raise OSError(97, "Address family not supported by protocol")

    (reading,) = await PingProbe(("::1",), open_echo=lacks).measure()
    assert reading.fields["result_code"] == NO_ANSWER


async def test_a_target_named_twice_is_one_series() -> None:
    async def resolve(*_: object) -> Any:
        raise TargetUnreachable("no answer")

    readings = list(await PingProbe(("a", "a"), resolve=resolve).measure())
    assert [reading.tags["url"] for reading in readings] == ["a"]


def test_a_family_for_what_is_no_target_is_refused() -> None:
    options = {"targets": ["gateway.school"], "families": {"gatway.school": "both"}}
    with pytest.raises(ConfigError) as caught:
        probes.build("ping", options)
    assert str(caught.value) == (
        "probe 'ping': families names 'gatway.school', which is not in targets; "
        "did you mean 'gateway.school'?"
    )
    with pytest.raises(ConfigError, match="a table of targets, each with"):
        probes.build("ping", options | {"families": {"gateway.school": "5"}})


def test_jitter_is_of_neighbours_where_the_deviation_is_of_all() -> None:
    steps, waves = [1.0, 1.0, 9.0, 9.0], [1.0, 9.0, 1.0, 9.0]
    assert jitter(steps) == pytest.approx(8 / 3)
    assert jitter(waves) == 8.0


@dataclass
class Link:
    """Two namespaces with a cable between them; the probe runs in the near one."""

    near: str
    far: str

    def write(self, namespace: str, file: str, text: str) -> None:
        run("ip", "netns", "exec", namespace, "sh", "-c", f"echo {text} > {file}")

    def cut(self, end: str) -> None:
        """Pull the cable at the near or the far end."""
        run("ip", "-n", getattr(self, end), "link", "set", end, "down")

    def mend(self, end: str) -> None:
        run("ip", "-n", getattr(self, end), "link", "set", end, "up")

    def drop(self, yes: bool) -> None:
        """Let the far end answer, or be silent."""
        for file in (IGNORE_V4, IGNORE_V6):
            self.write(self.far, file, str(int(yes)))

    @contextmanager
    def pinging(self, user: str, *targets: str) -> Iterator["Pinging"]:
        words = ["ip", "netns", "exec", self.near, sys.executable, "-m"]
        words += ["tests.agent.probes.pinging", user, *targets]
        pipe = subprocess.PIPE
        with subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
            try:
                yield Pinging(process)
            finally:
                process.kill()


@dataclass
class Pinging:
    process: subprocess.Popen[str]

    def once(self) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def until_loss(self, percent: float) -> dict[str, Any]:
        """Ping until every target loses *percent*; IPv6 takes a moment to be ready."""
        end = time.monotonic() + 15
        while True:
            found: dict[str, Any] = self.once()
            if all(fields["percent_packet_loss"] == percent for fields in found.values()):
                return found
            assert time.monotonic() < end, found


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def link() -> Iterator[Link]:
    link = Link(f"swn{os.getpid()}", f"swf{os.getpid()}")
    try:
        run("ip", "netns", "add", link.near)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs root and `ip netns`: {error}")
    try:
        run("ip", "netns", "add", link.far)
        run("ip", "-n", link.near, "link", "add", "near", "type", "veth",
            "peer", "name", "far", "netns", link.far)  # fmt: skip
        for namespace, device, addresses in (
            (link.near, "near", (f"{NEAR}/24", "fd77::1/64")),
            (link.far, "far", (f"{FAR}/24", f"{FAR_V6}/64")),
        ):
            for address in addresses:
                # nodad: an address is ready at once, nobody else can have it here
                run("ip", "-n", namespace, "addr", "add", address, "dev", device, "nodad")
            run("ip", "-n", namespace, "link", "set", device, "up")
        link.write(link.near, GROUPS, NO_GROUP)
        yield link
    finally:
        for namespace in (link.near, link.far):
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)


@pytest.mark.real("netns")
@pytest.mark.parametrize("groups", [NO_GROUP, EVERY_GROUP], ids=["raw", "unprivileged"])
def test_a_silent_target_is_all_loss_and_no_time_and_recovers(link: Link, groups: str) -> None:
    link.write(link.near, GROUPS, groups)
    with link.pinging("root", FAR, FAR_V6) as ping:
        assert all(fields["ttl"] == 64 for fields in ping.until_loss(0.0).values())

        link.drop(True)
        silent = {
            "result_code": 2,
            "packets_transmitted": 3,
            "packets_received": 0,
            "percent_packet_loss": 100.0,
            "outages": 0,
            "outage_s": 0,
        }
        assert ping.once() == {FAR: silent, FAR_V6: silent}

        link.drop(False)
        ping.until_loss(0.0)


@pytest.mark.real("netns")
@pytest.mark.parametrize("end", ["near", "far"])
def test_a_line_that_is_cut_for_a_while_is_one_outage_of_that_length(link: Link, end: str) -> None:
    """The probe is told to call it an outage after a second."""
    with link.pinging("root", FAR) as ping:
        ping.until_loss(0.0)
        link.cut(end)
        cut, lost = time.monotonic(), 0
        while time.monotonic() < cut + 3 or lost < 4:
            said = ping.once()[FAR]
            lost += said["packets_received"] == 0
            assert said["outage_s"] <= time.monotonic() - cut
        assert said["outages"] == 1
        link.mend(end)
        mended = time.monotonic()
        said = ping.until_loss(0.0)[FAR]
        over = time.monotonic()
        assert said["outages"] == 1
        # The first lost round began within one round of the cut, and whole seconds are told.
        assert mended - cut - 2 <= said["outage_s"] <= over - cut
        again = ping.once()[FAR]
        assert (again["outages"], again["outage_s"]) == (1, said["outage_s"])


@pytest.mark.real("netns")
def test_one_silent_target_does_not_delay_the_answer_of_another(link: Link) -> None:
    with link.pinging("root", FAR, NEAR) as ping:
        run("ip", "-n", link.near, "link", "set", "lo", "up")
        ping.until_loss(0.0)
        link.drop(True)
        found = ping.once()
        assert found[FAR]["result_code"] == NO_ANSWER
        assert found[NEAR]["maximum_response_ms"] < 100


@pytest.mark.real("netns")
def test_without_rights_the_sentence_says_what_to_set_and_setting_it_is_enough(link: Link) -> None:
    with link.pinging("nobody", FAR, FAR_V6) as ping:
        assert ping.once().startswith("NotPermitted: this process may not send echo requests")

        link.write(link.near, GROUPS, EVERY_GROUP)
        ping.until_loss(0.0)


@pytest.mark.real("netns")
def test_no_route_at_all_is_no_answer_and_no_error(link: Link) -> None:
    with link.pinging("root", "192.0.2.1", "2001:db8::1") as ping:
        assert {fields["result_code"] for fields in ping.once().values()} == {NO_ANSWER}
