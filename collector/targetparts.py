"""What each school adds to each target, out of what the collector knows at one moment: pure.

A window is only judged once it says something: I-04 after five school days of the month, I-20 after
four hours of the day's school time, I-11 after one whole school day of the week.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from alerts.targets.facts import Facts
from alerts.targets.indicators import compliant, connected
from collector.logsheard import LogsHeard
from collector.outside import SchoolKey
from collector.picture import AgentView, Picture, SchoolView
from collector.rooms.past import Order
from collector.targetsight import (
    ACCESS,
    CLOCKS,
    EGRESS,
    LISTED,
    LOGS_KEPT,
    LOGS_WHOLE,
    PLATFORMS,
    PROTECTION,
    ROOMS,
    UPTIME,
    WATCHING,
    Part,
)
from collector.unconnected import Entry
from core.clock import SECOND

HOUR: Final = 3_600 * SECOND
SCHOOL_DAY: Final = 8 * HOUR
MONTH_SAYS: Final = 5 * SCHOOL_DAY
DAY_SAYS: Final = 4 * HOUR
HEARD: Final = 300 * SECOND
"""An agent was heard in so long, else it does not count as watching (I-34)."""
LOG_HOLDS: Final = 900 * SECOND
"""A protection measure says at least each 5 minutes that its log flows; three are missed."""
SEEN_AFTER: Final = HOUR
"""So long we must have listened before nothing seen means that nothing is there."""


def access(schools: Iterable[Facts]) -> list[Part]:
    """Return who has a line that works (I-01), of their lines now."""
    words = {"met": (1, 1), "not_met": (0, 1), "unproven": (0, 0)}
    return [ACCESS.part(_key(one), *words[connected(one)], 1) for one in schools]


def listed(picture: Picture, entries: Mapping[SchoolKey, Entry]) -> list[Part]:
    """Return who is on the list of schools without a network (I-02): the list itself says when
    nobody can tell, for then it does not change."""
    found = []
    for school in picture.counted:
        entry = entries.get((school.region, school.school))
        counted = entry.counted if entry else 0
        figures = {"hours": counted // HOUR}
        why = entry.cause if entry else ""
        key = (school.region, school.school)
        found.append(LISTED.part(key, int(entry is None), 1, 1, why=why, figures=figures))
    return found


def uptime(schools: Iterable[Facts]) -> list[Part]:
    """Return for how much of its known school time each line was up (I-03), of the month so far."""
    found = []
    for one in schools:
        judged = one.lessons >= MONTH_SAYS
        good, known = (one.up // SECOND, one.known // SECOND) if judged else (0, 0)
        found.append(UPTIME.part(_key(one), good, known, max(one.lessons // SECOND, 1)))
    return found


def egress(schools: Iterable[Facts]) -> list[Part]:
    """Return whose line was proven to reach its target (I-04), of the month so far."""
    found = []
    for one in schools:
        judged = compliant(one) if one.lessons >= MONTH_SAYS else "unproven"
        good, known = {"met": (1, 1), "not_met": (0, 1), "unproven": (0, 0)}[judged]
        figures = {"measured_mbps": one.tested, "target_mbps": one.target_mbps}
        found.append(EGRESS.part(_key(one), good, known, 1, figures=figures))
    return found


def platforms(schools: Iterable[Facts]) -> list[Part]:
    """Return how often platforms answered (I-20), of today so far."""
    return [
        PLATFORMS.part(
            _key(one),
            *(one.ok // SECOND, one.probed // SECOND, one.probed // SECOND)
            if one.lessons >= DAY_SAYS and _is_known(one)
            else (0, 0, 1),
        )
        for one in schools
    ]


def _is_known(one: Facts) -> bool:
    return one.probes_window > 0 and 10 * one.probes_known >= 9 * one.probes_window


def rooms(orders: Mapping[SchoolKey, tuple[int, Order]]) -> list[Part]:
    """Return for how long rooms were in order (I-11), of the week so far, in minutes.

    *orders* gives how many rooms a school has, and what is known of them together.
    """
    minute = 60 * SECOND
    found = []
    for key, (count, order) in orders.items():
        known = order.known if count and order.lessons // count >= SCHOOL_DAY else 0
        good = order.good if known else 0
        window = max(order.lessons, minute)
        found.append(ROOMS.part(key, good // minute, known // minute, window // minute))
    return found


def watching(picture: Picture) -> list[Part]:
    """Return how many agents were heard within five minutes (I-34)."""
    return [
        WATCHING.part(
            (school.region, school.school),
            sum(_is_heard(agent, picture.at) for agent in asked),
            sum(agent.verdict.state != "unknown" for agent in asked),
            len(asked),
        )
        for school, asked in _asked(picture)
    ]


def clocks(picture: Picture) -> list[Part]:
    """Return how many agents have a clock that is right within a second (I-35)."""
    found = []
    for school, asked in _asked(picture):
        known = [
            agent.clock.state
            for agent in asked
            if agent.clock.state != "unknown" and _is_heard(agent, picture.at)
        ]
        key = (school.region, school.school)
        found.append(CLOCKS.part(key, known.count("fine"), len(known), len(asked)))
    return found


def protection(
    picture: Picture,
    logs: Mapping[SchoolKey, int],
    faults: Mapping[SchoolKey, str],
    listening_since: int,
) -> list[Part]:
    """Return where a protection measure is seen alive (I-31).

    *logs*: when each school's measure last said that its log flows; *faults*: which alert says that
    one is silent or has expired. Nothing seen counts as missed only where somebody would see it.
    """
    found, at = [], picture.at
    for school in picture.counted:
        key = (school.region, school.school)
        good, known, why = 0, 0, ""
        if key in faults:
            known, why = 1, {"firewall_silent": "silent"}.get(faults[key], "expired")
        elif at - logs.get(key, 0) <= LOG_HOLDS:
            good = known = 1
        elif _would_see(school, at, listening_since):
            known, why = 1, "none"
        found.append(PROTECTION.part(key, good, known, 1, why=why))
    return found


def logs_kept(logs: LogsHeard, at: int, missed: Collection[SchoolKey] = frozenset()) -> list[Part]:
    """Return whose devices' logs go back for six months (I-23): young ones are no miss.

    *missed*: schools that missed it and cannot be heard; of those that say nothing now nobody can
    tell.
    """
    words = {"kept": (1, 1), "short": (0, 1), "young": (0, 0)}
    kept = logs.kept(at)
    return [
        LOGS_KEPT.part(key, *words[state], 1, why="short" if state == "short" else "")
        for key, state in kept.items()
    ] + [LOGS_KEPT.part(key, 0, 0, 1) for key in sorted({*missed} - {*kept})]


def logs_whole(
    logs: LogsHeard,
    at: int,
    faults: Mapping[SchoolKey, str],
    missed: Collection[SchoolKey] = frozenset(),
) -> list[Part]:
    """Return whose devices' logs flow, lose nothing and are as they were sealed (I-24).

    *faults*: which alert says otherwise; *missed* as of `logs_kept`.
    """
    damaged, known = logs.damaged(at), {*logs.kept(at), *logs.flows(at)}
    found = []
    for key in sorted({*known, *faults}):
        why = "log_day_damaged" if key in damaged else faults.get(key, "")
        found.append(LOGS_WHOLE.part(key, int(not why), 1, 1, why=why))
    silent = sorted({*missed} - {*known} - {*faults})
    return found + [LOGS_WHOLE.part(key, 0, 0, 1) for key in silent]


def unheard(
    picture: Picture,
    open_at: Mapping[SchoolKey, Collection[str]],
    rule: str,
    listening_since: int,
) -> set[SchoolKey]:
    """Return the schools with an open alert of *rule* of which not every agent has been heard for
    long: what is not said there is not over. *open_at* gives the rules of which one is open."""
    return {
        (school.region, school.school)
        for school, asked in _asked(picture)
        if rule in open_at.get((school.region, school.school), ())
        and not (
            picture.at - listening_since >= SEEN_AFTER
            and all(
                agent.verdict.state in ("up", "degraded")
                and picture.at - agent.verdict.since >= SEEN_AFTER
                for agent in asked
            )
        )
    }


def _would_see(school: SchoolView, at: int, listening_since: int) -> bool:
    up = [agent for agent in school.agents if agent.verdict.state in ("up", "degraded")]
    long_up = any(at - agent.verdict.since >= SEEN_AFTER for agent in up)
    return long_up and at - listening_since >= SEEN_AFTER


def _asked(picture: Picture) -> Iterable[tuple[SchoolView, list[AgentView]]]:
    """Give the schools that count, with the agents that should be heard."""
    for school in picture.counted:
        asked = [
            agent for agent in school.agents if agent.verdict.state not in ("never_seen", "stopped")
        ]
        yield school, asked


def _is_heard(agent: AgentView, at: int) -> bool:
    return agent.verdict.state != "unknown" and at - agent.last_arrival <= HEARD


def _key(one: Facts) -> SchoolKey:
    return one.region, one.school
