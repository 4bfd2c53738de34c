"""DHCP for IPv4 (RFC 2131, 2132) and IPv6 (RFC 8415) as bytes. Addresses are texts."""

import struct
from collections.abc import Iterable
from ipaddress import ip_address

from tests.packets.frames import BROADCAST, mac_bytes, over, udp

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
NOWHERE, EVERYWHERE = "0.0.0.0", "255.255.255.255"
SUBNET_MASK, ROUTERS, RESOLVERS, LEASE, MESSAGE, SERVER = 1, 3, 6, 51, 53, 54
END = b"\xff"


def option(code: int, value: bytes) -> bytes:
    return bytes([code, len(value)]) + value


def addresses(texts: Iterable[str]) -> bytes:
    return b"".join(ip_address(text).packed for text in texts)


def bootp(
    client: str,
    options: bytes,
    *,
    answer: bool = False,
    transaction: int = 1,
    yours: str = NOWHERE,
    relay: str = NOWHERE,
    ours: str = NOWHERE,
    server_name: bytes = b"",
    file: bytes = b"",
) -> bytes:
    """A message with *options* as bytes behind the cookie. *ours* is `ciaddr`."""
    head = struct.pack("!BBBBIHH", 2 if answer else 1, 1, 6, 0, transaction, 0, 0)
    head += addresses((ours, yours, NOWHERE, relay))
    head += mac_bytes(client).ljust(16, b"\0") + server_name.ljust(64, b"\0")
    return head + file.ljust(128, b"\0") + b"\x63\x82\x53\x63" + options


def asks(
    client: str,
    message: int = DISCOVER,
    *,
    src: str = "",
    transaction: int = 1,
    ours: str = NOWHERE,
    server: str = "",
) -> bytes:
    """What a client sends to everybody, in its frame; *src* where it is not *client*."""
    options = option(MESSAGE, bytes([message]))
    options += option(SERVER, addresses((server,))) if server else b""
    body = bootp(client, options + END, transaction=transaction, ours=ours)
    return over(src or client, BROADCAST, udp(ours, 68, EVERYWHERE, 67, body))


def renews(client: str, ours: str, server_mac: str, server: str, *, transaction: int = 1) -> bytes:
    """A client asks its server, and only that, to let it keep *ours* (RFC 2131 §4.3.2)."""
    options = option(MESSAGE, bytes([REQUEST])) + END
    body = bootp(client, options, transaction=transaction, ours=ours)
    return over(client, server_mac, udp(ours, 68, server, 67, body))


def answers(
    server_mac: str,
    server: str,
    client: str,
    message: int = OFFER,
    *,
    yours: str = NOWHERE,
    routers: Iterable[str] = (),
    resolvers: Iterable[str] = (),
    relay: str = NOWHERE,
    transaction: int = 1,
    identifier: str = "",
    dst: str = "",
    vlans: tuple[int, ...] = (),
) -> bytes:
    """What a server sends, in its frame; *identifier* is option 54 where it is not *server*."""
    options = option(MESSAGE, bytes([message])) + option(SERVER, addresses((identifier or server,)))
    options += option(SUBNET_MASK, b"\xff\xff\xff\0") + option(LEASE, struct.pack("!I", 3600))
    if found := addresses(routers):
        options += option(ROUTERS, found)
    if found := addresses(resolvers):
        options += option(RESOLVERS, found)
    body = bootp(
        client, options + END, answer=True, transaction=transaction, yours=yours, relay=relay
    )
    packet = udp(server, 67, EVERYWHERE, 68, body)
    return over(server_mac, dst or BROADCAST, packet, vlans)


SOLICIT_6, ADVERTISE_6, REQUEST_6, REPLY_6, RELAY_FORWARD_6, RELAY_REPLY_6 = 1, 2, 3, 7, 12, 13
CLIENT_ID_6, SERVER_ID_6, RELAY_MESSAGE_6, RESOLVERS_6 = 1, 2, 9, 23


def option_6(code: int, value: bytes) -> bytes:
    return struct.pack("!HH", code, len(value)) + value


def duid(mac: str) -> bytes:
    """DUID-LL of Ethernet, RFC 8415 §11.4."""
    return struct.pack("!HH", 3, 1) + mac_bytes(mac)


def message_6(message: int, options: bytes, transaction: int = 1) -> bytes:
    return bytes([message]) + transaction.to_bytes(3) + options


def relayed_6(message: int, inner: bytes, link: str = "::", peer: str = "fe80::1") -> bytes:
    """A relay agent's wrapping, RFC 8415 §9."""
    head = bytes([message, 0]) + addresses((link, peer))
    return head + option_6(RELAY_MESSAGE_6, inner)


def answers_6(
    server_mac: str,
    source: str,
    client: str,
    message: int = ADVERTISE_6,
    *,
    resolvers: Iterable[str] = (),
    target: str = "fe80::ff",
    dst: str = "33:33:00:01:00:02",
) -> bytes:
    options = option_6(SERVER_ID_6, duid(server_mac)) + option_6(CLIENT_ID_6, duid(client))
    if found := addresses(resolvers):
        options += option_6(RESOLVERS_6, found)
    return over(server_mac, dst, udp(source, 547, target, 546, message_6(message, options)))


def asks_6(client: str, source: str, message: int = SOLICIT_6) -> bytes:
    body = message_6(message, option_6(CLIENT_ID_6, duid(client)))
    return over(client, "33:33:00:01:00:02", udp(source, 546, "ff02::1:2", 547, body))
