"""One device as its agent last told of it: pure.

A field that did not change does not travel, so a value holds; when the state changes all fields of
the reading travel, and what is not among them is gone.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from collector.outside import SchoolKey
from core.catalog import CATALOG
from core.clock import SECOND
from core.devices import ESSENTIAL, HEALTHY, KINDS, STATES, DeviceKind, DeviceState
from core.types import Value

HOLDS: Final = int(CATALOG["device"].holds_s * SECOND)
"""A device that its agent, which is heard, says nothing of for so long is not asked any more."""
LONGEST: Final = 200
"""Characters of a name; an agent may send one as long as a line."""


class DeviceKey(NamedTuple):
    """Who asks which device."""

    region: str
    school: str
    agent: str
    device: str

    @property
    def of_school(self) -> SchoolKey:
        """Where it stands."""
        return self.region, self.school


class Device(msgspec.Struct, frozen=True):
    """`since` is when its state became what it is, `heard` when it was last told of (ns).

    `essential` is None where its agent does not say; `on` and `on_battery` where nobody can tell.
    `answers`: it ever told how long it took to answer, so it is not the agent's own machine.
    `cut_by` is the device before it that nothing gets through, never told but found.
    """

    key: DeviceKey
    kind: DeviceKind
    room: str
    state: DeviceState
    cause: str
    since: int
    heard: int
    name: str = ""
    essential: bool | None = None
    behind: str = ""
    on: bool | None = None
    on_battery: bool | None = None
    answers: bool = False
    cut_by: str = ""

    @property
    def is_essential(self) -> bool:
        """Whether no lesson can be held in its room without it."""
        default = self.kind in ESSENTIAL and bool(self.room)
        return default if self.essential is None else self.essential

    @property
    def is_own_machine(self) -> bool:
        """Whether it is the machine that its agent runs on, as far as anybody can tell."""
        return self.kind == "computer" and not self.answers and self.state in HEALTHY


def told(
    before: Device | None,
    key: DeviceKey,
    tags: Mapping[str, str],
    fields: Mapping[str, Value],
    at: int,
) -> Device | None:
    """Return the device after a reading of *at*; None where it says nothing of the present."""
    if before and at < before.heard:
        return _late(before, tags, fields, at)
    state = _state(fields, before)
    turned = before is None or state != before.state
    kind = tags.get("kind", "")
    known = before if before and not turned else None
    return Device(
        key,
        kind=kind if kind in KINDS else "other",
        room=tags.get("room", ""),
        state=state,
        cause=_text(fields, "cause", known.cause if known else _why(state)),
        since=at if turned or before is None else before.since,
        heard=at,
        name=_text(fields, "name", before.name if before else ""),
        essential=_flag(fields, "essential", before.essential if before else None),
        behind=_text(fields, "behind", before.behind if before else ""),
        on=_flag(fields, "on", known.on if known else None),
        on_battery=_flag(fields, "on_battery", known.on_battery if known else None),
        answers="answer_ms" in fields or bool(before and before.answers),
    )


def _late(
    before: Device, tags: Mapping[str, str], fields: Mapping[str, Value], at: int
) -> Device | None:
    """Return a device of which later readings, which named no state, were heard already.

    The first one, which names all, was lost on its way and came again.
    """
    if (before.state, before.cause) != ("unknown", _why("unknown")) or "state" not in fields:
        return None
    found = told(None, before.key, tags, fields, at)
    if found is None:
        return None
    on = found.on if before.on is None else before.on
    on_battery = found.on_battery if before.on_battery is None else before.on_battery
    answers = found.answers or before.answers
    return msgspec.structs.replace(
        found, heard=before.heard, on=on, on_battery=on_battery, answers=answers
    )


def said_anew(before: Device | None, after: Device) -> bool:
    """Return whether *after* says more than that the device was told of again."""
    return before is None or msgspec.structs.replace(before, heard=after.heard) != after


def _state(fields: Mapping[str, Value], before: Device | None) -> DeviceState:
    word = fields.get("state")
    if word in STATES:
        return word
    if word is None and before:
        return before.state
    return "unknown"


def _why(state: DeviceState) -> str:
    return "not_asked" if state == "unknown" else ""


def _text(fields: Mapping[str, Value], name: str, otherwise: str) -> str:
    value = fields.get(name)
    return value[:LONGEST] if isinstance(value, str) else otherwise


def _flag(fields: Mapping[str, Value], name: str, otherwise: bool | None) -> bool | None:
    value = fields.get(name)
    return value if isinstance(value, bool) else otherwise
