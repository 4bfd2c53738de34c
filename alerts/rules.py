"""What a rule is: what it looks at, for how long, how bad it is, and what people are told.

Plain data, made of files (alerts/language). The shipped ones stand in `alerts/shipped/*.toml`.
"""

import re
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
    them have besides; readings with all the tags of `unless` are nobody's concern, and of each tag
    of `only` it has to have one of the words. `tells` are the fields that go into the alert's
    details beside: which phase it was, the word for it.
    """

    measurement: str
    name: str
    target: str
    beside: tuple[str, ...] = field(default=(), kw_only=True)
    unless: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    only: Mapping[str, frozenset[str]] = field(default_factory=dict, kw_only=True)
    tells: tuple[str, ...] = field(default=(), kw_only=True)

    def concerns(self, tags: Mapping[str, str]) -> bool:
        """Return whether readings with *tags* are looked at."""
        if self.unless and self.unless.items() <= tags.items():
            return False
        return all(tags.get(name, "") in words for name, words in self.only.items())

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
    the limit itself is still fine; with `size` the sign says nothing. Where both are the same,
    what is not on is off. A reading in which a field of `heeds` has none of its words says neither.
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
        if self.clear == self.limit:
            return "off"
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
    """A word: on with one of `on`, off with one of `off`; any other says neither. What is true or
    false counts as the word `true` or `false`.

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
        word = _word(fields.get(self.name))
        if word is not None:
            return "on" if word in self.on else "off" if word in self.off else "between"
        if self.otherwise and self.code in fields:
            return self.otherwise.says(fields)
        return None

    def details(self, fields: Mapping[str, Value]) -> dict[str, Value]:
        """Return the word too, by the name of its field; else the number that decided."""
        word = _word(fields.get(self.name))
        said: dict[str, Value] = {self.name: word} if word in self.on and word else {}
        if self.otherwise and self.name not in fields and self.otherwise.name in fields:
            said = self.otherwise.details(fields)
        return said | OfReading.details(self, fields)


def _word(value: Value | None) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Change:
    """How far a number is from what it was `since_s` ago, 0 for the value before; in percent of
    that with `percent`. Of words and of true or false: 1 where it differs, else 0."""

    since_s: float
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a counter grows, in each second, over the last `over_s`. One that falls has begun
    anew, from 0."""

    over_s: float


@dataclass(frozen=True, slots=True)
class Flaps:
    """How often a value was another than before, within the last `over_s`."""

    over_s: float


@dataclass(frozen=True, slots=True)
class Usual:
    """A number against what it was at this hour of the last `weeks`, of which at least `known` have
    to be known: how many times that (`factor`), or by how many of their standard deviations it is
    off (`deviation`). Where less than `least` is usual, nothing is said."""

    weeks: int
    known: int
    by: Literal["factor", "deviation"]
    least: float


@dataclass(frozen=True, slots=True)
class Absent:
    """That nothing was said of a series for `after_s`, while its agent is heard."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Share:
    """Of how many percent of the members of a group it holds; `judge` says how many are too many.

    `of`: the groups; `members`: what is counted in each. A school or an agent counts where it holds
    of one of its series. Members of which nobody can tell leave both sides; with fewer than `least`
    of the others nothing is said. Without `judge` the share is the number that something else is
    made of (`Watched`).
    """

    of: Literal["school", "region", "district"]
    members: Literal["series", "agents", "schools"]
    least: int
    judge: Threshold | None = None


@dataclass(frozen=True, slots=True)
class Recalled(OfReading):
    """A field of which has to be remembered what it was: `how` makes a number of that, which
    `judge` then looks at; without `how` it looks at the reading. `share`: of a group."""

    how: Change | Rate | Flaps | Usual | Absent | None = field(default=None, kw_only=True)
    judge: Threshold | Worded | None = field(default=None, kw_only=True)
    share: Share | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Watched:
    """What events say, or the live picture (`by`), and what that comes to over time or in a group.

    With `Flaps` as `how`, `judge` looks at how often it began or ended, of what is `momentary` at
    how often it happened; `share`: of how many members of a group that holds, or, without `how`,
    that it goes on. With `Change` or `Usual`, `judge` looks at what that makes of the share.
    """

    kind: str
    by: Literal["agent", "collector", "live"]
    how: Flaps | Change | Usual | None = None
    judge: Threshold | None = None
    share: Share | None = None
    momentary: bool = False


@dataclass(frozen=True, slots=True)
class Sighted:
    """What is wrong in the live picture, under the word that a sight calls it."""

    kind: str


Condition = EventOf | Threshold | Worded | Recalled | Watched | Sighted


@dataclass(frozen=True, slots=True)
class RuleTexts:
    """What happened, what it means for teaching, what to try first; `{…}` is filled in."""

    title: Text
    meaning: Text
    first: Text
    ended: Text


@dataclass(frozen=True, slots=True)
class Places:
    """Where a rule looks: patterns of `region`, `region/school` or `region/school/agent`, with `*`
    for any name, each with all that lies below it. Without `at` it is everywhere."""

    at: tuple[str, ...] = ()
    not_at: tuple[str, ...] = ()

    def hold(self, place: str) -> bool:
        """Return whether *place* is looked at."""
        if any(_lies_in(place, one) for one in self.not_at):
            return False
        return not self.at or any(_lies_in(place, one) for one in self.at)

    def hold_some(self, group: str) -> bool:
        """Return whether anything of a *group* of places is looked at, "" being the district."""
        if any(_lies_in(group, one) for one in self.not_at):
            return False
        level = group.count("/") + 1 if group else 0
        return not self.at or any(
            _lies_in(group, one) or _lies_in(group, "/".join(one.split("/")[:level]))
            for one in self.at
        )


EVERYWHERE: Final = Places()


def _lies_in(place: str, pattern: str) -> bool:
    wanted = re.escape(pattern).replace(r"\*", "[^/]*")
    return re.match(rf"{wanted}(?:/|\Z)", place) is not None


@dataclass(frozen=True, slots=True)
class Rule:
    """`hold_s`: how long it must last; `keep_s`: how long it must be over.

    `in_school_time` is the severity while lessons are held, where it differs. `hides` names the
    rules whose alerts, at the same place or below, say nothing new while this one is open. One that
    is `quiet` stands in the list, and nobody gets a message of it. One that is `recorded` is
    listed also where it was over before anybody could hear of it. `owner` is whose it is to act.

    `waits_for_lessons`: what begins outside school time is told when lessons begin; of those
    `counts_in_lessons` has to last its `hold_s` in school time, and for one that `carries_rooms`
    a live lesson in any room of the school is near, not only in its own.
    """

    name: str
    of: Condition
    severity: Severity
    texts: RuleTexts
    hold_s: float = 0
    keep_s: float = 0
    in_school_time: Severity | None = None
    hides: tuple[str, ...] = ()
    quiet: bool = False
    recorded: bool = False
    owner: Owner = "operator"
    places: Places = EVERYWHERE
    waits_for_lessons: bool = False
    counts_in_lessons: bool = False
    carries_rooms: bool = False

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
