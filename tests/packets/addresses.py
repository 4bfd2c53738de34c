"""Addresses between text and the bytes of a frame."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network


def written(packed: bytes) -> str:
    """Return an address of either family as text, "" for none."""
    return str(ip_address(packed)) if packed else ""


def packed(text: str) -> bytes:
    return ip_address(text).packed


def network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text)
