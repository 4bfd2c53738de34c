"""Lines of readings that a rule may care about, as facts; all others cost a look at their start.

Most lines are of measurements without a rule, and most others say that all is well. Only what is
over a limit, or comes from where something is open that it may end, is taken apart.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from alerts.concerned import MOST_PLACES, Concerned
from alerts.facts import ReadingFact
from alerts.rules import Recalled, Rule, Threshold, Worded
from core import lineprotocol
from core.catalog import IDENTITY_TAGS
from core.clock import SECOND

FRESH: Final = 120 * SECOND
"""Older readings, or such from a clock that is as far ahead, move no rule."""


Test = Callable[[bytes], bool]
"""Whether the value of a field, as it stands in the line, may mean something to a rule."""
Condition = Threshold | Worded | Recalled

_STATES: Final = b"tTfF"
"""How true and false begin; each is written in five ways, so that they are there is enough."""


class Screen:
    """The rules about readings, by the measurement that they look at, and where."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = Concerned[Condition]()
        self._words: set[str] = set()
        self._looks: dict[tuple[str, ...], Look] = {}
        self._at: dict[str, dict[bytes, Look]] = {}
        for rule in rules:
            if isinstance(rule.of, Threshold | Worded | Recalled):
                self._rules.add(rule.of.measurement, rule, rule.of)
                self._words.add(rule.of.measurement)

    def facts(
        self, place: str, lines: Iterable[bytes], at: int, *, watched: bool
    ) -> Iterator[ReadingFact]:
        """Return what *lines* of *place*, which arrived *at*, may mean to a rule."""
        looks = self.looks(place)
        for line in lines:
            look = looks.get(_name_of(line))
            if look is not None and (watched or look(line)):
                point = lineprotocol.parse(line)
                if point.at is not None and abs(at - point.at) < FRESH:
                    tags = {k: v for k, v in point.tags.items() if k not in IDENTITY_TAGS}
                    yield ReadingFact(place, point.measurement, tags, point.fields, point.at)

    def looks(self, place: str) -> "dict[bytes, Look]":
        """Return what is looked for at *place*, by measurement; worked out once."""
        found = self._at.get(place)
        if found is None:
            if len(self._at) >= MOST_PLACES:
                self._at.clear()
            there = {word: self._rules.at(word, place) for word in self._words}
            found = {word.encode(): self._look(rules) for word, rules in there.items() if rules}
            self._at[place] = found
        return found

    def _look(self, rules: Sequence[tuple[Rule, Condition]]) -> "Look":
        """Return the look for *rules*, the same one at all places that they look at."""
        names = tuple(rule.name for rule, _ in rules)
        found = self._looks.get(names)
        if found is None:
            found = self._looks[names] = Look(of for _, of in rules)
        return found


class Look:
    """One pass over a line for all that some rules may call on, be it a tag that looks so."""

    def __init__(self, conditions: Iterable[Condition]) -> None:
        self._tests: dict[bytes, list[Test]] = {}
        for of in conditions:
            for name, test in _tests(of):
                self._tests.setdefault(name.encode(), []).append(test)
        names = b"|".join(re.escape(name) for name in sorted(self._tests))
        self._find = re.compile(rb"[ ,](" + names + rb')=("[^"]*"|[^, ]*)').findall

    def __call__(self, line: bytes) -> bool:
        """Return whether *line* is to be taken apart."""
        tests = self._tests
        for name, value in self._find(line):
            for test in tests[name]:
                if test(value):
                    return True
        return False


def _name_of(line: bytes) -> bytes:
    """Return the measurement; no name of the catalogue has a blank or a comma in it."""
    comma, blank = line.find(b","), line.find(b" ")
    return line[: comma if 0 <= comma < blank else blank]


def _tests(of: Condition) -> Iterator[tuple[str, Test]]:
    if isinstance(of, Recalled):
        yield of.name, lambda value: True  # what has to be remembered is also what is well
    elif isinstance(of, Worded):
        words = {b'"' + word.encode() + b'"' for word in of.on}
        yield of.name, lambda value: value in words or value[:1] in _STATES
        if of.otherwise:
            yield from _tests(of.otherwise)
    else:
        yield of.name, partial(_may_be_on, of)


def _may_be_on(of: Threshold, text: bytes) -> bool:
    try:
        return of.is_on(float(text.rstrip(b"iu")))
    except ValueError:
        return True  # looks like one, so it is taken apart
