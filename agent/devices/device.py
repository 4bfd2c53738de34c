"""A device as the keeper has it: what the file says of it, and the driver that asks it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from agent.devices.base import Driver, Sighting, drivers
from agent.devicesconfig import DeviceConfig
from core.registry import equipped
from core.types import Reading, Value


@dataclass(frozen=True, slots=True, eq=False)
class Device:
    """Known by its identity: a reload keeps the object of what is configured as it was."""

    config: DeviceConfig
    driver: Driver

    @property
    def id(self) -> str:
        """Its name in the file, and the tag `device`."""
        return self.config.id

    @property
    def host(self) -> str:
        """Where its driver asks it: its `host`, or that of its `url`; empty for neither."""
        host, url = (getattr(self.driver, name, "") for name in ("host", "url"))
        try:
            return str(host or urlsplit(str(url)).hostname or "")
        except ValueError:  # its driver says what is wrong with it
            return ""

    def tags(self) -> dict[str, str]:
        """Return the tags of its readings of the measurement `device`."""
        tags = {"device": self.id, "kind": self.config.kind}
        return {**tags, "room": self.config.room} if self.config.room else tags


def made(config: DeviceConfig, ours: Mapping[str, object]) -> Device:
    """Return the device of *config*, with those of *ours* that its driver has a place for.

    Raises ConfigError, touches no network.
    """
    return Device(config, equipped(drivers.build(config.driver, config.options), **ours))


def told(device: Device, seen: Sighting, at: int) -> list[Reading]:
    """Return what travels of a device that was *seen*, as of *at*; its own reading first.

    What the file says of it goes along, so that who reads knows what the room needs. Where the file
    has no name for it, it is called as it calls itself; while it does not answer nobody knows that.
    """
    fields: dict[str, Value] = dict(seen.fields)
    if device.config.name:
        fields["name"] = device.config.name
    elif seen.state not in ("unreachable", "unknown"):
        fields.setdefault("name", "")
    fields |= {
        "state": seen.state,
        "cause": seen.cause,
        "essential": device.config.needed,
        "behind": device.config.behind,
    }
    more = (replace(one, at=at, tags={**one.tags, "device": device.id}) for one in seen.readings)
    return [Reading("device", fields, at, device.tags()), *more]
