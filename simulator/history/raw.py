"""The raw points of one school: what the agents' own change filter lets through of their readings.

A value stays between two steps of its course (`simulator.chance`), so one look at each step finds
what looking every ten seconds would.
"""

from collections.abc import Iterator

from agent.filter import ChangeFilter
from core.catalog import CATALOG, PAST_THE_FILTER
from core.clock import SECOND
from core.lineprotocol import encode_head
from core.types import Reading
from simulator.course import SchoolCourse
from simulator.days import HOUR_S
from simulator.history.rolling import Source, text_of
from simulator.history.sources import LIVELY_S, MachineSeries
from simulator.series import Fields


def raw_lines(source: Source, course: SchoolCourse, start_s: int, stop_s: int) -> Iterator[bytes]:
    """Yield the lines of *source* from *start_s* to before *stop_s*, in order of time."""
    head, name = encode_head(source.measurement, source.tags), source.measurement
    often = (
        0.0
        if name in PAST_THE_FILTER
        else min(f.heartbeat_s for f in CATALOG[name].fields.values())
    )
    # What the collector writes itself comes each 300 s and on change, whole.
    passing = ChangeFilter() if isinstance(source, MachineSeries) else None
    said: Fields = {}
    last: dict[str, int] = {}
    due = 0.0
    for at in _times(source, course, start_s, stop_s):
        fields, ns = source.sample(at, course.at(at)), at * SECOND
        if passing and fields:
            if fields == said and at < due:
                continue  # the filter would find the same, field by field
            said, fields = fields, dict(passing.news(head, Reading(name, fields, ns), ns).fields)
            passing.sent(head, fields, ns)
            last |= dict.fromkeys(fields, at)
            due = min(last.values()) + often
        if fields:
            yield b"%b %b %d" % (head, text_of(fields).encode(), ns)


def _times(source: Source, course: SchoolCourse, start_s: int, stop_s: int) -> Iterator[int]:
    # Agents do not all measure in the same second.
    phase = course.school.seed % LIVELY_S if isinstance(source, MachineSeries) else 0
    edges = {one.start for one in course.between(start_s, stop_s)}
    for hour in range(start_s // HOUR_S, -(-stop_s // HOUR_S)):
        begin = hour * HOUR_S
        times = set(range(begin + phase, begin + HOUR_S, source.step(hour)))
        times |= {edge for edge in edges if begin <= edge < begin + HOUR_S}
        yield from sorted(at for at in times if start_s <= at < stop_s)
