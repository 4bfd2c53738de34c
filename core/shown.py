"""What of a security event people outside its school may see: role and subnet, no address, no MAC.

Pure, and the one place that decides it (R-39, domain.md §11). The audit log keeps an event as it
came; the message to the school's own people may carry `named`; everything else that leaves the
collector is made of `shown`: pages, API, charts, series, logs, messages to the district.
"""

import re
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_network
from typing import Any, Final

from core.kinds import kind_of
from core.securitykinds import ATTACKS, SECURITY_KINDS

PARTIES: Final = ("source", "target")
V4_BITS: Final = 24
V6_BITS: Final = 64
LONGEST: Final = 200
"""Characters of a text in the details."""
DEEPEST: Final = 4
NO_MAC: Final = "[MAC]"

_WORDS: Final = frozenset(kind.word for kind in SECURITY_KINDS)
_ROLE: Final = re.compile(r"[a-z][a-z_]{0,19}")
_MAC: Final = re.compile(
    r"(?i)(?<![0-9a-f])(?:[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|[0-9a-f]{4}(?:[.-][0-9a-f]{4}){2}"
    r"|[0-9a-f]{12})(?![0-9a-f])"
)
_V4: Final = re.compile(r"(?<![0-9.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![0-9])")
_V6: Final = re.compile(
    r"(?i)(?<![0-9a-f:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}[0-9a-f.]*(?:/\d+)?"
)


def is_security(kind: str) -> bool:
    """Return whether events of *kind* may hold what names somebody's machine."""
    return kind in _WORDS or is_attack(kind)


def is_attack(kind: str) -> bool:
    """Return whether events of *kind* name the machine that attacks, to those who may know it."""
    return kind_of(kind).code.startswith(ATTACKS)


def shown(kind: str, details: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what of *details* of an event of *kind* may be seen by anybody."""
    if not is_security(kind):
        return details
    return {name: _shown(name, value) for name, value in details.items()}


def shown_name(kind: str, name: str) -> str:
    """Return a target or subject of an event of *kind* as it may be seen by anybody."""
    return scrubbed(name) if kind in _WORDS else name


def named(kind: str, details: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the school's own people may see besides: of an attack the machines, else {}."""
    if not is_attack(kind):
        return {}
    may_name = (*PARTIES, "was", "is")
    return {name: details[name] for name in may_name if name in details}


def subnet_of(address: str) -> str:
    """Return the network of *address*, as `192.0.2.0/24`; empty where it is none."""
    text = re.split("[%/]", address, maxsplit=1)[0]
    for kind, bits in ((IPv4Address, V4_BITS), (IPv6Address, V6_BITS)):
        try:
            return str(ip_network((kind(text), bits), strict=False))
        except AddressValueError:
            continue
    return ""


def scrubbed(text: str) -> str:
    """Return *text* with networks in place of addresses, and without MACs."""
    text = _MAC.sub(NO_MAC, text)
    for pattern in (_V4, _V6):
        text = pattern.sub(_network, text)
    return text


def _network(found: re.Match[str]) -> str:
    text = found.group()
    network = subnet_of(text)
    # What looks like an address and is none (a time, a version) names nobody.
    return network or text


def _shown(name: str, value: Any, depth: int = DEEPEST) -> Any:
    if name in PARTIES and isinstance(value, Mapping):
        return _party(value)
    if "mac" in name.lower().split("_"):
        return NO_MAC
    if isinstance(value, Mapping):
        inner = value.items() if depth else ()
        return {scrubbed(str(key)): _shown(str(key), one, depth - 1) for key, one in inner}
    if isinstance(value, list | tuple):
        return [_shown("", one, depth - 1) for one in value] if depth else []
    return scrubbed(value[:LONGEST]) if isinstance(value, str) else value


def _party(party: Mapping[str, Any]) -> dict[str, Any]:
    """Return who it is without saying who: its role, its network, its port."""
    role, port, address = (party.get(name) for name in ("role", "port", "address"))
    said: dict[str, Any] = {}
    if isinstance(role, str) and _ROLE.fullmatch(role):
        said["role"] = role
    subnet = subnet_of(address) if isinstance(address, str) else ""
    if subnet:
        said["subnet"] = subnet
    if isinstance(port, int) and not isinstance(port, bool) and 0 < port < 65_536:
        said["port"] = port
    return said
