"""What is sent by a hundred thousand machines that are none fills no memory and breaks nothing."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sensor.facts import Advert, Arp, Dhcp, Dhcp6, Dns, Fact, Neighbour, Tcp
from agent.sensor.network import Network
from agent.sensor.watching import Watching, watching

WORDS = (
    *("rogue_dhcp", "dhcp_starvation", "rogue_ra"),
    *("dns_tunnel", "blocked_names", "mining_pool"),
)
SERVER = bytes((0, 0x1B, 0x21, 0, 0, 1))
EVERYBODY = b"\xff" * 6


def at_work(*words: str, **options: object) -> Watching:
    return watching(Network(), lambda *_: None, dict.fromkeys(words, options))


def mac(n: int) -> bytes:
    return (n * 2_654_435_761 % (1 << 48)).to_bytes(6)


def ip(n: int) -> bytes:
    return bytes((10, *(n % (1 << 24)).to_bytes(3)))


def ip6(n: int) -> bytes:
    return b"\xfe\x80" + mac(n).rjust(14, b"\0")


def clients(n: int) -> list[Fact]:
    """Each asks once, and has a question for ARP."""
    head = (n / 5000, n, n % 300, mac(n), EVERYBODY)
    return [
        Dhcp(*head, bytes(4), b"\xff" * 4, 1 + n % 8, n, mac(n), bytes(4), bytes(4), b"", (), ()),
        Arp(*head, 1, mac(n), ip(n), bytes(6), ip(n + 7)),
    ]


def servers(n: int) -> list[Fact]:
    """Each gives another router."""
    head = (n / 5000, n, n % 3, mac(n), EVERYBODY)
    who = (ip(n), b"\xff" * 4, 2 + 3 * (n % 2), n // 2, mac(n // 2))
    return [Dhcp(*head, *who, ip(n), bytes(4), ip(n), (ip(n),), (ip(n),))]


def routers(n: int) -> list[Fact]:
    """Each has another prefix and neighbours, and is a DHCP server too."""
    head = (n / 5, n, n % 3, mac(n), EVERYBODY)
    prefix = (b"\x20\x01" + mac(n).ljust(14, b"\0"), 64, 600)
    return [
        Advert(*head, ip6(n), 255, 1800, 0, mac(n), (prefix,), (ip6(n),)),
        Neighbour(*head, ip6(n), prefix[0], n % 2 == 0, mac(n), False, False),
        Dhcp6(*head, ip6(n), ip6(1), 2, mac(n), mac(n // 2), (ip6(n),)),
    ]


def names(n: int) -> list[Fact]:
    """Each asks for a long name of another domain."""
    head = (n / 5000, n, 0, mac(n), SERVER)
    name = f"{mac(n).hex()}{mac(n + 1).hex()}{mac(n + 2).hex()}.x.d{n // 10}.org"
    return [Dns(*head, ip(n // 10), ip(1), False, name, (16, 10, 1)[n % 3], 0, 90, 1)]


def miners(n: int) -> list[Fact]:
    head = (n / 5000, n, 0, mac(n), SERVER)
    there = bytes((45, 9, n >> 8 & 255, n & 255))
    return [
        Tcp(*head, ip(n), there, 40_000, 3333, 2, 0, 0, ""),
        Tcp(*head, there, ip(n % 5000), 3333, 40_000, 18, 0, 0, ""),
        Tcp(*head, ip(n), there, 40_000, 3333, 24, 0, 90, "stratum"),
    ]


@pytest.mark.parametrize(
    ("word", "flood", "count", "most_mb"),
    [
        ("rogue_dhcp", servers, 3_000, 3),
        ("rogue_dhcp", clients, 6_000, 3),
        ("dhcp_starvation", clients, 8_000, 8),
        ("rogue_ra", routers, 2_000, 3),
        ("dns_tunnel", names, 12_000, 12),
        ("mining_pool", miners, 3_000, 4),
    ],
)
def test_a_flood_fills_its_tables_and_no_more(
    word: str, flood: Callable[[int], list[Fact]], count: int, most_mb: float
) -> None:
    watch = at_work(word)
    tracemalloc.start()
    try:
        sizes = []
        for begin in (0, count):
            for n in range(begin, begin + count):
                for fact in flood(n):
                    watch.take(fact)
            sizes.append(tracemalloc.get_traced_memory()[0] / 1e6)
    finally:
        tracemalloc.stop()
    assert max(sizes) < most_mb
    assert sizes[1] < sizes[0] * 1.3 + 0.2


def test_names_that_are_asked_for_fill_no_more_than_their_table(tmp_path: Path) -> None:
    file = tmp_path / "bad"
    file.write_text("d7.org\nd8.org\n", encoding="utf-8")
    watch = at_work("blocked_names", malware=[str(file)])
    for n in range(20_000):
        for fact in names(n):
            watch.take(fact)
    (machine,) = watch.machines
    assert machine.verdicts == {"malware": 20}  # type: ignore[attr-defined]


times = st.floats(0, 2e9)
macs = st.sampled_from([b"", mac(1), mac(2), EVERYBODY, bytes(6), SERVER])
addresses = st.sampled_from([ip(1), ip(2), bytes(4), b"\xff" * 4, ip6(1), bytes(16)])
fours = st.sampled_from([ip(1), ip(2), ip(3), bytes(4), b"\xff" * 4])
sixes = st.sampled_from([ip6(1), ip6(2), b"\x20\x01" + bytes(14), b"\x20\x02" + bytes(14)])
words = st.text(st.sampled_from("ab.-_\u00e4"), max_size=80)
heads = st.tuples(times, st.integers(1, 99), st.integers(0, 2), macs, macs)
facts = st.one_of(
    st.builds(
        lambda head, *rest: Dhcp(*head, *rest),
        heads,
        *(fours, fours, st.integers(0, 255), st.integers(0, 3), st.binary(max_size=16)),
        *(fours, fours, st.one_of(st.just(b""), fours)),
        *(st.lists(fours, max_size=3).map(tuple), st.lists(fours, max_size=3).map(tuple)),
    ),
    st.builds(
        lambda head, *rest: Advert(*head, *rest),
        heads,
        *(sixes, st.integers(0, 255), st.integers(0, 65_535), st.integers(-1, 1), macs),
        st.lists(st.tuples(sixes, st.integers(0, 128), st.integers(0, 9)), max_size=3).map(tuple),
        st.lists(sixes, max_size=3).map(tuple),
    ),
    st.builds(
        lambda head, *rest: Dhcp6(*head, *rest),
        heads,
        *(sixes, sixes, st.integers(0, 255), macs, macs),
        st.lists(sixes, max_size=2).map(tuple),
    ),
    st.builds(
        lambda head, *rest: Neighbour(*head, *rest),
        heads,
        *(sixes, sixes, st.booleans(), macs, st.booleans(), st.booleans()),
    ),
    st.builds(
        lambda head, *rest: Arp(*head, *rest),
        heads,
        *(st.integers(0, 9), macs, fours, macs, fours),
    ),
    st.builds(
        lambda head, *rest: Dns(*head, *rest),
        heads,
        *(addresses, addresses, st.booleans(), words, st.integers(0, 65_535), st.integers(0, 15)),
        *(st.integers(0, 9000), st.integers(0, 99)),
    ),
    st.builds(
        lambda head, *rest: Tcp(*head, *rest),
        heads,
        *(addresses, addresses, st.integers(0, 65_535), st.sampled_from([3333, 80, 0])),
        *(st.integers(0, 255), st.integers(0, 9), st.integers(0, 9)),
        st.sampled_from(["", "stratum"]),
    ),
)


@given(st.lists(facts, max_size=60))
def test_no_facts_whatever_break_a_detector(given_facts: list[Fact]) -> None:
    watch = at_work(*WORDS)
    for fact in given_facts:
        watch.take(fact)
    watch.tick(3e9)
    assert watch.incidents.open_ones() == []
