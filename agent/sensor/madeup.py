"""Hardware addresses that no maker gave out: how those of a tool differ from those of machines.

Machines of a school come from a few makers, whose first three octets (OUI) they share; telephones
that hide theirs set the bit for that (IEEE 802c: locally administered) and are random behind it.
A tool that makes up a whole address hits a maker nobody else has each time, or writes the same
beginning before random octets.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

from agent.sensor.facts import Mac

GROUP, LOCAL = 1, 2
THIRDS: Final = 10
"""So many third octets behind the same two: virtual machines have one, telephones no common two."""


def made_up(macs: Iterable[Mac], enough: int) -> int:
    """Return how many of *macs* seem made up; of one sort less than *enough* are none."""
    addresses = [mac for mac in macs if len(mac) == 6]
    impossible = sum(1 for mac in addresses if mac[0] & GROUP)
    makers = Counter(mac[:3] for mac in addresses if not mac[0] & (GROUP | LOCAL))
    alone = sum(1 for number in makers.values() if number == 1)
    if alone < max(enough, sum(makers.values()) // 2):
        alone = 0
    return impossible + alone + _alike(addresses, enough)


def _alike(addresses: Iterable[Mac], enough: int) -> int:
    thirds: dict[bytes, set[int]] = defaultdict(set)
    numbers: Counter[bytes] = Counter()
    for mac in addresses:
        if mac[0] & (GROUP | LOCAL) == LOCAL:
            thirds[mac[:2]].add(mac[2])
            numbers[mac[:2]] += 1
    return sum(
        number
        for begin, number in numbers.items()
        if number >= enough and len(thirds[begin]) >= THIRDS
    )
