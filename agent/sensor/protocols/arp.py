"""ARP between Ethernet and IPv4: RFC 826."""

from typing import Final

from agent.sensor.facts import Arp, made
from agent.sensor.frames import Malformed
from agent.sensor.protocols.head import Head

ETHERNET_AND_IPV4: Final = b"\0\x01\x08\0\x06\x04"
LENGTH: Final = 28


def read_arp(head: Head, frame: bytes, start: int) -> Arp | None:
    """Return a question or an answer."""
    body = frame[start : start + LENGTH]
    if len(body) < LENGTH:
        raise IndexError
    if not body.startswith(ETHERNET_AND_IPV4):
        raise Malformed("arp_foreign")
    operation = body[6] << 8 | body[7]
    said = (operation, body[8:14], body[14:18], body[18:24], body[24:28])
    return made(Arp, (*head, *said))
