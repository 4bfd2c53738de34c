"""What a family of devices is, as a file: how it is known, what is read, what its codes mean.

    schoolwatch check-config my-switch.toml

A profile is data. What it says is decoded in `agent.devices.decode`; the profiles that come with
the agent stand in `agent/profiles`, and docs/profiles.md tells how to add one.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from core.causes import CAUSES
from core.config import read
from core.devices import DeviceKind, DeviceState
from core.hints import hint, quoted
from core.measurements.devices import MEASUREMENTS
from core.options import CHECK
from core.tomllines import KeyPath

Oid = Annotated[
    str, Meta(pattern=r"\A[0-2](\.\d{1,10}){1,127}\Z", description="an OID in numbers: 1.3.6.1.2.1")
]
AnyOid = Annotated[
    str, Meta(pattern=r"\A([0-2](\.\d{1,10}){1,127})?\Z", description='an OID in numbers, or ""')
]
Code = int | str
"""As a device answers: a number, or an OID where the object's values are OIDs."""

Take = Literal["first", "max", "min", "sum", "count"]
PortRole = Literal[
    "name",
    "descr",
    "alias",
    "type",
    "admin",
    "oper",
    "speed",
    "recv",
    "sent",
    "err_in",
    "err_out",
    "began",
    "poe_w",
    "lldp_name",
    "lldp_can",
    "lldp_port",
]

FIELDS: Final = {field.name: field for field in MEASUREMENTS[0].fields.values()}
OWN: Final = frozenset({"state", "cause", "name", "essential", "behind", "profile", "answer_ms"})
"""Fields of `device` that the agent knows better than any device."""


def _pattern_mistake(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        return f"is no regular expression: {error}"
    return "" if groups < 2 else "has more than one group; the one group is what is kept"


def _field_mistake(name: str) -> str:
    if name in FIELDS and name not in OWN:
        return ""
    said = f"is {quoted(name)}, which is none of the measurement `device` that is read"
    return said + hint(name, FIELDS)


def _cause_mistake(word: str) -> str:
    return f"{quoted(word)} is not known{hint(word, CAUSES)}" if word and word not in CAUSES else ""


Pattern = Annotated[str, Meta(extra={CHECK: _pattern_mistake})]
FieldName = Annotated[str, Meta(extra={CHECK: _field_mistake})]
CauseWord = Annotated[str, Meta(extra={CHECK: _cause_mistake})]


class Recognise(Struct, frozen=True, kw_only=True):
    """How a device shows that it is of the family; `sysdescr` beside `sysobjectid` needs both."""

    sysobjectid: tuple[Oid, ...] = ()
    """Prefixes; the longest of all profiles wins."""
    sysdescr: Pattern = ""
    has: tuple[Oid, ...] = ()
    """Asked only where no prefix fits: it answers all of them."""


class Where(Struct, frozen=True, kw_only=True):
    """Keeps the rows of a table whose value in another column is one of `codes`."""

    object: str
    column: Oid
    codes: Annotated[tuple[Code, ...], Meta(min_length=1)]


class ValueRow(Struct, frozen=True, kw_only=True):
    """One field of the measurement `device`, from scalars (`oids`) or from a `column`."""

    field: FieldName
    object: str
    oids: tuple[Oid, ...] = ()
    column: AnyOid = ""
    of: AnyOid = ""
    """A column: the value is its share in percent of the value there."""
    where: tuple[Where, ...] = ()
    take: Take = "first"
    codes: tuple[Code, ...] = ()
    """With `count`: what is counted; else only these values are looked at."""
    absent: tuple[Code, ...] = ()
    """Codes that mean unknown, not present, no limit: as if nothing had been answered."""
    scale: float = 1
    least: float = 0
    most: float = 1e15
    """What lies beyond is no measurement."""
    match: Pattern = ""
    """Of a text: what is kept of it, or nothing; a number is looked for in it where it is one."""
    yes: tuple[Code, ...] = ()
    no: tuple[Code, ...] = ()


class Meaning(Struct, frozen=True, kw_only=True):
    """What some codes, or a number `above` or `below`, say of the device."""

    codes: tuple[Code, ...] = ()
    above: float | None = None
    below: float | None = None
    state: DeviceState
    cause: CauseWord = ""


class StateRow(Struct, frozen=True, kw_only=True):
    """An object that tells how the device is; a code that stands nowhere is counted, no fault."""

    object: str
    oids: tuple[Oid, ...] = ()
    column: AnyOid = ""
    of: AnyOid = ""
    where: tuple[Where, ...] = ()
    bits: bool = False
    """The value is a string of bits (BITS, RFC 2578 section 7.1.4): each one set is a code."""
    match: Pattern = ""
    """Of a text: what is kept of it is the code, a text; a text that does not fit says nothing."""
    well: tuple[Code, ...] = ()
    ignore: tuple[Code, ...] = ()
    """Codes that say nothing: unknown, not present, other."""
    means: tuple[Meaning, ...] = ()


class PortRow(Struct, frozen=True, kw_only=True):
    """A column about ports, by what it is; rows are those of the IF-MIB, except of LLDP."""

    role: PortRole
    object: str
    column: Oid
    scale: float = 1
    """Of `poe_w` only, as are the two below: its rows are those of the maker's own table."""
    via: AnyOid = ""
    """A column that has, by the last number of the index, the row of the IF-MIB."""
    named: Annotated[str, Meta(pattern=r"\A(.*#.*)?\Z", description='a text as "1/0/#"')] = ""
    """How the name of the port ends, # being the last number of the index."""


class Profile(Struct, frozen=True, kw_only=True):
    """A family of devices."""

    kind: Literal["profile"] = "profile"
    title: str
    device: DeviceKind
    reference: str
    """The MIBs and where the OIDs were compared with them."""
    cases: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Folders of tests/cases/snmp with a device of the family, recorded or made from its MIB."""
    includes: tuple[str, ...] = ()
    untold: Literal["ready", "unknown"] = "ready"
    """What a device is that answers and says nothing of its state."""
    recognise: Recognise = Recognise()
    value: tuple[ValueRow, ...] = ()
    state: tuple[StateRow, ...] = ()
    port: tuple[PortRow, ...] = ()


def read_profile(path: Path) -> Profile:
    """Return the profile in the file at *path*; raises FileMistakes, a ConfigError."""
    return read(path, Profile, {"value": _value_mistakes, "state": _state_mistakes})


def _value_mistakes(rows: Iterable[ValueRow]) -> Iterator[tuple[KeyPath, str]]:
    for number, row in enumerate(rows):
        yield from _source_mistakes(row, number, "value")
        if FIELDS[row.field].type == "boolean" and not (row.yes or row.no):
            yield (number, "field"), f"{row.field} is yes or no: it needs `yes` or `no`"
        if row.take == "count" and not (row.column and row.codes):
            yield (number, "take"), '"count" needs a column and the `codes` that are counted'


def _state_mistakes(rows: Iterable[StateRow]) -> Iterator[tuple[KeyPath, str]]:
    for number, row in enumerate(rows):
        yield from _source_mistakes(row, number, "state")
        for meaning in row.means:
            if not meaning.codes and meaning.above is None and meaning.below is None:
                yield (number, "means"), "a meaning needs codes, above or below"


def _source_mistakes(
    row: ValueRow | StateRow, number: int, table: str
) -> Iterator[tuple[KeyPath, str]]:
    if bool(row.oids) == bool(row.column):
        said = f"[[{table}]] of {row.object} needs either `oids` or a `column`"
        yield (number, "object"), said
    elif not row.column and (row.where or row.of):
        yield (number, "object"), f"`where` and `of` of {row.object} need a column"
