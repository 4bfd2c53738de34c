"""Ethernet, VLAN tags, ARP, IPv4, IPv6, UDP, TCP and ICMP as bytes. Addresses are texts."""

import struct
from ipaddress import ip_address

BROADCAST = "ff:ff:ff:ff:ff:ff"


def mac_bytes(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def ethernet(
    src: str, dst: str, ethertype: int, payload: bytes, vlans: tuple[int, ...] = ()
) -> bytes:
    """IEEE 802.3 frame; *vlans* from the outside in (802.1ad where there are two)."""
    tags = b""
    for place, vlan in enumerate(vlans):
        outer = place == 0 and len(vlans) > 1
        tags += struct.pack("!HH", 0x88A8 if outer else 0x8100, vlan)
    frame = mac_bytes(dst) + mac_bytes(src) + tags + struct.pack("!H", ethertype) + payload
    return frame.ljust(60, b"\0")


def arp(
    operation: int,
    sender_mac: str,
    sender: str,
    target_mac: str,
    target: str,
    *,
    src: str = "",
    dst: str = "",
    vlans: tuple[int, ...] = (),
) -> bytes:
    """RFC 826: 1 asks, 2 answers. Asked of everybody and answered to the asker by default."""
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation)
    body += mac_bytes(sender_mac) + ip_address(sender).packed
    body += mac_bytes(target_mac) + ip_address(target).packed
    to = dst or (BROADCAST if operation == 1 else target_mac)
    return ethernet(src or sender_mac, to, 0x0806, body, vlans)


def checksum(data: bytes) -> int:
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip(source: str, target: str, protocol: int, payload: bytes, hops: int = 64) -> bytes:
    """RFC 791 or RFC 8200, by the addresses."""
    one, other = ip_address(source), ip_address(target)
    if one.version == 6:
        head = struct.pack("!IHBB", 6 << 28, len(payload), protocol, hops)
        return head + one.packed + other.packed + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, hops, protocol, 0)
    head += one.packed + other.packed
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def _pseudo(source: str, target: str, protocol: int, length: int) -> bytes:
    one, other = ip_address(source).packed, ip_address(target).packed
    if len(one) == 16:
        return one + other + struct.pack("!II", length, protocol)
    return one + other + struct.pack("!BBH", 0, protocol, length)


def udp(source: str, source_port: int, target: str, target_port: int, payload: bytes) -> bytes:
    """RFC 768, in its IP packet."""
    length = 8 + len(payload)
    head = struct.pack("!HHH", source_port, target_port, length)
    summed = checksum(_pseudo(source, target, 17, length) + head + b"\0\0" + payload) or 0xFFFF
    return ip(source, target, 17, head + struct.pack("!H", summed) + payload)


FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def tcp(
    source: str,
    source_port: int,
    target: str,
    target_port: int,
    flags: int,
    *,
    payload: bytes = b"",
    sequence: int = 0,
    acknowledged: int = 0,
) -> bytes:
    """RFC 9293, in its IP packet."""
    head = struct.pack(
        "!HHIIBBH", source_port, target_port, sequence, acknowledged, 0x50, flags, 64240
    )
    length = 20 + len(payload)
    summed = checksum(_pseudo(source, target, 6, length) + head + bytes(4) + payload)
    return ip(source, target, 6, head + struct.pack("!HH", summed, 0) + payload)


def icmp(source: str, target: str, kind: int, code: int, rest: bytes) -> bytes:
    """RFC 792 or RFC 4443 in its IP packet; *rest* follows the checksum."""
    six = ip_address(source).version == 6
    body = struct.pack("!BBH", kind, code, 0) + rest
    pseudo = _pseudo(source, target, 58, len(body)) if six else b""
    body = body[:2] + struct.pack("!H", checksum(pseudo + body)) + body[4:]
    return ip(source, target, 58 if six else 1, body, hops=255 if six else 64)


def over(src: str, dst: str, packet: bytes, vlans: tuple[int, ...] = ()) -> bytes:
    """An IP packet in its Ethernet frame."""
    return ethernet(src, dst, 0x86DD if packet[0] >> 4 == 6 else 0x0800, packet, vlans)


def pppoe(src: str, dst: str, packet: bytes, vlans: tuple[int, ...] = ()) -> bytes:
    """An IP packet in a session of RFC 2516."""
    protocol = 0x0057 if packet[0] >> 4 == 6 else 0x0021
    head = struct.pack("!BBHHH", 0x11, 0, 7, 2 + len(packet), protocol)
    return ethernet(src, dst, 0x8864, head + packet, vlans)
