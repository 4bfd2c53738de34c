"""What a measurement is: its tags, its fields, and short ways to write tables of them."""

import math
from dataclasses import dataclass
from typing import Final, Literal

FieldType = Literal["integer", "float", "boolean", "string"]

HEARTBEAT_S: Final = 300
"""So often a value that does not change is said again (s) at the least."""

HEARTBEAT_ONLY: Final = math.inf
"""The deadband of totals that always grow, of which only the rise over minutes is of interest."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its type on the wire, its unit as people write it, its meaning."""

    name: str
    type: FieldType
    unit: str
    meaning: str
    urgent: bool = False
    """A state: its change travels at once instead of with the next batch, with all other fields of
    the reading. What is not among them is gone."""
    deadband: float = 0.0
    """A number that moved by no more than this, in the field's unit, does not travel."""
    deadband_percent: float = 0.0
    """Nor one that moved by no more than this share (%) of what last travelled."""
    heartbeat_s: float = HEARTBEAT_S
    """So often it travels all the same (s); never longer than `HEARTBEAT_S`."""
    known_by: str = ""
    """A field of the same points that is 0 while this one is unknown: its value then does not hold,
    whatever time has passed since."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One kind of reading; `tags` maps each tag to its meaning.

    `interval_s` is the usual time from one sample to the next.
    """

    name: str
    meaning: str
    tags: dict[str, str]
    fields: dict[str, Field]
    interval_s: float = 10

    @property
    def holds_s(self) -> float:
        """For how long a value counts that nothing newer followed (s): then it is unknown."""
        return 2 * max(HEARTBEAT_S, self.interval_s)

    @property
    def states(self) -> tuple[str, ...]:
        """The fields whose change says anew what there is of a series."""
        return tuple(field.name for field in self.fields.values() if field.urgent)


def measurement(
    name: str, meaning: str, tags: dict[str, str], *fields: Field, interval_s: float = 10
) -> Measurement:
    """Return a measurement with *fields*, found by their names."""
    return Measurement(name, meaning, tags, {field.name: field for field in fields}, interval_s)


# The first words of these, given by place since any name may be a field's: deadband in
# the unit of the field, and in percent of the value.


def percents(deadband: float = 0.0, /, **meanings: str) -> list[Field]:
    """Return fields that are shares in percent, `usage_` before each name."""
    return [
        Field(f"usage_{name}", "float", "%", text, deadband=deadband)
        for name, text in meanings.items()
    ]


def byte_counts(deadband: float = 0.0, percent: float = 0.0, /, **meanings: str) -> list[Field]:
    """Return fields that are whole numbers of bytes."""
    return _whole("B", deadband, percent, meanings)


def counts(deadband: float = 0.0, percent: float = 0.0, /, **meanings: str) -> list[Field]:
    """Return fields that are whole numbers of something."""
    return _whole("", deadband, percent, meanings)


def per_second(unit: str, deadband: float, percent: float = 0.0, /, **meanings: str) -> list[Field]:
    """Return fields that are rates since the sample before, `_per_s` after each name."""
    return [
        Field(
            *(f"{name}_per_s", "float", unit, f"{text}, in each second"),
            deadband=deadband,
            deadband_percent=percent,
        )
        for name, text in meanings.items()
    ]


def mbits(deadband: float, **meanings: str) -> list[Field]:
    """Return fields that are bit rates in Mbit/s (10^6)."""
    return [
        Field(name, "float", "Mbit/s", text, deadband=deadband) for name, text in meanings.items()
    ]


def _whole(unit: str, deadband: float, percent: float, meanings: dict[str, str]) -> list[Field]:
    return [
        Field(name, "integer", unit, text, deadband=deadband, deadband_percent=percent)
        for name, text in meanings.items()
    ]
