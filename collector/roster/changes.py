"""What a new roster changes, school by school, as it goes into the record of events.

People are compared and named by their role only: who they are and how to call them does not
belong into a record that nobody may change.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, Final

from collector.roster.school import ROLES, School

Facts = Mapping[str, Any]
"""A school's fields as JSON holds them; a person is a digest."""

Key = tuple[str, str]
"""Region and school."""

STATUS_FIELDS: Final = ("status", "opened", "closed")


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one school; `fields` has the old and the new value of each that changed."""

    kind: str
    key: Key
    fields: Mapping[str, Any] = field(default_factory=dict)


def facts(school: School) -> Facts:
    """Return *school* as it is kept and compared."""
    found: dict[str, Any] = {}
    for one in fields(School):
        value = getattr(school, one.name)
        if isinstance(value, date):
            found[one.name] = value.isoformat()
        elif one.name == "outside":
            found[one.name] = [str(address) for address in value]
        elif one.name != "people":
            found[one.name] = value
    people = {person.role: f"{person.name}\0{person.contact}" for person in school.people}
    for role in ROLES:
        said = people.get(role)
        found[role] = hashlib.sha256(said.encode()).hexdigest() if said else None
    return found


def keyed(schools: Iterable[School]) -> dict[Key, Facts]:
    """Return the facts of *schools* by region and code."""
    return {(school.region, school.school): facts(school) for school in schools}


def changes(old: Mapping[Key, Facts], new: Mapping[Key, Facts]) -> Iterator[Change]:
    """Yield what is different in *new*, in the order of codes."""
    for key in sorted({*old, *new}):
        if key not in old:
            yield Change("school_added", key, _told(new[key]))
        elif key not in new:
            yield Change("school_removed", key, _told(old[key]))
        else:
            yield from _differences(key, old[key], new[key])


def _differences(key: Key, old: Facts, new: Facts) -> Iterator[Change]:
    # A field that one of the two versions of this program did not know yet counts as empty.
    names = [name for name in {**new, **old} if old.get(name) != new.get(name)]
    status = {name: [old.get(name), new.get(name)] for name in names if name in STATUS_FIELDS}
    if status:
        yield Change("school_status", key, status)
    others = {
        name: "changed" if name in ROLES else [old.get(name), new.get(name)]
        for name in names
        if name not in STATUS_FIELDS
    }
    if others:
        yield Change("school_changed", key, others)


def _told(facts: Facts) -> dict[str, Any]:
    """Return what is worth recording of a school that comes or goes."""
    words = ("name", *STATUS_FIELDS, "type", "area")
    return {name: facts[name] for name in words if facts.get(name)}
