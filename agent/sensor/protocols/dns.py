"""DNS over UDP: the first question of a message, RFC 1035. The name never leaves the detectors."""

import struct
from typing import Final

from agent.sensor.facts import Dns, made
from agent.sensor.frames import Malformed
from agent.sensor.protocols.head import Ends

_COUNTS, _KIND = struct.Struct("!HHH"), struct.Struct("!H")
PORT: Final = 53
NAME_MAX: Final = 255
"""Bytes, RFC 1035 §2.3.4."""
JUMPS_MAX: Final = 8


def read_dns(ends: Ends, frame: bytes, start: int, end: int) -> Dns | None:
    """Return a question or its answer; None for a message without a question."""
    body = frame[start:end]
    flags, questions, answers = _COUNTS.unpack_from(body, 2)
    if not questions:
        return None
    name, behind = read_name(body, 12)
    (kind,) = _KIND.unpack_from(body, behind)
    said = (bool(flags & 0x8000), name, kind, flags & 15, end - start, answers)
    return made(Dns, (*ends, *said))


def read_name(body: bytes, place: int) -> tuple[str, int]:
    """Return the name at *place*, lower case, and where its end is; raises Malformed."""
    labels: list[bytes] = []
    size, jumps, behind = 0, 0, 0
    while length := body[place]:
        if length & 0xC0 == 0xC0:
            behind = behind or place + 2
            to = (length & 0x3F) << 8 | body[place + 1]
            jumps += 1
            if to >= place or jumps > JUMPS_MAX:
                # Pointers lead back (§4.1.4); one that does not can lead round for ever.
                raise Malformed("dns_pointer")
            place = to
            continue
        if length & 0xC0:
            raise Malformed("dns_label")
        size += length + 1
        if size > NAME_MAX:
            raise Malformed("dns_name")
        label = body[place + 1 : place + 1 + length]
        if len(label) < length:
            raise IndexError
        labels.append(label)
        place += 1 + length
    return b".".join(labels).decode("latin-1").lower(), behind or place + 1
