"""Whoever guesses passwords waits, longer each time: by account and by address. Pure.

An attempt is charged before its password is looked at, so that a thousand at once are a thousand,
and given back where it was right. While somebody has to wait nothing more is charged, so nobody is
kept out for good by others who go on. Names that are not there count like those that are.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

FREE: Final = 5
"""Wrong passwords before the first wait."""
FIRST_WAIT_S: Final = 30.0
LONGEST_NAME_WAIT_S: Final = 900.0
"""Some hundred guesses a day, and its owner is kept out for no longer than a quarter of an hour."""
LONGEST_ADDRESS_WAIT_S: Final = 3_600.0
FREE_OF_ADDRESS: Final = 20
"""A school is one address to us."""
FORGOTTEN_S: Final = 86_400.0
MOST: Final = 10_000
"""Names and addresses that are remembered, of each; then the one quiet for longest goes."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0
    until: float = 0.0


@dataclass(slots=True)
class Waits:
    """Failures by key; `free` of them cost nothing."""

    free: int
    longest: float
    most: int = MOST
    _of: "OrderedDict[Hashable, _Failures]" = field(default_factory=OrderedDict)

    def left(self, key: Hashable, now: float) -> float:
        """Return for how many seconds *key* has to wait."""
        found = self._of.get(key)
        return max(0.0, found.until - now) if found else 0.0

    def charge(self, key: Hashable, now: float) -> None:
        """Count an attempt as a failure."""
        found = self._of.pop(key, None)
        if found is None or now - found.last > FORGOTTEN_S:
            found = _Failures()
        found.count, found.last = found.count + 1, now
        over = found.count - self.free
        if over >= 0:
            found.until = now + min(self.longest, FIRST_WAIT_S * 2.0 ** min(over, 20))
        self._of[key] = found
        while len(self._of) > self.most:
            self._of.popitem(last=False)

    def give_back(self, key: Hashable) -> None:
        """Take one charge back: the attempt was right."""
        found = self._of.get(key)
        if found:
            found.count -= 1
            found.until = 0.0
            if found.count <= 0:
                del self._of[key]

    def clear(self, key: Hashable) -> None:
        """Forget all failures of *key*."""
        self._of.pop(key, None)

    def __len__(self) -> int:
        return len(self._of)


class Lockout:
    """Both counts together; times in seconds of a clock that never goes back."""

    def __init__(self, most: int = MOST) -> None:
        self.names = Waits(FREE, LONGEST_NAME_WAIT_S, most)
        self.addresses = Waits(FREE_OF_ADDRESS, LONGEST_ADDRESS_WAIT_S, most)

    def begin(self, name: str, address: str, now: float) -> float:
        """Charge an attempt, or return for how many seconds there is to wait before one."""
        who, where = name.casefold(), network_of(address)
        wait = max(self.names.left(who, now), self.addresses.left(where, now))
        if not wait:
            self.names.charge(who, now)
            self.addresses.charge(where, now)
        return wait

    def right(self, name: str, address: str) -> None:
        """Hear that the attempt was right.

        The address gets back this one alone: else who has an account could wash off guesses at
        others.
        """
        self.names.clear(name.casefold())
        self.addresses.give_back(network_of(address))

    def left(self, name: str, address: str, now: float) -> float:
        """Return for how many seconds there is to wait."""
        who, where = name.casefold(), network_of(address)
        return max(self.names.left(who, now), self.addresses.left(where, now))


class Rate:
    """At most `limit` of something in `seconds` for each key; bounded like the others."""

    def __init__(self, limit: int, seconds: float, most: int = MOST) -> None:
        self._limit, self._seconds, self._most = limit, seconds, most
        self._of: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def left(self, key: Hashable, now: float) -> float:
        """Return for how many seconds *key* has had enough."""
        since, count = self._of.get(key, (now, 0))
        return max(0.0, since + self._seconds - now) if count >= self._limit else 0.0

    def count(self, key: Hashable, now: float) -> None:
        """Count one more."""
        since, count = self._of.pop(key, (now, 0))
        if now - since >= self._seconds:
            since, count = now, 0
        self._of[key] = since, count + 1
        while len(self._of) > self._most:
            self._of.popitem(last=False)


def network_of(address: str) -> str:
    """Return what counts as one sender: an IPv4 address, or the /64 that one line has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)
