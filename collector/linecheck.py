"""Every line against the catalogue and the limits, before any database sees it (defaults.md,
"Line protocol that arrives").

What the catalogue knows goes on, under the identity of the topic; what it does not know is taken
off and counted; a line that cannot be kept whole comes back with its number and the reason.
Watch it work: python -m tests.bench.intake
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from collector.lineheads import Head, HeadCache, Heads, LineRefused, RefusedKind
from core import lineprotocol
from core.catalog import Measurement, type_of
from core.clock import SECOND
from core.errors import LineError
from core.types import Identity, Value
from core.wire import MAX_LINE_BYTES

MAX_AHEAD: Final = 600 * SECOND
"""A time further ahead is a wrong clock's, and would stay a series' newest for that long."""

_NAME: Final = re.compile(rb"([a-z0-9_]+)=")


@dataclass(frozen=True, slots=True)
class Refused:
    """One line for the dead letters; `number` counts from 1, the header included."""

    number: int
    line: bytes
    kind: RefusedKind
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a message's lines; `stripped` counts the tags and fields taken off.

    `newest` is the latest time among the good lines (ns), 0 without any.
    """

    lines: Sequence[bytes]
    refused: Sequence[Refused]
    stripped: int
    newest: int = 0


class _Kept(NamedTuple):
    """A line on its way: as it came and as it will be stored."""

    number: int
    raw: bytes
    new: bytes
    altered: bool


class _Message:
    """The lines of one message while they are checked."""

    def __init__(self, cache: HeadCache, heads: Heads, at: int) -> None:
        self._cache, self._heads = cache, heads
        self._at, self._latest = at, at + MAX_AHEAD
        self._points: dict[tuple[bytes, int], _Kept] = {}
        self._clashes: dict[tuple[bytes, int], list[_Kept]] = {}
        self._refused: list[Refused] = []
        self._stripped = 0

    def take(self, lines: Sequence[bytes], first: int) -> None:
        """Check *lines*, numbered from *first*; comments and empty lines are nobody's."""
        known, latest = self._heads.known, self._latest
        for number, raw in enumerate(lines, first):
            # The short way for what nearly every line is: a known head, known fields of the
            # right types without anything escaped, and a time. One pattern looks at all of it.
            cut = raw.find(b" ")
            head = known.get(raw[:cut])
            rest = head and head.spec.rest.fullmatch(raw, cut)
            if head and rest and len(raw) <= MAX_LINE_BYTES:
                time, names = int(rest[2]), _NAME.findall(rest[1])
                if time <= latest and len(set(names)) == len(names):
                    new = head.new + raw[cut:]
                    self._keep(head, time, _Kept(number, raw, new, head.stripped > 0))
                    continue
            self._take_any(number, raw)

    def result(self) -> Checked:
        """Return what became of all lines, in their order."""
        for point, lines in self._clashes.items():
            if not _harmless(lines):
                del self._points[point]
                self._refuse_clash(lines)
        kept = [*self._points.values()]
        for point, lines in self._clashes.items():
            kept += lines[1:] if point in self._points else ()
        newest = max((time for _, time in self._points), default=0)
        return Checked([line.new for line in sorted(kept)], self._refused, self._stripped, newest)

    def _take_any(self, number: int, raw: bytes) -> None:
        text = raw.lstrip()
        if not text or text.startswith(b"#"):
            return
        try:
            self._take_apart(number, raw)
        except LineRefused as refusal:
            self._refuse(number, raw, refusal.kind, refusal.reason)
        except LineError as error:
            self._refuse(number, raw, "syntax", str(error))

    def _take_apart(self, number: int, raw: bytes) -> None:
        if len(raw) > MAX_LINE_BYTES:
            raise LineRefused("too_long", f"{len(raw)} bytes; the limit is {MAX_LINE_BYTES}")
        raw_head, raw_fields, raw_time = lineprotocol.split_line(raw)
        head = self._cache.learn(self._heads, raw_head)
        values = lineprotocol.parse_fields(raw_fields)
        time = self._time(raw_time, number)
        fit = fitted(head.spec.measurement, values)
        changed = len(fit) != len(values) or any(fit[name] is not values[name] for name in fit)
        stripped = len(values) - len(fit)
        self._stripped += stripped
        fields = lineprotocol.encode_fields(fit) if changed else raw_fields
        new = b"%b %b %d" % (head.new, fields, time)
        altered = stripped > 0 or head.stripped > 0
        self._keep(head, time, _Kept(number, raw, new, altered))

    def _keep(self, head: Head, time: int, line: _Kept) -> None:
        self._stripped += head.stripped
        point = (head.new, time)
        first = self._points.setdefault(point, line)
        if first is not line:
            self._clashes.setdefault(point, [first]).append(line)

    def _time(self, raw: bytes, number: int) -> int:
        if not raw:
            if self._heads.accounted:
                raise LineRefused("no_time", "no time: sent again, it would be a second point")
            # A nanosecond apart, so that two lines of one series stay two points.
            return self._at + number
        time = lineprotocol.parse_time(raw)
        if time > self._latest:
            ahead = (time - self._at) // SECOND
            raise LineRefused("future", f"time is {ahead} s ahead of the collector's clock")
        return time

    def _refuse_clash(self, lines: Sequence[_Kept]) -> None:
        numbers = ", ".join(str(line.number) for line in lines[:10])
        for line in lines:
            reason = f"same series and time: lines {numbers}"
            self._refuse(line.number, line.raw, "same_series_and_time", reason)

    def _refuse(self, number: int, raw: bytes, kind: RefusedKind, reason: str) -> None:
        self._refused.append(Refused(number, raw, kind, reason))


class LineCheck:
    """Checks the lines of one message after another; what it remembers is bounded.

    Not for two threads at a time.
    """

    def __init__(self, cache: HeadCache | None = None) -> None:
        self._cache = cache or HeadCache()

    def check(self, lines: bytes, who: Identity, at: int, *, accounted: bool) -> Checked:
        """Return what becomes of *lines*, a message without its header that arrived at *at*."""
        message = _Message(self._cache, self._cache.of(who, accounted=accounted), at)
        message.take(lines.split(b"\n"), 2 if accounted else 1)
        return message.result()


def fitted(measurement: Measurement, values: dict[str, Value]) -> dict[str, Value]:
    """Return the fields of *values* that the catalogue knows, an integer as float where due.

    Raises LineRefused for any other type conflict, and where no field is left.
    """
    fit: dict[str, Value] = {}
    for name, value in values.items():
        field = measurement.fields.get(name)
        if field is None:
            continue
        found = type_of(value)
        if found == field.type:
            fit[name] = value
        elif found == "integer" and field.type == "float":
            fit[name] = float(value)
        else:
            reason = f"{measurement.name} {name} is of type {found}, not {field.type}"
            raise LineRefused("field_type", reason)
    if not fit:
        names = ", ".join(list(values)[:10])[:200]
        reason = f"no field that the catalogue knows for {measurement.name}: {names}"
        raise LineRefused("no_known_field", reason)
    return fit


def _harmless(lines: Sequence[_Kept]) -> bool:
    # InfluxDB merges lines of one series and time field by field. That loses nothing where no
    # field comes twice, as in Telegraf's several lines of one plugin; but once something was
    # taken off, lines may only look like one point that were two.
    if any(line.altered for line in lines):
        return False
    names = [
        name
        for line in lines
        for name in lineprotocol.parse_fields(lineprotocol.split_line(line.new)[1])
    ]
    return len(set(names)) == len(names)
