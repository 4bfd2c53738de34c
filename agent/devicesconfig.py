"""`[devices]` of agent.toml: what the agent asks in the school; lean where a file names none."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from agent.listenat import Place
from core.devices import ESSENTIAL, DeviceKind
from core.fields import AnyLevel, Filled, Level, SecretFile
from core.tomllines import KeyPath

Found = Iterator[tuple[KeyPath, str]]

# A value counts for unknown 600 s after it was last said (docs/change-filter.md).
Interval = Annotated[float, Meta(ge=1, le=300)]
Label = Annotated[
    str,
    Meta(
        # What a tag can hold (core/lineprotocol_names.py), and no longer than a page has room for.
        pattern=r"\A[^\x00-\x1f\x7f\\]{0,64}\Z",
        description="a text of at most 64 characters on one line, without \\",
    ),
]
Mac = Annotated[
    str,
    Meta(
        pattern=r"\A(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\Z|\A\Z",
        description='a hardware address, "02:00:5e:00:53:01" say; or "" for none',
    ),
]
Broadcast = Annotated[
    str,
    Meta(
        pattern=r"\A(?:\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?)?\Z",
        description='an IPv4 address with or without :port, "192.0.2.255" say; or "" to find it',
    ),
]


class DeviceKeys(Struct, frozen=True, kw_only=True):
    """The keys of a device that are not its driver's, as written."""

    id: Level
    kind: DeviceKind
    driver: Filled
    room: Label = ""
    name: Label = ""
    essential: bool | None = None
    behind: AnyLevel = ""
    interval_s: Interval = 60
    wake_mac: Mac = ""
    wake_secureon_file: SecretFile = None
    wake_broadcast: Broadcast = ""


class DeviceConfig(DeviceKeys, frozen=True, kw_only=True):
    """One device: its keys, and the options of its driver."""

    options: Mapping[str, Any] = {}

    @property
    def needed(self) -> bool:
        """Whether its room needs it for a lesson."""
        if self.essential is None:
            return bool(self.room) and self.kind in ESSENTIAL
        return self.essential


class DevicesKeys(Struct, frozen=True, kw_only=True):
    """What is said of all devices: how many are asked at once, and where they are heard unasked."""

    concurrency: Annotated[int, Meta(ge=1, le=200)] = 20
    pjlink_notifications: Place = ""
    profiles: Path | None = None
    """A folder of the operator's own profiles for the driver `snmp`."""
    traps: Place = ""
    syslog: Place = ""
    templates: Path | None = None


class DevicesFile(DevicesKeys, frozen=True, kw_only=True):
    """The table as written; a row of `list` may hold anything until its driver has looked."""

    list: Annotated[
        tuple[dict[str, Any], ...],
        Meta(description="a table for each device, headed [[devices.list]]"),
    ] = ()


class DevicesConfig(DevicesKeys, frozen=True, kw_only=True):
    """What the agent asks."""

    list: tuple[DeviceConfig, ...] = ()

    def places(self) -> Mapping[str, str]:
        """Return where traps and syslog are heard, by these words; nothing for none."""
        return {"traps": self.traps, "syslog": self.syslog}
