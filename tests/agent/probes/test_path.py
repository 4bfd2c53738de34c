"""Hops over real routers, when they are looked at, and what is told of them.

near ══ the impaired line ══ far, a router ── middle, a router ── end
"""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from agent.probes.path import PathProbe
from agent.probes.ping import PingProbe
from agent.trouble import MOST_TARGETS, Trouble
from core.errors import TargetUnreachable
from core.hops import Heard, ask
from core.types import Reading
from tests.real.impairment import (
    FAR,
    FAR_V6,
    ImpairedLine,
    Impairment,
    impaired_line,
    inside,
    why_not,
)
from tests.real.school_line import ip

ROOT = Path(__file__).parents[3]
MIDDLE, END = "203.0.114.2", "203.0.114.130"
MIDDLE_V6, END_V6 = "2606:9400::2", "2606:9400:1::2"
"""Public addresses, which nobody here can reach, so that they are classed as such."""

ERROR_MS = 10.0
ROUTER, SILENT, REACHED, REFUSED, UNSENT = range(5)


@dataclass(frozen=True)
class Way:
    line: ImpairedLine
    middle: str
    end: str

    def route(self, kind: str) -> None:
        """Let the middle router refuse the end (`unreachable`), or drop what is for it."""
        for destination in (END, END_V6):
            ip("-n", self.middle, "route", "replace", kind, destination)

    def mend(self) -> None:
        for destination in (END, END_V6):
            ip("-n", self.middle, "route", "del", destination)


def let_forward(namespace: str) -> None:
    # No limit on errors a second: tests ask faster than anybody should. And no looking for others
    # with the same link-local address: IPv6 would take seconds to be ready.
    for name, value in {
        "ipv6/conf/default/dad_transmits": 0,
        "ipv4/ip_forward": 1,
        "ipv6/conf/all/forwarding": 1,
        "ipv4/icmp_ratelimit": 0,
        "ipv6/icmp/ratelimit": 0,
    }.items():
        write = f"echo {value} > /proc/sys/net/{name}"
        command = ["ip", "netns", "exec", namespace, "sh", "-c", write]
        subprocess.run(command, check=True, capture_output=True)


def cable(one: str, other: str, number: int) -> None:
    """Connect two namespaces, `.1` and `::1` at the first."""
    names = f"to{number}", f"from{number}"
    ip("-n", one, "link", "add", names[0], "type", "veth", "peer", names[1], "netns", other)
    for end, (namespace, name) in enumerate(zip((one, other), names), 1):
        v4 = f"203.0.114.{128 * number + end}/25"
        v6 = f"2606:9400:{number or ''}::{end}/64".replace("9400:::", "9400::")
        for address in (v4, v6):
            ip("-n", namespace, "addr", "add", address, "dev", name, "nodad")
        ip("-n", namespace, "link", "set", name, "up")


@pytest.fixture
def way() -> Iterator[Way]:
    if reason := why_not():
        pytest.skip(reason)
    with ExitStack() as stack:
        line = stack.enter_context(impaired_line())
        middle, end = f"{line.far}m", f"{line.far}e"
        for namespace in (middle, end):
            ip("netns", "add", namespace)
            stack.callback(ip, "netns", "del", namespace)
        for namespace in (line.far, middle, end):
            let_forward(namespace)
        cable(line.far, middle, 0)
        cable(middle, end, 1)
        for namespace, gateway, gateway_v6 in (
            (line.near, FAR, FAR_V6),
            (line.far, "203.0.114.2", "2606:9400::2"),
            (middle, "203.0.114.1", "2606:9400::1"),
            (end, "203.0.114.129", "2606:9400:1::1"),
        ):
            ip("-n", namespace, "route", "add", "default", "via", gateway)
            ip("-n", namespace, "-6", "route", "add", "default", "via", gateway_v6)
        yield Way(line, middle, end)


async def trace(way: Way, *targets: str, **options: Any) -> dict[str, list[Reading]]:
    probe = PathProbe(targets, **options)
    with inside(way.line.near):
        readings = list(await probe.measure())
    return {url: [r for r in readings if r.tags["url"] == url] for url in targets}


def codes(readings: list[Reading]) -> list[object]:
    assert [reading.tags["hop"] for reading in readings] == [
        str(number) for number in range(1, len(readings) + 1)
    ]
    return [reading.fields["result_code"] for reading in readings]


@pytest.mark.real("netns")
async def test_each_router_and_the_target_are_told_of_with_their_times(way: Way) -> None:
    await trace(way, END, END_V6)  # now every router knows its neighbours' hardware addresses
    way.line.impair(up=Impairment(delay_ms=30), down=Impairment(delay_ms=20))
    way.line.fates()
    found = await trace(way, END, END_V6)
    for url, middle in ((END, MIDDLE), (END_V6, MIDDLE_V6)):
        hops = found[url]
        assert codes(hops) == [ROUTER, ROUTER, REACHED]
        assert [hop.fields["address_class"] for hop in hops] == ["private", "public", "public"]
        assert [hop.fields.get("address") for hop in hops] == [None, middle, None]
    # Each waits 50 ms on the line; the truth says by how much each waited longer than that.
    fates = [fate for fate in way.line.fates() if fate.protocol in (1, 17, 58)]
    late = max(1000 * (left - fate.came) for fate in fates for left in fate.left) - 30
    times = [float(hop.fields["response_ms"]) for hops in found.values() for hop in hops]
    assert all(50 <= ms <= 50 + 2 * late + ERROR_MS for ms in times), (times, late)


@pytest.mark.real("netns")
async def test_where_the_way_ends_is_seen_and_that_it_goes_on_again(way: Way) -> None:
    way.route("unreachable")
    for hops in (await trace(way, END, END_V6)).values():
        # Linux says so only now and then, whatever icmp_ratelimit is.
        first, *some, last = codes(hops)
        assert (first, set(some) - {SILENT}, last) == (ROUTER, set(), REFUSED)

    way.route("blackhole")
    for hops in (await trace(way, END, END_V6, hops=4, timeout_s=0.5)).values():
        assert codes(hops) == [ROUTER, SILENT, SILENT, SILENT]
        assert hops[1].fields == {"result_code": SILENT, "trouble": False}

    way.mend()
    way.line.impair(up=Impairment(loss=1))
    (hops,) = (await trace(way, END, hops=2, timeout_s=0.3)).values()
    assert codes(hops) == [SILENT, SILENT]

    way.line.impair(up=Impairment())
    for hops in (await trace(way, END, END_V6)).values():
        assert codes(hops) == [ROUTER, ROUTER, REACHED]
    for hops in (await trace(way, FAR, FAR_V6)).values():
        assert codes(hops) == [REACHED]


@pytest.mark.real("netns")
async def test_a_machine_without_a_route_says_so(way: Way) -> None:
    for family in ("-4", "-6"):
        ip("-n", way.line.near, family, "route", "del", "default")
    for hops in (await trace(way, END, END_V6)).values():
        assert codes(hops) == [UNSENT]


@pytest.mark.real("netns")
async def test_a_lost_datagram_is_sent_once_more(way: Way) -> None:
    way.line.impair(up=Impairment(loss=0.3))
    with inside(way.line.near):
        looks = [PathProbe((END,), timeout_s=0.5).measure() for _ in range(20)]
        found = [list(hops) for hops in await asyncio.gather(*looks)]
    heard = [hop.fields["result_code"] for hops in found for hop in hops[:2]]
    fates = [fate for fate in way.line.fates() if fate.protocol == 17]
    assert any(not fate.left for fate in fates)
    # Of 40 hops 4 stay silent where a second try has the same luck, and 12 without one.
    assert heard.count(SILENT) <= 8


@pytest.mark.real("netns")
def test_it_needs_no_rights(way: Way) -> None:
    options = json.dumps({"targets": [END, END_V6]})
    words = ["ip", "netns", "exec", way.line.near, sys.executable, "-m"]
    words += ["tests.agent.probes.asking", "path", options]
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120)
    found = [hop["fields"]["result_code"] for hop in json.loads(done.stdout)]
    assert found == [ROUTER, ROUTER, REACHED] * 2


@pytest.mark.real("netns")
async def test_the_path_is_looked_at_in_the_round_after_ping_lost_its_target(way: Way) -> None:
    trouble = Trouble()
    ping = PingProbe((END,), interval_between_s=0, timeout_s=0.5, trouble=trouble)
    path = PathProbe(hops=3, timeout_s=0.3, trouble=trouble)
    with inside(way.line.near):
        await ping.measure()
        assert codes(list(await path.measure())) == [ROUTER, ROUTER, REACHED], "for comparison"
        await ping.measure()
        assert list(await path.measure()) == []

        way.route("blackhole")
        await ping.measure()
        hops = list(await path.measure())
        assert codes(hops) == [ROUTER, SILENT, SILENT]
        assert all(hop.fields["trouble"] for hop in hops)
        assert list(await path.measure()) == [], "and not each round while it lasts"


@dataclass
class Network:
    """Who is asked, at which moment; nobody answers."""

    monotonic: float = 0.0
    asked: list[tuple[float, str]] = field(default_factory=list)
    trouble: Trouble = field(default_factory=Trouble)

    async def resolve(self, host: str, _: float) -> Any:
        if host.startswith("no-such"):
            raise TargetUnreachable(f"{host}: no answer within 1 s")
        return socket.AF_INET, ("192.0.2.1", 0)

    async def ask(self, _: object, number: int, __: float) -> Heard | None:
        if number == 1:
            self.asked.append((self.monotonic, "ask"))
        return None

    def probe(self, *targets: str, **options: Any) -> PathProbe:
        return PathProbe(
            targets,
            resolve=self.resolve,
            ask=self.ask,
            monotonic=lambda: self.monotonic,
            trouble=self.trouble,
            **options,
        )

    async def rounds(self, probe: PathProbe, seconds: int, received: int) -> list[float]:
        """Ping and look each 10 s; return the moments at which somebody was asked."""
        before = len(self.asked)
        for _ in range(0, seconds, 10):
            self.trouble.note({"url": "a"}, (socket.AF_INET, ("192.0.2.1", 0)), 3, received)
            await probe.measure()
            self.monotonic += 10
        return sorted({at for at, _ in self.asked[before:]})


async def test_a_path_is_looked_at_rarely_at_once_in_trouble_and_then_each_minute() -> None:
    network = Network()
    probe = network.probe()
    assert await network.rounds(probe, 7200, 3) == [0, 3600]
    assert await network.rounds(probe, 150, 0) == [7200, 7260, 7320]
    # Six good rounds until the minute is over in which much was lost.
    assert await network.rounds(probe, 3600, 3) == [7350 + 30]
    assert await network.rounds(probe, 3600, 3) == [7380 + 3600]


async def test_much_loss_is_trouble_and_little_is_none() -> None:
    network = Network()
    probe = network.probe(loss_percent=40)
    await network.rounds(probe, 60, 3)
    assert await network.rounds(probe, 600, 2) == []
    assert len(await network.rounds(probe, 60, 1)) == 1


async def test_a_name_that_is_not_found_is_said_once_and_costs_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    network = Network()
    probe = network.probe("no-such.school", "b.school")
    for _ in range(3):
        found = {reading.tags["url"] for reading in await probe.measure()}
    assert caplog.messages == ["path: no-such.school: no answer within 1 s"]
    assert [at for at, _ in network.asked] == [0.0, 0.0], "b.school, which was asked twice"
    assert found == set()


async def test_a_target_whose_name_is_found_no_more_is_looked_for_where_it_was() -> None:
    network = Network()
    where = (socket.AF_INET, ("192.0.2.1", 0))
    network.trouble.note({"url": "a"}, where, 3, 3)
    network.trouble.note({"url": "a"}, None, 0, 0)
    network.trouble.note({"url": "never"}, None, 0, 0)
    assert {r.tags["url"] for r in await network.probe().measure()} == {"a"}
    assert all(r.fields["trouble"] for r in await network.probe().measure())


async def test_what_ping_asks_no_more_is_looked_at_no_more() -> None:
    network = Network()

    def ping(*targets: str) -> PingProbe:
        return PingProbe(targets, resolve=resolve, open_echo=nobody, trouble=network.trouble)

    async def resolve(host: str, *_: object) -> Any:
        return await network.resolve(host, 1)

    def nobody(_: object) -> Any:
        raise OSError

    await ping("a", "b").measure()
    assert {r.tags["url"] for r in await network.probe().measure()} == {"a", "b"}
    await ping("b").measure()
    assert {r.tags["url"] for r in await network.probe().measure()} == {"b"}


def test_targets_without_end_cost_no_memory_without_end() -> None:
    trouble = Trouble()
    for number in range(2 * MOST_TARGETS):
        trouble.note({"url": str(number)}, None, 1, 1)
    assert len(list(trouble)) == MOST_TARGETS


async def test_this_machine_reaches_itself() -> None:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        heard = await ask((family, (host, 0)), 1, 10)
        assert heard
        assert ip_address(host).is_loopback
