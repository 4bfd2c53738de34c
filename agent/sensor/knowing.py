"""The network and the detectors of `Options`, or of `[sensor]` in a file: texts made into bytes."""

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from typing import Any, Final

from agent.sensor.detectors import detectors
from agent.sensor.facts import Address
from agent.sensor.lines import Options
from agent.sensor.network import Allowed, Network
from agent.sensorconfig import mac_of

PACKAGE: Final = "agent.sensor.detectors"


def network_of(options: Options) -> Network:
    """Return what is known of the network; raises ValueError for a text that is no address."""
    allow = options.allow
    return Network(
        subnets=tuple(ip_network(text, strict=False) for text in options.subnets),
        gateways=_addresses(options.gateways),
        resolvers=_addresses(options.resolvers),
        devices=_addresses(options.devices),
        allowed=Allowed(
            scanners=_addresses(allow.get("scanners", ())),
            dhcp_servers=_addresses(allow.get("dhcp_servers", ())),
            dhcp_relays=_addresses(allow.get("dhcp_relays", ())),
            routers=_addresses(allow.get("routers", ())),
            macs=frozenset(mac_of(text) for text in allow.get("macs", ())),
        ),
    )


def chosen(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the options of every detector that is on, by its word: all but those switched off."""
    return {
        word: {name: value for name, value in table.items() if name != "enabled"}
        for word in detectors.words()
        if (table := tables.get(word, {})).get("enabled", True) and find_spec(f"{PACKAGE}.{word}")
    }


def _addresses(texts: Iterable[str]) -> frozenset[Address]:
    # The zone of a link-local address is this machine's own name for the interface.
    return frozenset(ip_address(text.partition("%")[0]).packed for text in texts)
