"""Rows of the log by what they say, read in order and handed on one by one.

No index: segments are left out by the day in their name, which none of their rows was received
after; what is left is looked at line by line.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec

from collector.evidence.lines import one
from collector.evidence.segments import backwards, numbered_lines, order, segments
from core.alertkinds import RAISED
from core.clock import SECOND

SINCE_EVER: Final = 0
FOR_EVER: Final = 1 << 62
_DAY_NS: Final = 86_400 * SECOND
_SLACK_NS: Final = 3 * _DAY_NS


_PLACES: Final = ("agent", "actor", "target")
_IDENTITY: Final = 3
"""Parts of region/school/agent; what a row is about may be a school as a whole."""


class _Timed(msgspec.Struct):
    received: int = 0
    at: int = 0


class Hit(NamedTuple):
    """A row that fits; `line` is without newline."""

    row: int
    line: bytes
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for; what is empty asks for nothing.

    Times are ns since 1970, `upto` is not included; `clock` names whose time counts: `received` by
    the collector's, `at` by that of who says it.
    """

    since: int = SINCE_EVER
    upto: int = FOR_EVER
    clock: Literal["received", "at"] = "received"
    kinds: frozenset[str] = frozenset()
    actor: str = ""
    school: str = ""
    target: str = ""
    text: str = ""
    success: bool | None = None

    def is_of(self, at: int) -> bool:
        """Return whether a time is one of those that are asked for."""
        return self.since <= at < self.upto

    def fits(self, said: dict[str, Any], line: bytes) -> bool:
        """Return whether a row is asked for.

        Rows from before there were actors are by whoever says them, and say nothing of success.
        """
        at = said.get(self.clock)
        return (
            isinstance(at, int)
            and self.is_of(at)
            and (not self.kinds or said.get("kind") in self.kinds)
            and self.actor in str(said.get("actor", said.get("agent", "")))
            and (not self.school or self.school in _schools(said))
            and self.target in f"{said.get('target', '')} {said.get('subject', '')}"
            and (self.success is None or said.get("success") is self.success)
            and (not self.text or self.text in line.decode("utf-8", "replace"))
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what is asked for, as the log keeps it."""
        texts = {name: getattr(self, name) for name in ("actor", "school", "target", "text")}
        said: dict[str, Any] = {name: text for name, text in texts.items() if text}
        if self.kinds:
            said["kinds"] = sorted(self.kinds)
        if self.success is not None:
            said["success"] = self.success
        if self.since != SINCE_EVER:
            said["since"] = self.since
        if self.upto != FOR_EVER:
            said["upto"] = self.upto
        return {**said, "clock": self.clock}


def search(folder: Path, question: Question) -> Iterator[Hit]:
    """Return the rows that fit, in order, a line at a time; raises LogDamaged, OSError.

    A line that is no record fits nothing: whoever doubts the log verifies it.
    """
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    skim = msgspec.json.Decoder(_Timed).decode
    words = [word.encode() for word in (question.text, question.school) if _is_plain(word)]
    for path in segments(folder):
        if _is_left_out(path, question):
            continue
        for _, line in numbered_lines(path):
            if not all(word in line for word in words):
                continue
            try:
                if not question.is_of(getattr(skim(line), question.clock)):
                    continue  # many times as quick as all of it
                said = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if question.fits(said, line) and isinstance(said.get("row"), int):
                yield Hit(said["row"], line.rstrip(b"\n"), said)


def last_row(folder: Path) -> int:
    """Return the number of the last whole row, 0 of an empty log; raises LogDamaged, OSError."""
    for path in reversed(segments(folder)):
        for line in backwards(path):
            if said := one(line):
                return said.row
    return 0


def _schools(said: dict[str, Any]) -> set[str]:
    """Return the schools that a row is of, by who says it and by what it is about."""
    names = {name: str(said.get(name, "")).removeprefix("agent:") for name in _PLACES}
    parts = {name: text.split("/") for name, text in names.items()}
    found = {each[1] for each in parts.values() if len(each) == _IDENTITY}
    if len(parts["target"]) == _IDENTITY - 1:
        found.add(parts["target"][1])
    details = said.get("details")
    if isinstance(details, dict) and isinstance(details.get("school"), str):
        found.add(details["school"])
    if said.get("kind") == RAISED and isinstance(details, dict):
        found |= _schools_of(details.get("alerts"))
    return found


def _schools_of(alerts: object) -> set[str]:
    """Return the schools of a list of alerts."""
    listed = alerts if isinstance(alerts, list) else []
    places = [one.get("place") for one in listed if isinstance(one, dict)]
    parts = [place.split("/") for place in places if isinstance(place, str)]
    return {each[1] for each in parts if len(each) > 1 and each[0] != "collector"}


def _is_plain(word: str) -> bool:
    """Return whether JSON writes *word* as it is."""
    return bool(word) and word.isascii() and word.isprintable() and not set(word) & set('"\\')


def _is_left_out(path: Path, question: Question) -> bool:
    """Return whether no row in there can fit.

    A segment of a later day may hold any earlier one: a clock that jumped ahead and was set back
    leaves the rows of months in it.
    """
    # Clocks may be off a little.
    slack = _SLACK_NS if question.clock == "at" else 0
    return _end(order(path)) + slack <= question.since


def _end(name: str) -> int:
    """Return when the day or month called *name* is over (UTC, ns)."""
    year, month, day = map(int, name.split("-"))
    days = 1 if day else calendar.monthrange(year, month)[1]
    return calendar.timegm((year, month, day or 1, 0, 0, 0)) * SECOND + days * _DAY_NS
