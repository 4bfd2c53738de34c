"""Which family a device belongs to, by what it says of itself, and why.

First its sysObjectID (RFC 3418), then its description, last what it answers to: many small makers
leave the number of the software that they took, as net-snmp's.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from agent.devices.profile import Recognise
from agent.devices.profiles import GENERIC, Profiles
from agent.devices.snmp.session import Session, Value
from agent.devices.texts import name_of

SYS_DESCR: Final = "1.3.6.1.2.1.1.1.0"
SYS_OBJECT_ID: Final = "1.3.6.1.2.1.1.2.0"
SYS_UPTIME: Final = "1.3.6.1.2.1.1.3.0"
SYS_NAME: Final = "1.3.6.1.2.1.1.5.0"


@dataclass(frozen=True, slots=True)
class Recognised:
    """The name of a profile, and what it was recognised by, in words."""

    profile: str
    why: str


def by_system(profiles: Profiles, object_id: str, descr: str) -> Recognised | None:
    """Return the profile that fits best what a device says of itself; None where none does.

    A longer prefix of the sysObjectID is better than a shorter one; of two that are equal, the one
    that looks at the description too.
    """
    fitting = [
        (len(prefix.split(".")), bool(one.recognise.sysdescr), name, prefix)
        for name, one in profiles.items()
        for prefix in one.recognise.sysobjectid or ("",)
        if _fits(one.recognise, prefix, object_id, descr)
    ]
    if not fitting:
        return None
    _, by_descr, name, prefix = max(fitting)
    said = [f"sysObjectID {object_id} begins with {prefix}"] if prefix else []
    if by_descr:
        said.append(f"sysDescr matches {profiles[name].recognise.sysdescr!r}")
    return Recognised(name, " and ".join(said))


def _fits(recognise: Recognise, prefix: str, object_id: str, descr: str) -> bool:
    if not prefix and not recognise.sysdescr:
        return False
    if prefix and not f"{object_id}.".startswith(f"{prefix}."):
        return False
    return not recognise.sysdescr or re.search(recognise.sysdescr, descr) is not None


def by_answers(profiles: Profiles, answered: Iterable[str]) -> Recognised:
    """Return the profile all of whose objects in `has` are among *answered*; else the generic."""
    there = set(answered)
    fitting = [
        (sum(len(oid.split(".")) for oid in one.recognise.has), name)
        for name, one in profiles.items()
        if one.recognise.has and there.issuperset(one.recognise.has)
    ]
    if not fitting:
        return Recognised(GENERIC, "answers SNMP, and is of no known family")
    name = max(fitting)[1]
    return Recognised(name, f"answers {' and '.join(profiles[name].recognise.has)}")


async def recognise(
    session: Session, profiles: Profiles, object_id: Value | None, descr: Value | None
) -> Recognised:
    """Return what the device is; asks it once more where its sysObjectID says nothing.

    Raises TargetUnreachable.
    """
    known = by_system(profiles, object_id if isinstance(object_id, str) else "", words(descr))
    if known:
        return known
    asked = dict.fromkeys(oid for one in profiles.values() for oid in one.recognise.has)
    answers = await session.get(*asked)
    return by_answers(profiles, [oid for oid, value in answers.items() if value is not None])


def words(value: Value | None) -> str:
    """Return what a device calls something, as text on one line; "" for anything else."""
    return " ".join(name_of(value).split()) if isinstance(value, bytes) else ""
