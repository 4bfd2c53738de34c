"""One row as a school.

Without region, school and status a row is refused. Any other cell that cannot be taken is named
and left empty: a school does not leave the denominator because of its telephone number.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from collector.roster import values
from collector.roster.columns import COLUMNS, Header
from collector.roster.school import ROLES, Address, Person, School
from collector.roster.table import Row, Sheet, Weight
from collector.roster.values import BadValue, Words
from collector.roster.words import AREAS, CARRIERS, LINKS, ROLE_WORDS, STATUSES, TYPES, YES_NO
from core.hints import quoted

_T = TypeVar("_T")


_STATUS: Final = Words("status", STATUSES)
_CARRIER: Final = Words("carrier", CARRIERS)


def _carrier(text: str) -> str:
    try:
        return _CARRIER(text)
    except BadValue:
        return values.name(text)


_CELLS: Final[Mapping[str, Callable[[str], Any]]] = {
    "name": values.name,
    "opened": values.day,
    "closed": values.day,
    "type": Words("type", TYPES),
    "area": Words("area", AREAS),
    "teaching_point": Words("answer", YES_NO),
    "contracted_mbps": values.mbps,
    "target_mbps": values.mbps,
    "link": Words("link", LINKS),
    "carrier": _carrier,
    "classes": values.count,
    "pupils": values.count,
    "rooms": values.count,
}
"""What stands in one cell and may be missing; the field keeps its default then."""


class RefusedRow(Exception):
    """A row that cannot be taken; the text says why."""


@dataclass(slots=True)
class Reading:
    """One row while it is read; `said` collects what is wrong with single cells."""

    header: Header
    cells: Mapping[str, str]
    said: list[tuple[Weight, str, str]] = field(default_factory=list)

    def complain(self, name: str, text: str, weight: Weight = "value") -> None:
        """Remember what is wrong with the cell of the field *name*."""
        fields = self.header.fields
        cell = self.header.cells[fields.index(name)] if name in fields else COLUMNS[name].zh
        self.said.append((weight, cell, text))

    def take(self, name: str, convert: Callable[[str], _T]) -> _T | None:
        """Return what a cell holds, None where it is empty or cannot be taken."""
        text = self.cells.get(name, "")
        try:
            return convert(text) if text else None
        except BadValue as error:
            self.complain(name, str(error))
            return None


def opened(header: Header, sheet: Sheet, row: Row) -> Reading:
    """Return *row* ready to be read; raises RefusedRow where its cells cannot be told apart."""
    if row.trouble:
        raise RefusedRow(row.trouble)
    width = len(header.fields)
    if sheet.separated and any(row.cells[width:]):
        # A comma in a name moves everything behind it by one column.
        raise RefusedRow(f"{len(row.cells)} cells for {width} columns; quote a cell's comma")
    named = {name: cell for name, cell in zip(header.fields, row.cells) if name}
    return Reading(header, named)


def school(reading: Reading) -> School:
    """Return the school of a row; raises RefusedRow. `reading.said` has what is wrong besides."""
    text = reading.cells.get
    try:
        found = School(
            values.region(text("region", "")),
            values.school(text("school", "")),
            status=_STATUS(text("status", "")),
        )
    except BadValue as error:
        raise RefusedRow(str(error)) from None
    taken = {name: reading.take(name, convert) for name, convert in _CELLS.items()}
    found = replace(found, **{name: value for name, value in taken.items() if value is not None})
    found = replace(found, outside=_outside(reading), people=tuple(_people(reading)))
    if found.type == "teaching_point" and not found.teaching_point:
        if taken["teaching_point"] is False:
            reading.complain("teaching_point", "says no, but the type is 教学点; taken as yes")
        found = replace(found, teaching_point=True)
    _check_dates(reading, found)
    _check_owners(reading, found)
    return found


def _outside(reading: Reading) -> tuple[Address, ...]:
    found: dict[Address, None] = {}
    for part in values.parts(reading.cells.get("outside", "")):
        try:
            address = values.address(part)
        except BadValue as error:
            reading.complain("outside", str(error))
            continue
        if address in found:
            reading.complain("outside", f"{quoted(part)} is there twice")
        found[address] = None
    if len(found) > values.MAX_ADDRESSES:
        limit = values.MAX_ADDRESSES
        reading.complain("outside", f"{len(found)} addresses; only the first {limit} are taken")
    return tuple(found)[: values.MAX_ADDRESSES]


def _people(reading: Reading) -> Iterator[Person]:
    for role in ROLES:
        name = reading.take(role, values.name) or ""
        contact = reading.take(f"{role}_contact", values.contact) or ""
        if name or contact:
            yield Person(role, name, contact)


def _check_dates(reading: Reading, found: School) -> None:
    closed = found.closed
    if found.status == "open" and closed:
        reading.complain("closed", f"{closed} has no effect while the status is 在办 (open)")
    if found.status != "open" and not closed and not reading.cells.get("closed"):
        reading.complain("closed", "no date: the school counts as if it had never been open")
    if found.opened and closed and closed < found.opened:
        reading.complain("closed", f"{closed} is before the school opened, {found.opened}")


def _check_owners(reading: Reading, found: School) -> None:
    """Flag who is missing (R-02), unless the school is closed and needs nobody any more."""
    missing = found.missing_owners if found.status == "open" else ()
    if missing:
        words = ", ".join(f"{ROLE_WORDS[role]} ({role})" for role in missing)
        text = f"{words} missing: name and contact are needed"
        reading.said.append(("owners", "", text))
