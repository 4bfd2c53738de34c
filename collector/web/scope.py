"""Which schools somebody wants to see: by state, area, region, name and what the roster lacks.

Pure. The pages read it from an address, where a made-up word hides nobody; the API refuses one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, get_args

from collector.picture import SchoolView
from collector.roster.school import Area
from collector.verdicts import State
from collector.web import params
from collector.web.board import SchoolRow

NOT_UP: Final = "not_up"
"""Every state in which nothing proves that a school is online."""
CONNECTED: Final[tuple[State, ...]] = ("up", "degraded")

UNSTATED: Final = "unstated"
"""The area of a school of which the roster says none."""
AREAS: Final[tuple[str, ...]] = (*get_args(Area), UNSTATED)
STATES: Final[tuple[str, ...]] = (*get_args(State), NOT_UP)
FLAGS: Final = ("teaching_point", "owners_missing")

PARAMETERS: Final = ("state", "area", "region", *FLAGS, "q")
LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Scope:
    """What is wanted; an empty word means all."""

    state: str = ""
    area: str = ""
    region: str = ""
    teaching_point: bool = False
    owners_missing: bool = False
    q: str = ""

    @property
    def narrows(self) -> bool:
        """Whether it leaves schools out, whatever their state."""
        return bool(
            self.area or self.region or self.teaching_point or self.owners_missing or self.q
        )

    def holds(self, row: SchoolRow) -> bool:
        """Tell whether a school is one of those that are wanted, whatever its state."""
        view = row.view
        return (
            self.area in ("", area_of(view))
            and self.region in ("", view.region)
            and (not self.teaching_point or is_teaching_point(view))
            and (not self.owners_missing or (row.counts and lacks_owners(view)))
            and _names(view, self.q)
        )

    def shows(self, state: State) -> bool:
        """Tell whether schools in *state* are wanted."""
        if self.state == NOT_UP:
            return state not in CONNECTED
        return self.state in ("", state)


def area_of(view: SchoolView) -> str:
    """Return the area that the roster says a school is in."""
    return (view.entry.area if view.entry else None) or UNSTATED


def is_teaching_point(view: SchoolView) -> bool:
    """Tell whether the roster calls a school a teaching point, by its type or beside it."""
    entry = view.entry
    return bool(entry and (entry.teaching_point or entry.type == "teaching_point"))


def lacks_owners(view: SchoolView) -> bool:
    """Tell whether one of a school's three owners is nobody (R-02)."""
    return bool(view.entry and view.entry.missing_owners)


def lenient(words: Mapping[str, str]) -> Scope:
    """Return what an address asks for; what it makes up is left out."""
    state, area = words.get("state", ""), words.get("area", "")
    return Scope(
        state=state if state in STATES else "",
        area=area if area in AREAS else "",
        region=words.get("region", "")[:LONGEST],
        teaching_point=words.get("teaching_point") == "1",
        owners_missing=words.get("owners_missing") == "1",
        q=_plain(words.get("q", "")),
    )


def strict(pairs: Iterable[tuple[str, str]]) -> Scope:
    """Return what parameters ask for; raises ParameterError."""
    words = params.once(pairs, PARAMETERS)
    _check(words, "state", STATES)
    _check(words, "area", AREAS)
    for name in FLAGS:
        _check(words, name, ("0", "1"))
    return lenient(words)


def _check(words: Mapping[str, str], name: str, known: tuple[str, ...]) -> None:
    word = words.get(name)
    if word and word not in known:
        raise params.ParameterError(name, f"{word[:40]!r} is none of {', '.join(known)}")


def _names(view: SchoolView, wanted: str) -> bool:
    if not wanted:
        return True
    said = f"{view.name} {view.region}/{view.school}".casefold()
    return all(part in said for part in wanted.casefold().split())


def _plain(text: str) -> str:
    return "".join(char for char in text[:LONGEST] if char.isprintable()).strip()
