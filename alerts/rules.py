"""What a rule is: what it looks at, for how long, how bad it is, and what people are told.

Plain data, so that rules can come from a file one day. The shipped ones stand in
`alerts/shipped/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.alerts import Text
from core.clock import SECOND
from core.kinds import Severity


@dataclass(frozen=True, slots=True)
class EventOf:
    """Events of one kind. Who sends them is part of the rule: an agent may send any kind.

    A momentary one has no end; it counts as going on for `keep_s` after it last happened.
    """

    kind: str
    by: Literal["agent", "collector"]
    momentary: bool = False


@dataclass(frozen=True, slots=True)
class Threshold:
    """The field `name` of a reading above a limit: on from `limit`, off under `clear_under`.

    With `over` the limit itself is still fine. `target` is the tag that tells one series of an
    agent from another, `beside` one that some of them have besides; readings with all the tags of
    `unless` are nobody's concern.
    """

    measurement: str
    name: str
    target: str
    limit: float
    clear_under: float
    over: bool = False
    unless: Mapping[str, str] = field(default_factory=dict)
    beside: str = ""

    def target_of(self, tags: Mapping[str, str]) -> str:
        """Return the target of a reading with *tags*, as in `gateway (ipv6)`."""
        target, beside = tags.get(self.target, ""), tags.get(self.beside, "")
        return f"{target} ({beside})" if beside else target

    def says(self, value: float) -> Literal["on", "between", "off"]:
        """Return what *value* means."""
        if value > self.limit or (value == self.limit and not self.over):
            return "on"
        return "off" if value < self.clear_under else "between"


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
    rules whose alerts, at the same place or below, say nothing new while this one is open.
    """

    name: str
    of: EventOf | Threshold | Sighted
    severity: Severity
    texts: RuleTexts
    hold_s: float = 0
    keep_s: float = 0
    in_school_time: Severity | None = None
    hides: tuple[str, ...] = ()

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
