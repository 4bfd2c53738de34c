"""The lessons of rooms: which are held, and which of them are live: pure."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, time
from typing import Literal

Weeks = Literal["all", "odd", "even"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson of a room, each week on `weekday` (Monday is 0), or once on `day`.

    `place` is the school as `region/school`. `live`: others take part from elsewhere, so that it
    cannot be put off.
    """

    place: str
    room: str
    begins: time
    ends: time
    weekday: int | None = None
    day: date | None = None
    weeks: Weeks = "all"
    live: bool = False
    subject: str = ""

    def is_held(self, day: date, weekday: int | None, week: int) -> bool:
        """Return whether it is held on *day*, on which the lessons of *weekday* are."""
        if self.day is not None:
            return self.day == day
        if weekday is None or self.weekday != weekday:
            return False
        return self.weeks == "all" or (self.weeks == "odd") == bool(week % 2)


@dataclass(frozen=True, slots=True)
class Timetable:
    """Every lesson, found by its school and room."""

    lessons: tuple[Lesson, ...] = ()
    _of: dict[tuple[str, str], list[Lesson]] = field(init=False, repr=False, compare=False)
    _at: dict[str, list[Lesson]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        of: dict[tuple[str, str], list[Lesson]] = {}
        at: dict[str, list[Lesson]] = {}
        for one in self.lessons:
            of.setdefault((one.place, room_word(one.room)), []).append(one)
            at.setdefault(one.place, []).append(one)
        object.__setattr__(self, "_of", of)
        object.__setattr__(self, "_at", at)

    def of(self, place: str, room: str = "") -> Iterable[Lesson]:
        """Return the lessons of a room, or of all rooms of the school *place*."""
        return self._of.get((place, room_word(room)), ()) if room else self._at.get(place, ())

    def rooms(self) -> Iterator[tuple[str, str]]:
        """Yield every room that has lessons, with its school."""
        yield from dict.fromkeys((one.place, one.room) for one in self.lessons)


def room_word(room: str) -> str:
    """Return a room's name without what people write differently: `302 教室` is `302`."""
    plain = "".join(unicodedata.normalize("NFKC", room).split()).casefold()
    return plain.removesuffix("教室") or room
