"""The raw points of one school: what the agents' own change filter lets through of their readings.

A value stays between two steps of its course (`simulator.chance`), so one look at each step finds
what looking every ten seconds would.
"""

from collections.abc import Iterator

from agent.filter import ChangeFilter
from core.clock import SECOND
from core.lineprotocol import encode_fields, encode_head
from core.types import Reading
from simulator.course import SchoolCourse
from simulator.days import HOUR_S
from simulator.history.rolling import Source
from simulator.history.sources import LIVELY_S, MachineSeries


def raw_lines(source: Source, course: SchoolCourse, start_s: int, stop_s: int) -> Iterator[bytes]:
    """Yield the lines of *source* from *start_s* to before *stop_s*, in order of time."""
    head, name = encode_head(source.measurement, source.tags), source.measurement
    # What the collector writes itself comes each 300 s and on change, whole.
    passing = ChangeFilter() if isinstance(source, MachineSeries) else None
    for at in _times(source, course, start_s, stop_s):
        fields, ns = source.sample(at, course.at(at)), at * SECOND
        if passing and fields:
            fields = dict(passing.news(head, Reading(name, fields, ns), ns).fields)
            passing.sent(head, fields, ns)
        if fields:
            yield b"%b %b %d" % (head, encode_fields(fields), ns)


def _times(source: Source, course: SchoolCourse, start_s: int, stop_s: int) -> Iterator[int]:
    # Agents do not all measure in the same second.
    phase = course.school.seed % LIVELY_S
    edges = {one.start for one in course.between(start_s, stop_s)}
    for hour in range(start_s // HOUR_S, -(-stop_s // HOUR_S)):
        begin = hour * HOUR_S
        times = set(range(begin + phase, begin + HOUR_S, source.step(hour)))
        times |= {edge for edge in edges if begin <= edge < begin + HOUR_S}
        yield from sorted(at for at in times if start_s <= at < stop_s)
