"""Lines of readings that a rule may care about, as facts; all others cost a look at their start.

Most lines are of measurements without a rule, and most others say that all is well. Only what is
over a limit, or comes from where something is open that it may end, is taken apart.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from alerts.concerned import Concerned
from alerts.facts import ReadingFact
from alerts.rules import Recalled, Rule, Threshold, Worded
from core import lineprotocol
from core.catalog import IDENTITY_TAGS
from core.clock import SECOND

FRESH: Final = 120 * SECOND
"""Older readings, or such from a clock that is as far ahead, move no rule."""


Look = Callable[[bytes], bool]


class Screen:
    """The rules about readings, by the measurement that they look at, and where."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._looks = Concerned[tuple[Look, ...]]()
        for rule in rules:
            if isinstance(rule.of, Threshold | Worded | Recalled):
                self._looks.add(rule.of.measurement, rule, tuple(_looks(rule.of)))

    def facts(
        self, place: str, lines: Iterable[bytes], at: int, *, watched: bool
    ) -> Iterator[ReadingFact]:
        """Return what *lines* of *place*, which arrived *at*, may mean to a rule."""
        for line in lines:
            looks = self._looks.at(_name_of(line), place)
            if looks and (watched or any(look(line) for _, all_of in looks for look in all_of)):
                point = lineprotocol.parse(line)
                if point.at is not None and abs(at - point.at) < FRESH:
                    tags = {k: v for k, v in point.tags.items() if k not in IDENTITY_TAGS}
                    yield ReadingFact(place, point.measurement, tags, point.fields, point.at)


def _name_of(line: bytes) -> str:
    """Return the measurement; no name of the catalogue has a blank or a comma in it."""
    end = min((at for at in (line.find(b","), line.find(b" ")) if at > 0), default=0)
    return line[:end].decode("utf-8", "replace")


def _looks(of: Threshold | Worded | Recalled) -> Iterator[Look]:
    """Return looks at a line that see all that *of* may call on, be it a tag that looks so."""
    if isinstance(of, Recalled):
        # What has to be remembered is also what is well.
        field = re.compile(rb"[ ,]" + of.name.encode() + b"=")
        yield lambda line: field.search(line) is not None
        return
    if isinstance(of, Worded):
        words = rb"|".join(re.escape(word.encode()) for word in sorted(of.on))
        # True and false are written in five ways each, so that they are there is enough.
        said = rb'(?:"(?:' + words + rb')"|[tTfF])'
        pattern = re.compile(rb"[ ,]" + of.name.encode() + b"=" + said)
        yield lambda line: pattern.search(line) is not None
        if of.otherwise:
            yield from _looks(of.otherwise)
        return
    number = re.compile(rb"[ ,]" + of.name.encode() + rb"=([-+0-9.eE]+)")
    yield lambda line: any(_may_be_on(of, found) for found in number.findall(line))


def _may_be_on(of: Threshold, text: bytes) -> bool:
    try:
        return of.is_on(float(text))
    except ValueError:
        return True  # looks like one, so it is taken apart
