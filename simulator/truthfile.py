"""The truth written down, a JSON object a line, for tests and people to compare with.

{"what":"line","region":…,"school":…,"from":…,"until":…,"line":"down","seen":"unknown",
 "cause":"silent","why":["line_cut"]}
{"what":"room","region":…,"school":…,"from":…,"until":…,"room":"101","state":"not_ready",
 "cause":"lamp","device":"projector-101"}
{"what":"attack","region":…,"school":…,"from":…,"until":…,"attack":"rogue_dhcp"}
{"what":"school","region":…,"school":…,"from":…,"until":…,"outage_min":25.0, …}
{"what":"indicator","indicator":"I-01","region":"all","area":"all","window":"day","at":…, …}
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import msgspec

from core import clock
from core.clock import SECOND
from core.lineprotocol import parse
from simulator.course import SchoolCourse
from simulator.days import Days
from simulator.rooms import rooms_of, truth_of
from simulator.targets import Targets
from simulator.truth import Sums

MINUTE_S: Final = 60


def truth(
    courses: Iterable[SchoolCourse], days: Days, start_s: int, stop_s: int
) -> Iterator[dict[str, Any]]:
    """Yield everything that is true of the time between."""
    known = list(courses)
    for course in known:
        yield from _lines(course, start_s, stop_s)
        yield _school(course, days, start_s, stop_s)
        yield from _rooms(course, start_s, stop_s)
        yield from _attacks(course, start_s, stop_s)
    for line in Targets(known, days).ended(start_s, stop_s):
        yield _indicator(line)


def write_truth(path: Path, found: Iterable[Mapping[str, Any]]) -> None:
    """Write *found* to the file at *path*, a line each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for one in found:
            file.write(msgspec.json.encode(one) + b"\n")


def _lines(course: SchoolCourse, start_s: int, stop_s: int) -> Iterator[dict[str, Any]]:
    for one in course.between(start_s, stop_s):
        yield {
            **_of(course, "line", max(one.start, start_s), min(one.stop, stop_s)),
            "line": one.line,
            "seen": one.seen,
            "cause": one.cause,
            "machines": "on" if one.runs and one.now.power else "off",
            "why": list(one.why),
        }


def _school(course: SchoolCourse, days: Days, start_s: int, stop_s: int) -> dict[str, Any]:
    total = Sums()
    for one in course.between(start_s, stop_s):
        total.add(one, days, (max(one.start, start_s), min(one.stop, stop_s)))
    return {
        **_of(course, "school", start_s, stop_s),
        "outage_min": round(total.down_s / MINUTE_S, 2),
        "known_min": round(total.known_s / MINUTE_S, 2),
        "school_time_min": round(total.school_s / MINUTE_S, 2),
        "school_time_known_min": round(total.school_known_s / MINUTE_S, 2),
        "school_time_up_min": round(total.school_up_s / MINUTE_S, 2),
        "probes": round(total.probes, 2),
        "probes_answered": round(total.answered, 2),
    }


def _rooms(course: SchoolCourse, start_s: int, stop_s: int) -> Iterator[dict[str, Any]]:
    for number, room in enumerate(rooms_of(course.school)):
        spans = course.between(start_s, stop_s)
        for found, alike in groupby(spans, partial(truth_of, room, first=number == 0)):
            whole = list(alike)
            yield {
                **_of(course, "room", max(whole[0].start, start_s), min(whole[-1].stop, stop_s)),
                "room": room.room,
                **found._asdict(),
            }


def _attacks(course: SchoolCourse, start_s: int, stop_s: int) -> Iterator[dict[str, Any]]:
    lasted: dict[tuple[str, int], int] = {}
    for one in course.between(start_s, stop_s):
        lasted |= dict.fromkeys(one.now.attacks, one.stop)
    for (kind, began), ended in lasted.items():
        yield {**_of(course, "attack", max(began, start_s), min(ended, stop_s)), "attack": kind}


def _of(course: SchoolCourse, what: str, start_s: int, stop_s: int) -> dict[str, Any]:
    return {
        "what": what,
        "region": course.school.region,
        "school": course.school.school,
        "from": clock.rfc3339(start_s * SECOND),
        "until": clock.rfc3339(stop_s * SECOND),
    }


def _indicator(line: bytes) -> dict[str, Any]:
    reading = parse(line)
    at = clock.rfc3339(reading.at or 0)
    return {"what": "indicator", "at": at, **reading.tags, **reading.fields}
