"""What this machine knows of the network around it: its gateways and its resolvers.

In a list of targets these words stand for what is found, asked anew each time, so that a gateway
that changes is followed while its series keeps its name:

    gateway       the next hop of the default route: of IPv4, of IPv6 where IPv4 has none
    gateway6      that of IPv6
    gateways      `gateway`, and `gateway6` too where it is another one
    resolver-1    the first name server of this machine, and so on; `resolvers` are all of them
    broker        the host in [broker]

Watch it: ip route; ip -6 route; resolvectl dns
"""

import ipaddress
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import TargetUnreachable

ROUTES: Final = "/proc/net/route"
ROUTES6: Final = "/proc/net/ipv6_route"
UPSTREAM: Final = "/run/systemd/resolve/resolv.conf"
RESOLV_CONF: Final = "/etc/resolv.conf"
STUB: Final = frozenset({"127.0.0.53", "127.0.0.54"})
"""systemd-resolved itself, which asks those that stand in its own file."""

MOST_RESOLVERS: Final = 3
"""The system's resolver asks no more of them (MAXNS of resolv.h)."""
MOST_BYTES: Final = 1 << 20
"""The default route stands first in both tables, however long they are."""

# <linux/route.h>, <linux/ipv6_route.h>
RTF_UP, RTF_GATEWAY, RTF_REJECT = 0x1, 0x2, 0x200

RESOLVER: Final = "resolver-"
WORDS: Final = ("gateway", "gateway6", "gateways", "resolvers", "broker")


@dataclass(frozen=True, slots=True)
class Route:
    """A default route: the next hop, with its interface where its address needs one."""

    gateway: str
    interface: str
    metric: int


def default_routes(table: str, byteorder: str = sys.byteorder) -> list[Route]:
    """Return the default routes of IPv4 in /proc/net/route, the one in use first.

    A line that makes no sense is passed over. The kernel writes addresses as numbers, so they
    come in the *byteorder* of the machine.
    """
    return _sorted(_route(line.split(), byteorder) for line in table.splitlines()[1:])


def default_routes6(table: str) -> list[Route]:
    """Return the same of IPv6 in /proc/net/ipv6_route; a link-local hop with its interface."""
    return _sorted(_route6(line.split()) for line in table.splitlines())


def name_servers(resolv_conf: str) -> list[str]:
    """Return the addresses of `nameserver` lines, in their order; see resolv.conf(5)."""
    lines = (line.split() for line in resolv_conf.splitlines())
    named = (words[1] for words in lines if len(words) > 1 and words[0] == "nameserver")
    return list(dict.fromkeys(name for name in named if _is_address(name)))[:MOST_RESOLVERS]


def resolvers(resolv_conf: str, upstream: str) -> list[str]:
    """Return who answers in the end: where systemd-resolved stands in front, those that it asks."""
    servers = name_servers(resolv_conf)
    behind = name_servers(upstream) if any(server in STUB for server in servers) else []
    return behind or servers


def read(path: str) -> str:
    """Return the text of a file of the system; an empty one where there is none."""
    try:
        with Path(path).open("rb") as file:
            return file.read(MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Turns the words of a target list into what they stand for at this moment.

    A host that really has such a name is written with a dot behind it: `gateway.`
    """

    broker: str = ""
    read: Callable[[str], str] = read

    def names(self, targets: Iterable[str]) -> list[str]:
        """Return *targets*, each once, `gateways` and `resolvers` one by one: names for series."""
        return list(dict.fromkeys(name for target in targets for name in self._each(target)))

    def host(self, name: str) -> str:
        """Return the host that *name* stands for, or itself where it is none of the words.

        Raises TargetUnreachable where the word stands for nothing now.
        """
        found, missing = name, ""
        if name == "broker":
            found, missing = self.broker, "only known from the [broker] of agent.toml"
        elif name in ("gateway", "gateway6"):
            found = next((one.gateway for one in self.routes(v6_only=name == "gateway6")), "")
            family = " for IPv6" if name == "gateway6" else ""
            missing = f"this machine has no default route with a gateway{family}"
            if not sys.platform.startswith("linux"):
                missing = "can be found on Linux only; write its address instead of the word"
        elif name.startswith(RESOLVER) and name.removeprefix(RESOLVER).isdecimal():
            servers = self.resolvers()
            place = int(name.removeprefix(RESOLVER)) - 1
            found = servers[place] if 0 <= place < len(servers) else ""
            missing = f"no such name server in {RESOLV_CONF}"
        if not found:
            raise TargetUnreachable(f"{name}: {missing}")
        return found

    def routes(self, *, v6_only: bool = False) -> list[Route]:
        """Return the default routes, those of IPv4 first."""
        first = [] if v6_only else default_routes(self.read(ROUTES))
        return first + default_routes6(self.read(ROUTES6))

    def resolvers(self) -> list[str]:
        """Return the addresses of the name servers, at most three."""
        return resolvers(self.read(RESOLV_CONF), self.read(UPSTREAM))

    def _each(self, target: str) -> list[str]:
        if target == "gateways":
            # The first stays where there is none: then it is out, which is to be seen.
            both = default_routes(self.read(ROUTES)) and default_routes6(self.read(ROUTES6))
            return ["gateway", "gateway6"] if both else ["gateway"]
        if target != "resolvers":
            return [target]
        count = max(1, len(self.resolvers()))  # one that is missing is said by its name
        return [f"{RESOLVER}{number}" for number in range(1, count + 1)]


def _sorted(routes: Iterable[Route | None]) -> list[Route]:
    found: Iterator[Route] = (route for route in routes if route)
    return sorted(found, key=lambda route: route.metric)


def _route(words: list[str], byteorder: str) -> Route | None:
    try:
        interface, to, gateway, flags, _, _, metric, mask, *_ = words
        is_used = _is_used(int(flags, 16)) and not int(to, 16) and not int(mask, 16)
        number = int(gateway, 16)
        octets = number.to_bytes(4, "little" if byteorder == "little" else "big")
        address = str(ipaddress.IPv4Address(octets))
        return Route(address, interface, int(metric)) if is_used and number else None
    except (ValueError, OverflowError):
        return None


def _route6(words: list[str]) -> Route | None:
    try:
        to, length, _, _, gateway, metric, _, _, flags, interface = words
        is_used = _is_used(int(flags, 16)) and not int(to, 16) and not int(length, 16)
        address = ipaddress.IPv6Address(bytes.fromhex(gateway))
        scope = f"%{interface}" if address.is_link_local else ""
        return Route(f"{address}{scope}", interface, int(metric, 16)) if is_used else None
    except ValueError:
        return None


def _is_used(flags: int) -> bool:
    return flags & (RTF_UP | RTF_GATEWAY) == RTF_UP | RTF_GATEWAY and not flags & RTF_REJECT


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
