"""Wake-on-LAN: the packet that switches a computer on, and the network that it has to go into.

The packet has no answer: whether the computer starts shows the next look at it. It goes out only
for a device whose own configuration has `wake_mac`; no message from elsewhere sends one.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import Any, Final

import psutil

from agent.devices.device import Device
from core.errors import ConfigError
from core.names import Names
from core.secrets import secret

PORT: Final = 9
"""Discard, by custom; nothing listens there, the network card reads along."""
TIMES: Final = 3
BETWEEN_S: Final = 0.1
"""Nobody acknowledges such a packet, and a card that sleeps misses some."""
NAME_WITHIN_S: Final = 3.0

Networks = Iterable[IPv4Interface]


@dataclass(frozen=True, slots=True)
class Waking:
    """What is sent where."""

    packet: bytes
    address: str
    port: int


def packet_for(mac: str, secureon: bytes = b"") -> bytes:
    """Return the magic packet: six times FF, sixteen times the address, the SecureOn password."""
    return b"\xff" * 6 + 16 * _bytes_of(mac) + secureon


def waking(device: Device, host: str, networks: Networks) -> Waking:
    """Return what wakes *device*, which has the address *host*; *networks* are this machine's.

    Raises ConfigError with what the file lacks.
    """
    config = device.config
    if not config.wake_mac:
        raise ConfigError(f"{config.id} may not be woken: its configuration has no wake_mac")
    packet = packet_for(config.wake_mac, _secureon(device))
    address, _, port = config.wake_broadcast.partition(":")
    return Waking(packet, address or _broadcast(device, host, networks), int(port or PORT))


async def wake(device: Device) -> Waking:
    """Send the packet into the network of *device*; return what was sent.

    Raises ConfigError, TargetUnreachable where its name has no address, OSError.
    """
    host = ""
    if device.host and device.config.wake_mac and not device.config.wake_broadcast:
        _, address = await Names().resolve(device.host, NAME_WITHIN_S, socket.AF_INET)
        host = str(address[0])
    sent = waking(device, host, own_networks())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for number in range(TIMES):
            await asyncio.sleep(BETWEEN_S if number else 0)
            sock.sendto(sent.packet, (sent.address, sent.port))
    return sent


def own_networks(addresses: Callable[[], Any] = psutil.net_if_addrs) -> Iterator[IPv4Interface]:
    """Yield the addresses of this machine with their networks."""
    for found in addresses().values():
        for one in found:
            if one.family == socket.AF_INET and one.netmask:
                yield IPv4Interface(f"{one.address}/{one.netmask}")


def _broadcast(device: Device, host: str, networks: Networks) -> str:
    if not host:
        raise ConfigError(f"{device.id} has no host to tell its network by: set wake_broadcast")
    for one in networks:
        if IPv4Address(host) in one.network and one.network.prefixlen < 31:
            return str(one.network.broadcast_address)
    raise ConfigError(
        f"{device.id} ({host}) is in no network of this machine: set wake_broadcast to the "
        "broadcast address of its own, where the router between lets that through"
    )


def _secureon(device: Device) -> bytes:
    file = device.config.wake_secureon_file
    if file is None:
        return b""
    text = secret(file, "").strip()
    try:
        return _bytes_of(text)
    except ValueError:
        raise ConfigError(f"{file} holds no six bytes as 02:00:5e:00:53:01") from None


def _bytes_of(text: str) -> bytes:
    found = bytes.fromhex(text.replace(":", "").replace("-", ""))
    if len(found) != 6:
        raise ValueError("not six bytes")
    return found
