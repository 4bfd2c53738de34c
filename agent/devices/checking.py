"""Each device of agent.toml checked: its keys, those of its driver, how they hang together."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from agent.devices.base import drivers
from agent.devicesconfig import DeviceConfig, DeviceKeys, Found
from core.errors import ConfigError, MonitorError
from core.hints import hint, quoted
from core.options import expected, fitted
from core.registry import OptionMistakes
from core.tomllines import KeyPath

HEADING: Final = "[devices.list]"
OURS: Final = {field.name: field for field in msgspec.structs.fields(DeviceKeys)}

Row = Mapping[str, Any]
THIS_MACHINE: Final = "this_machine"


def mistakes(folder: Path, rows: Sequence[Row]) -> Found:
    """Yield what is wrong with the devices, by row and key."""
    for number, row in enumerate(rows):
        yield from (((("list", number, *at)), text) for at, text in _of_row(folder, row))
    for number, key, text in _together(rows):
        yield ("list", number, key), text


def device(folder: Path, row: Row) -> DeviceConfig:
    """Return the device of a *row* without mistakes."""
    ours = {name: fitted(row[name], OURS[name].type, folder) for name in OURS if name in row}
    return DeviceConfig(**ours, options=_options(folder, row))


def called(row: Row) -> str:
    """Return how a sentence names the device of *row*."""
    name = row.get("id")
    return f"device {quoted(name)}" if isinstance(name, str) and name else "a device"


def _of_row(folder: Path, row: Row) -> Iterator[tuple[KeyPath, str]]:
    for name, field in OURS.items():
        if name in row:
            try:
                fitted(row[name], field.type, folder)
            except ConfigError as error:
                yield (name,), f"{HEADING} {name} of {called(row)} {error}"
        elif field.required:
            yield (), f"missing key {name!r} in {HEADING}: {expected(field.type)}"
    if isinstance(row.get("driver"), str) and row["driver"]:
        yield from _of_driver(folder, row)


def _of_driver(folder: Path, row: Row) -> Iterator[tuple[KeyPath, str]]:
    word, who = row["driver"], called(row)
    if word not in drivers.words():
        near = hint(word, drivers.words()) or f"; there are {', '.join(drivers.words())}"
        yield ("driver",), f"{who}: unknown driver {quoted(word)}{near}"
        return
    try:
        drivers.build(word, _options(folder, row), beside=tuple(OURS))
    except OptionMistakes as error:
        yield from (((option,), f"{who}: {text}") for option, text in error.mistakes)
    except ConfigError as error:
        yield (), f"{who}: {error}"
    except (MonitorError, OSError) as error:  # a file may be right for another machine than this
        yield (), f"{who} cannot be made ready on this machine: {error}"


def _options(folder: Path, row: Row) -> dict[str, Any]:
    """Return the options of the driver; a relative path among them begins at *folder*."""
    options = {name: value for name, value in row.items() if name not in OURS}
    return drivers.begun_at(folder, row["driver"], options)


def _together(rows: Sequence[Row]) -> Iterator[tuple[int, str, str]]:
    ids = [row.get("id") for row in rows]
    before: dict[str, Any] = {}
    for row in rows:
        if isinstance(row.get("id"), str):
            before.setdefault(row["id"], row.get("behind"))
    for number, row in enumerate(rows):
        name, behind = row.get("id"), row.get("behind")
        if not isinstance(name, str) or not name:
            continue
        if name in ids[:number]:
            yield number, "id", f"{HEADING} id {quoted(name)} is used by two devices"
        elif isinstance(behind, str) and behind:
            if behind not in before and row.get("driver") == THIS_MACHINE:
                continue  # the switch before this machine is mostly asked by another agent
            if behind not in before:
                near = hint(behind, [one for one in before if one != name])
                said = f"behind of {called(row)} names {quoted(behind)}, which is no device here"
                yield number, "behind", f"{HEADING} {said}{near}"
            elif _returns(name, before):
                circle = f"behind of {called(row)} leads back to itself"
                yield number, "behind", f"{HEADING} {circle}; one of them hangs on nothing here"


def _returns(name: str, before: Mapping[str, Any]) -> bool:
    """Tell whether the devices that *name* is behind lead back to it."""
    seen: set[str] = set()
    at = before.get(name)
    while isinstance(at, str) and at in before and at not in seen:
        if at == name:
            return True
        seen.add(at)
        at = before[at]
    return False
