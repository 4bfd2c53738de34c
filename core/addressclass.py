"""What kind of address one is: what may be said of it where the address itself may not leave.

public      reachable from everywhere
private     RFC 1918, RFC 4193, and the old RFC 3879: a network behind a router
cgnat       RFC 6598: the provider's, shared by many customers
link_local  RFC 3927, RFC 4291: of one cable
reserved    anything else: loopback, documentation, multicast
"""

import ipaddress
from typing import Final, Literal

AddressClass = Literal["public", "private", "cgnat", "link_local", "reserved"]

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

CGNAT: Final = ipaddress.ip_network("100.64.0.0/10")
PRIVATE: Final = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
    )
)
GLOBAL: Final = tuple(map(ipaddress.ip_network, ("0.0.0.0/0", "2000::/3", "64:ff9b::/96")))
"""Of IPv6 only what was given to somebody (RFC 4291 2.4), and IPv4 through a NAT64 (RFC 6052).
Python calls all the rest global too."""


def class_of(address: Ip) -> AddressClass:
    """Return the class of *address*; an IPv4 address inside an IPv6 one counts as itself."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address in CGNAT:
        return "cgnat"
    if any(address in network for network in PRIVATE):
        return "private"
    if address.is_link_local:
        return "link_local"
    given = any(address in network for network in GLOBAL)
    return "public" if given and address.is_global and not address.is_multicast else "reserved"


def is_loopback(host: str) -> bool:
    """Return whether *host*, a name or an address, is this machine and cannot be another."""
    if host.casefold() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
