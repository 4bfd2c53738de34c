"""The list of schools without a network, 未联网学校清单 (R-04, F-02): pure, over time.

A school that nothing proves to be connected is watched from then on, and is on the list once that
has lasted for long enough in school time. What counts is the time between two looks that both found
it so: while the collector was away, or was itself cut off, nobody looked, and nothing counts.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Final, Literal

from alerts.schooltime import SchoolTime
from collector.outside import SchoolKey
from collector.picture import Picture, SchoolView
from collector.roster.school import Standing
from collector.verdicts import Cause
from core.clock import SECOND

State = Literal["connected", "unconnected", "unclear"]
Reason = Literal[Cause, "all_stopped"]
Ended = Literal["", "connected", Standing]
"""Why an entry is over: the school is connected, or what it is to the roster instead of open."""

OURS: Final[frozenset[Cause]] = frozenset({"broker", "collector", "region", "own_line"})
"""Causes that are on our side of the line, so that nothing is known of the school."""
PER_REGION: Final[frozenset[Cause]] = OURS - {"own_line"}
NOTICED_WITHIN: Final = 300 * SECOND
"""A silence is noticed so long after it began, and two looks are no further apart."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one look tells of a school; `since` (ns) is when that began, 0 where never or unknown.

    Name and area are kept with an entry, for a roster that later knows the school no more.
    """

    state: State
    cause: Reason = ""
    since: int = 0
    name: str = ""
    area: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A school that is watched, on the list since `opened`, or was until `closed`; times in ns.

    `began` is the first look that found it unconnected, `since` the moment from which nothing
    proves anything. `counted` is the school time that was looked at, until `looked`.
    """

    region: str
    school: str
    began: int
    since: int
    looked: int
    counted: int = 0
    cause: Reason = ""
    name: str = ""
    area: str = ""
    opened: int = 0
    closed: int = 0
    ended: Ended = ""

    @property
    def key(self) -> SchoolKey:
        """Which school it is of."""
        return self.region, self.school


@dataclass(frozen=True, slots=True)
class Listed:
    """What is open, the longest first, and what is over, the newest first.

    `cleared` are the times (ns) from opening to recovery of those that recovered since `month`;
    `after` is the school time that puts a school on the list.
    """

    open: tuple[Entry, ...] = ()
    over: tuple[Entry, ...] = ()
    cleared: tuple[int, ...] = ()
    month: int = 0
    after: int = 0

    @property
    def median(self) -> int:
        """Return the median of `cleared`, 0 where nothing was."""
        return int(median(self.cleared)) if self.cleared else 0

    @property
    def longest(self) -> int:
        """Return the longest of `cleared`, 0 where nothing was."""
        return max(self.cleared, default=0)


def told(picture: Picture) -> dict[SchoolKey, Told]:
    """Return what *picture* tells of every school that counts."""
    away = set(_regions_away(picture))
    return {(view.region, view.school): _told(view, away) for view in picture.counted}


def look(
    entries: Mapping[SchoolKey, Entry],
    found: Mapping[SchoolKey, Told],
    at: int,
    *,
    after: int,
    times: SchoolTime,
    standing: Callable[[SchoolKey], Standing],
) -> list[Entry]:
    """Return the entries that are new or changed at *at*, out of those that are not closed.

    *standing* says what a school is that is not among *found*. One that is closed and was never
    opened was only watched.
    """
    changed = [
        _begun(key, one, at, times) for key, one in found.items() if _is_new(entries, key, one)
    ]
    for key, entry in entries.items():
        one = found.get(key)
        if one is None:
            changed.append(_over(entry, at, standing(key)))
        elif one.state == "connected":
            changed.append(_over(entry, at, "connected"))
        elif one.state == "unclear":
            changed.append(replace(entry, looked=at))
        else:
            changed.append(_gone_on(entry, one, at, times))
    return [_opened(entry, at, after) for entry in changed]


def _told(view: SchoolView, away: set[str]) -> Told:
    line = view.line
    state: State = "unconnected"
    if line.state in ("up", "degraded"):
        state = "connected"
    elif line.cause in OURS or (line.state != "down" and view.region in away):
        state = "unclear"
    area = view.entry.area if view.entry and view.entry.area else ""
    # A line without a cause is that of a school whose agents were all stopped on purpose.
    cause: Reason = line.cause or ("" if state == "connected" else "all_stopped")
    return Told(state, cause, line.since, view.name, area)


def _regions_away(picture: Picture) -> Iterator[str]:
    """Give the regions from which nobody can be heard for the first time: where most agents fell
    silent at once, or while the collector takes nothing in."""
    for view in picture.schools:
        causes = {view.line.cause, *(agent.verdict.cause for agent in view.agents)}
        if not picture.broker_connected or causes & PER_REGION:
            yield view.region


def _is_new(entries: Mapping[SchoolKey, Entry], key: SchoolKey, one: Told) -> bool:
    return one.state == "unconnected" and key not in entries


def _begun(key: SchoolKey, one: Told, at: int, times: SchoolTime) -> Entry:
    since = min(one.since or at, at)
    counted = times.lasting(max(since, at - NOTICED_WITHIN), at, "/".join(key))
    return Entry(*key, at, since, at, counted, one.cause, one.name, one.area)


def _over(entry: Entry, at: int, ended: Ended) -> Entry:
    # A clock that was set back must not end it before it began.
    return replace(entry, closed=max(at, entry.opened, entry.began), ended=ended)


def _gone_on(entry: Entry, one: Told, at: int, times: SchoolTime) -> Entry:
    return replace(
        entry,
        counted=entry.counted + _counted(entry, at, times),
        looked=at,
        cause=one.cause,
        name=one.name or entry.name,
        area=one.area or entry.area,
    )


def _counted(entry: Entry, at: int, times: SchoolTime) -> int:
    """Return what a look at *at* adds: nothing where we were away meanwhile."""
    if at - entry.looked > NOTICED_WITHIN:
        return 0
    return times.lasting(entry.looked, at, "/".join(entry.key))


def _opened(entry: Entry, at: int, after: int) -> Entry:
    is_due = not entry.opened and not entry.closed and entry.counted > after
    return replace(entry, opened=at) if is_due else entry
