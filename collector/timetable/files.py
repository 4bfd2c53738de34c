"""The school calendar from its file and from those that it names, and how it goes on with new ones.

What is wrong in a row is counted and named by its line; what is wrong with a file as a whole keeps
the calendar as it was.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from alerts.calendar import events, ics
from alerts.calendar.calendar import At, Calendar, Stretch, calendar_of
from alerts.calendar.file import CalendarFile, HolidayFile, TimetableFile, parse_calendar
from alerts.calendar.rows import Read
from alerts.calendar.timetable import Lesson, Timetable
from alerts.schooltime import SchoolTime
from collector.filewatch import FileWatch
from collector.journal import Journal
from collector.lastgood import LastGood
from collector.timetable.read import timetable
from core import clock
from core.errors import ConfigError
from core.tomlfile import content_of

NAME: Final = "calendar.last"
"""In the collector's folder: every file of the calendar as it was last taken (MessagePack)."""
MOST_SAID: Final = 20
"""Bad rows of a calendar that the log names; `schoolwatch calendar check` names all."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A calendar, the bytes of the files that it was made of, and what is wrong with rows.

    `counts` are rows read and rows refused, by file.
    """

    calendar: Calendar
    contents: Mapping[Path, bytes]
    remarks: tuple[str, ...]
    counts: Mapping[Path, tuple[int, int]]

    @property
    def refused(self) -> int:
        """How many rows were not taken."""
        return sum(bad for _, bad in self.counts.values())


def load(path: Path, times: SchoolTime, today: date) -> Loaded:
    """Return the calendar at *path*, by the zone of *times*; raises ConfigError."""
    return parse(path, content_of(path), times, today)


def check(path: Path) -> Loaded:
    """Return the same for `check-config`: whether the files that it names can be used at all."""
    return load(path, SchoolTime(UTC), clock.local(clock.now(), UTC).date())


def parse(
    path: Path,
    content: bytes,
    times: SchoolTime,
    today: date,
    known: Mapping[Path, bytes] | None = None,
) -> Loaded:
    """Return the same of *content*; *known* are files that need not be read; raises ConfigError."""
    file = parse_calendar(path, content)
    contents = {path: content}
    named = [row.file for row in file.holiday_file] + [row.file for row in file.timetable_file]
    for one in dict.fromkeys(named):
        contents[one] = (known or {}).get(one) or content_of(one)
    return _loaded(path, file, contents, times, today)


def _loaded(
    path: Path, file: CalendarFile, contents: Mapping[Path, bytes], times: SchoolTime, today: date
) -> Loaded:
    bare = calendar_of(file)
    off, made_up, lessons = list[Stretch](), list[Stretch](), list[Lesson]()
    remarks, counts = list[str](), dict[Path, tuple[int, int]]()

    def count(of: Path, read: Read[tuple[bool, Stretch]] | Read[Lesson]) -> None:
        counts[of] = (read.rows, len(read.bad))
        remarks.extend(f"{of}:{bad.line}: row refused: {bad.text}" for bad in read.bad)

    for row in file.holiday_file:
        holidays = _holidays(row, contents[row.file])
        count(row.file, holidays)
        for is_work, one in holidays.good:
            (made_up if is_work else off).append(one)
    for table in file.timetable_file:
        found = _lessons(table, contents[table.file], bare, times, today)
        count(table.file, found)
        lessons += found.good
    calendar = calendar_of(file, off, made_up, Timetable(tuple(lessons)))
    remarks += _doubts(path, calendar, today)
    return Loaded(calendar, contents, tuple(remarks), counts)


def _holidays(row: HolidayFile, content: bytes) -> Read[tuple[bool, Stretch]]:
    if not events.is_calendar(content):
        raise ConfigError(f"{row.file}: no calendar (ICS): it does not begin with BEGIN:VCALENDAR")
    return ics.holidays(content, At(row.region, row.school))


def _lessons(
    row: TimetableFile, content: bytes, bare: Calendar, times: SchoolTime, today: date
) -> Read[Lesson]:
    if events.is_calendar(content):
        if not (row.region and row.school):
            raise ConfigError(
                f"{row.file}: a calendar (ICS) does not say whose lessons it holds: "
                "[[timetable_file]] needs region and school beside file"
            )
        place = f"{row.region}/{row.school}"
        return ics.lessons(content, place, "", times.zone, today)
    return timetable(
        *(row.file, content, row.region, row.school),
        lambda place: bare.profile(place).teaching.periods,
    )


def _doubts(path: Path, calendar: Calendar, today: date) -> Iterator[str]:
    """Yield what is no mistake, and somebody should know."""
    if (
        calendar.terms
        and not calendar.profile("").knows(today)
        and not any(one.at.narrowness for one in calendar.terms)
    ):
        yield f"{path}: no term is near {today}: Monday to Friday count as school days"


class CalendarFiles:
    """Watches the calendar's files; *taken* hears in a worker thread that it is another one."""

    def __init__(
        self,
        path: Path | None,
        times: SchoolTime,
        journal: Journal,
        taken: Callable[[], None],
        now: clock.Clock = clock.now,
        *,
        folder: Path,
    ) -> None:
        """Begin with what the file at *path* says, if there is one, and those that it names.

        Where one of them cannot be used, all begin as they were last taken, and the first looks
        take those that can. Raises ConfigError where none ever was.
        """
        self._times, self._journal, self._taken, self._now = times, journal, taken, now
        self._watches: dict[Path, FileWatch] = {}
        self._path, self._day = path, self._today()
        self._loaded: Loaded | None = None
        self._copy = LastGood(folder / NAME)
        if path:
            try:
                loaded = load(path, times, self._day)
            except ConfigError as error:
                loaded = self._copy.instead(path, error, partial(self._kept, path))
            self._use(loaded)

    def look(self) -> None:
        """Go on with what the files say now; blocks, raises sqlite3.Error."""
        for watch in tuple(self._watches.values()):
            watch.look()
        if self._loaded and self._path and self._today() != self._day:
            # Lessons of a calendar are known for a year from the day on which it was read.
            self._day = self._today()
            again = parse(
                *(self._path, self._loaded.contents[self._path], self._times, self._day),
                self._loaded.contents,
            )
            self._times.take(again.calendar)
            self._taken()

    def _kept(self, path: Path, content: bytes) -> Loaded:
        """Return the calendar that a copy holds; raises ConfigError."""
        try:
            files = msgspec.msgpack.decode(content, type=dict[str, bytes])
        except msgspec.MsgspecError as error:
            raise ConfigError(f"{self._copy.path} is damaged: {error}") from error
        known = {Path(name): kept for name, kept in files.items()}
        return parse(path, known.get(path, b""), self._times, self._day, known)

    def _use(self, loaded: Loaded) -> None:
        files = {str(path): content for path, content in loaded.contents.items()}
        self._copy.keep(msgspec.msgpack.encode(files))
        self._loaded = loaded
        self._times.take(loaded.calendar)
        for sentence in loaded.remarks[:MOST_SAID]:
            _log.warning("%s", sentence)
        if loaded.refused > MOST_SAID:
            _log.warning("%d rows of the calendar's files were refused", loaded.refused)
        for path in self._watches.keys() - loaded.contents.keys():
            del self._watches[path]
        for path, content in loaded.contents.items():
            if path not in self._watches:
                self._watches[path] = self._watch(path, content)

    def _watch(self, path: Path, content: bytes) -> FileWatch:
        return FileWatch(path, content, partial(self._parse, path), self._take, self._journal)

    def _parse(self, of: Path, _path: Path, content: bytes) -> Loaded:
        """Return the calendar with new *content* in one of its files; raises ConfigError."""
        assert self._path
        assert self._loaded
        if of == self._path:
            # Of the files that it names what is in force: one that is broken holds up nothing.
            known = self._loaded.contents
            return parse(of, content, self._times, self._today(), known)
        known = {**self._loaded.contents, of: content}
        return parse(self._path, known[self._path], self._times, self._today(), known)

    def _take(self, loaded: Loaded) -> None:
        self._use(loaded)
        self._taken()

    def _today(self) -> date:
        return clock.local(self._now(), self._times.zone).date()


def days_shown(times: SchoolTime, school: str, day: date, room: str = "") -> Iterable[str]:
    """Yield in lines what the calendar says of a day."""
    profile = times.profile(school)
    spans = times.day(day, school).spans
    hours = ", ".join(
        "-".join(f"{clock.local(one, times.zone):%H:%M}" for one in span) for span in spans
    )
    yield f"{day} {day:%A}: {hours or 'no lessons'} ({profile.why(day)})"
    for held in times.held(day, school, room):
        lesson = held.lesson
        assert lesson
        begins, ends = (f"{clock.local(one, times.zone):%H:%M}" for one in held[:2])
        live = "live" if lesson.live else ""
        words = (f"{begins}-{ends}", f"room {lesson.room}", lesson.subject, live)
        yield "  " + "  ".join(filter(None, words))
