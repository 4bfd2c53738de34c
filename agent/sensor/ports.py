"""Ports that attackers look for, by what listens there."""

from typing import Final

WORM_PORTS: Final = (
    *(135, 139, 445),  # Windows RPC and file sharing: Conficker, WannaCry
    *(3389, 5900),  # remote desktops: RDP, VNC
    *(22, 23, 2222, 2323),  # ssh and telnet: Mirai and its heirs
    *(1433, 3306, 6379, 27017, 9200),  # SQL Server, MySQL, Redis, MongoDB, Elasticsearch
    *(5555, 7547, 37215, 52869),  # Android debugging, TR-069 and UPnP of home routers
    *(2375, 8291),  # Docker, MikroTik
)
"""Where worms spread: what tries many machines on one of these is told as a worm, not as a scan."""

WEB_PORTS: Final = (80, 443, 8080, 8443)
LOGIN_PORTS: Final = (21, 22, 23, 2222, 2323, 3389, 5900)
DEVICE_PORTS: Final = (*WEB_PORTS, 4352, 8291)
"""Where the school's own devices are managed: pages, PJLink, MikroTik."""

SSH_PORTS: Final = (22, 2222)
TELNET_PORTS: Final = (23, 2323)

SYSTEM_MAX: Final = 1023
"""Ports that programs do not draw by chance (RFC 6335 §6)."""
RESERVED_MIN: Final = 512
"""From here on clients draw system ports too, which have to be root's: NFS, rsh (rresvport(3))."""
EPHEMERAL_MIN: Final = 32_768
"""From here on systems draw the ports of their own questions; traceroute begins at 33434."""
