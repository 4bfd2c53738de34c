"""Batches of events as bytes: a JSON first line, then one object a line (wire.md, "Batches").

    {"schoolwatch":1,"epoch":"K3M6T0QX9V2ZB8DN","seq":7,"n":1}
    {"i":0,"kind":"link_down","target":"switch-2","subject":"switch-2/port-5","active":true, …}

Nothing here trusts a payload: each line that cannot be kept comes back with its number and a
reason, and the others are read all the same.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from core import wire
from core.errors import HeaderError, LineError
from core.kind import Severity
from core.messages import Number, Seq
from core.types import Event

MAX_LINES: Final = 99_999
MAX_KIND: Final = 64
MAX_NAME: Final = 200
"""Characters of a target or subject."""
MAX_DEPTH: Final = 8
"""Of objects and lists inside `details`."""
MAX_INTEGER: Final = 2**63 - 1
MAX_AT: Final = MAX_INTEGER - 10**6
"""In ns. A point in the store has other last six digits, and must have room for them."""

_T = TypeVar("_T")
_At = Annotated[int, Meta(ge=0, le=MAX_AT)]
_Kind = Annotated[str, Meta(min_length=1, max_length=MAX_KIND)]
_Name = Annotated[str, Meta(max_length=MAX_NAME)]


@dataclass(frozen=True, slots=True)
class Header:
    """The first line; `full` says that the events are all that is going on at `at` (ns)."""

    epoch: str
    seq: int
    lines: int
    clock_unchecked: bool = False
    full: bool = False
    at: int = 0

    def encode(self) -> bytes:
        """Return the header as a line with its newline."""
        words: dict[str, Any] = {"schoolwatch": wire.VERSION, "epoch": self.epoch, "seq": self.seq}
        words["n"] = self.lines
        if self.clock_unchecked:
            words["clock"] = "unchecked"
        if self.full:
            words |= {"full": True, "at": self.at}
        return msgspec.json.encode(words) + b"\n"


class _Version(msgspec.Struct):
    schoolwatch: Number


class _Key(msgspec.Struct):
    epoch: Annotated[str, Meta(pattern=rf"\A{wire.EPOCH.pattern}\Z")]
    seq: Seq


class _Rest(msgspec.Struct):
    n: Annotated[int, Meta(ge=0, le=MAX_LINES)]
    clock: str = ""
    full: bool = False
    at: _At | None = None


class _Line(msgspec.Struct):
    i: Annotated[int, Meta(ge=0, le=MAX_LINES)]
    kind: _Kind
    target: _Name
    active: bool
    at: _At
    subject: _Name = ""
    severity: Severity | None = None
    details: dict[str, Any] = {}


class UnaccountedError(HeaderError):
    """Events of a publisher that sends no header: whatever they say, they are nobody's word."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be kept; `number` counts from 1, the header included."""

    number: int
    line: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the lines of a batch hold: events with their index, and the bad lines."""

    events: Sequence[tuple[int, Event]]
    bad: Sequence[BadLine]


def seal(header: Header, events: Sequence[Event]) -> bytes:
    """Return the body of a batch: *header*, whose count is set, and *events* from index 0."""
    lines = [_line(index, event) for index, event in enumerate(events)]
    return replace(header, lines=len(lines)).encode() + b"".join(lines)


def split_header(body: bytes) -> tuple[Header, bytes]:
    """Return the header of an events payload and the lines after it.

    Raises HeaderError: KeyedHeaderError where epoch and seq can be read all the same,
    UnaccountedError where there is no header at all.
    """
    first, newline, rest = body.partition(b"\n")
    if len(first) > wire.MAX_HEADER_BYTES:
        limit = wire.MAX_HEADER_BYTES
        raise HeaderError(f"first line has {len(first)} bytes; the limit is {limit}")
    if "schoolwatch" not in _decode(first, dict[str, msgspec.Raw]):
        raise UnaccountedError("events without a header")
    version = _decode(first, _Version).schoolwatch
    if version != wire.VERSION:
        raise HeaderError(f"version {version} of the wire contract; this one reads {wire.VERSION}")
    key = _decode(first, _Key)
    try:
        words = _decode(first, _Rest)
    except HeaderError as error:
        raise wire.KeyedHeaderError(str(error), key.epoch, key.seq) from None
    problem = _problem(words, rest, complete=bool(newline))
    if problem:
        raise wire.KeyedHeaderError(problem, key.epoch, key.seq)
    unchecked = words.clock == "unchecked"
    return Header(key.epoch, key.seq, words.n, unchecked, words.full, words.at or 0), rest


def parse_lines(lines: bytes, latest: int) -> Parsed:
    """Return what *lines*, a body without its header, hold; no time may be after *latest* (ns)."""
    events: dict[int, Event] = {}
    bad: list[BadLine] = []
    for number, line in enumerate(lines.split(b"\n")[:-1], 2):
        try:
            index, event = _parse(line, latest)
            if index in events:
                raise LineError(f"a second line with i {index}")
        except LineError as error:
            bad.append(BadLine(number, line, str(error)))
        else:
            events[index] = event
    return Parsed(list(events.items()), bad)


def _line(index: int, event: Event) -> bytes:
    words: dict[str, Any] = {"i": index, "kind": event.kind, "target": event.target}
    words |= {"subject": event.subject, "active": event.active}
    if event.severity:
        words["severity"] = event.severity
    words |= {"at": event.at, "details": event.details}
    return msgspec.json.encode(words) + b"\n"


def _problem(words: _Rest, rest: bytes, *, complete: bool) -> str:
    if not complete or (rest and not rest.endswith(b"\n")):
        return "the last line does not end with a newline"
    found = rest.count(b"\n")
    if found != words.n:
        return f"header says {words.n} lines, {found} came"
    if words.full and words.at is None:
        return "a full batch without the time at which it is full"
    return ""


def _parse(line: bytes, latest: int) -> tuple[int, Event]:
    if len(line) > wire.MAX_LINE_BYTES:
        raise LineError(f"{len(line)} bytes; the limit is {wire.MAX_LINE_BYTES}")
    try:
        said = _decode(line, _Line)
    except HeaderError as error:
        raise LineError(str(error)) from None
    for name in ("kind", "target", "subject"):
        if any(unicodedata.category(char) == "Cc" for char in getattr(said, name)):
            raise LineError(f"{name} holds a control character")
    if said.at > latest:
        raise LineError(f"time is {(said.at - latest) // 10**9} s beyond what is taken")
    _check(said.details, MAX_DEPTH)
    event = Event(
        said.kind, said.target, said.subject, said.active, said.at, said.severity, said.details
    )
    return said.i, event


def _check(value: object, depth: int) -> None:
    """Refuse what not every reader of JSON would give back unchanged; raises LineError."""
    if not depth:
        raise LineError(f"details are nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        for inner in value.values():
            _check(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth - 1)
    elif isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise LineError("details hold an integer of more than 64 bits")
    elif isinstance(value, float) and not math.isfinite(value):
        raise LineError("details hold what is not a number")


def _decode(line: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        # A number of thousands of digits is a ValueError of Python's own.
        raise HeaderError(f"not the JSON that is expected: {str(error)[:200]}") from None
