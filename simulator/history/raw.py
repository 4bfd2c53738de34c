"""The raw points of one school: what the agents' own change filter lets through of their readings.

A value stays between two steps of its course (`simulator.chance`), so one look at each step finds
what looking every ten seconds would.
"""

from collections.abc import Iterator

from core.clock import SECOND
from core.lineprotocol import encode_head
from simulator.course import SchoolCourse
from simulator.days import HOUR_S
from simulator.history.passing import Passing
from simulator.history.rolling import Source
from simulator.history.sources import LIVELY_S, MachineSeries
from simulator.history.text import text_of
from simulator.truth import Interval


def raw_lines(source: Source, course: SchoolCourse, start_s: int, stop_s: int) -> Iterator[bytes]:
    """Yield the lines of *source* from *start_s* to before *stop_s*, in order of time."""
    head = encode_head(source.measurement, source.tags)
    # What the collector writes itself comes each 300 s and on change, whole.
    texts = (
        _passed(source, course, start_s, stop_s)
        if isinstance(source, MachineSeries)
        else _whole(source, course, start_s, stop_s)
    )
    for at, text in texts:
        if text:
            yield b"%b %b %d000000000" % (head, text.encode(), at)


def _passed(
    source: MachineSeries, course: SchoolCourse, start_s: int, stop_s: int
) -> Iterator[tuple[int, str]]:
    passing = Passing(source.measurement, source.static)
    # Agents do not all measure in the same second.
    phase = course.school.seed % LIVELY_S
    for at, there in _times(source, course, start_s, stop_s, phase):
        if (moving := source.moving(at, there)) is not None:
            yield at, passing.news(moving, at * SECOND)


def _whole(
    source: Source, course: SchoolCourse, start_s: int, stop_s: int
) -> Iterator[tuple[int, str]]:
    for at, there in _times(source, course, start_s, stop_s):
        yield at, text_of(source.sample(at, there))


def _times(
    source: Source, course: SchoolCourse, start_s: int, stop_s: int, phase: int = 0
) -> Iterator[tuple[int, Interval]]:
    """Yield when there is something to look at, and what there is."""
    for hour in range(start_s // HOUR_S, -(-stop_s // HOUR_S)):
        begin, during = hour * HOUR_S, course.during(hour)
        usual = range(begin + phase, begin + HOUR_S, source.step(hour))
        if len(during) == 1 and during[0].start != begin:
            yield from ((at, during[0]) for at in usual if start_s <= at < stop_s)
            continue
        times = {*usual, *(one.start for one in during if one.start >= begin)}
        yield from ((at, course.at(at)) for at in sorted(times) if start_s <= at < stop_s)
