"""`[sensor]` of agent.toml, made into what detectors are given: texts become bytes here."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, Final

from agent.sensor import lines
from agent.sensor.detectors import detectors
from agent.sensor.facts import Address, Mac
from agent.sensor.network import Allowed, Network
from agent.sensor.owners import Owner

BLOCKED: Final = "blocked_names"
"""The detector of names on block lists."""

Tables = Mapping[str, Mapping[str, Any]]


def network_of(
    *,
    subnets: Iterable[str] = (),
    gateways: Iterable[str] = (),
    resolvers: Iterable[str] = (),
    devices: Iterable[str] = (),
    allow: Mapping[str, Iterable[str]] | None = None,
) -> Network:
    """Return the network that texts describe; *allow* by the names of Allowed's fields.

    Raises ValueError for a text that is no address or network.
    """
    allowed = dict(allow or {})
    macs = frozenset(map(packed_mac, allowed.pop("macs", ())))
    addresses = {name: _packed(texts) for name, texts in allowed.items()}
    return Network(
        subnets=tuple(ip_network(text) for text in subnets),
        gateways=_packed(gateways),
        resolvers=_packed(resolvers),
        devices=_packed(devices),
        allowed=Allowed(**addresses, macs=macs),
    )


def chosen(
    tables: Tables, block_lists: Mapping[str, Iterable[str]] | None = None
) -> dict[str, dict[str, Any]]:
    """Return the options of every detector that is on, by its word: all but those switched off.

    The files of *block_lists*, by their category, are options of the detector that reads them.
    """
    found: dict[str, dict[str, Any]] = {
        word: {name: value for name, value in tables.get(word, {}).items() if name != "enabled"}
        for word in detectors.words()
        if tables.get(word, {}).get("enabled", True)
    }
    if BLOCKED in found:
        found[BLOCKED] |= {category: list(files) for category, files in (block_lists or {}).items()}
    return found


def owners_of(texts: Mapping[str, Iterable[lines.Owner]]) -> dict[str, tuple[Owner, ...]]:
    """Return by interface whose the gateways' addresses were; raises ValueError as above."""
    return {
        name: tuple(
            Owner(one.vlan, ip_address(one.address).packed, packed_mac(one.mac)) for one in some
        )
        for name, some in texts.items()
    }


def packed_mac(text: str) -> Mac:
    """Return the bytes of a hardware address, written with `:` or `-`."""
    return bytes.fromhex(text.replace("-", "").replace(":", ""))


def _packed(texts: Iterable[str]) -> frozenset[Address]:
    return frozenset(ip_address(text).packed for text in texts)
