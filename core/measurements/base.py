"""What a measurement is: its tags, its fields, and short ways to write tables of them."""

from dataclasses import dataclass
from typing import Literal

FieldType = Literal["integer", "float", "boolean", "string"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its type on the wire, its unit as people write it, its meaning."""

    name: str
    type: FieldType
    unit: str
    meaning: str
    urgent: bool = False
    """A change travels at once instead of with the next batch."""
    deadband: float = 0.0
    """A number that moved by no more than this, in the field's unit, does not travel."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One kind of reading; `tags` maps each tag to its meaning."""

    name: str
    meaning: str
    tags: dict[str, str]
    fields: dict[str, Field]


def measurement(name: str, meaning: str, tags: dict[str, str], *fields: Field) -> Measurement:
    """Return a measurement with *fields*, found by their names."""
    return Measurement(name, meaning, tags, {field.name: field for field in fields})


def percents(**meanings: str) -> list[Field]:
    """Return fields that are shares in percent, `usage_` before each name."""
    return [Field(f"usage_{name}", "float", "%", text) for name, text in meanings.items()]


def byte_counts(**meanings: str) -> list[Field]:
    """Return fields that are whole numbers of bytes."""
    return [Field(name, "integer", "B", text) for name, text in meanings.items()]


def counts(**meanings: str) -> list[Field]:
    """Return fields that are whole numbers of something."""
    return [Field(name, "integer", "", text) for name, text in meanings.items()]


def per_second(unit: str, deadband: float, **meanings: str) -> list[Field]:
    """Return fields that are rates since the sample before, `_per_s` after each name."""
    return [
        Field(f"{name}_per_s", "float", unit, f"{text}, in each second", deadband=deadband)
        for name, text in meanings.items()
    ]


def mbits(deadband: float, **meanings: str) -> list[Field]:
    """Return fields that are bit rates in Mbit/s (10^6)."""
    return [
        Field(name, "float", "Mbit/s", text, deadband=deadband) for name, text in meanings.items()
    ]
