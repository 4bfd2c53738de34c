"""Every line against the catalogue and the limits, before any database sees it (defaults.md,
"Line protocol that arrives").

What the catalogue knows goes on, under the identity of the topic; what it does not know is taken
off and counted by name, and so is an identity or phone number in a text; a line that cannot be
kept whole comes back with its number and the reason.
Watch it work: python -m tests.bench.intake
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from collector.dropped import Drop
from collector.lineheads import Head, HeadCache, Heads, LineRefused, RefusedKind
from collector.rollups.times import hours_with
from core import lineprotocol, persondata
from core.catalog import Measurement, type_of
from core.clock import SECOND
from core.errors import LineError
from core.types import Identity, Value
from core.wire import MAX_LINE_BYTES

_TEXT_WITH_DIGITS: Final = re.compile(rb'"[^"]*%b[^"]*"' % persondata.MAYBE.pattern)
"""Whether a text may hold a number that identifies a person; for lines without escapes."""

MAX_AHEAD: Final = 600 * SECOND
"""A time further ahead is a wrong clock's, and would stay a series' newest for that long."""


class Refused(msgspec.Struct, frozen=True):
    """One line for the dead letters; `number` counts from 1, the header included."""

    number: int
    line: bytes
    kind: RefusedKind
    reason: str


class Checked(msgspec.Struct, frozen=True):
    """What became of a message's lines; `body` holds the `good` ones, each with its newline.

    `stripped` counts the tags and fields taken off, `drops` all of it by name; `newest` is the
    latest time among the good lines (ns), 0 without any; `hours` are those that their times lie
    in, by their starts (ns).
    `timeless` says that lines came without a time and have that of the arrival: written after
    another arrival they would be other points.
    """

    body: bytes
    good: int
    refused: Sequence[Refused]
    stripped: int
    newest: int = 0
    timeless: bool = False
    hours: Sequence[int] = ()
    drops: Mapping[Drop, int] = {}

    @property
    def lines(self) -> list[bytes]:
        """The good lines, without their newlines."""
        return self.body.split(b"\n")[:-1]


_Point = tuple[bytes, int]
"""A head as it is stored, and a time."""


class _Message:
    """The lines of one message while they are checked; a line is known by its number."""

    def __init__(self, cache: HeadCache, heads: Heads, at: int, latest: int, first: int) -> None:
        self._cache, self._heads, self._first = cache, heads, first
        self._at, self._latest = at, latest
        self._raw: Sequence[bytes] = ()
        self._new: dict[int, bytes] = {}
        self._altered: set[int] = set()
        self._points: dict[_Point, int] = {}
        """The first line of each."""
        self._clashes: dict[_Point, list[int]] = {}
        self._refused: list[Refused] = []
        self._drops: Counter[Drop] = Counter()
        self._timeless = False

    def take(self, lines: Sequence[bytes]) -> None:
        """Check *lines*; comments and empty lines are nobody's."""
        self._raw = lines
        known, latest, points, new = self._heads.known, self._latest, self._points, self._new
        for number, raw in enumerate(lines, self._first):
            # The short way for what nearly every line is: a known head, known fields of the
            # right types without anything escaped, and a time. One pattern looks at all of it.
            start, _, rest = raw.partition(b" ")
            head = known.get(start)
            if head is not None:
                found = head.layout.fullmatch(rest) or _learnt(head, rest)
                if (
                    found
                    and (time := int(found[1])) <= latest
                    and len(raw) <= MAX_LINE_BYTES
                    and not (head.spec.has_texts and _TEXT_WITH_DIGITS.search(rest))
                ):
                    point = head.new, time
                    if head.drops or points.setdefault(point, number) != number:
                        self._keep(head, time, number, head.new + rest)
                    else:
                        new[number] = head.new + rest
                    continue
            self._take_any(number, raw)

    def result(self) -> Checked:
        """Return what became of all lines, in their order."""
        for point, numbers in self._clashes.items():
            if not self._harmless(numbers):
                del self._points[point]
                self._refuse_clash(numbers)
        times = [time for _, time in self._points]
        newest = max(times, default=0)
        body = b"\n".join((*self._new.values(), b""))
        stripped = sum(n for drop, n in self._drops.items() if drop.what in ("tag", "field"))
        return Checked(
            *(body, len(self._new), self._refused, stripped, newest),
            timeless=self._timeless,
            hours=hours_with(times, newest),
            drops=self._drops,
        )

    def _take_any(self, number: int, raw: bytes) -> None:
        text = raw.lstrip()
        if not text or text.startswith(b"#"):
            return
        try:
            self._take_apart(number, raw)
        except LineRefused as refusal:
            if refusal.kind == "unknown_measurement":
                self._drops[Drop("measurement", lineprotocol.parse_head(_head_of(raw))[0])] += 1
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
        measurement = head.spec.measurement
        fit = fitted(measurement, values)
        persons = _without_persons(fit)
        changed = len(fit) != len(values) or any(fit[name] is not values[name] for name in fit)
        stripped = len(values) - len(fit)
        if stripped:
            unknown = (name for name in values if name not in fit)
            self._drops.update(Drop("field", f"{measurement.name}.{name}") for name in unknown)
        self._drops.update(Drop("person", f"{measurement.name}.{name}") for name in persons)
        fields = lineprotocol.encode_fields(fit) if changed else raw_fields
        new = b"%b%b %d" % (head.new, fields, time)
        if stripped:
            self._altered.add(number)
        self._keep(head, time, number, new)

    def _keep(self, head: Head, time: int, number: int, new: bytes) -> None:
        self._new[number] = new
        if head.drops:
            self._drops.update(head.drops)
            self._altered.add(number)
        point = (head.new, time)
        first = self._points.setdefault(point, number)
        if first != number:
            self._clashes.setdefault(point, [first]).append(number)

    def _time(self, raw: bytes, number: int) -> int:
        if not raw:
            if self._heads.accounted:
                raise LineRefused("no_time", "no time: sent again, it would be a second point")
            # A nanosecond apart, so that two lines of one series stay two points.
            self._timeless = True
            return self._at + number
        time = lineprotocol.parse_time(raw)
        if time > self._latest:
            ahead = (time - self._at) // SECOND
            raise LineRefused("future", f"time is {ahead} s ahead of the collector's clock")
        return time

    def _harmless(self, numbers: Sequence[int]) -> bool:
        # InfluxDB merges lines of one series and time field by field. That loses nothing where no
        # field comes twice, as in Telegraf's several lines of one plugin; but once something was
        # taken off, lines may only look like one point that were two: not those that began alike.
        begun = {lineprotocol.split_line(self._raw[number - self._first])[0] for number in numbers}
        if len(begun) > 1 and not self._altered.isdisjoint(numbers):
            return False
        names = [
            name
            for number in numbers
            for name in lineprotocol.parse_fields(lineprotocol.split_line(self._new[number])[1])
        ]
        return len(set(names)) == len(names)

    def _refuse_clash(self, numbers: Sequence[int]) -> None:
        some = ", ".join(map(str, numbers[:10]))
        for number in numbers:
            del self._new[number]
            raw = self._raw[number - self._first]
            self._refuse(number, raw, "same_series_and_time", f"same series and time: lines {some}")

    def _refuse(self, number: int, raw: bytes, kind: RefusedKind, reason: str) -> None:
        self._refused.append(Refused(number, raw, kind, reason))


class LineCheck:
    """Checks the lines of one message after another; what it remembers is bounded.

    Not for two threads at a time. *leeway* tells how many ns more a time may be ahead, while the
    collector's own clock is in doubt.
    """

    def __init__(
        self, cache: HeadCache | None = None, *, leeway: Callable[[], int] = lambda: 0
    ) -> None:
        self._cache, self._leeway = cache or HeadCache(), leeway

    def check(self, lines: bytes, who: Identity, at: int, *, accounted: bool) -> Checked:
        """Return what becomes of *lines*, a message without its header that arrived at *at*."""
        heads, latest = (
            self._cache.of(who, at, accounted=accounted),
            at + MAX_AHEAD + self._leeway(),
        )
        message = _Message(self._cache, heads, at, latest, first=2 if accounted else 1)
        message.take(lines.split(b"\n"))
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


def _without_persons(values: dict[str, Value]) -> list[str]:
    """Take the numbers of persons out of the texts of *values*; return which had one."""
    found = []
    for name, value in values.items():
        if isinstance(value, str) and (left := persondata.removed(value)) is not value:
            values[name] = left
            found.append(name)
    return found


def _head_of(raw: bytes) -> bytes:
    return lineprotocol.split_line(raw)[0]


def _learnt(head: Head, rest: bytes) -> re.Match[bytes] | None:
    """Return the match of fields and time that are not those of the line before."""
    found = head.spec.ordered.fullmatch(rest)
    if found:
        head.layout = head.spec.ordered
        return found
    layout = head.spec.layout(rest)
    found = layout.fullmatch(rest) if layout else None
    if layout and found:
        head.layout = layout
    return found
