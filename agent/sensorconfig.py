"""`[sensor]` of agent.toml: where the security sensor listens, and what is no attack to it.

Lean where a file names no interface and no detector: then no module of the sensor is loaded.
"""

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from core.errors import ConfigError
from core.fields import File
from core.hints import quoted, shown
from core.options import CHECK
from core.registry import OptionMistakes
from core.tomllines import KeyPath

Found = Iterator[tuple[KeyPath, str]]


def _each(read: Callable[[str], object], what: str) -> Meta:
    """Return what looks at every text of a list by *read*, which raises ValueError."""

    def mistake(texts: tuple[str, ...]) -> str:
        for number, text in enumerate(texts, 1):
            try:
                read(text)
            except ValueError:
                return f"item {number} is {shown(text)}; expected {what}"
        return ""

    return Meta(extra={CHECK: mistake})


def mac_of(text: str) -> bytes:
    """Return the six bytes of a hardware address written with `:` or `-`; raises ValueError."""
    mac = bytes.fromhex(text.replace("-", "").replace(":", ""))
    if len(mac) != 6 or len(text) != 17:
        raise ValueError(text)
    return mac


def _name_of(text: str) -> str:
    # IFNAMSIZ of <linux/if.h>, with the zero byte at its end
    if not 0 < len(text.encode()) < 16 or "/" in text or any(one.isspace() for one in text):
        raise ValueError(text)
    return text


Interfaces = Annotated[
    tuple[str, ...], _each(_name_of, 'the name of a network interface, "eth0" say')
]
Subnets = Annotated[tuple[str, ...], _each(ip_network, 'a network, "192.0.2.0/24" say')]
Addresses = Annotated[tuple[str, ...], _each(ip_address, 'an address, "192.0.2.7" say')]
Macs = Annotated[tuple[str, ...], _each(mac_of, 'a hardware address, "02:00:5e:00:53:01" say')]

Category = Literal["malware", "mining", "harmful"]


class AllowConfig(Struct, frozen=True, kw_only=True):
    """What the district runs itself: see `agent.sensor.network.Allowed`."""

    scanners: Addresses = ()
    dhcp_servers: Addresses = ()
    dhcp_relays: Addresses = ()
    routers: Addresses = ()
    macs: Macs = ()


class BlockListConfig(Struct, frozen=True, kw_only=True):
    """A file of names, one a line, and what they are."""

    category: Category
    file: File


class SensorConfig(Struct, frozen=True, kw_only=True):
    """What the sensor is told; with no interface it is off."""

    interfaces: Interfaces = ()
    promiscuous: bool = False
    subnets: Subnets = ()
    allow: AllowConfig = AllowConfig()
    detectors: Annotated[
        dict[str, Any],
        Meta(description="a table for each detector, headed [sensor.detectors.port_scan] say"),
    ] = {}
    block_lists: tuple[BlockListConfig, ...] = ()

    def lists(self) -> Mapping[str, list[Path]]:
        """Return the files of names by their category."""
        found: dict[str, list[Path]] = {}
        for one in self.block_lists:
            if one.file is not None:
                found.setdefault(one.category, []).append(one.file)
        return found


def sensor_mistakes(config: SensorConfig) -> Found:
    """Say what is wrong with the detectors' tables."""
    twice = {name for name in config.interfaces if config.interfaces.count(name) > 1}
    for name in sorted(twice):
        yield ("interfaces",), f"[sensor] interfaces names {quoted(name)} twice"
    for word, table in config.detectors.items():
        heading = f"[sensor.detectors.{word}]"
        if not isinstance(table, dict):
            text = f"{word} is {shown(table)}; expected a table, headed {heading}"
            yield ("detectors", word), f"[sensor.detectors] {text}"
            continue
        if not isinstance(table.get("enabled", True), bool):
            what = f"{heading} enabled is {shown(table['enabled'])}; expected true or false"
            yield ("detectors", word, "enabled"), what
        yield from _detector_mistakes(word, table)


def _detector_mistakes(word: str, table: Mapping[str, Any]) -> Found:
    from agent.sensor.detectors import detectors  # noqa: PLC0415 — most files name none

    options = {name: value for name, value in table.items() if name != "enabled"}
    try:
        detectors.build(word, options, beside=("enabled",))
    except OptionMistakes as error:
        for option, text in error.mistakes:
            yield ("detectors", word, *([option] if option else [])), text
    except ConfigError as error:
        yield ("detectors", word), str(error)
