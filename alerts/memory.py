"""What the engine remembers: every case that is open, and what has been told lately.

Nothing of it changes before the database has it: a draft gathers what one transaction changes,
and is taken over when that is durable, else forgotten.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, TypeVar

from alerts.stages.storm import FIRST_SUMMARY, WINDOW, by_channel
from alerts.step import EVERYBODY, Case
from core.alerts import Alert, AlertKey, Notification

MOST_OPEN: Final = 20_000
MOST_OF_ONE_PLACE: Final = 200
"""Open cases; what begins beyond is counted and not remembered."""


_K = TypeVar("_K")


@dataclass(frozen=True, slots=True)
class Message:
    """A notification with the numbers of its alerts, whose share it uses, whether the receivers
    may have it already, and the channels that it goes to."""

    notification: Notification
    about: tuple[int, ...]
    place: str
    repeat: bool
    channels: tuple[str, ...] = (EVERYBODY,)


class Suppressed(NamedTuple):
    """By what an alert is kept from people from a moment on (ns); by nothing where `by` is ""."""

    alert: int
    by: str
    at: int


def suppressed_by(alert: Alert) -> str:
    """Return what keeps an alert from people, "" where nothing does."""
    if alert.state not in ("firing", "keeping"):
        return ""
    if alert.hidden_by:
        return f"alert:{alert.hider}" if alert.hider else f"rule:{alert.hidden_by}"
    return alert.muted_by


@dataclass(slots=True)
class Memory:
    """`folded` holds what the next summaries are to tell, and `folded_since` of each channel since
    when, and how long its route lets it wait (ns). `made` has for each channel when and of what
    place each message of the last ten minutes was."""

    cases: dict[AlertKey, Case] = field(default_factory=dict)
    of_place: dict[str, int] = field(default_factory=dict)
    of_school: dict[str, set[AlertKey]] = field(default_factory=dict)
    of_rule: dict[tuple[str, str], set[AlertKey]] = field(default_factory=dict)
    """By rule and place."""
    folded: dict[int, Case] = field(default_factory=dict)
    folded_since: dict[str, tuple[int, int]] = field(default_factory=dict)
    made: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    next_alert: int = 1
    next_message: int = 1
    due: list[tuple[int, AlertKey]] = field(default_factory=list)
    _waking: dict[AlertKey, int] = field(default_factory=dict)

    def put(self, case: Case) -> None:
        """Remember a case, or forget it where it is over."""
        key, place = case.alert.key, case.alert.key.place
        known = self.cases.get(key)
        if case.is_open:
            self.cases[key] = case
            self.of_place[place] = self.of_place.get(place, 0) + (known is None)
            self.of_rule.setdefault((key.rule, place), set()).add(key)
            if key.school:
                self.of_school.setdefault(key.school, set()).add(key)
        elif known and known.alert.number == case.alert.number:
            del self.cases[key]
            self.of_place[place] -= 1
            if not self.of_place[place]:
                del self.of_place[place]
            _discard(self.of_rule, (key.rule, place), key)
            _discard(self.of_school, key.school, key)

    def wake(self, key: AlertKey, at: int) -> None:
        """Look at *key* again at *at*, or before, where that was to be anyway."""
        # Not a second time: what is extended again and again would fill the memory.
        if at < self._waking.get(key, at + 1):
            self._waking[key] = at
            heapq.heappush(self.due, (at, key))

    def set_back(self, at: int) -> None:
        """Hear that the clock was set back to *at*: nothing waits for the time to come again."""
        self.folded_since = {
            channel: (min(since, at), wait) for channel, (since, wait) in self.folded_since.items()
        }
        for key in self.cases:
            self.wake(key, at)

    def awake(self, at: int) -> Iterator[AlertKey]:
        """Take out the keys whose time has come, each once."""
        while self.due and self.due[0][0] <= at:
            when, key = heapq.heappop(self.due)
            if self._waking.get(key) == when:
                del self._waking[key]
                yield key


def _discard(index: dict[_K, set[AlertKey]], name: _K, key: AlertKey) -> None:
    there = index.get(name, set())
    there.discard(key)
    if not there:
        index.pop(name, None)


@dataclass(slots=True)
class Draft:
    """One transaction's changes to *memory*; `written` are all cases to write, in their order."""

    memory: Memory
    at: int
    written: dict[int, Case] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    refused: int = 0
    unrouted: list[AlertKey] = field(default_factory=list)
    waits: dict[str, int] = field(default_factory=dict)
    summarised: set[str] = field(default_factory=set)
    _cases: dict[AlertKey, Case] = field(default_factory=dict)
    _made: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    suppressed: list[Suppressed] = field(default_factory=list)
    _of_rule: dict[tuple[str, str], set[AlertKey]] = field(default_factory=dict)
    _noted: list[Case] = field(default_factory=list)
    _next_alert: int = field(init=False)
    _opened: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._next_alert = self.memory.next_alert

    def get(self, key: AlertKey) -> Case:
        """Return the case of *key*; one that has not begun where there is none."""
        case = self._cases.get(key) or self.memory.cases.get(key)
        return case if case and case.is_open else Case(Alert(key, "P4"))

    def is_open(self, key: AlertKey) -> bool:
        """Return whether there is an open case of *key*."""
        return self.get(key).is_open

    def open_at(self, school: str) -> list[Case]:
        """Return the cases that are open at *school*, its agents' among them."""
        drafted = {key for key in self._cases if key.school == school}
        keys = sorted(drafted | self.memory.of_school.get(school, set()))
        return [case for case in map(self.get, keys) if case.is_open]

    def open_of(self, rule: str, place: str) -> list[Case]:
        """Return the open cases of a rule at exactly this place, the first that began first."""
        drafted = self._of_rule.get((rule, place), set())
        found = map(self.get, drafted | self.memory.of_rule.get((rule, place), set()))
        return sorted((c for c in found if c.is_open), key=lambda c: c.alert.number)

    def suppress(self, before: Alert, after: Alert) -> None:
        """Have it written where what keeps an alert from people changed."""
        was, now = suppressed_by(before), suppressed_by(after)
        if after.number and was != now:
            self.suppressed.append(Suppressed(after.number, now, self.at))

    def put(self, case: Case) -> Case:
        """Keep a case as it now stands; returns it with its number."""
        alert = case.alert
        if alert.state == "idle":
            return case
        if not alert.number:
            case = case.changed(number=self._next_alert)
            self._next_alert += 1
            place = alert.key.place
            self._opened[place] = self._opened.get(place, 0) + 1
        current = self.get(alert.key)
        # What ended may still have to be told of while the next of its key goes on.
        if not current.is_open or current.alert.number == case.alert.number or case.is_open:
            self._know(case)
        self.written[case.alert.number] = case
        return case

    def note(self, case: Case) -> None:
        """Keep what need not outlive the process."""
        self._know(case)
        self._noted.append(case)

    def _know(self, case: Case) -> None:
        key = case.alert.key
        self._cases[key] = case
        self._of_rule.setdefault((key.rule, key.place), set()).add(key)

    def has_room(self, place: str) -> bool:
        """Return whether one more case may begin at *place*."""
        here = self.memory.of_place.get(place, 0) + self._opened.get(place, 0)
        all_open = len(self.memory.cases) + sum(self._opened.values())
        return here < MOST_OF_ONE_PLACE and all_open < MOST_OPEN

    def made(self, channel: str, since: int) -> Sequence[str]:
        """Return the place of each message made for *channel* after *since*."""
        names = {channel, EVERYBODY}
        if channel == EVERYBODY:
            # Whoever got the most of those that went to some alone counts for all.
            some = max({*self.memory.made, *self._made}, key=self._count, default=EVERYBODY)
            names.add(some)
        found = [one for name in names for one in self._made_for(name)]
        # Not those ahead of us either, which a clock that was set back leaves.
        return [place for at, place in found if since < at <= self.at]

    def _made_for(self, channel: str) -> list[tuple[int, str]]:
        return [*self.memory.made.get(channel, ()), *self._made.get(channel, ())]

    def _count(self, channel: str) -> int:
        return len(self._made_for(channel)) if channel != EVERYBODY else -1

    def tell(
        self,
        notification: Notification,
        about: Sequence[Case],
        place: str,
        *,
        repeat: bool,
        channels: tuple[str, ...],
    ) -> None:
        """Have a message written; *place* is whose share of the messages it uses."""
        if not channels:
            return
        number = self.memory.next_message + len(self.messages)
        numbers = tuple(case.alert.number for case in about)
        said = replace(notification, number=number)
        self.messages.append(Message(said, numbers, place, repeat, channels))
        for channel in channels:
            self._made.setdefault(channel, []).append((self.at, place))

    def folded(self) -> Mapping[int, Case]:
        """Return what waits for a summary."""
        found = dict(self.memory.folded)
        for number, case in self.written.items():
            if case.folds:
                found[number] = case
            else:
                found.pop(number, None)
        return found

    def changed(self) -> Iterator[Case]:
        """Return what is to be looked at again, or has ended."""
        yield from self._noted
        yield from self.written.values()

    def take_over(self) -> None:
        """Let the memory be as the database now is."""
        memory = self.memory
        for case in self.changed():
            memory.put(case)
        if self.written:
            memory.folded = dict(self.folded())
            memory.folded_since = self._folded_since()
        for channel in self._made:
            made = self._made_for(channel)
            memory.made[channel] = [one for one in made if self.at - WINDOW < one[0] <= self.at]
        memory.next_alert = self._next_alert
        memory.next_message += len(self.messages)

    def _folded_since(self) -> dict[str, tuple[int, int]]:
        before = self.memory.folded_since
        if not self.memory.folded:
            return {}
        found = {}
        for channel in by_channel(self.memory.folded):
            known = before.get(channel) if channel not in self.summarised else None
            new = self.at, self.waits.get(channel, 0)
            # What may wait for long keeps nobody from hearing of what may not.
            sooner = known is None or (channel in self.waits and _due(new) < _due(known))
            found[channel] = new if known is None or sooner else known
        return found


def _due(waiting: tuple[int, int]) -> int:
    """Return when a summary is due that began to wait then, for so long (0: as in a storm)."""
    since, wait = waiting
    return since + (wait or FIRST_SUMMARY)
