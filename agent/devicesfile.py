"""The table `[devices]` of a file: what is wrong with it, and what it says.

The drivers are loaded where devices are listed, and for nobody else.
"""

from pathlib import Path
from typing import Any

from agent.devicesconfig import DevicesConfig, DevicesFile, DevicesKeys, Found


def devices_mistakes(folder: Path, file: DevicesFile) -> Found:
    """Say what is wrong with the devices; paths in them begin at *folder*."""
    if file.list:
        from agent.devices.checking import mistakes  # noqa: PLC0415 — see the module

        yield from mistakes(folder, _rows(file))
    if file.profiles or any(row.get("driver") == "snmp" for row in file.list):
        from agent.devices.profiles import mistakes_of  # noqa: PLC0415

        yield from mistakes_of(file.profiles, file.list)


def devices_of(folder: Path, file: DevicesFile) -> DevicesConfig:
    """Return the devices of a *file* without mistakes."""
    keys = {name: getattr(file, name) for name in DevicesKeys.__struct_fields__}
    if not file.list:
        return DevicesConfig(**keys)
    from agent.devices.checking import device  # noqa: PLC0415

    return DevicesConfig(**keys, list=tuple(device(folder, row) for row in _rows(file)))


def _rows(file: DevicesFile) -> tuple[dict[str, Any], ...]:
    """Return the rows of *file*: those of the driver bytes with the folder of all templates."""
    own = {"templates": str(file.templates)} if file.templates else {}
    return tuple({**own, **row} if row.get("driver") == "bytes" else row for row in file.list)
