"""DNS messages as bytes: RFC 1035. Addresses are texts."""

import struct

from tests.packets.frames import over, udp

A, NULL, TXT, AAAA = 1, 10, 16, 28
NXDOMAIN = 3


def labels(name: str) -> bytes:
    parts = [part.encode("latin-1") for part in name.split(".") if part]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def question(name: str, kind: int = A, number: int = 1) -> bytes:
    return (
        struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels(name) + struct.pack("!HH", kind, 1)
    )


def answer(
    name: str, kind: int = A, *, data: tuple[bytes, ...] = (), code: int = 0, number: int = 1
) -> bytes:
    """Each of *data* is one record that points back to the question."""
    head = struct.pack("!6H", number, 0x8180 | code, 1, len(data), 0, 0)
    records = (struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(one)) + one for one in data)
    return head + labels(name) + struct.pack("!HH", kind, 1) + b"".join(records)


def asked(
    name: str,
    kind: int = A,
    *,
    mac: str,
    source: str,
    resolver_mac: str,
    resolver: str,
    port: int = 40_000,
) -> bytes:
    """A question in its frame."""
    return over(mac, resolver_mac, udp(source, port, resolver, 53, question(name, kind)))


def answered(
    name: str,
    kind: int = A,
    *,
    mac: str,
    source: str,
    resolver_mac: str,
    resolver: str,
    port: int = 40_000,
    data: tuple[bytes, ...] = (),
    code: int = 0,
) -> bytes:
    """The answer to `asked` with the same words, in its frame."""
    body = answer(name, kind, data=data, code=code)
    return over(resolver_mac, mac, udp(resolver, 53, source, port, body))
