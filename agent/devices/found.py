"""What a search found, in words, and as tables of agent.toml for a person to look through."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from agent.devices.profiles import GENERIC, Profiles
from agent.devices.scan import DOORS, Community, Found, Key
from core.devices import DeviceKind

FITS: Final = re.compile(r"[^A-Za-z0-9_.-]+")
MOST_ID: Final = 32

NOT_OURS: Final = frozenset({GENERIC, "interfaces"})
"""Profiles of anything at all: a person's computer too, whose name is not shown."""


def kind_of(found: Found, profiles: Profiles) -> DeviceKind:
    """Return what the device probably is."""
    if found.pjlink:
        return "projector"
    if found.snmp:
        return profiles[found.snmp.profile].device
    return "camera" if 554 in found.doors else "other"


def why(found: Found, profiles: Profiles) -> str:
    """Return in one line what was recognised, and by what."""
    said = []
    if found.pjlink:
        said.append(f"projector: greets as {found.pjlink!r} on TCP port 4352")
    if found.snmp:
        title = profiles[found.snmp.profile].title
        said.append(f"{found.snmp.profile} ({title}): {found.snmp.why}")
    if not said:
        what = "answers ping" if found.ping_ms is not None else "is there"
        said.append(f"{what}, and is not recognised")
    doors = ", ".join(f"{DOORS[port]} ({port})" for port in found.doors)
    return "; ".join(said) + (f"; open: {doors}" if doors else "")


def tables(found: Iterable[Found], profiles: Profiles, taken: Iterable[str] = ()) -> Iterator[str]:
    """Yield `[[devices.list]]` for each device; ids in *taken* are not given again.

    What was not recognised is written as comments: it may be anybody's.
    """
    ids = set(taken)
    for one in found:
        kind = kind_of(one, profiles)
        name = _id(one, kind, ids)
        ids.add(name)
        lines = [f"id = {json.dumps(name)}", f'kind = "{kind}"', *_driver(one)]
        lines += [f"host = {json.dumps(one.address)}", '# room = ""', '# name = ""']
        mark = "" if one.pjlink or one.snmp else "# "
        said = [f"# {one.address}: {_plain(why(one, profiles))}"]
        if _shown(one) and one.model:
            said.append(f"# says of itself: {_plain(one.model)}")
        lines = [line if line.startswith("#") else mark + line for line in lines]
        yield "\n".join([*said, f"{mark}[[devices.list]]", *lines])


def _driver(found: Found) -> list[str]:
    if found.pjlink:
        locked = found.pjlink.endswith("1")
        return ['driver = "pjlink"', *(['# password_file = ""  # it asks for one'] * locked)]
    if found.snmp and found.key:
        return ['driver = "snmp"', *_key(found.key)]
    return ['driver = "ping"']


def _key(key: Key) -> list[str]:
    if isinstance(key, Community):
        file = key.file
        return [] if file is None else [f"community_file = {json.dumps(str(file.absolute()))}"]
    options = {"version": "3"} | {name: str(value) for name, value in key.options.items()}
    return [f"{name} = {json.dumps(value)}" for name, value in options.items()]


def _shown(found: Found) -> bool:
    return found.snmp is not None and found.snmp.profile not in NOT_OURS


def _id(found: Found, kind: DeviceKind, taken: set[str]) -> str:
    named = FITS.sub("-", found.name).strip("-.")[:MOST_ID] if _shown(found) else ""
    plain = FITS.sub("-", f"{kind}-{found.address}".replace(".", "-"))[:MOST_ID]
    for name in (named, plain):
        if name and name[0].isalnum() and name not in taken:
            return name
    return next(n for at in range(2, 10_000) if (n := f"{plain[:26]}-{at}") not in taken)


def _plain(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)[:200]


def written(network: str, at: str, parts: Iterable[str]) -> str:
    """Return the whole file for review."""
    head = (
        f"# What was found in {network} at {at}. Look through it: rooms, names, what is not\n"
        "# yours. Then put the tables into agent.toml: schoolwatch check-config agent.toml\n"
    )
    return head + "".join(f"\n{part}\n" for part in parts)
