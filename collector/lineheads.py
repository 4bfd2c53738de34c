"""What is known of a line's head (measurement and tags), learnt once and remembered.

Agents send the same few heads for ever. Looking one up instead of taking it apart makes checking
a line cheap, puts the identity of the topic into it, and leaves no room for forged tags.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from collector.cardinality import SLOT
from collector.dropped import Drop
from core import lineprotocol, persondata
from core.catalog import CATALOG, IDENTITY_TAGS, MARK_TAGS, OURS, FieldType, Measurement
from core.types import Identity

MAX_REMEMBERED_BYTES: Final = 64_000_000
MAX_LAYOUTS: Final = 200
"""Of one measurement, for those who send its fields in another order than the catalogue's; whoever
sends them in ever new ones gets no pattern for each."""
MAX_HEAD_BYTES: Final = 1_000
"""A longer head is worked out each time: a few of them must not push out everybody's."""
_ENTRY_BYTES: Final = 400
"""About what an entry costs beside its bytes."""

Takes = Callable[[Identity, str, bytes, int], bool]
"""Whether a publisher's series of a measurement, known by its head, is taken at a time (ns)."""

RefusedKind = Literal[
    "unknown_measurement",
    "no_known_field",
    "field_type",
    "no_time",
    "future",
    "too_long",
    "syntax",
    "same_series_and_time",
    "too_many_series",
    "event",
    "store",
]

# What most lines are made of. It accepts only what core.lineprotocol accepts too, and leaves the
# rest (escapes in strings, 19-digit integers, exponents) to it.
_VALUES: Final[dict[FieldType, bytes]] = {
    "integer": rb"-?[0-9]{1,18}i",
    "float": rb"-?[0-9]{1,17}(?:\.[0-9]{1,17})?",
    "boolean": rb"(?:[tT]rue|[fF]alse|[tTfF])",
    "string": rb'"[ !#-\[\]-~]*"',
}


class LineRefused(Exception):
    """A line for the dead letters; `kind` is what it is counted under. Stays in the line check."""

    def __init__(self, kind: RefusedKind, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason


_NAME: Final = re.compile(rb"([a-z0-9_]+)=")
_TIME: Final = rb"(0|[1-9][0-9]{0,18})"


class Spec:
    """One measurement of the catalogue, and the patterns of the fields and time of its lines.

    `ordered` takes any of its fields in the order of the catalogue: what a change filter leaves is
    another selection each time, of which there are too many for a pattern each.
    """

    __slots__ = ("_any", "_layouts", "_values", "has_texts", "measurement", "ordered")

    def __init__(self, measurement: Measurement) -> None:
        self.measurement = measurement
        fields = measurement.fields.values()
        self.has_texts = any(field.type == "string" for field in fields)
        self._values = {field.name.encode(): _VALUES[field.type] for field in fields}
        one = b"|".join(self._one(name) for name in self._values)
        self._any = re.compile(rb"(?:%b)(?:,(?:%b))* %b" % (one, one, _TIME))
        self._layouts: dict[tuple[bytes, ...], re.Pattern[bytes]] = {}
        some = b"".join(rb"(?:%b(?:,|(?= )))?+" % self._one(name) for name in self._values)
        self.ordered = re.compile(rb"(?! )%b(?<!,) %b" % (some, _TIME))

    def layout(self, rest: bytes) -> re.Pattern[bytes] | None:
        """Return the pattern of lines that have the fields that *rest* seems to have.

        None where there is none: an unknown field, a wrong type, a field twice, a text that looks
        like one, or more layouts than anybody needs.
        """
        names = tuple(_NAME.findall(rest))
        known = self._layouts.get(names)
        if known is None and len(self._layouts) < MAX_LAYOUTS and self._is_new(names, rest):
            known = re.compile(rb"%b %b" % (b",".join(map(self._one, names)), _TIME))
            self._layouts[names] = known
        return known

    def _is_new(self, names: tuple[bytes, ...], rest: bytes) -> bool:
        different = {*names}
        if len(different) < len(names) or not different <= self._values.keys():
            return False
        return self._any.fullmatch(rest) is not None

    def _one(self, name: bytes) -> bytes:
        return re.escape(name) + b"=" + self._values[name]


@dataclass(slots=True)
class Head:
    """A head as it is stored (`new`, with the blank behind it), and what was taken off of it.

    `layout` is a pattern that its last line had: the next one mostly has the same fields.
    """

    new: bytes
    spec: Spec
    drops: tuple[Drop, ...]
    layout: re.Pattern[bytes]


def specs(catalog: Mapping[str, Measurement] = CATALOG) -> dict[str, Spec]:
    """Return what payloads may bring of the catalogue, ready for checking."""
    return {name: Spec(m) for name, m in catalog.items() if name not in OURS}


class Heads:
    """The heads of one publisher; `at` is when its last message came (ns)."""

    __slots__ = ("accounted", "at", "known", "who")

    def __init__(self, who: Identity, *, accounted: bool) -> None:
        self.who, self.accounted, self.at = who, accounted, 0
        self.known: dict[bytes, Head] = {}

    def make(self, raw: bytes, catalog: Mapping[str, Spec]) -> Head:
        """Return what *raw* becomes; raises LineError and LineRefused."""
        measurement, tags = lineprotocol.parse_head(raw)
        spec = catalog.get(measurement)
        if spec is None:
            raise LineRefused("unknown_measurement", f"unknown measurement {measurement[:80]!r}")
        kept = {name: value for name, value in tags.items() if name in spec.measurement.tags}
        known = kept.keys() | {*IDENTITY_TAGS, *MARK_TAGS}
        drops = [Drop("tag", f"{measurement}.{name}") for name in tags if name not in known]
        for name, value in kept.items():
            kept[name] = persondata.removed(value)
            if kept[name] is not value:
                drops.append(Drop("person", f"{measurement}.{name}"))
        kept |= {name: getattr(self.who, name) for name in IDENTITY_TAGS}
        if not self.accounted:
            kept["accounted"] = "no"
        new = lineprotocol.encode_head(measurement, kept) + b" "
        return Head(new, spec, tuple(drops), spec.ordered)


def _any(_who: Identity, _measurement: str, _head: bytes, _at: int) -> bool:
    return True


class HeadCache:
    """Heads by publisher; whoever sent nothing for longest is forgotten first.

    *takes* is asked of each head once in a slot of time: with the first message of the next one a
    publisher's heads are worked out anew, so that lines with known heads cost nothing.
    """

    def __init__(
        self,
        max_bytes: int = MAX_REMEMBERED_BYTES,
        catalog: Mapping[str, Measurement] = CATALOG,
        takes: Takes = _any,
    ) -> None:
        self._max_bytes, self._bytes, self._takes = max_bytes, 0, takes
        self._catalog = specs(catalog)
        self._publishers: OrderedDict[tuple[Identity, bool], Heads] = OrderedDict()

    def of(self, who: Identity, at: int, *, accounted: bool) -> Heads:
        """Return the heads of *who*, who sends at *at*; read `known`, but let `learn` fill it."""
        heads = self._publishers.get((who, accounted))
        if heads is None:
            heads = self._publishers[who, accounted] = Heads(who, accounted=accounted)
            self._bytes += _ENTRY_BYTES
        elif heads.at // SLOT != at // SLOT:
            self._bytes -= _cost_of_all(heads)
            heads.known.clear()
        heads.at = at
        self._publishers.move_to_end((who, accounted))
        return heads

    def learn(self, heads: Heads, raw: bytes) -> Head:
        """Return what the head *raw* becomes, and remember it; raises LineError, LineRefused."""
        head = heads.known.get(raw)
        if head is None:
            head = heads.make(raw, self._catalog)
            name = head.spec.measurement.name
            if not self._takes(heads.who, name, head.new, heads.at):
                # The same words for each, so that the lines share a dead letter.
                reason = f"too many series of {name} within a day: see [store] max_series"
                raise LineRefused("too_many_series", reason)
            if len(raw) <= MAX_HEAD_BYTES:
                heads.known[raw] = head
                self._bytes += _cost(raw, head)
                self._make_room()
        return head

    def _make_room(self) -> None:
        while self._bytes > self._max_bytes and len(self._publishers) > 1:
            _, oldest = self._publishers.popitem(last=False)
            self._bytes -= _ENTRY_BYTES + _cost_of_all(oldest)
        if self._bytes > self._max_bytes:
            # The one that is left is being checked: it stays, and begins anew.
            for heads in self._publishers.values():
                heads.known.clear()
            self._bytes = _ENTRY_BYTES


def _cost_of_all(heads: Heads) -> int:
    return sum(_cost(raw, head) for raw, head in heads.known.items())


def _cost(raw: bytes, head: Head) -> int:
    return _ENTRY_BYTES + len(raw) + len(head.new)
