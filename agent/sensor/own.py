"""What this machine does itself that looks like an attack: it asks its devices, and it discovers.

The agent asks every device of the school, those that are off too, and `schoolwatch agent discover`
asks each address of a network. Neither is left out altogether, since the agent's machine may be
infected as any other: see docs/detectors.md.
"""

import struct
from collections.abc import Container
from contextlib import suppress
from typing import Final

from agent.sensor.facts import Address, Mac
from agent.sensor.ports import DEVICE_PORTS, TELNET_PORTS, WORM_PORTS

DISCOVERED: Final = frozenset((161, 4352, 80, 443, 554))
"""Ports that `agent discover` asks: SNMP, PJLink, pages and video."""
ASKED: Final = frozenset((*DEVICE_PORTS, *TELNET_PORTS))
"""Ports where drivers log in, as often as they ask, and say little each time."""
LINGERS_S: Final = 15.0
"""After the last word of `discover`: what it asked is unanswered only then."""

_SIOCGIFHWADDR: Final = 0x8927


class Own:
    """Knows the hardware addresses of this machine, and until when it discovers."""

    def __init__(self) -> None:
        self.macs: frozenset[Mac] = frozenset()
        self.until = 0.0
        """Time up to which `agent discover` runs, as far as it has said."""

    def sweeps(self, mac: Mac, address: Address, devices: Container[Address], at: float) -> bool:
        """Return whether that *mac* looks for *address* is the agent's own work."""
        return mac in self.macs and (address in devices or at < self.until)

    def tries(
        self, mac: Mac, address: Address, port: int, devices: Container[Address], at: float
    ) -> bool:
        """Return whether that *mac* tries *port* of *address* is.

        Of many ports of one machine it says nothing, nor of those that worms use: the agent's
        machine may do that only if somebody else has it.
        """
        if mac not in self.macs or port in WORM_PORTS:
            return False
        return address in devices or (port in DISCOVERED and at < self.until)

    def asks(self, mac: Mac, address: Address, port: int, devices: Container[Address]) -> bool:
        """Return whether a login of *mac* at *address* now and then is a driver's."""
        return mac in self.macs and address in devices and port in ASKED


def macs_of(sock: int, names: tuple[str, ...]) -> frozenset[Mac]:
    """Return the hardware addresses that the interfaces *names* have now; asked of *sock*."""
    import fcntl  # noqa: PLC0415 — the module can be imported where there is none

    found = set[Mac]()
    for name in names:
        with suppress(OSError):  # it is gone
            asked = struct.pack("16s24x", name.encode())
            found.add(fcntl.ioctl(sock, _SIOCGIFHWADDR, asked)[18:24])
    return frozenset(found - {bytes(6)})
