"""Programs for the kernel's packet filter (classic BPF): what of all frames reaches the sensor.

The one for control traffic is compiled ahead, so that no libpcap is needed: `control.bpf` holds
its expression and its numbers, and a test compares the two by tcpdump.
"""

import ctypes
import socket
import struct
from pathlib import Path
from typing import Final

CONTROL: Final = Path(__file__).with_name("control.bpf")

_SO_ATTACH_FILTER: Final = 26
_INSTRUCTION: Final = struct.Struct("=HBBI")
"""struct sock_filter: code, jump where true, jump where false, constant."""
_COMMENT: Final = "#   "

# <linux/filter.h>
_AD: Final = 0xFFFFF000
_AD_PKTTYPE, _AD_RANDOM = _AD + 4, _AD + 56
_OUTGOING: Final = 4
_LD_W, _LD_B, _JSET, _JEQ, _AND, _RET = 0x20, 0x30, 0x45, 0x15, 0x54, 0x06

HEADER: Final = 14
"""Bytes of a sampled frame that are handed over: none of what it carries."""


def control() -> bytes:
    """Return the program that passes control traffic, its payload cut off."""
    lines = [line for line in CONTROL.read_text("ascii").splitlines() if line[0] != "#"]
    return b"".join(_INSTRUCTION.pack(*map(int, line.split())) for line in lines[1:])


def expression() -> str:
    """Return what `control` was compiled from, in the language of pcap-filter(7)."""
    lines = CONTROL.read_text("ascii").splitlines()
    return " ".join(line[len(_COMMENT) :] for line in lines if line.startswith(_COMMENT))


def sampling(every: int) -> bytes:
    """Return the program that passes one in *every* unicast frames that came in, by chance.

    *every* is a power of two. Of a frame its first `HEADER` bytes are passed.
    """
    program = (
        (_LD_B, 0, 0, 0),  # the first byte of the destination: odd for a group
        (_JSET, 6, 0, 1),
        (_LD_W, 0, 0, _AD_PKTTYPE),
        (_JEQ, 4, 0, _OUTGOING),
        (_LD_W, 0, 0, _AD_RANDOM),
        (_AND, 0, 0, every - 1),
        (_JEQ, 0, 1, 0),
        (_RET, 0, 0, HEADER),
        (_RET, 0, 0, 0),
    )
    return b"".join(_INSTRUCTION.pack(*one) for one in program)


def attach(sock: socket.socket, program: bytes) -> None:
    """Have *sock* get only what *program* passes, instead of what an earlier one passed."""
    room = ctypes.create_string_buffer(program)
    count = len(program) // _INSTRUCTION.size
    sock.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", count, ctypes.addressof(room))
    )
