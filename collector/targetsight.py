"""From what is known of every school to what the rules see of the district's targets: pure.

Three answers, never two: met, missed, and nobody can tell. With less than nine tenths known there
is no answer at all (R-29), and what is open stays open. A miss is proven where it would be one
even if every school of which nobody can tell met the target.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any, Final, Literal, NamedTuple

import msgspec

from alerts.facts import Sight, Wrong
from alerts.targets.indicators import Judged
from alerts.targets.shares import is_complete, percent_at_least, reaches
from collector.outside import SchoolKey

MOST_NAMES: Final = 1_000
"""Bytes of names in the details, which are left out as a whole where they are too large
(alerts/match.py); the counts are of all."""

Answer = Literal["met", "missed", "untold"]


@dataclass(frozen=True, slots=True)
class Aim:
    """One target: its indicator (domain.md §6), the rules of district and school, the share.

    `by_school`: the share is of schools, else of what they count together (agents, minutes).
    """

    id: str
    district: str
    school: str
    share: Fraction
    by_school: bool = False

    def part(
        self,
        key: SchoolKey,
        good: int,
        known: int,
        window: int,
        *,
        why: str = "",
        figures: Mapping[str, Any] | None = None,
    ) -> "Part":
        """Return what a school adds: *good* of *known*, out of a *window* that might be known."""
        judged: Judged = "unproven"
        if known and is_complete(known, window):
            judged = "met" if reaches(good, known, self.share) else "not_met"
        return Part(key, judged, good, known, window, why, figures or {})


ACCESS: Final = Aim("I-01", "target_access", "school_access", Fraction(1), by_school=True)
LISTED: Final = Aim("I-02", "target_unconnected", "school_unconnected", Fraction(1), by_school=True)
UPTIME: Final = Aim("I-03", "target_uptime", "school_uptime", Fraction(995, 1000))
EGRESS: Final = Aim(
    "I-04", "target_egress", "school_egress", Fraction(9_992, 10_000), by_school=True
)
ROOMS: Final = Aim("I-11", "target_rooms", "school_rooms", Fraction(95, 100))
PLATFORMS: Final = Aim("I-20", "target_platforms", "school_platforms", Fraction(99, 100))
PROTECTION: Final = Aim(
    "I-31", "target_protection", "school_protection", Fraction(1), by_school=True
)
WATCHING: Final = Aim("I-34", "target_watching", "school_watching", Fraction(95, 100))
CLOCKS: Final = Aim("I-35", "target_clocks", "school_clocks", Fraction(1))
LOGS_KEPT: Final = Aim("I-23", "target_logs_kept", "school_logs_kept", Fraction(1), by_school=True)
LOGS_WHOLE: Final = Aim(
    "I-24", "target_logs_whole", "school_logs_whole", Fraction(1), by_school=True
)
AIMS: Final = (
    *(ACCESS, LISTED, UPTIME, EGRESS, ROOMS, PLATFORMS, PROTECTION, WATCHING, CLOCKS),
    *(LOGS_KEPT, LOGS_WHOLE),
)

EXPLAINS: Final[Mapping[str, tuple[str, ...]]] = {
    ACCESS.school: ("line_down",),
    LISTED.school: ("line_down", "school_access", "agent_silent", "school_unknown"),
    UPTIME.school: ("line_down", "school_unconnected"),
    PLATFORMS.school: ("line_down", "target_unreachable", "resolver_fails"),
    ROOMS.school: ("room_not_ready", "switch_down"),
    PROTECTION.school: ("firewall_silent", "firewall_expired"),
    LOGS_KEPT.school: ("log_keep_short",),
    LOGS_WHOLE.school: ("log_day_damaged", "log_rows_lost", "firewall_silent"),
    WATCHING.school: ("line_down", "agent_silent"),
    CLOCKS.school: ("clock_off", "clock_drifts"),
}
"""Of each target the alerts that say of a school why it misses it, the one that says most first."""


class Part(NamedTuple):
    """What one school adds to a target; `why` and `figures` go into its own alert."""

    key: SchoolKey
    judged: Judged
    good: int = 0
    known: int = 0
    window: int = 0
    why: str = ""
    figures: Mapping[str, Any] = {}


class Sum(NamedTuple):
    """A group of schools against one target: `good` of `all` in what is counted."""

    answer: Answer
    good: int
    all: int
    met: int
    not_met: int
    unproven: int


def total(aim: Aim, parts: Sequence[Part]) -> Sum:
    """Return how a group stands."""
    met, not_met, unproven = (
        sum(one.judged == word for one in parts) for word in ("met", "not_met", "unproven")
    )
    good, known, window = (
        sum(part.good for part in parts),
        sum(part.known for part in parts),
        sum(part.window for part in parts),
    )
    if aim.by_school:
        good, known, window = met, met + not_met, len(parts)
    best = good + (unproven if aim.by_school else 0)
    out_of = window if aim.by_school else known
    answer: Answer = "untold"
    if is_complete(known, window) and out_of:
        if not reaches(best, out_of, aim.share):
            answer = "missed"
        elif reaches(good, out_of, aim.share):
            answer = "met"
    return Sum(answer, good, out_of, met, not_met, unproven)


def sights(
    aim: Aim,
    parts: Sequence[Part],
    at: int,
    name_of: Callable[[str], str],
    faults: Mapping[SchoolKey, str] | None = None,
) -> tuple[Sight, Sight]:
    """Return what the rules of district and of school see of one target.

    *faults* name for a school the rule whose open alert explains that it misses the target.
    """
    groups: dict[str, list[Part]] = {"": list(parts)}
    for one in parts:
        groups.setdefault(one.key[0], []).append(one)
    if len(groups) == 2:
        groups = {"": groups[""]}  # one region is the district
    sums = {place: total(aim, some) for place, some in groups.items()}
    missed = [place for place, found in sums.items() if found.answer == "missed"]
    district = [
        Wrong(
            *(aim.district, place, at),
            details=_details(aim, sums[place], groups[place], name_of),
            part_of=aim.district if place and "" in missed else "",
        )
        for place in missed
    ]
    # What nobody can tell of the district says nothing of its regions, but they wait for it too:
    # what is unknown at a place is unknown below it.
    untold = frozenset(place for place, found in sums.items() if found.answer == "untold")
    schools = [
        Wrong(
            *(aim.school, "/".join(one.key), at),
            details={**_of_school(aim, one), "why": one.why},
            part_of=(faults or {}).get(one.key) or _whole(aim, one, missed),
        )
        for one in parts
        if one.judged == "not_met"
    ]
    unproven = frozenset("/".join(one.key) for one in parts if one.judged == "unproven")
    members = {("/".join(one.key), ""): one.judged != "unproven" for one in parts}
    return (
        Sight(at, frozenset({aim.district}), district, untold),
        Sight(at, frozenset({aim.school}), schools, unproven, members={aim.school: members}),
    )


def _whole(aim: Aim, one: Part, missed: Sequence[str]) -> str:
    return aim.district if "" in missed or one.key[0] in missed else ""


def _details(
    aim: Aim, found: Sum, parts: Iterable[Part], name_of: Callable[[str], str]
) -> Mapping[str, Any]:
    names = sorted(name_of("/".join(one.key)) for one in parts if one.judged == "not_met")
    sizes = accumulate(len(msgspec.json.encode(name)) + 1 for name in names)
    named = [name for name, size in zip(names, sizes) if size <= MOST_NAMES]
    return {
        "indicator": aim.id,
        "value": share(found.good, found.all),
        "target": asked(aim),
        "met": found.met,
        "not_met": found.not_met,
        "unproven": found.unproven,
        "total": found.met + found.not_met + found.unproven,
        "schools": named,
    }


def _of_school(aim: Aim, one: Part) -> Mapping[str, Any]:
    return {
        "indicator": aim.id,
        "value": share(one.good, one.known),
        "target": asked(aim),
        "good": one.good,
        "known": one.known,
        **one.figures,
    }


def share(good: int, known: int) -> str:
    """Return a share in percent with two decimals, rounded down: what is missed is never 100."""
    return f"{percent_at_least(good, known):.2f}"


def asked(aim: Aim) -> str:
    """Return the share that is asked for, in percent."""
    return f"{float(aim.share * 100):.2f}".rstrip("0").removesuffix(".")
