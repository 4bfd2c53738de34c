"""Frames to everybody beyond what a network can bear, and the same ones again and again.

Kinds: `network_loop` where the same frame comes back within milliseconds, as it does when a cable
leads back into the network and no spanning tree stops it; `broadcast_storm` where frames to
everybody come at a high rate for another reason. While a loop is open, its storm is not told.
Not counted, since they are meant: IP multicast streams (IPTV, disk imaging, classroom screens;
the groups that RFC 5771 gives to single links are counted) and large IP frames to everybody that
come once each (imaging by broadcast).
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from agent.sensor.detectors.base import detectors
from agent.sensor.facts import BROADCAST, Fact, Frame, Mac
from agent.sensor.frames import ARP_TYPE
from agent.sensor.incidents import Incidents, Sign
from agent.sensor.shared import Shared
from agent.sensor.tables import Bounded

VLANS_MAX: Final = 64
DIGESTS_MAX: Final = 4096
"""Different frames remembered within one second and VLAN."""
SOURCES_MAX: Final = 1024

LINK_GROUPS_4: Final = b"\x01\x00\x5e\x00\x00"
"""224.0.0.0/24; all groups of IPv4 begin with 01:00:5e."""
GROUPS_4: Final = b"\x01\x00\x5e"
GROUPS_6: Final = b"\x33\x33"
LINK_GROUPS_6: Final = (b"\x33\x33\x00\x00\x00", b"\x33\x33\x00\x01\x00", b"\x33\x33\xff")
"""ff02::x, those of DHCP, LLMNR and the like, and the solicited-node groups."""
IP_TYPES: Final = (0x0800, 0x86DD)
LARGE_BYTES: Final = 512

BACK_S: Final = 0.05
"""A loop of some switches takes under a millisecond; repeated questions are 100 ms apart."""
FAST_S: Final = 0.003
"""No machine repeats itself so fast that is not broken."""
RETURNS: Final = 8
"""Wake-on-LAN and mDNS send a frame up to three times, mirrors double each."""
FRAMES: Final = 3
NORMAL_S: Final = 300.0
FLOODS: Final = ("dhcp_starvation", "rogue_ra")
"""Attacks whose frames go to everybody, each of which counts there."""


@detectors.add("broadcast_storm")
@dataclass(frozen=True, slots=True)
class BroadcastStorm:
    """Thresholds, all of frames to everybody in one VLAN.

    `per_s` for `seconds` one after another: 200 machines that boot after a power cut send some
    300 a second, a storm sends all that the line carries; and `factor` times what is normal.
    `at_once` frames within such seconds need no third one. `copies` of one frame in a second, or 8
    of each of three from two machines, are a loop.
    """

    per_s: Annotated[int, Meta(ge=50, le=1_000_000)] = 500
    seconds: Annotated[int, Meta(ge=1, le=60)] = 3
    factor: Annotated[float, Meta(ge=1, le=1000)] = 5.0
    at_once: Annotated[int, Meta(ge=100, le=1_000_000)] = 2000
    copies: Annotated[int, Meta(ge=10, le=10_000)] = 30
    quiet_s: Annotated[float, Meta(ge=5, le=3600)] = 30.0

    def watch(self, shared: Shared, incidents: Incidents) -> "BroadcastStormMachine":
        """Return a machine without a past."""
        return BroadcastStormMachine(self, incidents)


@dataclass(slots=True)
class _Copies:
    """One frame of this second: how often it came, each time soon after the last."""

    src: Mac
    first: float
    at: float
    count: int = 1


@dataclass(slots=True)
class _Second:
    """One VLAN: what came in this second, and before."""

    second: int = 0
    number: int = 0
    frames: int = 0
    at: float = 0.0
    copies: dict[int, _Copies] = field(default_factory=dict)
    back: dict[int, Mac] = field(default_factory=dict)
    """Frames that came back often in this second."""
    sources: set[Mac] = field(default_factory=set)
    asked: dict[Mac, int] = field(default_factory=dict)
    """Different ARP frames of each machine in this second."""
    normal: float = 0.0
    high: int = 0
    """Seconds with a high rate, one after another."""
    high_frames: int = 0
    began: float = 0.0


class BroadcastStormMachine:
    """The state: one second of each VLAN, and its normal rate."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Frame,)

    def __init__(self, options: BroadcastStorm, incidents: Incidents) -> None:
        self._options, self._incidents = options, incidents
        self.seconds = Bounded[int, _Second](VLANS_MAX, _Second)

    def take(self, frame: Frame) -> None:
        """Hear of a frame; those to one machine have no digest."""
        if not frame.digest or _is_stream(frame.dst):
            return
        row = self.seconds.of(frame.vlan)
        if int(frame.at) > row.second:
            self._close(frame.vlan, row)
            self._idle(row, int(frame.at))
        returned = self._returned(row, frame)
        if frame.size >= LARGE_BYTES and frame.ethertype in IP_TYPES and not returned:
            return
        row.frames += 1
        row.at, row.number = frame.at, frame.number
        if len(row.sources) < SOURCES_MAX:
            row.sources.add(frame.src)
        if frame.ethertype == ARP_TYPE and not returned and frame.src in row.sources:
            row.asked[frame.src] = row.asked.get(frame.src, 0) + 1

    def tick(self, now: float) -> None:
        """Hear that it is *now*: seconds that are over are counted."""
        for vlan, row in self.seconds.items():
            if row.frames and int(now) > row.second:
                self._close(vlan, row)
                self._idle(row, row.second + 1)

    def _returned(self, row: _Second, frame: Frame) -> bool:
        """Return whether the same frame came a moment ago; tell of a loop when it is one."""
        seen = row.copies.get(frame.digest)
        if seen is None:
            if len(row.copies) < DIGESTS_MAX:
                row.copies[frame.digest] = _Copies(frame.src, frame.at, frame.at)
            return False
        if frame.at - seen.at > BACK_S:
            seen.first, seen.count = frame.at, 0
        seen.at, seen.count = frame.at, seen.count + 1
        if seen.count == RETURNS:
            row.back[frame.digest] = frame.src
        elif seen.count < RETURNS:
            return seen.count > 1
        if not self._incidents.is_open("network_loop", frame.vlan):
            surely = len(row.back) >= FRAMES and len(set(row.back.values())) > 1
            fast = frame.at - seen.first <= FAST_S * seen.count
            alone = seen.count >= self._options.copies and (fast or self._all_return(row, frame))
            if surely or alone:
                row.at, row.number = frame.at, frame.number
                self._loop(frame.vlan, row, 0.95 if surely else 0.7)
        return True

    def _all_return(self, row: _Second, frame: Frame) -> bool:
        """Return whether no frame of others stays away: else a machine repeats itself."""
        gone = (
            one.count == 1 and one.src != frame.src and frame.at - one.at > BACK_S
            for one in row.copies.values()
        )
        return sum(gone) < FRAMES

    def _loop(self, vlan: int, row: _Second, confidence: float) -> None:
        copies = [row.copies[digest].count for digest in row.back if digest in row.copies]
        self._incidents.sign(
            Sign(
                *("network_loop", vlan, row.at, row.number),
                count=sum(copies),
                confidence=confidence,
                evidence={
                    "copies": max(copies, default=0),
                    "frames": len(copies),
                    "sources": len(set(row.back.values())),
                    "per_s": row.frames,
                },
                quiet_s=self._options.quiet_s,
                vlan=vlan,
            )
        )

    def _close(self, vlan: int, row: _Second) -> None:
        """Judge the second that is over."""
        rate, options = row.frames, self._options
        if row.back and self._incidents.is_open("network_loop", vlan):
            self._loop(vlan, row, 0.95)
        # One machine that asks for ever other addresses sweeps, or routes for somebody who does.
        asked = max(row.asked.values(), default=0) if rate < options.at_once else 0
        high = rate - asked >= options.per_s and rate >= options.factor * row.normal
        if not high:
            row.high = row.high_frames = 0
            row.normal += (rate - row.normal) / NORMAL_S
            return
        row.began = row.began if row.high else float(row.second)
        row.high += 1
        row.high_frames += rate
        enough = row.high >= options.seconds or row.high_frames >= options.at_once
        if enough and not self._is_told(vlan, row):
            self._storm(vlan, row, rate)

    def _is_told(self, vlan: int, row: _Second) -> bool:
        """Return whether it is told as a loop, or as the flood that most of its frames are."""
        incidents = self._incidents
        if incidents.is_open("network_loop", vlan):
            return True
        return not incidents.is_open("broadcast_storm", vlan) and any(
            one.kind in FLOODS and one.vlan == vlan and 2 * one.count >= row.high_frames
            for one in incidents.open_ones()
        )

    def _storm(self, vlan: int, row: _Second, rate: int) -> None:
        going_on = self._incidents.is_open("broadcast_storm", vlan)
        self._incidents.sign(
            Sign(
                *("broadcast_storm", vlan, row.at, row.number),
                count=rate if going_on else row.high_frames,
                evidence={
                    "per_s": rate,
                    "normal_per_s": round(row.normal, 1),
                    "sources": len(row.sources),
                    "seconds": row.high,
                },
                began=row.began,
                quiet_s=self._options.quiet_s,
                vlan=vlan,
            )
        )

    def _idle(self, row: _Second, second: int) -> None:
        """Begin *second*; those between had no frame."""
        between = second - row.second - 1 if row.second else 0
        if between > 0:
            row.high = row.high_frames = 0
            row.normal *= (1 - 1 / NORMAL_S) ** min(between, 10 * NORMAL_S)
        row.second, row.frames = second, 0
        row.copies.clear()
        row.back.clear()
        row.sources.clear()
        row.asked.clear()


def _is_stream(dst: Mac) -> bool:
    if dst == BROADCAST:
        return False
    if dst.startswith(GROUPS_4):
        return not dst.startswith(LINK_GROUPS_4)
    return dst.startswith(GROUPS_6) and not dst.startswith(LINK_GROUPS_6)
