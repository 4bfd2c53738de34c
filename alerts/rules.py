"""What a rule is: what it looks at, for how long, how bad it is, and what people are told.

Plain data, so that rules can come from a file one day. The shipped ones stand in
`alerts/shipped/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from core.alerts import Text
from core.clock import SECOND
from core.kind import Severity
from core.types import Value

Said = Literal["on", "between", "off"]
"""Between: not bad enough to begin, and not good enough to end; or nobody can tell."""

Owner = Literal["authority", "operator", "user"]
"""Whose it is to act: one of the three responsible people of a school (主管, 运维, 使用)."""

LONGEST_WORD: Final = 100
"""Characters of a field that is text; what an agent sends may be as long as a line."""


@dataclass(frozen=True, slots=True)
class EventOf:
    """Events of one kind. Who sends them is part of the rule: an agent may send any kind.

    A momentary one has no end; it counts as going on for `keep_s` after it last happened.
    """

    kind: str
    by: Literal["agent", "collector"]
    momentary: bool = False


@dataclass(frozen=True, slots=True)
class OfReading:
    """The field `name` of a reading.

    `target` is the tag that tells one series of an agent from another, `beside` those that some of
    them have besides; readings with all the tags of `unless` are nobody's concern. `tells` are the
    fields that go into the alert's details beside: which phase it was, the word for it.
    """

    measurement: str
    name: str
    target: str
    beside: tuple[str, ...] = field(default=(), kw_only=True)
    unless: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    tells: tuple[str, ...] = field(default=(), kw_only=True)

    def target_of(self, tags: Mapping[str, str]) -> str:
        """Return the target of a reading with *tags*, as in `gateway (ipv6)`."""
        beside = ", ".join(filter(None, (tags.get(name, "") for name in self.beside)))
        target = tags.get(self.target, "")
        return f"{target} ({beside})" if beside else target

    def details(self, fields: Mapping[str, Value]) -> dict[str, Value]:
        """Return what of *fields* goes with the alert; a line need not have all of it."""
        told = {name: fields[name] for name in self.tells if name in fields}
        return {k: v[:LONGEST_WORD] if isinstance(v, str) else v for k, v in told.items()}


@dataclass(frozen=True, slots=True)
class Threshold(OfReading):
    """A number above a limit: on from `limit`, off under `clear`.

    With `under` it is the other way round: on from `limit` down, off above `clear`. With `over`
    the limit itself is still fine; with `size` the sign says nothing. A reading in which a field of
    `heeds` has none of its words says neither.
    """

    limit: float
    clear: float
    over: bool = False
    under: bool = field(default=False, kw_only=True)
    size: bool = field(default=False, kw_only=True)
    heeds: Mapping[str, frozenset[str]] = field(default_factory=dict, kw_only=True)

    def says(self, fields: Mapping[str, Value]) -> Said | None:
        """Return what *fields* mean, None where they do not say."""
        value = fields.get(self.name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if any(fields.get(name) not in words for name, words in self.heeds.items()):
            return "between"
        if self.is_on(value):
            return "on"
        value = abs(value) if self.size else value
        return "off" if (value > self.clear if self.under else value < self.clear) else "between"

    def is_on(self, value: float) -> bool:
        """Return whether *value* is beyond the limit."""
        value = abs(value) if self.size else value
        beyond = value < self.limit if self.under else value > self.limit
        return beyond or (value == self.limit and not self.over)

    def details(self, fields: Mapping[str, Value]) -> dict[str, Value]:
        """Return the number too, as `value`."""
        return {"value": fields[self.name]} | OfReading.details(self, fields)


@dataclass(frozen=True, slots=True)
class Worded(OfReading):
    """A word: on with one of `on`, off with one of `off`; any other says neither.

    An agent that is a Telegraf gives no word, but all its numbers in one line: where the field
    `code` came without a word, the number of `otherwise` decides. The filter of our own agents
    leaves word and code out together.
    """

    on: frozenset[str]
    off: frozenset[str]
    code: str = field(default="", kw_only=True)
    otherwise: Threshold | None = field(default=None, kw_only=True)

    def says(self, fields: Mapping[str, Value]) -> Said | None:
        """Return what *fields* mean, None where they do not say."""
        word = fields.get(self.name)
        if isinstance(word, str):
            return "on" if word in self.on else "off" if word in self.off else "between"
        if self.otherwise and self.code in fields:
            return self.otherwise.says(fields)
        return None

    def details(self, fields: Mapping[str, Value]) -> dict[str, Value]:
        """Return the word too, by the name of its field; else the number that decided."""
        word = fields.get(self.name)
        said: dict[str, Value] = {self.name: word} if word in self.on and word else {}
        if self.otherwise and self.name not in fields and self.otherwise.name in fields:
            said = self.otherwise.details(fields)
        return said | OfReading.details(self, fields)


@dataclass(frozen=True, slots=True)
class Sighted:
    """What is wrong in the live picture, under the word that a sight calls it."""

    kind: str


@dataclass(frozen=True, slots=True)
class RuleTexts:
    """What happened, what it means for teaching, what to try first; `{…}` is filled in."""

    title: Text
    meaning: Text
    first: Text
    ended: Text


@dataclass(frozen=True, slots=True)
class Rule:
    """`hold_s`: how long it must last; `keep_s`: how long it must be over.

    `in_school_time` is the severity while lessons are held, where it differs. `hides` names the
    rules whose alerts, at the same place or below, say nothing new while this one is open. One that
    is `quiet` stands in the list, and nobody gets a message of it. One that is `recorded` is
    listed also where it was over before anybody could hear of it. `owner` is whose it is to act.
    """

    name: str
    of: EventOf | Threshold | Worded | Sighted
    severity: Severity
    texts: RuleTexts
    hold_s: float = 0
    keep_s: float = 0
    in_school_time: Severity | None = None
    hides: tuple[str, ...] = ()
    quiet: bool = False
    recorded: bool = False
    owner: Owner = "operator"

    @property
    def hold(self) -> int:
        """`hold_s` in ns."""
        return int(self.hold_s * SECOND)

    @property
    def keep(self) -> int:
        """`keep_s` in ns."""
        return int(self.keep_s * SECOND)

    @property
    def momentary(self) -> bool:
        """Whether what it looks at has no end of its own."""
        return isinstance(self.of, EventOf) and self.of.momentary
