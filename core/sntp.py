"""SNTP as bytes (RFC 4330; the on-wire protocol of RFC 5905), and what may be concluded from it.

A server's answer bounds the true time, it does not give it: at the moment of arrival that lies
between the server's time of sending and this plus what the way took, more by what the server says
that it may itself be off. Nothing is assumed of how the way divides into there and back.

ntplib, the library there is, blocks, checks neither mode nor originate timestamp, and ends in 2036.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.clock import SECOND

PORT: Final = 123
PACKET: Final = struct.Struct("!BBbbIII8s8sQQ")
"""Leap, version and mode; stratum, poll, precision; root delay and dispersion, reference; the
timestamps of reference and origin, of receiving and sending. Extensions may follow."""

CLIENT, SERVER = 3, 4
VERSION: Final = 4
UNSYNCHRONISED: Final = 3
MOST_STRATUM: Final = 15

FROM_1900_TO_1970: Final = 2_208_988_800
ERA_SECONDS: Final = 1 << 32
NTP_SHORT: Final = 1 << 16

TOO_FAR: Final = 3 * SECOND // 2
"""A server that may be off by more than this is of no use (MAXDIST of RFC 5905)."""

NEVER_AGAIN: Final = frozenset({"DENY", "RSTR"})
LESS_OFTEN: Final = frozenset({"RATE"})

Bounds = tuple[int, int]
"""Between which two moments (ns since 1970) the true time lies."""


@dataclass(frozen=True, slots=True)
class Served:
    """A server's time; `off` says by how much it may be wrong, all times in ns."""

    leap: int
    stratum: int
    root_delay: int
    root_dispersion: int
    received: int
    sent: int

    @property
    def off(self) -> int:
        """The root distance: half the way to the reference clock, and what grew since."""
        return self.root_delay // 2 + self.root_dispersion


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that says no time, and why; `kiss` is the code of a kiss-o'-death."""

    why: str
    kiss: str = ""


def request(nonce: bytes) -> bytes:
    """Return a request; the server brings back *nonce*, 8 bytes, as its originate timestamp.

    Random instead of our time, so that nobody who cannot see it can answer (as chrony
    does), and nobody learns what our clock says.
    """
    first = VERSION << 3 | CLIENT
    return PACKET.pack(first, 0, 0, 0, 0, 0, 0, bytes(8), bytes(8), 0, int.from_bytes(nonce))


def answer(packet: bytes, nonce: bytes) -> Served | Refused | None:
    """Return what *packet* says to the request with *nonce*; None where it is no answer to it.

    A kiss-o'-death counts only with the nonce too: else anybody could silence a server.
    """
    if len(packet) < PACKET.size:
        return None
    first, stratum, _, _, delay, dispersion, reference, _, origin, received, sent = (
        PACKET.unpack_from(packet)
    )
    if origin != nonce or first & 7 != SERVER:
        return None
    kiss = reference.to_bytes(4).decode("ascii", "replace").rstrip("\0")
    if stratum == 0 and kiss.isalnum():
        return Refused(f"it says no time, but {kiss} (kiss-o'-death)", kiss)
    served = Served(first >> 6, stratum, short(delay), short(dispersion), ns(received), ns(sent))
    return Refused(why) if (why := _why_not(served, received and sent)) else served


def _why_not(served: Served, times: int) -> str:
    """Return why *served* is not to be believed; *times* is 0 where one of them is not given."""
    if served.leap == UNSYNCHRONISED or not 1 <= served.stratum <= MOST_STRATUM:
        return "its own clock is not synchronised"
    if not times:
        return "it gives no time"
    if served.off > TOO_FAR:
        return f"it may itself be off by {served.off / SECOND:.1f} s"
    if served.sent < served.received:
        return "it says that it answered before it was asked"
    return ""


def ns(timestamp: int) -> int:
    """Return an NTP timestamp as ns since 1970, in the era that it belongs to until 2104.

    RFC 4330, 3: with the highest bit it counts from 1900, without it from the wrap of 2036.
    """
    seconds, fraction = timestamp >> 32, timestamp & 0xFFFFFFFF
    if not seconds >> 31:
        seconds += ERA_SECONDS
    return (seconds - FROM_1900_TO_1970) * SECOND + (fraction * SECOND >> 32)


def timestamp(at: int) -> int:
    """Return *at*, ns since 1970, as an NTP timestamp."""
    seconds, rest = divmod(at, SECOND)
    whole = (seconds + FROM_1900_TO_1970) % ERA_SECONDS
    return whole << 32 | (rest << 32) // SECOND


def short(value: int) -> int:
    """Return a duration in NTP short format, seconds in 16.16 bits, in ns."""
    return value * SECOND // NTP_SHORT


def delay(served: Served, waited: int) -> int | None:
    """Return how long the way there and back took, of *waited* ns; None where that cannot be."""
    left = waited - (served.sent - served.received)
    # Two clocks run differently, and theirs may have coarse ticks: a millisecond is no lie.
    return max(left, 0) if left > -SECOND // 1000 else None


def bounds(served: Served, way: int) -> Bounds:
    """Return between which moments the true time lay when the answer came."""
    return served.sent - served.off, served.sent + way + served.off


def agreed(all_bounds: Iterable[Bounds], voters: int = 0) -> Bounds | None:
    """Return what more than half of *all_bounds* have in common (Marzullo); None without such.

    Where *voters* were asked, more than half of those: some may be silent. With three servers one
    may lie; of two that disagree nobody knows which does.
    """
    given = list(all_bounds)
    edges = sorted([(low, -1) for low, _ in given] + [(high, 1) for _, high in given])
    open_now = most = 0
    best: Bounds | None = None
    for place, (at, kind) in enumerate(edges):
        open_now -= kind
        if kind < 0 and open_now > most:
            most, best = open_now, (at, edges[place + 1][0])
    return best if 2 * most > max(voters, len(given)) else None
