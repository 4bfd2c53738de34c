"""SNMP 1 and 2c as bytes: RFC 1157, RFC 1901, in the basic encoding of X.690."""

V1, V2C, V3 = 0, 1, 3
GET, GET_NEXT, RESPONSE = 0xA0, 0xA1, 0xA2
SYS_UP_TIME = bytes.fromhex("2b06010201010300")


def element(tag: int, content: bytes) -> bytes:
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(size)]) + size + content


def message(community: str, version: int = V2C, kind: int = GET) -> bytes:
    binding = element(0x30, element(0x06, SYS_UP_TIME) + element(0x05, b""))
    pdu = (
        element(0x02, b"\1") + element(0x02, b"\0") + element(0x02, b"\0") + element(0x30, binding)
    )
    head = element(0x02, bytes([version])) + element(0x04, community.encode())
    return element(0x30, head + element(kind, pdu))
