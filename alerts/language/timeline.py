"""Timelines: what happens, and what people are to be told of it; ours and an operator's alike.

    [[case]]
    name = "a disk over 90 % is told at once"
    do = [
        { at = "0s", reading = "disk", tags = { path = "/" }, used_percent = 90.1 },
        { at = "1m", reading = "disk", tags = { path = "/" }, used_percent = 84.0 },
    ]
    told = ["0s begins disk_full", "60s ends disk_full"]

Watch it work: schoolwatch rules test configs/rules.test.toml
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from msgspec import Struct

from alerts.facts import Members, Wrong
from alerts.language.spans import seconds
from core import config
from core.catalog import CATALOG
from core.hints import hint
from core.tomlfile import content_of
from core.tomllines import KeyPath
from core.types import Event, Identity, Value

WHO: Final = "330100/school-1/host"
"""The agent that speaks where a step names none."""
EPOCH: Final = "A" * 16
"""The run of an agent's program that an event is of, where a step names none."""
COVERS: Final = ("agent_silent", "line_down", "region_away", "broker_away")
"""What a sight of the picture speaks of, where a step does not say."""

_KEYS: Final[Mapping[str, frozenset[str]]] = {
    "event": frozenset({"target", "subject", "active", "since", "epoch"}),
    "list": frozenset({"since", "epoch"}),
    "note": frozenset({"target", "subject", "active"}),
    "reading": frozenset({"tags"}),
    "sees": frozenset({"covers", "unknown", "members"}),
    "born": frozenset(),
    "restart": frozenset(),
    "heard": frozenset(),
    "rules": frozenset(),
}
"""What may happen, and what else a step of it may say."""
_ALWAYS: Final = frozenset({"at", "who"})

Step = dict[str, Any]


class CaseTable(Struct, frozen=True, kw_only=True):
    """One timeline as it is written; time passes by `step` s."""

    name: str
    do: tuple[Step, ...] = ()
    told: tuple[str, ...] = ()
    listed: tuple[str, ...] | None = None
    titles: tuple[str, ...] | None = None
    severities: tuple[str, ...] | None = None
    messages: int = 20
    step: float = 1
    begins: datetime | None = None


class TimelinesTable(Struct, frozen=True, kw_only=True):
    """A file of timelines; `rules` is the file of rules that they are about."""

    kind: Literal["timelines"] = "timelines"
    rules: Path | None = None
    case: tuple[CaseTable, ...] = ()


class Scene(Protocol):
    """Where a timeline is played: an engine, with a clock that is moved."""

    def now(self) -> float:
        """Return the seconds since the beginning."""

    def wait(self, seconds: float, step: float, /) -> None:
        """Let time pass."""

    def say(
        self, *found: Event, who: Identity, epoch: str = EPOCH, full: int | None = None
    ) -> None:
        """Have a batch of events arrive; *full* is since when it lists all that goes on."""

    def note_of(
        self, kind: str, target: str, subject: str, *, active: bool = True, **details: Any
    ) -> None:
        """Have the collector itself say something."""

    def read(
        self, measurement: str, tags: Mapping[str, str], who: Identity = ..., **fields: Value
    ) -> None:
        """Have a fresh reading arrive."""

    def see(
        self,
        *wrong: Wrong,
        covers: Sequence[str],
        unknown: Sequence[str] = (),
        members: Mapping[str, Members] = ...,
    ) -> None:
        """Have the live picture looked at."""

    def born(self, who: Identity = ..., holds: int = 0) -> None:
        """Have an agent connect that holds back so many batches of events."""

    def heard(self, who: Identity) -> None:
        """Have an agent send readings that concern no rule."""

    def restart(self) -> None:
        """End as by kill -9, and start anew."""

    def take(self, name: str) -> None:
        """Go on with the rules of another file."""

    def at(self, seconds: float) -> int:
        """Return the moment (ns) so many seconds after the beginning."""

    def told(self) -> list[str]:
        """Return each message in short: seconds, begins or ends, and of what."""

    def listed(self) -> list[str]:
        """Return what the list of alerts shows, also of what nobody is told."""

    def titles(self) -> list[str]:
        """Return the Chinese title of each message."""

    def severities(self) -> list[str]:
        """Return the severity of each message."""


@dataclass(frozen=True, slots=True)
class Differs:
    """What people were told otherwise than the timeline says."""

    case: str
    step: str
    what: str
    expected: str
    got: str

    def __str__(self) -> str:
        """Return it as a sentence."""
        return f"{self.case}: {self.step}: {self.what}: expected {self.expected}, got {self.got}"


@dataclass(slots=True)
class Timelines:
    """A file of timelines, read."""

    path: Path
    rules: Path | None
    cases: Sequence[CaseTable]
    lines: Mapping[str, int] = field(default_factory=dict)


def read_timelines(path: Path) -> Timelines:
    """Return the timelines of the file at *path*; raises FileMistakes."""
    content = content_of(path)
    table = config.parse(path, content, TimelinesTable, {"": _mistakes})
    return Timelines(path, table.rules, table.case)


def _mistakes(table: TimelinesTable) -> Iterator[tuple[KeyPath, str]]:
    if not table.case:
        yield (), "no timeline; each is headed [[case]]"
    seen: set[str] = set()
    for number, case in enumerate(table.case):
        if case.name in seen:
            yield ("case", number, "name"), f"the name {case.name!r} is taken by another timeline"
        seen.add(case.name)
        last = 0.0
        for step, what in enumerate(case.do):
            place: KeyPath = ("case", number, "do", step)
            try:
                at = seconds(str(what.get("at", "")))
            except ValueError as error:
                yield place, f"step {step + 1}: at: {error}"
                continue
            if at < last:
                yield place, f"step {step + 1} goes back in time"
            last = max(last, at)
            yield from ((place, f"step {step + 1}: {text}") for text in _of_step(what))


def _of_step(what: Step) -> Iterator[str]:
    if "at" not in what:
        yield "missing key 'at': how long after the beginning, as \"90s\""
    said = [name for name in _KEYS if name in what and name != "rules"]
    said += ["rules"] if "rules" in what else []
    if "reading" in what:
        said = ["reading"]  # any other word may be one of its fields
    if len(said) > 1:
        yield f"{said[0]} and {said[1]} in one step; give each its own"
        return
    if not said:
        unknown = sorted(set(what) - _ALWAYS)
        if unknown:
            yield f"nobody knows what {unknown[0]!r} means{hint(unknown[0], _KEYS)}"
        return
    known = _ALWAYS | {said[0]} | _KEYS[said[0]]
    if said == ["reading"]:
        yield from _of_reading(what, known)
        return
    for name in sorted(set(what) - known):
        yield f"unknown key {name!r}{hint(name, known)}"
    if said == ["note"] and not isinstance(what.get("target"), str):
        yield "missing key 'target': whom the collector speaks of"


def _of_reading(what: Step, known: frozenset[str]) -> Iterator[str]:
    measurement = CATALOG.get(str(what["reading"]))
    if measurement is None:
        yield f"there is no measurement {what['reading']!r}{hint(str(what['reading']), CATALOG)}"
        return
    for name in sorted(set(what) - known):
        if name not in measurement.fields:
            text = f"{measurement.name} has no field {name!r}"
            yield f"{text}{hint(name, measurement.fields)}"
    for tag in what.get("tags", {}):
        if tag not in measurement.tags:
            yield f"{measurement.name} has no tag {tag!r}{hint(tag, measurement.tags)}"


def play(scene: Scene, case: CaseTable) -> Iterator[Differs]:
    """Let everything in *case* happen, and say what differs from what it expects."""
    for what in case.do:
        scene.wait(seconds(what["at"]) - scene.now(), case.step)
        happen(scene, what)
    yield from _compared(case, "told", case.told, scene.told())
    if case.listed is not None:
        yield from _compared(case, "listed", case.listed, scene.listed())
    if case.titles is not None:
        yield from _compared(case, "titles", case.titles, scene.titles())
    if case.severities is not None:
        yield from _compared(case, "severities", case.severities, scene.severities())


def happen(scene: Scene, what: Step) -> None:
    """Let one step happen."""
    who = Identity(*str(what.get("who", WHO)).split("/"))
    match what:
        case {"reading": measurement}:
            known = _ALWAYS | {"reading", "tags"}
            fields = {name: value for name, value in what.items() if name not in known}
            scene.read(measurement, what.get("tags", {}), who, **fields)
        case {"event": kind}:
            epoch = what.get("epoch", EPOCH)
            scene.say(_event(scene, str(kind), {"since": what["at"]} | what), who=who, epoch=epoch)
        case {"list": kinds}:
            found = [_event(scene, str(one["event"]), one) for one in kinds]
            since = scene.at(seconds(what.get("since", "0s")))
            scene.say(*found, who=who, epoch=what.get("epoch", EPOCH), full=since)
        case {"note": kind, "target": target}:
            active = bool(what.get("active", True))
            scene.note_of(kind, target, what.get("subject", ""), active=active)
        case {"sees": found}:
            unknown = [place.strip("*") for place in what.get("unknown", ())]
            wrong = [_wrong(scene, one) for one in found]
            members = _members(what.get("members", ()))
            scene.see(*wrong, covers=what.get("covers", COVERS), unknown=unknown, members=members)
        case {"born": holds}:
            scene.born(who, holds)
        case {"heard": True}:
            scene.heard(who)
        case {"restart": True}:
            scene.restart()
        case {"rules": name}:
            scene.take(name)


def _event(scene: Scene, kind: str, rest: Step) -> Event:
    at = scene.at(seconds(rest["since"]))
    target, subject = rest.get("target", "switch-2"), rest.get("subject", "switch-2/port-5")
    return Event(kind, target, subject, rest.get("active", True), at)


def _members(said: Sequence[str]) -> dict[str, dict[tuple[str, str], bool]]:
    """Return what may be wrong, by kind, of `KIND PLACE` or `KIND PLACE TARGET`."""
    found: dict[str, dict[tuple[str, str], bool]] = {}
    for one in said:
        kind, place, target = f"{one}  ".split(" ")[:3]
        found.setdefault(kind, {})[place.strip("*"), target] = True
    return found


def _wrong(scene: Scene, said: str | Step) -> Wrong:
    """Return what *said* is: `kind place since`, or a table of that with details."""
    if isinstance(said, str):
        kind, place, since = said.split(" ")
        said = {"kind": kind, "place": place, "since": since}
    return Wrong(
        said["kind"],
        said["place"].strip("*"),
        scene.at(seconds(said["since"])),
        said.get("target", ""),
        said.get("details", {}),
        said.get("part_of", ""),
    )


def _compared(
    case: CaseTable, what: str, expected: Sequence[str], got: Sequence[str]
) -> Iterator[Differs]:
    if list(expected) == list(got):
        return
    number = next(
        (n for n, (left, right) in enumerate(zip(expected, got, strict=False)) if left != right),
        min(len(expected), len(got)),
    )
    left, right = (_quoted(one, number) for one in (expected, got))
    timed = (expected, got) if what in ("told", "listed") else (case.told,)
    step = _step_of(case, next((one[number] for one in timed if number < len(one)), ""))
    yield Differs(case.name, step, f"{what} {number + 1}", left, right)


def _quoted(said: Sequence[str], number: int) -> str:
    return f'"{said[number]}"' if number < len(said) else "nothing"


def _step_of(case: CaseTable, told: str) -> str:
    """Return the step after which something is, or should have been, told."""
    if not case.do:
        return "no step"
    began = told.partition("s ")[0]  # Whoever wrote the case may have forgotten it.
    at = int(began) if began.isdecimal() else float("inf")
    numbers = [n for n, what in enumerate(case.do) if seconds(what["at"]) <= at]
    number = numbers[-1] if numbers else 0
    return f"step {number + 1} (at {case.do[number]['at']})"
