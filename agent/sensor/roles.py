"""What a machine is in its network: shown on pages where no address may stand (R-39)."""

from typing import Final

GATEWAY: Final = "gateway"
RESOLVER: Final = "resolver"
DHCP_SERVER: Final = "dhcp_server"
DEVICE: Final = "device"
"""One that the agent's configuration lists."""
INSIDE: Final = "inside"
"""Any other machine of the school's network."""
OUTSIDE: Final = "outside"

ROLES: Final = (GATEWAY, RESOLVER, DHCP_SERVER, DEVICE, INSIDE, OUTSIDE)
