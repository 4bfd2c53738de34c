"""Which routes match an alert: the first, and those after it while `continue` says so.

As the routes of Alertmanager, as a list and no tree. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from alerts.routing.config import PlaceKind, RouteConfig
from alerts.rules import Owner
from core.alerts import AlertKey
from core.kind import Severity
from core.kinds import KINDS

_KINDS: Final[Mapping[int, PlaceKind]] = {1: "region", 2: "school", 3: "agent"}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a route can ask of an alert; `code` is empty where the rule has none.

    `place` is the kind of its place, and `region` empty where that has none.
    """

    rule: str
    severity: Severity
    owner: Owner
    code: str
    place: PlaceKind
    region: str
    school: str
    in_school_time: bool


def subject_of(key: AlertKey, severity: Severity, owner: Owner, *, in_school_time: bool) -> Subject:
    """Return what routes can ask of an alert."""
    kind = place_kind(key.place)
    region = "" if kind in ("collector", "district") else key.place.partition("/")[0]
    code = code_of(key.rule)
    return Subject(key.rule, severity, owner, code, kind, region, key.school, in_school_time)


def place_kind(place: str) -> PlaceKind:
    """Return what kind of place it is."""
    if place.startswith("collector/"):
        return "collector"
    return _KINDS[place.count("/") + 1] if place else "district"


def code_of(rule: str) -> str:
    """Return the `EV-` code that a rule's name has as a kind of event; empty where it has none."""
    return KINDS[rule].code if rule in KINDS else ""


def matching(routes: Sequence[RouteConfig], subject: Subject) -> Iterator[RouteConfig]:
    """Return the routes that *subject* takes."""
    for route in routes:
        if matches(route, subject):
            yield route
            if not route.continue_:
                return


def matches(route: RouteConfig, subject: Subject) -> bool:
    """Return whether everything that *route* asks for is so."""
    return (
        _is_one(subject.severity, route.severity)
        and _named(subject.rule, route.rule)
        and _is_one(subject.school, route.school)
        and _is_one(subject.region, route.region)
        and _is_one(subject.owner, route.owner)
        and _is_one(subject.place, route.place)
        and _named(subject.code, route.code)
        and (not route.during or (route.during == "school") == subject.in_school_time)
    )


def _is_one(word: str, wanted: Sequence[str]) -> bool:
    return not wanted or word in wanted


def covers(earlier: RouteConfig, later: RouteConfig) -> bool:
    """Return whether everything that *later* matches stops at *earlier* already."""
    if earlier.continue_ or earlier.during not in ("", later.during):
        return False
    for name in ("region", "school", "severity", "owner", "place", "rule", "code"):
        wanted, asked = getattr(earlier, name), getattr(later, name)
        if wanted and not (asked and all(_is_within(name, one, wanted) for one in asked)):
            return False
    return True


def _is_within(name: str, word: str, wanted: Sequence[str]) -> bool:
    if name in ("rule", "code"):
        return word in wanted or any(
            one.endswith("*") and word.startswith(one[:-1]) for one in wanted
        )
    return word in wanted


def _named(word: str, wanted: Sequence[str]) -> bool:
    """Return whether *word* is one of *wanted*; a `*` at the end stands for any rest."""
    return not wanted or _is_within("rule", word, wanted)
