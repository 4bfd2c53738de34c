"""What a field was in each window, out of values that travel only when they change.

A value holds until the next one, for `hold` at most, and for no longer than its agent was heard:
so a mean is weighted by time, an extreme counts that began before its window, and a window in which
nothing travelled has the value that held there. It ends too where the state of its series changes
and it is not said anew: of what does not answer there is no answer time.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple, get_args

from core.types import Value

How = Literal["mean", "min", "max", "first", "last"]
HOWS: Final[tuple[str, ...]] = get_args(How)
Points = Sequence[tuple[int, Value]]


class Said(NamedTuple):
    """What one series said of a field, and the moments at which its state changed."""

    points: Points
    changes: Sequence[int] = ()


class Span(NamedTuple):
    """Where windows lie: from `start` to before `stop`; all of it where `window` is None (ns)."""

    start: int
    stop: int
    window: int | None

    @property
    def length(self) -> int:
        """How long a window is."""
        return self.window or self.stop - self.start

    def opened(self, at: int) -> int:
        """Return when the window began that *at* lies in."""
        return self.start if self.window is None else at - at % self.window


class _Piece(NamedTuple):
    """A value that held from `begin` to `end`, and that somebody said `at`."""

    begin: int
    end: int
    at: int
    value: Value


@dataclass(slots=True)
class _Seen:
    """What held within one window; `weight` is the part of it that is known."""

    first: _Piece
    last: _Piece
    low: Value
    high: Value
    total: float = 0.0
    weight: float = 0.0

    def take(self, piece: _Piece, length: int) -> None:
        weight = (piece.end - piece.begin) / length
        if not isinstance(piece.value, str):
            self.total += piece.value * weight
            self.low, self.high = _extremes(self.low, self.high, piece.value)
        self.weight += weight
        self.first = min(self.first, piece, key=lambda one: (one.begin, one.at))
        self.last = max(self.last, piece, key=lambda one: (one.end, one.at))

    def value(self, how: How) -> Value:
        match how:
            case "mean":
                return self.total / self.weight if self.weight else self.last.value
            case "min":
                return self.low
            case "max":
                return self.high
            case "first":
                return self.first.value
        return self.last.value


def windows(
    series: Iterable[Said], how: How, span: Span, *, hold: int, until: int
) -> list[tuple[int, Value]]:
    """Return one value for each window of *span* in which any of *series* is known.

    *until* is when their agent was last heard (ns).
    """
    seen: dict[int, _Seen] = {}
    for said in series:
        for piece in _pieces(said, hold, until):
            for opened, part in _parts(piece, span):
                if opened not in seen:
                    seen[opened] = _Seen(part, part, part.value, part.value)
                seen[opened].take(part, span.length)
    return [(max(opened, 0), seen[opened].value(how)) for opened in sorted(seen)]


def changes(states: Points) -> list[int]:
    """Return when a state became another."""
    return [at for (_, before), (at, value) in pairwise(states) if value != before]


def _pieces(said: Said, hold: int, until: int) -> Iterator[_Piece]:
    afters = [*(at for at, _ in said.points[1:]), None]
    for (at, value), after in zip(said.points, afters):
        end = min(at + hold, max(at, until) if after is None else after)
        change = bisect_right(said.changes, at)
        if change < len(said.changes):
            end = min(end, said.changes[change])
        yield _Piece(at, end, at, value)


def _parts(piece: _Piece, span: Span) -> Iterator[tuple[int, _Piece]]:
    """Cut *piece* where windows begin; one without length counts where it was said."""
    begin, end = max(piece.begin, span.start), min(piece.end, span.stop)
    if begin >= span.stop or end < begin or (end == begin and piece.at < span.start):
        return
    while True:
        opened = span.opened(begin)
        cut = min(end, opened + span.length)
        yield opened, _Piece(begin, cut, piece.at, piece.value)
        if cut >= end:
            return
        begin = cut


def _extremes(low: Value, high: Value, value: float) -> tuple[Value, Value]:
    assert not isinstance(low, str)
    assert not isinstance(high, str)
    return min(low, value), max(high, value)
