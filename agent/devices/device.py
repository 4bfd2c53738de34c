"""A device as the keeper has it: what the file says of it, and the driver that asks it."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.devices.base import Driver, drivers
from agent.devicesconfig import DeviceConfig
from core.registry import equipped


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
        """Where its driver asks it; empty where that is nowhere on the network."""
        host = getattr(self.driver, "host", "")
        return host if isinstance(host, str) else ""

    def tags(self) -> dict[str, str]:
        """Return the tags of its readings of the measurement `device`."""
        tags = {"device": self.id, "kind": self.config.kind}
        return {**tags, "room": self.config.room} if self.config.room else tags


def made(config: DeviceConfig, ours: Mapping[str, object]) -> Device:
    """Return the device of *config*, with those of *ours* that its driver has a place for.

    Raises ConfigError, touches no network.
    """
    return Device(config, equipped(drivers.build(config.driver, config.options), **ours))
